#include "policy_object.h"

#include <utility>

#include "guard.h"
#include "guarded.h"
#include "permit_object.h"

namespace spillway::python {
namespace {

PolicyObject* Self(PyObject* object) { return reinterpret_cast<PolicyObject*>(object); }

int Init(PyObject* object, PyObject* args, PyObject* keywords) {
  static const char* names[] = {"core",   "name",      "rejected", "reasons", "on",
                                "ignore", "on_result", "classify", "changed", nullptr};
  PolicyObject* self = Self(object);
  PyObject *core, *name, *rejected, *reasons, *on, *ignore, *on_result, *classify, *changed;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOO!O!O!OOO:Policy", const_cast<char**>(names),
                                   &core, &name, &rejected, &PyTuple_Type, &reasons, &PyTuple_Type,
                                   &on, &PyTuple_Type, &ignore, &on_result, &classify, &changed))
    return -1;
  if (self->core != nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "a policy is initialised once");
    return -1;
  }
  try {
    self->policy = py::cast<Policy*>(py::handle(core));
  } catch (const py::cast_error&) {
    PyErr_Format(PyExc_TypeError, "core is %R; it must be the core of a policy", core);
    return -1;
  }
  self->core = Py_NewRef(core);
  self->name = Py_NewRef(name);
  self->rejected = Py_NewRef(rejected);
  self->reasons = Py_NewRef(reasons);
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
  PolicyObject* self = Self(object);
  PyObject_GC_UnTrack(object);
  Clear(object);
  Py_XDECREF(self->name);
  Py_XDECREF(self->rejected);
  Py_XDECREF(self->reasons);
  Py_XDECREF(self->changed);
  Py_XDECREF(self->core);
  FreeObject(object);
}

PolicyObject* Initialised(PyObject* object) {
  PolicyObject* self = Self(object);
  if (self->policy != nullptr) [[likely]]
    return self;
  PyErr_Format(PyExc_RuntimeError, "this %s was not initialised: its __init__ did not run",
               Py_TYPE(object)->tp_name);
  return nullptr;
}

PyObject* TryAcquire(PyObject* object, PyObject* const* args, Py_ssize_t count,
                     PyObject* keywords) {
  PolicyObject* self = Initialised(object);
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
  PolicyObject* self = Initialised(object);
  return self == nullptr ? nullptr : NewGuard(self, nullptr);
}

PyObject* Call(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  PolicyObject* self = Initialised(object);
  if (self == nullptr) return nullptr;
  if (count == 0) {
    PyErr_SetString(PyExc_TypeError, "call() needs the function to call");
    return nullptr;
  }
  // A function that runs only when its result is iterated cannot be guarded by calling it.
  PyObject* function = PyMethod_Check(args[0]) ? PyMethod_GET_FUNCTION(args[0]) : args[0];
  if (PyFunction_Check(function)) {
    const auto* code = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function));
    if ((code->co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR)) != 0) [[unlikely]] {
      const auto refused =
          py::reinterpret_steal<py::object>(PyObject_CallOneArg(globals.check_callable, args[0]));
      if (!refused) return nullptr;
    }
  }
  return CallGuarded(self, args[0], args + 1, static_cast<size_t>(count - 1), keywords);
}

PyObject* GuardFunction(PyObject* object, PyObject* function) {
  PolicyObject* self = Initialised(object);
  return self == nullptr ? nullptr : NewGuarded(self, function);
}

// Beside the slot, which has no place for the types.
PyObject* InitMethod(PyObject* object, PyObject* args, PyObject* keywords) {
  if (Init(object, args, keywords) < 0) return nullptr;
  Py_RETURN_NONE;
}

PyObject* NoticeMethod(PyObject* object, PyObject*) {
  PolicyObject* self = Initialised(object);
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
    {"call", AsCFunction(Call), METH_FASTCALL | METH_KEYWORDS,
     "call(self, function: collections.abc.Callable[..., typing.Any], /, *args: typing.Any, "
     "**kwargs: typing.Any) -> typing.Any\n\n"
     "Calls the function under the policy and returns its result; for an async function, a\n"
     "coroutine that does. Raises the policy's exception when it refuses."},
    {"_guard", GuardFunction, METH_O,
     "_guard(self, function: collections.abc.Callable[..., typing.Any], /) -> "
     "collections.abc.Callable[..., typing.Any]\n\n"
     "The function under this policy."},
    {"__init__", AsCFunction(InitMethod), METH_VARARGS | METH_KEYWORDS | METH_COEXIST,
     "__init__(self, core: PolicyCore, name: str | None, rejected: type[Exception], reasons: "
     "tuple[enum.StrEnum, ...], on: tuple[type[Exception], ...], ignore: tuple[type[Exception], "
     "...], on_result: collections.abc.Callable[[typing.Any], object] | None, classify: "
     "collections.abc.Callable[[typing.Any, typing.Any], object] | None, changed: "
     "collections.abc.Callable[[typing.Any, int], None] | None) -> None"},
    {"_notice", NoticeMethod, METH_NOARGS,
     "_notice(self) -> None\n\nSays that the policy may have changed by another way than a call."},
    {}};

