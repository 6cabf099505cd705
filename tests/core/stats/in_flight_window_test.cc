#include "spillway/stats/in_flight_window.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/cells.h"

namespace spillway {
namespace {

using testing::Cells;
using Start = InFlightWindow::Start;

constexpr Nanos kSecond = kNanosPerSecond;

class Window {
 public:
  Window(Nanos window, Nanos bucket, Nanos limit)
      : window_(window, bucket, limit), cells_(window_.words()) {}

  Start Begin(Nanos start) { return window_.RecordStart(cells_.get(), Epoch(start)); }
  bool TryBegin(Nanos start) { return window_.TryRecordStart(cells_.get(), Epoch(start)); }
  void EndInTime(Nanos start) { window_.RecordOnTime(cells_.get(), Epoch(start)); }
  void Ignore(Nanos start) { window_.RecordIgnored(cells_.get(), Epoch(start)); }
  void Forget(Nanos now) { period_ = window_.NextPeriod(cells_.get(), now); }

  std::pair<uint64_t, uint64_t> Judged(Nanos now) const {
    const InFlightWindow::Judged judged = window_.Counts(cells_.get(), now, period_);
    return {judged.calls, judged.slow};
  }

 private:
  uint64_t Epoch(Nanos start) const { return window_.Epoch(start, period_); }

