// What the scenarios of the token bucket begin with: a real one, in memory of the scenario.
#ifndef SPILLWAY_TESTS_MODEL_TOKEN_BUCKET_BASE_H_
#define SPILLWAY_TESTS_MODEL_TOKEN_BUCKET_BASE_H_

#include <cstdint>
#include <memory>

#include "spillway/limiter/token_bucket.h"
#include "spillway/sync/thread_slot.h"
#include "tests/model/in_place.h"
#include "tests/model/scenarios.h"
#include "tests/support/policies.h"

namespace spillway::model {

inline constexpr Nanos kSecond = kNanosPerSecond;
// Some time after the beginning, when clocks of different rates show different times.
inline constexpr Nanos kNow = 10 * kSecond;

inline TokenBucketSettings Small(double rate, int32_t burst) {
  TokenBucketSettings settings;
  settings.rate = rate;
  settings.burst = burst;
  settings.counted = false;
  return settings;
}

struct BucketBase : Scenario {
  explicit BucketBase(const TokenBucketSettings& settings, bool shared = false) {
    internal::thread_slot = internal::kNoThreadSlot;
    KeepForEachThread(&internal::thread_slot);
    const InPlace in_place;
    bucket = testing::MakePolicy<TokenBucket>(settings, &memory, shared);
  }

  bool Takes(Nanos now, int64_t n = 1) { return static_cast<bool>(bucket->TryAcquire(now, n)); }
  TokenBucketSnapshot At(Nanos now) const { return bucket->Snapshot(now); }
  void RequireTokens(int64_t tokens, Nanos now) {
    Require(At(now).tokens == tokens, "each token is somewhere, and once");
  }

  BucketMemory memory;
  std::unique_ptr<TokenBucket> bucket;
};

}  // namespace spillway::model

#endif  // SPILLWAY_TESTS_MODEL_TOKEN_BUCKET_BASE_H_
