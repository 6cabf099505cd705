// Making and changing a token bucket: what allocates and validates. The calls themselves are
// in token_bucket.cc.
#include <new>

#include "spillway/base/option.h"
#include "spillway/limiter/token_bucket.h"

namespace spillway {
namespace {

__extension__ using SignedWide = __int128;

// Rounded up.
SignedWide DividedUp(SignedWide value, SignedWide by) { return value / by + (value % by > 0); }

uint64_t MostWarmUnits(const TokenBucketSettings& settings) {
  return WarmUp::MostUnits(settings.rate, settings.burst, settings.warm_up_ns,
                           settings.cold_factor);
}

bool CheckWarmUp(const TokenBucketSettings& settings, Error* error) {
  if (settings.warm_up_ns == 0) return true;
  if (settings.initial_tokens < settings.burst) {
    SetError(error, StatusCode::kInvalidArgument,
             "initial_tokens = %d with warm_up, which begins cold; accepted: burst or more",
             settings.initial_tokens);
    return false;
  }
  if (MostWarmUnits(settings) != 0) return true;
  const double seconds = static_cast<double>(settings.warm_up_ns) / kNanosPerSecond;
  SetError(error, StatusCode::kInvalidArgument,
           "warm_up = %g s at rate = %g is %g tokens; accepted: %g to %g, and times burst times "
           "cold_factor at most %g",
           seconds, settings.rate, seconds * settings.rate, WarmUp::kLeastTokens,
           WarmUp::kMostTokens, WarmUp::kMostProduct);
  return false;
}

TokenClock ClockOf(const TokenBucketSettings& settings) {
  return {settings.rate, settings.burst, settings.burst, MostWarmUnits(settings)};
}

}  // namespace

std::unique_ptr<TokenBucket> TokenBucket::Make(std::string_view name, const Settings& settings,
                                               Error* error, void* memory, bool shared) noexcept {
  if (!CheckName(name, error) || !CheckOptions(kTokenBucketOptions, &settings, error) ||
      !CheckWarmUp(settings, error))
    return nullptr;
  PolicyMemory owned;
  memory = MemoryFor(memory, MemoryBytes(), &owned, error);
  if (memory == nullptr) return nullptr;
  try {
    std::unique_ptr<TokenBucket> bucket(new TokenBucket(name, settings, memory, shared));
    bucket->owned_memory_ = std::move(owned);
    return bucket;
  } catch (const std::bad_alloc&) {
    SetError(error, StatusCode::kNoMemory, "no memory for a token bucket");
    return nullptr;
  }
}

TokenBucket::TokenBucket(std::string_view name, const Settings& settings, void* memory, bool shared,
                         int32_t room)
    : memory_(static_cast<TokenBucketMemory*>(memory)),
      clock_(settings.warm_up_ns != 0 ? ClockOf(settings)
                                      : Scale::Of({settings.rate, settings.burst, room}, 0).clock),
      counted_(settings.counted),
      refuses_plainly_(!settings.counted && !settings.dry_run),
      dry_run_(settings.dry_run),
      owned_slots_(shared ? OwnedCounter::kOwnedByNobody : OwnedCounter::kOwnedByThreads),
      most_(Scale{clock_, {settings.rate, settings.burst, room}, 0}.most()),
      initially_ahead_(clock_.capacity() -
                       clock_.token() * std::min(static_cast<uint64_t>(settings.initial_tokens),
                                                 clock_.burst())),
      shared_(shared),
      made_(settings),
      room_(room),
      warm_up_(settings.warm_up_ns != 0
                   ? WarmUp(clock_.Units(settings.warm_up_ns), settings.cold_factor)
                   : WarmUp()),
      name_(name) {
  // So that a word of a scale that never was, left by whoever shares the memory, has a clock too.
  for (ScaleCell& cell : changed_) cell.Store(AsMade());
}

TokenBucket::~TokenBucket() = default;

TokenBucketSettings TokenBucket::settings() const noexcept {
  Scale scale = AsMade();
  LoadWord(&scale);
  Settings settings = made_;
  settings.rate = scale.size.rate;
  settings.burst = scale.size.burst;
  settings.dry_run = dry_run_.load(std::memory_order_relaxed);
  return settings;
}

// How far ahead the word is on the new clock with the tokens that were there, or the level of a
// leaky bucket. Rounded up, so that no part of a token comes from nowhere.
uint64_t TokenBucket::Inherit(const View& from, const Scale& to, Inheritance inheritance) noexcept {
  const SignedWide token = to.clock.token();
  const SignedWide token_before = from.scale.clock.token();
  const auto ahead = static_cast<SignedWide>(from.ahead);
  SignedWide next = 0;
  if (inheritance == Inheritance::kProportional) {
    next = DividedUp(ahead * to.limit() * token, from.scale.limit() * token_before);
  } else if (inheritance == Inheritance::kKeep && to.size.room == 0) {
    const SignedWide there = static_cast<SignedWide>(from.scale.clock.capacity()) - ahead;
    next = static_cast<SignedWide>(to.clock.capacity()) -
           (there >= 0 ? there * token / token_before : -DividedUp(-there * token, token_before));
  } else if (inheritance != Inheritance::kReset) {
    next = DividedUp(ahead * token, token_before);
  }
  const auto most = static_cast<SignedWide>(to.most());
  const auto whole = static_cast<uint64_t>(std::clamp<SignedWide>(next, 0, most - 3)) + 3;
  return whole / TokenBucketWord::kScales * TokenBucketWord::kScales;
}

bool TokenBucket::Reconfigure(const Settings& settings, Inheritance inheritance, Nanos now,
                              Error* error) noexcept {
  if (!CheckOptions(kTokenBucketOptions, &settings, error) ||
      !CheckFixed(kTokenBucketOptions, &made_, &settings, error))
    return false;
  if (warm_up_ && (settings.rate != made_.rate || settings.burst != made_.burst)) {
    SetError(error, StatusCode::kUnsupported,
             "rate and burst cannot change in a bucket that warms up");
    return false;
  }
  return ChangeAlone({settings.rate, settings.burst}, settings.dry_run, inheritance, now, error);
}

bool TokenBucket::ChangeAlone(const Size& size, bool dry_run, Inheritance inheritance, Nanos now,
                              Error* error) noexcept {
  // (36) acquire: pairs with (37). What the change before wrote comes before what this one writes.
  if (changing_.exchange(true, std::memory_order_acquire)) {
    SetError(error, StatusCode::kBusy, "another change is under way");
    return false;
  }
  const bool good = Change(size, dry_run, inheritance, now, error);
  // (37) release: pairs with (36).
  changing_.store(false, std::memory_order_release);
  return good;
}

bool TokenBucket::Change(const Size& size, bool dry_run, Inheritance inheritance, Nanos now,
                         Error* error) noexcept {
  Scale before = AsMade();
  LoadWord(&before);
  const bool same = size == before.size;
  if (shared_ && !same) {
    SetError(error, StatusCode::kUnsupported,
             "rate and burst cannot change in memory that processes share");
    return false;
  }
  if ((!same || inheritance != Inheritance::kKeep) && !ChangeScale(size, inheritance, now)) {
    SetError(error, StatusCode::kBusy, "calls leave no moment to change the rate in");
    return false;
  }
  dry_run_.store(dry_run, std::memory_order_relaxed);
  refuses_plainly_.store(!counted_ && !dry_run, std::memory_order_relaxed);
  return true;
}

// Alone: `changing_` is held. False, with nothing changed, when others took tokens faster than this
// can keep up with, for about a tenth of a second.
bool TokenBucket::ChangeScale(const Size& size, Inheritance inheritance, Nanos now) noexcept {
  if (warm_up_) {
    if (inheritance == Inheritance::kReset) CoolDown();
    return true;
  }
  constexpr int kMostTries = 1'000'000;
  // Back at an older time, the same time would be paid once more, at the new rate. A reset pays
  // nothing: it fills the bucket, and time may begin again with it.
  if (inheritance != Inheritance::kReset) now = std::max(now, changed_at_);
  changed_at_ = now;
  View view = Look(now);
  const uint64_t scale = TokenBucketWord(view.time).scale() == 2 ? 3 : 2;
  const Scale next = Scale::Of(size, view.scale.change + 1);
  changed_[scale % 2].Store(next);
  const uint64_t time = next.clock.At(now) | scale;
  for (int i = 0; i < kMostTries; ++i, view = Look(now)) {
    // (34) release: pairs with (33) and (38).
    if (memory_->word.compare_exchange_strong(view.word, time + Inherit(view, next, inheritance),
                                              std::memory_order_release, std::memory_order_relaxed))
      return true;
  }
  return false;
}

}  // namespace spillway
