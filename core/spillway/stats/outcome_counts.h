// The four classes of a settled call, and how many of each a window holds.
#ifndef SPILLWAY_STATS_OUTCOME_COUNTS_H_
#define SPILLWAY_STATS_OUTCOME_COUNTS_H_

#include <cstdint>

namespace spillway {

// Disjoint, so that counting a call is one step: bit 0 = failed, bit 1 = slow.
enum CallClass : uint32_t { kOk = 0, kFailed = 1, kSlowOk = 2, kSlowFailed = 3 };
inline constexpr uint32_t kCallClasses = 4;

constexpr CallClass ClassOf(bool failed, bool slow) {
  return static_cast<CallClass>(static_cast<uint32_t>(failed) | static_cast<uint32_t>(slow) << 1);
}

struct OutcomeCounts {
  uint64_t by_class[kCallClasses] = {};

  constexpr uint64_t total() const {
    return by_class[kOk] + by_class[kFailed] + by_class[kSlowOk] + by_class[kSlowFailed];
  }
  constexpr uint64_t failed() const { return by_class[kFailed] + by_class[kSlowFailed]; }
  constexpr uint64_t slow() const { return by_class[kSlowOk] + by_class[kSlowFailed]; }
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_OUTCOME_COUNTS_H_
