// Making and changing a circuit breaker: what allocates and validates. The calls themselves are in
// circuit_breaker.cc.
#include <unistd.h>

#include <bit>
#include <new>

#include "spillway/base/cache_line.h"
#include "spillway/breaker/circuit_breaker.h"
#include "spillway/breaker/circuit_breaker_validate.h"
#include "spillway/sync/policy_id.h"

namespace spillway {
namespace {

uint32_t StripesFor(const CircuitBreakerSettings& settings) {
  if (!settings.striped) return 1;
  const long cpus = sysconf(_SC_NPROCESSORS_CONF);
  return std::bit_ceil(static_cast<uint32_t>(std::clamp(cpus, 1L, 8L)));
}

bool IsPlain(const CircuitBreakerSettings& settings) {
  return settings.window_kind == WindowKind::kTime && !settings.in_flight && !settings.striped;
}

TimeWindow TimeWindowFor(const CircuitBreakerSettings& settings) {
  return {settings.window_ns, static_cast<uint32_t>(settings.buckets), StripesFor(settings)};
}

CountWindow CountWindowFor(const CircuitBreakerSettings& settings) {
  return CountWindow(static_cast<uint32_t>(
      std::max<uint64_t>(CircuitBreakerFixed(settings).calls_in_window(), 1)));
}

InFlightWindow InFlightWindowFor(const CircuitBreakerSettings& settings) {
  return {settings.window_ns, settings.window_ns / settings.buckets, settings.slow_call_ns};
}

}  // namespace

size_t CircuitBreaker::MemoryBytes(const Settings& settings) noexcept {
  const bool by_time = settings.window_kind == WindowKind::kTime;
  size_t words = by_time ? TimeWindowFor(settings).words() : CountWindowFor(settings).words();
  if (settings.in_flight) words += InFlightWindowFor(settings).words();
  const size_t bytes = sizeof(CircuitBreakerMemory) + words * sizeof(Word);
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

std::unique_ptr<CircuitBreaker> CircuitBreaker::Make(std::string_view name,
                                                     const Settings& settings, Error* error,
                                                     void* memory, bool shared) noexcept {
  if (!CheckName(name, error) || !Validate(settings, error)) return nullptr;
  PolicyMemory owned;
  memory = MemoryFor(memory, MemoryBytes(settings), &owned, error);
  if (memory == nullptr) return nullptr;
  try {
    std::unique_ptr<CircuitBreaker> breaker(new CircuitBreaker(name, settings, memory, shared));
    breaker->owned_memory_ = std::move(owned);
    return breaker;
  } catch (const std::bad_alloc&) {
    SetError(error, StatusCode::kNoMemory, "no memory for a circuit breaker");
    return nullptr;
  }
}

CircuitBreaker::CircuitBreaker(std::string_view name, const Settings& settings, void* memory,
                               bool shared)
    : memory_(static_cast<CircuitBreakerMemory*>(memory)),
      id_(NextPolicyId()),
      time_(TimeWindowFor(settings)),
      plain_id_(IsPlain(settings) ? id_ : kNobody),
      in_flight_on_(settings.in_flight),
      in_flight_cells_(memory_->cells() + time_.words()),
      in_flight_(InFlightWindowFor(settings)),
      owned_slots_(shared ? OwnedCounter::kOwnedByNobody : OwnedCounter::kOwnedByThreads),
      count_(CountWindowFor(settings)),
      fixed_(settings),
      name_(name) {
  tunables_.Store(settings);
  if (fixed_.seed == 0) fixed_.seed = RandomSeed();
  // Only a fresh breaker: one that found memory in use takes it as it is.
  const BreakerWord word = LoadWord();
  if (settings.initial_state != CircuitBreakerState::kClosed && word.bits() == 0) {
    const Phase phase = static_cast<Phase>(settings.initial_state);
    BeginGeneration(word, Counting(word, phase, 0, 0), CircuitBreakerEventReason::kManual, -1.0, 0);
  }
}

CircuitBreaker::~CircuitBreaker() = default;

CircuitBreakerSettings CircuitBreaker::settings() const noexcept {
  Settings settings;
  fixed_.CopyTo(&settings);
  tunables_.CopyTo(&settings);
  return settings;
}

bool CircuitBreaker::Reconfigure(const Settings& settings, Error* error) noexcept {
  Settings wanted = settings;
  if (wanted.seed == 0) wanted.seed = fixed_.seed;  // any seed will do: keep the one that was drawn
  if (!ValidateChange(this->settings(), wanted, error)) return false;
  tunables_.Store(wanted);
  if (fixed_.has_time_window()) time_.ForgetShortcut(memory_->cells());
  return true;
}

}  // namespace spillway
