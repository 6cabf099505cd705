// Asking a circuit breaker and telling it: the calls that are made for each request. Nothing here
// allocates or throws.
#include "spillway/breaker/circuit_breaker.h"

#include <sched.h>

namespace spillway {
namespace {

using Reason = CircuitBreakerEventReason;
using Rejection = CircuitBreakerRejection;

constexpr uint32_t kMaxProbes = 63;

// Twice the longest probe_lease an option can ask for.
constexpr Nanos kLongestLease = kNanosPerSecond * 2 * 3600;

uint32_t StripeOf(uint32_t stripes) {
  // The CPU is only a hint that keeps writers apart: after a migration the addition is as atomic as
  // before.
  return stripes == 1 ? 0 : static_cast<uint32_t>(sched_getcpu()) & (stripes - 1);
}

double RateOf(Verdict verdict, uint64_t failed, uint64_t slow, uint64_t calls) {
  return Share(verdict == Verdict::kFailures ? failed : slow, calls);
}

uint32_t StampedGeneration(uint64_t token) { return static_cast<uint32_t>(token % kGenerations); }

void Count(Word& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

// ---- asking

DecisionFields CircuitBreaker::Decide() noexcept {
  const BreakerWord word = LoadWord();
  // A closed breaker that measures nothing has no use for the start time: one that never comes
  // makes no call slow, should slow calls be told apart by the time it settles.
  if (word.phase() == Phase::kClosed && !in_flight_on_ && !tunables_.knows_slow())
    return Admit(word, kForever);
  return Decide(SteadyNow());
}

DecisionFields CircuitBreaker::DecideSlowly(Nanos now) noexcept {
  now = std::max<Nanos>(now, 0);
  DecisionFields decision;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const BreakerWord word = LoadWord();
    switch (word.phase()) {
      case Phase::kClosed:
      case Phase::kMetricsOnly:
        if (!in_flight_on_) return Admit(word, now);
        if (DecideTracked(word, now, &decision)) return decision;
        break;
      case Phase::kRecovering:
        if (DecideInRamp(word, now, &decision)) return decision;
        break;
      case Phase::kOpen:
      case Phase::kHalfOpen:
        if (DecideProbe(word, now, &decision)) return decision;
        break;
      case Phase::kForcedOpen:
        return Refuse(Rejection::kForcedOpen, tunables_.open_for());
      case Phase::kDisabled:
        return Admit(word, now);
      default:
        attempt = kMaxAttempts;  // garbage in the word
    }
  }
  return Refuse(Rejection::kHalfOpen, tunables_.open_for());
}

// The three below decide one attempt; false when the word moved and the caller must look again.

bool CircuitBreaker::DecideTracked(BreakerWord word, Nanos now, DecisionFields* decision) noexcept {
  const uint64_t epoch = in_flight_.Epoch(now, word.period());
  const InFlightWindow::Start start = in_flight_.RecordStart(in_flight_cells_, epoch);
  if (start == InFlightWindow::Start::kOpenedBucket) {
    // Nothing need ever settle for hung calls to be noticed: the first call of each bucket looks.
    EvaluateTimeWindow(word, NotBefore(word, now));
    const BreakerWord after = LoadWord();
    if (!after.counts() || after.period() != word.period()) return false;
    word = after;  // metrics only: the same window goes on in the next generation
  }
  *decision = Admit(word, now, start == InFlightWindow::Start::kUntracked ? 0 : kTracked);
  return true;
}

bool CircuitBreaker::DecideInRamp(BreakerWord word, Nanos now, DecisionFields* decision) noexcept {
  std::optional<Event> began = memory_->events.Find(word.generation());
  if (!began) {
    // Whoever closed it has not published that yet, and may never: a ramp that nobody began would
    // never end.
    began = {.generation = word.generation(),
             .from = static_cast<int32_t>(CircuitBreakerState::kHalfOpen),
             .to = static_cast<int32_t>(CircuitBreakerState::kClosed),
             .reason = static_cast<int32_t>(Reason::kProbesPassed),
             .time = now};
    memory_->events.Publish(*began);
  }
  const uint64_t elapsed = Elapsed(began->time, now);
  const Nanos ramp = tunables_.ramp();
  if (elapsed >= static_cast<uint64_t>(ramp)) {
    Replace(word,
            BreakerWord::Counting(Phase::kClosed, word.generation(), word.period(), word.step()));
    return false;
  }
  const uint64_t n = memory_->ramp_calls.fetch_add(1, std::memory_order_relaxed);
  if (!Ramp::Admits(n, elapsed, ramp)) {
    *decision = Refuse(Rejection::kRamp, Ramp::Wait(n, elapsed, ramp));
    return true;
  }
  if (in_flight_on_) return DecideTracked(word, now, decision);
  *decision = Admit(word, now);
  return true;
}

bool CircuitBreaker::DecideProbe(BreakerWord word, Nanos now, DecisionFields* decision) noexcept {
  BreakerWord::Probes probes;
  Reason reason = Reason::kOpenElapsed;
  if (word.phase() == Phase::kOpen) {
    const Nanos until = OpenUntil(word);
    if (now < until) {
      // Another opening since has taken the exact end away, and left the rough one.
      if (LoadWord().bits() != word.bits()) return false;
      *decision = Refuse(Rejection::kOpen, until - now);
      return true;
    }
  } else {
    probes = word.probes();
    const bool all_issued = probes.issued >= tunables_.probes() && probes.running() > 0;
    if (all_issued || probes.running() >= tunables_.probes_in_flight() ||
        probes.issued == kMaxProbes) {
      const Nanos lease_end =
          static_cast<Nanos>(memory_->lease_end.load(std::memory_order_relaxed));
      // A lease that ends further away than the longest there can be was given by a clock that has
      // since jumped back.
      const bool expired = now >= lease_end || lease_end - now > kLongestLease;
      if (!expired) {
        *decision = Refuse(Rejection::kHalfOpen, std::min(lease_end - now, tunables_.open_for()));
        return true;
      }
      // The newest probe has been out for a whole lease, so every one has: give up all that run.
      probes.issued = probes.done;
      reason = Reason::kLeaseExpired;
    }
  }
  ++probes.issued;
  ExtendLease(now);
  const bool same_generation = word.phase() == Phase::kHalfOpen && reason == Reason::kOpenElapsed;
  const uint32_t generation = same_generation ? word.generation() : word.next_generation();
  const BreakerWord next = BreakerWord::HalfOpen(generation, probes, word.step());
  if (!(same_generation ? Replace(word, next) : BeginGeneration(word, next, reason, -1.0, now)))
    return false;
  *decision = Admit(next, now);
  return true;
}

void CircuitBreaker::ExtendLease(Nanos now) noexcept {
  const uint64_t end =
      static_cast<uint64_t>(SaturatingAdd(std::max<Nanos>(now, 0), tunables_.probe_lease()));
  // Relaxed: the release of the word that issues the probe, (20), carries it.
  uint64_t seen = memory_->lease_end.load(std::memory_order_relaxed);
  for (int attempt = 0; attempt < kMaxAttempts && seen < end; ++attempt) {
    if (memory_->lease_end.compare_exchange_weak(seen, end, std::memory_order_relaxed)) return;
  }
}

// ---- telling

// First the common case with an in-flight window, a success in time. It calls nothing that is not
// inlined, so that it needs no stack frame.
Settlement CircuitBreaker::SettleSlowly(uint64_t owner, Nanos start, uint64_t token,
                                        Outcome outcome, Nanos now) noexcept {
  const BreakerWord word = LoadWord();
  const bool tracked = in_flight_on_ && owner == id_ && token == (word.stamp() | kTracked) &&
                       word.phase() == Phase::kClosed;
  if (tracked && outcome == Outcome::kSuccess && !tunables_.IsSlow(start, now)) [[likely]] {
    // On time before the outcome: a call that is counted as settled is not taken for a hung one.
    const uint64_t started = in_flight_.Epoch(start, word.period());
    if (time_.NeedsOnlyAdding(memory_->cells(), time_.Epoch(now, word.period())) &&
        in_flight_.TryRecordOnTime(in_flight_cells_, started)) [[likely]] {
      time_.AddSuccess(memory_->cells());
      return Settlement::kCounted;
    }
  }
  return SettleUnusual({.owner = owner, .start = start, .token = token}, outcome, now);
}

Settlement CircuitBreaker::SettleUnusual(const PermitFields& call, Outcome outcome,
                                         Nanos now) noexcept {
  const bool known =
      outcome == Outcome::kSuccess || outcome == Outcome::kFailure || outcome == Outcome::kIgnored;
  if (call.owner != id_ || !known) return Misused();
  const BreakerWord word = LoadWord();
  if (StampedGeneration(call.token) != word.generation()) {
    Count(memory_->total_stale);
    return Settlement::kStale;
  }
  if (word.phase() == Phase::kHalfOpen) return SettleProbe(call, outcome, now);
  if (word.phase() == Phase::kDisabled) return Settlement::kCounted;
  if (!word.counts()) return Misused();  // open: it has issued no permit
  if (outcome == Outcome::kIgnored) Count(memory_->total_ignored);
  RecordCall(word, call, outcome, now);
  return Settlement::kCounted;
}

void CircuitBreaker::RecordCall(BreakerWord word, const PermitFields& call, Outcome outcome,
                                Nanos now) noexcept {
  const bool slow = tunables_.IsSlow(call.start, now);
  if (in_flight_on_ && (call.token & kTracked) != 0) {
    // Before the outcome: a call that is counted as settled is not taken for a hung one.
    const uint64_t start = in_flight_.Epoch(call.start, word.period());
    if (outcome == Outcome::kIgnored) {
      in_flight_.RecordIgnored(in_flight_cells_, start);
    } else if (!slow) {
      in_flight_.RecordOnTime(in_flight_cells_, start);
    }
  }
  if (outcome == Outcome::kIgnored) return;
  const CallClass call_class = ClassOf(outcome == Outcome::kFailure, slow && !in_flight_on_);
  if (fixed_.has_time_window()) {
    RecordInTime(word, call_class, now);
    return;
  }
  const TripRule trip = rule();
  OutcomeCounts counts;
  if (!count_.Record(memory_->cells(), call_class, word.period(), trip.min_calls, &counts)) return;
  const Verdict verdict = trip.Judge(counts);
  if (verdict != Verdict::kNone) {
    Trip(word, verdict, RateOf(verdict, counts.failed(), counts.slow(), counts.total()), now);
  }
}

void CircuitBreaker::RecordInTime(BreakerWord word, CallClass call, Nanos now) noexcept {
  now = NotBefore(word, now);
  const uint64_t epoch = time_.Epoch(now, word.period());
  const uint32_t stripe = StripeOf(time_.stripes());
  if (time_.Record(memory_->cells(), stripe, call, epoch, tunables_.min_calls())) {
    EvaluateTimeWindow(word, now);
  }
}

void CircuitBreaker::EvaluateTimeWindow(BreakerWord word, Nanos now) noexcept {
  const TripRule trip = rule();
  const OutcomeCounts counts = time_.Counts(memory_->cells(), now, word.period());
  Verdict verdict = trip.Judge(counts);
  double rate = RateOf(verdict, counts.failed(), counts.slow(), counts.total());
  if (verdict == Verdict::kNone && in_flight_on_) {
    const InFlightWindow::Judged judged = in_flight_.Counts(in_flight_cells_, now, word.period());
    verdict = trip.JudgeInFlight(judged.slow, judged.calls);
    rate = Share(judged.slow, judged.calls);
  }
  if (verdict != Verdict::kNone) Trip(word, verdict, rate, now);
}

void CircuitBreaker::Trip(BreakerWord word, Verdict verdict, double rate, Nanos now) noexcept {
  const Reason reason = verdict == Verdict::kFailures ? Reason::kFailureRate : Reason::kSlowRate;
  const uint32_t generation = word.generation();
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (word.phase() == Phase::kMetricsOnly) {
      if (word.step() != 0) return;  // said so already
      const BreakerWord exceeded =
          BreakerWord::Counting(Phase::kMetricsOnly, word.next_generation(), word.period(), 1);
      if (BeginGeneration(word, exceeded, reason, rate, NotBefore(word, now))) return;
    } else {
      // A missing event is being published right now: nothing has healed yet.
      const std::optional<Event> began = memory_->events.Find(word.generation());
      const uint64_t closed_for = began ? Elapsed(began->time, now) : 0;
      const uint32_t step = tunables_.open_time(fixed_.seed).StepAfter(word.step(), closed_for);
      if (Open(word, step, reason, rate, NotBefore(word, now))) return;
    }
    word = LoadWord();
    // A ramp that ended meanwhile keeps the generation; any other change has settled the matter.
    if (word.generation() != generation || !word.counts()) return;
  }
}

Settlement CircuitBreaker::SettleProbe(const PermitFields& call, Outcome outcome,
                                       Nanos now) noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const BreakerWord word = LoadWord();
    if (StampedGeneration(call.token) != word.generation()) {
      Count(memory_->total_stale);
      return Settlement::kStale;
    }
    BreakerWord::Probes probes = word.probes();
    if (probes.running() == 0) break;  // a copy of a permit that was settled already
    if (outcome == Outcome::kIgnored) {
      --probes.issued;
      ++probes.ignored;
      if (!Replace(word, BreakerWord::HalfOpen(word.generation(), probes, word.step()))) continue;
      Count(memory_->total_ignored);
      return Settlement::kCounted;
    }
    ++probes.done;
    probes.failed += outcome == Outcome::kFailure;
    probes.slow += tunables_.IsSlow(call.start, now);
    const Verdict verdict = rule().JudgeProbes(probes, tunables_.probes());
    const double rate = RateOf(verdict, probes.failed, probes.slow, probes.done);
    bool done = false;
    if (verdict == Verdict::kNone) {
      done = Replace(word, BreakerWord::HalfOpen(word.generation(), probes, word.step()));
    } else if (verdict == Verdict::kPassed) {
      const Phase phase = tunables_.ramp() != 0 ? Phase::kRecovering : Phase::kClosed;
      done = BeginGeneration(word, Counting(word, phase, OpenTime::Grown(word.step()), now),
                             Reason::kProbesPassed, -1.0, now);
    } else {
      const Reason reason =
          verdict == Verdict::kFailures ? Reason::kProbesFailed : Reason::kProbesSlow;
      done = Open(word, OpenTime::Grown(word.step()), reason, rate, now);
    }
    if (!done) continue;
    Count(memory_->total_probes);
    return Settlement::kCounted;
  }
  return Misused();
}

