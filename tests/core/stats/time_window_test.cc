#include "spillway/stats/time_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "tests/support/cells.h"

namespace spillway {
namespace {

using testing::Cells;
using testing::CountOfEach;

constexpr Nanos kMillisecond = 1'000'000;

// A window with its memory and one period at a time.
class Window {
 public:
  Window(Nanos window, uint32_t buckets, uint32_t stripes = 1)
      : window_(window, buckets, stripes), cells_(window_.words()) {}

  bool Record(CallClass call, Nanos now, uint32_t stripe = 0, uint64_t min_calls = 1) {
    return window_.Record(cells_.get(), stripe, call, window_.Epoch(now, period_), min_calls);
  }
  OutcomeCounts Counts(Nanos now) const { return window_.Counts(cells_.get(), now, period_); }
  OutcomeCounts Totals() const { return window_.Totals(cells_.get()); }
  void Forget(Nanos now) { period_ = window_.NextPeriod(cells_.get(), now); }

 private:
  TimeWindow window_;
  Cells cells_;
  uint64_t period_ = 0;
};

// Each class has a list of records, each in the newest bucket of its class when it comes late.
class NaiveWindow {
 public:
  NaiveWindow(Nanos bucket, int64_t buckets) : bucket_(bucket), buckets_(buckets) {}

  void Record(CallClass call, Nanos now) {
    newest_[call] = std::max(newest_[call], now / bucket_);
    ++records_[call][newest_[call]];
  }
  OutcomeCounts Counts(Nanos now) const {
    const int64_t last = std::max(now / bucket_, *std::max_element(newest_, newest_ + 4));
    OutcomeCounts counts;
    for (int call = 0; call < 4; ++call) {
      for (const auto& [bucket, count] : records_[call]) {
        if (bucket > last - buckets_) counts.by_class[call] += count;
      }
    }
    return counts;
  }
  void Forget() { *this = NaiveWindow(bucket_, buckets_); }

