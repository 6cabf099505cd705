// Leaky buckets of the C interface.
#ifndef SPILLWAY_TESTS_FUZZ_C_LEAKY_BUCKET_H_
#define SPILLWAY_TESTS_FUZZ_C_LEAKY_BUCKET_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "generated/leaky_bucket.h"
#include "spillway/base/error.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/leaky_bucket.h"
#include "tests/fuzz/c_limiter.h"
#include "tests/fuzz/c_policy.h"
#include "tests/support/random_buckets.h"

namespace spillway::fuzz {

struct LeakyBucketNoun {
  SPILLWAY_FUZZ_NOUN(leaky_bucket, LeakyBucket)
  static constexpr auto New = spillway_leaky_bucket_new;

  static Settings Random(ByteReader& input) {
    Settings settings;
    settings.rate = testing::RandomRate(input);
    settings.capacity = testing::RandomBurst(input);
    if (input.OneIn(2)) settings.free = testing::RandomBurst(input);
    settings.counted = !input.OneIn(8);
    return settings;
  }
  static bool IsGood(const Settings& settings) { return IsMade<LeakyBucketNoun>(settings); }
};

// Answers as spillway::LeakyBucket does, and counts what it must have counted.
class CLeakyBucket {
 public:
  using Settings = LeakyBucketSettings;

  explicit CLeakyBucket(const Settings& settings) : policy_(settings), counted_(settings.counted) {}
  // Takes over a reference to one that was made of such settings.
  CLeakyBucket(spillway_leaky_bucket* handle, const Settings& settings)
      : policy_(handle), counted_(settings.counted) {}

  const CPolicy<LeakyBucketNoun>& policy() const { return policy_; }
  spillway_leaky_bucket* handle() const { return policy_.handle(); }

  Told Ask(Nanos at, int64_t n) {
    const Told told = AskLimiter([&](spillway_limit_status* out) {
      return spillway_leaky_bucket_try_acquire_at(policy_.handle(), n, at, out);
    });
    if (n != 0) Count(told.decision);
    return told;
  }

  LimiterDecision TryAcquire(Nanos at, int64_t n) {
    if (Planted("lost_refusal") && n > 1'000'000'000) {
      Count(1);
      return {.reason = SPILLWAY_LEAKY_BUCKET_REJECTION_EXCEEDS_CAPACITY};
    }
    told_ = Ask(at, n);
    return {.reason = told_.decision};
  }
  // Of the call before.
  LimitStatus Describe(const LimiterDecision&, Nanos, int64_t) const { return told_.status; }

  LimiterReservation Reserve(Nanos at, int64_t n, Nanos max_wait) {
    Guarded memory(sizeof(spillway_reservation));
    auto* const reservation = memory.get<spillway_reservation>();
    const Told told = AskLimiter([&](spillway_limit_status* out) {
      return spillway_leaky_bucket_reserve_at(policy_.handle(), n, max_wait, at, reservation, out);
    });
    memory.Check();
    Count(told.decision);  // of nothing too
    if (told.decision != 0) {
      Require(memory.IsFilled(0, std::byte{0}), "a reservation of nothing");
      const Nanos start = std::max<Nanos>(at, 0);
      return {.act_at = start, .worthless_at = start, .decision = {.reason = told.decision}};
    }
    return {.act_at = reservation->act_at_ns,
            .worthless_at = reservation->worthless_at_ns,
            .n = reservation->n,
            .decision = {.detail = reservation->opaque[1],
                         .change = static_cast<uint32_t>(reservation->opaque[0])}};
  }

  void Cancel(const LimiterReservation& one, Nanos at) {
    const spillway_reservation before{.act_at_ns = one.act_at,
                                      .worthless_at_ns = one.worthless_at,
                                      .n = one.n,
                                      .opaque = {one.decision.change, one.decision.detail}};
    GuardedStruct<spillway_reservation> memory(before);
    const spillway_status status =
        spillway_leaky_bucket_cancel_at(policy_.handle(), memory.get(), at);
    memory.Check();
    Require(status == (one.n < 0 ? SPILLWAY_E_MISUSE : SPILLWAY_OK), "another status of a cancel");
    if (one.n < 0) {
      return Require(std::memcmp(memory.get(), &before, sizeof before) == 0, "misuse changes it");
    }
    Require(memory.IsFilled(0, std::byte{0}), "a cancelled reservation is not empty");
  }

  void Refund(Nanos at, int64_t n) {
    Require(spillway_leaky_bucket_refund_at(policy_.handle(), n, at) ==
                (n < 0 ? SPILLWAY_E_MISUSE : SPILLWAY_OK),
            "another status of a refund");
  }

  bool Reconfigure(const Settings& settings, Inheritance inheritance, Nanos at, Error*) {
    const auto options = CPolicy<LeakyBucketNoun>::CFrom(settings);
    if (spillway_leaky_bucket_reconfigure_at(policy_.handle(), &options,
                                             static_cast<int32_t>(inheritance), at,
                                             nullptr) != SPILLWAY_OK)
      return false;
    policy_.RequireOptions(settings);
    return true;
  }

  LeakyBucketSnapshot Snapshot(Nanos at) const {
    const auto told = policy_.Snapshot(at);
    Require(told.level >= 0 && told.time_to_empty_ns >= 0, "less than nothing");
    if (at != kForever) {
      Require((told.level == 0) == (told.time_to_empty_ns == 0), "empty, and not");
    }
    Require(told.total_admitted + told.total_dry_run == (counted_ ? admitted_ : 0),
            "another total_admitted");
    Require(told.total_refused == (counted_ ? refused_ : 0), "another total_refused");
    return {
        .level = told.level, .capacity = told.capacity, .time_to_empty_ns = told.time_to_empty_ns};
  }

 private:
  void Count(spillway_decision decision) {
    admitted_ += decision == 0;
    refused_ += decision > 0;
  }

  CPolicy<LeakyBucketNoun> policy_;
  bool counted_;
  Told told_ = {};
  uint64_t admitted_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_C_LEAKY_BUCKET_H_
