// Threads that use one circuit breaker: what they call and what they get, in a form that a model
// can compare.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_CALLS_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_CALLS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <ostream>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/breakers.h"
#include "tests/support/random_settings.h"

namespace spillway::testing {

struct BreakerCall {
  enum class Kind {
    kAcquire,
    kSettle,
    kForceOpen,
    kDisable,
    kMetricsOnly,
    kReset,
    kLook,        // state, generation and probes
    kLookInside,  // the window, too
  };

  Kind kind;
  Nanos now = 0;
  PermitFields permit = {};  // of kSettle
  Outcome outcome = Outcome::kSuccess;

  uint32_t generation() const { return static_cast<uint32_t>(permit.token % kGenerations); }
  // What the breaker was when it gave the permit.
  Phase phase() const { return static_cast<Phase>(permit.token >> kGenerationBits & 7); }

  // What it asks for by hand.
  CircuitBreakerState wanted() const {
    switch (kind) {
      case Kind::kForceOpen:
        return CircuitBreakerState::kForcedOpen;
      case Kind::kDisable:
        return CircuitBreakerState::kDisabled;
      case Kind::kMetricsOnly:
        return CircuitBreakerState::kMetricsOnly;
      default:
        return CircuitBreakerState::kClosed;
    }
  }

  friend std::ostream& operator<<(std::ostream& out, const BreakerCall& call) {
    static constexpr const char* kNames[] = {"acquire",      "settle", "force open", "disable",
                                             "metrics only", "reset",  "look",       "look inside"};
    out << kNames[static_cast<size_t>(call.kind)] << " at " << call.now;
    if (call.kind != Kind::kSettle) return out;
    static constexpr const char* kOutcomes[] = {"success", "failure", "ignored"};
    return out << " g" << call.generation() << " " << kOutcomes[static_cast<size_t>(call.outcome)];
  }
};

struct BreakerAnswer {
  int32_t code = 0;  // why refused, how settled, or whether it changed
  Nanos retry_after = 0;
  uint32_t generation = 0;  // of the permit, or of the state that was seen
  CircuitBreakerState state = CircuitBreakerState::kClosed;
  uint64_t probes_issued = 0;
  uint64_t probes_done = 0;
  uint64_t probes_failed = 0;
  uint64_t window_failed = 0;
  uint64_t window_total = 0;

  friend bool operator==(const BreakerAnswer&, const BreakerAnswer&) = default;
  friend std::ostream& operator<<(std::ostream& out, const BreakerAnswer& answer) {
    return out << "code " << answer.code << " retry after " << answer.retry_after << " g"
               << answer.generation << " " << NameOf(answer.state) << " probes "
               << answer.probes_issued << "/" << answer.probes_done << "/" << answer.probes_failed
               << " window " << answer.window_failed << "/" << answer.window_total;
  }
};

// The breaker, or one with a mistake of its own.
class BreakerSubject {
 public:
  explicit BreakerSubject(const CircuitBreakerSettings& settings)
      : breaker_(MakeBreaker(settings)) {}
  virtual ~BreakerSubject() = default;

  virtual DecisionFields Decide(Nanos now) { return breaker_->Decide(now); }
  virtual Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) {
    return breaker_->Settle(permit, outcome, now);
  }
  virtual void Reset(Nanos now) { breaker_->Reset(now); }
  virtual CircuitBreakerSnapshot Snapshot(Nanos now) { return breaker_->Snapshot(now); }

  CircuitBreaker& breaker() { return *breaker_; }

 private:
  std::unique_ptr<CircuitBreaker> breaker_;
};

// What threads do, in shares of so many calls.
struct BreakerUse {
  uint32_t failures_of_ten = 5;
  uint32_t ignored_of_ten = 0;
  uint32_t by_hand_of_hundred = 0;
  bool looks_inside = false;
  Nanos step = 0;  // time advances by less than this with each call
};

class BreakerClient {
 public:
  using Operation = BreakerCall;
  using Answer = BreakerAnswer;
  using Kind = BreakerCall::Kind;

  BreakerClient(BreakerSubject* subject, const BreakerUse& use, std::atomic<Nanos>* clock,
                std::vector<PermitFields> held = {})
      : subject_(subject), use_(use), clock_(clock), held_(std::move(held)) {}

  BreakerCall Next(Random& random) {
    const Nanos step = use_.step == 0 ? 0 : random.Below(use_.step);
    const Nanos now = clock_->fetch_add(step, std::memory_order_relaxed) + step;
    if (random.Below(100u) < use_.by_hand_of_hundred) return {.kind = ByHand(random), .now = now};
    if (random.OneIn(5))
      return {.kind = use_.looks_inside ? Kind::kLookInside : Kind::kLook, .now = now};
    if (held_.empty() || random.OneIn(3)) return {.kind = Kind::kAcquire, .now = now};
    const size_t which = random.Below(held_.size());
    const PermitFields permit = held_[which];
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    return {.kind = Kind::kSettle, .now = now, .permit = permit, .outcome = Draw(random)};
  }

  BreakerAnswer Run(const BreakerCall& call) {
    CircuitBreaker& breaker = subject_->breaker();
    switch (call.kind) {
      case Kind::kAcquire:
        return Acquire(call.now);
      case Kind::kSettle:
        return {.code =
                    static_cast<int32_t>(subject_->Settle(call.permit, call.outcome, call.now))};
      case Kind::kForceOpen:
        return {.code = breaker.ForceOpen(call.now)};
      case Kind::kDisable:
        return {.code = breaker.Disable(call.now)};
      case Kind::kMetricsOnly:
        return {.code = breaker.MetricsOnly(call.now)};
      case Kind::kReset:
        subject_->Reset(call.now);
        return {.code = 1};
      default:
        return Look(call);
    }
  }

  // Takes the newest permit, to be settled by hand; an empty one from a breaker that gave none.
  PermitFields Take() {
    if (held_.empty()) return {};
    const PermitFields permit = held_.back();
    held_.pop_back();
    return permit;
  }

 private:
  BreakerAnswer Acquire(Nanos now) {
    const DecisionFields decision = subject_->Decide(now);
    if (decision.reason != 0) return {.code = decision.reason, .retry_after = decision.retry_after};
    held_.push_back(decision.permit);
    return {.generation = static_cast<uint32_t>(decision.permit.token % kGenerations)};
  }

  BreakerAnswer Look(const BreakerCall& call) {
    const CircuitBreakerSnapshot seen = subject_->Snapshot(call.now);
    BreakerAnswer answer{.generation = seen.generation,
                         .state = seen.state,
                         .probes_issued = static_cast<uint64_t>(seen.probes_issued),
                         .probes_done = static_cast<uint64_t>(seen.probes_done),
                         .probes_failed = static_cast<uint64_t>(seen.probes_failed)};
    if (call.kind == Kind::kLookInside) {
      answer.window_failed = seen.failures;
      answer.window_total = seen.failures + seen.successes;
    }
    return answer;
  }

  Outcome Draw(Random& random) const {
    const uint32_t draw = random.Below(10u);
    if (draw < use_.failures_of_ten) return Outcome::kFailure;
    return draw < use_.failures_of_ten + use_.ignored_of_ten ? Outcome::kIgnored
                                                             : Outcome::kSuccess;
  }

  static Kind ByHand(Random& random) {
    return random.Of({Kind::kReset, Kind::kReset, Kind::kReset, Kind::kForceOpen, Kind::kDisable,
                      Kind::kMetricsOnly});
  }

  BreakerSubject* subject_;
  BreakerUse use_;
  std::atomic<Nanos>* clock_;
  std::vector<PermitFields> held_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_CALLS_H_
