// Looking at a circuit breaker. Reads words, writes none.
#include "spillway/breaker/circuit_breaker.h"

namespace spillway {

// `now`, or when the state of `word` began, if that is later. Its window was empty then: seen from
// further back than a window is long, it would hold what was counted before. Whoever began the
// state may not have said when yet, and is then as good as `now`.
Nanos CircuitBreaker::NotBefore(BreakerWord word, Nanos now) const noexcept {
  const std::optional<Event> began = memory_->events.Find(word.generation());
  return began ? std::max(began->time, now) : now;
}

CircuitBreakerSnapshot CircuitBreaker::Snapshot(Nanos now) const noexcept {
  const BreakerWord word = LoadWord();
  const Word* cells = memory_->cells();
  CircuitBreakerSnapshot snapshot;
  snapshot.state = PublicState(word.phase());
  snapshot.generation = word.generation();
  if (const std::optional<Event> began = memory_->events.Find(word.generation()))
    snapshot.since_ns = began->time;
  snapshot.open_step = static_cast<int32_t>(word.step());
  OutcomeCounts counts;
  if (word.counts()) {
    const Nanos seen_at = NotBefore(word, now);
    counts = fixed_.has_time_window() ? time_.Counts(cells, seen_at, word.period())
                                      : count_.Counts(cells, word.period());
    const TripRule trip = rule();
    if (in_flight_on_) {
      const InFlightWindow::Judged judged =
          in_flight_.Counts(in_flight_cells_, seen_at, word.period());
      snapshot.judged = judged.calls;
      snapshot.judged_slow = judged.slow;
      if (judged.calls >= trip.min_calls) snapshot.slow_rate = Share(judged.slow, judged.calls);
    }
    if (counts.total() >= trip.min_calls) {
      snapshot.failure_rate = Share(counts.failed(), counts.total());
      if (!in_flight_on_ && trip.slow_rate != 0)
        snapshot.slow_rate = Share(counts.slow(), counts.total());
    }
    if (word.phase() == Phase::kMetricsOnly) snapshot.open_step = 0;
  }
  if (word.phase() == Phase::kOpen) {
    const Nanos until = OpenUntil(word);
    snapshot.time_to_half_open_ns = static_cast<Nanos>(Elapsed(std::max<Nanos>(now, 0), until));
  } else if (word.phase() == Phase::kHalfOpen) {
    const BreakerWord::Probes probes = word.probes();
    snapshot.probes_issued = static_cast<int32_t>(probes.issued);
    snapshot.probes_done = static_cast<int32_t>(probes.done);
    snapshot.probes_failed = static_cast<int32_t>(probes.failed);
    snapshot.probes_slow = static_cast<int32_t>(probes.slow);
  }
  FillCounts(counts, &snapshot);
  return snapshot;
}

void CircuitBreaker::FillCounts(const OutcomeCounts& window,
                                CircuitBreakerSnapshot* snapshot) const noexcept {
  const OutcomeCounts totals = fixed_.has_time_window() ? time_.Totals(memory_->cells())
                                                        : CountWindow::Totals(memory_->cells());
  snapshot->successes = window.by_class[kOk];
  snapshot->failures = window.by_class[kFailed];
  snapshot->slow_successes = window.by_class[kSlowOk];
  snapshot->slow_failures = window.by_class[kSlowFailed];
  snapshot->total_successes = totals.by_class[kOk];
  snapshot->total_failures = totals.by_class[kFailed];
  snapshot->total_slow_successes = totals.by_class[kSlowOk];
  snapshot->total_slow_failures = totals.by_class[kSlowFailed];
  snapshot->total_probes = memory_->total_probes.load(std::memory_order_relaxed);
  snapshot->total_ignored = memory_->total_ignored.load(std::memory_order_relaxed);
  snapshot->total_rejected = memory_->rejected.Sum();
  snapshot->total_stale = memory_->total_stale.load(std::memory_order_relaxed);
  snapshot->total_misused = memory_->total_misused.load(std::memory_order_relaxed);
}

}  // namespace spillway
