#ifndef SPILLWAY_PYTHON_BIND_RATE_LIMIT_FIELDS_H_
#define SPILLWAY_PYTHON_BIND_RATE_LIMIT_FIELDS_H_

#include "support.h"

namespace spillway::python {

void BindRateLimitFields(py::module_& module);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_BIND_RATE_LIMIT_FIELDS_H_
