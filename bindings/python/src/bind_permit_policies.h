// Adds the core of each policy that gives permits to the module.
#ifndef SPILLWAY_PYTHON_BIND_PERMIT_POLICIES_H_
#define SPILLWAY_PYTHON_BIND_PERMIT_POLICIES_H_

#include "support.h"

namespace spillway::python {

void BindAdaptiveLimiter(py::module_& module);
void BindBulkhead(py::module_& module);
void BindCircuitBreaker(py::module_& module);
void BindClientThrottle(py::module_& module);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_BIND_PERMIT_POLICIES_H_
