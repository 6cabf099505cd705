#include "spillway/stats/owned_counter.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace spillway {
namespace {

constexpr uint32_t kOwners[] = {OwnedCounter::kOwnedByThreads, OwnedCounter::kOwnedByNobody};

TEST(OwnedCounterTest, Counts) {
  for (const uint32_t owned : kOwners) {
    OwnedCounter counter{};
    EXPECT_EQ(counter.Sum(), 0u);
    for (int i = 0; i < 1000; ++i) counter.Increment(owned);
    EXPECT_EQ(counter.Sum(), 1000u);
  }
}

TEST(OwnedCounterTest, TheCheapWayNeedsASlot) {
  OwnedCounter counter{};
  EXPECT_FALSE(counter.TryIncrement(OwnedCounter::kOwnedByNobody));
  EXPECT_EQ(counter.Sum(), 0u);
  std::thread([&] {
    EXPECT_FALSE(counter.TryIncrement(OwnedCounter::kOwnedByThreads)) << "a thread that is new";
    counter.Increment(OwnedCounter::kOwnedByThreads);
    EXPECT_TRUE(counter.TryIncrement(OwnedCounter::kOwnedByThreads));
  }).join();
  EXPECT_EQ(counter.Sum(), 2u);
}

// More threads than there are slots, at once and one after another: a slot that changes hands
// loses nothing.
TEST(OwnedCounterTest, ThreadsThatComeAndGoLoseNoCount) {
  constexpr int kRounds = 50;
  constexpr int kThreads = 12;
  constexpr int kCounts = 200;
  OwnedCounter counter{};
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < kCounts; ++i) {
          if (!counter.TryIncrement(OwnedCounter::kOwnedByThreads)) {
            counter.Increment(OwnedCounter::kOwnedByThreads);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(counter.Sum(), uint64_t{kRounds} * kThreads * kCounts);
}

// A destructor that runs after the thread has given its slot back still counts.
struct CountsWhenDestroyed {
  OwnedCounter* counter = nullptr;
  ~CountsWhenDestroyed() {
    if (!counter->TryIncrement(OwnedCounter::kOwnedByThreads)) {
      counter->Increment(OwnedCounter::kOwnedByThreads);
    }
  }
};

TEST(OwnedCounterTest, AThreadThatEndsStillCounts) {
  OwnedCounter counter{};
  for (int i = 0; i < 20; ++i) {
    std::thread([&] {
      // Made before the slot is taken, so destroyed after it was given back.
      thread_local CountsWhenDestroyed late;
      late.counter = &counter;
      counter.Increment(OwnedCounter::kOwnedByThreads);
    }).join();
  }
  EXPECT_EQ(counter.Sum(), 40u);
}

}  // namespace
}  // namespace spillway
