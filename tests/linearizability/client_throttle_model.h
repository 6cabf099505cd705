// What the client throttle promises to threads that use it at the same time, as a sequential model
// of small steps. docs/guarantees.md says the same in prose. Each draw is known: so is every
// decision, once it is known what was seen.
//
// - Asking finds the newest bucket, counts the call in it, reads the window that ends with it, and
//   draws only if there were more requests than are borne. Requests and accepts are read at an
//   instant each, in either order.
// - A call that a newer bucket has overtaken since may be spared by what that one's window held.
// - A call may be spared by what its window held when its bucket began: then it leaves out those
//   that were counted in older buckets since.
//
// The model is for bursts that are shorter than the ring of buckets.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_CLIENT_THROTTLE_MODEL_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_CLIENT_THROTTLE_MODEL_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ostream>

#include "spillway/base/hash.h"
#include "spillway/concurrency/client_throttle.h"
#include "tests/linearizability/checker.h"

namespace spillway::testing {

struct ThrottleCall {
  enum class Kind { kAsk, kSettle, kLook };

  Kind kind;
  Nanos now = 0;
  Priority priority = Priority::kNormal;
  PermitFields permit = {};  // of kSettle
  Outcome outcome = Outcome::kSuccess;

  friend std::ostream& operator<<(std::ostream& out, const ThrottleCall& call) {
    static constexpr const char* kNames[] = {"ask", "settle", "look"};
    out << kNames[static_cast<size_t>(call.kind)] << " at " << call.now;
    if (call.kind == Kind::kAsk) out << " priority " << static_cast<int>(call.priority);
    if (call.kind != Kind::kSettle) return out;
    static constexpr const char* kOutcomes[] = {"success", "failure", "ignored"};
    return out << " of bucket " << call.permit.token << " "
               << kOutcomes[static_cast<size_t>(call.outcome)];
  }
};

struct ThrottleAnswer {
  int64_t code = 0;     // why refused, or how settled
  uint64_t bucket = 0;  // of the permit
  uint64_t requests = 0;
  uint64_t accepts = 0;

  friend bool operator==(const ThrottleAnswer&, const ThrottleAnswer&) = default;
  friend std::ostream& operator<<(std::ostream& out, const ThrottleAnswer& answer) {
    return out << "code " << answer.code << " bucket " << answer.bucket << " accepts "
               << answer.accepts << "/" << answer.requests;
  }
};

class ThrottleModel {
 public:
  using Operation = ThrottleCall;
  using Answer = ThrottleAnswer;
  using Kind = ThrottleCall::Kind;
  static constexpr uint64_t kBuckets = 12;  // of the window
  static constexpr uint64_t kRing = 16;

  // Hashed as bytes.
  struct State {
    uint64_t newest = 0;
    uint64_t late = 0;  // counted in older buckets since it is the newest
    uint64_t draws = 0;
    uint16_t requests[kRing] = {};  // by bucket
    uint16_t accepts[kRing] = {};

    friend bool operator==(const State&, const State&) = default;
    friend std::ostream& operator<<(std::ostream& out, const State& state) {
      out << "newest " << state.newest << ", " << state.draws << " draws, accepts";
      for (uint64_t i = 0; i < kRing; ++i)
        out << " " << state.accepts[i] << "/" << state.requests[i];
      return out;
    }
  };
  using Next = NextOf<ThrottleModel>;

  explicit ThrottleModel(const ClientThrottleSettings& settings) : settings_(settings) {}

  State Initial() const { return {}; }

  void Step(const State& state, const ThrottleCall& call, Progress progress, Next* next) const {
    if (call.kind == Kind::kSettle) return Settle(state, call, progress, next);
    const Seen seen = SeenIn(progress);
    switch (seen.done) {
      case kNothing:
        return Begin(state, call, next);
      case kMoved:
      case kSpared:
        return Count(state, seen, next);
      case kCounted:
        return Read(state, seen, next);
      case kSawRequests:
        return Judge(state, call, seen.bucket, seen.requests, Sum(state.accepts, seen.bucket),
                     next);
      case kSawAccepts:
        return Judge(state, call, seen.bucket, Sum(state.requests, seen.bucket), seen.requests,
                     next);
      case kDraws:
        return Draw(state, call, seen, next);
    }
  }

 private:
  enum Done : Progress {
    kNothing = 0,
    kMoved,    // the window, and will now count
    kSpared,   // whatever its own window holds
    kCounted,  // and will now read the window; so does one who looks
    kSawRequests,
    kSawAccepts,  // these are in the place of the requests
    kDraws,
  };

