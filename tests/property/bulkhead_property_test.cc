// A bulkhead beside a deque that does the same: many random calls, the same answers.
//
// A failure prints its seed. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "spillway/concurrency/bulkhead.h"
#include "tests/support/memory.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"
#include "tests/support/seeds.h"

namespace spillway {
namespace {

using testing::Random;

enum class Holds { kSlot, kPlace, kNothing };

// What a call was given: by the bulkhead, and by the deque under the same number.
struct Call {
  Permit permit;
  Holds holds = Holds::kNothing;
};

class Duel {
 public:
  Duel(uint64_t seed, uint32_t first_ticket)
      : random_(seed),
        settings_(RandomSettings(random_.Below(40))),
        memory_(Bulkhead::MemoryBytes(settings_)),
        most_places_(settings_.max_queue) {
    static_cast<BulkheadMemory*>(memory_.get())
        ->word.store(BulkheadWord(first_ticket, 0, 0).bits());
    bulkhead_ = testing::MakePolicy<Bulkhead>(settings_, memory_.get());
  }

  void Run(int steps) {
    SCOPED_TRACE(testing::Describe(settings_));
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      const uint32_t what = random_.Below(20u);
      if (what < 9) {
        Ask(/*may_wait=*/what % 2 == 0);
      } else if (what < 13) {
        Poll(random_.Below(calls_.size() + 1));
      } else if (what < 19) {
        Settle(random_.Below(calls_.size() + 1));
      } else {
        Change();
      }
      CheckState();
    }
  }

