// The bulkhead behind the C interface: every answer is that of the reference, to forged and
// repeated permits too, and calls that no caller should make answer as documented and change
// nothing. Not fuzzed: who blocks (tests/stress).
//
// Faults that can be planted (target.h): here `lost_settle`, and in c_policy.h `overrun`.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "generated/bulkhead.h"
#include "spillway/base/priority.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/concurrency/bulkhead.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/bulkhead_reference.h"
#include "tests/fuzz/c_permit.h"
#include "tests/fuzz/c_policy.h"
#include "tests/support/policies.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 400;

struct BulkheadNoun {
  SPILLWAY_FUZZ_NOUN(bulkhead, Bulkhead)
  static constexpr auto New = spillway_bulkhead_new;

  static Settings Random(ByteReader& input) {
    const double normal = input.Of({1.0, 1.0, 0.75, 1.0 / 3, 0.0001, 0.0});
    return {.max_concurrent = 1 + input.Below(input.OneIn(8) ? 65'535 : 4),
            .max_queue = input.Below(input.OneIn(8) ? 32'768 : 5),
            .counted = !input.OneIn(8),
            .normal_share = normal,
            .sheddable_share = input.OneIn(2) ? normal : normal / 2};
  }
  static bool IsGood(const Settings& settings) { return IsMade<BulkheadNoun>(settings); }
};

using Policy = CPolicy<BulkheadNoun>;

class Fuzz {
 public:
  explicit Fuzz(ByteReader& input)
      : input_(input),
        twin_(testing::MakePolicy<Bulkhead>(BulkheadNoun::Random(input))),
        model_(twin_->settings()),
        real_(twin_->settings()),
        story_(testing::Describe(twin_->settings()) + "\n") {
    // Who is the owner is known once it has given a permit.
    Ask(Priority::kCritical, false);
  }

  void Run() {
    for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
      TakeStep();
      CompareLooks(real_, model_);
    }
  }

  std::string Story() const { return story_; }

 private:
  void Note(const char* what, uint64_t number) {
    story_ += std::string(what) + " " + std::to_string(number) + "\n";
  }

  void TakeStep() {
    switch (input_.Below(20)) {
      case 0:
        return MisuseAny(input_, real_, AnyTime(input_, 0));
      case 1:
        Note("reconfigure", 0);
        ReconfigureAnyhow(input_, real_, *twin_);
        return model_.Reconfigure(twin_->settings());
      case 2:
        return MakeAnyhow<BulkheadNoun>(
            input_,
            [this](const Policy& policy, const BulkheadSettings& given) { Use(policy, given); });
      case 3:
        return PassNull();
      case 4:
      case 5:
      case 6:
        return Poll();
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
      case 12:
        return Settle();
      default:
        return Ask(static_cast<Priority>(input_.Below(kPriorities)), input_.OneIn(2));
    }
  }

  spillway_decision Ask(const Policy& policy, int32_t priority, bool may_wait,
                        spillway_permit* permit) {
    const Nanos at = AnyTime(input_, 0);
    return AskForPermit(
        [&](spillway_acquire_result* out) {
          return may_wait ? spillway_bulkhead_enqueue_at(policy.handle(), priority, at, out)
                          : spillway_bulkhead_try_acquire_at(policy.handle(), priority, at, out);
        },
        permit);
  }

  void Ask(Priority priority, bool may_wait) {
    Note(may_wait ? "enqueue" : "ask", static_cast<uint64_t>(priority));
    spillway_permit permit;
    const int32_t decision = Ask(real_, static_cast<int32_t>(priority), may_wait, &permit);
    Require(decision == model_.Ask(priority, may_wait), "another decision");
    const bool queued = decision == SPILLWAY_BULKHEAD_REJECTION_QUEUED;
    Require((decision == 0 || queued) == (permit.opaque[0] != 0), "a permit for nothing");
    if (permit.opaque[0] == 0) return;
    if (owner_ == 0) owner_ = permit.opaque[0];
    Require(permit.opaque[0] == owner_, "another owner");
    if (queued) Require(permit.opaque[2] == model_.LastPlace(), "another place");
    held_.Add(permit);
  }

  // One that is held, was settled, is forged or foreign.
  spillway_permit AnyPermit() {
    if (held_.empty() || input_.OneIn(8)) return AnyForeignPermit(input_);
    spillway_permit permit = held_.TakeAny(input_);
    if (input_.OneIn(16)) permit.opaque[2] = input_.Take<uint64_t>();
    if (input_.OneIn(8)) permit.opaque[2] ^= uint64_t{1} << input_.Below(64);
    return permit;
  }

  void Poll() {
    GuardedStruct<spillway_permit> permit(AnyPermit());
    const spillway_permit before = *permit;
    Note("poll", before.opaque[2]);
    const spillway_decision decision =
        spillway_bulkhead_poll_at(real_.handle(), permit.get(), AnyTime(input_, 0));
    permit.Check();
    Require(decision == model_.Poll(before.opaque[0] == owner_, before.opaque[2]),
            "a poll answers otherwise");
    if (decision != 0) Require(SameBytes(*permit, before), "a permit that is no slot has changed");
    if (decision == 0) {
      // It is a slot now, and stays one.
      Require(permit->opaque[0] == owner_, "another owner");
      Require(model_.Poll(true, permit->opaque[2]) == 0 &&
                  BulkheadWord(permit->opaque[2]).queued() == 0,
              "a granted permit holds no slot");
    }
    if (decision >= 0) held_.Add(*permit);
  }

  void Settle() {
    spillway_permit permit = AnyPermit();
    Note("settle", permit.opaque[2]);
    const bool own = permit.opaque[0] == owner_;
    const uint64_t token = permit.opaque[2];
    if (Planted("lost_settle") && own && input_.OneIn(4)) {
      model_.Settle(own, token);
      return;
    }
    // Outcomes and times are not looked at.
    const auto outcome = input_.Take<int32_t>();
    const Nanos at = AnyTime(input_, 0);
    const spillway_settlement settlement = SettlePermit(
        [&](spillway_permit* held) {
          return spillway_bulkhead_settle_at(real_.handle(), held, outcome, at);
        },
        &permit);
    Require(settlement == model_.Settle(own, token), "another settlement");
  }

  void PassNull() {
    auto* const bulkhead = real_.handle();
    spillway_permit permit;
    const auto is_misuse = [&](auto ask) { MustBeMisuse(AskForPermit(ask, &permit)); };
    is_misuse([&](auto* out) { return spillway_bulkhead_try_acquire_at(nullptr, 0, 0, out); });
    is_misuse([&](auto* out) { return spillway_bulkhead_enqueue_at(nullptr, 0, 0, out); });
    is_misuse([&](auto* out) { return spillway_bulkhead_acquire(nullptr, 0, 0, out); });
    const int32_t none = AnyOther(input_);
    is_misuse([&](auto* out) { return spillway_bulkhead_try_acquire_at(bulkhead, none, 0, out); });
    is_misuse([&](auto* out) { return spillway_bulkhead_enqueue_at(bulkhead, none, 0, out); });
    is_misuse([&](auto* out) { return spillway_bulkhead_acquire(bulkhead, none, 0, out); });
    MustBeMisuse(spillway_bulkhead_try_acquire_at(bulkhead, 0, 0, nullptr));
    MustBeMisuse(spillway_bulkhead_enqueue_at(bulkhead, 0, 0, nullptr));
    MustBeMisuse(spillway_bulkhead_acquire(bulkhead, 0, 0, nullptr));
    MustBeMisuse(spillway_bulkhead_poll_at(bulkhead, nullptr, 0));
    MustBeMisuse(spillway_bulkhead_poll_at(nullptr, &permit, 0));
    MustBeMisuse(spillway_bulkhead_settle_at(bulkhead, nullptr, 0, 0));
    MustBeMisuse(spillway_bulkhead_settle_at(nullptr, &permit, 0, 0));
  }

  // One of any options answers as the reference does.
  void Use(const Policy& policy, const BulkheadSettings& settings) {
    ReferenceBulkhead model(settings);
    for (int i = 0; i < 8; ++i) {
      const auto priority = static_cast<Priority>(input_.Below(kPriorities));
      const bool may_wait = input_.OneIn(2);
      spillway_permit permit;
      Require(Ask(policy, static_cast<int32_t>(priority), may_wait, &permit) ==
                  model.Ask(priority, may_wait),
              "another one decides otherwise");
      CompareLooks(policy, model);
    }
  }

  static void CompareLooks(const Policy& policy, const ReferenceBulkhead& model) {
    const auto told = policy.Snapshot(0);
    spillway_bulkhead_snapshot expected = {};
    ToC(model.Snapshot(), &expected);
    Require(SameFields(&told, &expected, BulkheadNoun::kSnapshotEnds, Policy::kSnapshotEnd),
            "another snapshot");
  }

  ByteReader& input_;
  std::unique_ptr<Bulkhead> twin_;  // for its options
  ReferenceBulkhead model_;
  Policy real_;
  HeldPermits held_;
  uint64_t owner_ = 0;
  std::string story_;
};

}  // namespace

void RunInput(ByteReader& input) { RunAndTell<Fuzz>(input); }

}  // namespace spillway::fuzz
