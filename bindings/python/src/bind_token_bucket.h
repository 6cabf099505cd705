#ifndef SPILLWAY_PYTHON_BIND_TOKEN_BUCKET_H_
#define SPILLWAY_PYTHON_BIND_TOKEN_BUCKET_H_

#include "support.h"

namespace spillway::python {

void BindTokenBucket(py::module_& module);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_BIND_TOKEN_BUCKET_H_
