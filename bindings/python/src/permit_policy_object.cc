#include "permit_policy_object.h"

#include <utility>

#include "guard.h"
#include "permit_object.h"
#include "place_object.h"

namespace spillway::python {
namespace {

PermitPolicyObject* Self(PyObject* object) { return reinterpret_cast<PermitPolicyObject*>(object); }

PyObject* CallGuarded(PolicyObject* policy, PyObject* function, PyObject* const* args, size_t count,
                      PyObject* keywords);
PyObject* CallInTurn(PolicyObject* policy, PyObject* function, PyObject* const* args, size_t count,
                     PyObject* keywords);

// A number of Priority. False with an error set for anything else.
bool ReadPriority(int value, Priority* priority) {
  *priority = static_cast<Priority>(value);
  if (value >= 0 && value < kPriorities) return true;
  PyErr_Format(PyExc_ValueError, "priority is %d; it must be the number of one", value);
  return false;
}

int Init(PyObject* object, PyObject* args, PyObject* keywords) {
  static const char* names[] = {"core",      "name",     "rejected", "reasons",  "on",   "ignore",
                                "on_result", "classify", "changed",  "priority", nullptr};
  PermitPolicyObject* self = Self(object);
  PyObject *core, *name, *rejected, *reasons, *on, *ignore, *on_result, *classify, *changed;
  int priority = 0;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOO!O!O!OOOi:PermitPolicy",
                                   const_cast<char**>(names), &core, &name, &rejected,
                                   &PyTuple_Type, &reasons, &PyTuple_Type, &on, &PyTuple_Type,
                                   &ignore, &on_result, &classify, &changed, &priority) ||
      !ReadPriority(priority, &self->priority))
    return -1;
  auto* policy = KindOf<PermitPolicy>(self, core);
  if (policy == nullptr) return -1;
  self->policy = policy;
  self->queue = dynamic_cast<QueueingPolicy*>(policy);
  self->call = self->queue == nullptr ? CallGuarded : CallInTurn;
  TakePolicy(self, core, name, rejected, reasons);
  self->changed = Py_NewRef(changed);
  self->rules.Take(on, ignore, on_result, classify);
  self->noticed = self->policy->generation();
  return 0;
}

// `core` and what else a running call needs stay until the end; they refer to no Python object that
// could refer back.
int Clear(PyObject* object) {
  Self(object)->rules.Clear();
  return 0;
}

int Traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  return Self(object)->rules.Traverse(visit, arg);
}

void Dealloc(PyObject* object) {
  PermitPolicyObject* self = Self(object);
  PyObject_GC_UnTrack(object);
  Clear(object);
  Py_XDECREF(self->changed);
  ReleasePolicy(self);
  FreeObject(object);
}

PyObject* TryAcquire(PyObject* object, PyObject* const* args, Py_ssize_t count,
                     PyObject* keywords) {
  auto* self = Initialised<PermitPolicyObject>(object);
  if (self == nullptr) return nullptr;
  Nanos now = kReadClock;
  if (count != 0 || keywords != nullptr) {
    static constexpr const char* kNames[] = {"now_ns"};
    PyObject* value = nullptr;
    if (!ParseArguments("try_acquire", kNames, 0, args, count, keywords, &value) ||
        !ReadNow(value, &now))
      return nullptr;
  }
  const DecisionFields decision = Decide(self, now);
  return decision.reason == 0 ? NewPermit(self, decision.permit) : NewRejection(self, decision);
}

PyObject* Acquire(PyObject* object, PyObject*) {
  auto* self = Initialised<PermitPolicyObject>(object);
  return self == nullptr ? nullptr : NewGuard(self, nullptr, nullptr, 0);
}

// A `timeout`: the policy's own for null and None.
bool ReadTimeout(const PermitPolicyObject* self, PyObject* value, Nanos* wait) {
  *wait = self->queue->max_wait();
  return value == nullptr || value == Py_None || ReadWait(value, "timeout", wait);
}

PyObject* AcquireInTurn(PyObject* object, PyObject* const* args, Py_ssize_t count,
                        PyObject* keywords) {
  static constexpr const char* kNames[] = {"timeout"};
  auto* self = Initialised<PermitPolicyObject>(object);
  PyObject* value = nullptr;
  Nanos wait = 0;
  if (self == nullptr || !ParseArguments("acquire", kNames, 0, args, count, keywords, &value) ||
      !ReadTimeout(self, value, &wait))
    return nullptr;
  return NewGuard(self, nullptr, nullptr, wait);
}

