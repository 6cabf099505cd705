// Recorded histories of threads that take from the same members, through multi limiters and alone,
// held against the steps of which a call is made. The call as a whole is not linearizable; each
// step is, at its member:
//
// - It looks at the members; one that has not enough refuses, and nothing was taken.
// - Then it takes from one after the other. When one has not enough any more, it refuses, and what
//   was taken from those before is put back, backwards.
// - Where nobody has moved a member since, it is put back as it was; else as much is given to it as
//   was taken, at the time of the call.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "spillway/limiter/multi_limiter.h"
#include "tests/linearizability/recorder.h"
#include "tests/linearizability/refutation.h"
#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;

constexpr size_t kThreads = 4;
constexpr size_t kCalls = 40;  // of each
constexpr size_t kMembers = 3;
constexpr Nanos kStart = 1'000'000;

struct Member {
  Nanos token;  // how long it takes to flow in
  int32_t burst;
};
constexpr Member kSizes[kMembers] = {{400, 2}, {500, 2}, {250, 3}};

// The same members in different orders.
constexpr size_t kOrders[][kMembers] = {{0, 1, 2}, {2, 1, 0}};

struct MultiCall {
  enum class Kind { kTake, kTakeOne, kLook };

  Kind kind;
  size_t which = 0;  // of the orders, or of the members
  Nanos now = 0;
  int64_t n = 1;

  friend std::ostream& operator<<(std::ostream& out, const MultiCall& call) {
    static constexpr const char* kNames[] = {"take in order", "take of member", "look at member"};
    return out << kNames[static_cast<size_t>(call.kind)] << " " << call.which << " " << call.n
               << " at " << call.now;
  }
};

struct MultiAnswer {
  int64_t code = 0;    // why refused
  size_t refuser = 0;  // which member
  Nanos ahead = 0;     // how long until it is full

  friend bool operator==(const MultiAnswer&, const MultiAnswer&) = default;
  friend std::ostream& operator<<(std::ostream& out, const MultiAnswer& answer) {
    return out << "code " << answer.code << " of member " << answer.refuser << " full in "
               << answer.ahead;
  }
};

class MultiModel {
 public:
  using Operation = MultiCall;
  using Answer = MultiAnswer;
  using Kind = MultiCall::Kind;

  struct State {
    Nanos full_at[kMembers] = {};

    friend bool operator==(const State&, const State&) = default;
    friend std::ostream& operator<<(std::ostream& out, const State& state) {
      out << "full at";
      for (const Nanos full_at : state.full_at) out << " " << full_at;
      return out;
    }
  };
  using Next = NextOf<MultiModel>;

  State Initial() const { return {}; }

  void Step(const State& state, const MultiCall& call, Progress progress, Next* next) const {
    if (call.kind == Kind::kLook) return next->Done(state, {.ahead = Ahead(state, call)});
    if (call.kind == Kind::kTakeOne) {
      if (!Fits(state, call.which, call)) return next->Done(state, {.code = 1});
      return next->Done(Taken(state, call.which, call), {});
    }
    const Way way = WayOf(progress);
    if (way.puts_back) return PutBack(state, call, way, next);
    if (way.place == 0) Look(state, call, next);
    Take(state, call, way, next);
  }

 private:
  // How far a call is: at which place in its order, who refused, and what it found of the members
  // it took from.
  struct Way {
    bool puts_back;
    size_t place;
    size_t refuser;
    Nanos found[kMembers - 1];
  };
  static constexpr uint32_t kFoundBits = 28;
  static Way WayOf(Progress progress) {
    const auto found = [=](uint32_t i) {
      return static_cast<Nanos>(progress >> (6 + i * kFoundBits) & ((1u << kFoundBits) - 1));
    };
    return {(progress & 1) != 0, progress >> 2 & 3, progress >> 4 & 3, {found(0), found(1)}};
  }
  static Progress Of(const Way& way) {
    return uint64_t{way.puts_back} | way.place << 2 | way.refuser << 4 |
           static_cast<uint64_t>(way.found[0]) << 6 |
           static_cast<uint64_t>(way.found[1]) << (6 + kFoundBits);
  }
  static size_t MemberAt(const MultiCall& call, const Way& way) {
    return kOrders[call.which][way.place];
  }

