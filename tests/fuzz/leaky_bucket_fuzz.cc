// The leaky bucket behind the C interface: every answer is that of exact arithmetic, calls that no
// caller should make answer as documented and change nothing, and one of any options is good for
// calls at any time and for reservations that it never gave.
//
// Faults that can be planted (target.h): here `lost_refusal`, in c_limiter.h `retry_after` and in
// c_policy.h `overrun`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "generated/leaky_bucket.h"
#include "spillway/base/error.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/leaky_bucket.h"
#include "tests/fuzz/any_options.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/c_limiter.h"
#include "tests/fuzz/c_policy.h"
#include "tests/support/bucket_duel.h"
#include "tests/support/random_buckets.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 200;

using CReservation = spillway_reservation;

struct LeakyBucketNoun {
  using Object = LeakyBucket;
  using Settings = LeakyBucketSettings;
  using Handle = spillway_leaky_bucket;
  using Options = spillway_leaky_bucket_options;
  using Snapshot = spillway_leaky_bucket_snapshot;
  static constexpr std::span<const size_t> kEnds = kLeakyBucketOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kLeakyBucketSnapshotEnds;
  static constexpr auto New = spillway_leaky_bucket_new;
  static constexpr auto kRef = spillway_leaky_bucket_ref;
  static constexpr auto kUnref = spillway_leaky_bucket_unref;
  static constexpr auto kInit = spillway_leaky_bucket_options_init;
  static constexpr auto kTellOptions = spillway_leaky_bucket_options_get;
  static constexpr auto kSnapshotAt = spillway_leaky_bucket_snapshot_at;
  static constexpr auto kName = spillway_leaky_bucket_name;
  static constexpr auto kRejectionName = spillway_leaky_bucket_rejection_name;

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

  CPolicy<LeakyBucketNoun>& policy() { return policy_; }

  Told Ask(Nanos at, int64_t n) {
    const Told told = AskLimiter([&](spillway_limit_status* out) {
      return spillway_leaky_bucket_try_acquire_at(policy_.handle(), n, at, out);
    });
    if (n != 0) Count(told.decision);
    return told;
  }

  LimiterDecision TryAcquire(Nanos at, int64_t n) {
    if (Planted("lost_refusal") && n > 3) {
      Count(1);
      return {.reason = SPILLWAY_LEAKY_BUCKET_REJECTION_EXCEEDS_CAPACITY};
    }
    told_ = Ask(at, n);
    return {.reason = told_.decision};
  }
  // Of the call before.
  LimitStatus Describe(const LimiterDecision&, Nanos, int64_t) const { return told_.status; }

  LimiterReservation Reserve(Nanos at, int64_t n, Nanos max_wait) {
    Guarded memory(sizeof(CReservation));
    auto* const reservation = memory.get<CReservation>();
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
    const CReservation before{.act_at_ns = one.act_at,
                              .worthless_at_ns = one.worthless_at,
                              .n = one.n,
                              .opaque = {one.decision.change, one.decision.detail}};
    GuardedStruct<CReservation> memory(before);
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

class Fuzz {
 public:
  explicit Fuzz(ByteReader& input)
      : input_(input),
        settings_(LeakyBucketNoun::Random(input)),
        real_(settings_),
        duel_(real_, settings_, input) {}

  void Run() {
    for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
      if (input_.OneIn(10)) {
        DoWhatNobodyShould();
      } else {
        Require(duel_.TakeStep(), "exact arithmetic answers otherwise");
      }
      Require(duel_.Agree(), "exact arithmetic holds another level");
    }
  }

  std::string Story() const { return duel_.Story(); }

 private:
  // Agree finds what it changed.
  void DoWhatNobodyShould() {
    switch (input_.Below(4)) {
      case 0:
        return PassNull();
      case 1:
        return MakeAnyhow<LeakyBucketNoun>(
            input_, [this](const auto& policy, const LeakyBucketSettings& settings) {
              Use(policy.handle(), settings);
            });
      case 2:
        return ChangeWrongly();
      default:
        return MisuseAny(input_, real_.policy(), 0);
    }
  }

  void PassNull() {
    auto* const bucket = real_.policy().handle();
    Guarded memory(sizeof(CReservation));
    auto* const reservation = memory.get<CReservation>();
    const auto is_misuse = [](auto ask) { MustBeMisuse(AskLimiter(ask).decision); };
    is_misuse(
        [&](auto* out) { return spillway_leaky_bucket_reserve_at(bucket, 1, 0, 0, nullptr, out); });
    is_misuse([&](auto* out) {
      return spillway_leaky_bucket_reserve_at(nullptr, 1, 0, 0, reservation, out);
    });
    Require(memory.IsFilled(0, std::byte{0}), "a reservation of nothing");
    is_misuse([&](auto* out) { return spillway_leaky_bucket_try_acquire_at(nullptr, 1, 0, out); });
    MustBeMisuse(spillway_leaky_bucket_refund_at(nullptr, 1, 0));
    MustBeMisuse(spillway_leaky_bucket_cancel_at(nullptr, reservation, 0));
    MustBeMisuse(spillway_leaky_bucket_cancel_at(bucket, nullptr, 0));
    memory.Check();
  }

  // With options that are refused, or an inheritance that there is not.
  void ChangeWrongly() {
    const AnyOptions<LeakyBucketNoun> options(input_, settings_);
    AnyError error(input_);
    spillway_status expected = options.status();
    if (expected == SPILLWAY_OK) expected = SPILLWAY_E_INVALID_ARGUMENT;
    if (!error.usable()) expected = SPILLWAY_E_MISUSE;
    const auto any = input_.Take<int32_t>();
    const spillway_status status = spillway_leaky_bucket_reconfigure_at(
        real_.policy().handle(), options.get(), any >= 0 && any < 4 ? -1 : any, 0, error.get());
    Require(status == expected, "reconfigure answers otherwise");
    error.Check(status);
  }

  // At any times, with reservations that it never gave.
  void Use(spillway_leaky_bucket* bucket, const LeakyBucketSettings& settings) {
    spillway_leaky_bucket_ref(bucket);
    CLeakyBucket another(bucket, settings);
    for (int i = 0; i < 8; ++i) {
      const Nanos at = AnyTime(input_, 0);
      const int64_t n = AnyCount(input_, settings.capacity);
      LimiterReservation one = another.Reserve(at, n, input_.Take<Nanos>());
      if (input_.OneIn(2)) one.worthless_at = input_.Take<Nanos>();
      if (input_.OneIn(2)) one.act_at = AnyTime(input_, at);
      if (input_.OneIn(4)) one.n = AnyCount(input_, settings.capacity);
      if (input_.OneIn(2)) another.Cancel(one, AnyTime(input_, at));
      if (input_.OneIn(4)) another.Refund(AnyTime(input_, at), AnyCount(input_, 1));
      const Told told = another.Ask(at, n);
      if (n > 0)
        RequireLoneRetry(told, at, [&](Nanos then) { return another.Ask(then, n).decision; });
      another.Snapshot(at);
    }
  }

  ByteReader& input_;
  LeakyBucketSettings settings_;
  CLeakyBucket real_;
  testing::BucketDuel<CLeakyBucket, ByteReader> duel_;
};

}  // namespace

void RunInput(ByteReader& input) { RunAndTell<Fuzz>(input); }

}  // namespace spillway::fuzz
