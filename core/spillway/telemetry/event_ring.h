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
// when. Reason 0 means empty.
class EventRing {
 public:
  static constexpr uint32_t kSlots = 8;

  void Publish(const Event& event) noexcept {
    Slot& slot = slots_[event.generation % kSlots];
    uint64_t seen = slot.what.load(std::memory_order_relaxed);
    if (seen != 0 && !IsLaterGeneration(event.generation, GenerationOf(seen)))
      return;  // published, or a lap late
    // Emptied before the time is written, so that no reader pairs one event with the time of
    // another.
    if (!slot.what.compare_exchange_strong(seen, 0, std::memory_order_relaxed)) return;
    // (15) release: pairs with (25). A reader that sees this time also sees that the old event is
    // gone.
    slot.time.store(static_cast<uint64_t>(event.time), std::memory_order_release);
    uint64_t empty = 0;
    // (16) release: pairs with (17). A reader that sees the event sees its time.
    slot.what.compare_exchange_strong(empty, Pack(event), std::memory_order_release,
                                      std::memory_order_relaxed);
  }

  // The event that began `generation`, while it is kept.
  std::optional<Event> Find(uint32_t generation) const noexcept {
    const Slot& slot = slots_[generation % kSlots];
    // (17) acquire: pairs with (16).
    const uint64_t what = slot.what.load(std::memory_order_acquire);
    if (what == 0 || GenerationOf(what) != generation) return std::nullopt;
    // (25) acquire: pairs with (15).
    const uint64_t time = slot.time.load(std::memory_order_acquire);
    if (slot.what.load(std::memory_order_relaxed) != what) return std::nullopt;
    return Unpack(what, time);
  }

  // The events after generation `since`, up to and including `current`, oldest first, as many as
  // fit the buffer.
  EventBatch Read(uint32_t since, uint32_t current, std::span<Event> buffer) const noexcept {
    EventBatch batch{.generation = since % kGenerations};
    if (!IsLaterGeneration(current, since)) return batch;
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
  static constexpr double kRateUnits = 10'000.0;  // 0.01 %

  static constexpr uint32_t GenerationOf(uint64_t what) {
    return static_cast<uint32_t>(what >> 24);
  }

  static uint64_t Pack(const Event& event) {
    const uint64_t rate =
        event.rate < 0 ? 0 : static_cast<uint64_t>(std::lround(event.rate * kRateUnits)) + 1;
    return uint64_t{event.generation} << 24 | static_cast<uint64_t>(event.from & 7) << 21 |
           static_cast<uint64_t>(event.to & 7) << 18 |
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