  InFlightWindow window_;
  Cells cells_;
  uint64_t period_ = 0;
};

using Pair = std::pair<uint64_t, uint64_t>;

TEST(InFlightWindowTest, ACallIsJudgedOnceItsBucketIsOverForLongerThanTheLimit) {
  Window window(10 * kSecond, kSecond, 2 * kSecond);
  window.Begin(0);
  EXPECT_EQ(window.Judged(3 * kSecond), Pair(0, 0));
  EXPECT_EQ(window.Judged(3 * kSecond + 1), Pair(1, 1));
  EXPECT_EQ(window.Judged(13 * kSecond), Pair(1, 1));
  EXPECT_EQ(window.Judged(13 * kSecond + 1), Pair(0, 0));
}

TEST(InFlightWindowTest, CallsEndInTimeOrAreIgnoredOrAreSlow) {
  Window window(10 * kSecond, kSecond, 2 * kSecond);
  for (int i = 0; i < 10; ++i) window.Begin(kSecond / 2);
  for (int i = 0; i < 3; ++i) window.EndInTime(kSecond / 2);
  for (int i = 0; i < 2; ++i) window.Ignore(kSecond / 2);
  EXPECT_EQ(window.Judged(4 * kSecond), Pair(8, 5));
}

TEST(InFlightWindowTest, MoreEndsThanStartsAreNoCallsRatherThanMany) {
  Window window(10 * kSecond, kSecond, 2 * kSecond);
  window.Begin(0);
  for (int i = 0; i < 5; ++i) window.EndInTime(0);
  EXPECT_EQ(window.Judged(4 * kSecond), Pair(1, 0));
  for (int i = 0; i < 5; ++i) window.Ignore(0);
  EXPECT_EQ(window.Judged(4 * kSecond), Pair(0, 0));
}

TEST(InFlightWindowTest, BucketsAreAtLeastAnEighthOfTheLimit) {
  Window window(100 * kSecond, kSecond, 80 * kSecond);
  window.Begin(0);
  EXPECT_EQ(window.Begin(10 * kSecond - 1), Start::kCounted);
  EXPECT_EQ(window.Begin(10 * kSecond), Start::kOpenedBucket);
  EXPECT_EQ(window.Judged(90 * kSecond), Pair(0, 0));
  EXPECT_EQ(window.Judged(90 * kSecond + 1), Pair(2, 2));
}

TEST(InFlightWindowTest, TheFirstOfABucketIsTold) {
  Window window(10 * kSecond, kSecond, 2 * kSecond);
  EXPECT_FALSE(window.TryBegin(0)) << "not by the cheap way";
  EXPECT_EQ(window.Begin(0), Start::kOpenedBucket);
  EXPECT_TRUE(window.TryBegin(0));
  EXPECT_EQ(window.Begin(kSecond - 1), Start::kCounted);
  EXPECT_EQ(window.Begin(kSecond), Start::kOpenedBucket);
  EXPECT_EQ(window.Begin(0), Start::kCounted) << "late, and not the first";
  EXPECT_EQ(window.Judged(10 * kSecond), Pair(5, 5));
}

TEST(InFlightWindowTest, ACallThatStartsAWholeRingLateIsNotTracked) {
  Window window(10 * kSecond, kSecond, 2 * kSecond);
  // Every place of the ring, however long it is.
  for (int i = 0; i < 100; ++i) window.Begin((1000 + i) * kSecond);
  EXPECT_EQ(window.Begin(0), Start::kUntracked);
  EXPECT_FALSE(window.TryBegin(0));
}

TEST(InFlightWindowTest, AFullBucketTracksNoMoreCalls) {
  // A bucket of a millisecond has room for 2^18 starts.
  Window window(100'000'000, 1'000'000, 1'000'000);
  constexpr uint64_t kRoom = 1 << 18;
  for (uint64_t i = 0; i < kRoom; ++i) ASSERT_NE(window.Begin(0), Start::kUntracked);
  EXPECT_EQ(window.Begin(0), Start::kUntracked);
  for (uint64_t i = 0; i < 2 * kRoom; ++i) window.EndInTime(0);
  EXPECT_EQ(window.Judged(3'000'000), Pair(kRoom, 0));
}

TEST(InFlightWindowTest, ForgetsAtOnceAndAnyNumberOfTimes) {
  Window window(10 * kSecond, kSecond, 2 * kSecond);
  for (int round = 0; round < 100; ++round) {
    window.Begin(0);
    ASSERT_EQ(window.Judged(5 * kSecond), Pair(1, 1)) << round;
    window.Forget(5 * kSecond);
    ASSERT_EQ(window.Judged(5 * kSecond), Pair(0, 0)) << round;
    ASSERT_EQ(window.Judged(15 * kSecond), Pair(0, 0)) << round;
  }
}

// Against counts by start bucket, with buckets that divide nothing evenly.
TEST(InFlightWindowTest, JudgesWhatANaiveOneJudges) {
  struct Shape {
    Nanos window;
    Nanos bucket;
    Nanos limit;
  };
  for (const Shape shape : {Shape{10'000'000, 1'000'000, 7'654'321}, Shape{9'999'999, 3'333'333, 1},
                            Shape{128'000'000, 1'000'000, 100'000'000}}) {
    Window window(shape.window, shape.bucket, shape.limit);
    const Nanos bucket = std::max(shape.bucket, (shape.limit + 7) / 8);
    std::map<Nanos, Pair> naive;
    std::mt19937_64 random(1);
    Nanos now = static_cast<Nanos>(random() >> 3);
    for (int i = 0; i < 5000; ++i) {
      now += static_cast<Nanos>(random() % static_cast<uint64_t>(bucket));
      if (random() % 100 == 0) now += static_cast<Nanos>(random() % 1'000'000'000);
      window.Begin(now);
      ++naive[now / bucket].first;
      if (random() % 2 == 0) {
        window.EndInTime(now);
        ++naive[now / bucket].second;
      }
      Pair judged;
      for (const auto& [number, counts] : naive) {
        const Nanos over_for = now - (number + 1) * bucket;
        if (over_for <= shape.limit || over_for > shape.limit + shape.window) continue;
        judged.first += counts.first;
        judged.second += counts.first - counts.second;
      }
      ASSERT_EQ(window.Judged(now), judged) << i;
    }
  }
}

TEST(InFlightWindowTest, ThreadsLoseNoCall) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 20'000;
  Window window(kCalls * kSecond, 100 * kSecond, kSecond);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kCalls; ++i) {
        const Nanos start = i * kSecond;
        ASSERT_NE(window.Begin(start), Start::kUntracked);
        if (thread % 2 == 0) window.EndInTime(start);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto all = uint64_t{kThreads} * kCalls;
  EXPECT_EQ(window.Judged((kCalls + 2) * kSecond), Pair(all, all / 2));
}

}  // namespace
}  // namespace spillway
