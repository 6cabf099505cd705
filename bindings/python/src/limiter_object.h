// The base types of the limiter classes in Python: what is called for each request.
#ifndef SPILLWAY_PYTHON_LIMITER_OBJECT_H_
#define SPILLWAY_PYTHON_LIMITER_OBJECT_H_

#include "clock.h"
#include "limiter.h"
#include "policy_object.h"

namespace spillway::python {

struct LimiterObject : PolicyObject {
  DecidingLimiter* limiter;  // inside `core`, of the kind that the type's __init__ asked for

  template <class Kind>
  Kind* As() const {
    return static_cast<Kind*>(limiter);
  }
};

// _core.Limiter, and the types on top of it, each on the one before.
void AddLimiterType(py::module_& module);
void AddReservingLimiterType(py::module_& module);
void AddOverdraftLimiterType(py::module_& module);

// Always the precise time: with that of the last tick a call might be refused though its sender has
// waited `retry_after`.
inline Nanos TimeOf(Nanos now) { return now == kReadClock ? PreciseNow() : now; }

// The limiter whose method is called, with the count and the time it is called with. Null, with an
// error set, when one of them is not as it must be.
LimiterObject* ReadCall(const char* method, size_t required, PyObject* object,
                        PyObject* const* args, Py_ssize_t count, PyObject* keywords, int64_t* n,
                        Nanos* now);

// Raises the limiter's exception.
PyObject* RefuseCall(const LimiterObject* self, const LimiterDecision& decision, Nanos now,
                     int64_t n, Nanos max_wait);

// The parts of a type.
using IsOfKind = bool (*)(const DecidingLimiter* limiter);
int InitLimiter(PyObject* object, PyObject* args, PyObject* keywords, IsOfKind is_of_kind,
                CallUnder call);
PyObject* CallLimited(PolicyObject* policy, PyObject* function, PyObject* const* args, size_t count,
                      PyObject* keywords);
void DeallocLimiter(PyObject* object);

template <class Kind, CallUnder call = CallLimited>
int InitLimiterOf(PyObject* object, PyObject* args, PyObject* keywords) {
  constexpr auto is_of_kind = [](const DecidingLimiter* limiter) {
    return dynamic_cast<const Kind*>(limiter) != nullptr;
  };
  return InitLimiter(object, args, keywords, is_of_kind, call);
}

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_LIMITER_OBJECT_H_
