// Threads that use one keyed limiter at the same time. Also run under the sanitizers.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "spillway/limiter/keyed_limiter.h"
#include "tests/support/keyed_limiters.h"
#include "tests/support/random.h"
#include "tests/support/threads.h"

namespace spillway {
namespace {

using testing::InThreads;
using testing::MakeKeyed;
using testing::Random;

constexpr uint32_t kThreads = 4;
constexpr Nanos kNow = 1000 * kNanosPerSecond;

// limits (issue 352 and its pull request) has a lock for each key, and takes it out of its map
// outside the lock of that: two first calls of one key hold two locks.
TEST(KeyedLimiterStressTest, FirstCallsOfOneKeyShareItsTokens) {
  constexpr uint64_t kKeys = 20'000;
  constexpr int kBurst = 3;
  const auto limiter = MakeKeyed({.rate = 1e-3, .burst = kBurst, .max_keys = 131'072, .seed = 1});
  std::array<std::atomic<int>, kKeys> admitted = {};
  InThreads(kThreads, [&](uint32_t) {
    for (uint64_t key = 0; key < kKeys; ++key) {
      for (int i = 0; i < 2; ++i) {
        if (limiter->TryAcquire(kNow, key)) admitted[key].fetch_add(1, std::memory_order_relaxed);
      }
    }
  });
  for (const std::atomic<int>& of_key : admitted) ASSERT_EQ(of_key.load(), kBurst);
  EXPECT_EQ(limiter->CountLiveKeys(kNow), static_cast<int64_t>(kKeys));
  EXPECT_EQ(limiter->Snapshot(kNow).total_admitted, kKeys * kBurst);
  EXPECT_EQ(limiter->Snapshot(kNow).total_refused, kKeys * (2 * kThreads - kBurst));
}

// Far more keys than cells: what was taken is in the cells, or was forgiven.
TEST(KeyedLimiterStressTest, NoTokenOfAFullTableIsLost) {
  constexpr uint64_t kKeys = 60;
  constexpr int kSteps = 100'000;
  const auto limiter = MakeKeyed({.rate = 1e-3, .burst = 3, .max_keys = 4});
  std::atomic<uint64_t> taken{0};
  InThreads(kThreads, [&](uint32_t thread) {
    Random random(thread + 1);
    for (int i = 0; i < kSteps; ++i) {
      const int64_t n = 1 + random.Below<int64_t>(2);
      if (limiter->TryAcquire(kNow, random.Below(kKeys), n)) taken += static_cast<uint64_t>(n);
    }
  });
  uint64_t found = limiter->Snapshot(kNow).total_forgiven_tokens;
  for (uint64_t key = 0; key < kKeys; ++key) {
    const LimiterDecision there = limiter->TryAcquire(kNow, key, 0);
    found += static_cast<uint64_t>(3 - limiter->Describe(there, kNow, 0).remaining);
  }
  EXPECT_EQ(found, taken.load());
  EXPECT_GT(limiter->Snapshot(kNow).total_evicted, 0u);
}

// Times that pass, and that differ by thread: each key gets burst + rate * t at most.
TEST(KeyedLimiterStressTest, ClocksThatDifferMintNothing) {
  constexpr uint64_t kKeys = 40;
  constexpr int kSteps = 100'000;
  constexpr Nanos kToken = 1000;
  const auto limiter = MakeKeyed(
      {.rate = 1e6, .burst = 2, .max_keys = 4, .when_full = KeyedLimiterWhenFull::kRefuse});
  std::array<std::atomic<int64_t>, kKeys> admitted = {};
  std::atomic<Nanos> now{kNow};
  InThreads(kThreads, [&](uint32_t thread) {
    Random random(thread + 1);
    for (int i = 0; i < kSteps; ++i) {
      const Nanos at =
          now.fetch_add(random.Below<Nanos>(100)) - thread * random.Below(kToken * 100);
      const uint64_t key = random.Below(kKeys);
      if (limiter->TryAcquire(at, key)) admitted[key].fetch_add(1, std::memory_order_relaxed);
    }
  });
  const int64_t most = 2 + (now.load() - kNow) / kToken;
  for (const std::atomic<int64_t>& of_key : admitted) EXPECT_LE(of_key.load(), most);
  const KeyedLimiterSnapshot snapshot = limiter->Snapshot(now.load());
  EXPECT_EQ(snapshot.total_admitted + snapshot.total_refused + snapshot.total_refused_without_cell,
            uint64_t{kThreads} * kSteps);
}

}  // namespace
}  // namespace spillway
