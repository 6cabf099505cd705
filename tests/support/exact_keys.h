// What a keyed limiter promises of each key, in whole numbers that never round.
#ifndef SPILLWAY_TESTS_SUPPORT_EXACT_KEYS_H_
#define SPILLWAY_TESTS_SUPPORT_EXACT_KEYS_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <unordered_map>

#include "spillway/base/rate.h"
#include "spillway/base/time.h"
#include "spillway/limiter/keyed_limiter_settings.h"
#include "tests/support/exact.h"

namespace spillway::testing {

// A token bucket for each key, and as many of them as there are keys. Times are told in the units
// that the header of the limiter names.
class ExactKeys {
 public:
  explicit ExactKeys(const KeyedLimiterSettings& settings)
      : rate_(RateOf(settings.rate)), burst_(settings.burst) {
    const int doublings = std::bit_width(static_cast<uint32_t>(burst_ - 1));
    const Wide finest = Wide{1} << std::clamp(24 - doublings, 4, 12);
    token_ = static_cast<int64_t>(std::clamp<Wide>(rate_.nanos / rate_.events, 1, finest));
    lag_ = std::max(token_ * burst_, int64_t{1} << 16);
  }

  int64_t token() const { return token_; }
  int64_t capacity() const { return token_ * burst_; }

  int64_t Units(Nanos now) const {
    const Wide parts = static_cast<Wide>(std::max<Nanos>(now, 0)) * rate_.events;
    const Quotient part =
        MultiplyDivide(parts % rate_.nanos, static_cast<Wide>(token_), rate_.nanos);
    return static_cast<int64_t>(parts / rate_.nanos * static_cast<Wide>(token_) + part.whole);
  }
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
  Rate rate_;
  int64_t burst_;
  int64_t token_ = 1;
  int64_t lag_ = 0;
  int64_t newest_ = 0;
  std::unordered_map<uint64_t, int64_t> full_at_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_EXACT_KEYS_H_
