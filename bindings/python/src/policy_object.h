// What the base types of all policy classes in Python have in common.
#ifndef SPILLWAY_PYTHON_POLICY_OBJECT_H_
#define SPILLWAY_PYTHON_POLICY_OBJECT_H_

#include "support.h"

namespace spillway::python {

struct PolicyObject;

// Calls a function under a policy; what `@policy` and policy.call() do. Raises the policy's
// exception when it refuses.
using CallUnder = PyObject* (*)(PolicyObject* policy, PyObject* function, PyObject* const* args,
                                size_t count, PyObject* keywords);

// Set by the __init__ of its kind, once, and not changed after it. None of it refers to an object
// that could refer back.
struct PolicyObject {
  PyObject ob_base;
  CallUnder call;
  PyObject* core;      // the pybind11 object that owns the policy; null before __init__
  PyObject* name;      // str or None
  PyObject* rejected;  // the exception that says no
  PyObject* reasons;   // tuple of StrEnum members: the policy's reasons for refusing, from number 1
};

// _core.Policy, the base of the types of each kind.
void AddPolicyType(py::module_& module);

// Begins an __init__: the policy inside `core`. Null with an exception set when `core` holds none,
// or when it ran before.
template <class Kind>
Kind* KindOf(const PolicyObject* self, PyObject* core) {
  if (self->core != nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "a policy is initialised once");
    return nullptr;
  }
  try {
    return py::cast<Kind*>(py::handle(core));
  } catch (const py::cast_error&) {
    PyErr_Format(PyExc_TypeError, "core is %R; it must be the core of a policy", core);
    return nullptr;
  }
}
void TakePolicy(PolicyObject* self, PyObject* core, PyObject* name, PyObject* rejected,
                PyObject* reasons);
void ReleasePolicy(PolicyObject* self);

PyObject* RaiseUninitialised(PyObject* object);

// Null with an exception set when __init__ did not run.
template <class Object>
Object* Initialised(PyObject* object) {
  auto* self = reinterpret_cast<Object*>(object);
  if (self->core != nullptr) [[likely]]
    return self;
  RaiseUninitialised(object);
  return nullptr;
}

// Raises the exception that says no. kForever: no wait helps.
PyObject* RaiseRejected(const PolicyObject* self, int32_t reason, Nanos retry_after);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_POLICY_OBJECT_H_
