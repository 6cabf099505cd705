// What the token bucket and the leaky bucket promise to threads that use them at the same time:
// each call happens whole, at one instant. docs/guarantees.md says the same in prose.
//
// The model knows nothing of words and clocks: it is the time at which the bucket is full again. It
// is for rates at which a token takes a whole number of nanoseconds, and for changes that fill the
// bucket.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_TOKEN_BUCKET_MODEL_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_TOKEN_BUCKET_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <ostream>

#include "tests/linearizability/checker.h"
#include "tests/linearizability/token_bucket_calls.h"

namespace spillway::testing {

class TokenBucketModel {
 public:
  using Operation = TokenBucketCall;
  using Answer = TokenBucketAnswer;
  using Kind = TokenBucketCall::Kind;

  // 64-bit numbers only: hashed as bytes.
  struct State {
    Nanos full_at = 0;
    uint64_t began = 0;  // its time, with the first call
    uint64_t change = 0;
    Nanos token = 0;
    int64_t burst = 0;
    int64_t room = 0;  // of a leaky bucket

    Nanos capacity() const { return burst * token; }
    int64_t whole() const { return room == 0 ? burst : room; }
    // Whether so much may be missing.
    bool HasRoom(Nanos ahead) const { return room == 0 || ahead <= room * token; }
    friend bool operator==(const State&, const State&) = default;
    friend std::ostream& operator<<(std::ostream& out, const State& state) {
      return out << "full at " << state.full_at << (state.began ? "" : ", not begun") << ", "
                 << state.burst << " tokens of " << state.token << " ns, room for " << state.room
                 << ", change " << state.change;
    }
  };

  explicit TokenBucketModel(const TokenBucketSettings& settings)
      : made_(SizeOf(settings)), missing_(std::max(settings.burst - settings.initial_tokens, 0)) {}
  explicit TokenBucketModel(const LeakyBucketSettings& settings) : made_(SizeOf(settings)) {}

  State Initial() const {
    return {.token = TokenOf(made_), .burst = made_.burst, .room = made_.room};
  }

  Answer Apply(State* state, const TokenBucketCall& call) const {
    const Nanos ahead = Ahead(*state, call.now);
    if (call.kind == Kind::kLook) return Look(*state, ahead);
    if (call.kind == Kind::kChange) {
      *state = {.full_at = call.now,
                .began = 1,
                .change = state->change + 1,
                .token = TokenOf(call.size),
                .burst = call.size.burst,
                .room = call.size.room};
      return {.code = 1};
    }
    // A call that takes nothing changes nothing, but the time of a bucket that fills begins.
    if (!state->began && ahead > 0) Fill(state, call.now, ahead);
    const Nanos cost = call.n * state->token;
    switch (call.kind) {
      case Kind::kTake:
        if (call.n > state->burst)
          return Refused(*state, TokenBucketRejection::kExceedsBurst, ahead);
        if (ahead + cost > state->capacity())
          return Refused(*state, TokenBucketRejection::kExhausted, ahead);
        return Taken(state, call.now, cost, ahead);
      case Kind::kForce:
        return Taken(state, call.now, cost, ahead);
      case Kind::kTakeUpTo: {
        const int64_t there = std::max<Nanos>(state->capacity() - ahead, 0) / state->token;
        const int64_t taken = std::min(call.n, there);
        if (taken != 0) Taken(state, call.now, taken * state->token, ahead);
        return {.code = taken};
      }
      case Kind::kReserve:
        return Reserve(state, call, ahead);
      case Kind::kCancel:
        Cancel(state, call, ahead);
        return {};
      default:
        Fill(state, call.now, ahead - std::min(ahead, cost));
        return {};
    }
  }

 private:
  static Nanos TokenOf(const BucketSize& size) {
    return static_cast<Nanos>(kNanosPerSecond / size.rate);
  }

  Nanos Ahead(const State& state, Nanos now) const {
    if (!state.began) return missing_ * state.token;
    return std::max<Nanos>(state.full_at - now, 0);
  }

  static Answer Refused(const State& state, TokenBucketRejection why, Nanos ahead) {
    return {.code = static_cast<int64_t>(why), .ahead = ahead, .change = state.change};
  }
  static void Fill(State* state, Nanos now, Nanos ahead) {
    state->full_at = now + ahead;
    state->began = 1;
  }
  static Answer Taken(State* state, Nanos now, Nanos cost, Nanos ahead) {
    Fill(state, now, ahead + cost);
    return {.ahead = ahead + cost, .change = state->change};
  }

  static Answer Reserve(State* state, const TokenBucketCall& call, Nanos ahead) {
    const bool waits = call.max_wait > 0;
    Answer answer = Refused(*state, TokenBucketRejection::kExceedsBurst, ahead);
    answer.act_at = call.now;
    if (call.n > (waits ? state->whole() : state->burst)) return answer;
    const Nanos cost = call.n * state->token;
    const Nanos delay = std::max<Nanos>(ahead + cost - state->capacity(), 0);
    const bool in_time = delay <= call.max_wait;
    answer.code = static_cast<int64_t>(in_time || !waits ? TokenBucketRejection::kExhausted
                                                         : TokenBucketRejection::kExceedsWait);
    if (!in_time || !state->HasRoom(ahead + cost)) return answer;
    answer = Taken(state, call.now, cost, ahead);
    answer.act_at = call.now + delay;
    return answer;
  }

  // The reservation would have been worth nothing once the bucket was full after it.
  static void Cancel(State* state, const TokenBucketCall& call, Nanos ahead) {
    const LimiterReservation& of = call.reservation;
    if (of.decision.change != state->change || call.now >= of.worthless_at) return;
    const Nanos back = std::min(of.n * state->token, of.worthless_at - call.now);
    Fill(state, call.now, ahead - std::min(ahead, back));
  }

  static Answer Look(const State& state, Nanos ahead) {
    const Nanos there = state.whole() * state.token - ahead;
    const Nanos part = there < 0 ? state.token - 1 : 0;  // of a token, which is owed as a whole
    return {.ahead = ahead, .tokens = (there - part) / state.token, .burst = state.whole()};
  }

  BucketSize made_;
  int64_t missing_ = 0;  // at first
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_TOKEN_BUCKET_MODEL_H_
