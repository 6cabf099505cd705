#include "spillway/stats/count_window.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "tests/support/cells.h"

namespace spillway {
namespace {

using testing::Cells;
using testing::CountOfEach;

// The last W calls, as a list.
class NaiveWindow {
 public:
  explicit NaiveWindow(size_t size) : size_(size) {}

  void Record(CallClass call) {
    calls_.push_back(call);
    if (calls_.size() > size_) calls_.pop_front();
  }
  void Clear() { calls_.clear(); }

  OutcomeCounts Counts() const {
    OutcomeCounts counts;
    for (const CallClass call : calls_) ++counts.by_class[call];
    return counts;
  }

 private:
  size_t size_;
  std::deque<CallClass> calls_;
};

// The last and the first sizes of a register, all small rings, and those around powers of two.
std::vector<uint32_t> Sizes() {
  std::vector<uint32_t> sizes;
  for (uint32_t size = 1; size <= 70; ++size) sizes.push_back(size);
  for (const uint32_t size : {127u, 128u, 129u, 257u}) sizes.push_back(size);
  return sizes;
}

void ExpectItHoldsTheLastCalls(uint32_t size) {
  const CountWindow window(size);
  Cells cells(window.words());
  NaiveWindow naive(size);
  std::mt19937_64 random(size);
  OutcomeCounts totals;
  for (uint32_t i = 0; i < 3 * size + 10; ++i) {
    const auto call = static_cast<CallClass>(random() % kCallClasses);
    OutcomeCounts counts;
    window.Record(cells.get(), call, 0, size, &counts);
    naive.Record(call);
    ++totals.by_class[call];
    ASSERT_EQ(CountOfEach(window.Counts(cells.get(), 0)), CountOfEach(naive.Counts())) << i;
  }
  EXPECT_EQ(CountOfEach(CountWindow::Totals(cells.get())), CountOfEach(totals));
}

TEST(CountWindowTest, HoldsTheLastCallsAtAnySize) {
  for (const uint32_t size : Sizes()) {
    SCOPED_TRACE(size);
    ExpectItHoldsTheLastCalls(size);
    if (HasFatalFailure()) return;
  }
}

void ExpectItForgetsEverythingInANewPeriod(uint32_t size) {
  const CountWindow window(size);
  Cells cells(window.words());
  std::mt19937_64 random(size);
  // More periods than a register can number.
  for (int round = 0; round < 20; ++round) {
    const uint64_t period = window.NextPeriod(cells.get());
    NaiveWindow naive(size);
    ASSERT_EQ(window.Counts(cells.get(), period).total(), 0u);
    const uint64_t calls = random() % (size + 2);
    for (uint64_t i = 0; i < calls; ++i) {
      const auto call = static_cast<CallClass>(random() % kCallClasses);
      OutcomeCounts counts;
      window.Record(cells.get(), call, period, size, &counts);
      naive.Record(call);
    }
    ASSERT_EQ(CountOfEach(window.Counts(cells.get(), period)), CountOfEach(naive.Counts()));
  }
}

TEST(CountWindowTest, HoldsTheLastCallsAtItsLargest) {
  constexpr uint32_t kSize = CountWindow::kMaxSize;
  const CountWindow window(kSize);
  Cells cells(window.words());
  OutcomeCounts counts;
  // Successes are not looked at once there are enough; one failure in all that the window can hold.
  window.Record(cells.get(), kFailed, 0, 1, &counts);
  for (uint32_t i = 1; i < kSize; ++i) window.Record(cells.get(), kOk, 0, 1, &counts);
  EXPECT_EQ(CountOfEach(window.Counts(cells.get(), 0)),
            (std::vector<uint64_t>{kSize - 1, 1, 0, 0}));
  window.Record(cells.get(), kOk, 0, 1, &counts);
  EXPECT_EQ(CountOfEach(window.Counts(cells.get(), 0)), (std::vector<uint64_t>{kSize, 0, 0, 0}));
}

TEST(CountWindowTest, ForgetsEverythingInANewPeriodAtAnySize) {
  for (const uint32_t size : Sizes()) {
    SCOPED_TRACE(size);
    ExpectItForgetsEverythingInANewPeriod(size);
    if (HasFatalFailure()) return;
  }
}

// What Record leaves unsaid cannot trip: its counts are those of a call before, or fewer of them
// failed or were slow.
void ExpectItReportsEachCallThatCanRaiseARate(uint32_t size) {
  const CountWindow window(size);
  std::mt19937_64 random(size);
  for (const uint64_t min_calls : {uint64_t{1}, uint64_t{size / 2 + 1}, uint64_t{size}}) {
    Cells cells(window.words());
    OutcomeCounts before;
    for (uint32_t i = 0; i < 3 * size + 10; ++i) {
      const auto call = random() % 8 == 0 ? static_cast<CallClass>(random() % kCallClasses) : kOk;
      OutcomeCounts said;
      const bool reported = window.Record(cells.get(), call, 0, min_calls, &said);
      const OutcomeCounts now = window.Counts(cells.get(), 0);
      if (reported) {
        ASSERT_EQ(CountOfEach(said), CountOfEach(now)) << i;
      } else {
        ASSERT_GE(before.total(), min_calls) << i;
        ASSERT_LE(now.failed() * before.total(), before.failed() * now.total()) << i;
        ASSERT_LE(now.slow() * before.total(), before.slow() * now.total()) << i;
      }
      before = now;
    }
  }
}

TEST(CountWindowTest, ReportsEachCallThatCanRaiseARateAtAnySize) {
  for (const uint32_t size : Sizes()) {
    SCOPED_TRACE(size);
    ExpectItReportsEachCallThatCanRaiseARate(size);
    if (HasFatalFailure()) return;
  }
}

TEST(CountWindowTest, MemoryNeverWrittenHoldsNoCall) {
  const CountWindow window(100);
  Cells cells(window.words());
  OutcomeCounts counts;
  ASSERT_TRUE(window.Record(cells.get(), kFailed, 0, 1, &counts));
  EXPECT_EQ(CountOfEach(counts), (std::vector<uint64_t>{0, 1, 0, 0}));
}

TEST(CountWindowTest, ASuccessThatCompletesTheMinimumIsReported) {
  for (const uint32_t size : {20u, 100u}) {
    const CountWindow window(size);
    Cells cells(window.words());
    OutcomeCounts counts;
    for (int i = 0; i < 4; ++i) window.Record(cells.get(), kFailed, 0, 5, &counts);
    EXPECT_TRUE(window.Record(cells.get(), kOk, 0, 5, &counts)) << size;
    EXPECT_EQ(counts.total(), 5u) << size;
  }
}

TEST(CountWindowTest, ACallOfAnEarlierPeriodLeavesARegisterAlone) {
  const CountWindow window(10);
  Cells cells(window.words());
  OutcomeCounts counts;
  window.Record(cells.get(), kOk, 1, 10, &counts);
  window.Record(cells.get(), kFailed, 0, 10, &counts);
  EXPECT_EQ(CountOfEach(window.Counts(cells.get(), 1)), (std::vector<uint64_t>{1, 0, 0, 0}));
}

// The most periods that a window can see: one call in each.
// A thread that was stopped while breakers opened and closed: it still has the period of before.
TEST(CountWindowTest, ACallOfAMuchEarlierPeriodLeavesARegisterAlone) {
  const CountWindow window(5);
  OutcomeCounts counts;
  for (const uint64_t later : {1u, 2u, 3u, 4u, 5u, 6u}) {
    Cells cells(window.words());
    for (uint64_t period = 0; period <= later; ++period)
      window.Record(cells.get(), kFailed, period, 1, &counts);
    window.Record(cells.get(), kFailed, 0, 1, &counts);
    EXPECT_EQ(window.Counts(cells.get(), later).failed(), 1u) << later;
    window.Record(cells.get(), kFailed, later, 1, &counts);
    EXPECT_EQ(window.Counts(cells.get(), later).failed(), 2u) << later;
  }
}

TEST(CountWindowTest, ACallOfAnEarlierPeriodBringsBackNothingInARing) {
  const CountWindow window(100);
  Cells cells(window.words());
  OutcomeCounts counts;
  window.Record(cells.get(), kFailed, 0, 1, &counts);
  for (int i = 0; i < 3; ++i) window.Record(cells.get(), kFailed, 1, 1, &counts);
  window.Record(cells.get(), kFailed, 0, 1, &counts);
  EXPECT_EQ(window.Counts(cells.get(), window.NextPeriod(cells.get())).total(), 0u);
}

TEST(CountWindowTest, RingPeriodsWrapAndStillForget) {
  for (const uint32_t size : {31u, CountWindow::kMaxSize}) {
    const CountWindow window(size);
    Cells cells(window.words());
    for (uint32_t round = 0; round < 10'000; ++round) {
      const uint64_t period = window.NextPeriod(cells.get());
      // Looking at all of a large ring takes its time.
      const bool look = size < 100 || round % 512 == 0;
      ASSERT_TRUE(!look || window.Counts(cells.get(), period).total() == 0) << round;
      OutcomeCounts counts;
      window.Record(cells.get(), kOk, period, 0, &counts);
      ASSERT_TRUE(!look || window.Counts(cells.get(), period).total() == 1) << round;
    }
  }
}

// The ring's tickets wrap inside a place at 2^49; the ring goes on.
TEST(CountWindowTest, TicketsWrap) {
  const CountWindow window(31);
  Cells cells(window.words());
  constexpr size_t kHead = kCacheLine / sizeof(Word);
  cells.get()[kHead].store((uint64_t{1} << 49) - 40);
  NaiveWindow naive(31);
  OutcomeCounts counts;
  for (int i = 0; i < 100; ++i) {
    const CallClass call = i % 3 == 0 ? kFailed : kSlowOk;
    window.Record(cells.get(), call, 0, 31, &counts);
    naive.Record(call);
    ASSERT_EQ(CountOfEach(window.Counts(cells.get(), 0)), CountOfEach(naive.Counts())) << i;
  }
}

void ExpectThreadsLoseNoCall(uint32_t size) {
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kCalls = 5000;
  const CountWindow window(size);
  Cells cells(window.words());
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      OutcomeCounts counts;
      for (uint64_t i = 0; i < kCalls; ++i) {
        window.Record(cells.get(), static_cast<CallClass>(thread), 0, 20, &counts);
        ASSERT_LE(window.Counts(cells.get(), 0).total(), size);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CountOfEach(CountWindow::Totals(cells.get())),
            (std::vector<uint64_t>(kThreads, kCalls)));
  EXPECT_EQ(window.Counts(cells.get(), 0).total(), size);
}

// However threads interleave: once they are done the window is full and the totals hold all calls.
TEST(CountWindowTest, ThreadsLoseNoCallInARegister) { ExpectThreadsLoseNoCall(20); }
TEST(CountWindowTest, ThreadsLoseNoCallInARing) { ExpectThreadsLoseNoCall(100); }

}  // namespace
}  // namespace spillway
