#include "spillway/sync/thread_slot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <set>
#include <thread>
#include <vector>

namespace spillway::internal {
namespace {

// The slots of `count` threads that live at the same time.
std::vector<uint32_t> SlotsOf(int count) {
  std::vector<uint32_t> slots(static_cast<size_t>(count));
  std::barrier all_have_one(count);
  std::vector<std::thread> threads;
  for (uint32_t& slot : slots) {
    threads.emplace_back([&] {
      slot = TakeThreadSlot();
      all_have_one.arrive_and_wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return slots;
}

TEST(ThreadSlotTest, AThreadKeepsItsSlot) {
  std::thread([] {
    EXPECT_EQ(thread_slot, kThreadSlotUnasked);
    const uint32_t slot = TakeThreadSlot();
    EXPECT_EQ(TakeThreadSlot(), slot);
    EXPECT_EQ(thread_slot, slot);
  }).join();
}

TEST(ThreadSlotTest, NoTwoThreadsHaveTheSame) {
  for (int round = 0; round < 100; ++round) {
    std::multiset<uint32_t> slots;
    for (const uint32_t slot : SlotsOf(2 * kThreadSlots)) slots.insert(slot);
    size_t owned = 0;
    for (uint32_t slot = 0; slot < kThreadSlots; ++slot) {
      EXPECT_LE(slots.count(slot), 1u);
      owned += slots.count(slot);
    }
    EXPECT_EQ(owned + slots.count(kNoThreadSlot), slots.size());
    EXPECT_GE(owned, kThreadSlots - 1) << "but for that of the main thread, all were free";
  }
}

TEST(ThreadSlotTest, AThreadThatEndsGivesItsSlotBack) {
  for (uint32_t i = 0; i < 3 * kThreadSlots; ++i) {
    EXPECT_NE(SlotsOf(1).front(), kNoThreadSlot);
  }
}

}  // namespace
}  // namespace spillway::internal
