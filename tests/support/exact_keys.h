// What a keyed limiter promises of each key, in whole numbers that never round.
#ifndef SPILLWAY_TESTS_SUPPORT_EXACT_KEYS_H_
#define SPILLWAY_TESTS_SUPPORT_EXACT_KEYS_H_

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "spillway/base/time.h"
#include "spillway/limiter/keyed_limiter_settings.h"
#include "spillway/limiter/token_clock.h"

namespace spillway::testing {

// A token bucket for each key, and as many of them as there are keys. Times are told in the units
// that the header of the limiter names.
class ExactKeys {
 public:
  explicit ExactKeys(const KeyedLimiterSettings& settings)
      : burst_(settings.burst),
        clock_(settings.rate, burst_, burst_, FinestOf(settings.burst)),
        token_(static_cast<int64_t>(clock_.token_units())),
        lag_(std::max(capacity(), int64_t{1} << 16)) {}

  int64_t token() const { return token_; }
  int64_t capacity() const { return token_ * burst_; }

  // By the clock that is tested by itself.
  int64_t Units(Nanos now) const { return static_cast<int64_t>(clock_.Units(now)); }
  // When a call is decided.
  int64_t TimeOf(Nanos now) const { return std::max(Units(now), newest_); }

  // How long until the key has all its tokens.
  int64_t Ahead(uint64_t key, Nanos now) const {
    const auto found = full_at_.find(key);
    return found == full_at_.end() ? 0 : std::max<int64_t>(found->second - TimeOf(now), 0);
  }
  bool Has(uint64_t key, Nanos now, int64_t n) const {
    return Ahead(key, now) + n * token_ <= capacity();
  }

  void Take(uint64_t key, Nanos now, int64_t n) {
    const int64_t ahead = Ahead(key, now);
    const int64_t time = TimeOf(now);
    if (time - newest_ > lag_) newest_ = time;
    full_at_[key] = time + ahead + n * token_;
  }
  void Refund(uint64_t key, Nanos now, int64_t n) {
    const int64_t ahead = Ahead(key, now);
    if (ahead > 0) full_at_[key] = TimeOf(now) + ahead - std::min(ahead, n * token_);
  }
  void Forget(uint64_t key) { full_at_.erase(key); }

  int64_t Live(Nanos now) const {
    const int64_t time = TimeOf(now);
    return std::count_if(full_at_.begin(), full_at_.end(),
                         [=](const auto& key) { return key.second > time; });
  }

 private:
  static uint64_t FinestOf(int32_t burst) {
    int doublings = 0;
    while (int64_t{1} << doublings < burst) ++doublings;
    return uint64_t{1} << std::clamp(24 - doublings, 4, 12);
  }

  int64_t burst_;
  TokenClock clock_;
  int64_t token_;
  int64_t lag_;
  int64_t newest_ = 0;
  std::unordered_map<uint64_t, int64_t> full_at_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_EXACT_KEYS_H_
