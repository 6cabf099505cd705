// Threads that use one keyed limiter: what they call and what they get, in a form that a model can
// compare.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_KEYED_LIMITER_CALLS_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_KEYED_LIMITER_CALLS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <ostream>
#include <vector>

#include "spillway/limiter/keyed_limiter.h"
#include "tests/support/keyed_limiters.h"
#include "tests/support/random.h"

namespace spillway::testing {

struct KeyedLimiterCall {
  enum class Kind { kTake, kRefund, kForget, kLook, kTotals };

  Kind kind;
  Nanos now = 0;
  uint64_t key = 0;
  int64_t n = 1;

  friend std::ostream& operator<<(std::ostream& out, const KeyedLimiterCall& call) {
    static constexpr const char* kNames[] = {"take", "refund", "forget", "look", "totals"};
    return out << kNames[static_cast<size_t>(call.kind)] << " " << call.n << " of key " << call.key
               << " at " << call.now;
  }
};

struct KeyedLimiterAnswer {
  int64_t code = 0;      // why refused
  Nanos ahead = 0;       // how long until the key has all its tokens
  uint64_t evicted = 0;  // so many keys, with so many tokens
  uint64_t forgiven = 0;

  friend bool operator==(const KeyedLimiterAnswer&, const KeyedLimiterAnswer&) = default;
  friend std::ostream& operator<<(std::ostream& out, const KeyedLimiterAnswer& answer) {
    return out << "code " << answer.code << " full in " << answer.ahead << " evicted "
               << answer.evicted << " with " << answer.forgiven;
  }
};

// The limiter, or one with a mistake of its own.
class KeyedLimiterUnderTest {
 public:
  explicit KeyedLimiterUnderTest(const KeyedLimiterSettings& settings)
      : limiter_(MakeKeyed(settings)) {}
  virtual ~KeyedLimiterUnderTest() = default;

  virtual LimiterDecision Take(Nanos now, uint64_t key, int64_t n) {
    return limiter_->TryAcquire(now, key, n);
  }
  virtual void Refund(Nanos now, uint64_t key, int64_t n) { limiter_->Refund(now, key, n); }
  virtual void Forget(uint64_t key) { limiter_->Forget(key); }
  virtual KeyedLimiterSnapshot Snapshot() { return limiter_->Snapshot(0); }

 private:
  std::unique_ptr<KeyedLimiter> limiter_;
};

// What threads do.
struct KeyedLimiterUse {
  std::vector<KeyedLimiterCall::Kind> kinds;
  uint64_t keys = 0;
  Nanos step = 0;  // time advances by less than this with each call
};

class KeyedLimiterClient {
 public:
  using Operation = KeyedLimiterCall;
  using Answer = KeyedLimiterAnswer;
  using Kind = KeyedLimiterCall::Kind;

  KeyedLimiterClient(KeyedLimiterUnderTest* subject, const KeyedLimiterUse& use,
                     std::atomic<Nanos>* clock)
      : subject_(subject), use_(use), clock_(clock) {}

  KeyedLimiterCall Next(Random& random) {
    const Nanos step = use_.step == 0 ? 0 : random.Below(use_.step);
    return {.kind = use_.kinds[random.Below(use_.kinds.size())],
            .now = clock_->fetch_add(step, std::memory_order_relaxed) + step,
            .key = random.Below(use_.keys),
            .n = 1 + random.Below<int64_t>(2)};
  }

  KeyedLimiterAnswer Run(const KeyedLimiterCall& call) {
    switch (call.kind) {
      case Kind::kTake:
        return Of(subject_->Take(call.now, call.key, call.n));
      case Kind::kRefund:
        subject_->Refund(call.now, call.key, call.n);
        return {};
      case Kind::kForget:
        subject_->Forget(call.key);
        return {};
      case Kind::kLook:
        return Of(subject_->Take(call.now, call.key, 0));
      default: {
        const KeyedLimiterSnapshot seen = subject_->Snapshot();
        return {.evicted = seen.total_evicted, .forgiven = seen.total_forgiven_tokens};
      }
    }
  }

 private:
  // The unit of the clock is the nanosecond. When the first cell of a full set is free is not
  // compared.
  static KeyedLimiterAnswer Of(const LimiterDecision& decision) {
    const bool full = decision.reason == static_cast<int32_t>(KeyedLimiterRejection::kTableFull);
    return {.code = decision.reason, .ahead = full ? 0 : static_cast<Nanos>(decision.detail)};
  }

  KeyedLimiterUnderTest* subject_;
  KeyedLimiterUse use_;
  std::atomic<Nanos>* clock_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_KEYED_LIMITER_CALLS_H_
