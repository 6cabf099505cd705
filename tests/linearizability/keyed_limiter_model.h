// What the keyed limiter promises to threads that use it at the same time: a token bucket for each
// key, and each call of a key happens whole, at one instant. docs/guarantees.md says the same in
// prose. The model is for one set of cells, and for rates at which a token takes a whole number of
// nanoseconds. It is weaker than that by exactly this much:
//
// - A key that has no cell is entered in two steps: a cell is claimed, then it says what was taken.
//   Whoever takes from the key may do the second. A claim that others completed in another cell
//   keeps its cell.
// - Who takes may move the latest time of the table on to his own (`time_moves`), and looks at it
//   after the cell that he is refused by, but before he writes what he takes.
// - Of a full set any key may be evicted: which had taken least is only told of cells that were
// read
//   one after the other. What is forgiven is what it had taken when it went.
// - While time moves on, a set may seem full that has some cells of claims.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_KEYED_LIMITER_MODEL_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_KEYED_LIMITER_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <ostream>

#include "tests/linearizability/checker.h"
#include "tests/linearizability/keyed_limiter_calls.h"

namespace spillway::testing {

class KeyedLimiterModel {
 public:
  using Operation = KeyedLimiterCall;
  using Answer = KeyedLimiterAnswer;
  using Kind = KeyedLimiterCall::Kind;
  using WhenFull = KeyedLimiterWhenFull;
  static constexpr uint64_t kMostKeys = 12;
  static constexpr uint64_t kCells = 8;
  static constexpr uint64_t kMostClaims = 4;

  // 64-bit numbers only: hashed as bytes.
  struct State {
    Nanos newest = 0;
    Nanos full_at[kMostKeys] = {};
    uint64_t claims = 0;  // of each key, four bits
    uint64_t evicted = 0;
    uint64_t forgiven = 0;

    uint64_t ClaimsOf(uint64_t key) const { return claims >> (4 * key) & 15; }
    friend bool operator==(const State&, const State&) = default;
    friend std::ostream& operator<<(std::ostream& out, const State& state) {
      out << "newest " << state.newest << ", full at";
      for (const Nanos full_at : state.full_at) out << " " << full_at;
      return out << ", claims " << std::hex << state.claims << std::dec << ", evicted "
                 << state.evicted << " with " << state.forgiven;
    }
  };
  using Next = NextOf<KeyedLimiterModel>;

  KeyedLimiterModel(const KeyedLimiterSettings& settings, bool time_moves)
      : settings_(settings), time_moves_(time_moves) {}

  State Initial() const { return {}; }

  void Step(const State& state, const KeyedLimiterCall& call, Progress progress, Next* next) const {
    State after = state;
    Nanos& full_at = after.full_at[call.key];
    const Nanos ahead = Ahead(state, call.key, call.now);
    switch (call.kind) {
      case Kind::kTake:
        return Take(state, call, progress, next);
      case Kind::kRefund:
        if (ahead > 0) full_at = call.now + ahead - std::min(ahead, call.n * token());
        return next->Done(after, {});
      case Kind::kForget:
        full_at = 0;
        return next->Done(after, {});
      case Kind::kLook:
        return Look(state, call, progress, next);
      default:
        return next->Done(state, {.evicted = state.evicted, .forgiven = state.forgiven});
    }
  }

 private:
  // How far a call is, above the time that it remembers.
  enum Done : Progress {
    kNothing = 0,
    kSawNoCell,  // and will now move the latest time on
    kMovedTime,
    kClaimed,
    kSawTime,  // remembers when it is decided
    kSawCell,  // remembers when it is full
  };
  static constexpr uint32_t kDoneBits = 3;
  static constexpr Progress With(Done done, Nanos time) {
    return static_cast<uint64_t>(time) << kDoneBits | done;
  }
  static constexpr Done DoneIn(Progress progress) {
    return static_cast<Done>(progress & ((1u << kDoneBits) - 1));
  }
  static constexpr Nanos TimeIn(Progress progress) {
    return static_cast<Nanos>(progress >> kDoneBits);
  }

  Nanos token() const { return static_cast<Nanos>(kNanosPerSecond / settings_.rate); }
  Nanos capacity() const { return settings_.burst * token(); }

  static Nanos Ahead(const State& state, uint64_t key, Nanos now) {
    return std::max<Nanos>(state.full_at[key] - now, 0);
  }

