// The calls that are made for each request, and looking. Nothing here allocates or throws.
#include "spillway/concurrency/adaptive_limiter.h"

#include <algorithm>

namespace spillway {
namespace {

// A time further away than any that is set says that the clock has jumped back since.
constexpr uint64_t kFarthest = uint64_t{1} << 36;  // 69 s

}  // namespace

// Relaxed throughout: the word is all there is, and nothing else is read on its account.
DecisionFields AdaptiveLimiter::Decide(Nanos now) noexcept {
  AdaptiveLimiterMemory* const memory = memory_;
  uint64_t seen = memory->word.load(std::memory_order_relaxed);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const LimitWord word(seen);
    const bool full = word.in_flight() >= AdmittedBy(LimitOf(word), word.probe());
    if (full && !dry_run_.load(std::memory_order_relaxed)) {
      if (word.probe() == Probe::kNone || !EndProbe(now)) break;
      seen = memory->word.load(std::memory_order_relaxed);
      continue;
    }
    if (!memory->word.compare_exchange_weak(seen, word.WithOneMore().bits(),
                                            std::memory_order_relaxed))
      continue;
    if (full) {
      memory->dry_run.fetch_add(1, std::memory_order_relaxed);
    } else {
      memory->admitted.Count(owned_slots_);
    }
    return {.permit = {.owner = id_, .start = now}};
  }
  memory->refused.Count(owned_slots_);
  return {.permit = {}, .reason = static_cast<int32_t>(AdaptiveLimiterRejection::kLimited)};
}

Settlement AdaptiveLimiter::Settle(const PermitFields& call, Outcome outcome, Nanos now) noexcept {
  AdaptiveLimiterMemory* const memory = memory_;
  const bool known =
      outcome == Outcome::kSuccess || outcome == Outcome::kFailure || outcome == Outcome::kIgnored;
  bool returned = false;
  uint64_t seen = memory->word.load(std::memory_order_relaxed);
  if (call.owner == id_ && known) {
    // Not below 0, for which a copy of a permit could be to blame.
    for (int attempt = 0; attempt < kMaxAttempts && LimitWord(seen).in_flight() != 0; ++attempt) {
      returned = memory->word.compare_exchange_weak(seen, LimitWord(seen).WithOneLess().bits(),
                                                    std::memory_order_relaxed);
      if (returned) break;
    }
  }
  if (!returned) {
    memory->misused.fetch_add(1, std::memory_order_relaxed);
    return Settlement::kMisused;
  }
  if (outcome == Outcome::kIgnored) {
    memory->ignored.fetch_add(1, std::memory_order_relaxed);
    return Settlement::kCounted;
  }
  (outcome == Outcome::kSuccess ? memory->succeeded : memory->failed).Count(owned_slots_);
  now = std::max<Nanos>(now, 0);
  const uint64_t at = memory->sample_at.load(std::memory_order_relaxed);
  const uint64_t until = at - static_cast<uint64_t>(now);  // wraps when it is over
  if (until == 0 || until > kFarthest) {
    const bool busy =
        uint64_t{LimitWord(seen).in_flight()} * 2 * LimitWord::kUnit >= LimitOf(LimitWord(seen));
    Look(call.start, outcome, busy, now);
  }
  return Settlement::kCounted;
}

AdaptiveLimiterSnapshot AdaptiveLimiter::Snapshot(Nanos) const noexcept {
  const AdaptiveLimiterMemory& memory = *memory_;
  const LimitWord word(memory.word.load(std::memory_order_relaxed));
  AdaptiveLimiterSnapshot snapshot;
  snapshot.limit = static_cast<int32_t>(AdmittedBy(LimitOf(word), word.probe()));
  snapshot.in_flight = static_cast<int32_t>(word.in_flight());
  snapshot.baseline_ns = static_cast<Nanos>(memory.baseline.load(std::memory_order_relaxed));
  snapshot.call_time_ns = static_cast<Nanos>(memory.call_time.load(std::memory_order_relaxed));
  snapshot.total_windows = memory.windows.load(std::memory_order_relaxed);
  snapshot.total_admitted = memory.admitted.Sum();
  snapshot.total_refused = memory.refused.Sum();
  snapshot.total_dry_run = memory.dry_run.load(std::memory_order_relaxed);
  snapshot.total_succeeded = memory.succeeded.Sum();
  snapshot.total_failed = memory.failed.Sum();
  snapshot.total_ignored = memory.ignored.load(std::memory_order_relaxed);
  snapshot.total_misused = memory.misused.load(std::memory_order_relaxed);
  return snapshot;
}

}  // namespace spillway
