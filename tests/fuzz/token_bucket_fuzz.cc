// The token bucket behind the C interface: every answer is that of the reference, at any time, and
// calls that no caller should make answer as documented and change nothing.
//
// Faults that can be planted (target.h): here `retry_after`, `second_cancel` and `lost_refusal`, in
// c_policy.h `overrun`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "tests/fuzz/any_options.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/c_policy.h"
#include "tests/fuzz/c_token_bucket.h"
#include "tests/fuzz/guarded.h"
#include "tests/fuzz/sized_struct.h"
#include "tests/fuzz/token_bucket_reference.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 400;
constexpr size_t kMostHeld = 8;
class Fuzz {
 public:
  explicit Fuzz(ByteReader& input)
      : input_(input),
        settings_(TokenBucketNoun::Random(input)),
        model_(settings_, TokenOf(settings_)),
        real_(settings_) {}

  void Run() {
    for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
      TakeStep();
      CompareLooks();
    }
  }

  std::string Story() const { return story_; }

 private:
  static Nanos TokenOf(const TokenBucketSettings& settings) {
    return static_cast<Nanos>(1e9 / settings.rate + 0.5);
  }

  void TakeStep() {
    switch (input_.Below(14)) {
      case 0:
      case 1:
        now_ = SaturatingAdd(now_, model_.token() * input_.Below(4));
        return Note("wait", now_);
      case 2:
        now_ = SaturatingAdd(now_, input_.Below<Nanos>(1 << 16));
        return Note("wait", now_);
      case 3:
        if (input_.OneIn(4)) now_ = AnyTime(input_, now_);
        return Note("clock", now_);
      case 4:
        return AcquireUpTo();
      case 5:
        return ForceAcquire();
      case 6:
        return Refund();
      case 7:
        return Reserve();
      case 8:
        return Cancel();
      case 9:
        return Change();
      case 10:
        return DoWhatNobodyShould();
      default:
        return TryAcquire();
    }
  }

  void Note(const char* what, int64_t number) {
    story_ += std::string(what) + " " + std::to_string(number) + "\n";
  }

  int64_t AnyCount() {
    switch (input_.Below(4)) {
      case 0:
        return input_.Of<int64_t>({0, model_.settings().burst, model_.settings().burst + 1, -1,
                                   kForever, kForever / 4 + 2,
                                   std::numeric_limits<int64_t>::min()});
      case 1:
        return input_.OneIn(4) ? input_.Take<int64_t>() : input_.Below(model_.settings().burst) + 1;
      default:
        return 1 + input_.Below(3);
    }
  }

  // ---- rightful calls, some with counts that are none

  static void RequireTold(const spillway_limit_status& told, const LimitStatus& expected) {
    Require(told.remaining == expected.remaining, "another remaining");
    Require(told.limit == expected.limit, "another limit");
    Require(told.reset_after_ns == expected.reset_after, "another reset_after");
    Require(told.retry_after_ns == expected.retry_after, "another retry_after");
    Require(told.next_after_ns == expected.next_after, "another next_after");
  }

  // Requires what a call has told, or that it has told nothing.
  void RequireTold(Guarded& out, const LimiterDecision& decision, int64_t n, Nanos max_wait) {
    out.Check();
    auto told = *out.get<spillway_limit_status>();
    if (decision.reason < 0) return Require(out.IsFilled(0, std::byte{0}), "out is not emptied");
    if (Planted("retry_after") && decision.reason > 0 && told.retry_after_ns != kForever)
      ++told.retry_after_ns;
    RequireTold(told, model_.Describe(decision, now_, n, max_wait));
  }

  void TryAcquire() {
    const int64_t n = AnyCount();
    Note("take", n);
    Guarded out(sizeof(spillway_limit_status));
    const bool silent = input_.OneIn(4);
    auto* const status = silent ? nullptr : out.get<spillway_limit_status>();
    const LimiterDecision expected = model_.TryAcquire(now_, n);
    // What is left out was not refused.
    if (Planted("lost_refusal") && expected.reason > 0 && silent) return;
    Require(
        spillway_token_bucket_try_acquire_at(real_.handle(), n, now_, status) == expected.reason,
        "another decision");
    if (!silent) RequireTold(out, expected, n, 0);
  }

  void AcquireUpTo() {
    const int64_t n = AnyCount();
    Note("take up to", n);
    Require(spillway_token_bucket_acquire_up_to_at(real_.handle(), n, now_) ==
                (n < 0 ? int64_t{SPILLWAY_E_MISUSE} : model_.AcquireUpTo(now_, n)),
            "another number of tokens");
  }

  void ForceAcquire() {
    const int64_t n = AnyCount();
    Note("force", n);
    Require(spillway_token_bucket_force_acquire_at(real_.handle(), n, now_) ==
                model_.ForceAcquire(now_, n).reason,
            "another decision");
  }

  void Refund() {
    const int64_t n = AnyCount();
    Note("refund", n);
    if (n >= 0) model_.Refund(now_, n);
    Require(spillway_token_bucket_refund_at(real_.handle(), n, now_) ==
                (n < 0 ? SPILLWAY_E_MISUSE : SPILLWAY_OK),
            "another status");
  }

  void Reserve() {
    const int64_t n = AnyCount();
    const Nanos max_wait = input_.OneIn(2)   ? kForever
                           : input_.OneIn(4) ? input_.Take<Nanos>()
                                             : model_.token() * input_.Below(5) - input_.Below(2);
    Note("reserve", n);
    Note("  within", max_wait);
    Guarded out(sizeof(spillway_limit_status));
    Guarded memory(sizeof(CReservation));
    const LimiterReservation expected = model_.Reserve(now_, n, max_wait);
    Require(spillway_token_bucket_reserve_at(
                real_.handle(), n, max_wait, now_, memory.get<CReservation>(),
                out.get<spillway_limit_status>()) == expected.decision.reason,
            "another decision");
    RequireTold(out, expected.decision, n, max_wait);
    memory.Check();
    if (!expected) return Require(memory.IsFilled(0, std::byte{0}), "a reservation of nothing");
    const CReservation told = *memory.get<CReservation>();
    Require(told.act_at_ns == expected.act_at, "another act_at");
    Require(told.worthless_at_ns == expected.worthless_at, "another worthless_at");
    Require(told.n == expected.n && told.opaque[0] == expected.decision.change,
            "another reservation");
    if (held_.size() == kMostHeld) held_.erase(held_.begin());
    held_.push_back(told);
  }

  // One that is held, was cancelled or is forged: the bucket knows only what is in it.
  void Cancel() {
    if (held_.empty()) return;
    CReservation& one = held_[input_.Below(held_.size())];
    if (input_.OneIn(4)) {
      reinterpret_cast<uint8_t*>(&one)[input_.Below(sizeof one)] ^= input_.Take<uint8_t>();
    }
    Note("cancel of", one.n);
    Note("  worthless at", one.worthless_at_ns);
    GuardedStruct<CReservation> memory(one);
    const bool misuse = one.n < 0;
    const spillway_status status =
        spillway_token_bucket_cancel_at(real_.handle(), memory.get(), now_);
    memory.Check();
    Require(status == (misuse ? SPILLWAY_E_MISUSE : SPILLWAY_OK), "another status");
    if (misuse) {
      return Require(std::memcmp(memory.get(), &one, sizeof one) == 0, "a misused one is changed");
    }
    Require(memory.IsFilled(0, std::byte{0}), "a cancelled reservation is not empty");
    model_.Cancel({.act_at = one.act_at_ns,
                   .worthless_at = one.worthless_at_ns,
                   .n = one.n,
                   .decision = {.change = static_cast<uint32_t>(one.opaque[0])}},
                  now_);
    if (Planted("second_cancel")) spillway_token_bucket_cancel_at(real_.handle(), &one, now_);
    one = {};
  }

  // To options that the reference can follow.
  void Change() {
    const Nanos token = input_.OneIn(2) ? model_.token() : AnyToken(input_);
    TokenBucketSettings wanted = model_.settings();
    wanted.rate = 1e9 / static_cast<double>(token);
    wanted.burst = AnyBurst(input_, token);
    wanted.dry_run = input_.OneIn(8);
    const auto inheritance = static_cast<Inheritance>(input_.Below(4));
    Note("change to tokens of", token);
    Note("  burst", wanted.burst);
    Note("  inheritance", static_cast<int64_t>(inheritance));
    COptions options = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
    ToC(wanted, &options);
    Require(spillway_token_bucket_reconfigure_at(real_.handle(), &options,
                                                 static_cast<int32_t>(inheritance), now_,
                                                 nullptr) == SPILLWAY_OK,
            "a good change is refused");
    model_.Reconfigure(wanted, token, inheritance, now_);
  }

  void CompareLooks() const {
    CSnapshot expected = {};
    ToC(model_.Snapshot(now_), &expected);
    const CSnapshot told = real_.Snapshot(now_);
    Require(SameFields(&told, &expected, kTokenBucketSnapshotEnds, kSnapshotEnd),
            "another snapshot");
    COptions options = {};
    ToC(model_.settings(), &options);
    const COptions kept = real_.Options();
    Require(SameFields(&kept, &options, kTokenBucketOptionsEnds, kOptionsEnd), "other options");
  }

  // ---- what nobody should do; CompareLooks finds what it changed

  void DoWhatNobodyShould() {
    switch (input_.Below(5)) {
      case 0:
        return PassNull();
      case 1:
        return TellInAnySize(input_, real_, now_);
      case 2:
        return MakeAnother();
      case 3:
        return ChangeWrongly();
      default:
        return CountReferences(input_, real_);
    }
  }

  void PassNull() {
    Guarded out(sizeof(spillway_limit_status));
    Guarded memory(sizeof(CReservation));
    auto* const status = out.get<spillway_limit_status>();
    auto* const reservation = memory.get<CReservation>();
    MustBeMisuse(spillway_token_bucket_reserve_at(real_.handle(), 1, 0, now_, nullptr, status));
    MustBeMisuse(spillway_token_bucket_reserve_at(nullptr, 1, 0, now_, reservation, nullptr));
    Require(out.IsFilled(0, std::byte{0}) && memory.IsFilled(0, std::byte{0}), "not emptied");
    MustBeMisuse(spillway_token_bucket_try_acquire_at(nullptr, 1, now_, status));
    MustBeMisuse(static_cast<int32_t>(spillway_token_bucket_acquire_up_to_at(nullptr, 1, now_)));
    MustBeMisuse(spillway_token_bucket_force_acquire_at(nullptr, 1, now_));
    MustBeMisuse(spillway_token_bucket_refund_at(nullptr, 1, now_));
    MustBeMisuse(spillway_token_bucket_cancel_at(nullptr, reservation, now_));
    MustBeMisuse(spillway_token_bucket_cancel_at(real_.handle(), nullptr, now_));
    out.Check();
    memory.Check();
  }

  void MakeAnother() {
    const AnyOptions<TokenBucketNoun> options(input_, {});
    AnyError error(input_);
    GuardedStruct<spillway_token_bucket*> out(real_.handle());
    const spillway_status status =
        spillway_token_bucket_new(out.get(), "x", 1, options.get(), error.get());
    out.Check();
    const spillway_status expected = error.usable() ? options.status() : SPILLWAY_E_MISUSE;
    Require(status == expected, "new answers otherwise");
    error.Check(expected);
    if (expected != SPILLWAY_OK) return Require(*out == nullptr, "a failed new leaves no NULL");
    // A bucket of any options is good for calls at any time.
    const CTokenBucket another(*out);
    for (int i = 0; i < 8; ++i) {
      const Nanos now = AnyTime(input_, now_);
      const int64_t taken = spillway_token_bucket_acquire_up_to_at(*out, kForever, now);
      const bool dry_run = options.settings().dry_run;
      Require(taken >= 0 && (dry_run || taken <= options.settings().burst), "more than a burst");
      Require(another.Snapshot(now).tokens <= options.settings().burst, "more than a full bucket");
      spillway_token_bucket_force_acquire_at(*out, AnyCount(), now);
    }
  }

  // With options that are refused, or an inheritance that there is not.
  void ChangeWrongly() {
    const AnyOptions<TokenBucketNoun> options(input_, model_.settings());
    AnyError error(input_);
    spillway_status expected = options.status();
    if (expected == SPILLWAY_OK) expected = SPILLWAY_E_INVALID_ARGUMENT;
    if (!error.usable()) expected = SPILLWAY_E_MISUSE;
    const auto any = input_.Take<int32_t>();
    const int32_t inheritance = any >= 0 && any < 4 ? -1 : any;
    const spillway_status status = spillway_token_bucket_reconfigure_at(
        real_.handle(), options.get(), inheritance, now_, error.get());
    Require(status == expected, "reconfigure answers otherwise");
    error.Check(status);
  }

  ByteReader& input_;
  TokenBucketSettings settings_;
  ReferenceTokenBucket model_;
  CTokenBucket real_;
  Nanos now_ = 0;
  std::vector<CReservation> held_;
  std::string story_;
};

}  // namespace

void RunInput(ByteReader& input) { RunAndTell<Fuzz>(input); }

}  // namespace spillway::fuzz
