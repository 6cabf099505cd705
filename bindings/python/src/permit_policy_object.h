// The base type of the classes of policies that give permits: what is called for each request.
#ifndef SPILLWAY_PYTHON_PERMIT_POLICY_OBJECT_H_
#define SPILLWAY_PYTHON_PERMIT_POLICY_OBJECT_H_

#include "clock.h"
#include "permit_policy.h"
#include "policy_object.h"
#include "rules.h"
#include "support.h"

namespace spillway::python {

// Set by __init__, once, and not changed after it.
struct PermitPolicyObject : PolicyObject {
  PermitPolicy* policy;   // inside `core`
  QueueingPolicy* queue;  // the same, where it is one; else null
  PyObject* changed;      // called with the policy and its new generation; None: nobody cares
  Priority priority;      // of all calls that are made through this object
  Rules rules;
  uint32_t noticed;  // the generation `changed` was last called for
};

// _core.PermitPolicy, and _core.QueueingPolicy for those that have a queue.
void AddPermitPolicyTypes(py::module_& module);

// Tells those who care, outside the hot path. Keeps the exception that is set.
void NoticeChange(PermitPolicyObject* self, uint32_t generation) noexcept;

inline void Notice(PermitPolicyObject* self) noexcept {
  const uint32_t generation = self->policy->generation();
  if (generation != self->noticed) [[unlikely]]
    NoticeChange(self, generation);
}

inline DecisionFields Decide(PermitPolicyObject* self, Nanos now) noexcept {
  const DecisionFields decision = self->policy->Decide(now, self->priority);
  Notice(self);
  return decision;
}

// For a call that waits so long: only where there is a queue is that above 0. The reason may be
// kQueued.
inline DecisionFields Decide(PermitPolicyObject* self, Nanos now, Nanos wait) noexcept {
  if (wait == 0) [[likely]]
    return Decide(self, now);
  return self->queue->DecideOrQueue(now, self->priority);
}

inline Settlement Settle(PermitPolicyObject* self, const PermitFields& permit, Outcome outcome,
                         Nanos now = kReadClock) noexcept {
  const Settlement settlement = self->policy->Settle(permit, outcome, now);
  Notice(self);
  return settlement;
}

// Settles by what the rules say of a result. False with an exception set when a callback raised.
bool SettleResult(PermitPolicyObject* self, const PermitFields& permit, PyObject* result);

// Settles by what the rules say of an error. False with an exception set when a callback raised;
// `error` is then its context.
bool SettleError(PermitPolicyObject* self, const PermitFields& permit, PyObject* error);

inline PyObject* Refuse(const PermitPolicyObject* self, const DecisionFields& decision) {
  return RaiseRejected(self, decision.reason, decision.retry_after);
}

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_PERMIT_POLICY_OBJECT_H_
