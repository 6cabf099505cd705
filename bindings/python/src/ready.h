// An awaitable that is ready at once: what never waits has nothing to wait for in `async with`.
#ifndef SPILLWAY_PYTHON_READY_H_
#define SPILLWAY_PYTHON_READY_H_

#include "support.h"

namespace spillway::python {

void AddReadyType(py::module_& module);

// Takes the reference to `value`; null: the exception that is set.
PyObject* NewReady(PyObject* value);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_READY_H_
