#include "decision_object.h"

#include <algorithm>

#include "clock.h"
#include "spillway/limiter/rate_limit_fields.h"

namespace spillway::python {
namespace {

struct DecisionObject {
  PyObject ob_base;
  PyObject* core;
  DecidingLimiter* limiter;
  LimiterDecision decision;
  Nanos now;
  int64_t n;

  // Worked out for whoever asks: it takes longer than the decision.
  LimitStatus status() const { return limiter->Describe(decision, now, n, 0); }
};

struct ReservationObject {
  PyObject ob_base;
  PyObject* core;
  ReservingLimiter* limiter;
  LimiterReservation reservation;
  Nanos now;
  bool cancelled;
};

DecisionObject* AsDecision(PyObject* object) { return reinterpret_cast<DecisionObject*>(object); }
ReservationObject* AsReservation(PyObject* object) {
  return reinterpret_cast<ReservationObject*>(object);
}

// ---- Decision

int DecisionTruth(PyObject* object) { return AsDecision(object)->decision.reason == 0 ? 1 : 0; }

PyObject* GetReason(PyObject* object, void*) {
  const DecisionObject* self = AsDecision(object);
  return Py_NewRef(ReasonOf(self->limiter->reasons.ptr(), self->decision.reason));
}

PyObject* GetRefusedBy(PyObject* object, void*) {
  const DecisionObject* self = AsDecision(object);
  PyObject* policy = self->limiter->RefusedBy(self->decision);
  return Py_NewRef(policy == nullptr ? Py_None : policy);
}

PyObject* GetRemaining(PyObject* object, void*) {
  return PyLong_FromLongLong(AsDecision(object)->status().remaining);
}

PyObject* GetLimit(PyObject* object, void*) {
  return PyLong_FromLongLong(AsDecision(object)->status().limit);
}

PyObject* GetRetryAfter(PyObject* object, void*) {
  return RoundedUpSeconds(AsDecision(object)->status().retry_after);
}

PyObject* GetRetryAfterNs(PyObject* object, void*) {
  return NanosOrNone(AsDecision(object)->status().retry_after);
}

PyObject* GetResetAfter(PyObject* object, void*) {
  return RoundedUpSeconds(AsDecision(object)->status().reset_after);
}

PyObject* GetResetAfterNs(PyObject* object, void*) {
  return NanosOrNone(AsDecision(object)->status().reset_after);
}

PyObject* GetNextAfter(PyObject* object, void*) {
  return RoundedUpSeconds(AsDecision(object)->status().next_after);
}

PyObject* GetNextAfterNs(PyObject* object, void*) {
  return NanosOrNone(AsDecision(object)->status().next_after);
}

PyObject* HeaderFields(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  if (count != 2) {
    PyErr_SetString(PyExc_TypeError, "_header_fields() takes a name and a window");
    return nullptr;
  }
  const Nanos window = PyLong_AsLongLong(args[1]);
  if (window == -1 && PyErr_Occurred() != nullptr) return nullptr;
  Py_ssize_t length = 0;
  const char* name = PyUnicode_AsUTF8AndSize(args[0], &length);
  if (name == nullptr) PyErr_Clear();  // said below
  const DecisionObject* self = AsDecision(object);
  RateLimitFields fields;
  if (!Render({name, static_cast<size_t>(length)}, self->decision.reason == 0, self->status(),
              window, &fields)) {
    PyErr_Format(PyExc_ValueError, "name is %R; it must be 1 to %zu characters of printable ASCII",
                 args[0], RateLimitFields::kMostName);
    return nullptr;
  }
  return Py_BuildValue("(sss)", fields.policy, fields.limit, fields.retry_after);
}

PyObject* ReprDecision(PyObject* object) {
  const DecisionObject* self = AsDecision(object);
  const LimitStatus status = self->status();
  const auto remaining = static_cast<long long>(status.remaining);
  const auto limit = static_cast<long long>(status.limit);
  if (self->decision.reason == 0)
    return PyUnicode_FromFormat("<Decision: admitted, %lld of %lld left>", remaining, limit);
  PyObject* reason = ReasonOf(self->limiter->reasons.ptr(), self->decision.reason);
  if (status.retry_after == kForever)
    return PyUnicode_FromFormat("<Decision: %S, %lld of %lld left>", reason, remaining, limit);
  return PyUnicode_FromFormat("<Decision: %S, %lld of %lld left, retry after %lld ns>", reason,
                              remaining, limit, static_cast<long long>(status.retry_after));
}

void DeallocDecision(PyObject* object) {
  Py_DECREF(AsDecision(object)->core);
  FreeObject(object);
}

PyMethodDef kDecisionMethods[] = {
    {"_header_fields", AsCFunction(HeaderFields), METH_FASTCALL,
     "_header_fields(self, name: str, window_ns: int, /) -> tuple[str, str, str]\n\n"
     "RateLimit-Policy, RateLimit and Retry-After; empty: not to be sent."},
    {}};

PyGetSetDef kDecisionProperties[] = {
    {"reason", GetReason, nullptr,
     "(self) -> enum.StrEnum | None\n\nWhy it was refused; None: it was admitted.", nullptr},
    {"refused_by", GetRefusedBy, nullptr,
     "(self) -> spillway._limiter.Limiter | None\n\n"
     "The member of a MultiLimiter that refused; None: it was admitted, or the limiter has no\n"
     "members.",
     nullptr},
    {"remaining", GetRemaining, nullptr,
     "(self) -> int\n\nHow many could be taken after it; 0 when any are owed.", nullptr},
    {"limit", GetLimit, nullptr, "(self) -> int\n\nThe most that can be taken at once.", nullptr},
    {"retry_after", GetRetryAfter, nullptr,
     "(self) -> float\n\n"
     "When refused: in how many seconds the same call is admitted, if nobody comes before. "
     "Rounded\n"
     "up; infinite: never.",
     nullptr},
    {"retry_after_ns", GetRetryAfterNs, nullptr,
     "(self) -> int | None\n\nThe same in nanoseconds, exact; None: never.", nullptr},
    {"reset_after", GetResetAfter, nullptr,
     "(self) -> float\n\n"
     "In how many seconds `remaining` is `limit` again, if nobody takes any. Rounded up.",
     nullptr},
    {"reset_after_ns", GetResetAfterNs, nullptr,
     "(self) -> int | None\n\nThe same in nanoseconds, exact; None: in more than 292 years.",
     nullptr},
    {"next_after", GetNextAfter, nullptr,
     "(self) -> float\n\n"
     "In how many seconds `remaining` grows, if nobody takes any; 0 when it is `limit`. Rounded\n"
     "up.",
     nullptr},
    {"next_after_ns", GetNextAfterNs, nullptr,
     "(self) -> int | None\n\nThe same in nanoseconds, exact; None: in more than 292 years.",
     nullptr},
    {}};

constexpr char kDecisionDoc[] =
    "What a limiter decided on a call: true when it was admitted.\n\n"
    "Its numbers are those of the moment of the call, and are worked out when they are read. "
    "After\n"
    "a change of the limiter's options they are those of now.";

PyType_Slot kDecisionSlots[] = {{Py_tp_doc, const_cast<char*>(kDecisionDoc)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(DeallocDecision)},
                                {Py_tp_repr, reinterpret_cast<void*>(ReprDecision)},
                                {Py_nb_bool, reinterpret_cast<void*>(DecisionTruth)},
                                {Py_tp_methods, kDecisionMethods},
                                {Py_tp_getset, kDecisionProperties},
                                {0, nullptr}};

PyType_Spec kDecisionSpec = {
    "spillway._core.Decision", sizeof(DecisionObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    kDecisionSlots};

// ---- Reservation

PyObject* Cancel(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  static constexpr const char* kNames[] = {"now_ns"};
  PyObject* value = nullptr;
  Nanos now = kReadClock;
  if (!ParseArguments("cancel", kNames, 0, args, count, keywords, &value) || !ReadNow(value, &now))
    return nullptr;
  ReservationObject* self = AsReservation(object);
  if (self->cancelled) Py_RETURN_FALSE;
  self->cancelled = true;
  self->limiter->Cancel(self->reservation, now == kReadClock ? PreciseNow() : now);
  Py_RETURN_TRUE;
}

Nanos DelayOf(const ReservationObject* self) { return self->reservation.act_at - self->now; }

PyObject* GetDelay(PyObject* object, void*) {
  return RoundedUpSeconds(DelayOf(AsReservation(object)));
}

PyObject* GetDelayNs(PyObject* object, void*) {
  return PyLong_FromLongLong(DelayOf(AsReservation(object)));
}

PyObject* GetActAtNs(PyObject* object, void*) {
  return PyLong_FromLongLong(AsReservation(object)->reservation.act_at);
}

PyObject* GetLeft(PyObject* object, void*) {
  PyObject* seconds = SecondsUntil(AsReservation(object)->reservation.act_at);
  return seconds == nullptr && PyErr_Occurred() == nullptr ? PyFloat_FromDouble(0) : seconds;
}

PyObject* ReprReservation(PyObject* object) {
  const ReservationObject* self = AsReservation(object);
  return PyUnicode_FromFormat(
      "<Reservation of %lld in %lld ns%s>", static_cast<long long>(self->reservation.n),
      static_cast<long long>(DelayOf(self)), self->cancelled ? ", cancelled" : "");
}

void DeallocReservation(PyObject* object) {
  Py_DECREF(AsReservation(object)->core);
  FreeObject(object);
}

PyMethodDef kReservationMethods[] = {
    {"cancel", AsCFunction(Cancel), METH_FASTCALL | METH_KEYWORDS,
     "cancel(self, now_ns: int | None = None) -> bool\n\n"
     "Gives back what will not be used: all before act_at_ns, later what has not flowed in by\n"
     "itself meanwhile. False: it was cancelled before, which changes nothing."},
    {}};

PyGetSetDef kReservationProperties[] = {
    {"delay", GetDelay, nullptr,
     "(self) -> float\n\nHow many seconds after the call it may be used. Rounded up.", nullptr},
    {"delay_ns", GetDelayNs, nullptr, "(self) -> int\n\nThe same in nanoseconds, exact.", nullptr},
    {"act_at_ns", GetActAtNs, nullptr,
     "(self) -> int\n\nWhen it may be used, on the clock that the call was made with.", nullptr},
    {"_left", GetLeft, nullptr, "(self) -> float\n\nFor how many seconds to sleep from now on.",
     nullptr},
    {}};

constexpr char kReservationDoc[] =
    "What was taken to be used later. Whoever reserves first waits less.";

PyType_Slot kReservationSlots[] = {{Py_tp_doc, const_cast<char*>(kReservationDoc)},
                                   {Py_tp_dealloc, reinterpret_cast<void*>(DeallocReservation)},
                                   {Py_tp_repr, reinterpret_cast<void*>(ReprReservation)},
                                   {Py_tp_methods, kReservationMethods},
                                   {Py_tp_getset, kReservationProperties},
                                   {0, nullptr}};

PyType_Spec kReservationSpec = {
    "spillway._core.Reservation", sizeof(ReservationObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    kReservationSlots};

}  // namespace

void AddDecisionTypes(py::module_& module) {
  globals.decision_type = AddType(module, kDecisionSpec);
  globals.reservation_type = AddType(module, kReservationSpec);
}

PyObject* NewDecision(PyObject* core, DecidingLimiter* limiter, const LimiterDecision& decision,
                      Nanos now, int64_t n) {
  auto* made = PyObject_New(DecisionObject, globals.decision_type);
  if (made == nullptr) return nullptr;
  made->core = Py_NewRef(core);
  made->limiter = limiter;
  made->decision = decision;
  made->now = now;
  made->n = n;
  return reinterpret_cast<PyObject*>(made);
}

PyObject* NewReservation(PyObject* core, ReservingLimiter* limiter,
                         const LimiterReservation& reservation, Nanos now) {
  auto* made = PyObject_New(ReservationObject, globals.reservation_type);
  if (made == nullptr) {
    limiter->Cancel(reservation, now);
    return nullptr;
  }
  made->core = Py_NewRef(core);
  made->limiter = limiter;
  made->reservation = reservation;
  made->now = now;
  made->cancelled = false;
  return reinterpret_cast<PyObject*>(made);
}

PyObject* SecondsUntil(Nanos time) {
  constexpr Nanos kLongest = 100'000'000 * kNanosPerSecond;  // three years
  const Nanos left = time - PreciseNow();
  return left <= 0 ? nullptr : RoundedUpSeconds(std::min(left, kLongest));
}

}  // namespace spillway::python
