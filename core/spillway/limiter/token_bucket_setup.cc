// Making and changing a token bucket: what allocates and validates. The calls themselves are
// in token_bucket.cc.
#include <new>

#include "spillway/base/option.h"
#include "spillway/limiter/token_bucket.h"

namespace spillway {
namespace {

// What the bucket says is what is meant here.
static_assert(static_cast<int32_t>(TokenBucketRejection::kExhausted) ==
              static_cast<int32_t>(Bucket::Refusal::kExhausted));
static_assert(static_cast<int32_t>(TokenBucketRejection::kExceedsBurst) ==
              static_cast<int32_t>(Bucket::Refusal::kExceedsLimit));
static_assert(static_cast<int32_t>(TokenBucketRejection::kExceedsWait) ==
              static_cast<int32_t>(Bucket::Refusal::kExceedsWait));

bool CheckWarmUp(const TokenBucketSettings& settings, Error* error) {
  if (settings.warm_up_ns == 0) return true;
  if (settings.initial_tokens < settings.burst) {
    SetError(error, StatusCode::kInvalidArgument,
             "initial_tokens = %d with warm_up, which begins cold; accepted: burst or more",
             settings.initial_tokens);
    return false;
  }
  if (WarmUpBucket::MostUnits(settings) != 0) return true;
  const double seconds = static_cast<double>(settings.warm_up_ns) / kNanosPerSecond;
  SetError(error, StatusCode::kInvalidArgument,
           "warm_up = %g s at rate = %g is %g tokens; accepted: %g to %g, and times burst times "
           "cold_factor at most %g",
           seconds, settings.rate, seconds * settings.rate, WarmUp::kLeastTokens,
           WarmUp::kMostTokens, WarmUp::kMostProduct);
  return false;
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

TokenBucket::TokenBucket(std::string_view name, const Settings& settings, void* memory, bool shared)
    : bucket_(static_cast<BucketMemory*>(memory), {settings.rate, settings.burst},
              settings.initial_tokens, settings.counted, settings.dry_run, shared),
      made_(settings),
      name_(name) {
  if (settings.warm_up_ns != 0) warm_up_.emplace(settings, &bucket_.memory(), &bucket_.counts());
}

TokenBucket::~TokenBucket() = default;

TokenBucketSettings TokenBucket::settings() const noexcept {
  Settings settings = made_;
  if (!warm_up_) {
    const Bucket::Size size = bucket_.size();
    settings.rate = size.rate;
    settings.burst = size.burst;
  }
  settings.dry_run = bucket_.counts().dry_run();
  return settings;
}

bool TokenBucket::Reconfigure(const Settings& settings, Inheritance inheritance, Nanos now,
                              Error* error) noexcept {
  if (!CheckOptions(kTokenBucketOptions, &settings, error) ||
      !CheckFixed(kTokenBucketOptions, &made_, &settings, error))
    return false;
  if (!warm_up_)
    return bucket_.Change({settings.rate, settings.burst}, settings.dry_run, inheritance, now,
                          error);
  if (settings.rate != made_.rate || settings.burst != made_.burst) {
    SetError(error, StatusCode::kUnsupported,
             "rate and burst cannot change in a bucket that warms up");
    return false;
  }
  if (inheritance == Inheritance::kReset) warm_up_->CoolDown();
  bucket_.counts().set_dry_run(settings.dry_run);
  return true;
}

}  // namespace spillway
