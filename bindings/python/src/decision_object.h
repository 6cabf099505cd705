// What a limiter answers in Python: a decision or a reservation. They keep the limiter's core
// alive, not the limiter, so that no cycle can come of them.
#ifndef SPILLWAY_PYTHON_DECISION_OBJECT_H_
#define SPILLWAY_PYTHON_DECISION_OBJECT_H_

#include "limiter.h"

namespace spillway::python {

void AddDecisionTypes(py::module_& module);

// `core` is the pybind11 object that owns the limiter.
PyObject* NewDecision(PyObject* core, DecidingLimiter* limiter, const LimiterDecision& decision,
                      Nanos now, int64_t n);
// Cancels the reservation when there is no memory for it.
PyObject* NewReservation(PyObject* core, ReservingLimiter* limiter,
                         const LimiterReservation& reservation, Nanos now);

// For how long to sleep until then, as a float of seconds; one that is so long that no clock can
// take it is cut. Null without an exception set when the time has come.
PyObject* SecondsUntil(Nanos time);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_DECISION_OBJECT_H_
