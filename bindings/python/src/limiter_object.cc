#include "limiter_object.h"

#include "clock.h"
#include "decision_object.h"
#include "limiter.h"
#include "ready.h"

namespace spillway::python {
namespace {

struct LimiterObject : PolicyObject {
  Limiter* limiter;  // inside `core`
};

// Always the precise time: with that of the last tick a call might be refused though its sender has
// waited `retry_after`.
Nanos TimeOf(Nanos now) { return now == kReadClock ? PreciseNow() : now; }

PyObject* RefuseCall(const LimiterObject* self, const LimiterDecision& decision, Nanos now,
                     int64_t n, Nanos max_wait) {
  const LimitStatus status = self->limiter->Describe(decision, now, n, max_wait);
  return RaiseRejected(self, decision.reason, status.retry_after);
}

// Takes one, for what is guarded. False with the limiter's exception set when it refuses.
bool TakeOne(LimiterObject* self, LimiterDecision* decision, Nanos* now) {
  *now = PreciseNow();
  *decision = self->limiter->TryAcquire(*now, 1);
  if (decision->reason == 0) [[likely]]
    return true;
  RefuseCall(self, *decision, *now, 1, 0);
  return false;
}

PyObject* CallGuarded(PolicyObject* policy, PyObject* function, PyObject* const* args, size_t count,
                      PyObject* keywords) {
  LimiterDecision decision;
  Nanos now = 0;
  if (!TakeOne(static_cast<LimiterObject*>(policy), &decision, &now)) return nullptr;
  return PyObject_Vectorcall(function, args, count, keywords);
}

// ---- arguments

// What the methods take, in one order: how many, and when.
bool ReadCountAndTime(const char* method, size_t required, PyObject* const* args, Py_ssize_t count,
                      PyObject* keywords, int64_t* n, Nanos* now) {
  static constexpr const char* kNames[] = {"n", "now_ns"};
  PyObject* values[2] = {};
  if (!ParseArguments(method, kNames, required, args, count, keywords, values) ||
      !ReadCount(values[0], n) || !ReadNow(values[1], now))
    return false;
  *now = TimeOf(*now);
  return true;
}

bool ReadCountAndWait(const char* method, const char* name, PyObject* const* args, Py_ssize_t count,
                      PyObject* keywords, int64_t* n, Nanos* wait) {
  const char* const names[] = {"n", name};
  PyObject* values[2] = {};
  return ParseArguments(method, names, 0, args, count, keywords, values) &&
         ReadCount(values[0], n) && ReadWait(values[1], name, wait);
}

// The limiter that is called, with the count and the time it is called with. Null, with an error
// set, when one of them is not as it must be.
LimiterObject* ReadCall(const char* method, size_t required, PyObject* object,
                        PyObject* const* args, Py_ssize_t count, PyObject* keywords, int64_t* n,
                        Nanos* now) {
  auto* self = Initialised<LimiterObject>(object);
  if (self == nullptr || !ReadCountAndTime(method, required, args, count, keywords, n, now))
    return nullptr;
  return self;
}

// ---- what never waits

PyObject* TryAcquire(PyObject* object, PyObject* const* args, Py_ssize_t count,
                     PyObject* keywords) {
  auto* self = Initialised<LimiterObject>(object);
  if (self == nullptr) return nullptr;
  int64_t n = 1;
  Nanos now = kReadClock;
  if (count == 0 && keywords == nullptr) [[likely]] {
    now = PreciseNow();
  } else if (!ReadCountAndTime("try_acquire", 0, args, count, keywords, &n, &now)) {
    return nullptr;
  }
  return NewDecision(self->core, self->limiter, self->limiter->TryAcquire(now, n), now, n);
}

PyObject* Peek(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  int64_t n = 1;
  Nanos now = kReadClock;
  auto* self = ReadCall("peek", 0, object, args, count, keywords, &n, &now);
  if (self == nullptr) return nullptr;
  return NewDecision(self->core, self->limiter, self->limiter->Peek(now, n), now, n);
}

PyObject* AcquireUpTo(PyObject* object, PyObject* const* args, Py_ssize_t count,
                      PyObject* keywords) {
  int64_t n = 1;
  Nanos now = kReadClock;
  auto* self = ReadCall("acquire_up_to", 1, object, args, count, keywords, &n, &now);
  if (self == nullptr) return nullptr;
  return PyLong_FromLongLong(self->limiter->AcquireUpTo(now, n));
}

PyObject* ForceAcquire(PyObject* object, PyObject* const* args, Py_ssize_t count,
                       PyObject* keywords) {
  int64_t n = 1;
  Nanos now = kReadClock;
  auto* self = ReadCall("force_acquire", 1, object, args, count, keywords, &n, &now);
  if (self == nullptr) return nullptr;
  return NewDecision(self->core, self->limiter, self->limiter->ForceAcquire(now, n), now, n);
}

PyObject* Refund(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  int64_t n = 1;
  Nanos now = kReadClock;
  auto* self = ReadCall("refund", 0, object, args, count, keywords, &n, &now);
  if (self == nullptr) return nullptr;
  self->limiter->Refund(now, n);
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
  const LimiterReservation made = self->limiter->Reserve(now, n, max_wait);
  if (made.decision.reason != 0) Py_RETURN_NONE;
  return NewReservation(self->core, self->limiter, made, now);
}

// ---- what waits

// A reservation for somebody who waits. False with the limiter's exception set when it refuses.
bool Claim(LimiterObject* self, int64_t n, Nanos timeout, LimiterReservation* made, Nanos* now) {
  *now = PreciseNow();
  *made = self->limiter->Reserve(*now, n, timeout);
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
    const auto given = py::reinterpret_steal<py::object>(seconds);
    // time.sleep() lets other threads run and runs the handlers of signals.
    const auto slept = py::reinterpret_steal<py::object>(
        PyObject_CallMethod(globals.time, "sleep", "O", given.ptr()));
    if (slept) continue;
    self->limiter->Cancel(made, PreciseNow());
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
  return NewReservation(self->core, self->limiter, made, now);
}

// ---- blocks

PyObject* Enter(PyObject* object, PyObject*) {
  auto* self = Initialised<LimiterObject>(object);
  LimiterDecision decision;
  Nanos now = 0;
  if (self == nullptr || !TakeOne(self, &decision, &now)) return nullptr;
  return NewDecision(self->core, self->limiter, decision, now, 1);
}

PyObject* Exit(PyObject*, PyObject* const*, Py_ssize_t) { Py_RETURN_NONE; }

PyObject* AsyncEnter(PyObject* object, PyObject*) { return NewReady(Enter(object, nullptr)); }

PyObject* AsyncExit(PyObject*, PyObject* const*, Py_ssize_t) {
  return NewReady(Py_NewRef(Py_None));
}

// ---- the type

int Init(PyObject* object, PyObject* args, PyObject* keywords) {
  static const char* names[] = {"core", "name", "rejected", "reasons", nullptr};
  auto* self = reinterpret_cast<LimiterObject*>(object);
  PyObject *core, *name, *rejected, *reasons;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOO!:Limiter", const_cast<char**>(names),
                                   &core, &name, &rejected, &PyTuple_Type, &reasons))
    return -1;
  auto* limiter = KindOf<Limiter>(self, core);
  if (limiter == nullptr) return -1;
  self->limiter = limiter;
  self->limiter->reasons = py::reinterpret_borrow<py::object>(reasons);
  self->call = CallGuarded;
  TakePolicy(self, core, name, rejected, reasons);
  return 0;
}

