#ifndef SPILLWAY_PYTHON_BIND_BULKHEAD_H_
#define SPILLWAY_PYTHON_BIND_BULKHEAD_H_

#include "support.h"

namespace spillway::python {

void BindBulkhead(py::module_& module);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_BIND_BULKHEAD_H_
