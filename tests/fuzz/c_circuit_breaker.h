// A circuit breaker behind the C interface that answers as spillway::CircuitBreaker does. Every
// struct that it hands over lies between guards, and after every call what holds at any time, and
// for any clock, is required.
#ifndef SPILLWAY_TESTS_FUZZ_C_CIRCUIT_BREAKER_H_
#define SPILLWAY_TESTS_FUZZ_C_CIRCUIT_BREAKER_H_

#include <cstdint>
#include <cstring>
#include <span>

#include "generated/circuit_breaker.h"
#include "spillway/base/decision.h"
#include "spillway/base/error.h"
#include "spillway/base/outcome.h"
#include "spillway/breaker/circuit_breaker_settings.h"
#include "spillway/c_api.h"
#include "spillway/telemetry/event.h"
#include "tests/fuzz/guarded.h"
#include "tests/fuzz/target.h"

namespace spillway::fuzz {

using COptions = spillway_circuit_breaker_options;
using CSnapshot = spillway_circuit_breaker_snapshot;

inline constexpr size_t kOptionsEnd = SPILLWAY_SIZE_TO_END(COptions, seed);
inline constexpr size_t kSnapshotEnd = SPILLWAY_SIZE_TO_END(CSnapshot, total_misused);

inline COptions CFrom(const CircuitBreakerSettings& settings) {
  COptions options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  ToC(settings, &options);
  return options;
}

inline PermitFields FieldsOf(const spillway_permit& permit) {
  return {permit.opaque[0], static_cast<Nanos>(permit.opaque[1]), permit.opaque[2]};
}
inline spillway_permit CFrom(const PermitFields& permit) {
  return {{permit.owner, static_cast<uint64_t>(permit.start), permit.token}};
}

class CCircuitBreaker {
 public:
  explicit CCircuitBreaker(const CircuitBreakerSettings& settings) : handle_(nullptr) {
    const GuardedStruct<COptions> options(CFrom(settings));
    const spillway_status status =
        spillway_circuit_breaker_new(&handle_, nullptr, 0, options.get(), nullptr);
    Require(status == SPILLWAY_OK && handle_ != nullptr, "valid options are refused");
  }
  // Takes over a reference.
  explicit CCircuitBreaker(spillway_circuit_breaker* handle) : handle_(handle) {}
  CCircuitBreaker(const CCircuitBreaker&) = delete;
  CCircuitBreaker& operator=(const CCircuitBreaker&) = delete;
  ~CCircuitBreaker() { spillway_circuit_breaker_unref(handle_); }

  spillway_circuit_breaker* handle() const { return handle_; }

  DecisionFields Decide(Nanos now) {
    const CircuitBreakerSnapshot before = Snapshot(now);
    Guarded out(sizeof(spillway_acquire_result));
    const spillway_decision decision =
        spillway_circuit_breaker_try_acquire_at(handle_, now, out.get<spillway_acquire_result>());
    out.Check();
    spillway_acquire_result result = *out.get<spillway_acquire_result>();
    if (Planted("retry_after") && decision == SPILLWAY_CIRCUIT_BREAKER_REJECTION_HALF_OPEN) {
      ++result.retry_after_ns;
    }
    Require(decision >= SPILLWAY_ADMITTED && decision <= SPILLWAY_CIRCUIT_BREAKER_REJECTION_RAMP,
            "no such decision");
    const bool admitted = decision == SPILLWAY_ADMITTED;
    Require(admitted == (FieldsOf(result.permit).owner != 0), "a permit without admission");
    Require(admitted ? result.retry_after_ns == 0 : result.retry_after_ns > 0,
            "retry_after does not go with the decision");
    CircuitBreakerSnapshot expected = before;
    expected.total_rejected += !admitted;
    Require(SameTotals(expected, Snapshot(now)), "a decision is not counted once");
    return {FieldsOf(result.permit), decision, result.retry_after_ns};
  }

  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) {
    GuardedStruct<spillway_permit> held(CFrom(permit));
    const CircuitBreakerSnapshot before = Snapshot(now);
    const bool dropped = Planted("lost_settle") && outcome == Outcome::kIgnored;
    const spillway_settlement settlement =
        dropped ? SPILLWAY_SETTLEMENT_COUNTED
                : spillway_circuit_breaker_settle_at(handle_, held.get(),
                                                     static_cast<int32_t>(outcome), now);
    held.Check();
    const CircuitBreakerSnapshot after = Snapshot(now);
    if (settlement == SPILLWAY_E_MISUSE) {
      Require(SameBytes(*held, CFrom(permit)), "a misused permit is not left as it is");
    } else if (!dropped) {
      Require(SameBytes(*held, spillway_permit{}), "a settled permit is not empty");
    }
    CircuitBreakerSnapshot expected = before;
    CountOnce(settlement, outcome, after, &expected);
    Require(SameTotals(expected, after), "a settlement is not counted once, where it belongs");
    if (settlement == SPILLWAY_E_MISUSE) return Settlement::kMisused;
    return static_cast<Settlement>(settlement);
  }

  bool ForceOpen(Nanos now) { return Changes(spillway_circuit_breaker_force_open_at, now); }
  bool Disable(Nanos now) { return Changes(spillway_circuit_breaker_disable_at, now); }
  bool MetricsOnly(Nanos now) { return Changes(spillway_circuit_breaker_metrics_only_at, now); }
  void Reset(Nanos now) {
    Require(Changes(spillway_circuit_breaker_reset_at, now), "a reset that begins nothing");
  }

