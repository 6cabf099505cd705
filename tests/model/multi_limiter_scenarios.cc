// The multi limiter: real ones, whose members are asked in different orders and by others.
#include <memory>

#include "spillway/limiter/multi_limiter.h"
#include "spillway/sync/thread_slot.h"
#include "tests/model/in_place.h"
#include "tests/model/scenarios.h"
#include "tests/support/policies.h"

namespace spillway::model {
namespace {

constexpr Nanos kNow = 10 * kNanosPerSecond;

TokenBucketSettings Tokens(double rate, int32_t burst) {
  return {.rate = rate, .burst = burst, .counted = false};
}

// Two members and two limiters, of which the second asks them the other way round.
struct MultiBase : Scenario {
  MultiBase(int32_t of_first, int32_t of_second, const MultiLimiterSettings& settings) {
    internal::thread_slot = internal::kNoThreadSlot;
    KeepForEachThread(&internal::thread_slot);
    const InPlace in_place;
    first = testing::MakePolicy<TokenBucket>(Tokens(1, of_first + 1), &memory[0]);
    second = testing::MakePolicy<TokenBucket>(Tokens(1, of_second + 1), &memory[1]);
    const MultiLimiterMember members[] = {*first, *second};
    const MultiLimiterMember reversed[] = {*second, *first};
    forwards = MultiLimiter::Make("", members, settings, nullptr, &counts[0], true);
    backwards = MultiLimiter::Make("", reversed, settings, nullptr, &counts[1], true);
    Takes(*first);
    Takes(*second);
  }

  static bool Takes(TokenBucket& bucket) { return static_cast<bool>(bucket.TryAcquire(kNow)); }
  void RequireTokens(const TokenBucket& bucket, int64_t tokens) {
    Require(bucket.Snapshot(kNow).tokens == tokens, "each token is somewhere, and once");
  }

  BucketMemory memory[2];
  MultiLimiterMemory counts[2];
  std::unique_ptr<TokenBucket> first;
  std::unique_ptr<TokenBucket> second;
  std::unique_ptr<MultiLimiter> forwards;
  std::unique_ptr<MultiLimiter> backwards;
};

// The last token of each, wanted by two who ask in opposite order.
struct OppositeOrders final : MultiBase {
  explicit OppositeOrders(int32_t there)
      : MultiBase(there, there, {.counted = false}), all(there) {}
  void Run(int thread) override {
    admitted += static_cast<bool>((thread == 0 ? forwards : backwards)->TryAcquire(kNow));
  }
  void Check() override {
    Require(admitted <= all, "no token is taken twice");
    // Two may stand in each other's way; one alone is admitted then.
    const bool now = static_cast<bool>(forwards->TryAcquire(kNow));
    Require(now == (admitted < all), "what was given back can be taken");
    RequireTokens(*first, all - admitted - now);
    RequireTokens(*second, all - admitted - now);
  }
  int all;
  int admitted = 0;
};
const Registered<OppositeOrders> opposite("multi limiter: opposite orders, the last token", 2,
                                          {.preemptions = 4, .surprises = 2}, 1);
const Registered<OppositeOrders> opposite_three("multi limiter: opposite orders, two tokens", 3,
                                                {.preemptions = 3, .surprises = 1}, 2);

// The second member is emptied by one who uses it alone, and the first is used by another, so that
// it has moved when something is given back.
struct MembersOfOthers final : MultiBase {
  MembersOfOthers() : MultiBase(2, 1, {.counted = false}) {}
  void Run(int thread) override {
    if (thread == 0) {
      multi = static_cast<bool>(forwards->TryAcquire(kNow));
    } else if (thread == 1) {
      of_second = Takes(*second);
    } else {
      Require(Takes(*first), "there is one for each");
    }
  }
  void Check() override {
    Require(multi != of_second, "one of the two got the last token");
    RequireTokens(*first, 1 - multi);
    RequireTokens(*second, 0);
  }
  bool multi = false;
  bool of_second = false;
};
const Registered<MembersOfOthers> members_of_others("multi limiter: gives back what others moved",
                                                    3, {.preemptions = 3, .surprises = 1});

// The first member is changed while something is taken from it and given back.
struct MemberChanges final : MultiBase {
  MemberChanges() : MultiBase(1, 1, {.counted = false}) {}
  void Run(int thread) override {
    if (thread == 0) {
      multi = static_cast<bool>(forwards->TryAcquire(kNow));
    } else if (thread == 1) {
      of_second = Takes(*second);
    } else {
      Require(first->Reconfigure(Tokens(7, 5), Inheritance::kKeep, kNow, nullptr),
              "nothing stops the change");
    }
  }
  void Check() override {
    Require(multi != of_second, "one of the two got the last token");
    RequireTokens(*second, 0);
    const int64_t tokens = first->Snapshot(kNow).tokens;
    // What was taken under other options is not given back.
    Require(tokens == 0 || (tokens == 1 && !multi), "no token comes from nowhere");
    Require(first->Snapshot(kNow).burst == 5, "the options are the new ones");
  }
  bool multi = false;
  bool of_second = false;
};
const Registered<MemberChanges> member_changes("multi limiter: a member is changed meanwhile", 3,
                                               {.preemptions = 3, .surprises = 1});

struct Counted final : MultiBase {
  explicit Counted(bool is_dry_run)
      : MultiBase(1, 1, {.dry_run = is_dry_run}), dry_run(is_dry_run) {}
  void Run(int) override { admitted += static_cast<bool>(forwards->TryAcquire(kNow)); }
  void Check() override {
    const MultiLimiterSnapshot seen = forwards->Snapshot(kNow);
    Require(seen.total_admitted == 1, "nobody stands in the way of who asks in the same order");
    Require((dry_run ? seen.total_dry_run : seen.total_refused) == 2, "two did not get a token");
    Require(admitted == (dry_run ? 3 : 1), "a dry run refuses nobody");
    Require(seen.total_given_back <= 2, "at most those gave back");
  }
  bool dry_run;
  int admitted = 0;
};
const Registered<Counted> counted("multi limiter: each call is counted once", 3,
                                  {.preemptions = 2, .surprises = 0}, false);
const Registered<Counted> dry_counted("multi limiter: each call of a dry run is counted once", 3,
                                      {.preemptions = 2, .surprises = 0}, true);

}  // namespace
}  // namespace spillway::model
