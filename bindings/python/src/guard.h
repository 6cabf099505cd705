// The context manager of every policy that gives permits: one permit for one block.
#ifndef SPILLWAY_PYTHON_GUARD_H_
#define SPILLWAY_PYTHON_GUARD_H_

#include "permit_policy_object.h"

namespace spillway::python {

void AddGuardType(py::module_& module);

// `permit` is one that the policy has issued already, `place` one in its queue; both null: entering
// asks, and waits for so long.
PyObject* NewGuard(PermitPolicyObject* policy, PyObject* permit, PyObject* place, Nanos wait);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_GUARD_H_
