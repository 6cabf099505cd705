// Making and changing a client throttle: what allocates and validates.
#include <cmath>
#include <new>

#include "spillway/base/hash.h"
#include "spillway/concurrency/client_throttle.h"
#include "spillway/sync/policy_id.h"

namespace spillway {
namespace {

constexpr auto kUnit = static_cast<double>(ThrottleRule::kUnit);

uint64_t Units(double number) { return static_cast<uint64_t>(std::llround(number * kUnit)); }
double Number(const Atomic<uint64_t>& units) {
  return static_cast<double>(units.load(std::memory_order_relaxed)) / kUnit;
}

size_t IndexOf(Priority priority) { return static_cast<size_t>(priority); }

bool Validate(const ClientThrottleSettings& settings, Error* error) {
  if (!CheckOptions(kClientThrottleOptions, &settings, error)) return false;
  if (settings.critical_k < settings.k) {
    SetError(error, StatusCode::kInvalidArgument, "critical_k is %.9g; it must be at least k, %.9g",
             settings.critical_k, settings.k);
    return false;
  }
  if (settings.sheddable_k > settings.k) {
    SetError(error, StatusCode::kInvalidArgument, "sheddable_k is %.9g; it must be at most k, %.9g",
             settings.sheddable_k, settings.k);
    return false;
  }
  return true;
}

}  // namespace

std::unique_ptr<ClientThrottle> ClientThrottle::Make(std::string_view name,
                                                     const Settings& settings, Error* error,
                                                     void* memory, bool shared) noexcept {
  if (!CheckName(name, error) || !Validate(settings, error)) return nullptr;
  PolicyMemory owned;
  memory = MemoryFor(memory, MemoryBytes(), &owned, error);
  if (memory == nullptr) return nullptr;
  try {
    std::unique_ptr<ClientThrottle> throttle(new ClientThrottle(name, settings, memory, shared));
    throttle->owned_memory_ = std::move(owned);
    return throttle;
  } catch (const std::bad_alloc&) {
    SetError(error, StatusCode::kNoMemory, "no memory for a client throttle");
    return nullptr;
  }
}

ClientThrottle::ClientThrottle(std::string_view name, const Settings& settings, void* memory,
                               bool shared)
    : memory_(static_cast<ClientThrottleMemory*>(memory)),
      id_(NextPolicyId()),
      cells_((settings.window_ns + ClientThrottleMemory::kBuckets - 1) /
             ClientThrottleMemory::kBuckets),
      owned_slots_(shared ? OwnedCounter::kOwnedByNobody : OwnedCounter::kOwnedByThreads),
      seed_(settings.seed != 0 ? settings.seed : RandomSeed()),
      window_(settings.window_ns),
      name_(name) {
  Store(settings);
}

ClientThrottle::~ClientThrottle() = default;

void ClientThrottle::Store(const Settings& settings) noexcept {
  k_[IndexOf(Priority::kNormal)].store(Units(settings.k), std::memory_order_relaxed);
  k_[IndexOf(Priority::kCritical)].store(Units(settings.critical_k), std::memory_order_relaxed);
  k_[IndexOf(Priority::kSheddable)].store(Units(settings.sheddable_k), std::memory_order_relaxed);
  most_.store(Units(settings.max_rejection), std::memory_order_relaxed);
  min_calls_.store(static_cast<uint64_t>(settings.min_calls), std::memory_order_relaxed);
  dry_run_.store(settings.dry_run, std::memory_order_relaxed);
  // What is no cell of any bucket, and not the same twice: nobody is spared by what held before.
  memory_->spared.store(changes_.fetch_add(1, std::memory_order_relaxed) % 1024,
                        std::memory_order_relaxed);
}

ClientThrottleSettings ClientThrottle::settings() const noexcept {
  Settings settings;
  settings.window_ns = window_;
  settings.k = Number(k_[IndexOf(Priority::kNormal)]);
  settings.critical_k = Number(k_[IndexOf(Priority::kCritical)]);
  settings.sheddable_k = Number(k_[IndexOf(Priority::kSheddable)]);
  settings.min_calls = static_cast<int32_t>(min_calls_.load(std::memory_order_relaxed));
  settings.max_rejection = Number(most_);
  settings.dry_run = dry_run_.load(std::memory_order_relaxed);
  settings.seed = seed_;
  return settings;
}

bool ClientThrottle::Reconfigure(const Settings& settings, Error* error) noexcept {
  Settings wanted = settings;
  if (wanted.seed == 0) wanted.seed = seed_;  // any seed will do: keep the one that was drawn
  const Settings before = this->settings();
  if (!Validate(wanted, error) || !CheckFixed(kClientThrottleOptions, &before, &wanted, error))
    return false;
  Store(wanted);
  return true;
}

}  // namespace spillway