 private:
  Nanos bucket_;
  int64_t buckets_;
  int64_t newest_[4] = {};
  std::map<int64_t, uint64_t> records_[4];
};

TEST(TimeWindowTest, CountsWhatANaiveOneCounts) {
  for (const uint32_t buckets : {1u, 2u, 3u, 10u, 128u}) {
    SCOPED_TRACE(buckets);
    Window window(buckets * kMillisecond, buckets);
    NaiveWindow naive(kMillisecond, buckets);
    std::mt19937_64 random(buckets);
    Nanos now = static_cast<Nanos>(random() >> 4);
    for (int i = 0; i < 5000; ++i) {
      if (random() % 4 == 0) now += static_cast<Nanos>(random() % (3 * kMillisecond));
      if (random() % 200 == 0) now += static_cast<Nanos>(random() % (300 * kMillisecond));
      if (random() % 300 == 0) {
        window.Forget(now);
        naive.Forget();
      }
      const auto lag = static_cast<Nanos>(random() % (buckets * kMillisecond));
      const Nanos at = random() % 8 == 0 ? now - lag : now;
      const auto call = static_cast<CallClass>(random() % kCallClasses);
      window.Record(call, at);
      naive.Record(call, at);
      ASSERT_EQ(CountOfEach(window.Counts(now)), CountOfEach(naive.Counts(now))) << i;
    }
  }
}

TEST(TimeWindowTest, ABucketLeavesTheWindowToTheNanosecond) {
  Window window(5 * kMillisecond, 5);
  window.Record(kFailed, kMillisecond - 1);
  EXPECT_EQ(window.Counts(5 * kMillisecond - 1).total(), 1u);
  EXPECT_EQ(window.Counts(5 * kMillisecond).total(), 0u);
  EXPECT_EQ(window.Totals().total(), 1u);
}

TEST(TimeWindowTest, ALateCallCountsInTheNewestBucketOfItsClass) {
  Window window(5 * kMillisecond, 5);
  window.Record(kOk, 9 * kMillisecond);
  window.Record(kOk, 6 * kMillisecond);
  window.Record(kFailed, 6 * kMillisecond);
  EXPECT_EQ(CountOfEach(window.Counts(10 * kMillisecond)), (std::vector<uint64_t>{2, 1, 0, 0}));
  EXPECT_EQ(CountOfEach(window.Counts(11 * kMillisecond)), (std::vector<uint64_t>{2, 0, 0, 0}));
  EXPECT_EQ(CountOfEach(window.Counts(14 * kMillisecond)), (std::vector<uint64_t>{0, 0, 0, 0}));
}

TEST(TimeWindowTest, ACallThatIsLateByMoreThanTheRingChangesNoWindow) {
  Window window(5 * kMillisecond, 5);
  window.Record(kOk, 1000 * kMillisecond);
  window.Record(kOk, 3 * kMillisecond);
  window.Record(kFailed, 3 * kMillisecond);
  EXPECT_EQ(window.Totals().total(), 3u);
  EXPECT_EQ(window.Counts(1000 * kMillisecond).failed(), 0u);
  EXPECT_EQ(window.Counts(3 * kMillisecond).failed(), 0u) << "time is a high-water mark";
}

TEST(TimeWindowTest, ForgetsAtOnceAndAnyNumberOfTimes) {
  Window window(10 * kMillisecond, 10);
  for (int round = 0; round < 1000; ++round) {
    window.Record(kFailed, kMillisecond);
    window.Record(kOk, kMillisecond);
    ASSERT_EQ(window.Counts(kMillisecond).total(), 2u) << round;
    window.Forget(kMillisecond);
    ASSERT_EQ(window.Counts(kMillisecond).total(), 0u) << round;
  }
  EXPECT_EQ(window.Totals().total(), 2000u);
}

TEST(TimeWindowTest, SuccessesAreReportedUntilTheirBucketHasEnough) {
  Window window(10 * kMillisecond, 10);
  for (int bucket = 0; bucket < 3; ++bucket) {
    const Nanos now = bucket * kMillisecond;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(window.Record(kOk, now, 0, 5)) << i;
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(window.Record(kOk, now, 0, 5)) << i;
    for (const CallClass call : {kFailed, kSlowOk, kSlowFailed}) {
      EXPECT_TRUE(window.Record(call, now, 0, 5));
    }
  }
}

TEST(TimeWindowTest, TheCheapWayCountsNothingWhenItDoesNotApply) {
  const TimeWindow window(10 * kMillisecond, 10, 1);
  Cells cells(window.words());
  const uint64_t epoch = window.Epoch(0, 0);
  EXPECT_FALSE(window.NeedsOnlyAdding(cells.get(), epoch)) << "the first of its bucket";
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(window.NeedsOnlyAdding(cells.get(), epoch)) << "not enough yet";
    window.Record(cells.get(), 0, kOk, epoch, 5);
  }
  EXPECT_EQ(window.Totals(cells.get()).total(), 5u);
  EXPECT_TRUE(window.NeedsOnlyAdding(cells.get(), epoch));
  window.AddSuccess(cells.get());
  EXPECT_EQ(window.Totals(cells.get()).total(), 6u);
  EXPECT_FALSE(window.NeedsOnlyAdding(cells.get(), epoch + 1)) << "another bucket";
  window.ForgetShortcut(cells.get());
  EXPECT_FALSE(window.NeedsOnlyAdding(cells.get(), epoch)) << "the least number has changed";
  EXPECT_EQ(window.Counts(cells.get(), 0, 0).total(), 6u);
}

TEST(TimeWindowTest, StripesAddUp) {
  Window window(10 * kMillisecond, 10, 4);
  for (uint32_t stripe = 0; stripe < 4; ++stripe) {
    for (uint32_t i = 0; i <= stripe; ++i) window.Record(kFailed, 0, stripe);
  }
  EXPECT_EQ(window.Counts(9 * kMillisecond).failed(), 10u);
  EXPECT_EQ(window.Totals().failed(), 10u);
  window.Record(kOk, 9 * kMillisecond, 2);
  EXPECT_EQ(window.Counts(9 * kMillisecond).total(), 11u);
  EXPECT_EQ(window.Counts(10 * kMillisecond).total(), 1u);
  window.Forget(10 * kMillisecond);
  EXPECT_EQ(window.Counts(10 * kMillisecond).total(), 0u);
}

TEST(TimeWindowTest, TheSmallestWindowHoldsHalfAMillionCallsOfAClass) {
  Window window(kMillisecond, 1);
  constexpr uint64_t kRoom = 1 << 19;
  for (uint64_t i = 0; i + 1 < kRoom; ++i) window.Record(kFailed, 0);
  EXPECT_EQ(window.Counts(0).failed(), kRoom - 1);
}

// The burst after a rollover: threads that all open the same bucket lose no call. With one stripe
// and with one a thread.
void ExpectNoCallIsLostInARollover(uint32_t stripes) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 3000;
  Window window(4 * kMillisecond, 4, stripes);
  std::atomic<int> wrong{0};
  int round = 0;
  std::barrier rounds(kThreads, [&]() noexcept {
    wrong += window.Counts(round * kNanosPerSecond).total() != kThreads;
    ++round;
  });
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kRounds; ++i) {
        window.Record(static_cast<CallClass>(i % 4), i * kNanosPerSecond, thread % stripes);
        rounds.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(window.Totals().total(), uint64_t{kThreads} * kRounds);
}

TEST(TimeWindowTest, ARolloverLosesNoCall) { ExpectNoCallIsLostInARollover(1); }
TEST(TimeWindowTest, ARolloverLosesNoCallInStripes) { ExpectNoCallIsLostInARollover(8); }

// Of threads that each record and then read, the last to record sees all.
TEST(TimeWindowTest, SomebodySeesTheCallThatCompletesTheCount) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  Window window(4 * kMillisecond, 4, 4);
  std::atomic<int> seen{0};
  std::atomic<int> unseen{0};
  std::barrier rounds(kThreads, [&]() noexcept { unseen += seen.exchange(0) == 0; });
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kRounds; ++i) {
        const Nanos now = i * kNanosPerSecond;
        window.Record(kFailed, now, thread);
        seen += window.Counts(now).failed() == kThreads;
        rounds.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(unseen, 0);
}

}  // namespace
}  // namespace spillway