// Beside the slot, which has no place for the types.
PyObject* InitMethod(PyObject* object, PyObject* args, PyObject* keywords) {
  if (Init(object, args, keywords) < 0) return nullptr;
  Py_RETURN_NONE;
}

PyObject* NoticeMethod(PyObject* object, PyObject*) {
  auto* self = Initialised<PermitPolicyObject>(object);
  if (self == nullptr) return nullptr;
  Notice(self);
  Py_RETURN_NONE;
}

PyMethodDef kMethods[] = {
    {"try_acquire", AsCFunction(TryAcquire), METH_FASTCALL | METH_KEYWORDS,
     "try_acquire(self, now_ns: int | None = None) -> Permit | Rejection\n\n"
     "Asks for a permit to make one call: a true Permit, or a false Rejection.\n\n"
     "Settle the permit with what became of the call. now_ns is the time in nanoseconds of a "
     "clock\n"
     "of yours; None reads the monotonic clock. Thread-safe; never blocks."},
    {"acquire", Acquire, METH_NOARGS,
     "acquire(self) -> Guard\n\n"
     "A guard for one `with` or `async with` block, which yields the permit.\n\n"
     "Entering raises the policy's exception when it refuses. Leaving settles the permit by how\n"
     "the block ended, unless it was settled by hand."},
    {"__init__", AsCFunction(InitMethod), METH_VARARGS | METH_KEYWORDS | METH_COEXIST,
     "__init__(self, core: PermitPolicyCore, name: str | None, rejected: type[Exception], reasons: "
     "tuple[enum.StrEnum, ...], on: tuple[type[Exception], ...], ignore: tuple[type[Exception], "
     "...], on_result: collections.abc.Callable[[typing.Any], object] | None, classify: "
     "collections.abc.Callable[[typing.Any, typing.Any], object] | None, changed: "
     "collections.abc.Callable[[typing.Any, int], None] | None, priority: int) -> None"},
    {"_notice", NoticeMethod, METH_NOARGS,
     "_notice(self) -> None\n\nSays that the policy may have changed by another way than a call."},
    {}};

