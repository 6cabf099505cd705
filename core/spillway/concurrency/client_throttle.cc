// The calls that are made for each request. Nothing here allocates or throws.
#include "spillway/concurrency/client_throttle.h"

#include <algorithm>

#include "spillway/base/hash.h"

namespace spillway {
namespace {

using Memory = ClientThrottleMemory;

constexpr uint32_t SlotOf(uint64_t epoch) { return epoch % Memory::kSlots; }

size_t IndexOf(Priority priority) {
  const auto index = static_cast<size_t>(static_cast<uint32_t>(priority));
  return index < kPriorities ? index : static_cast<size_t>(Priority::kNormal);
}

}  // namespace

uint64_t ClientThrottle::NewestEpoch(Nanos now) const noexcept {
  return std::max(cells_.Epoch(now), memory_->newest.load(std::memory_order_relaxed));
}

// The same, and from here on for everybody.
uint64_t ClientThrottle::MoveWindow(Nanos now) noexcept {
  const uint64_t epoch = cells_.Epoch(now);
  // Relaxed throughout: nothing else is read on account of a count, and the window is a statistic.
  uint64_t seen = memory_->newest.load(std::memory_order_relaxed);
  for (int attempt = 0; attempt < kMaxAttempts && seen < epoch; ++attempt) {
    if (memory_->newest.compare_exchange_weak(seen, epoch, std::memory_order_relaxed)) break;
  }
  return std::max(epoch, seen);
}

ClientThrottle::Window ClientThrottle::Look(uint64_t newest) const noexcept {
  Window window;
  for (uint64_t age = Memory::kBuckets; age-- > 0;) {
    const uint64_t epoch = newest - age;
    const uint32_t slot = SlotOf(epoch);
    window.newest = cells_.CountOf(memory_->requests[slot].load(std::memory_order_relaxed), epoch);
    window.counts.requests += window.newest;
    window.counts.accepts +=
        cells_.CountOf(memory_->accepts[slot].load(std::memory_order_relaxed), epoch);
  }
  return window;
}

DecisionFields ClientThrottle::Decide(Nanos now, Priority priority) noexcept {
  Memory* const memory = memory_;
  const uint64_t epoch = MoveWindow(now);
  Word& cell = memory->requests[SlotOf(epoch)];
  uint64_t before = 0;
  // First, so that of two who ask at the same time one sees the other.
  if (cells_.TryAdd(cell, epoch, &before)) [[likely]] {
    if (before < memory->spared.load(std::memory_order_relaxed)) [[likely]] {
      memory->admitted.Count(owned_slots_);
      return {.permit = {.owner = id_, .start = now, .token = epoch}};
    }
  } else {
    cells_.Add(cell, epoch);
  }
  return DecideByCounts(epoch, now, IndexOf(priority));
}

DecisionFields ClientThrottle::DecideByCounts(uint64_t epoch, Nanos now, size_t priority) noexcept {
  Memory* const memory = memory_;
  const uint64_t spared = memory->spared.load(std::memory_order_relaxed);
  const Window window = Look(epoch);
  ThrottleCounts counts = window.counts;
  counts.requests -= counts.requests != 0;  // those before this one
  Spare(epoch, spared, counts, window.newest);
  const ThrottleRule rule = this->rule(priority);
  bool refused = false;
  if (counts.requests >= min_calls_.load(std::memory_order_relaxed) && rule.Excess(counts) != 0) {
    const uint64_t draw = memory->draws.fetch_add(1, std::memory_order_relaxed);
    refused = rule.Refuses(counts, (Mix(seed_) + EvenlySpread(draw)) >> ThrottleRule::kDrawBits);
  }
  if (!refused) {
    memory->admitted.Count(owned_slots_);
  } else if (dry_run_.load(std::memory_order_relaxed)) {
    memory->dry_run.fetch_add(1, std::memory_order_relaxed);
  } else {
    memory->throttled[priority].Count(owned_slots_);
    return {.permit = {}, .reason = static_cast<int32_t>(ClientThrottleRejection::kThrottled)};
  }
  return {.permit = {.owner = id_, .start = now, .token = epoch}};
}

// While a bucket is the newest, accepts only grow, and requests by those that its cell counts: so
// that cell alone, which holds `newest` now, tells when there can be the first excess, for those
// who are refused first.
void ClientThrottle::Spare(uint64_t epoch, uint64_t seen, const ThrottleCounts& counts,
                           uint64_t newest) noexcept {
  const uint64_t few = min_calls_.load(std::memory_order_relaxed) - 1;
  const uint64_t most = std::max(few, rule(IndexOf(Priority::kSheddable)).Borne(counts.accepts));
  if (counts.requests > most) return;
  // Not in the place of one that was made under other options since.
  memory_->spared.compare_exchange_strong(seen, cells_.Cell(epoch, newest + most - counts.requests),
                                          std::memory_order_relaxed);
}

Settlement ClientThrottle::Count(Word& counter, Settlement settlement) noexcept {
  counter.fetch_add(1, std::memory_order_relaxed);
  return settlement;
}

Settlement ClientThrottle::Settle(const PermitFields& call, Outcome outcome, Nanos now) noexcept {
  Memory* const memory = memory_;
  const bool known =
      outcome == Outcome::kSuccess || outcome == Outcome::kFailure || outcome == Outcome::kIgnored;
  const uint64_t epoch = call.token;
  const uint64_t newest = NewestEpoch(now);
  if (call.owner != id_ || !known || epoch > newest)
    return Count(memory->misused, Settlement::kMisused);
  if (epoch + Memory::kBuckets <= newest) return Count(memory->stale, Settlement::kStale);
  const uint32_t slot = SlotOf(epoch);
  if (outcome == Outcome::kSuccess) {
    cells_.Add(memory->accepts[slot], epoch);
    memory->accepted.Count(owned_slots_);
  } else if (outcome == Outcome::kFailure) {
    memory->failed.Count(owned_slots_);
  } else {
    cells_.TakeBack(memory->requests[slot], epoch);
    memory->ignored.fetch_add(1, std::memory_order_relaxed);
  }
  return Settlement::kCounted;
}

ClientThrottleSnapshot ClientThrottle::Snapshot(Nanos now) const noexcept {
  const Memory& memory = *memory_;
  const ThrottleCounts counts = Look(NewestEpoch(now)).counts;
  const auto throttled = [&](Priority priority) {
    return memory.throttled[IndexOf(priority)].Sum();
  };
  ClientThrottleSnapshot snapshot;
  snapshot.requests = counts.requests;
  snapshot.accepts = counts.accepts;
  const bool enough = counts.requests >= min_calls_.load(std::memory_order_relaxed);
  snapshot.rejection_rate = enough ? rule(IndexOf(Priority::kNormal)).Chance(counts) : 0.0;
  snapshot.total_admitted = memory.admitted.Sum();
  snapshot.total_dry_run = memory.dry_run.load(std::memory_order_relaxed);
  snapshot.total_throttled_normal = throttled(Priority::kNormal);
  snapshot.total_throttled_critical = throttled(Priority::kCritical);
  snapshot.total_throttled_sheddable = throttled(Priority::kSheddable);
  snapshot.total_accepted = memory.accepted.Sum();
  snapshot.total_failed = memory.failed.Sum();
  snapshot.total_ignored = memory.ignored.load(std::memory_order_relaxed);
  snapshot.total_stale = memory.stale.load(std::memory_order_relaxed);
  snapshot.total_misused = memory.misused.load(std::memory_order_relaxed);
  return snapshot;
}

}  // namespace spillway
