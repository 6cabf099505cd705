// What the code that runs for each request asks of a limiter, whichever it is.
#ifndef SPILLWAY_PYTHON_LIMITER_H_
#define SPILLWAY_PYTHON_LIMITER_H_

#include <cstdint>

#include "spillway/base/time.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/multi_limiter.h"
#include "support.h"

namespace spillway::python {

// What a decision needs of the limiter that made it.
class DecidingLimiter {
 public:
  DecidingLimiter() = default;
  DecidingLimiter(const DecidingLimiter&) = delete;
  DecidingLimiter& operator=(const DecidingLimiter&) = delete;
  virtual ~DecidingLimiter() = default;

  virtual LimitStatus Describe(const LimiterDecision& decision, Nanos now, int64_t n,
                               Nanos max_wait) const noexcept = 0;

  // The policy object of the member that refused, borrowed; null where there is none.
  virtual PyObject* RefusedBy(const LimiterDecision&) const noexcept { return nullptr; }

  // The tuple of its reasons for refusing: here, because a decision may outlive the policy object.
  py::object reasons;
};

// Counts are never below 0, here and below.
class Limiter : public DecidingLimiter {
 public:
  virtual LimiterDecision TryAcquire(Nanos now, int64_t n) noexcept = 0;
  // What TryAcquire would answer if this were no dry run. Takes and counts nothing.
  virtual LimiterDecision Peek(Nanos now, int64_t n) noexcept = 0;
};

// One that can promise what is not there yet.
class ReservingLimiter : public Limiter {
 public:
  virtual LimiterReservation Reserve(Nanos now, int64_t n, Nanos max_wait) noexcept = 0;
  virtual void Cancel(const LimiterReservation& reservation, Nanos now) noexcept = 0;
  virtual void Refund(Nanos now, int64_t n) noexcept = 0;

  // For a multi limiter.
  virtual MultiLimiterMember AsMember() noexcept = 0;
  virtual bool IsDryRun() const noexcept = 0;
};

// One that has a balance: it can be emptied, and overdrawn.
class OverdraftLimiter : public ReservingLimiter {
 public:
  virtual int64_t AcquireUpTo(Nanos now, int64_t n) noexcept = 0;
  virtual LimiterDecision ForceAcquire(Nanos now, int64_t n) noexcept = 0;
};

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_LIMITER_H_
