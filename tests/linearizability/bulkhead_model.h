// What the bulkhead promises to threads that use it at the same time, as a sequential model of
// small steps. docs/guarantees.md says the same in prose.
//
// Asking, leaving and giving back are decided in one step each. The rest is weaker, by exactly this
// much:
//
// - Granting what became free, and closing up behind those who left, are steps of their own, one
//   for each place. They come before the call returns that made them necessary.
// - Who asks or grants looks at the options at an instant of his own within his call: he may decide
//   by those from before a change that has come since. A refusal may also weigh what was taken
//   before a change by the options after it.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_BULKHEAD_MODEL_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_BULKHEAD_MODEL_H_

#include <cstdint>
#include <ostream>
#include <vector>

#include "tests/linearizability/bulkhead_calls.h"
#include "tests/linearizability/checker.h"

namespace spillway::testing {

class BulkheadModel {
 public:
  using Operation = BulkheadCall;
  using Answer = BulkheadAnswer;
  using Kind = BulkheadCall::Kind;

  // 64-bit numbers only: hashed as bytes.
  struct State {
    uint64_t head = 0;    // the ticket of the first who waits
    uint64_t queued = 0;  // the tickets from there on, with those who have left
    uint64_t left = 0;    // bit i: ticket head + i has
    uint64_t in_use = 0;
    uint64_t settings = 0;  // which

    bool Queues(uint64_t ticket) const { return ticket - head < queued; }
    friend bool operator==(const State&, const State&) = default;
    friend std::ostream& operator<<(std::ostream& out, const State& state) {
      return out << state.in_use << " in use, " << state.queued << " queued from ticket "
                 << state.head << ", left " << state.left << ", settings " << state.settings;
    }
  };
  using Next = NextOf<BulkheadModel>;

  // The first are those it is made with.
  explicit BulkheadModel(const std::vector<BulkheadSettings>& settings) : settings_(settings) {}

  State Initial() const { return {}; }

  void Step(const State& state, const BulkheadCall& call, Progress progress, Next* next) const {
    if (call.kind == Kind::kLook) {
      return next->Done(state, {.in_flight = static_cast<int64_t>(state.in_use),
                                .queued = static_cast<int64_t>(state.queued)});
    }
    if (changes()) GrantByOlderOptions(state, progress, next);
    if (DoneIn(progress) == kDecided) return Finish(state, call, progress, next);
    switch (call.kind) {
      case Kind::kTake:
      case Kind::kJoin:
        return Ask(state, call, progress, next);
      case Kind::kPoll:
        return Poll(state, call, progress, next);
      case Kind::kSettle:
        return Settle(state, call, next);
      default: {
        State after = state;
        after.settings = call.to;
        return Decided(after, call, 0, next);
      }
    }
  }

 private:
  // How far a call is, above which options it remembers, above the numbers it remembers.
  enum Done : Progress {
    kNothing = 0,
    kSawTaken,  // remembers how many, and how many wait
    kDecided,   // and sees to those who wait; remembers the ticket it was given
  };
  static constexpr uint32_t kDoneBits = 2;
  static constexpr uint32_t kNumberShift = 6;
  static constexpr Progress kOptionsMask = (1u << kNumberShift) - (1u << kDoneBits);
  static constexpr Progress With(Done done, uint64_t number) {
    return number << kNumberShift | done;
  }
  static constexpr Done DoneIn(Progress progress) {
    return static_cast<Done>(progress & ((1u << kDoneBits) - 1));
  }
  static constexpr uint64_t NumberIn(Progress progress) { return progress >> kNumberShift; }
  static constexpr Progress Remembering(Progress progress, uint64_t options) {
    return progress | (options + 1) << kDoneBits;
  }
  static constexpr bool Remembers(Progress progress) { return (progress & kOptionsMask) != 0; }
  static constexpr uint64_t OptionsIn(Progress progress) {
    return ((progress & kOptionsMask) >> kDoneBits) - 1;
  }

  bool changes() const { return settings_.size() > 1; }
  uint64_t SlotsIn(uint64_t which) const {
    return static_cast<uint64_t>(settings_[which].max_concurrent);
  }

  // ---- asking

