// What the code that runs for each request asks of a policy that gives permits, whichever it is.
#ifndef SPILLWAY_PYTHON_PERMIT_POLICY_H_
#define SPILLWAY_PYTHON_PERMIT_POLICY_H_

#include <cstdint>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/base/priority.h"
#include "spillway/base/time.h"

namespace spillway::python {

// A `now` may be kReadClock everywhere.
class PermitPolicy {
 public:
  PermitPolicy() = default;
  PermitPolicy(const PermitPolicy&) = delete;
  PermitPolicy& operator=(const PermitPolicy&) = delete;
  virtual ~PermitPolicy() = default;

  virtual DecisionFields Decide(Nanos now, Priority priority) noexcept = 0;
  virtual Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) noexcept = 0;

  // Number of the current state; another one means that there are events. One that has no events
  // stays at 0.
  virtual uint32_t generation() const noexcept { return 0; }
};

// As a reason: not refused, but the call is to wait. Its permit holds a place in the queue.
inline constexpr int32_t kQueued = -1;

struct PlaceObject;

// One whose calls may wait for their turn; place_object.h says how they do. A permit that holds a
// place may be settled as one that holds more: that gives up the place.
class QueueingPolicy : public PermitPolicy {
 public:
  // As Decide, for a call that will wait: the reason may be kQueued.
  virtual DecisionFields DecideOrQueue(Nanos now, Priority priority) noexcept = 0;
  // Whether its turn has come; then the permit is that of a call that starts now.
  virtual bool Poll(PermitFields* permit, Nanos now) noexcept = 0;
  // Whether a place was given out before another one.
  virtual bool IsBefore(const PermitFields& permit, const PermitFields& other) const noexcept = 0;

  // How long a call waits that does not say.
  virtual Nanos max_wait() const noexcept = 0;
  // The reason for refusing a call that has waited long enough.
  virtual int32_t timed_out() const noexcept = 0;

  // Those who wait, in order.
  PlaceObject* first = nullptr;
  PlaceObject* last = nullptr;
  bool serving = false;  // ServeQueue is at work
};

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_PERMIT_POLICY_H_
