// Making and changing a sliding window limiter: what allocates and validates. The calls themselves
// are in sliding_window_limiter.cc.
#include <new>

#include "spillway/base/cache_line.h"
#include "spillway/base/option.h"
#include "spillway/limiter/sliding_window_limiter.h"

namespace spillway {
namespace {

// A window has both of its options or neither.
bool CheckWindow(const char* which, int32_t limit, Nanos per, Error* error) {
  if ((limit == 0) == (per == 0)) return true;
  SetError(error, StatusCode::kInvalidArgument,
           "%s_limit is %d and %s_per is %.9f s; give both or neither", which, limit, which,
           static_cast<double>(per) / static_cast<double>(kNanosPerSecond));
  return false;
}

bool Validate(const SlidingWindowLimiterSettings& settings, Error* error) {
  return CheckOptions(kSlidingWindowLimiterOptions, &settings, error) &&
         CheckWindow("second", settings.second_limit, settings.second_per_ns, error) &&
         CheckWindow("third", settings.third_limit, settings.third_per_ns, error);
}

}  // namespace

size_t SlidingWindowLimiter::MemoryBytes(const Settings& settings) noexcept {
  const size_t bytes =
      sizeof(SlidingWindowLimiterMemory) + SlidingWindowRing(settings).size() * sizeof(Word);
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

std::unique_ptr<SlidingWindowLimiter> SlidingWindowLimiter::Make(std::string_view name,
                                                                 const Settings& settings,
                                                                 Error* error, void* memory,
                                                                 bool shared) noexcept {
  if (!CheckName(name, error) || !Validate(settings, error)) return nullptr;
  PolicyMemory owned;
  memory = MemoryFor(memory, MemoryBytes(settings), &owned, error);
  if (memory == nullptr) return nullptr;
  try {
    std::unique_ptr<SlidingWindowLimiter> limiter(
        new SlidingWindowLimiter(name, settings, memory, shared));
    limiter->owned_memory_ = std::move(owned);
    return limiter;
  } catch (const std::bad_alloc&) {
    SetError(error, StatusCode::kNoMemory, "no memory for a sliding window limiter");
    return nullptr;
  }
}

SlidingWindowLimiter::SlidingWindowLimiter(std::string_view name, const Settings& settings,
                                           void* memory, bool shared)
    : words_{static_cast<SlidingWindowLimiterMemory*>(memory)},
      ring_(settings),
      quick_size_(ring_.only_first() ? ring_.size() : 0),
      counts_(settings.counted, settings.dry_run, shared),
      made_(settings),
      name_(name) {}

SlidingWindowLimiter::~SlidingWindowLimiter() = default;

SlidingWindowLimiterSettings SlidingWindowLimiter::settings() const noexcept {
  Settings settings = made_;
  settings.dry_run = counts_.dry_run();
  return settings;
}

bool SlidingWindowLimiter::Reconfigure(const Settings& settings, Error* error) noexcept {
  if (!CheckOptions(kSlidingWindowLimiterOptions, &settings, error) ||
      !CheckFixed(kSlidingWindowLimiterOptions, &made_, &settings, error))
    return false;
  counts_.set_dry_run(settings.dry_run);
  return true;
}

}  // namespace spillway
