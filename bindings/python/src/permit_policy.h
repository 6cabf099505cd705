// What the code that runs for each request asks of a policy that gives permits, whichever it is.
#ifndef SPILLWAY_PYTHON_PERMIT_POLICY_H_
#define SPILLWAY_PYTHON_PERMIT_POLICY_H_

#include <cstdint>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/base/time.h"

namespace spillway::python {

// A `now` may be kReadClock everywhere.
class PermitPolicy {
 public:
  PermitPolicy() = default;
  PermitPolicy(const PermitPolicy&) = delete;
  PermitPolicy& operator=(const PermitPolicy&) = delete;
  virtual ~PermitPolicy() = default;

  virtual DecisionFields Decide(Nanos now) noexcept = 0;
  virtual Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) noexcept = 0;

  // Number of the current state; another one means that there are events.
  virtual uint32_t generation() const noexcept = 0;
};

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_PERMIT_POLICY_H_