  static uint64_t Live(const State& state, Nanos now) {
    return static_cast<uint64_t>(std::count_if(std::begin(state.full_at), std::end(state.full_at),
                                               [=](Nanos full_at) { return full_at > now; }));
  }
  static uint64_t Claims(const State& state) {
    uint64_t claims = 0;
    for (uint64_t key = 0; key < kMostKeys; ++key) claims += state.ClaimsOf(key);
    return claims;
  }

  void Look(const State& state, const KeyedLimiterCall& call, Progress progress, Next* next) const {
    State seen = state;
    if (DoneIn(progress) == kSawCell) seen.full_at[call.key] = TimeIn(progress);
    next->Done(state, {.ahead = Ahead(seen, call.key, std::max(call.now, state.newest))});
    if (time_moves_ && progress == kNothing)
      next->Goes(state, With(kSawCell, state.full_at[call.key]));
  }

  void Take(const State& state, const KeyedLimiterCall& call, Progress progress, Next* next) const {
    const Done done = DoneIn(progress);
    if (done == kSawNoCell) {
      State moved = state;
      moved.newest = std::max(moved.newest, call.now);
      return next->Goes(moved, kMovedTime);
    }
    const Nanos now = done == kSawTime ? TimeIn(progress) : std::max(call.now, state.newest);
    const Nanos full_at = done == kSawCell ? TimeIn(progress) : state.full_at[call.key];
    const Nanos ahead = std::max<Nanos>(full_at - now, 0);
    const Nanos after = ahead + call.n * token();
    const bool refused = after > capacity();
    if (refused && done != kSawTime) {
      next->Done(state, {.code = Code(KeyedLimiterRejection::kExhausted), .ahead = ahead});
    } else if (!refused && done != kSawCell) {
      if (ahead > 0) next->Done(Taken(state, call.key, now + after), {.ahead = after});
      if (ahead == 0) Enter(state, call, now, progress, next);
    }
    if (!time_moves_ || done == kSawTime || done == kSawCell) return;
    next->Goes(state, With(kSawTime, now));
    if (refused) next->Goes(state, With(kSawCell, full_at));
    if (ahead == 0 && done == kNothing) next->Goes(state, kSawNoCell);
  }

  void Enter(const State& state, const KeyedLimiterCall& call, Nanos now, Progress progress,
             Next* next) const {
    const Nanos cost = call.n * token();
    const Answer full{.code = Code(KeyedLimiterRejection::kTableFull)};
    if (time_moves_) {
      next->Done(Taken(state, call.key, now + cost), {.ahead = cost});
      if (Live(state, now) + kMostClaims >= kCells) next->Done(state, full);
      return;
    }
    const uint64_t claims = state.ClaimsOf(call.key);
    if (claims > 0) {
      State after = Taken(state, call.key, now + cost);
      after.claims -= uint64_t{1} << (4 * call.key);
      next->Done(after, {.ahead = cost});
    }
    State claimed = state;
    claimed.claims += uint64_t{1} << (4 * call.key);
    if (Live(state, now) + Claims(state) < kCells) {
      if (claims == 0) next->Goes(claimed, kClaimed);
    } else if (settings_.when_full == WhenFull::kRefuse) {
      if (claims == 0) next->Done(state, full);
    } else if (settings_.when_full == WhenFull::kAdmit) {
      if (claims == 0) next->Done(state, {.ahead = cost});
    } else if (claims == 0 || (claims == 1 && progress == kNothing)) {
      Evict(claimed, now, next);
    }
  }

  // First those who are likely: a search that guesses well is short.
  void Evict(const State& claimed, Nanos now, Next* next) const {
    for (int64_t taken = 1; taken <= settings_.burst; ++taken) {
      for (uint64_t key = 0; key < kMostKeys; ++key) {
        if (Ahead(claimed, key, now) != taken * token()) continue;
        State after = claimed;
        after.full_at[key] = 0;
        ++after.evicted;
        after.forgiven += static_cast<uint64_t>(taken);
        next->Goes(after, kClaimed);
      }
    }
  }

  static State Taken(State state, uint64_t key, Nanos full_at) {
    state.full_at[key] = full_at;
    return state;
  }

  static int64_t Code(KeyedLimiterRejection reason) { return static_cast<int64_t>(reason); }

  KeyedLimiterSettings settings_;
  bool time_moves_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_KEYED_LIMITER_MODEL_H_
