// The base type of every policy class in Python: what is called for each request.
#ifndef SPILLWAY_PYTHON_POLICY_OBJECT_H_
#define SPILLWAY_PYTHON_POLICY_OBJECT_H_

#include "clock.h"
#include "policy.h"
#include "rules.h"
#include "support.h"

namespace spillway::python {

// Set by __init__, once, and not changed after it.
struct PolicyObject {
  PyObject ob_base;
  Policy* policy;      // inside `core`; null before __init__
  PyObject* core;      // the pybind11 object that owns the policy
  PyObject* name;      // str or None
  PyObject* rejected;  // the exception that says no
  PyObject* reasons;   // tuple of StrEnum members: the policy's reasons for refusing, from number 1
  PyObject* changed;   // called with the policy and its new generation; None: nobody cares
  Rules rules;
  uint32_t noticed;  // the generation `changed` was last called for
};

void AddPolicyType(py::module_& module);

// Tells those who care, outside the hot path. Keeps the exception that is set.
void NoticeChange(PolicyObject* self, uint32_t generation) noexcept;

inline void Notice(PolicyObject* self) noexcept {
  const uint32_t generation = self->policy->generation();
  if (generation != self->noticed) [[unlikely]]
    NoticeChange(self, generation);
}

inline DecisionFields Decide(PolicyObject* self, Nanos now) noexcept {
  const DecisionFields decision = self->policy->Decide(now);
  Notice(self);
  return decision;
}

inline Settlement Settle(PolicyObject* self, const PermitFields& permit, Outcome outcome,
                         Nanos now = kReadClock) noexcept {
  const Settlement settlement = self->policy->Settle(permit, outcome, now);
  Notice(self);
  return settlement;
}

// Settles by what the rules say of a result. False with an exception set when a callback raised.
bool SettleResult(PolicyObject* self, const PermitFields& permit, PyObject* result);

// Settles by what the rules say of an error. False with an exception set when a callback raised;
// `error` is then its context.
bool SettleError(PolicyObject* self, const PermitFields& permit, PyObject* error);

// Calls a function under the policy; what `@policy` and policy.call() do. Raises the policy's
// exception when it refuses.
PyObject* CallGuarded(PolicyObject* self, PyObject* function, PyObject* const* args, size_t count,
                      PyObject* keywords);

PyObject* ReasonOf(const PolicyObject* self, int32_t reason);  // borrowed
PyObject* RaiseRejected(const PolicyObject* self, const DecisionFields& decision);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_POLICY_OBJECT_H_
