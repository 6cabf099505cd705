#include "spillway/concurrency/bulkhead.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "spillway/base/run.h"
#include "tests/support/memory.h"
#include "tests/support/policies.h"

namespace spillway {
namespace {

std::unique_ptr<Bulkhead> Make(const BulkheadSettings& settings, void* memory = nullptr) {
  return testing::MakePolicy<Bulkhead>(settings, memory);
}

std::string Refused(const Decision& decision) {
  EXPECT_EQ(static_cast<bool>(decision), decision.reason == 0);
  EXPECT_EQ(decision.retry_after, 0);
  return decision ? "" : NameOf(static_cast<BulkheadRejection>(decision.reason));
}

void GiveBack(Bulkhead& bulkhead, Decision& decision) {
  EXPECT_EQ(bulkhead.Settle(std::move(decision.permit), Outcome::kSuccess, 0),
            Settlement::kCounted);
}

// Admits as many as asked for.
std::vector<Decision> Fill(Bulkhead& bulkhead, int calls) {
  std::vector<Decision> decisions;
  for (int i = 0; i < calls; ++i) {
    decisions.push_back(bulkhead.TryAcquire(0, Priority::kCritical));
    EXPECT_TRUE(decisions.back());
  }
  return decisions;
}

std::string Message(const BulkheadSettings& settings, bool shared = false) {
  Error error;
  EXPECT_EQ(Bulkhead::Make("test", settings, &error, nullptr, shared), nullptr);
  return error.message;
}

TEST(BulkheadTest, AdmitsAsManyCallsAsThereAreSlots) {
  const auto bulkhead = Make({.max_concurrent = 2});
  Decision first = bulkhead->TryAcquire(7);
  Decision second = bulkhead->TryAcquire(8);
  EXPECT_EQ(first.permit.fields().start, 7);
  EXPECT_TRUE(second);
  const Decision third = bulkhead->TryAcquire(9);
  EXPECT_EQ(Refused(third), "full");
  EXPECT_FALSE(third.permit);
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 2);
  GiveBack(*bulkhead, first);
  GiveBack(*bulkhead, second);
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 0);
  EXPECT_TRUE(bulkhead->TryAcquire(10));
  EXPECT_EQ(bulkhead->Snapshot(0).total_admitted, 3u);
  EXPECT_EQ(bulkhead->Snapshot(0).total_full, 1u);
}

// Hystrix counts up first and then looks: two that ask for the last slot can both be refused.
TEST(BulkheadTest, ARefusedCallTakesNothingNotEvenForAMoment) {
  testing::Memory memory(Bulkhead::MemoryBytes({}));
  const auto bulkhead = Make({.max_concurrent = 1, .counted = false}, memory.get());
  const std::vector<Decision> slots = Fill(*bulkhead, 1);
  const std::string before = memory.Bytes();
  EXPECT_EQ(Refused(bulkhead->TryAcquire(0)), "full");
  EXPECT_EQ(Refused(bulkhead->Enqueue(0)), "full");
  EXPECT_EQ(memory.Bytes(), before);
}

TEST(BulkheadTest, GrantsSlotsToThoseWhoWaitInTheirOrder) {
  const auto bulkhead = Make({.max_concurrent = 1, .max_queue = 3});
  Decision slot = bulkhead->TryAcquire(0);
  std::vector<Decision> places;
  for (int i = 0; i < 3; ++i) {
    places.push_back(bulkhead->Enqueue(i));
    EXPECT_EQ(Refused(places.back()), "queued");
    EXPECT_TRUE(places.back().permit);
    EXPECT_EQ(Bulkhead::TicketOf(places.back().permit.fields()), static_cast<uint32_t>(i));
  }
  EXPECT_EQ(Refused(bulkhead->Enqueue(3)), "queue_full");
  EXPECT_EQ(bulkhead->Snapshot(0).queued, 3);
  for (int i = 0; i < 3; ++i) {
    for (Decision& place : places) EXPECT_FALSE(bulkhead->Poll(place.permit, 10));
    BulkheadGrants granted;
    EXPECT_EQ(bulkhead->Settle(std::move(slot.permit).Release(), Outcome::kSuccess, 0, &granted),
              Settlement::kCounted);
    EXPECT_TRUE(granted.Has(static_cast<uint32_t>(i)));
    EXPECT_EQ(granted.end - granted.first, 1u);
    EXPECT_TRUE(bulkhead->Poll(places[0].permit, 20 + i));
    EXPECT_EQ(places[0].permit.fields().start, 20 + i) << "the call starts when its wait ends";
    EXPECT_TRUE(bulkhead->Poll(places[0].permit, 99)) << "asking again changes nothing";
    EXPECT_EQ(places[0].permit.fields().start, 20 + i);
    slot = std::move(places[0]);
    places.erase(places.begin());
  }
  GiveBack(*bulkhead, slot);
  const BulkheadSnapshot snapshot = bulkhead->Snapshot(0);
  EXPECT_EQ(snapshot.in_flight, 0);
  EXPECT_EQ(snapshot.queued, 0);
  EXPECT_EQ(snapshot.total_admitted, 4u);
  EXPECT_EQ(snapshot.total_queued, 3u);
  EXPECT_EQ(snapshot.total_queue_full, 1u);
}