  // 0 when it is admitted, kQueued when it joins, else why not.
  static int64_t Verdict(const BulkheadSettings& settings, uint64_t in_use, uint64_t queued,
                         const BulkheadCall& call) {
    const double share = call.priority == Priority::kCritical ? 1
                         : call.priority == Priority::kNormal ? settings.normal_share
                                                              : settings.sheddable_share;
    const double slots = settings.max_concurrent;
    const auto taken = static_cast<double>(in_use);
    const auto places = static_cast<uint64_t>(settings.max_queue);
    if (queued == 0 && taken < share * slots) return 0;
    if (queued == 0 && taken < slots) return Code(BulkheadRejection::kShed);
    if (call.kind == Kind::kTake || places == 0 || share < 1) return Code(BulkheadRejection::kFull);
    return Code(queued >= places ? BulkheadRejection::kQueueFull : BulkheadRejection::kQueued);
  }

  void Ask(const State& state, const BulkheadCall& call, Progress progress, Next* next) const {
    if (DoneIn(progress) == kSawTaken) {
      const uint64_t seen = NumberIn(progress);
      const int64_t code = Verdict(settings_[state.settings], seen >> 16, seen & 0xffff, call);
      if (code != 0 && code != Code(BulkheadRejection::kQueued)) next->Done(state, {.code = code});
      return;
    }
    AskBy(state.settings, state, call, next);
    if (!changes()) return;
    if (Remembers(progress)) AskBy(OptionsIn(progress), state, call, next);
    next->Goes(state, With(kSawTaken, state.in_use << 16 | state.queued));
  }

  void AskBy(uint64_t settings, const State& state, const BulkheadCall& call, Next* next) const {
    const int64_t code = Verdict(settings_[settings], state.in_use, state.queued, call);
    State after = state;
    after.in_use += code == 0;
    if (code != Code(BulkheadRejection::kQueued)) return next->Done(after, {.code = code});
    ++after.queued;
    Decided(after, call, state.head + state.queued, next);
  }

  // Nobody waits while a slot is free for him.
  void Poll(const State& state, const BulkheadCall& call, Progress progress, Next* next) const {
    if (!state.Queues(call.ticket()))
      return next->Done(state, {.code = Code(BulkheadPoll::kGranted)});
    if (!IsQuiet(state)) return next->Goes(Promoted(state), progress);
    next->Done(state, {.code = Code(BulkheadPoll::kWaiting)});
  }

  // ---- giving back

  void Settle(State state, const BulkheadCall& call, Next* next) const {
    if (call.holds_place() && state.Queues(call.ticket())) {
      state.left |= uint64_t{1} << (call.ticket() - state.head);
    } else {
      --state.in_use;
    }
    Decided(state, call, 0, next);
  }

  // ---- the queue

  // Nobody is to be granted a slot, nor has the first of the queue left.
  bool IsQuiet(const State& state) const {
    return state.queued == 0 || ((state.left & 1) == 0 && state.in_use >= SlotsIn(state.settings));
  }

  // The first of the queue has left it: with a slot, or without.
  static State Promoted(State state) {
    state.in_use += (state.left & 1) == 0;
    state.left >>= 1;
    ++state.head;
    --state.queued;
    return state;
  }

  void Decided(const State& state, const BulkheadCall& call, uint64_t ticket, Next* next) const {
    const Progress progress = With(kDecided, ticket);
    if (IsQuiet(state)) Finish(state, call, progress, next);
    if (!IsQuiet(state) || changes()) next->Goes(state, progress);
  }

  void Finish(const State& state, const BulkheadCall& call, Progress progress, Next* next) const {
    if (!IsQuiet(state)) return next->Goes(Promoted(state), progress);
    BulkheadAnswer answer{.ticket = NumberIn(progress)};
    if (call.kind == Kind::kJoin) answer.code = Code(BulkheadRejection::kQueued);
    if (call.kind == Kind::kChange) answer.code = 1;
    next->Done(state, answer);
  }

  void GrantByOlderOptions(const State& state, Progress progress, Next* next) const {
    if (!Remembers(progress)) return next->Goes(state, Remembering(progress, state.settings));
    const bool waits = state.queued != 0 && (state.left & 1) == 0;
    if (waits && state.in_use < SlotsIn(OptionsIn(progress)))
      next->Goes(Promoted(state), progress & ~kOptionsMask);
  }

  template <typename Reason>
  static int64_t Code(Reason reason) {
    return static_cast<int64_t>(reason);
  }

  std::vector<BulkheadSettings> settings_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_BULKHEAD_MODEL_H_
