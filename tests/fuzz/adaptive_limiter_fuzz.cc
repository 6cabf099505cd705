// The adaptive limiter behind the C interface: every answer is that of plain variables, to forged
// and repeated permits too, and calls that no caller should make answer as documented and change
// nothing.
//
// Faults that can be planted (target.h): here `lost_settle`, and in c_policy.h `overrun`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "generated/adaptive_limiter.h"
#include "spillway/base/outcome.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/concurrency/adaptive_limiter.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/c_permit.h"
#include "tests/fuzz/c_policy.h"
#include "tests/support/plain_adaptive_limiter.h"
#include "tests/support/policies.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 200;

struct AdaptiveLimiterNoun {
  SPILLWAY_FUZZ_NOUN(adaptive_limiter, AdaptiveLimiter)
  static constexpr auto New = spillway_adaptive_limiter_new;

  static Settings Random(ByteReader& input) {
    Settings settings;
    settings.algorithm = static_cast<LimitAlgorithm>(input.Below(3));
    testing::Tune(input, &settings);
    settings.initial_limit = settings.min_limit + input.Below(15);
    return settings;
  }
  static bool IsGood(const Settings& settings) { return IsMade<AdaptiveLimiterNoun>(settings); }
};

using Policy = CPolicy<AdaptiveLimiterNoun>;

spillway_decision Ask(const Policy& policy, Nanos at, spillway_permit* permit) {
  return AskForPermit(
      [&](spillway_acquire_result* out) {
        return spillway_adaptive_limiter_try_acquire_at(policy.handle(), at, out);
      },
      permit);
}

spillway_settlement SettleAt(const Policy& policy, spillway_permit* permit, int32_t outcome,
                             Nanos at) {
  return SettlePermit(
      [&](spillway_permit* held) {
        return spillway_adaptive_limiter_settle_at(policy.handle(), held, outcome, at);
      },
      permit);
}

class Fuzz {
 public:
  explicit Fuzz(ByteReader& input)
      : input_(input),
        twin_(testing::MakePolicy<AdaptiveLimiter>(AdaptiveLimiterNoun::Random(input))),
        model_(twin_->settings()),
        real_(twin_->settings()),
        story_(testing::Describe(twin_->settings()) + "\n") {
    // Who is the owner is known once it has given a permit.
    Ask();
  }

