// Each field of a breaker's state that holds a number that grows, from just before its wrap on, or
// why it cannot wrap. docs/time.md is the list.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/breakers.h"
#include "tests/support/memory.h"

namespace spillway {
namespace {

using testing::MakeBreaker;
using testing::Memory;
using State = CircuitBreakerState;

constexpr Nanos kSecond = kNanosPerSecond;
constexpr Nanos kDay = 86'400 * kSecond;
constexpr Nanos kYear = 365 * kDay;
constexpr Nanos kCentury = 100 * kYear + 25 * kDay;
constexpr uint32_t kLastGeneration = kGenerations - 1;

// Opens at the first failure.
CircuitBreakerSettings Strict() {
  CircuitBreakerSettings settings;
  settings.min_calls = 1;
  settings.jitter = 0;
  return settings;
}

// Counts and never trips.
CircuitBreakerSettings Patient(WindowKind kind = WindowKind::kTime) {
  CircuitBreakerSettings settings;
  settings.window_kind = kind;
  settings.min_calls = 100'000'000;
  settings.initial_state = State::kMetricsOnly;
  return settings;
}

// A breaker whose state a test can write.
class Placed {
 public:
  explicit Placed(const CircuitBreakerSettings& settings)
      : memory_(CircuitBreaker::MemoryBytes(settings)),
        breaker_(MakeBreaker(settings, memory_.get())) {}

  CircuitBreakerMemory& state() { return *static_cast<CircuitBreakerMemory*>(memory_.get()); }
  CircuitBreaker* operator->() { return breaker_.get(); }

  Settlement Call(Outcome outcome, Nanos now) {
    return breaker_->Settle(breaker_->TryAcquire(now).permit, outcome, now);
  }
  // Sets the word to the phase it has, with this generation and this period.
  void Count(uint32_t generation, uint64_t period) {
    const BreakerWord word(state().word.load());
    state().word.store(BreakerWord::Counting(word.phase(), generation, period, word.step()).bits());
  }