  // How far a call is, and what it remembers.
  struct Seen {
    Done done;
    uint64_t bucket;
    uint64_t requests;
    uint64_t accepts;
  };
  static Seen SeenIn(Progress progress) {
    return {static_cast<Done>(progress & 7), progress >> 3 & 0xffff, progress >> 19 & 0xffff,
            progress >> 35};
  }
  static Progress Of(Done done, uint64_t bucket, uint64_t requests = 0, uint64_t accepts = 0) {
    return accepts << 35 | requests << 19 | bucket << 3 | done;
  }
  static Progress After(const Seen& seen, Done done, uint64_t count) {
    return Of(done, seen.bucket, count);
  }

  uint64_t BucketOf(Nanos now) const {
    return static_cast<uint64_t>(now) / (static_cast<uint64_t>(settings_.window_ns) / kBuckets) + 1;
  }

  // Over the window that ends with a bucket.
  static uint64_t Sum(const uint16_t (&counts)[kRing], uint64_t bucket) {
    uint64_t sum = 0;
    for (uint64_t age = 0; age < kBuckets; ++age) sum += counts[(bucket - age) % kRing];
    return sum;
  }

  // ---- asking and looking

  void Begin(State state, const ThrottleCall& call, Next* next) const {
    const uint64_t bucket = std::max(state.newest, BucketOf(call.now));
    if (call.kind == Kind::kLook) return next->Goes(state, Of(kCounted, bucket));
    if (state.newest != bucket) state.late = 0;
    state.newest = bucket;
    next->Goes(state, Of(kMoved, bucket));
  }

  void Count(const State& state, const Seen& seen, Next* next) const {
    const bool overtaken = state.newest != seen.bucket;
    State after = state;
    ++after.requests[seen.bucket % kRing];
    after.late += overtaken;
    if (seen.done == kSpared) return next->Done(after, {.bucket = seen.bucket});
    next->Goes(after, Of(kCounted, seen.bucket));
    // What the newest window held but for those; of who finds that, one is among them himself.
    const uint64_t requests = Sum(state.requests, state.newest) - state.late - overtaken;
    const uint64_t accepts = Sum(state.accepts, state.newest);
    if (Exceeds(requests, accepts, Priority::kSheddable)) return;
    if (overtaken) next->Goes(state, Of(kSpared, seen.bucket));
    if (!overtaken && state.late != 0) next->Done(after, {.bucket = seen.bucket});
  }

  // Of one bucket the requests are read first.
  static void Read(const State& state, const Seen& seen, Next* next) {
    const uint64_t requests = Sum(state.requests, seen.bucket);
    next->Goes(state, After(seen, kSawRequests, requests));
    if (requests != state.requests[seen.bucket % kRing])
      next->Goes(state, After(seen, kSawAccepts, Sum(state.accepts, seen.bucket)));
  }

  void Judge(const State& state, const ThrottleCall& call, uint64_t bucket, uint64_t requests,
             uint64_t accepts, Next* next) const {
    if (call.kind == Kind::kLook)
      return next->Done(state, {.requests = requests, .accepts = accepts});
    if (Exceeds(requests - 1, accepts, call.priority))
      return next->Goes(state, Of(kDraws, bucket, requests, accepts));
    next->Done(state, {.bucket = bucket});
  }

  void Draw(State state, const ThrottleCall& call, const Seen& seen, Next* next) const {
    const auto before = static_cast<double>(seen.requests - 1);
    const double excess = before - KOf(call.priority) * static_cast<double>(seen.accepts);
    const double chance = std::min(excess / (before + 1), settings_.max_rejection);
    const uint64_t draw = Mix(settings_.seed) + EvenlySpread(state.draws);
    ++state.draws;
    if (static_cast<double>(draw >> 32) * 0x1p-32 < chance) return next->Done(state, {.code = 1});
    next->Done(state, {.bucket = seen.bucket});
  }

  double KOf(Priority priority) const {
    return priority == Priority::kNormal     ? settings_.k
           : priority == Priority::kCritical ? settings_.critical_k
                                             : settings_.sheddable_k;
  }
  // Of the requests before a call: whether it may be refused.
  bool Exceeds(uint64_t requests, uint64_t accepts, Priority priority) const {
    return requests >= static_cast<uint64_t>(settings_.min_calls) &&
           static_cast<double>(requests) > KOf(priority) * static_cast<double>(accepts);
  }

  // ---- telling

  // `progress`: it was found not to be stale.
  void Settle(State state, const ThrottleCall& call, Progress progress, Next* next) const {
    const uint64_t bucket = call.permit.token;
    if (progress == 0) {
      if (bucket + kBuckets > std::max(state.newest, BucketOf(call.now)))
        return next->Goes(state, 1);
      return next->Done(state, {.code = static_cast<int64_t>(Settlement::kStale)});
    }
    if (call.outcome == Outcome::kSuccess) ++state.accepts[bucket % kRing];
    if (call.outcome == Outcome::kIgnored) --state.requests[bucket % kRing];
    next->Done(state, {.code = static_cast<int64_t>(Settlement::kCounted)});
  }

  ClientThrottleSettings settings_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_CLIENT_THROTTLE_MODEL_H_