  static Nanos Cost(size_t member, const MultiCall& call) { return call.n * kSizes[member].token; }
  static Nanos Ahead(const State& state, const MultiCall& call) {
    return std::max<Nanos>(state.full_at[call.which] - call.now, 0);
  }
  // What becomes of a member that is full at `found`.
  static Nanos After(Nanos found, size_t member, const MultiCall& call) {
    return std::max(found, call.now) + Cost(member, call);
  }
  static bool Fits(const State& state, size_t member, const MultiCall& call) {
    return After(state.full_at[member], member, call) - call.now <=
           kSizes[member].burst * kSizes[member].token;
  }
  static State Taken(State state, size_t member, const MultiCall& call) {
    state.full_at[member] = After(state.full_at[member], member, call);
    return state;
  }
  static Answer RefusedBy(size_t member) { return {.code = 1, .refuser = member}; }

  static void Look(const State& state, const MultiCall& call, Next* next) {
    for (const size_t member : kOrders[call.which]) {
      if (!Fits(state, member, call)) next->Done(state, RefusedBy(member));
    }
  }

  static void Take(const State& state, const MultiCall& call, Way way, Next* next) {
    const size_t member = MemberAt(call, way);
    if (!Fits(state, member, call)) {
      if (way.place == 0) return;
      way.puts_back = true;
      way.refuser = member;
      --way.place;
      return next->Goes(state, Of(way));
    }
    const State after = Taken(state, member, call);
    if (way.place == kMembers - 1) return next->Done(after, {});
    way.found[way.place] = state.full_at[member];
    ++way.place;
    next->Goes(after, Of(way));
  }

  static void PutBack(State state, const MultiCall& call, Way way, Next* next) {
    const size_t member = MemberAt(call, way);
    Nanos& full_at = state.full_at[member];
    const Nanos found = way.found[way.place];
    if (full_at == After(found, member, call)) {
      full_at = found;
    } else {
      full_at = std::max(full_at - Cost(member, call), call.now);
    }
    if (way.place == 0) return next->Done(state, RefusedBy(way.refuser));
    way.found[way.place] = 0;  // never looked at again: one state less
    --way.place;
    next->Goes(state, Of(way));
  }
};

using Kind = MultiCall::Kind;
using MultiHistory = HistoryOf<MultiModel>;

// The limiters, or some with a mistake of their own. One member is a leaky bucket.
class MultiUnderTest {
 public:
  MultiUnderTest()
      : first_(MakePolicy<TokenBucket>(Bucket(0))),
        second_(MakePolicy<LeakyBucket>(
            {.rate = RateOf(1), .capacity = kSizes[1].burst, .free = kSizes[1].burst})),
        third_(MakePolicy<TokenBucket>(Bucket(2))) {
    const MultiLimiterMember all[kMembers] = {*first_, *second_, *third_};
    for (const auto& order : kOrders) {
      std::vector<MultiLimiterMember> members;
      for (const size_t member : order) members.push_back(all[member]);
      limiters_.push_back(MultiLimiter::Make("test", members, {}, nullptr));
    }
  }
  virtual ~MultiUnderTest() = default;

  virtual LimiterDecision Take(size_t order, Nanos now, int64_t n) {
    return limiters_[order]->TryAcquire(now, n);
  }
  LimiterDecision TakeOne(size_t member, Nanos now, int64_t n) {
    return member == 0   ? first_->TryAcquire(now, n)
           : member == 1 ? second_->TryAcquire(now, n)
                         : third_->TryAcquire(now, n);
  }
  Nanos Ahead(size_t member, Nanos now) {
    return member == 0   ? first_->Snapshot(now).time_to_full_ns
           : member == 1 ? second_->Snapshot(now).time_to_empty_ns
                         : third_->Snapshot(now).time_to_full_ns;
  }

  MultiLimiterSnapshot Snapshot(size_t order) { return limiters_[order]->Snapshot(0); }
  TokenBucket& first() { return *first_; }

 private:
  static double RateOf(size_t member) {
    return static_cast<double>(kNanosPerSecond / kSizes[member].token);
  }
  static TokenBucketSettings Bucket(size_t member) {
    return {.rate = RateOf(member), .burst = kSizes[member].burst};
  }

