// Processes that share one token bucket, each with its own reading of the clock, together get the
// rate of one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "spillway/limiter/token_bucket.h"
#include "tests/kill/process.h"
#include "tests/kill/report.h"
#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

// Of all processes together: about a second's work.
constexpr int64_t kCalls = 6'000'000;
constexpr size_t kMostProcesses = 6;

TokenBucketSettings Settings() {
  TokenBucketSettings settings;
  settings.rate = 100'000;
  settings.burst = 1000;
  return settings;
}

// What one process saw.
struct Share {
  Nanos first = std::numeric_limits<Nanos>::max();
  Nanos last = 0;
  int64_t admitted = 0;
  // For how long at most the bucket had been full when this process found it so: what flows into a
  // full bucket is lost.
  Nanos full = 0;
  bool began_full = false;  // so had it been since before the first call of this process

  void Add(const LimiterDecision& decision, Nanos now, uint64_t token) {
    const Nanos before = last;
    first = std::min(first, now);
    last = now;
    if (!decision) return;
    ++admitted;
    if (decision.detail > token) return;  // this call found it not full
    if (before == 0)
      began_full = true;
    else
      full += now - before;
  }
};

void Work(TokenBucket* bucket, const TokenClock& clock, int64_t calls, Share* share) {
  for (int64_t i = 0; i < calls; ++i) {
    const Nanos now = SteadyNow();
    share->Add(bucket->TryAcquire(now), now, clock.token());
  }
}

struct Page {
  Share shares[kMostProcesses];
};

Share Sum(std::span<const Share> shares) {
  Share all;
  for (const Share& share : shares) {
    all.first = std::min(all.first, share.first);
    all.last = std::max(all.last, share.last);
    all.admitted += share.admitted;
    all.full += share.full;
  }
  for (const Share& share : shares) {
    if (share.began_full) all.full += share.first - all.first;
  }
  return all;
}

class SharedRateTest : public ::testing::TestWithParam<size_t> {};

INSTANTIATE_TEST_SUITE_P(Processes, SharedRateTest, ::testing::Values(1, 2, 6));

TEST_P(SharedRateTest, ProcessesTogetherGetWhatOneWould) {
  const TokenBucketSettings settings = Settings();
  const TokenClock clock(settings.rate, settings.burst);
  const SharedMemory memory(TokenBucket::MemoryBytes());
  Shared<Page> page;
  const auto processes = static_cast<int64_t>(GetParam());
  {
    std::vector<Child> children;
    for (Share& share : std::span(page->shares, GetParam())) {
      children.emplace_back([&] {
        const auto bucket = MakePolicy<TokenBucket>(settings, memory.get(), true);
        Work(bucket.get(), clock, kCalls / processes, &share);
      });
    }
    for (Child& child : children) ASSERT_EQ(child.Wait(), 0);
  }
  const Share all = Sum(std::span(page->shares, GetParam()));
  const auto bucket = MakePolicy<TokenBucket>(settings, memory.get(), true);
  const TokenBucketSnapshot snapshot = bucket->Snapshot(all.last);
  EXPECT_EQ(snapshot.total_admitted, static_cast<uint64_t>(all.admitted));
  EXPECT_EQ(snapshot.total_admitted + snapshot.total_refused,
            static_cast<uint64_t>(kCalls / processes * processes));
  const Nanos token = kNanosPerSecond / static_cast<Nanos>(settings.rate);
  const int64_t most = settings.burst + (all.last - all.first) / token;
  EXPECT_LE(all.admitted, most);
  // And no fewer, but for what is left and what overflowed while nobody came.
  const int64_t lost = all.full == 0 ? 0 : all.full / token + 1;
  EXPECT_GE(all.admitted + snapshot.tokens, most - lost);
  ReportRate(std::to_string(processes), all.admitted, most);
}

}  // namespace
}  // namespace spillway::testing