Settlement CircuitBreaker::Misused() noexcept {
  Count(memory_->total_misused);
  return Settlement::kMisused;
}

// ---- changing the word

// A phase that counts begins with an empty window: in a period that no cell belongs to.
BreakerWord CircuitBreaker::Counting(BreakerWord from, Phase phase, uint32_t step,
                                     Nanos now) const noexcept {
  const uint32_t generation = from.next_generation();
  if (phase == Phase::kForcedOpen || phase == Phase::kDisabled)
    return BreakerWord::Idle(phase, generation);
  const Word* cells = memory_->cells();
  uint64_t period =
      fixed_.has_time_window() ? time_.NextPeriod(cells, now) : count_.NextPeriod(cells);
  if (in_flight_on_) period = std::max(period, in_flight_.NextPeriod(in_flight_cells_, now));
  return BreakerWord::Counting(phase, generation, period, step);
}

bool CircuitBreaker::SetPhase(Phase phase, Reason reason, Nanos now) noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const BreakerWord word = LoadWord();
    if (word.phase() == phase && phase != Phase::kClosed) return false;
    if (BeginGeneration(word, Counting(word, phase, 0, now), reason, -1.0, now)) return true;
  }
  return false;
}

bool CircuitBreaker::Open(BreakerWord from, uint32_t step, Reason reason, double rate,
                          Nanos now) noexcept {
  const uint32_t generation = from.next_generation();
  const Nanos length = tunables_.open_time(fixed_.seed).Length(step, generation);
  const Nanos until = SaturatingAdd(std::max<Nanos>(now, 0), length);
  const BreakerWord open = BreakerWord::Open(generation, until, step);
  uint64_t seen_until = memory_->open_until.load(std::memory_order_relaxed);
  uint64_t seen_word = memory_->open_word.load(std::memory_order_relaxed);
  if (!BeginGeneration(from, open, reason, rate, now)) return false;
  // Each fails when an opening with another end got here meanwhile: a stopped writer cannot bring
  // an old time back. The word is named only beside its own time.
  if (!memory_->open_until.compare_exchange_strong(seen_until, static_cast<uint64_t>(until),
                                                   std::memory_order_relaxed)) {
    return true;
  }
  // (23) release: pairs with (22) and (24).
  memory_->open_word.compare_exchange_strong(seen_word, open.bits(), std::memory_order_release,
                                             std::memory_order_relaxed);
  return true;
}

