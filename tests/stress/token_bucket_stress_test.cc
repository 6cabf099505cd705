// Threads that use one token bucket at the same time. Also run under the sanitizers.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>

#include "spillway/limiter/token_bucket.h"
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
constexpr Nanos kToken = 1'000'000;  // at the first of the rates

TokenBucketSettings Settings(double rate, int32_t burst) {
  TokenBucketSettings settings;
  settings.rate = rate;
  settings.burst = burst;
  return settings;
}

// Threads that take, each in its way, at times that hardly pass; and what they got.
class Hammer {
 public:
  explicit Hammer(const TokenBucketSettings& settings)
      : bucket_(MakePolicy<TokenBucket>(settings)) {
    // Time begins, with an empty bucket: wanted more than it gives, it never fills.
    Count(bucket_->AcquireUpTo(kStart, settings.burst));
  }

  void Run(const std::function<void(Random&, Nanos)>& also = {}) {
    InThreads(kThreads, [&](uint32_t thread) {
      Random random(thread + 1);
      for (int i = 0; i < kSteps; ++i) {
        const Nanos now = now_.fetch_add(random.Below<Nanos>(20'000)) + 1;
        Take(random, now);
        if (also) also(random, now);
      }
    });
    const TokenBucketSnapshot snapshot = bucket_->Snapshot(now_);
    EXPECT_EQ(snapshot.total_admitted, admitted_);
    EXPECT_EQ(snapshot.total_refused, refused_);
    EXPECT_EQ(admitted_ + refused_, uint64_t{kThreads} * kSteps + 1);
    EXPECT_GT(admitted_, 0u);
    EXPECT_GT(refused_, 0u);
  }

  TokenBucket& bucket() { return *bucket_; }
  int64_t taken() const { return taken_; }
  Nanos now() const { return now_; }
  Nanos time() const { return now_ - kStart; }

 private:
  void Take(Random& random, Nanos now) {
    const int64_t n = 1 + random.Below<int64_t>(3);
    switch (random.Below(8)) {
      case 0:
        Count(bucket_->AcquireUpTo(now, n));
        break;
      case 1: {
        const LimiterReservation slot = bucket_->Reserve(now, n, kToken);
        Count(slot ? n : 0);
        if (!slot) break;
        // At most this comes back: nothing when the rate has changed in between.
        bucket_->Cancel(slot, now);
        taken_ -= n;
        break;
      }
      case 2: {
        const bool got = static_cast<bool>(bucket_->TryAcquire(now, n));
        Count(got ? n : 0);
        if (!got) break;
        bucket_->Refund(now, n);
        taken_ -= n;
        break;
      }
      default:
        Count(bucket_->TryAcquire(now, n) ? n : 0);
    }
  }

  void Count(int64_t got) {
    taken_ += got;
    ++(got != 0 ? admitted_ : refused_);
  }

  std::unique_ptr<TokenBucket> bucket_;
  std::atomic<Nanos> now_{kStart};
  std::atomic<int64_t> taken_{0};
  std::atomic<uint64_t> admitted_{0};
  std::atomic<uint64_t> refused_{0};
};

// What was taken and what is left are what came in, to the token.
TEST(TokenBucketStressTest, NoTokenIsTakenTwiceOrLost) {
  TokenBucketSettings settings = Settings(1000, 100);
  for (const int32_t initially : {100, 0}) {
    settings.initial_tokens = initially;
    Hammer hammer(settings);
    hammer.Run();
    EXPECT_EQ(hammer.taken() + hammer.bucket().Snapshot(hammer.now()).tokens,
              initially + hammer.time() / kToken);
  }
}

// The tokens are kept, so that however rate and burst change, no more come than at the highest
// rate; and whoever looks sees a rate with its own burst.
TEST(TokenBucketStressTest, NoTokenComesOfAChange) {
  const std::array all = {Settings(1000, 100), Settings(3000, 7), Settings(70, 1),
                          Settings(1.0 / 3, 50)};
  Hammer hammer(all[0]);
  std::atomic<uint64_t> changes{0};
  std::atomic<uint64_t> torn{0};
  hammer.Run([&](Random& random, Nanos now) {
    if (random.OneIn(20)) {
      const TokenBucketSettings& to = all[random.Below(all.size())];
      changes += hammer.bucket().Reconfigure(to, Inheritance::kKeep, now, nullptr);
    }
    const TokenBucketSettings seen = hammer.bucket().settings();
    bool is_one = false;
    for (const TokenBucketSettings& one : all) {
      is_one = is_one || (seen.rate == one.rate && seen.burst == one.burst);
    }
    torn += !is_one;
  });
  EXPECT_GT(changes, 0u);
  EXPECT_EQ(torn, 0u);
  EXPECT_LE(hammer.taken(), 100 + 3 * (hammer.time() / kToken + 1));
}

// A gate that opens for one at a time: with all tokens alike, and with a cold start.
TEST(TokenBucketStressTest, AGateLetsThroughNoMoreThanIsPaidFor) {
  for (const double factor : {1.0, 3.0}) {
    TokenBucketSettings settings = Settings(1000, 3);
    settings.warm_up_ns = 20 * kToken;
    settings.cold_factor = factor;
    Hammer hammer(settings);
    hammer.Run();
    EXPECT_LE(hammer.taken(), 3 + 1 + hammer.time() / kToken);
    // A cancel of what passed at once gives nothing back, and the books have it back.
    EXPECT_GT(hammer.taken(), hammer.time() / kToken / 4);
  }
}

}  // namespace
}  // namespace spillway
