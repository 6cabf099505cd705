// A client throttle as a plain list of its calls.
#ifndef SPILLWAY_TESTS_SUPPORT_LIST_OF_CALLS_H_
#define SPILLWAY_TESTS_SUPPORT_LIST_OF_CALLS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "spillway/base/decision.h"
#include "spillway/base/hash.h"
#include "spillway/base/outcome.h"
#include "spillway/base/permit.h"
#include "spillway/base/priority.h"
#include "spillway/base/time.h"
#include "spillway/concurrency/client_throttle_rule.h"
#include "spillway/concurrency/client_throttle_settings.h"

namespace spillway::testing {

struct CallOfList {
  int64_t bucket;
  PermitFields permit;
  bool accepted = false;
  bool ignored = false;
  bool settled = false;
};

// Each call by itself; nothing is ever forgotten.
class ListOfCalls {
 public:
  static constexpr int64_t kBuckets = 12;

  explicit ListOfCalls(const ClientThrottleSettings& settings) : settings_(settings) {}

  void Change(const ClientThrottleSettings& settings) { settings_ = settings; }
  CallOfList& call(size_t i) { return calls_[i]; }
  size_t size() const { return calls_.size(); }

  int64_t Newest(Nanos now) const {
    const Nanos bucket = (settings_.window_ns + kBuckets - 1) / kBuckets;
    return std::max(newest_, std::max<Nanos>(now, 0) / bucket);
  }
  ThrottleCounts Counts(Nanos now) const {
    ThrottleCounts counts;
    for (const CallOfList& call : calls_) {
      if (call.bucket + kBuckets <= Newest(now) || call.ignored) continue;
      ++counts.requests;
      counts.accepts += call.accepted;
    }
    return counts;
  }

  // Whether it is refused.
  bool Ask(Nanos now, Priority priority) {
    newest_ = Newest(now);
    const ThrottleCounts counts = Counts(now);
    calls_.push_back({.bucket = newest_, .permit = {}});
    const ThrottleRule rule = RuleFor(priority);
    if (counts.requests < static_cast<uint64_t>(settings_.min_calls) || rule.Excess(counts) == 0)
      return false;
    const uint64_t draw = Mix(settings_.seed) + EvenlySpread(draws_++);
    return rule.Refuses(counts, draw >> 32) && !settings_.dry_run;
  }

  Settlement Settle(size_t i, Outcome outcome, Nanos now) {
    CallOfList& call = calls_[i];
    call.settled = true;
    if (call.bucket + kBuckets <= Newest(now)) return Settlement::kStale;
    call.accepted = outcome == Outcome::kSuccess;
    call.ignored = outcome == Outcome::kIgnored;
    return Settlement::kCounted;
  }

 private:
  ThrottleRule RuleFor(Priority priority) const {
    const double k = priority == Priority::kNormal     ? settings_.k
                     : priority == Priority::kCritical ? settings_.critical_k
                                                       : settings_.sheddable_k;
    return {.k = static_cast<uint64_t>(std::lround(k * 10'000)),
            .most = static_cast<uint64_t>(std::lround(settings_.max_rejection * 10'000))};
  }

  ClientThrottleSettings settings_;
  std::vector<CallOfList> calls_;
  int64_t newest_ = 0;
  uint64_t draws_ = 0;
};

// Options that may change. `Random` is testing::Random, or whatever answers as it does.
template <class Random>
void Tune(Random& random, ClientThrottleSettings* settings) {
  settings->sheddable_k = random.Of({1.0, 1.25, 1.5});
  settings->k = random.Of({1.5, 2.0, 3.3333});
  settings->critical_k = random.Of({3.5, 4.0, 1000.0});
  settings->min_calls = random.Of({1, 5, 20});
  settings->max_rejection = random.Of({0.0, 0.5, 0.9, 1.0});
  settings->dry_run = random.OneIn(8);
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_LIST_OF_CALLS_H_