Nanos CircuitBreaker::OpenUntil(BreakerWord word) const noexcept {
  // (24) acquire: pairs with (23), as (22).
  const bool refined = memory_->open_word.load(std::memory_order_acquire) == word.bits();
  return refined ? static_cast<Nanos>(memory_->open_until.load(std::memory_order_relaxed))
                 : word.latest_open_until();
}

bool CircuitBreaker::BeginGeneration(BreakerWord from, BreakerWord to, Reason reason, double rate,
                                     Nanos now) noexcept {
  if (!Replace(from, to)) return false;
  memory_->events.Publish({.generation = to.generation(),
                           .from = static_cast<int32_t>(PublicState(from.phase())),
                           .to = static_cast<int32_t>(PublicState(to.phase())),
                           .reason = static_cast<int32_t>(reason),
                           .rate = rate,
                           .time = std::max<Nanos>(now, 0)});
  return true;
}

bool CircuitBreaker::Replace(BreakerWord from, BreakerWord to) noexcept {
  uint64_t expected = from.bits();
  // (20) release: pairs with (18), (19) and (21). A lease is seen by whoever sees the probe it
  // belongs to.
  return memory_->word.compare_exchange_strong(expected, to.bits(), std::memory_order_release,
                                               std::memory_order_relaxed);
}

}  // namespace spillway