 private:
  static double Share(uint32_t units) { return units / 10'000.0; }

  BulkheadSettings RandomSettings(int most_places) {
    const uint32_t normal = random_.Of({10'000u, 10'000u, 7'500u, 3'333u, 1u, 0u});
    const uint32_t sheddable = random_.OneIn(2) ? normal : random_.Below(normal + 1);
    return {.max_concurrent = 1 + random_.Below(random_.OneIn(4) ? 300 : 4),
            .max_queue = most_places == 0 ? 0 : random_.Below(most_places + 1),
            .normal_share = Share(normal),
            .sheddable_share = Share(sheddable)};
  }

  // ---- what the deque says

  uint64_t UnitsOf(Priority priority) const {
    if (priority == Priority::kCritical) return 10'000;
    const bool sheddable = priority == Priority::kSheddable;
    return static_cast<uint64_t>(
        std::lround((sheddable ? settings_.sheddable_share : settings_.normal_share) * 10'000));
  }

  std::string Expected(Priority priority, bool may_wait) const {
    const auto slots = static_cast<uint64_t>(settings_.max_concurrent);
    if (queue_.empty()) {
      if (in_flight_ * 10'000 < UnitsOf(priority) * slots) return "admitted";
      if (in_flight_ < slots) return "shed";
    }
    if (!may_wait || settings_.max_queue == 0 || UnitsOf(priority) != 10'000) return "full";
    return queue_.size() < static_cast<size_t>(settings_.max_queue) ? "queued" : "queue_full";
  }

  // How many it granted slots.
  uint32_t Promote() {
    uint32_t granted = 0;
    while (!queue_.empty()) {
      Call& first = *queue_.front();
      if (first.holds == Holds::kPlace) {
        if (in_flight_ >= static_cast<uint64_t>(settings_.max_concurrent)) break;
        first.holds = Holds::kSlot;
        ++in_flight_;
        ++granted;
      }
      queue_.pop_front();
    }
    return granted;
  }

  // ---- the calls

  void Ask(bool may_wait) {
    const auto priority = static_cast<Priority>(random_.Below(kPriorities));
    const std::string expected = Expected(priority, may_wait);
    BulkheadGrants granted;
    const DecisionFields decision = may_wait ? bulkhead_->DecideOrQueue(0, priority, &granted)
                                             : bulkhead_->Decide(0, priority, &granted);
    ASSERT_EQ(
        decision.reason == 0 ? "admitted" : NameOf(static_cast<BulkheadRejection>(decision.reason)),
        expected);
    ASSERT_TRUE(granted.empty()) << "who asks finds nothing left to grant";
    auto call = std::make_shared<Call>();
    call->permit = Permit(decision.permit);
    if (expected == "admitted") {
      call->holds = Holds::kSlot;
      ++in_flight_;
    } else if (expected == "queued") {
      call->holds = Holds::kPlace;
      queue_.push_back(call);
    }
    calls_.push_back(std::move(call));
  }

  void Poll(size_t which) {
    if (which >= calls_.size()) return;
    Call& call = *calls_[which];
    PermitFields fields = std::move(call.permit).Release();
    BulkheadGrants granted;
    const BulkheadPoll answer = bulkhead_->Poll(&fields, 0, &granted);
    call.permit = Permit(fields);
    constexpr std::array kHolds = {Holds::kSlot, Holds::kPlace, Holds::kNothing};
    ASSERT_EQ(kHolds[static_cast<size_t>(answer)], call.holds);
    misused_ += call.holds == Holds::kNothing;
  }

  // Keeps the call for one more misuse now and then.
  void Settle(size_t which) {
    if (which >= calls_.size()) return;
    const std::shared_ptr<Call> call = calls_[which];
    const Holds held = call->holds;
    call->holds = Holds::kNothing;
    if (held == Holds::kSlot) --in_flight_;
    const uint32_t promoted = held == Holds::kNothing ? 0 : Promote();
    BulkheadGrants granted;
    const Settlement answer =
        bulkhead_->Settle(std::move(call->permit).Release(), Outcome::kSuccess, 0, &granted);
    ASSERT_EQ(answer == Settlement::kMisused, held == Holds::kNothing);
    misused_ += held == Holds::kNothing;
    CheckGrants(granted, promoted);
    if (!random_.OneIn(8)) calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void Change() {
    const BulkheadSettings wanted = RandomSettings(most_places_ + 1);
    const bool good = wanted.max_queue <= most_places_;
    BulkheadGrants granted;
    ASSERT_EQ(bulkhead_->Reconfigure(wanted, nullptr, &granted), good);
    if (good) settings_ = wanted;
    CheckGrants(granted, Promote());
    ASSERT_EQ(testing::Describe(bulkhead_->settings()), testing::Describe(settings_));
  }

  // The first and the last of those that were granted a slot, and no other outside.
  void CheckGrants(const BulkheadGrants& granted, uint32_t promoted) {
    ASSERT_EQ(granted.empty(), promoted == 0);
    ASSERT_GE(granted.end - granted.first, promoted);
    for (const std::shared_ptr<Call>& call : queue_) {
      if (call->holds != Holds::kPlace) continue;
      ASSERT_FALSE(granted.Has(Bulkhead::TicketOf(call->permit.fields()))) << "it waits";
    }
  }

  void CheckState() {
    const BulkheadSnapshot seen = bulkhead_->Snapshot(0);
    ASSERT_EQ(static_cast<uint64_t>(seen.in_flight), in_flight_);
    ASSERT_EQ(static_cast<size_t>(seen.queued), queue_.size());
    ASSERT_EQ(seen.total_misused, misused_);
  }

  Random random_;
  BulkheadSettings settings_;
  testing::Memory memory_;
  int most_places_;
  std::unique_ptr<Bulkhead> bulkhead_;
  uint64_t in_flight_ = 0;
  uint64_t misused_ = 0;
  std::vector<std::shared_ptr<Call>> calls_;
  std::deque<std::shared_ptr<Call>> queue_;  // with those who left behind one who did not
};

// From the first ticket, and from where tickets are about to begin again.
TEST(BulkheadPropertyTest, AnswersAsADequeDoes) {
  testing::ForEachSeed(400, [](uint64_t seed) {
    const uint32_t before_the_end = std::numeric_limits<uint32_t>::max() - 50;
    Duel(seed, seed % 2 == 0 ? 0 : before_the_end).Run(500);
  });
}

}  // namespace
}  // namespace spillway
