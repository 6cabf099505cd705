#include "tests/kill/breaker_attachment.h"

#include "tests/support/breakers.h"

namespace spillway::testing {
namespace {

using State = CircuitBreakerState;
using Reason = CircuitBreakerEventReason;

constexpr Nanos kTick = 1'000'000;

bool IsHalfOpen(const CircuitBreaker& breaker) { return breaker.state() == State::kHalfOpen; }

}  // namespace

BreakerAttachment::BreakerAttachment(const CircuitBreakerSettings& settings,
                                     const Script<BreakerAttachment>& script, void* memory)
    : ScriptedAttachment(script),
      settings_(settings),
      breaker_(MakeBreaker(settings, memory, true)) {}

void BreakerAttachment::Prepare(Books& books) {
  ScriptedAttachment::Prepare(books);
  books.changes = {breaker_->generation(), breaker_->generation()};
}

// ---- calls that are booked

PermitFields BreakerAttachment::Ask() {
  const DecisionFields decision = breaker_->Decide(now);
  books().refused.Add(decision.reason != 0);
  return decision.permit;
}

void BreakerAttachment::Tell(const PermitFields& of, Outcome outcome) {
  if (of.owner == 0) return;  // it was refused
  const Settlement settlement = breaker_->Settle(of, outcome, now);
  // What a disabled breaker admitted is in no counter.
  const bool idle = breaker_->state() == State::kDisabled && settlement == Settlement::kCounted;
  books().settled.Add(idle ? 0 : 1);
}

void BreakerAttachment::Calls(int count, Outcome outcome) {
  for (int i = 0; i < count; ++i) Call(outcome);
}

void BreakerAttachment::Trip() { Calls(static_cast<int>(TripCalls()), Outcome::kFailure); }

void BreakerAttachment::AskForProbe() {
  now += settings_.max_open_ns;
  permit = Ask();
}

void BreakerAttachment::LoseAllProbes() {
  for (int i = 0; i < settings_.probes_in_flight; ++i) Ask();
  now += settings_.probe_lease_ns;
}

// How many failures in a row trip an empty window.
uint64_t BreakerAttachment::TripCalls() const {
  const CircuitBreakerFixed fixed(settings_);
  return fixed.fatal_failures() != 0 ? fixed.fatal_failures()
                                     : static_cast<uint64_t>(settings_.min_calls);
}

// ---- what must hold, whoever was cut off where

void BreakerAttachment::CheckAll() {
  CheckArrival();
  CheckProbes();
  UseAllCounters();
  Recover();
  CheckCycle();
  Rest();
  CheckBooks("each outcome told was counted once", "each refusal was counted once");
  books().changes = {breaker_->generation(), breaker_->generation()};
}

void BreakerAttachment::CheckBooks(const char* settled, const char* refused) {
  const CircuitBreakerSnapshot snapshot = breaker_->Snapshot(now);
  Expect(books().settled.Hold(SettledCalls(snapshot)), settled);
  Expect(books().refused.Hold(snapshot.total_rejected), refused);
}

// What was cut off did its whole step or nothing of it, and may not have told of it yet.
void BreakerAttachment::CheckArrival() {
  CheckBooks("outcomes told before were counted once, the one cut off at most once",
             "refusals before were counted once, the one cut off at most once");
  const CircuitBreakerSnapshot snapshot = breaker_->Snapshot(now);
  Expect(books().changes.Hold(snapshot.generation), "the state changed at most once");
  const uint32_t since = static_cast<uint32_t>(books().changes.least);
  const EventBatch batch = breaker_->Events(since, events);
  Expect(batch.count + batch.lost <= snapshot.generation - since, "a change makes one event");
  CheckNewestEvent();
  Expect(snapshot.successes <= snapshot.total_successes &&
             snapshot.failures <= snapshot.total_failures &&
             snapshot.slow_successes <= snapshot.total_slow_successes &&
             snapshot.slow_failures <= snapshot.total_slow_failures,
         "a window holds no more than was ever counted");
}

void BreakerAttachment::CheckNewestEvent() {
  const uint32_t generation = breaker_->generation();
  if (breaker_->Events(generation - 1, events).count == 0) return;  // not published, or none yet
  Expect(
      events[0].generation == generation && events[0].to == static_cast<int32_t>(breaker_->state()),
      "an event says what the state became");
}

// A load and a store where there must be an addition would now lose what the other one adds.
void BreakerAttachment::UseAllCounters() {
  for (int i = 0; i < 50; ++i, now += kTick) {
    const PermitFields got = Ask();
    Tell(got, i % 5 == 0 ? Outcome::kIgnored : Outcome::kSuccess);
    Tell({.owner = ~got.owner, .start = now, .token = got.token}, Outcome::kSuccess);
  }
}

// At most as many probes run as may, with the one cut off: those that it shut out come back with
// the lease.
void BreakerAttachment::CheckProbes() {
  const CircuitBreakerSnapshot before = breaker_->Snapshot(now);
  int running = before.probes_issued - before.probes_done;
  std::array<PermitFields, 8> probes;
  for (PermitFields& probe : probes) {
    const PermitFields got = Ask();
    // Probes that were lost for a lease are given up, all of them, in a new generation.
    if (breaker_->Snapshot(now).generation != before.generation && &probe == probes.data())
      running = 0;
    if (got.owner != 0 && IsHalfOpen(*breaker_)) {
      probe = got;
      ++running;
    } else {
      Tell(got, Outcome::kSuccess);
    }
  }
  CheckNewestEvent();
  const CircuitBreakerSnapshot after = breaker_->Snapshot(now);
  Expect(books().changes.Hold(after.generation), "nothing else changes the state at that time");
  if (after.state == State::kHalfOpen) {
    Expect(running <= settings_.probes_in_flight, "no more probes run than may");
    Expect(after.probes_issued - after.probes_done == running, "each probe that runs is known");
    Expect(after.probes_issued <= settings_.probes, "no more probes are issued than decide");
  }
  for (const PermitFields& probe : probes) Tell(probe, Outcome::kSuccess);
}

// Once every open time, lease and ramp is over, whoever asks is admitted and closes the breaker.
void BreakerAttachment::Recover() {
  const State state = breaker_->state();
  if (state == State::kForcedOpen || state == State::kDisabled || state == State::kMetricsOnly)
    return;
  for (int round = 0; round < 2; ++round) {
    now += 2 * settings_.max_open_ns + settings_.probe_lease_ns + settings_.ramp_ns;
    for (int i = 0; i < settings_.probes; ++i) {
      const PermitFields got = Ask();
      // The first round may end a ramp, give up lost probes, or meet hung calls.
      Expect(got.owner != 0 || round == 0, "who waited long enough is admitted");
      CheckNewestEvent();
      Tell(got, Outcome::kSuccess);
      CheckNewestEvent();
    }
  }
  Expect(breaker_->state() == State::kClosed, "the breaker recovers");
}

// By hand to closed, by failures to open, by time and probes to closed again.
void BreakerAttachment::CheckCycle() {
  const PermitFields old = Ask();
  breaker_->Reset(now);
  Tell(old, Outcome::kSuccess);
  const uint32_t reset = breaker_->generation();
  const CircuitBreakerSnapshot fresh = breaker_->Snapshot(now);
  Expect(fresh.state == State::kClosed, "a reset closes");
  Expect(fresh.successes + fresh.failures + fresh.slow_successes + fresh.slow_failures == 0,
         "a reset empties the window");
  Calls(static_cast<int>(TripCalls()) - 1, Outcome::kFailure);
  Expect(breaker_->state() == State::kClosed, "it stays closed below the threshold");
  Call(Outcome::kFailure);
  Expect(breaker_->state() == State::kOpen, "it opens at the threshold");
  Expect(Ask().owner == 0, "it refuses while open");
  now += settings_.max_open_ns;
  for (int i = 0; i < settings_.probes; ++i) Call(Outcome::kSuccess);
  Expect(breaker_->state() == State::kClosed, "its probes close it");
  const EventBatch batch = breaker_->Events(reset - 1, events);
  constexpr std::array kReasons = {Reason::kReset, Reason::kFailureRate, Reason::kOpenElapsed,
                                   Reason::kProbesPassed};
  Expect(batch.count == kReasons.size() && batch.lost == 0, "each change makes one event");
  for (size_t i = 0; i < kReasons.size(); ++i) {
    Expect(
        events[i].reason == static_cast<int32_t>(kReasons[i]) && events[i].generation == reset + i,
        "events tell what happened, in order");
  }
  Expect(events[3].time == now, "an event has the time of its call");
  now += settings_.ramp_ns + kTick;
}

// Open, where one who is late would be seen to shorten it; or closed, where he would be seen to
// trip it by what was counted before.
void BreakerAttachment::Rest() {
  if (books().rest != 0) return;  // as the cycle left it
  breaker_->Reset(now);
  Trip();
  Expect(breaker_->state() == State::kOpen, "it opens again");
}

// ---- storm

void BreakerAttachment::CallAny(Random& random) {
  PermitFields& slot = held_[random.Below(held_.size())];
  // Long stretches of health and of failure, so that breakers close and open.
  const uint32_t failures = (now >> 23) % 2 == 0 ? 2 : 50;
  const Outcome outcome = random.OneIn(20)         ? Outcome::kIgnored
                          : random.OneIn(failures) ? Outcome::kFailure
                                                   : Outcome::kSuccess;
  Tell(slot, outcome);
  slot = Ask();
  switch (random.Below(2000)) {
    case 0:
      breaker_->ForceOpen(now);
      break;
    case 1:
      breaker_->MetricsOnly(now);
      break;
    case 2:
    case 3:
    case 4:
    case 5:
      breaker_->Reset(now);
      break;
    default:
      break;
  }
}

}  // namespace spillway::testing
