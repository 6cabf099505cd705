// A function under a policy: what `@policy` makes of it.
#ifndef SPILLWAY_PYTHON_GUARDED_H_
#define SPILLWAY_PYTHON_GUARDED_H_

#include "support.h"

namespace spillway::python {

void AddGuardedType(py::module_& module);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_GUARDED_H_
