// Threads that use one bulkhead at the same time. Also run under the sanitizers.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "spillway/concurrency/wait_for_slot.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"
#include "tests/support/threads.h"

namespace spillway {
namespace {

using testing::InThreads;
using testing::MakePolicy;
using testing::Random;

constexpr uint32_t kThreads = 4;
constexpr int kSteps = 50'000;

// Threads that ask in each way and give up in each way, and how many are in flight.
class Crowd {
 public:
  explicit Crowd(const BulkheadSettings& settings) : bulkhead_(MakePolicy<Bulkhead>(settings)) {}

  Bulkhead& bulkhead() { return *bulkhead_; }
  int most_in_flight() const { return most_in_flight_; }

  void Step(Random& random) {
    ++asked_;
    const auto priority = static_cast<Priority>(random.Below(kPriorities));
    switch (random.Below(4)) {
      case 0:
        return Serve(bulkhead_->TryAcquire(priority));
      case 1:
        return Serve(WaitForSlot(*bulkhead_, random.Below<Nanos>(100'000), priority));
      default: {
        Decision decision = bulkhead_->Enqueue(0, priority);
        if (decision.reason == static_cast<int32_t>(BulkheadRejection::kQueued))
          return Wait(std::move(decision.permit), random.OneIn(3));
        return Serve(std::move(decision));
      }
    }
  }

  // Every call was served, refused or left, and every slot and place is free again.
  void ExpectAllIsBack() {
    const BulkheadSnapshot snapshot = bulkhead_->Snapshot(0);
    EXPECT_EQ(snapshot.in_flight, 0);
    EXPECT_EQ(snapshot.queued, 0);
    EXPECT_EQ(snapshot.total_misused, 0u);
    EXPECT_EQ(snapshot.total_admitted + snapshot.total_left + snapshot.total_full +
                  snapshot.total_queue_full + snapshot.total_shed,
              asked_);
    EXPECT_GT(snapshot.total_queued, snapshot.total_left);
    EXPECT_GE(snapshot.total_admitted, served_);
    EXPECT_GT(served_, 0u);
  }

 private:
  void Wait(Permit place, bool gives_up) {
    const uint32_t ticket = Bulkhead::TicketOf(place.fields());
    while (!gives_up && !bulkhead_->Poll(place, 0)) std::this_thread::yield();
    if (!gives_up) Use(ticket);
    bulkhead_->Settle(std::move(place), Outcome::kSuccess);
  }

  void Serve(Decision decision) {
    if (!decision) return;
    Use(kNoTicket);
    bulkhead_->Settle(std::move(decision.permit), Outcome::kSuccess);
  }

  void Use(uint32_t ticket) {
    const int now = ++in_flight_;
    int seen = most_in_flight_;
    while (now > seen && !most_in_flight_.compare_exchange_weak(seen, now)) {
    }
    if (alone_ && ticket != kNoTicket) {
      EXPECT_GT(static_cast<int64_t>(ticket), last_ticket_) << "who came later was served before";
      last_ticket_ = ticket;
    }
    // So that others find it taken.
    if (++served_ % 4 == 0) std::this_thread::yield();
    --in_flight_;
  }

  static constexpr uint32_t kNoTicket = ~uint32_t{0};

  std::unique_ptr<Bulkhead> bulkhead_;
  std::atomic<int> in_flight_{0};
  std::atomic<int> most_in_flight_{0};
  std::atomic<uint64_t> asked_{0};
  std::atomic<uint64_t> served_{0};
  const bool alone_ = bulkhead_->settings().max_concurrent == 1;
  // Only of who has the one slot: not atomic, so that ThreadSanitizer tells when two have it, or
  // one does not see what the one before did.
  int64_t last_ticket_ = -1;
};

TEST(BulkheadStressTest, NeverMoreInFlightThanSlotsAndNobodyIsForgotten) {
  for (const int slots : {1, 2}) {
    Crowd crowd({.max_concurrent = slots, .max_queue = 2});
    InThreads(kThreads, [&](uint32_t thread) {
      Random random(thread + 1);
      for (int i = 0; i < kSteps; ++i) crowd.Step(random);
    });
    EXPECT_LE(crowd.most_in_flight(), slots);
    crowd.ExpectAllIsBack();
  }
}

TEST(BulkheadStressTest, NobodyIsForgottenWhenSlotsComeAndGo) {
  Crowd crowd({.max_concurrent = 3, .max_queue = 3});
  InThreads(kThreads, [&](uint32_t thread) {
    Random random(thread + 1);
    for (int i = 0; i < kSteps; ++i) {
      crowd.Step(random);
      if (!random.OneIn(10)) continue;
      BulkheadSettings settings = crowd.bulkhead().settings();
      settings.max_concurrent = 1 + random.Below(3);
      settings.max_queue = random.Below(4);
      EXPECT_TRUE(crowd.bulkhead().Reconfigure(settings, nullptr));
    }
  });
  EXPECT_LE(crowd.most_in_flight(), 3);
  crowd.ExpectAllIsBack();
}

}  // namespace
}  // namespace spillway