  void Run() {
    for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
      TakeStep();
      CompareLooks();
    }
  }

  std::string Story() const { return story_; }

 private:
  // The plain variables add to times.
  static constexpr Nanos kLast = kForever / 2;

  void Note(const char* what, int64_t number) {
    story_ += std::string(what) + " " + std::to_string(number) + "\n";
  }

  void TakeStep() {
    switch (input_.Below(20)) {
      case 0:
        return MisuseAny(input_, real_, AnyTime(input_, now_));
      case 1:
        Note("reconfigure", now_);
        ReconfigureAnyhow(input_, real_, *twin_);
        return model_.Change(twin_->settings());
      case 2:
        return MakeAnyhow<AdaptiveLimiterNoun>(
            input_, [this](const Policy& policy, const AdaptiveLimiterSettings& settings) {
              Use(policy, settings);
            });
      case 3:
        return PassNull();
      case 4:
        now_ = std::min(AnyTime(input_, now_), kLast);
        return Note("clock", now_);
      case 5:
      case 6:
        return Wait(AnyLength());
      case 7:
      case 8:
      case 9:
      case 10:
        return Work();
      case 11:
      case 12:
        return SettleWrongly();
      case 13:
      case 14:
      case 15:
        if (!held_.empty()) {
          Settle(held_.TakeAny(input_), AnyOutcome(), now_);
        }
        return;
      default:
        Ask();
        return;
    }
  }

  int32_t AnyOutcome() { return input_.Of({0, 0, 0, 0, 1, 2}); }
  Nanos AnyLength() { return input_.Below<Nanos>(Nanos{1} << input_.Below(33)); }

  void Wait(Nanos length) {
    now_ = std::min(SaturatingAdd(now_, length), kLast);
    Note("wait", now_);
  }

  spillway_permit Ask() {
    Note("ask", now_);
    spillway_permit permit;
    const spillway_decision decision = fuzz::Ask(real_, now_, &permit);
    const bool admits = model_.Ask(now_);
    Require(decision == (admits ? 0 : int32_t{SPILLWAY_ADAPTIVE_LIMITER_REJECTION_LIMITED}),
            "another decision");
    Require(admits || permit.opaque[0] == 0, "a permit without admission");
    refused_ += !admits;
    if (!admits) return permit;
    // With this one.
    ++(model_.in_flight() > model_.admitted() ? dry_run_ : admitted_);
    if (owner_ == 0) owner_ = permit.opaque[0];
    Require(permit.opaque[0] == owner_, "another owner");
    Require(permit.opaque[1] == static_cast<uint64_t>(now_), "it begins at another time");
    held_.Add(permit);
    return permit;
  }

  void Settle(spillway_permit permit, int32_t outcome, Nanos at) {
    Note("settle", outcome);
    Note("  at", at);
    const bool known = outcome >= 0 && outcome <= 2;
    const bool good = permit.opaque[0] == owner_ && known && model_.in_flight() != 0;
    const auto start = static_cast<Nanos>(permit.opaque[1]);
    const bool lost = Planted("lost_settle") && good && outcome == SPILLWAY_OUTCOME_IGNORED;
    const spillway_settlement settlement =
        lost ? SPILLWAY_SETTLEMENT_COUNTED : SettleAt(real_, &permit, outcome, at);
    Require(
        settlement == (good ? int32_t{SPILLWAY_SETTLEMENT_COUNTED} : int32_t{SPILLWAY_E_MISUSE}),
        "another settlement");
    misused_ += !good;
    if (!good) return;
    ++settled_[outcome];
    model_.Settle(start, static_cast<Outcome>(outcome), at);
  }

  // Calls that take about as long, so that windows are judged.
  void Work() {
    const Nanos length = AnyLength();
    const int32_t outcome = AnyOutcome();
    for (int calls = input_.Below(24); calls > 0; --calls) {
      const spillway_permit permit = Ask();
      Wait(length);
      if (permit.opaque[0] != 0) Settle(permit, outcome, now_);
    }
  }

  // One that is foreign or forged, or an outcome that is none, at any time.
  void SettleWrongly() {
    if (held_.empty() || input_.OneIn(4))
      return Settle(AnyForeignPermit(input_), AnyOutcome(), now_);
    spillway_permit permit = held_.TakeAny(input_);
    if (input_.OneIn(4)) return Settle(permit, AnyOther(input_), now_);
    permit.opaque[1] = static_cast<uint64_t>(std::min(AnyTime(input_, now_), kLast));
    permit.opaque[2] = input_.Take<uint64_t>();
    Settle(permit, AnyOutcome(), std::min(AnyTime(input_, now_), kLast));
  }

  void PassNull() {
    auto* const limiter = real_.handle();
    spillway_permit permit;
    MustBeMisuse(AskForPermit(
        [](auto* out) { return spillway_adaptive_limiter_try_acquire_at(nullptr, 0, out); },
        &permit));
    MustBeMisuse(spillway_adaptive_limiter_try_acquire_at(limiter, now_, nullptr));
    MustBeMisuse(spillway_adaptive_limiter_settle_at(limiter, nullptr, 0, now_));
    MustBeMisuse(spillway_adaptive_limiter_settle_at(nullptr, &permit, 0, now_));
  }

  // One of any options, at any time: never more in flight than the limit, which stays in its
  // bounds.
  void Use(const Policy& policy, const AdaptiveLimiterSettings& settings) {
    for (int i = 0; i < 16; ++i) {
      spillway_permit permit;
      const Nanos at = AnyTime(input_, now_);
      const bool admitted = fuzz::Ask(policy, at, &permit) == 0;
      if (admitted && input_.OneIn(2)) {
        const int32_t outcome = AnyOutcome();
        Require(
            SettleAt(policy, &permit, outcome, AnyTime(input_, at)) == SPILLWAY_SETTLEMENT_COUNTED,
            "a good permit is refused");
      }
      const auto told = policy.Snapshot(at);
      Require(told.limit >= 1 && told.limit <= settings.max_limit, "a limit out of its bounds");
      Require(settings.dry_run || told.in_flight <= settings.max_limit, "more than the limit");
      Require(told.baseline_ns >= 0 && told.call_time_ns >= 0, "a time below zero");
    }
  }

  void CompareLooks() const {
    const auto told = real_.Snapshot(now_);
    Require(told.limit == model_.admitted(), "another limit");
    Require(told.in_flight == model_.in_flight(), "another in_flight");
    Require(told.baseline_ns == model_.baseline(), "another baseline");
    Require(told.call_time_ns == model_.call_time(), "another call_time");
    Require(told.total_windows == model_.windows(), "another total_windows");
    Require(told.total_admitted == admitted_, "another total_admitted");
    Require(told.total_dry_run == dry_run_, "another total_dry_run");
    Require(told.total_refused == refused_, "another total_refused");
    Require(told.total_succeeded == settled_[SPILLWAY_OUTCOME_SUCCESS] &&
                told.total_failed == settled_[SPILLWAY_OUTCOME_FAILURE] &&
                told.total_ignored == settled_[SPILLWAY_OUTCOME_IGNORED] &&
                told.total_misused == misused_,
            "a settlement is not counted once, where it belongs");
  }

  ByteReader& input_;
  std::unique_ptr<AdaptiveLimiter> twin_;  // for its options
  testing::PlainAdaptiveLimiter model_;
  Policy real_;
  Nanos now_ = 0;
  HeldPermits held_;
  uint64_t owner_ = 0;
  uint64_t admitted_ = 0;
  uint64_t dry_run_ = 0;
  uint64_t refused_ = 0;
  uint64_t settled_[3] = {};
  uint64_t misused_ = 0;
  std::string story_;
};

}  // namespace

void RunInput(ByteReader& input) { RunAndTell<Fuzz>(input); }

}  // namespace spillway::fuzz
