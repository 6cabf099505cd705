// A function under a policy: what `@policy` makes of it.
#ifndef SPILLWAY_PYTHON_GUARDED_H_
#define SPILLWAY_PYTHON_GUARDED_H_

#include "policy_object.h"

namespace spillway::python {

void AddGuardedType(py::module_& module);

PyObject* NewGuarded(PolicyObject* policy, PyObject* function);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_GUARDED_H_
