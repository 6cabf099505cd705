// The leaky bucket behind the C interface: every answer is that of exact arithmetic, calls that no
// caller should make answer as documented and change nothing, and one of any options is good for
// calls at any time and for reservations that it never gave.
//
// Faults that can be planted (target.h): in c_leaky_bucket.h `lost_refusal`, in c_limiter.h
// `retry_after` and in c_policy.h `overrun`.
#include <cstddef>
#include <cstdint>
#include <string>

#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/leaky_bucket.h"
#include "tests/fuzz/any_options.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/c_leaky_bucket.h"
#include "tests/fuzz/c_limiter.h"
#include "tests/fuzz/c_policy.h"
#include "tests/support/bucket_duel.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 200;

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
    auto* const bucket = real_.handle();
    Guarded memory(sizeof(spillway_reservation));
    auto* const reservation = memory.get<spillway_reservation>();
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
        real_.handle(), options.get(), any >= 0 && any < 4 ? -1 : any, 0, error.get());
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
