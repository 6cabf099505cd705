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

ThrottleCounts ClientThrottle::Counts(uint64_t newest) const noexcept {
  ThrottleCounts counts;
  for (uint64_t age = 0; age < Memory::kBuckets; ++age) {
    const uint64_t epoch = newest - age;
    const uint32_t slot = SlotOf(epoch);
    counts.requests +=
        cells_.CountOf(memory_->requests[slot].load(std::memory_order_relaxed), epoch);
    counts.accepts += cells_.CountOf(memory_->accepts[slot].load(std::memory_order_relaxed), epoch);
  }
  return counts;
}

DecisionFields ClientThrottle::Decide(Nanos now, Priority priority) noexcept {
  Memory* const memory = memory_;
  const uint64_t epoch = MoveWindow(now);
  // First, so that of two who ask at the same time one sees the other.
  cells_.Add(memory->requests[SlotOf(epoch)], epoch);
  ThrottleCounts counts = Counts(epoch);
  counts.requests -= counts.requests != 0;  // those before this one
  const size_t index = IndexOf(priority);
  const ThrottleRule rule = this->rule(index);
  if (counts.requests >= min_calls_.load(std::memory_order_relaxed) && rule.Excess(counts) != 0) {
    const uint64_t draw = memory->draws.fetch_add(1, std::memory_order_relaxed);
    if (rule.Refuses(counts, (Mix(seed_) + EvenlySpread(draw)) >> ThrottleRule::kDrawBits)) {
      if (!dry_run_.load(std::memory_order_relaxed)) {
        memory->throttled[index].Count(owned_slots_);
        return {.permit = {}, .reason = static_cast<int32_t>(ClientThrottleRejection::kThrottled)};
      }
      memory->dry_run.fetch_add(1, std::memory_order_relaxed);
      return {.permit = {.owner = id_, .start = now, .token = epoch}};
    }
  }
  memory->admitted.Count(owned_slots_);
  return {.permit = {.owner = id_, .start = now, .token = epoch}};
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
  const ThrottleCounts counts = Counts(NewestEpoch(now));
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
