#include "guard.h"

#include <utility>

#include "permit_object.h"

namespace spillway::python {
namespace {

struct GuardObject {
  PyObject ob_base;
  PolicyObject* policy;
  PyObject* permit;
  bool entered;
};

// An awaitable that is ready at once: a policy that never waits has nothing to wait for in
// `async with`.
struct ReadyObject {
  PyObject ob_base;
  PyObject* value;
};

GuardObject* AsGuard(PyObject* object) { return reinterpret_cast<GuardObject*>(object); }
ReadyObject* AsReady(PyObject* object) { return reinterpret_cast<ReadyObject*>(object); }

// ---- Ready

PyObject* NewReady(PyObject* value) {
  if (value == nullptr) return nullptr;
  auto* ready = PyObject_GC_New(ReadyObject, globals.ready_type);
  if (ready == nullptr) {
    Py_DECREF(value);
    return nullptr;
  }
  ready->value = value;
  auto* object = reinterpret_cast<PyObject*>(ready);
  PyObject_GC_Track(object);
  return object;
}

PySendResult SendReady(PyObject* object, PyObject*, PyObject** result) {
  *result = Py_NewRef(AsReady(object)->value);
  return PYGEN_RETURN;
}

PyObject* NextReady(PyObject* object) {
  // Made here, because PyErr_SetObject would take a tuple or an exception apart.
  PyObject* stop = PyObject_CallOneArg(PyExc_StopIteration, AsReady(object)->value);
  if (stop != nullptr) SetException(stop);
  return nullptr;
}

int TraverseReady(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(AsReady(object)->value);
  return 0;
}

void DeallocReady(PyObject* object) {
  PyObject_GC_UnTrack(object);
  Py_DECREF(AsReady(object)->value);
  FreeObject(object);
}

PyType_Slot kReadySlots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(DeallocReady)},
                             {Py_tp_traverse, reinterpret_cast<void*>(TraverseReady)},
                             {Py_am_await, reinterpret_cast<void*>(PyObject_SelfIter)},
                             {Py_am_send, reinterpret_cast<void*>(SendReady)},
                             {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                             {Py_tp_iternext, reinterpret_cast<void*>(NextReady)},
                             {0, nullptr}};

PyType_Spec kReadySpec = {"spillway._core._Ready", sizeof(ReadyObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                              Py_TPFLAGS_DISALLOW_INSTANTIATION,
                          kReadySlots};

// ---- Guard

PyObject* Enter(PyObject* object, PyObject*) {
  GuardObject* self = AsGuard(object);
  if (self->entered) {
    PyErr_SetString(PyExc_RuntimeError,
                    "a guard serves one block; call acquire() again for the next");
    return nullptr;
  }
  if (self->permit == nullptr) {
    const DecisionFields decision = Decide(self->policy, kReadClock);
    if (decision.reason != 0) return RaiseRejected(self->policy, decision);
    self->permit = NewPermit(self->policy, decision.permit);
    if (self->permit == nullptr) return nullptr;
  }
  self->entered = true;
  return Py_NewRef(self->permit);
}

PyObject* Exit(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  const GuardObject* self = AsGuard(object);
  if (count != 3 || !self->entered) {
    PyErr_SetString(PyExc_RuntimeError, "a guard is left by the `with` block that entered it");
    return nullptr;
  }
  auto* permit = reinterpret_cast<PermitObject*>(self->permit);
  if (permit->settled()) Py_RETURN_NONE;
  const PermitFields fields = std::exchange(permit->fields, {});
  PyObject* error = args[1];
  if (error == Py_None) {
    Settle(self->policy, fields, Outcome::kSuccess);
  } else if (!SettleError(self->policy, fields, error)) {
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* AsyncEnter(PyObject* object, PyObject*) { return NewReady(Enter(object, nullptr)); }

PyObject* AsyncExit(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  return NewReady(Exit(object, args, count));
}

int TraverseGuard(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(AsGuard(object)->policy);
  Py_VISIT(AsGuard(object)->permit);
  return 0;
}

void DeallocGuard(PyObject* object) {
  PyObject_GC_UnTrack(object);
  Py_DECREF(AsGuard(object)->policy);
  Py_XDECREF(AsGuard(object)->permit);
  FreeObject(object);
}

PyMethodDef kGuardMethods[] = {
    {"__enter__", Enter, METH_NOARGS,
     "__enter__(self) -> Permit\n\nAsks for the permit. Raises when the policy refuses."},
    {"__exit__", AsCFunction(Exit), METH_FASTCALL,
     "__exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: "
     "types.TracebackType | None, /) -> None\n\n"
     "Settles the permit, unless that was done by hand: by the policy's rules for an error, and "
     "as\n"
     "a success when the block ended without one."},
    {"__aenter__", AsyncEnter, METH_NOARGS,
     "__aenter__(self) -> collections.abc.Awaitable[Permit]\n\nAs __enter__."},
    {"__aexit__", AsCFunction(AsyncExit), METH_FASTCALL,
     "__aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: "
     "types.TracebackType | None, /) -> collections.abc.Awaitable[None]\n\nAs __exit__."},
    {}};

constexpr char kGuardDoc[] =
    "Guards one `with` or `async with` block and yields its permit. From policy.acquire().";

PyType_Slot kGuardSlots[] = {{Py_tp_doc, const_cast<char*>(kGuardDoc)},
                             {Py_tp_dealloc, reinterpret_cast<void*>(DeallocGuard)},
                             {Py_tp_traverse, reinterpret_cast<void*>(TraverseGuard)},
                             {Py_tp_methods, kGuardMethods},
                             {0, nullptr}};

PyType_Spec kGuardSpec = {"spillway._core.Guard", sizeof(GuardObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                              Py_TPFLAGS_DISALLOW_INSTANTIATION,
                          kGuardSlots};

}  // namespace

void AddGuardTypes(py::module_& module) {
  globals.ready_type = AddType(module, kReadySpec);
  globals.guard_type = AddType(module, kGuardSpec);
}

PyObject* NewGuard(PolicyObject* policy, PyObject* permit) {
  auto* guard = PyObject_GC_New(GuardObject, globals.guard_type);
  if (guard == nullptr) return nullptr;
  Py_INCREF(policy);
  guard->policy = policy;
  guard->permit = Py_XNewRef(permit);
  guard->entered = false;
  auto* object = reinterpret_cast<PyObject*>(guard);
  PyObject_GC_Track(object);
  return object;
}

}  // namespace spillway::python