PyObject* GetName(PyObject* object, void*) {
  PyObject* name = Self(object)->name;
  return Py_NewRef(name == nullptr ? Py_None : name);
}

PyGetSetDef kProperties[] = {
    {"name", GetName, nullptr,
     "(self) -> str | None\n\nThe name it was made with; None: it is not exported.", nullptr},
    {}};

constexpr char kDoc[] = "What every policy offers for each request.";

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_new, reinterpret_cast<void*>(PyType_GenericNew)},
                        {Py_tp_init, reinterpret_cast<void*>(Init)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
                        {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
                        {Py_tp_clear, reinterpret_cast<void*>(Clear)},
                        {Py_tp_methods, kMethods},
                        {Py_tp_getset, kProperties},
                        {0, nullptr}};

PyType_Spec kSpec = {
    "spillway._core.Policy", sizeof(PolicyObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    kSlots};

// The call returned a coroutine: it has only begun.
PyObject* SettleWhenDone(PolicyObject* self, const PermitFields& permit, PyObject* coroutine) {
  const auto awaited = py::reinterpret_steal<py::object>(coroutine);
  const auto held = py::reinterpret_steal<py::object>(NewPermit(self, permit));
  if (!held) return nullptr;
  const auto guard = py::reinterpret_steal<py::object>(NewGuard(self, held.ptr()));
  if (!guard) return nullptr;
  PyObject* arguments[] = {guard.ptr(), awaited.ptr()};
  return PyObject_Vectorcall(globals.settle_after, arguments, 2, nullptr);
}

PyObject* FinishFailed(PolicyObject* self, const PermitFields& permit) {
  PyObject* error = TakeException();
  if (SettleError(self, permit, error)) {
    SetException(error);
  } else {
    Py_DECREF(error);
  }
  return nullptr;
}

}  // namespace

void AddPolicyType(py::module_& module) { AddType(module, kSpec); }

void NoticeChange(PolicyObject* self, uint32_t generation) noexcept {
  self->noticed = generation;
  if (self->changed == Py_None) return;
  const ExceptionSaver saver;
  const auto done = py::reinterpret_steal<py::object>(
      PyObject_CallFunction(self->changed, "OI", self, generation));
  if (!done) PyErr_WriteUnraisable(self->changed);
}

bool SettleResult(PolicyObject* self, const PermitFields& permit, PyObject* result) {
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

bool SettleError(PolicyObject* self, const PermitFields& permit, PyObject* error) {
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

PyObject* CallGuarded(PolicyObject* self, PyObject* function, PyObject* const* args, size_t count,
                      PyObject* keywords) {
  const DecisionFields decision = Decide(self, kReadClock);
  if (decision.reason != 0) [[unlikely]]
    return RaiseRejected(self, decision);
  PyObject* result = PyObject_Vectorcall(function, args, count, keywords);
  if (result == nullptr) [[unlikely]]
    return FinishFailed(self, decision.permit);
  if (PyCoro_CheckExact(result)) [[unlikely]]
    return SettleWhenDone(self, decision.permit, result);
  if (!SettleResult(self, decision.permit, result)) [[unlikely]]
    Py_CLEAR(result);
  return result;
}

PyObject* ReasonOf(const PolicyObject* self, int32_t reason) {
  const Py_ssize_t index = reason - 1;
  const bool known = index >= 0 && index < PyTuple_GET_SIZE(self->reasons);
  return known ? PyTuple_GET_ITEM(self->reasons, index) : Py_None;
}

PyObject* RaiseRejected(const PolicyObject* self, const DecisionFields& decision) {
  const auto retry_after =
      py::reinterpret_steal<py::object>(RoundedUpSeconds(decision.retry_after));
  const auto retry_after_ns =
      py::reinterpret_steal<py::object>(PyLong_FromLongLong(decision.retry_after));
  if (!retry_after || !retry_after_ns) return nullptr;
  PyObject* arguments[] = {ReasonOf(self, decision.reason), retry_after.ptr(), self->name,
                           retry_after_ns.ptr()};
  const auto error =
      py::reinterpret_steal<py::object>(PyObject_Vectorcall(self->rejected, arguments, 4, nullptr));
  if (error) PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  return nullptr;
}

}  // namespace spillway::python
