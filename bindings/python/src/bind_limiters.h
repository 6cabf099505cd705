// The limiters themselves in Python: made, changed and looked at.
#ifndef SPILLWAY_PYTHON_BIND_LIMITERS_H_
#define SPILLWAY_PYTHON_BIND_LIMITERS_H_

#include "support.h"

namespace spillway::python {

void BindKeyedLimiter(py::module_& module);
void BindLeakyBucket(py::module_& module);
void BindMultiLimiter(py::module_& module);
void BindSlidingWindowLimiter(py::module_& module);
void BindTokenBucket(py::module_& module);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_BIND_LIMITERS_H_