// asyncio.Semaphore let newcomers in before those it had woken (CPython gh-90155).
TEST(BulkheadTest, ANewcomerDoesNotOvertakeWhoWaits) {
  const auto bulkhead = Make({.max_concurrent = 1, .max_queue = 2});
  Decision slot = bulkhead->TryAcquire(0);
  Decision place = bulkhead->Enqueue(0);
  GiveBack(*bulkhead, slot);  // granted, though nobody has looked yet
  EXPECT_EQ(Refused(bulkhead->TryAcquire(0, Priority::kCritical)), "full");
  Decision behind = bulkhead->Enqueue(0, Priority::kCritical);
  EXPECT_EQ(Refused(behind), "queued");
  EXPECT_FALSE(bulkhead->Poll(behind.permit, 0));
  EXPECT_TRUE(bulkhead->Poll(place.permit, 0));
}

// asyncio.Semaphore woke nobody else when the waiter it had woken was cancelled
// (python/asyncio#270).
TEST(BulkheadTest, WhoGivesUpAsHeIsGrantedASlotHandsItOn) {
  const auto bulkhead = Make({.max_concurrent = 1, .max_queue = 2});
  Decision slot = bulkhead->TryAcquire(0);
  Decision first = bulkhead->Enqueue(0);
  Decision second = bulkhead->Enqueue(0);
  GiveBack(*bulkhead, slot);   // the first has it, and does not know
  GiveBack(*bulkhead, first);  // gives up
  EXPECT_TRUE(bulkhead->Poll(second.permit, 0));
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 1);
  EXPECT_EQ(bulkhead->Snapshot(0).total_left, 0u) << "it had a slot, and gave that back";
  GiveBack(*bulkhead, second);
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 0);
}

TEST(BulkheadTest, PlacesThatWereLeftAreSkipped) {
  const auto bulkhead = Make({.max_concurrent = 1, .max_queue = 4});
  Decision slot = bulkhead->TryAcquire(0);
  std::vector<Decision> places;
  for (int i = 0; i < 4; ++i) places.push_back(bulkhead->Enqueue(0));
  GiveBack(*bulkhead, places[1]);
  EXPECT_EQ(bulkhead->Snapshot(0).queued, 4) << "taken until those before it are gone";
  EXPECT_EQ(Refused(bulkhead->Enqueue(0)), "queue_full");
  GiveBack(*bulkhead, places[0]);
  EXPECT_EQ(bulkhead->Snapshot(0).queued, 2) << "the head leaves at once, with those behind it";
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 1) << "no slot went with them";
  BulkheadGrants granted;
  bulkhead->Settle(std::move(slot.permit).Release(), Outcome::kIgnored, 0, &granted);
  EXPECT_EQ(granted.first, 2u);
  EXPECT_EQ(granted.end, 3u);
  EXPECT_TRUE(bulkhead->Poll(places[2].permit, 0));
  EXPECT_FALSE(bulkhead->Poll(places[3].permit, 0));
  EXPECT_EQ(bulkhead->Snapshot(0).total_left, 2u);
}

