// The context manager of every policy that gives permits: one permit for one block.
#ifndef SPILLWAY_PYTHON_GUARD_H_
#define SPILLWAY_PYTHON_GUARD_H_

#include "permit_policy_object.h"

namespace spillway::python {

void AddGuardType(py::module_& module);

// `permit` is one that the policy has issued already; null: entering asks for one.
PyObject* NewGuard(PermitPolicyObject* policy, PyObject* permit);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_GUARD_H_
