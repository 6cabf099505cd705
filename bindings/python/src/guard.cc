#include "guard.h"

#include <utility>

#include "permit_object.h"
#include "place_object.h"
#include "ready.h"

namespace spillway::python {
namespace {

struct GuardObject {
  PyObject ob_base;
  PermitPolicyObject* policy;
  PyObject* permit;
  PyObject* place;  // while it waits for its permit
  Nanos wait;
  bool entered;
};

GuardObject* AsGuard(PyObject* object) { return reinterpret_cast<GuardObject*>(object); }

// Asks for the permit. False with the policy's exception set when it is refused; true also when the
// guard has a place in the queue from now on.
bool Ask(GuardObject* self) {
  const DecisionFields decision = Decide(self->policy, kReadClock, self->wait);
  if (decision.reason == 0) [[likely]] {
    self->permit = NewPermit(self->policy, decision.permit);
    return self->permit != nullptr;
  }
  if (decision.reason != kQueued) {
    Refuse(self->policy, decision);
    return false;
  }
  self->place = NewPlace(self->policy, decision.permit, self->wait);
  return self->place != nullptr;
}

// Waits for the permit in the queue. Whatever comes of it, the guard has no place any more.
bool Wait(GuardObject* self) {
  PyObject* held = std::exchange(self->place, nullptr);
  auto* place = reinterpret_cast<PlaceObject*>(held);
  PermitFields fields;
  if (AwaitTurn(place) && TakeTurn(place, &fields)) self->permit = NewPermit(self->policy, fields);
  Py_DECREF(held);
  return self->permit != nullptr;
}

bool Obtain(GuardObject* self) {
  if (self->permit != nullptr) return true;
  if (self->place == nullptr && !Ask(self)) return false;
  return self->place == nullptr || Wait(self);
}

PyObject* Enter(PyObject* object, PyObject*) {
  GuardObject* self = AsGuard(object);
  if (self->entered) {
    PyErr_SetString(PyExc_RuntimeError,
                    "a guard serves one block; call acquire() again for the next");
    return nullptr;
  }
  self->entered = true;  // before it waits: nobody else may meanwhile
  if (Obtain(self)) return Py_NewRef(self->permit);
  self->entered = false;
  return nullptr;
}

PyObject* Exit(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  const GuardObject* self = AsGuard(object);
  if (count != 3 || !self->entered || self->permit == nullptr) {
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

PyObject* AsyncEnter(PyObject* object, PyObject*) {
  GuardObject* self = AsGuard(object);
  if (self->wait != 0 && self->permit == nullptr && self->place == nullptr && !Ask(self))
    return nullptr;
  if (self->place == nullptr) return NewReady(Enter(object, nullptr));
  PyObject* arguments[] = {object, self->place};
  return PyObject_Vectorcall(globals.enter_in_turn, arguments, 2, nullptr);
}

PyObject* LeaveQueue(PyObject* object, PyObject*) {
  const auto place =
      py::reinterpret_steal<py::object>(std::exchange(AsGuard(object)->place, nullptr));
  if (place) Leave(reinterpret_cast<PlaceObject*>(place.ptr()));
  Py_RETURN_NONE;
}

PyObject* AsyncExit(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  return NewReady(Exit(object, args, count));
}

int TraverseGuard(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(AsGuard(object)->policy);
  Py_VISIT(AsGuard(object)->permit);
  Py_VISIT(AsGuard(object)->place);
  return 0;
}

void DeallocGuard(PyObject* object) {
  PyObject_GC_UnTrack(object);
  Py_DECREF(AsGuard(object)->policy);
  Py_XDECREF(AsGuard(object)->permit);
  Py_XDECREF(AsGuard(object)->place);
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
     "__aenter__(self) -> collections.abc.Awaitable[Permit]\n\nAs __enter__, but only the task "
     "waits."},
    {"__aexit__", AsCFunction(AsyncExit), METH_FASTCALL,
     "__aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: "
     "types.TracebackType | None, /) -> collections.abc.Awaitable[None]\n\nAs __exit__."},
    {"_leave_queue", LeaveQueue, METH_NOARGS,
     "_leave_queue(self) -> None\n\nWaits no longer. A turn that has come is given to the next."},
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

void AddGuardType(py::module_& module) { globals.guard_type = AddType(module, kGuardSpec); }

PyObject* NewGuard(PermitPolicyObject* policy, PyObject* permit, PyObject* place, Nanos wait) {
  auto* guard = PyObject_GC_New(GuardObject, globals.guard_type);
  if (guard == nullptr) return nullptr;
  Py_INCREF(policy);
  guard->policy = policy;
  guard->permit = Py_XNewRef(permit);
  guard->place = Py_XNewRef(place);
  guard->wait = wait;
  guard->entered = false;
  auto* object = reinterpret_cast<PyObject*>(guard);
  PyObject_GC_Track(object);
  return object;
}

}  // namespace spillway::python
