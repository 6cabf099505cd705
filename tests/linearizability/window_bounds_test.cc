// Threads record into a window while one reads it: what it reads lies within the bounds that
// window_bounds.h computes from who recorded what when.
#include "tests/linearizability/window_bounds.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <sstream>
#include <string>
#include <vector>

#include "tests/linearizability/breaker_calls.h"
#include "tests/linearizability/recorder.h"

namespace spillway::testing {
namespace {

constexpr size_t kWriters = 3;
constexpr size_t kCalls = 120;

// ---- threads

struct WindowCall {
  enum class Kind { kStart, kSettle, kRead };
  Kind kind;
  Nanos now;
  PermitFields permit = {};
  Outcome outcome = Outcome::kSuccess;
};

struct WindowAnswer {
  PermitFields permit = {};
  CircuitBreakerSnapshot seen = {};
};

class WindowClient {
 public:
  using Operation = WindowCall;
  using Answer = WindowAnswer;
  using Kind = WindowCall::Kind;

  WindowClient(BreakerSubject* subject, std::atomic<Nanos>* clock, bool reads)
      : subject_(subject), clock_(clock), reads_(reads) {}

  WindowCall Next(Random& random) {
    // No two calls have the same time, by which a call is known.
    const Nanos now = clock_->fetch_add(1 + random.Below<Nanos>(60'000), std::memory_order_relaxed);
    if (reads_) return {.kind = Kind::kRead, .now = now};
    if (held_.empty() || random.OneIn(3)) return {.kind = Kind::kStart, .now = now};
    const size_t which = random.Below(held_.size());
    const PermitFields permit = held_[which];
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    const Outcome outcome = random.OneIn(8)   ? Outcome::kIgnored
                            : random.OneIn(3) ? Outcome::kFailure
                                              : Outcome::kSuccess;
    return {.kind = Kind::kSettle, .now = now, .permit = permit, .outcome = outcome};
  }

  WindowAnswer Run(const WindowCall& call) {
    if (call.kind == Kind::kRead) return {.seen = subject_->Snapshot(call.now)};
    if (call.kind == Kind::kStart) {
      held_.push_back(subject_->Decide(call.now).permit);
      return {.permit = held_.back()};
    }
    subject_->Settle(call.permit, call.outcome, call.now);
    return {};
  }

 private:
  BreakerSubject* subject_;
  std::atomic<Nanos>* clock_;
  bool reads_;
  std::vector<PermitFields> held_;
};

using WindowHistory = History<WindowCall, WindowAnswer>;
using Kind = WindowCall::Kind;

// ---- what they recorded, and what that allows

class Readings {
 public:
  Readings(const CircuitBreakerSettings& settings, const WindowHistory& history)
      : settings_(settings) {
    for (const auto& thread : history) {
      for (const auto& call : thread) Add(call);
    }
    for (const auto& thread : history) {
      for (const auto& [call, answer, invoked, returned] : thread) {
        if (call.kind == Kind::kRead) Check(call.now, {invoked, returned}, answer->seen);
      }
    }
  }

  // What was read out of bounds.
  std::string wrong() const { return wrong_.str(); }
  // Readings whose bounds were not a single number, so that they overlapped something.
  size_t loose() const { return loose_; }
  // Counts there were to be read at the least.
  uint64_t counted() const { return counted_; }

 private:
  void Add(const Call<WindowCall, WindowAnswer>& record) {
    const auto& [call, answer, invoked, returned] = record;
    const Span span{invoked, returned};
    if (call.kind == Kind::kStart)
      started_.push_back({.start = answer->permit.start, .started = span});
    if (call.kind != Kind::kSettle) return;
    const bool slow = call.now - call.permit.start > settings_.slow_call_ns;
    const bool ignored = call.outcome == Outcome::kIgnored;
    if (!ignored) {
      const bool failed = call.outcome == Outcome::kFailure;
      settled_.push_back({ClassOf(failed, slow && !settings_.in_flight), call.now, span});
    }
    for (Started& one : started_) {
      if (one.start != call.permit.start) continue;
      one.ignored = ignored;
      one.in_time = !ignored && !slow;
      one.ended = span;
    }
  }

  Bounds Of(CallClass call, Nanos now, const Span& read) const {
    if (settings_.window_kind == WindowKind::kTime) {
      const Nanos bucket = (settings_.window_ns + settings_.buckets - 1) / settings_.buckets;
      return InTimeWindow(settled_, call, bucket, settings_.buckets, now, read);
    }
    return InCountWindow(settled_, call, static_cast<uint64_t>(settings_.window_size), read);
  }

  void Check(Nanos now, const Span& read, const CircuitBreakerSnapshot& seen) {
    Expect("successes", Of(kOk, now, read), seen.successes);
    Expect("failures", Of(kFailed, now, read), seen.failures);
    Expect("slow successes", Of(kSlowOk, now, read), seen.slow_successes);
    Expect("slow failures", Of(kSlowFailed, now, read), seen.slow_failures);
    Bounds ever;
    for (const Settled& one : settled_) ever.Count(one.span, read);
    Expect("total", ever,
           seen.total_successes + seen.total_failures + seen.total_slow_successes +
               seen.total_slow_failures);
    if (!settings_.in_flight) return;
    const Nanos bucket =
        std::max(settings_.window_ns / settings_.buckets, (settings_.slow_call_ns + 7) / 8);
    const JudgedBounds judged =
        InFlight(started_, bucket, settings_.slow_call_ns, settings_.window_ns, now, read);
    Expect("judged", judged.calls, seen.judged);
    Expect("judged slow", judged.slow, seen.judged_slow);
  }

  void Expect(const char* what, const Bounds& bounds, uint64_t value) {
    loose_ += bounds.least != bounds.most;
    counted_ += bounds.least;
    if (bounds.Hold(value)) return;
    wrong_ << what << ": " << value << " is not in [" << bounds.least << ", " << bounds.most
           << "]\n";
  }

  CircuitBreakerSettings settings_;
  std::vector<Settled> settled_;
  std::vector<Started> started_;
  std::ostringstream wrong_;
  size_t loose_ = 0;
  uint64_t counted_ = 0;
};

struct Scenario {
  std::string name;
  CircuitBreakerSettings settings;

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

CircuitBreakerSettings Settings() {
  CircuitBreakerSettings settings;
  settings.window_ns = 5'000'000;
  settings.buckets = 5;
  settings.min_calls = 100'000'000;  // never trips
  settings.slow_call_ns = 150'000;
  return settings;
}

std::vector<Scenario> Scenarios() {
  std::vector<Scenario> all = {{"TimeWindow", Settings()},
                               {"StripedTimeWindow", Settings()},
                               {"InFlightWindow", Settings()},
                               {"CountWindowOfOneWord", Settings()},
                               {"CountWindowOfManyWords", Settings()}};
  all[1].settings.striped = true;
  all[2].settings.in_flight = true;
  all[3].settings.window_kind = all[4].settings.window_kind = WindowKind::kCount;
  all[3].settings.window_size = 20;
  all[4].settings.window_size = 50;
  for (Scenario* count : {&all[3], &all[4]}) {
    count->settings.failure_rate = count->settings.slow_rate = 1;  // so many in a row there are not
    count->settings.slow_call_ns = 2'000'000;
  }
  return all;
}

// Empty, or what the first reading out of bounds was.
template <typename Subject>
std::string FirstWrong(const Scenario& scenario, uint64_t bursts) {
  size_t loose = 0;
  uint64_t counted = 0;
  for (uint64_t seed = 1; seed <= bursts; ++seed) {
    Subject subject(scenario.settings);
    Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
    std::atomic<Nanos> clock{1'000'000'000};
    std::vector<WindowClient> clients(kWriters, {&subject, &clock, false});
    clients.emplace_back(&subject, &clock, true);
    WindowHistory history = Burst<WindowClient>(&stamper, seed).Run(&clients, kCalls);
    // A last reading that overlaps nothing: its bounds are tight but for the buckets.
    history.emplace_back();
    stamper.Record(&clients.back(), {.kind = Kind::kRead, .now = clock}, &history.back());
    const Readings readings(scenario.settings, history);
    if (!readings.wrong().empty()) {
      return scenario.name + " seed " + std::to_string(seed) +
             ": out of bounds: " + readings.wrong();
    }
    loose += readings.loose();
    counted += readings.counted();
  }
  EXPECT_GT(loose, bursts) << "hardly any reading overlapped: this shows little";
  EXPECT_GT(counted, bursts) << "hardly anything had to be counted: this shows little";
  return "";
}

class WindowBoundsTest : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(All, WindowBoundsTest, ::testing::ValuesIn(Scenarios()),
                         [](const auto& test) { return test.param.name; });

TEST_P(WindowBoundsTest, WhatIsReadLiesBetweenBeforeAndAfter) {
  EXPECT_EQ(FirstWrong<BreakerSubject>(GetParam(), Bursts(100)), "");
}

// ---- windows with a mistake, each of which must be found

struct CountsOneTooMany : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  CircuitBreakerSnapshot Snapshot(Nanos now) override {
    CircuitBreakerSnapshot seen = BreakerSubject::Snapshot(now);
    ++seen.successes;
    ++seen.judged;
    return seen;
  }
};

struct LosesOneInEight : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  std::atomic<uint32_t> calls{0};
  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) override {
    if (++calls % 8 == 0) return Settlement::kCounted;
    return BreakerSubject::Settle(permit, outcome, now);
  }
};

// Returns before it has counted: the next call does it.
struct CountsLater : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  struct Late {
    PermitFields permit;
    Outcome outcome;
    Nanos now;
  };
  std::atomic<Late*> late{nullptr};
  std::array<Late, (kWriters + 1) * kCalls> all;
  std::atomic<size_t> used{0};
  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) override {
    Late* mine = &all[used++];
    *mine = {permit, outcome, now};
    if (const Late* before = late.exchange(mine))
      BreakerSubject::Settle(before->permit, before->outcome, before->now);
    return Settlement::kCounted;
  }
};

template <typename Mistake>
void ExpectFound() {
  for (const Scenario& scenario : Scenarios())
    EXPECT_NE(FirstWrong<Mistake>(scenario, 50), "") << scenario.name;
}

TEST(MistakenWindowTest, CountingOneTooManyIsFound) { ExpectFound<CountsOneTooMany>(); }
TEST(MistakenWindowTest, LosingACallIsFound) { ExpectFound<LosesOneInEight>(); }
TEST(MistakenWindowTest, CountingAfterTheReturnIsFound) { ExpectFound<CountsLater>(); }

}  // namespace
}  // namespace spillway::testing
