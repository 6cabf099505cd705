#include "spillway/telemetry/event_ring.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace spillway {
namespace {

constexpr uint32_t kLast = kGenerations - 1;

// An event that can be told from its neighbours by each of its parts.
Event EventOf(uint32_t generation) {
  return {.generation = generation,
          .from = static_cast<int32_t>(generation % 8),
          .to = static_cast<int32_t>((generation + 1) % 8),
          .reason = static_cast<int32_t>(1 + generation % 9),
          .rate = static_cast<double>(generation % 101) / 100,
          .time = Nanos{generation} * 1'000'003};
}

bool Same(const Event& a, const Event& b) {
  return a.generation == b.generation && a.from == b.from && a.to == b.to && a.reason == b.reason &&
         a.rate == b.rate && a.time == b.time;
}

std::vector<Event> ReadAll(const EventRing& ring, uint32_t since, uint32_t current,
                           uint64_t* lost) {
  std::array<Event, EventRing::kSlots> buffer;
  const EventBatch batch = ring.Read(since, current, buffer);
  *lost = batch.lost;
  return {buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(batch.count)};
}

TEST(EventTest, GenerationsAreOrderedAcrossTheirWrap) {
  EXPECT_TRUE(IsLaterGeneration(1, 0));
  EXPECT_FALSE(IsLaterGeneration(0, 1));
  EXPECT_FALSE(IsLaterGeneration(5, 5));
  EXPECT_TRUE(IsLaterGeneration(0, kLast));
  EXPECT_TRUE(IsLaterGeneration(3, kLast - 3));
  EXPECT_FALSE(IsLaterGeneration(kLast, 0));
}

TEST(EventRingTest, KeepsAllPartsOfAnEvent) {
  EventRing ring{};
  for (uint32_t generation = 1; generation < 300; ++generation) {
    ring.Publish(EventOf(generation));
    const std::optional<Event> found = ring.Find(generation);
    ASSERT_TRUE(found);
    EXPECT_TRUE(Same(*found, EventOf(generation))) << generation;
  }
}

TEST(EventRingTest, RatesAreKeptToAHundredthOfAPercent) {
  EventRing ring{};
  for (const auto& [given, kept] : {std::pair{-1.0, -1.0},
                                    {0.0, 0.0},
                                    {1.0, 1.0},
                                    {2.0 / 3, 0.6667},
                                    {0.00004, 0.0},
                                    {0.99996, 1.0}}) {
    static uint32_t generation = 0;
    ring.Publish({.generation = ++generation, .reason = 1, .rate = given});
    EXPECT_EQ(ring.Find(generation)->rate, kept);
  }
}

TEST(EventRingTest, FindsNothingInFreshMemory) {
  const EventRing ring{};
  for (const uint32_t generation : {0u, 1u, 7u, 8u, kLast}) EXPECT_FALSE(ring.Find(generation));
  uint64_t lost = 0;
  EXPECT_TRUE(ReadAll(ring, 0, 0, &lost).empty());
  EXPECT_EQ(lost, 0u);
}

TEST(EventRingTest, CountsWhatWasOverwritten) {
  EventRing ring{};
  for (uint32_t generation = 1; generation <= 20; ++generation) ring.Publish(EventOf(generation));
  uint64_t lost = 0;
  const std::vector<Event> events = ReadAll(ring, 5, 20, &lost);
  ASSERT_EQ(events.size(), EventRing::kSlots);
  EXPECT_EQ(lost, 15 - EventRing::kSlots);
  for (uint32_t i = 0; i < events.size(); ++i) EXPECT_TRUE(Same(events[i], EventOf(13 + i)));
}

TEST(EventRingTest, CountsWhatWasNeverPublished) {
  EventRing ring{};
  for (const uint32_t generation : {1u, 2u, 4u, 6u}) ring.Publish(EventOf(generation));
  uint64_t lost = 0;
  EXPECT_EQ(ReadAll(ring, 0, 6, &lost).size(), 4u);
  EXPECT_EQ(lost, 2u);
}

TEST(EventRingTest, TheNewestMayStillBeOnItsWay) {
  EventRing ring{};
  ring.Publish(EventOf(1));
  std::array<Event, 4> buffer;
  const EventBatch batch = ring.Read(0, 2, buffer);
  EXPECT_EQ(batch.count, 1u);
  EXPECT_EQ(batch.lost, 0u);
  EXPECT_EQ(batch.generation, 1u) << "the next reading begins with it";
  ring.Publish(EventOf(2));
  EXPECT_EQ(ring.Read(batch.generation, 2, buffer).count, 1u);
}

TEST(EventRingTest, FillsASmallBufferInParts) {
  EventRing ring{};
  for (uint32_t generation = 1; generation <= 5; ++generation) ring.Publish(EventOf(generation));
  std::array<Event, 2> buffer;
  std::vector<uint32_t> seen;
  EventBatch batch;
  do {
    batch = ring.Read(batch.generation, 5, buffer);
    for (size_t i = 0; i < batch.count; ++i) seen.push_back(buffer[i].generation);
  } while (batch.count > 0);
  EXPECT_EQ(seen, (std::vector<uint32_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(ring.Read(0, 5, {}).count, 0u);
}

TEST(EventRingTest, ReadsAcrossTheWrap) {
  EventRing ring{};
  for (const uint32_t generation : {kLast - 1, kLast, 0u, 1u}) ring.Publish(EventOf(generation));
  uint64_t lost = 0;
  const std::vector<Event> events = ReadAll(ring, kLast - 2, 1, &lost);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].generation, kLast - 1);
  EXPECT_EQ(events[3].generation, 1u);
  EXPECT_EQ(lost, 0u);
}

TEST(EventRingTest, ALatePublisherDoesNotBringAnOldEventBack) {
  EventRing ring{};
  ring.Publish(EventOf(9));
  ring.Publish(EventOf(1));
  EXPECT_TRUE(ring.Find(9));
  EXPECT_FALSE(ring.Find(1));
}

// Nobody gives a number from ahead but by mistake, and it cannot be told from one of long ago.
TEST(EventRingTest, AReaderFromAheadIsTakenForOneFromLongAgo) {
  EventRing ring{};
  ring.Publish(EventOf(1));
  uint64_t lost = 0;
  EXPECT_EQ(ReadAll(ring, 7, 1, &lost).size(), 1u);
  EXPECT_EQ(lost, kGenerations - 7);
  EXPECT_TRUE(ReadAll(ring, kGenerations + 1, 1, &lost).empty()) << "numbers are taken modulo";
}

// Readers never see an event made of two, and see them in order; every number is seen or lost.
TEST(EventRingTest, ReadersSeeWholeEventsInOrder) {
  constexpr uint32_t kEvents = 100'000;
  EventRing ring{};
  std::atomic<uint32_t> current{0};
  std::thread publisher([&] {
    for (uint32_t generation = 1; generation <= kEvents; ++generation) {
      current.store(generation);
      ring.Publish(EventOf(generation));
    }
  });
  std::array<Event, 3> buffer;
  uint64_t accounted = 0;
  uint32_t since = 0;
  while (since != kEvents) {
    const EventBatch batch = ring.Read(since, current.load(), buffer);
    for (size_t i = 0; i < batch.count; ++i) {
      ASSERT_TRUE(IsLaterGeneration(buffer[i].generation, since));
      since = buffer[i].generation;
      ASSERT_TRUE(Same(buffer[i], EventOf(since))) << since;
    }
    accounted += batch.count + batch.lost;
    since = batch.generation;
  }
  publisher.join();
  EXPECT_EQ(accounted, kEvents);
}

// Several publishers, as when threads change a breaker in turn, some of them stopped for a while in
// the middle: what is kept is whole.
TEST(EventRingTest, PublishersThatRaceLeaveWholeEvents) {
  constexpr uint32_t kEvents = 1'000'000;
  EventRing ring{};
  std::atomic<uint32_t> next{1};
  std::atomic<uint32_t> mixed{0};
  std::vector<std::thread> publishers;
  for (int i = 0; i < 4; ++i) {
    publishers.emplace_back([&] {
      for (uint32_t mine = next++; mine < kEvents && mixed == 0; mine = next++) {
        ring.Publish(EventOf(mine));
        for (uint32_t back = 0; back < EventRing::kSlots; ++back) {
          const uint32_t generation = (mine - back) % kGenerations;
          const std::optional<Event> event = ring.Find(generation);
          if (event && !Same(*event, EventOf(generation))) ++mixed;
        }
      }
    });
  }
  for (std::thread& publisher : publishers) publisher.join();
  EXPECT_EQ(mixed, 0u) << "events were kept with the time of another";
}

}  // namespace
}  // namespace spillway
