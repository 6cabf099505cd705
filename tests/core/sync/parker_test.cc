#include "spillway/sync/parker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "spillway/base/time.h"

namespace spillway {
namespace {

constexpr Nanos kSoon = 5'000'000;

TEST(ParkerTest, WaitsUntilTheTimeAndNotLess) {
  const Nanos until = SteadyNow() + kSoon;
  EXPECT_TRUE(ParkUntil(until));
  EXPECT_GE(SteadyNow(), until);
}

TEST(ParkerTest, DoesNotWaitForWhatHasCome) {
  EXPECT_TRUE(ParkUntil(SteadyNow()));
  EXPECT_TRUE(ParkUntil(0));
  EXPECT_TRUE(ParkUntil(-1));
}

TEST(ParkerTest, AStopEndsTheLongestWait) {
  std::stop_source source;
  std::atomic<bool> begun{false};
  bool waited = true;
  std::thread waiter([&] {
    begun = true;
    waited = ParkUntil(kForever, source.get_token());
  });
  while (!begun) std::this_thread::yield();
  source.request_stop();
  waiter.join();
  EXPECT_FALSE(waited);
}

TEST(ParkerTest, AStopOfBeforeGoesFirst) {
  std::stop_source source;
  source.request_stop();
  EXPECT_FALSE(ParkUntil(0, source.get_token()));
  EXPECT_FALSE(ParkUntil(kForever, source.get_token()));
}

TEST(ParkerTest, StopsThatRaceWithTheEndOfTheWaitAreSafe) {
  for (int i = 0; i < 200; ++i) {
    std::stop_source source;
    const Nanos until = SteadyNow() + 20'000;
    std::thread stopper([&] {
      while (SteadyNow() < until) {
      }
      source.request_stop();
    });
    const bool waited = ParkUntil(until, source.get_token());
    EXPECT_TRUE(!waited || SteadyNow() >= until);
    stopper.join();
  }
}

TEST(ParkerTest, SleepsWhileTheWordIsWhatItWas) {
  Word word{uint64_t{7} << 32 | 5};  // only the low half counts
  ParkWhile(word, 4, kForever);
  const Nanos until = SteadyNow() + kSoon;
  while (SteadyNow() < until) ParkWhile(word, 5, until);
  ParkWhile(word, 5, -1);
}

TEST(ParkerTest, AWakeUpEndsTheLongestSleep) {
  Word word{5};
  std::atomic<bool> done{false};
  std::thread waiter([&] {
    while (word.load(std::memory_order_relaxed) == 5) ParkWhile(word, 5, kForever);
    done = true;
  });
  std::this_thread::sleep_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
  EXPECT_FALSE(done);
  word.store(6, std::memory_order_relaxed);
  WakeAll(word);
  waiter.join();
}

}  // namespace
}  // namespace spillway
