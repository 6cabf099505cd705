// The base type of the limiter classes in Python: what is called for each request.
#ifndef SPILLWAY_PYTHON_LIMITER_OBJECT_H_
#define SPILLWAY_PYTHON_LIMITER_OBJECT_H_

#include "policy_object.h"

namespace spillway::python {

void AddLimiterType(py::module_& module);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_LIMITER_OBJECT_H_