constexpr char kDoc[] = "What every policy that gives permits offers for each request.";

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_new, reinterpret_cast<void*>(PyType_GenericNew)},
                        {Py_tp_init, reinterpret_cast<void*>(Init)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
                        {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
                        {Py_tp_clear, reinterpret_cast<void*>(Clear)},
                        {Py_tp_methods, kMethods},
                        {0, nullptr}};

PyType_Spec kSpec = {
    "spillway._core.PermitPolicy", sizeof(PermitPolicyObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    kSlots};

PyMethodDef kQueueingMethods[] = {
    {"acquire", AsCFunction(AcquireInTurn), METH_FASTCALL | METH_KEYWORDS,
     "acquire(self, timeout: float | datetime.timedelta | None = None) -> Guard\n\n"
     "A guard for one `with` or `async with` block, which yields the permit.\n\n"
     "Entering waits for `timeout` seconds at most (None: max_wait), in the order of the calls:\n"
     "`with` blocks the thread, `async with` the task. It raises the policy's exception when it\n"
     "is refused, or was not admitted meanwhile. Leaving gives the permit back, unless it was\n"
     "settled by hand."},
    {}};

constexpr char kQueueingDoc[] = "What a policy offers whose calls may wait for their turn.";

PyType_Slot kQueueingSlots[] = {
    {Py_tp_doc, const_cast<char*>(kQueueingDoc)}, {Py_tp_methods, kQueueingMethods}, {0, nullptr}};

PyType_Spec kQueueingSpec = {"spillway._core.QueueingPolicy", sizeof(PermitPolicyObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
                             kQueueingSlots};

// The call returned a coroutine: it has only begun.
PyObject* SettleWhenDone(PermitPolicyObject* self, const PermitFields& permit,
                         PyObject* coroutine) {
  const auto awaited = py::reinterpret_steal<py::object>(coroutine);
  const auto held = py::reinterpret_steal<py::object>(NewPermit(self, permit));
  if (!held) return nullptr;
  const auto guard = py::reinterpret_steal<py::object>(NewGuard(self, held.ptr(), nullptr, 0));
  if (!guard) return nullptr;
  PyObject* arguments[] = {guard.ptr(), awaited.ptr()};
  return PyObject_Vectorcall(globals.settle_after, arguments, 2, nullptr);
}

PyObject* FinishFailed(PermitPolicyObject* self, const PermitFields& permit) {
  PyObject* error = TakeException();
  if (SettleError(self, permit, error)) {
    SetException(error);
  } else {
    Py_DECREF(error);
  }
  return nullptr;
}

[[gnu::always_inline]] inline PyObject* CallWith(PermitPolicyObject* self,
                                                 const PermitFields& permit, PyObject* function,
                                                 PyObject* const* args, size_t count,
                                                 PyObject* keywords) {
  PyObject* result = PyObject_Vectorcall(function, args, count, keywords);
  if (result == nullptr) [[unlikely]]
    return FinishFailed(self, permit);
  if (PyCoro_CheckExact(result)) [[unlikely]]
    return SettleWhenDone(self, permit, result);
  if (!SettleResult(self, permit, result)) [[unlikely]]
    Py_CLEAR(result);
  return result;
}

PyObject* CallGuarded(PolicyObject* policy, PyObject* function, PyObject* const* args, size_t count,
                      PyObject* keywords) {
  auto* self = static_cast<PermitPolicyObject*>(policy);
  const DecisionFields decision = Decide(self, kReadClock);
  if (decision.reason != 0) [[unlikely]]
    return Refuse(self, decision);
  return CallWith(self, decision.permit, function, args, count, keywords);
}

// An async function that has a place in the queue: it waits in a coroutine.
PyObject* CallAsyncInTurn(PermitPolicyObject* self, PyObject* place, PyObject* function,
                          PyObject* const* args, size_t count, PyObject* keywords) {
  const auto guard = py::reinterpret_steal<py::object>(NewGuard(self, nullptr, place, 0));
  if (!guard) return nullptr;
  PyObject* arguments[] = {guard.ptr(), function};
  const auto guarded = py::reinterpret_steal<py::object>(
      PyObject_Vectorcall(globals.under_guard, arguments, 2, nullptr));
  return guarded ? PyObject_Vectorcall(guarded.ptr(), args, count, keywords) : nullptr;
}

bool IsAsync(PyObject* function) {
  const auto is_async =
      py::reinterpret_steal<py::object>(PyObject_CallOneArg(globals.is_async, function));
  return is_async.ptr() == Py_True;
}

PyObject* CallInTurn(PolicyObject* policy, PyObject* function, PyObject* const* args, size_t count,
                     PyObject* keywords) {
  auto* self = static_cast<PermitPolicyObject*>(policy);
  const Nanos wait = self->queue->max_wait();
  DecisionFields decision = Decide(self, kReadClock, wait);
  if (decision.reason == kQueued) {
    PyObject* place = NewPlace(self, decision.permit, wait);
    if (place == nullptr) return nullptr;
    PyObject* coroutine = nullptr;
    bool taken = false;
    if (IsAsync(function)) {
      coroutine = CallAsyncInTurn(self, place, function, args, count, keywords);
    } else if (PyErr_Occurred() == nullptr) {
      auto* waiting = reinterpret_cast<PlaceObject*>(place);
      taken = AwaitTurn(waiting) && TakeTurn(waiting, &decision.permit);
    }
    Py_DECREF(place);
    if (!taken) return coroutine;
  } else if (decision.reason != 0) {
    return Refuse(self, decision);
  }
  return CallWith(self, decision.permit, function, args, count, keywords);
}

}  // namespace

void AddPermitPolicyTypes(py::module_& module) {
  PyTypeObject* base = AddType(module, kSpec, globals.policy_type);
  AddType(module, kQueueingSpec, base);
}

void NoticeChange(PermitPolicyObject* self, uint32_t generation) noexcept {
  self->noticed = generation;
  if (self->changed == Py_None) return;
  const ExceptionSaver saver;
  const auto done = py::reinterpret_steal<py::object>(
      PyObject_CallFunction(self->changed, "OI", self, generation));
  if (!done) PyErr_WriteUnraisable(self->changed);
}

bool SettleResult(PermitPolicyObject* self, const PermitFields& permit, PyObject* result) {
  Outcome outcome = Outcome::kSuccess;
  const bool judged = self->rules.no_callbacks() || self->rules.JudgeResult(result, &outcome);
  if (judged) [[likely]] {
    Settle(self, permit, outcome);
    return true;
  }
  const ExceptionSaver saver;
  Settle(self, permit, outcome);
  return false;
}

bool SettleError(PermitPolicyObject* self, const PermitFields& permit, PyObject* error) {
  Outcome outcome = Outcome::kIgnored;
  if (self->rules.JudgeError(error, &outcome)) {
    Settle(self, permit, outcome);
    return true;
  }
  PyObject* raised = TakeException();
  Settle(self, permit, outcome);
  const auto context = py::reinterpret_steal<py::object>(PyException_GetContext(raised));
  if (!context && raised != error) PyException_SetContext(raised, Py_NewRef(error));
  SetException(raised);
  return false;
}

}  // namespace spillway::python