  bool Reconfigure(const CircuitBreakerSettings& settings, Error* error) {
    const GuardedStruct<COptions> options(CFrom(settings));
    spillway_error problem = SPILLWAY_ERROR_INIT;
    if (spillway_circuit_breaker_reconfigure(handle_, options.get(), &problem) == SPILLWAY_OK)
      return true;
    SetError(error, static_cast<StatusCode>(problem.code), "%s", problem.message);
    return false;
  }

  COptions Options() const {
    Guarded out(kOptionsEnd);
    auto* const options = out.get<COptions>();
    options->struct_size = kOptionsEnd;
    Require(spillway_circuit_breaker_options_get(handle_, options) == SPILLWAY_OK,
            "the options are not told");
    out.Check();
    COptions told;
    std::memcpy(&told, options, kOptionsEnd);
    return told;
  }

  CSnapshot SnapshotInC(Nanos now) const {
    Guarded out(kSnapshotEnd);
    auto* const snapshot = out.get<CSnapshot>();
    snapshot->struct_size = kSnapshotEnd;
    Require(spillway_circuit_breaker_snapshot_at(handle_, now, snapshot) == SPILLWAY_OK,
            "no snapshot");
    if (Planted("overrun")) WriteBehind(out);
    out.Check();
    CSnapshot told;
    std::memcpy(&told, snapshot, kSnapshotEnd);
    return told;
  }

  CircuitBreakerSnapshot Snapshot(Nanos now) const {
    const CircuitBreakerSnapshot snapshot = FromC(SnapshotInC(now));
    Require(static_cast<int32_t>(snapshot.state) == spillway_circuit_breaker_state(handle_),
            "two states");
    Require(snapshot.generation == generation(), "two generations");
    Require(snapshot.generation < kGenerations, "a generation of more than 20 bits");
    Require(snapshot.since_ns >= 0 && snapshot.time_to_half_open_ns >= 0, "a time before zero");
    return snapshot;
  }

  EventBatch Events(uint32_t since, std::span<Event> buffer) const {
    Guarded array(buffer.size() * sizeof(spillway_event));
    spillway_event_batch batch =
        SPILLWAY_EVENT_BATCH_INIT(array.get<spillway_event>(), buffer.size());
    batch.generation = since;
    Require(spillway_circuit_breaker_events(handle_, &batch) == SPILLWAY_OK, "no events");
    array.Check();
    Require(batch.count <= buffer.size(), "more events than fit");
    for (size_t i = 0; i < batch.count; ++i) buffer[i] = FromC(array.get<spillway_event>()[i]);
    return {.count = batch.count, .lost = batch.lost, .generation = batch.generation};
  }

  uint32_t generation() const { return spillway_circuit_breaker_generation(handle_); }

  static Event FromC(const spillway_event& event) {
    return {.generation = event.generation,
            .from = event.from,
            .to = event.to,
            .reason = event.reason,
            .rate = event.rate,
            .time = event.time_ns};
  }

 private:
  template <class T>
  static bool SameBytes(const T& a, const T& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
  }

  // Volatile: the optimiser must not take the write away.
  static void WriteBehind(const Guarded& out) {
    *static_cast<volatile std::byte*>(out.bytes() + out.size()) = std::byte{0};
  }

  static CircuitBreakerSnapshot FromC(const CSnapshot& c) {
    // The two structs have the same fields in the same order.
    CircuitBreakerSnapshot snapshot;
    ForEachField(snapshot, [&, i = 0u](const char*, auto& field) mutable {
      std::memcpy(
          &field,
          reinterpret_cast<const char*>(&c) + kCircuitBreakerSnapshotEnds[i++] - sizeof field,
          sizeof field);
    });
    return snapshot;
  }

  // Adds what one settlement adds to the totals.
  static void CountOnce(spillway_settlement settlement, Outcome outcome,
                        const CircuitBreakerSnapshot& after, CircuitBreakerSnapshot* totals) {
    const auto slow_calls = [](const CircuitBreakerSnapshot& snapshot) {
      return snapshot.total_slow_successes + snapshot.total_slow_failures;
    };
    if (settlement == SPILLWAY_E_MISUSE) {
      ++totals->total_misused;
    } else if (settlement == SPILLWAY_SETTLEMENT_STALE) {
      ++totals->total_stale;
    } else if (totals->state == CircuitBreakerState::kDisabled) {
      return;
    } else if (outcome == Outcome::kIgnored) {
      ++totals->total_ignored;
    } else if (totals->state == CircuitBreakerState::kHalfOpen) {
      ++totals->total_probes;
    } else if (slow_calls(after) != slow_calls(*totals)) {
      ++(outcome == Outcome::kFailure ? totals->total_slow_failures : totals->total_slow_successes);
    } else {
      ++(outcome == Outcome::kFailure ? totals->total_failures : totals->total_successes);
    }
  }

  bool Changes(spillway_status (*change)(spillway_circuit_breaker*, int64_t), Nanos now) {
    const uint32_t before = generation();
    Require(change(handle_, now) == SPILLWAY_OK, "a state cannot be set");
    return generation() != before;
  }

  static bool SameTotals(const CircuitBreakerSnapshot& a, const CircuitBreakerSnapshot& b) {
    return a.total_successes == b.total_successes && a.total_failures == b.total_failures &&
           a.total_slow_successes == b.total_slow_successes &&
           a.total_slow_failures == b.total_slow_failures && a.total_probes == b.total_probes &&
           a.total_ignored == b.total_ignored && a.total_rejected == b.total_rejected &&
           a.total_stale == b.total_stale && a.total_misused == b.total_misused;
  }

  spillway_circuit_breaker* handle_;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_C_CIRCUIT_BREAKER_H_
