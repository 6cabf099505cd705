// The client throttle behind the C interface: every answer is that of a list of calls, and calls
// that no caller should make answer as documented and change nothing.
//
// After a permit that is forged or a copy the list is no longer compared with; what holds at any
// time is required all the same: every call is counted once and where it belongs.
//
// Faults that can be planted (target.h): here `lost_settle`, and in c_policy.h `overrun`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "generated/client_throttle.h"
#include "spillway/base/outcome.h"
#include "spillway/base/priority.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/concurrency/client_throttle.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/c_permit.h"
#include "tests/fuzz/c_policy.h"
#include "tests/support/list_of_calls.h"
#include "tests/support/policies.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 200;

struct ClientThrottleNoun {
  SPILLWAY_FUZZ_NOUN(client_throttle, ClientThrottle)
  static constexpr auto New = spillway_client_throttle_new;

  static Settings Random(ByteReader& input) {
    Settings settings;
    settings.seed = 1 + input.Below<uint64_t>(100);
    settings.window_ns =
        input.Of<Nanos>({12'000'000, 12'000'001, 120'000'000'000, 77'777'777, 86'400'000'000'000});
    testing::Tune(input, &settings);
    return settings;
  }
  static bool IsGood(const Settings& settings) { return IsMade<ClientThrottleNoun>(settings); }
};

using Policy = CPolicy<ClientThrottleNoun>;

spillway_decision AskAt(const Policy& policy, int32_t priority, Nanos at, spillway_permit* permit) {
  return AskForPermit(
      [&](spillway_acquire_result* out) {
        return spillway_client_throttle_try_acquire_at(policy.handle(), priority, at, out);
      },
      permit);
}

spillway_settlement SettleAt(const Policy& policy, spillway_permit* permit, int32_t outcome,
                             Nanos at) {
  return SettlePermit(
      [&](spillway_permit* held) {
        return spillway_client_throttle_settle_at(policy.handle(), held, outcome, at);
      },
      permit);
}

class Fuzz {
 public:
  explicit Fuzz(ByteReader& input)
      : input_(input),
        twin_(testing::MakePolicy<ClientThrottle>(ClientThrottleNoun::Random(input))),
        model_(twin_->settings()),
        real_(twin_->settings()),
        story_(testing::Describe(twin_->settings()) + "\n") {}

  void Run() {
    for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
      TakeStep();
      CompareLooks();
    }
  }

  std::string Story() const { return story_; }

 private:
  struct Held {
    spillway_permit permit;
    size_t call;  // in the list
  };

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
        return MakeAnyhow<ClientThrottleNoun>(
            input_, [this](const Policy& policy, const auto&) { Use(policy); });
      case 3:
        return PassNull();
      case 4:
        if (input_.OneIn(4)) now_ = AnyTime(input_, now_);
        return Note("clock", now_);
      case 5:
      case 6:
        now_ = SaturatingAdd(now_, input_.Below(Bucket() * (input_.OneIn(8) ? 20 : 1)));
        return Note("wait", now_);
      case 7:
        now_ = SaturatingAdd(now_, -input_.Below(Bucket() * 20));
        return Note("back", now_);
      case 8:
      case 9:
        return SettleWrongly();
      case 10:
        if (input_.OneIn(16)) SettleForged();
        return;
      case 11:
      case 12:
      case 13:
      case 14:
        return Settle();
      default:
        for (int calls = 1 + input_.Below(12); calls > 0; --calls) Ask();
        return;
    }
  }

  Nanos Bucket() const { return twin_->settings().window_ns / testing::ListOfCalls::kBuckets; }

  void Ask() {
    const auto priority = input_.Below(kPriorities);
    Note("ask", priority);
    const bool refused = model_.Ask(now_, static_cast<Priority>(priority));
    spillway_permit permit;
    const bool got = AskAt(real_, priority, now_, &permit) != 0;
    if (exact_) Require(got == refused, "another decision");
    Require(got == (permit.opaque[0] == 0), "a permit without admission");
    ++(got ? throttled_[priority] : admitted_);
    if (!got) held_.push_back({permit, model_.size() - 1});
  }

  void PassNull() {
    auto* const throttle = real_.handle();
    spillway_permit permit;
    MustBeMisuse(AskForPermit(
        [](auto* out) { return spillway_client_throttle_try_acquire_at(nullptr, 0, 0, out); },
        &permit));
    MustBeMisuse(AskAt(real_, AnyOther(input_), now_, &permit));
    MustBeMisuse(spillway_client_throttle_try_acquire_at(throttle, 0, now_, nullptr));
    MustBeMisuse(spillway_client_throttle_settle_at(throttle, nullptr, 0, now_));
    MustBeMisuse(spillway_client_throttle_settle_at(nullptr, &permit, 0, now_));
  }

  // Of one of the newest.
  Held TakeHeld() {
    const size_t which = held_.size() - 1 - input_.Below(std::min<size_t>(held_.size(), 40));
    const Held one = held_[which];
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    return one;
  }

  void Settle() {
    if (held_.empty()) return;
    Held one = TakeHeld();
    const int32_t outcome = input_.Below(3);
    Note("settle", outcome);
    const Settlement expected = model_.Settle(one.call, static_cast<Outcome>(outcome), now_);
    const bool lost = Planted("lost_settle") && outcome == SPILLWAY_OUTCOME_IGNORED;
    if (lost) return;
    const spillway_settlement got = SettleAt(real_, &one.permit, outcome, now_);
    if (exact_) Require(got == static_cast<int32_t>(expected), "another settlement");
    CountSettlement(got, outcome);
  }

  void CountSettlement(spillway_settlement settlement, int32_t outcome) {
    if (settlement == SPILLWAY_E_MISUSE) {
      ++misused_;
    } else if (settlement == SPILLWAY_SETTLEMENT_STALE) {
      ++stale_;
    } else {
      ++settled_[outcome];
    }
  }

  // One that is foreign, or an outcome that is none.
  void SettleWrongly() {
    spillway_permit permit = AnyForeignPermit(input_);
    int32_t outcome = input_.Below(3);
    if (!held_.empty() && input_.OneIn(2)) {
      permit = held_[input_.Below(held_.size())].permit;
      outcome = AnyOther(input_);
    }
    Note("settle wrongly", outcome);
    MustBeMisuse(SettleAt(real_, &permit, outcome, AnyTime(input_, now_)));
    ++misused_;
  }

  void SettleForged() {
    if (held_.empty()) return;
    spillway_permit permit = held_.back().permit;
    if (input_.OneIn(2)) permit.opaque[2] -= input_.Below<uint64_t>(30);
    if (input_.OneIn(4)) permit.opaque[2] = input_.Take<uint64_t>();
    const int32_t outcome = input_.Below(3);
    Note("settle forged", static_cast<int64_t>(permit.opaque[2]));
    CountSettlement(SettleAt(real_, &permit, outcome, AnyTime(input_, now_)), outcome);
    exact_ = false;
  }

  // One of any options is good for calls at any time.
  void Use(const Policy& policy) {
    for (int i = 0; i < 12; ++i) {
      spillway_permit permit;
      const Nanos at = AnyTime(input_, now_);
      if (AskAt(policy, input_.Below(kPriorities), at, &permit) == 0) {
        SettleAt(policy, &permit, input_.Below(3), AnyTime(input_, at));
      }
      RequireSane(policy.Snapshot(at));
    }
  }

  static void RequireSane(const spillway_client_throttle_snapshot& told) {
    Require(told.rejection_rate >= 0 && told.rejection_rate <= 1, "no rate");
  }

  void CompareLooks() const {
    const auto told = real_.Snapshot(now_);
    RequireSane(told);
    if (exact_) {
      const ThrottleCounts counts = model_.Counts(now_);
      Require(told.requests == counts.requests, "another number of requests");
      Require(told.accepts == counts.accepts, "another number of accepts");
    }
    Require(told.total_admitted + told.total_dry_run == admitted_, "another total_admitted");
    Require(told.total_throttled_normal == throttled_[SPILLWAY_PRIORITY_NORMAL] &&
                told.total_throttled_critical == throttled_[SPILLWAY_PRIORITY_CRITICAL] &&
                told.total_throttled_sheddable == throttled_[SPILLWAY_PRIORITY_SHEDDABLE],
            "another total_throttled");
    Require(told.total_accepted == settled_[SPILLWAY_OUTCOME_SUCCESS] &&
                told.total_failed == settled_[SPILLWAY_OUTCOME_FAILURE] &&
                told.total_ignored == settled_[SPILLWAY_OUTCOME_IGNORED] &&
                told.total_stale == stale_ && told.total_misused == misused_,
            "a settlement is not counted once, where it belongs");
  }

  ByteReader& input_;
  std::unique_ptr<ClientThrottle> twin_;  // for its options
  testing::ListOfCalls model_;
  Policy real_;
  bool exact_ = true;
  Nanos now_ = 0;
  std::vector<Held> held_;
  uint64_t admitted_ = 0;
  uint64_t throttled_[kPriorities] = {};
  uint64_t settled_[3] = {};
  uint64_t stale_ = 0;
  uint64_t misused_ = 0;
  std::string story_;
};

}  // namespace

void RunInput(ByteReader& input) { RunAndTell<Fuzz>(input); }

}  // namespace spillway::fuzz
