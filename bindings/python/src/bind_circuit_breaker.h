#ifndef SPILLWAY_PYTHON_BIND_CIRCUIT_BREAKER_H_
#define SPILLWAY_PYTHON_BIND_CIRCUIT_BREAKER_H_

#include "support.h"

namespace spillway::python {

void BindCircuitBreaker(py::module_& module);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_BIND_CIRCUIT_BREAKER_H_
