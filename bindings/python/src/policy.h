// What the code that runs for each request asks of a policy, whichever it is.
#ifndef SPILLWAY_PYTHON_POLICY_H_
#define SPILLWAY_PYTHON_POLICY_H_

#include <cstdint>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/base/time.h"

namespace spillway::python {

// A `now` may be kReadClock everywhere.
class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  virtual DecisionFields Decide(Nanos now) noexcept = 0;
  virtual Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) noexcept = 0;

  // Number of the current state; another one means that there are events.
  virtual uint32_t generation() const noexcept = 0;
};

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_POLICY_H_