// A share is of the slots, exactly, and whoever has one gets in when all is free.
TEST(BulkheadTest, SharesAreComparedExactly) {
  for (int slots = 1; slots <= 300; ++slots) {
    for (const int units : {0, 1, 3333, 5000, 6667, 9999, 10'000}) {
      const double share = units / 10'000.0;
      const auto bulkhead =
          Make({.max_concurrent = slots, .normal_share = share, .sheddable_share = share});
      int admitted = 0;
      while (bulkhead->TryAcquire(0, Priority::kSheddable)) ++admitted;
      EXPECT_EQ(admitted, (slots * units + 9'999) / 10'000) << slots << " x " << units;
    }
  }
}

TEST(BulkheadTest, APriorityThatIsNoneReadsAsNormal) {
  const auto bulkhead = Make({.max_concurrent = 2, .normal_share = 0.5});
  for (const int32_t none : {-1, 3, std::numeric_limits<int32_t>::min()}) {
    Decision decision = bulkhead->TryAcquire(0, static_cast<Priority>(none));
    EXPECT_TRUE(decision);
    EXPECT_EQ(Refused(bulkhead->TryAcquire(0, static_cast<Priority>(none))), "shed");
    GiveBack(*bulkhead, decision);
  }
}

TEST(BulkheadTest, MoreSlotsGoToThoseWhoWait) {
  const auto bulkhead = Make({.max_concurrent = 1, .max_queue = 8});
  std::vector<Decision> slots = Fill(*bulkhead, 1);
  std::vector<Decision> places;
  for (int i = 0; i < 5; ++i) places.push_back(bulkhead->Enqueue(0));
  BulkheadSettings more = bulkhead->settings();
  more.max_concurrent = 4;
  BulkheadGrants granted;
  ASSERT_TRUE(bulkhead->Reconfigure(more, nullptr, &granted));
  EXPECT_EQ(granted.first, 0u);
  EXPECT_EQ(granted.end, 3u);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(bulkhead->Poll(places[i].permit, 0), i < 3);
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 4);
}

TEST(BulkheadTest, AChangeOfOptionsIsWholeOrNone) {
  const auto bulkhead = Make({.max_concurrent = 3, .max_queue = 4, .max_wait_ns = 5'000});
  Error error;
  BulkheadSettings wanted = bulkhead->settings();
  wanted.max_queue = 5;
  EXPECT_FALSE(bulkhead->Reconfigure(wanted, &error));
  EXPECT_STREQ(error.message,
               "max_queue is 5; it must be at most what the bulkhead was made with, 4");
  wanted = bulkhead->settings();
  wanted.counted = false;
  EXPECT_FALSE(bulkhead->Reconfigure(wanted, &error));
  wanted = {.max_concurrent = 65'535,
            .max_queue = 2,
            .max_wait_ns = 86'400 * kNanosPerSecond,
            .normal_share = 0.25,
            .sheddable_share = 0.1235};
  EXPECT_EQ(bulkhead->settings().max_queue, 4);
  ASSERT_TRUE(bulkhead->Reconfigure(wanted, &error));
  EXPECT_EQ(testing::Describe(bulkhead->settings()), testing::Describe(wanted));
  EXPECT_EQ(bulkhead->max_wait(), wanted.max_wait_ns);
}

TEST(BulkheadTest, RefusesOptionsThatAreOutOfRange) {
  EXPECT_EQ(Message({.max_concurrent = 0}), "max_concurrent is 0; it must be 1 to 65535");
  EXPECT_EQ(Message({.max_concurrent = 65'536}), "max_concurrent is 65536; it must be 1 to 65535");
  EXPECT_EQ(Message({.max_queue = -1}), "max_queue is -1; it must be 0 to 32767");
  EXPECT_EQ(Message({.max_queue = 32'768}), "max_queue is 32768; it must be 0 to 32767");
  EXPECT_NE(Message({.max_wait_ns = -1}), "");
  EXPECT_NE(Message({.normal_share = std::numeric_limits<double>::quiet_NaN()}), "");
  EXPECT_EQ(Message({.normal_share = 0.25}),
            "sheddable_share is 0.5; it must be at most normal_share, 0.25");
  EXPECT_EQ(Message({}, /*shared=*/true), "processes cannot share a bulkhead yet");
}

// threading.Semaphore counts up for each release, whoever makes it.
TEST(BulkheadTest, ASlotComesBackOnce) {
  const auto bulkhead = Make({.max_concurrent = 2});
  const auto other = Make({.max_concurrent = 2});
  std::vector<Decision> slots = Fill(*bulkhead, 2);
  Permit permit = std::move(slots[0].permit);
  EXPECT_EQ(bulkhead->Settle(std::move(permit), Outcome::kFailure, 0), Settlement::kCounted);
  // NOLINTNEXTLINE(bugprone-use-after-move): that it is empty is what is tested
  EXPECT_EQ(bulkhead->Settle(std::move(permit), Outcome::kFailure, 0), Settlement::kMisused);
  EXPECT_EQ(bulkhead->Settle(other->TryAcquire(0).permit, Outcome::kFailure, 0),
            Settlement::kMisused);
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 1);
  EXPECT_EQ(bulkhead->Snapshot(0).total_misused, 2u);
  EXPECT_EQ(other->Snapshot(0).in_flight, 1) << "a permit that was dropped keeps its slot";
}

// In C a permit can be copied: at most a slot too many is free, and there are never less than none.
TEST(BulkheadTest, ACopyNeverFreesMoreSlotsThanAreTaken) {
  const auto bulkhead = Make({.max_concurrent = 1, .max_queue = 1});
  BulkheadGrants granted;
  const PermitFields slot = bulkhead->Decide(0, Priority::kNormal, &granted).permit;
  const PermitFields place = bulkhead->DecideOrQueue(0, Priority::kNormal, &granted).permit;
  EXPECT_EQ(bulkhead->Settle(place, Outcome::kSuccess, 0, &granted), Settlement::kCounted);
  EXPECT_EQ(bulkhead->Settle(slot, Outcome::kSuccess, 0, &granted), Settlement::kCounted);
  for (const PermitFields& copy : {slot, place}) {
    EXPECT_EQ(bulkhead->Settle(copy, Outcome::kSuccess, 0, &granted), Settlement::kMisused);
  }
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 0);
  EXPECT_EQ(bulkhead->Snapshot(0).total_misused, 2u);
}

TEST(BulkheadTest, ACopyOfAPlaceThatWasLeftIsNone) {
  const auto bulkhead = Make({.max_concurrent = 1, .max_queue = 4});
  const std::vector<Decision> slots = Fill(*bulkhead, 1);
  BulkheadGrants granted;
  const PermitFields head = bulkhead->DecideOrQueue(0, Priority::kNormal, &granted).permit;
  PermitFields place = bulkhead->DecideOrQueue(0, Priority::kNormal, &granted).permit;
  EXPECT_EQ(bulkhead->Settle(place, Outcome::kIgnored, 0, &granted), Settlement::kCounted);
  EXPECT_EQ(bulkhead->Settle(place, Outcome::kIgnored, 0, &granted), Settlement::kMisused);
  EXPECT_EQ(bulkhead->Poll(&place, 0, &granted), BulkheadPoll::kMisused);
  place.owner += 1'000'000;
  EXPECT_EQ(bulkhead->Poll(&place, 0, &granted), BulkheadPoll::kMisused);
  PermitFields none;
  EXPECT_EQ(bulkhead->Poll(&none, 0, &granted), BulkheadPoll::kMisused);
  EXPECT_EQ(bulkhead->Snapshot(0).total_misused, 4u);
  EXPECT_EQ(bulkhead->Snapshot(0).queued, 2);
  EXPECT_TRUE(granted.empty());
  (void)head;
}

// Semaphores whose release is a line of its own lose a permit with each exception.
TEST(BulkheadTest, AnExceptionGivesTheSlotBack) {
  const auto bulkhead = Make({.max_concurrent = 1});
  const auto throws = []() -> bool { throw std::runtime_error("no answer"); };
  const auto refused = [](const Decision&) { return false; };
  for (int i = 0; i < 3; ++i)
    EXPECT_THROW(spillway::Run(*bulkhead, throws, refused), std::runtime_error);
  EXPECT_TRUE(spillway::Run(
      *bulkhead,
      [&] {
        EXPECT_FALSE(spillway::Run(
            *bulkhead, [] { return true; }, refused));
        return true;
      },
      refused));
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 0);
}

// Tickets begin again after 2^32, with the places where they are.
TEST(BulkheadTest, TicketsBeginAgain) {
  testing::Memory memory(Bulkhead::MemoryBytes({.max_queue = 4}));
  constexpr uint32_t kFirst = std::numeric_limits<uint32_t>::max() - 2;
  static_cast<BulkheadMemory*>(memory.get())->word.store(BulkheadWord(kFirst, 0, 0).bits());
  const auto bulkhead = Make({.max_concurrent = 1, .max_queue = 4}, memory.get());
  Decision slot = bulkhead->TryAcquire(0);
  std::vector<Decision> places;
  for (uint32_t i = 0; i < 20; ++i) {
    while (places.size() < 4) places.push_back(bulkhead->Enqueue(0));
    EXPECT_EQ(Bulkhead::TicketOf(places[0].permit.fields()), kFirst + 2 * i);
    GiveBack(*bulkhead, places[1]);
    GiveBack(*bulkhead, slot);
    EXPECT_TRUE(bulkhead->Poll(places[0].permit, 0));
    EXPECT_FALSE(bulkhead->Poll(places[2].permit, 0));
    slot = std::move(places[0]);
    places.erase(places.begin(), places.begin() + 2);
  }
  EXPECT_EQ(bulkhead->Snapshot(0).queued, 2);
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 1);
}

// A place is used again long before those who were granted theirs have looked.
TEST(BulkheadTest, AGrantOutlivesItsPlace) {
  const auto bulkhead = Make({.max_concurrent = 1, .max_queue = 1});
  std::vector<Decision> all = Fill(*bulkhead, 1);
  for (size_t i = 0; i < 4; ++i) {
    all.push_back(bulkhead->Enqueue(0));
    BulkheadSettings more = bulkhead->settings();
    more.max_concurrent += 1;
    ASSERT_TRUE(bulkhead->Reconfigure(more, nullptr));
  }
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 5);
  EXPECT_TRUE(bulkhead->Poll(all[1].permit, 0));
  for (Decision& decision : all) GiveBack(*bulkhead, decision);
  EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 0);
  EXPECT_EQ(bulkhead->Snapshot(0).total_misused, 0u);
}

// One who was stopped or killed between giving back and granting, and between the two halves of a
// grant: anybody does the rest.
TEST(BulkheadTest, WhatWasBegunIsFinishedByAnybody) {
  const BulkheadSettings settings{.max_concurrent = 1, .max_queue = 2};
  for (const bool place_granted : {false, true}) {
    for (int who = 0; who < 4; ++who) {
      testing::Memory memory(Bulkhead::MemoryBytes(settings));
      const auto bulkhead = Make(settings, memory.get());
      auto* words = static_cast<BulkheadMemory*>(memory.get());
      const std::vector<Decision> slot = Fill(*bulkhead, 1);
      Decision first = bulkhead->Enqueue(0);
      Decision second = bulkhead->Enqueue(0);
      words->word.store(BulkheadWord(0, 2, 0).bits());
      if (place_granted) words->places()[0].store(BulkheadPlace(0).Granted(0).bits());
      if (who == 0) {
        EXPECT_EQ(Refused(bulkhead->TryAcquire(0)), "full");
      }
      if (who == 1) {
        EXPECT_EQ(Refused(bulkhead->Enqueue(0)), "queued");
      }
      if (who == 2) {
        EXPECT_FALSE(bulkhead->Poll(second.permit, 0));
      }
      if (who == 3) {
        GiveBack(*bulkhead, first);
      }
      EXPECT_EQ(bulkhead->Snapshot(0).in_flight, 1);
      EXPECT_TRUE(bulkhead->Poll((who == 3 ? second : first).permit, 0));
    }
  }
}

// Whatever the memory holds: wrong answers, but answers, and nothing beyond the memory is touched.
TEST(BulkheadTest, AnyMemoryIsSurvived) {
  std::mt19937_64 random(7);
  const BulkheadSettings settings{.max_concurrent = 3, .max_queue = 5};
  testing::Memory memory(Bulkhead::MemoryBytes(settings));
  const auto bulkhead = Make(settings, memory.get());
  for (int i = 0; i < 2'000; ++i) {
    memory.Fill(random);
    BulkheadGrants granted;
    PermitFields held =
        bulkhead->DecideOrQueue(0, static_cast<Priority>(i % kPriorities), &granted).permit;
    held.token = i % 2 == 0 ? held.token : random();
    bulkhead->Poll(&held, 0, &granted);
    bulkhead->Settle(held, Outcome::kSuccess, 0, &granted);
    bulkhead->Settle(bulkhead->Decide(0, Priority::kNormal, &granted).permit, Outcome::kSuccess, 0,
                     &granted);
    granted = {.first = static_cast<uint32_t>(random()), .end = static_cast<uint32_t>(random())};
    bulkhead->Wake(granted);
    bulkhead->Snapshot(0);
  }
}

}  // namespace
}  // namespace spillway
