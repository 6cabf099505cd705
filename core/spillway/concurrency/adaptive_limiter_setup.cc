// Making and changing an adaptive limiter: what allocates and validates.
#include <cmath>
#include <new>

#include "spillway/concurrency/adaptive_limiter.h"
#include "spillway/sync/policy_id.h"

namespace spillway {
namespace {

constexpr double kWholeRate = 10'000;

bool RefuseLimit(const char* name, int32_t limit, const char* bounds, int32_t low, int32_t high,
                 Error* error) {
  if (low <= limit && limit <= high) return false;
  SetError(error, StatusCode::kInvalidArgument, "%s is %d; it must be %s, %d to %d", name, limit,
           bounds, low, high);
  return true;
}

bool Validate(const AdaptiveLimiterSettings& settings, Error* error) {
  constexpr int32_t kMost = 100'000;
  return CheckOptions(kAdaptiveLimiterOptions, &settings, error) &&
         !RefuseLimit("max_limit", settings.max_limit, "at least min_limit", settings.min_limit,
                      kMost, error);
}

}  // namespace

std::unique_ptr<AdaptiveLimiter> AdaptiveLimiter::Make(std::string_view name,
                                                       const Settings& settings, Error* error,
                                                       void* memory, bool shared) noexcept {
  if (!CheckName(name, error) || !Validate(settings, error) ||
      RefuseLimit("initial_limit", settings.initial_limit, "from min_limit to max_limit",
                  settings.min_limit, settings.max_limit, error))
    return nullptr;
  PolicyMemory owned;
  memory = MemoryFor(memory, MemoryBytes(), &owned, error);
  if (memory == nullptr) return nullptr;
  try {
    std::unique_ptr<AdaptiveLimiter> limiter(new AdaptiveLimiter(name, settings, memory, shared));
    limiter->owned_memory_ = std::move(owned);
    return limiter;
  } catch (const std::bad_alloc&) {
    SetError(error, StatusCode::kNoMemory, "no memory for an adaptive limiter");
    return nullptr;
  }
}

AdaptiveLimiter::AdaptiveLimiter(std::string_view name, const Settings& settings, void* memory,
                                 bool shared)
    : memory_(static_cast<AdaptiveLimiterMemory*>(memory)),
      id_(NextPolicyId()),
      initial_limit_(static_cast<uint64_t>(settings.initial_limit) * LimitWord::kUnit),
      owned_slots_(shared ? OwnedCounter::kOwnedByNobody : OwnedCounter::kOwnedByThreads),
      algorithm_(settings.algorithm),
      name_(name) {
  Store(settings);
}

AdaptiveLimiter::~AdaptiveLimiter() = default;

void AdaptiveLimiter::Store(const Settings& settings) noexcept {
  dry_run_.store(settings.dry_run, std::memory_order_relaxed);
  drop_rate_.store(static_cast<uint64_t>(std::llround(settings.drop_rate * kWholeRate)),
                   std::memory_order_relaxed);
  min_limit_.store(settings.min_limit, std::memory_order_relaxed);
  max_limit_.store(settings.max_limit, std::memory_order_relaxed);
  window_.store(settings.window_ns, std::memory_order_relaxed);
  tolerance_.store(settings.tolerance, std::memory_order_relaxed);
  smoothing_.store(settings.smoothing, std::memory_order_relaxed);
}

AdaptiveLimiterSettings AdaptiveLimiter::settings() const noexcept {
  Settings settings;
  settings.algorithm = algorithm_;
  settings.initial_limit = static_cast<int32_t>(initial_limit_ / LimitWord::kUnit);
  settings.min_limit = min_limit_.load(std::memory_order_relaxed);
  settings.max_limit = max_limit_.load(std::memory_order_relaxed);
  settings.window_ns = window_.load(std::memory_order_relaxed);
  settings.tolerance = tolerance_.load(std::memory_order_relaxed);
  settings.smoothing = smoothing_.load(std::memory_order_relaxed);
  settings.drop_rate = static_cast<double>(drop_rate_.load(std::memory_order_relaxed)) / kWholeRate;
  settings.dry_run = dry_run_.load(std::memory_order_relaxed);
  return settings;
}

bool AdaptiveLimiter::Reconfigure(const Settings& settings, Error* error) noexcept {
  const Settings before = this->settings();
  if (!Validate(settings, error) || !CheckFixed(kAdaptiveLimiterOptions, &before, &settings, error))
    return false;
  Store(settings);
  BoundLimit();
  return true;
}

}  // namespace spillway
