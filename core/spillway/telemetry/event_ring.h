// The last events of one policy object, kept in its state: read at leisure, never waited for.
#ifndef SPILLWAY_TELEMETRY_EVENT_RING_H_
#define SPILLWAY_TELEMETRY_EVENT_RING_H_

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>

#include "spillway/sync/atomic.h"
#include "spillway/telemetry/event.h"

namespace spillway {

// Whoever made a change publishes it after the change itself; readers pull. So listeners run in the
// threads of those who listen, and a slow or throwing one hurts nobody. An event is lost, and
// counted as lost, when its publisher was killed before publishing or when kSlots newer ones came
// before it was read.
//
// One slot is two words: what happened, generation:20 | from:3 | to:3 | reason:4 | rate:14, and
// when. Reason 0 means that there is none yet.
class EventRing {
 public:
  static constexpr uint32_t kSlots = 8;

  // A publisher claims the slot, then writes the time, then the event, and each only if nobody
  // newer has claimed the slot since: one that is stopped in between spoils nothing. A claim that
  // was left behind is taken over, for the same event too.
  void Publish(const Event& event) noexcept {
    Slot& slot = slots_[event.generation % kSlots];
    // (27) acquire: pairs with (16) and (28). The time below is that of what was seen, or newer.
    uint64_t seen = slot.what.load(std::memory_order_acquire);
    const bool same = GenerationOf(seen) == event.generation && IsClaim(seen);
    if (seen != 0 && !same && !IsLaterGeneration(event.generation, GenerationOf(seen)))
      return;  // published, or a lap late
    uint64_t old_time = slot.time.load(std::memory_order_relaxed);
    uint64_t claim = uint64_t{event.generation} << kGenerationShift;
    // (28) release: pairs with (27). The old time was read before the claim, so a newer publisher's
    // cannot be taken for it.
    if (!slot.what.compare_exchange_strong(seen, claim, std::memory_order_release,
                                           std::memory_order_relaxed)) {
      return;
    }
    // (15) release: pairs with (25). A reader that sees this time also sees that the old event is
    // gone.
    if (!slot.time.compare_exchange_strong(old_time, static_cast<uint64_t>(event.time),
                                           std::memory_order_release, std::memory_order_relaxed)) {
      return;
    }
    // (16) release: pairs with (17) and (27). A reader that sees the event sees its time.
    slot.what.compare_exchange_strong(claim, Pack(event), std::memory_order_release,
                                      std::memory_order_relaxed);
  }

  // The event that began `generation`, while it is kept.
  std::optional<Event> Find(uint32_t generation) const noexcept {
    const Slot& slot = slots_[generation % kSlots];
    // (17) acquire: pairs with (16).
    const uint64_t what = slot.what.load(std::memory_order_acquire);
    if (IsClaim(what) || GenerationOf(what) != generation) return std::nullopt;
    // (25) acquire: pairs with (15).
    const uint64_t time = slot.time.load(std::memory_order_acquire);
    if (slot.what.load(std::memory_order_relaxed) != what) return std::nullopt;
    return Unpack(what, time);
  }

  // The events after generation `since`, up to and including `current`, oldest first, as many as
  // fit the buffer. A reader that was away for all the generation numbers there are, or a multiple
  // of them, cannot be told so.
  EventBatch Read(uint32_t since, uint32_t current, std::span<Event> buffer) const noexcept {
    EventBatch batch{.generation = since % kGenerations};
    const uint32_t behind = (current - since) % kGenerations;
    if (behind > kSlots) {
      batch.lost = behind - kSlots;
      batch.generation = (current - kSlots) % kGenerations;
    }
    while (batch.generation != current && batch.count < buffer.size()) {
      const uint32_t next = (batch.generation + 1) % kGenerations;
      if (const std::optional<Event> event = Find(next)) {
        buffer[batch.count++] = *event;
      } else if (next == current) {
        break;  // made, not yet published: the next reading gets it
      } else {
        ++batch.lost;
      }
      batch.generation = next;
    }
    return batch;
  }

 private:
  struct Slot {
    Word what;
    Word time;
  };

  static constexpr uint32_t kRateBits = 14;
  static constexpr uint32_t kGenerationShift = 24;
  static constexpr double kRateUnits = 10'000.0;  // 0.01 %

  static constexpr uint32_t GenerationOf(uint64_t what) {
    return static_cast<uint32_t>(what >> kGenerationShift);
  }

  // No event yet: fresh memory, or a publisher's claim for the event of that generation.
  static constexpr bool IsClaim(uint64_t what) { return (what >> kRateBits & 15) == 0; }

  static uint64_t Pack(const Event& event) {
    const uint64_t rate =
        event.rate < 0 ? 0 : static_cast<uint64_t>(std::lround(event.rate * kRateUnits)) + 1;
    return uint64_t{event.generation} << kGenerationShift |
           static_cast<uint64_t>(event.from & 7) << 21 | static_cast<uint64_t>(event.to & 7) << 18 |
           static_cast<uint64_t>(event.reason & 15) << kRateBits | rate;
  }

  static Event Unpack(uint64_t what, uint64_t time) {
    const uint64_t rate = what & ((1u << kRateBits) - 1);
    return {.generation = GenerationOf(what),
            .from = static_cast<int32_t>(what >> 21 & 7),
            .to = static_cast<int32_t>(what >> 18 & 7),
            .reason = static_cast<int32_t>(what >> kRateBits & 15),
            .rate = rate == 0 ? -1.0 : static_cast<double>(rate - 1) / kRateUnits,
            .time = static_cast<Nanos>(time)};
  }

  Slot slots_[kSlots];
};

}  // namespace spillway

#endif  // SPILLWAY_TELEMETRY_EVENT_RING_H_
