#ifndef SPILLWAY_PYTHON_BIND_CLIENT_THROTTLE_H_
#define SPILLWAY_PYTHON_BIND_CLIENT_THROTTLE_H_

#include "support.h"

namespace spillway::python {

void BindClientThrottle(py::module_& module);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_BIND_CLIENT_THROTTLE_H_
