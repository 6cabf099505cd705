// A change of state, as a plain value.
#ifndef SPILLWAY_TELEMETRY_EVENT_H_
#define SPILLWAY_TELEMETRY_EVENT_H_

#include <cstddef>
#include <cstdint>

#include "spillway/base/time.h"

namespace spillway {

// Events of one policy object are numbered by the generation they begin: consecutive, modulo
// kGenerations.
struct Event {
  uint32_t generation = 0;
  int32_t from = 0;    // state before (the policy's State enum)
  int32_t to = 0;      // state after
  int32_t reason = 0;  // the policy's EventReason enum
  double rate = -1.0;  // the rate that made it happen; -1 where none did
  Nanos time = 0;      // the `now` of the call that made it happen

  friend bool operator==(const Event&, const Event&) = default;
};

inline constexpr uint32_t kGenerationBits = 20;
inline constexpr uint32_t kGenerations = 1u << kGenerationBits;

// Whether generation `a` comes after `b`, for two that are less than half of kGenerations apart.
constexpr bool IsLaterGeneration(uint32_t a, uint32_t b) {
  const uint32_t distance = (a - b) % kGenerations;
  return distance != 0 && distance < kGenerations / 2;
}

// What a reader of events got.
struct EventBatch {
  size_t count = 0;         // events written to the caller's buffer, in order
  uint64_t lost = 0;        // events that were overwritten before they were read
  uint32_t generation = 0;  // pass this as `since` next time
};

}  // namespace spillway

#endif  // SPILLWAY_TELEMETRY_EVENT_H_
