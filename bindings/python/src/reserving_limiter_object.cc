#include "decision_object.h"
#include "limiter_object.h"

namespace spillway::python {
namespace {

bool ReadCountAndWait(const char* method, const char* name, PyObject* const* args, Py_ssize_t count,
                      PyObject* keywords, int64_t* n, Nanos* wait) {
  const char* const names[] = {"n", name};
  PyObject* values[2] = {};
  return ParseArguments(method, names, 0, args, count, keywords, values) &&
         ReadCount(values[0], n) && ReadWait(values[1], name, wait);
}

PyObject* Refund(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  int64_t n = 1;
  Nanos now = kReadClock;
  auto* self = ReadCall("refund", 0, object, args, count, keywords, &n, &now);
  if (self == nullptr) return nullptr;
  self->As<ReservingLimiter>()->Refund(now, n);
  Py_RETURN_NONE;
}

PyObject* Reserve(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  static constexpr const char* kNames[] = {"n", "max_wait", "now_ns"};
  auto* self = Initialised<LimiterObject>(object);
  PyObject* values[3] = {};
  int64_t n = 1;
  Nanos max_wait = kForever;
  Nanos now = kReadClock;
  if (self == nullptr || !ParseArguments("reserve", kNames, 0, args, count, keywords, values) ||
      !ReadCount(values[0], &n) || !ReadWait(values[1], "max_wait", &max_wait) ||
      !ReadNow(values[2], &now))
    return nullptr;
  now = TimeOf(now);
  const LimiterReservation made = self->As<ReservingLimiter>()->Reserve(now, n, max_wait);
  if (made.decision.reason != 0) Py_RETURN_NONE;
  return NewReservation(self->core, self->As<ReservingLimiter>(), made, now);
}

// ---- what waits

// A reservation for somebody who waits. False with the limiter's exception set when it refuses.
bool Claim(const LimiterObject* self, int64_t n, Nanos timeout, LimiterReservation* made,
           Nanos* now) {
  *now = PreciseNow();
  *made = self->As<ReservingLimiter>()->Reserve(*now, n, timeout);
  if (made->decision.reason == 0) return true;
  RefuseCall(self, made->decision, *now, n, timeout);
  return false;
}

// All here, where no signal handler can come between the reservation and its cancellation.
PyObject* Acquire(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  auto* self = Initialised<LimiterObject>(object);
  int64_t n = 1;
  Nanos timeout = kForever;
  LimiterReservation made;
  Nanos now = 0;
  if (self == nullptr ||
      !ReadCountAndWait("acquire", "timeout", args, count, keywords, &n, &timeout) ||
      !Claim(self, n, timeout, &made, &now))
    return nullptr;
  while (PyObject* seconds = SecondsUntil(made.act_at)) {
    if (Sleep(seconds)) continue;
    self->As<ReservingLimiter>()->Cancel(made, PreciseNow());
    return nullptr;
  }
  if (PyErr_Occurred() != nullptr) return nullptr;
  Py_RETURN_NONE;
}

PyObject* ClaimMethod(PyObject* object, PyObject* const* args, Py_ssize_t count,
                      PyObject* keywords) {
  auto* self = Initialised<LimiterObject>(object);
  int64_t n = 1;
  Nanos timeout = kForever;
  LimiterReservation made;
  Nanos now = 0;
  if (self == nullptr ||
      !ReadCountAndWait("acquire_async", "timeout", args, count, keywords, &n, &timeout) ||
      !Claim(self, n, timeout, &made, &now))
    return nullptr;
  return NewReservation(self->core, self->As<ReservingLimiter>(), made, now);
}

// ---- the type

PyMethodDef kMethods[] = {
    {"refund", AsCFunction(Refund), METH_FASTCALL | METH_KEYWORDS,
     "refund(self, n: int = 1, now_ns: int | None = None) -> None\n\n"
     "Gives back n that were taken and not used; never more than there can be."},
    {"reserve", AsCFunction(Reserve), METH_FASTCALL | METH_KEYWORDS,
     "reserve(self, n: int = 1, max_wait: float | datetime.timedelta | None = None, now_ns: int | "
     "None = None) -> Reservation | None\n\n"
     "Takes n, to be used as soon as they are there. None, and nothing is taken, when that is "
     "more\n"
     "than max_wait seconds away, or never.\n\n"
     "You wait, until its act_at_ns; acquire() does it for you."},
    {"acquire", AsCFunction(Acquire), METH_FASTCALL | METH_KEYWORDS,
     "acquire(self, n: int = 1, timeout: float | datetime.timedelta | None = None) -> None\n\n"
     "Takes n and sleeps until they are there; who came first is served first.\n\n"
     "Raises RateLimited at once when that is more than `timeout` seconds away, or never. What a\n"
     "signal handler raises meanwhile, as KeyboardInterrupt, gives them back."},
    {"_claim", AsCFunction(ClaimMethod), METH_FASTCALL | METH_KEYWORDS,
     "_claim(self, n: int = 1, timeout: float | datetime.timedelta | None = None) -> "
     "Reservation\n\n"
     "The reservation of somebody who waits. Raises RateLimited."},
    {}};

constexpr char kDoc[] = "What a limiter offers that can promise what is not there yet.";

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_new, reinterpret_cast<void*>(PyType_GenericNew)},
                        {Py_tp_init, reinterpret_cast<void*>(InitLimiterOf<ReservingLimiter>)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(DeallocLimiter)},
                        {Py_tp_methods, kMethods},
                        {0, nullptr}};

PyType_Spec kSpec = {"spillway._core.ReservingLimiter", sizeof(LimiterObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, kSlots};

}  // namespace

void AddReservingLimiterType(py::module_& module) {
  globals.reserving_limiter_type = AddType(module, kSpec, globals.limiter_type);
}

}  // namespace spillway::python
