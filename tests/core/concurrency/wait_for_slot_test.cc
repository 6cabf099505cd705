#include "spillway/concurrency/wait_for_slot.h"

#include <gtest/gtest.h>

#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "tests/support/memory.h"
#include "tests/support/policies.h"

namespace spillway {
namespace {

constexpr BulkheadSettings kOneSlot{.max_concurrent = 1, .max_queue = 2};

// A bulkhead of one slot, which is taken, in memory that the test can look into.
class WaitForSlotTest : public ::testing::Test {
 protected:
  void GiveBack() {
    EXPECT_EQ(bulkhead_->Settle(std::move(slot_.permit), Outcome::kSuccess), Settlement::kCounted);
  }

  // Until the thread with the first ticket sleeps.
  void AwaitSleeper() {
    const Word& place = static_cast<BulkheadMemory*>(memory_.get())->places()[0];
    while (!BulkheadPlace(place.load(std::memory_order_relaxed)).IsParked(0)) {
      std::this_thread::yield();
    }
  }

  // Nobody waits, and each slot that is taken is one that was.
  void ExpectNothingLeftBehind(int in_flight) {
    EXPECT_EQ(bulkhead_->Snapshot(0).queued, 0);
    EXPECT_EQ(bulkhead_->Snapshot(0).in_flight, in_flight);
  }

  testing::Memory memory_{Bulkhead::MemoryBytes(kOneSlot)};
  std::unique_ptr<Bulkhead> bulkhead_ = testing::MakePolicy<Bulkhead>(kOneSlot, memory_.get());
  Decision slot_ = bulkhead_->TryAcquire();
};

std::string Reason(const Decision& decision) {
  return decision ? "" : NameOf(static_cast<BulkheadRejection>(decision.reason));
}

TEST_F(WaitForSlotTest, ASleeperGetsTheSlotThatIsGivenBack) {
  Nanos given_back = kForever;
  std::thread waiter([&] {
    Decision decision = WaitForSlot(*bulkhead_, kForever);
    EXPECT_EQ(Reason(decision), "");
    EXPECT_GE(decision.permit.fields().start, given_back) << "its call starts after the wait";
    EXPECT_EQ(bulkhead_->Settle(std::move(decision.permit), Outcome::kSuccess),
              Settlement::kCounted);
  });
  AwaitSleeper();
  given_back = SteadyNow();
  GiveBack();
  waiter.join();
  ExpectNothingLeftBehind(0);
}

TEST_F(WaitForSlotTest, MoreSlotsWakeTheSleeper) {
  std::thread waiter([&] { EXPECT_EQ(Reason(WaitForSlot(*bulkhead_, kForever)), ""); });
  AwaitSleeper();
  BulkheadSettings more = bulkhead_->settings();
  more.max_concurrent = 2;
  EXPECT_TRUE(bulkhead_->Reconfigure(more, nullptr));
  waiter.join();
  ExpectNothingLeftBehind(2);
}

TEST_F(WaitForSlotTest, GivesUpWhenItsTimeHasComeAndNotBefore) {
  const Nanos before = SteadyNow();
  EXPECT_EQ(Reason(WaitForSlot(*bulkhead_, 5'000'000)), "timed_out");
  EXPECT_GE(SteadyNow(), before + 5'000'000);
  ExpectNothingLeftBehind(1);
  EXPECT_EQ(bulkhead_->Snapshot(0).total_left, 1u);
}

TEST_F(WaitForSlotTest, WaitsAsLongAsTheOptionSays) {
  EXPECT_EQ(Reason(WaitForSlot(*bulkhead_)), "full") << "not at all, by default";
  EXPECT_EQ(bulkhead_->Snapshot(0).total_queued, 0u);
  BulkheadSettings longer = bulkhead_->settings();
  longer.max_wait_ns = 1'000'000;
  ASSERT_TRUE(bulkhead_->Reconfigure(longer, nullptr));
  const Nanos before = SteadyNow();
  EXPECT_EQ(Reason(WaitForSlot(*bulkhead_)), "timed_out");
  EXPECT_GE(SteadyNow(), before + longer.max_wait_ns);
}

TEST_F(WaitForSlotTest, AStopEndsTheLongestWait) {
  std::stop_source source;
  std::thread waiter([&] {
    EXPECT_EQ(Reason(WaitForSlot(*bulkhead_, kForever, Priority::kCritical, source.get_token())),
              "timed_out");
  });
  AwaitSleeper();
  source.request_stop();
  waiter.join();
  ExpectNothingLeftBehind(1);
  EXPECT_EQ(Reason(WaitForSlot(*bulkhead_, kForever, Priority::kNormal, source.get_token())),
            "timed_out")
      << "also one of before";
  ExpectNothingLeftBehind(1);
}

TEST_F(WaitForSlotTest, AFreeSlotNeedsNoWait) {
  GiveBack();
  EXPECT_EQ(Reason(WaitForSlot(*bulkhead_, 0)), "");
  EXPECT_EQ(Reason(WaitForSlot(*bulkhead_, 0)), "full");
  EXPECT_EQ(Reason(WaitForSlot(*bulkhead_, -1)), "full");
  EXPECT_EQ(Reason(WaitForSlot(*bulkhead_, kForever, Priority::kSheddable)), "full")
      << "nor does who may not wait";
}

TEST_F(WaitForSlotTest, ParkComesBackAtOnceWhenThereIsNothingToSleepFor) {
  Decision place = bulkhead_->Enqueue(0);
  const PermitFields waiting = place.permit.fields();
  bulkhead_->Park(waiting, 0);
  PermitFields foreign = waiting;
  foreign.owner += 1'000'000;
  bulkhead_->Park(foreign, kForever);
  GiveBack();
  bulkhead_->Park(waiting, kForever);  // granted
  EXPECT_TRUE(bulkhead_->Poll(place.permit, 0));
  bulkhead_->Park(place.permit.fields(), kForever);
  bulkhead_->Park({}, kForever);
}

}  // namespace
}  // namespace spillway
