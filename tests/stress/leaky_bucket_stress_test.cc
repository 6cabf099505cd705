// Threads that use one leaky bucket at the same time. Also run under the sanitizers. (Those that
// use a multi limiter are in tests/core/limiter/multi_limiter_test.cc.)
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>

#include "spillway/limiter/leaky_bucket.h"
#include "tests/support/policies.h"
#include "tests/support/random_settings.h"
#include "tests/support/threads.h"

namespace spillway {
namespace {

using testing::InThreads;
using testing::MakePolicy;
using testing::Random;

constexpr uint32_t kThreads = 4;
constexpr int kSteps = 30'000;
constexpr Nanos kStart = 1000 * kNanosPerSecond;
constexpr Nanos kUnit = 1'000'000;  // how long one takes to leak out

LeakyBucketSettings Settings(double rate, int32_t capacity, int32_t free) {
  LeakyBucketSettings settings;
  settings.rate = rate;
  settings.capacity = capacity;
  settings.free = free;
  return settings;
}

// At times that hardly pass, so that it is never empty: what was poured in and not cancelled is
// what has leaked out and the level, and nobody ever finds more in it than it holds.
TEST(LeakyBucketStressTest, NothingIsPouredInBeyondTheCapacityOrLost) {
  const LeakyBucketSettings settings = Settings(1000, 100, 3);
  const std::unique_ptr<LeakyBucket> bucket = MakePolicy<LeakyBucket>(settings);
  std::atomic<Nanos> now{kStart};
  std::atomic<int64_t> poured{0};
  std::atomic<uint64_t> admitted{0};
  std::atomic<uint64_t> wrong{0};
  while (bucket->Reserve(kStart, 1, kForever)) ++poured, ++admitted;
  InThreads(kThreads, [&](uint32_t thread) {
    Random random(thread + 1);
    for (int i = 0; i < kSteps; ++i) {
      const Nanos at = now.fetch_add(random.Below<Nanos>(20'000)) + 1;
      const int64_t n = 1 + random.Below<int64_t>(4);
      const LimiterReservation slot = bucket->Reserve(at, n, random.Below<Nanos>(120) * kUnit);
      if (!slot) continue;
      ++admitted;
      poured += n;
      // Poured in last, it waits until all but what is free of the capacity has leaked out.
      wrong += slot.act_at - at > (settings.capacity - settings.free) * kUnit;
      if (!random.OneIn(3)) continue;
      bucket->Cancel(slot, at);
      poured -= n;
    }
  });
  EXPECT_EQ(wrong, 0u);
  const LeakyBucketSnapshot snapshot = bucket->Snapshot(now);
  EXPECT_EQ(snapshot.level, poured - (now - kStart) / kUnit);
  EXPECT_LE(snapshot.level, settings.capacity);
  EXPECT_EQ(snapshot.total_admitted, admitted);
  EXPECT_GT(snapshot.total_refused, 0u);
}

// However rate and capacity change, whoever looks sees a rate with its own capacity.
TEST(LeakyBucketStressTest, ACapacityHasItsOwnRate) {
  const std::array all = {Settings(1000, 100, 3), Settings(3000, 7, 1), Settings(1.0 / 3, 50, 50)};
  const std::unique_ptr<LeakyBucket> bucket = MakePolicy<LeakyBucket>(all[0]);
  std::atomic<Nanos> now{kStart};
  std::atomic<uint64_t> changes{0};
  std::atomic<uint64_t> torn{0};
  InThreads(kThreads, [&](uint32_t thread) {
    Random random(thread + 1);
    for (int i = 0; i < kSteps; ++i) {
      const Nanos at = now.fetch_add(random.Below<Nanos>(20'000));
      bucket->Reserve(at, 1 + random.Below<int64_t>(4), kForever);
      if (random.OneIn(20)) {
        const LeakyBucketSettings& to = all[random.Below(all.size())];
        changes += bucket->Reconfigure(to, Inheritance::kKeep, at, nullptr);
      }
      const LeakyBucketSettings seen = bucket->settings();
      bool is_one = false;
      for (const LeakyBucketSettings& one : all) {
        is_one = is_one ||
                 (seen.rate == one.rate && seen.capacity == one.capacity && seen.free == one.free);
      }
      torn += !is_one;
    }
  });
  EXPECT_GT(changes, 0u);
  EXPECT_EQ(torn, 0u);
}

}  // namespace
}  // namespace spillway