  std::unique_ptr<TokenBucket> first_;
  std::unique_ptr<LeakyBucket> second_;
  std::unique_ptr<TokenBucket> third_;
  std::vector<std::unique_ptr<MultiLimiter>> limiters_;
};

class MultiClient {
 public:
  using Operation = MultiCall;
  using Answer = MultiAnswer;

  MultiClient(MultiUnderTest* subject, std::atomic<Nanos>* clock)
      : subject_(subject), clock_(clock) {}

  MultiCall Next(Random& random) {
    // So fast that about half of the calls are refused.
    const Nanos step = random.Below<Nanos>(500);
    const Nanos now = clock_->fetch_add(step, std::memory_order_relaxed) + step;
    const Kind kind =
        random.Of({Kind::kTake, Kind::kTake, Kind::kTake, Kind::kTakeOne, Kind::kLook});
    return {.kind = kind,
            .which = random.Below(kind == Kind::kTake ? std::size(kOrders) : kMembers),
            .now = now,
            .n = 1 + random.Below<int64_t>(2)};
  }

  MultiAnswer Run(const MultiCall& call) {
    if (call.kind == Kind::kLook) return {.ahead = subject_->Ahead(call.which, call.now)};
    if (call.kind == Kind::kTakeOne)
      return {.code = subject_->TakeOne(call.which, call.now, call.n).reason};
    const LimiterDecision decision = subject_->Take(call.which, call.now, call.n);
    if (decision) return {};
    return {.code = decision.reason, .refuser = kOrders[call.which][decision.detail]};
  }

 private:
  MultiUnderTest* subject_;
  std::atomic<Nanos>* clock_;
};

template <typename Subject>
std::string FirstRefutedBurst(uint64_t bursts) {
  uint64_t given_back = 0;
  const auto record = [&](uint64_t seed) {
    Subject subject;
    Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
    std::atomic<Nanos> clock{kStart};
    std::vector<MultiClient> clients(kThreads, MultiClient(&subject, &clock));
    MultiHistory history = Burst<MultiClient>(&stamper, seed).Run(&clients, kCalls);
    history.emplace_back();
    for (size_t member = 0; member < kMembers; ++member) {
      stamper.Record(&clients[0], {.kind = Kind::kLook, .which = member, .now = clock},
                     &history.back());
    }
    for (size_t order = 0; order < std::size(kOrders); ++order)
      given_back += subject.Snapshot(order).total_given_back;
    return history;
  };
  std::string refuted = FirstRefuted("members", MultiModel(), bursts, record);
  // One in ten bursts, or more.
  if (refuted.empty() && bursts >= 200) {
    EXPECT_GT(given_back, 0u) << "nothing was given back: this shows little";
  }
  return refuted;
}

TEST(MultiLimiterLinearizabilityTest, EachStepIsThatOfAMember) {
  EXPECT_EQ(FirstRefutedBurst<MultiUnderTest>(Bursts(200)), "");
}

// ---- limiters with a mistake, each of which must be found

// Refused, it keeps what it took of one.
struct KeepsWhatItTook : MultiUnderTest {
  LimiterDecision Take(size_t order, Nanos now, int64_t n) override {
    const LimiterDecision decision = MultiUnderTest::Take(order, now, n);
    if (!decision) TakeOne(0, now, n);
    return decision;
  }
};

// Admitted by all, it takes now and then from all but one.
struct SparesAMember : MultiUnderTest {
  std::atomic<uint32_t> admissions{0};
  LimiterDecision Take(size_t order, Nanos now, int64_t n) override {
    const LimiterDecision decision = MultiUnderTest::Take(order, now, n);
    if (decision && ++admissions % 4 == 0) first().Refund(now, n);
    return decision;
  }
};

template <typename Mistake>
void ExpectRefuted() {
  EXPECT_THAT(FirstRefutedBurst<Mistake>(200), HasSubstr("not linearizable"));
}

TEST(MistakenMultiLimiterTest, WhatIsNotGivenBackIsFound) { ExpectRefuted<KeepsWhatItTook>(); }
TEST(MistakenMultiLimiterTest, AMemberThatIsSparedIsFound) { ExpectRefuted<SparesAMember>(); }

}  // namespace
}  // namespace spillway::testing
