// The calls are those of the bucket; here it is made, changed and told of.
#include "spillway/limiter/leaky_bucket.h"

#include <algorithm>
#include <new>

#include "spillway/base/option.h"
#include "spillway/base/policy_memory.h"

namespace spillway {
namespace {

// What the bucket says is what is meant here.
static_assert(static_cast<int32_t>(LeakyBucketRejection::kFull) ==
              static_cast<int32_t>(Bucket::Refusal::kExhausted));
static_assert(static_cast<int32_t>(LeakyBucketRejection::kExceedsCapacity) ==
              static_cast<int32_t>(Bucket::Refusal::kExceedsLimit));
static_assert(static_cast<int32_t>(LeakyBucketRejection::kExceedsWait) ==
              static_cast<int32_t>(Bucket::Refusal::kExceedsWait));

}  // namespace

std::unique_ptr<LeakyBucket> LeakyBucket::Make(std::string_view name, const Settings& settings,
                                               Error* error, void* memory, bool shared) noexcept {
  if (!CheckName(name, error) || !CheckOptions(kLeakyBucketOptions, &settings, error))
    return nullptr;
  PolicyMemory owned;
  memory = MemoryFor(memory, MemoryBytes(), &owned, error);
  if (memory == nullptr) return nullptr;
  try {
    std::unique_ptr<LeakyBucket> bucket(new LeakyBucket(name, settings, memory, shared));
    bucket->owned_memory_ = std::move(owned);
    return bucket;
  } catch (const std::bad_alloc&) {
    SetError(error, StatusCode::kNoMemory, "no memory for a leaky bucket");
    return nullptr;
  }
}

LeakyBucket::LeakyBucket(std::string_view name, const Settings& settings, void* memory, bool shared)
    : bucket_(static_cast<BucketMemory*>(memory), {settings.rate, settings.free, settings.capacity},
              settings.free, settings.counted, settings.dry_run, shared),
      name_(name) {}

LeakyBucket::~LeakyBucket() = default;

LeakyBucketSettings LeakyBucket::settings() const noexcept {
  const Bucket::Size size = bucket_.size();
  return {.rate = size.rate,
          .capacity = size.room,
          .free = size.burst,
          .dry_run = bucket_.counts().dry_run(),
          .counted = bucket_.counts().counted()};
}

bool LeakyBucket::Reconfigure(const Settings& settings, Inheritance inheritance, Nanos now,
                              Error* error) noexcept {
  const Settings before = this->settings();
  return CheckOptions(kLeakyBucketOptions, &settings, error) &&
         CheckFixed(kLeakyBucketOptions, &before, &settings, error) &&
         bucket_.Change({settings.rate, settings.free, settings.capacity}, settings.dry_run,
                        inheritance, now, error);
}

LeakyBucketSnapshot LeakyBucket::Snapshot(Nanos now) const noexcept {
  now = std::max<Nanos>(now, 0);
  const Bucket::View view = bucket_.Look(now);
  const TokenClock& clock = view.scale.clock;
  const BucketMemory& memory = bucket_.memory();
  return {.level = static_cast<int64_t>(clock.Tokens(view.ahead + clock.token() - 1)),
          .capacity = view.scale.size.room,
          .time_to_empty_ns = clock.Until(now, view.ahead),
          .total_admitted = memory.admitted.Sum(),
          .total_refused = memory.refused.Sum(),
          .total_dry_run = memory.dry_run.load(std::memory_order_relaxed)};
}

}  // namespace spillway
