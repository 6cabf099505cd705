#include "limiter_object.h"

#include "decision_object.h"
#include "ready.h"

namespace spillway::python {
namespace {

// Takes one, for what is guarded. False with the limiter's exception set when it refuses.
bool TakeOne(const LimiterObject* self, LimiterDecision* decision, Nanos* now) {
  *now = PreciseNow();
  *decision = self->As<Limiter>()->TryAcquire(*now, 1);
  if (decision->reason == 0) [[likely]]
    return true;
  RefuseCall(self, *decision, *now, 1, 0);
  return false;
}

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
  auto* limiter = self->As<Limiter>();
  return NewDecision(self->core, limiter, limiter->TryAcquire(now, n), now, n);
}

PyObject* Peek(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  int64_t n = 1;
  Nanos now = kReadClock;
  auto* self = ReadCall("peek", 0, object, args, count, keywords, &n, &now);
  if (self == nullptr) return nullptr;
  auto* limiter = self->As<Limiter>();
  return NewDecision(self->core, limiter, limiter->Peek(now, n), now, n);
}

// ---- blocks

PyObject* Enter(PyObject* object, PyObject*) {
  const auto* self = Initialised<LimiterObject>(object);
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

// Beside the slot, which has no place for the types.
PyObject* InitMethod(PyObject* object, PyObject* args, PyObject* keywords) {
  if (InitLimiterOf<Limiter>(object, args, keywords) < 0) return nullptr;
  Py_RETURN_NONE;
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
                        {Py_tp_init, reinterpret_cast<void*>(InitLimiterOf<Limiter>)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(DeallocLimiter)},
                        {Py_tp_methods, kMethods},
                        {0, nullptr}};

PyType_Spec kSpec = {"spillway._core.Limiter", sizeof(LimiterObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, kSlots};

}  // namespace

void AddLimiterType(py::module_& module) {
  globals.limiter_type = AddType(module, kSpec, globals.policy_type);
}

LimiterObject* ReadCall(const char* method, size_t required, PyObject* object,
                        PyObject* const* args, Py_ssize_t count, PyObject* keywords, int64_t* n,
                        Nanos* now) {
  auto* self = Initialised<LimiterObject>(object);
  if (self == nullptr || !ReadCountAndTime(method, required, args, count, keywords, n, now))
    return nullptr;
  return self;
}

PyObject* RefuseCall(const LimiterObject* self, const LimiterDecision& decision, Nanos now,
                     int64_t n, Nanos max_wait) {
  const LimitStatus status = self->limiter->Describe(decision, now, n, max_wait);
  return RaiseRejected(self, decision.reason, status.retry_after);
}

int InitLimiter(PyObject* object, PyObject* args, PyObject* keywords, IsOfKind is_of_kind,
                CallUnder call) {
  static const char* names[] = {"core", "name", "rejected", "reasons", nullptr};
  auto* self = reinterpret_cast<LimiterObject*>(object);
  PyObject *core, *name, *rejected, *reasons;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOO!:Limiter", const_cast<char**>(names),
                                   &core, &name, &rejected, &PyTuple_Type, &reasons))
    return -1;
  auto* limiter = KindOf<DecidingLimiter>(self, core);
  if (limiter == nullptr) return -1;
  if (!is_of_kind(limiter)) {
    PyErr_Format(PyExc_TypeError, "core is %R; it is not that of a %s", core,
                 Py_TYPE(object)->tp_name);
    return -1;
  }
  self->limiter = limiter;
  self->limiter->reasons = py::reinterpret_borrow<py::object>(reasons);
  self->call = call;
  TakePolicy(self, core, name, rejected, reasons);
  return 0;
}

PyObject* CallLimited(PolicyObject* policy, PyObject* function, PyObject* const* args, size_t count,
                      PyObject* keywords) {
  LimiterDecision decision;
  Nanos now = 0;
  if (!TakeOne(static_cast<LimiterObject*>(policy), &decision, &now)) return nullptr;
  return PyObject_Vectorcall(function, args, count, keywords);
}

void DeallocLimiter(PyObject* object) {
  ReleasePolicy(reinterpret_cast<PolicyObject*>(object));
  FreeObject(object);
}

}  // namespace spillway::python