// Beside the slot, which has no place for the types.
PyObject* InitMethod(PyObject* object, PyObject* args, PyObject* keywords) {
  if (Init(object, args, keywords) < 0) return nullptr;
  Py_RETURN_NONE;
}

void Dealloc(PyObject* object) {
  ReleasePolicy(reinterpret_cast<PolicyObject*>(object));
  FreeObject(object);
}

PyMethodDef kMethods[] = {
    {"try_acquire", AsCFunction(TryAcquire), METH_FASTCALL | METH_KEYWORDS,
     "try_acquire(self, n: int = 1, now_ns: int | None = None) -> Decision\n\n"
     "Takes n, all or none: a true Decision, or a false one that says when to ask again.\n\n"
     "0 takes none. now_ns is the time in nanoseconds of a clock of yours; None reads the\n"
     "monotonic clock. Thread-safe; never blocks."},
    {"peek", AsCFunction(Peek), METH_FASTCALL | METH_KEYWORDS,
     "peek(self, n: int = 1, now_ns: int | None = None) -> Decision\n\n"
     "What try_acquire(n) would answer now, if this is no dry run. Takes and counts nothing."},
    {"acquire_up_to", AsCFunction(AcquireUpTo), METH_FASTCALL | METH_KEYWORDS,
     "acquire_up_to(self, n: int, now_ns: int | None = None) -> int\n\n"
     "Takes what is there, n at most; returns how many."},
    {"force_acquire", AsCFunction(ForceAcquire), METH_FASTCALL | METH_KEYWORDS,
     "force_acquire(self, n: int, now_ns: int | None = None) -> Decision\n\n"
     "Takes n whether they are there or not: what is not is owed, and later calls wait for it.\n\n"
     "Refused only when decades would be owed."},
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
    {"__enter__", Enter, METH_NOARGS,
     "__enter__(self) -> Decision\n\nTakes one. Raises RateLimited when it is refused."},
    {"__exit__", AsCFunction(Exit), METH_FASTCALL,
     "__exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: "
     "types.TracebackType | None, /) -> None\n\nDoes nothing."},
    {"__aenter__", AsyncEnter, METH_NOARGS,
     "__aenter__(self) -> collections.abc.Awaitable[Decision]\n\nAs __enter__: it does not wait."},
    {"__aexit__", AsCFunction(AsyncExit), METH_FASTCALL,
     "__aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: "
     "types.TracebackType | None, /) -> collections.abc.Awaitable[None]\n\nDoes nothing."},
    {"__init__", AsCFunction(InitMethod), METH_VARARGS | METH_KEYWORDS | METH_COEXIST,
     "__init__(self, core: LimiterCore, name: str | None, rejected: type[Exception], reasons: "
     "tuple[enum.StrEnum, ...]) -> None"},
    {}};

constexpr char kDoc[] = "What every limiter offers for each request.";

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_new, reinterpret_cast<void*>(PyType_GenericNew)},
                        {Py_tp_init, reinterpret_cast<void*>(Init)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
                        {Py_tp_methods, kMethods},
                        {0, nullptr}};

PyType_Spec kSpec = {"spillway._core.Limiter", sizeof(LimiterObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, kSlots};

}  // namespace

void AddLimiterType(py::module_& module) { AddType(module, kSpec, globals.policy_type); }

}  // namespace spillway::python
