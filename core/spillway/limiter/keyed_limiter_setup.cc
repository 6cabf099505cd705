// Making and changing a keyed limiter: what allocates and validates. The calls themselves are in
// keyed_limiter.cc.
#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <new>

#include "spillway/base/hash.h"
#include "spillway/base/option.h"
#include "spillway/limiter/keyed_limiter.h"

namespace spillway {
namespace {

// As fine as a burst in 2^24 units allows, but no finer than a 4096th of a token: the coarser the
// unit, the longer a turn of the clock.
uint64_t MostUnitsOfToken(int32_t burst) {
  const auto doublings = static_cast<int>(std::bit_width(static_cast<uint32_t>(burst) - 1));
  return uint64_t{1} << std::clamp(24 - doublings, 4, 12);
}

// However short a burst is, the latest time need not be moved by every call.
constexpr uint64_t kShortestLag = 1 << 16;

bool FindSecret(uint64_t seed, SipKey* secret, Error* error) {
  *secret = {.low = Mix(seed), .high = Mix(~seed)};
  if (seed != 0 || getentropy(secret, sizeof *secret) == 0) return true;
  SetError(error, StatusCode::kInternal, "the system has no random seed to give");
  return false;
}

}  // namespace

std::unique_ptr<KeyedLimiter> KeyedLimiter::Make(std::string_view name, const Settings& settings,
                                                 Error* error, void* memory, bool shared) noexcept {
  if (!CheckName(name, error) || !CheckOptions(kKeyedLimiterOptions, &settings, error))
    return nullptr;
  if (shared && settings.seed == 0) {
    SetError(error, StatusCode::kInvalidArgument,
             "seed is 0, a secret one; processes that share memory must give one that all know");
    return nullptr;
  }
  SipKey secret;
  if (!FindSecret(settings.seed, &secret, error)) return nullptr;
  PolicyMemory owned;
  memory = MemoryFor(memory, MemoryBytes(settings), &owned, error);
  if (memory == nullptr) return nullptr;
  try {
    std::unique_ptr<KeyedLimiter> limiter(new KeyedLimiter(name, settings, secret, memory, shared));
    limiter->owned_memory_ = std::move(owned);
    return limiter;
  } catch (const std::bad_alloc&) {
    SetError(error, StatusCode::kNoMemory, "no memory for a keyed limiter");
    return nullptr;
  }
}

KeyedLimiter::KeyedLimiter(std::string_view name, const Settings& settings, const SipKey& secret,
                           void* memory, bool shared)
    : memory_(static_cast<KeyedLimiterMemory*>(memory)),
      sets_(reinterpret_cast<KeyedLimiterSet*>(memory_ + 1)),
      set_count_(SetsOf(settings)),
      clock_(settings.rate, settings.burst, settings.burst, MostUnitsOfToken(settings.burst)),
      token_(clock_.token_units()),
      capacity_(token_ * clock_.burst()),
      lag_(std::max(capacity_, kShortestLag)),
      span_(lag_ + capacity_),
      counts_(settings.counted, settings.dry_run, shared),
      when_full_(settings.when_full),
      hasher_(secret),
      made_(settings),
      name_(name) {}

KeyedLimiter::~KeyedLimiter() = default;

KeyedLimiterSettings KeyedLimiter::settings() const noexcept {
  Settings settings = made_;
  settings.dry_run = counts_.dry_run();
  settings.when_full = when_full_.load(std::memory_order_relaxed);
  return settings;
}

bool KeyedLimiter::Reconfigure(const Settings& settings, Error* error) noexcept {
  if (!CheckOptions(kKeyedLimiterOptions, &settings, error) ||
      !CheckFixed(kKeyedLimiterOptions, &made_, &settings, error))
    return false;
  counts_.set_dry_run(settings.dry_run);
  when_full_.store(settings.when_full, std::memory_order_relaxed);
  return true;
}

}  // namespace spillway