 private:
  Memory memory_;
  std::unique_ptr<CircuitBreaker> breaker_;
};

// ---- what cannot wrap within a century, as arithmetic

// Counters of 64 bits, were one counted each nanosecond: totals, ramp calls, tickets, owners' ids.
static_assert(std::numeric_limits<uint64_t>::max() / 5 > static_cast<uint64_t>(kCentury));
// Times of 64 bits: lease_end, open_until and the times of events saturate at the end of time.
static_assert(kForever / 2 > kCentury);
// The end of the open time: 36 bits of 2^27 ns are all of time, and the last of them ends with it.
static_assert(BreakerWord::Open(0, kForever, 0).latest_open_until() == kForever);
static_assert(BreakerWord::Open(0, kForever, 0).period() == BreakerWord::kMaxPeriod);

// ---- generation: 20 bits

TEST(CircuitBreakerTimeTest, GenerationsWrapAndPermitsOfBeforeAreStale) {
  Placed breaker(Strict());
  breaker.Count(kLastGeneration, 0);
  Permit before = breaker->TryAcquire(1).permit;
  EXPECT_EQ(breaker.Call(Outcome::kFailure, 1), Settlement::kCounted);
  EXPECT_EQ(breaker->state(), State::kOpen);
  EXPECT_EQ(breaker->generation(), 0u);
  EXPECT_EQ(breaker->Settle(std::move(before), Outcome::kFailure, 1), Settlement::kStale);
  EXPECT_FALSE(breaker->TryAcquire(5 * kSecond)) << "opened at 1 ns, to the nanosecond";
  Permit probe = breaker->TryAcquire(5 * kSecond + 1).permit;
  EXPECT_EQ(breaker->Settle(std::move(probe), Outcome::kSuccess, 5 * kSecond + 1),
            Settlement::kCounted);
  EXPECT_EQ(breaker->state(), State::kClosed);
  EXPECT_EQ(breaker->generation(), 2u);
  std::array<Event, 8> events;
  const EventBatch batch = breaker->Events(kLastGeneration, events);
  EXPECT_EQ(batch.count, 3u);
  EXPECT_EQ(batch.lost, 0u);
  EXPECT_EQ(events[0].generation, 0u);
}

// The limit: a permit that was kept through 2^20 changes of state reads as one of the present.
TEST(CircuitBreakerTimeTest, APermitIsStaleForAllButOneOfAMillionGenerations) {
  Placed breaker(Patient());
  breaker.Count(7, 0);
  const PermitFields kept = breaker->Decide(0).permit;
  uint64_t stale = 0;
  for (uint32_t later = 1; later < kGenerations; ++later) {
    breaker.Count((7 + later) % kGenerations, 0);
    stale += breaker->Settle(kept, Outcome::kFailure, 0) == Settlement::kStale;
  }
  EXPECT_EQ(stale, kLastGeneration);
  breaker.Count(7, 0);
  EXPECT_EQ(breaker->Settle(kept, Outcome::kFailure, 0), Settlement::kCounted);
  EXPECT_EQ(breaker->Snapshot(0).total_failures, 1u);
}

// A reader that was away is told how many changes it has missed, unless it missed a whole round of
// the numbers.
TEST(CircuitBreakerTimeTest, AReaderMayMissAllButOneOfTheGenerations) {
  Placed breaker(Patient());
  const uint32_t since = kLastGeneration - 3;
  std::array<Event, 8> events;
  for (const uint32_t missed : {kGenerations / 2, kGenerations - 1}) {
    breaker.Count((since + missed) % kGenerations, 0);
    const EventBatch batch = breaker->Events(since, events);
    EXPECT_EQ(batch.lost, missed - 1) << "all but the newest, which may yet be told";
    EXPECT_EQ(batch.generation, (since + missed - 1) % kGenerations);
  }
  breaker.Count(since, 0);
  EXPECT_EQ(breaker->Events(since, events).lost, 0u);
}

// ---- period: 36 bits in the word, 13 in a ring of calls, 3 in a register

// Windows with the most and the fewest bits for periods.
std::vector<CircuitBreakerSettings> EachTimeWindow() {
  std::vector<CircuitBreakerSettings> all;
  for (const Nanos window : {Nanos{1'000'000}, Nanos{128'000'000}, 10 * kSecond, kDay}) {
    for (const int32_t buckets : {1, 10, 128}) {
      CircuitBreakerSettings settings = Strict();
      settings.min_calls = 100'000'000;
      settings.window_ns = window;
      settings.buckets = buckets;
      if (window / buckets >= 1'000'000) all.push_back(settings);
    }
  }
  return all;
}

BucketRing RingOf(const CircuitBreakerSettings& settings) {
  return {(settings.window_ns + settings.buckets - 1) / settings.buckets,
          static_cast<uint32_t>(settings.buckets)};
}
uint64_t LastPeriod(const BucketRing& ring) {
  return std::min(ring.max_period(), BreakerWord::kMaxPeriod);
}

// Periods saturate: from there on a reset no longer empties the window at once. The counts leave
// it as time passes, and periods are free again.
TEST(CircuitBreakerTimeTest, PeriodsSaturateAndFreeThemselves) {
  for (const CircuitBreakerSettings& settings : EachTimeWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    const BucketRing ring = RingOf(settings);
    const uint64_t last = LastPeriod(ring);
    Placed breaker(settings);
    breaker.Count(0, last - 1);
    breaker.Call(Outcome::kFailure, 0);
    EXPECT_EQ(breaker->Snapshot(0).failures, 1u);
    breaker->Reset(0);
    EXPECT_EQ(BreakerWord(breaker.state().word.load()).period(), last);
    for (uint64_t failures = 1; failures < 4; ++failures) {
      EXPECT_LE(breaker->Snapshot(0).failures, failures);
      breaker.Call(Outcome::kFailure, 0);
      breaker->Reset(0);
      EXPECT_EQ(BreakerWord(breaker.state().word.load()).period(), last);
    }
    EXPECT_GE(breaker->Snapshot(0).failures, 3u) << "what the last period holds stays";
    EXPECT_EQ(breaker->Snapshot(settings.window_ns + settings.buckets).failures, 0u);
    EXPECT_EQ(breaker->Snapshot(0).total_failures, 4u);
    // Once as much time has passed as there are periods, or what there is of time.
    Nanos passed = 0;
    if (__builtin_mul_overflow(last + 3 * ring.buckets(), ring.bucket(), &passed)) {
      passed = kForever;
    }
    breaker->Reset(passed);
    EXPECT_LT(BreakerWord(breaker.state().word.load()).period(), last);
  }
}

// How soon that is: each close takes twice the ring's buckets of them, so that it needs millions of
// closes within about one length of the ring.
TEST(CircuitBreakerTimeTest, PeriodsLastForMillionsOfCloses) {
  for (const CircuitBreakerSettings& settings : EachTimeWindow()) {
    const BucketRing ring = RingOf(settings);
    EXPECT_GE(LastPeriod(ring) / (2 * ring.buckets()), 2'000'000u) << testing::Describe(settings);
  }
}

// Windows of calls name the periods by 13 and by 3 bits, and go around and around.
TEST(CircuitBreakerTimeTest, PeriodsOfCallsWrapAndForgetEachTime) {
  for (const int32_t size : {5, 30, 31, 100}) {
    CircuitBreakerSettings settings = Patient(WindowKind::kCount);
    settings.window_size = size;
    settings.initial_state = State::kClosed;
    settings.failure_rate = 1;
    Placed breaker(settings);
    for (int round = 0; round < 9000; ++round) {
      ASSERT_EQ(breaker->Snapshot(0).successes, 0u) << size << " calls, round " << round;
      breaker.Call(Outcome::kSuccess, 0);
      ASSERT_EQ(breaker->Snapshot(0).successes, 1u) << size << " calls, round " << round;
      breaker->Reset(0);
    }
  }
}

// ---- open time: 36 bits of units, and the exact end beside them

TEST(CircuitBreakerTimeTest, TheEndOfAnOpeningCarriesThroughAllItsBits) {
  for (int bit = 27; bit < 63; ++bit) {
    SCOPED_TRACE(bit);
    const Nanos carry = bit == 62 ? kForever : Nanos{1} << bit;
    for (const Nanos until : {carry - 1, carry, std::min(carry, kForever - 1) + 1}) {
      if (until < 5 * kSecond) continue;
      Placed breaker(Strict());
      breaker.Call(Outcome::kFailure, until - 5 * kSecond);
      EXPECT_EQ(breaker->TryAcquire(until - 1).retry_after, 1);
      // Without the exact end, as if its writer had been killed: later, by up to a unit.
      breaker.state().open_word.store(0);
      const Nanos left = breaker->Snapshot(until).time_to_half_open_ns;
      EXPECT_LT(left, Nanos{1} << 27);
      EXPECT_FALSE(breaker->TryAcquire(until - 1));
      EXPECT_TRUE(breaker->TryAcquire(SaturatingAdd(until, left)));
    }
  }
}

// ---- probes: 6 bits each

TEST(CircuitBreakerTimeTest, SixtyThreeProbesFillTheirFields) {
  CircuitBreakerSettings settings = Strict();
  settings.probes = settings.probes_in_flight = 63;
  settings.failure_rate = 1;
  Placed breaker(settings);
  breaker.Call(Outcome::kFailure, 0);
  const Nanos now = settings.open_for_ns;
  std::vector<Permit> probes;
  for (int i = 0; i < 63; ++i) probes.push_back(breaker->TryAcquire(now).permit);
  EXPECT_TRUE(probes.back());
  EXPECT_FALSE(breaker->TryAcquire(now));
  EXPECT_EQ(breaker->Snapshot(now).probes_issued, 63);
  // An ignored one makes room for one more, also when their count comes around.
  for (int i = 0; i < 4097; ++i) {
    EXPECT_EQ(breaker->Settle(std::move(probes.back()), Outcome::kIgnored, now),
              Settlement::kCounted);
    probes.back() = breaker->TryAcquire(now).permit;
  }
  EXPECT_FALSE(breaker->TryAcquire(now));
  for (Permit& probe : probes) {
    EXPECT_EQ(breaker->state(), State::kHalfOpen);
    EXPECT_EQ(breaker->Settle(std::move(probe), Outcome::kFailure, now), Settlement::kCounted);
  }
  EXPECT_EQ(breaker->state(), State::kOpen) << "when the last of 63 has failed";
  EXPECT_EQ(breaker->Snapshot(now).open_step, 1);
  EXPECT_EQ(breaker->Snapshot(now).total_probes, 63u);
}

// ---- totals, and the marks that keep their low bits

TEST(CircuitBreakerTimeTest, AWindowCountsAcrossACarryOfItsTotals) {
  for (CircuitBreakerSettings settings : EachTimeWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    settings.initial_state = State::kMetricsOnly;
    for (const int bits : {19, 26, 33, 40, 46, 63}) {
      const uint64_t start = (uint64_t{1} << bits) - 2;
      Placed breaker(settings);
      Word* const totals = breaker.state().cells();
      for (uint32_t call = 0; call < kCallClasses; ++call) totals[call].store(start);
      for (uint64_t calls = 1; calls <= 5; ++calls) {
        breaker.Call(Outcome::kFailure, 0);
        breaker.Call(Outcome::kSuccess, 0);
        const CircuitBreakerSnapshot snapshot = breaker->Snapshot(0);
        EXPECT_EQ(snapshot.failures, calls);
        EXPECT_EQ(snapshot.successes, calls);
        EXPECT_EQ(snapshot.total_failures, start + calls);
      }
    }
  }
}

// ---- tickets of a ring of calls: 49 bits

// The ticket before the wrap is the one that a success of the first period packs to a zero, which
// means a place that was never written: such a call takes a place and counts as nothing.
TEST(CircuitBreakerTimeTest, TheCallBeforeTheTicketsWrapMayBeAbsent) {
  constexpr size_t kHead = kCacheLine / sizeof(Word);
  constexpr uint64_t kTickets = uint64_t{1} << 49;
  CircuitBreakerSettings settings = Patient(WindowKind::kCount);
  settings.initial_state = State::kClosed;
  settings.window_size = 50;
  for (const bool success : {true, false}) {
    Placed breaker(settings);
    breaker.state().cells()[kHead].store(kTickets - 60);
    for (uint64_t call = 0; call < 200; ++call) {
      const bool last = call == 59;
      breaker.Call(last && !success ? Outcome::kFailure : Outcome::kSuccess, 0);
      const CircuitBreakerSnapshot snapshot = breaker->Snapshot(0);
      const bool holds_it = call >= 59 && call < 59 + 50;
      const uint64_t absent = success && holds_it;
      EXPECT_EQ(snapshot.successes + snapshot.failures, std::min<uint64_t>(call + 1, 50) - absent);
      EXPECT_EQ(snapshot.failures, static_cast<uint64_t>(!success && holds_it));
    }
    EXPECT_EQ(breaker->Snapshot(0).total_successes, success ? 200u : 199u);
  }
}

// ---- calls in flight: epoch | count

std::vector<CircuitBreakerSettings> EachInFlightWindow() {
  std::vector<CircuitBreakerSettings> all;
  for (CircuitBreakerSettings settings : EachTimeWindow()) {
    settings.in_flight = true;
    settings.min_calls = 1;
    for (const Nanos slow_call : {Nanos{1}, settings.window_ns / 3}) {
      settings.slow_call_ns = slow_call;
      if (CircuitBreaker::Make("", settings, nullptr) != nullptr) all.push_back(settings);
    }
  }
  return all;
}

// The last epoch of all, after as many periods as a thousand closes of a century take.
TEST(CircuitBreakerTimeTest, CallsInFlightAreJudgedUpToTheEndOfTime) {
  ASSERT_GE(EachInFlightWindow().size(), 8u);
  for (const CircuitBreakerSettings& settings : EachInFlightWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    const Nanos judged_after = settings.window_ns + settings.slow_call_ns;
    for (const Nanos start : {Nanos{0}, kCentury, Nanos{1} << 62, kForever - 2 * judged_after}) {
      Placed breaker(settings);
      for (int close = 0; close < 1000; ++close) {
        breaker->TryAcquire(start);
        breaker->Reset(start);
      }
      EXPECT_EQ(breaker->Snapshot(start + judged_after).judged, 0u) << "forgotten";
      EXPECT_TRUE(breaker->TryAcquire(start));
      EXPECT_EQ(breaker->Snapshot(start).judged, 0u);
      EXPECT_EQ(breaker->Snapshot(start + judged_after).judged_slow, 1u);
    }
  }
}

// ---- the lease: a time; the calls of ramps: 64 bits

TEST(CircuitBreakerTimeTest, ALeaseSaturatesAtTheEndOfTime) {
  Placed breaker(Strict());
  breaker.Call(Outcome::kFailure, kForever - 10 * kSecond);
  ASSERT_TRUE(breaker->TryAcquire(kForever - 2 * kSecond));
  EXPECT_EQ(breaker.state().lease_end.load(), static_cast<uint64_t>(kForever));
  EXPECT_EQ(breaker->TryAcquire(kForever - 1).retry_after, 1);
  EXPECT_TRUE(breaker->TryAcquire(kForever)) << "given up at the end of time";
}

// A clock that began anew must not wait for a lease of the old one.
TEST(CircuitBreakerTimeTest, ALeaseOfAClockThatWasFarAheadIsOver) {
  const CircuitBreakerSettings settings = Strict();
  Placed breaker(settings);
  breaker.Call(Outcome::kFailure, 0);
  const Nanos later = 10 * kYear;
  Permit lost = breaker->TryAcquire(later).permit;
  ASSERT_TRUE(lost);
  EXPECT_FALSE(breaker->TryAcquire(later - kSecond)) << "a second back: the lease is longer";
  EXPECT_TRUE(breaker->TryAcquire(5));
  EXPECT_EQ(breaker->Settle(std::move(lost), Outcome::kFailure, 5), Settlement::kStale);
}

TEST(CircuitBreakerTimeTest, TheCallsOfARampWrap) {
  CircuitBreakerSettings settings = Strict();
  settings.ramp_ns = 10 * kSecond;
  settings.min_calls = 1'000'000;
  Placed breaker(settings);
  breaker.state().ramp_calls.store(0 - uint64_t{500});
  breaker->ForceOpen(0);
  const BreakerWord word(breaker.state().word.load());
  breaker.state().word.store(
      BreakerWord::Counting(Phase::kRecovering, word.generation(), 0, 0).bits());
  int admitted = 0;
  for (int call = 0; call < 1000; ++call) admitted += bool{breaker->TryAcquire(5 * kSecond)};
  EXPECT_NEAR(admitted, 500, 10) << "half of the ramp has passed";
  EXPECT_LT(breaker.state().ramp_calls.load(), 1000u) << "it has wrapped";
}

}  // namespace
}  // namespace spillway
