#include "tests/kill/multi_limiter_subject.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "spillway/limiter/multi_limiter.h"
#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

struct Memory {
  BucketMemory members[2];
  MultiLimiterMemory counts;
};

struct Sizes {
  double rate;  // of both members; a token must take a whole number of nanoseconds
  int32_t first;
  int32_t second;
  bool counted = true;
};

// Two token buckets of one process on memory that it shares with others, and two limiters that ask
// them in opposite order and count together. Who is cut off has taken from none, from one or from
// both, so what is taken is a bound for each.
class Multi final : public ScriptedAttachment<Multi> {
 public:
  Multi(const Sizes& sizes, const Script<Multi>& script, void* memory)
      : ScriptedAttachment(script),
        token_(static_cast<Nanos>(kNanosPerSecond / sizes.rate)),
        counted_(sizes.counted),
        bursts_{sizes.first, sizes.second} {
    auto* const shared = static_cast<Memory*>(memory);
    for (int i = 0; i < 2; ++i) {
      const TokenBucketSettings settings{.rate = sizes.rate, .burst = bursts_[i]};
      buckets_[i] = MakePolicy<TokenBucket>(settings, &shared->members[i], true);
    }
    const MultiLimiterMember members[] = {*buckets_[0], *buckets_[1]};
    const MultiLimiterMember reversed[] = {*buckets_[1], *buckets_[0]};
    const MultiLimiterSettings settings{.counted = counted_};
    forwards_ = MultiLimiter::Make("", members, settings, nullptr, &shared->counts, true);
    backwards_ = MultiLimiter::Make("", reversed, settings, nullptr, &shared->counts, true);
  }

  void Prepare(Books& books) override {
    books.taken = {Flowed(), Flowed()};
    ScriptedAttachment::Prepare(books);
  }

  // For the scripts.
  MultiLimiter& limiter() { return *forwards_; }
  bool Take(int64_t n) {
    const bool taken = static_cast<bool>(forwards_->TryAcquire(now, n));
    books().Add(Took(taken, n));
    return taken;
  }
  static Done Took(bool taken, int64_t n) {
    return {.refused = !taken, .admitted = taken, .taken = taken ? n : 0};
  }

 private:
  void CheckAll() override;
  void CallAny(Random& random) override {
    const int64_t n = 1 + random.Below(2);
    const LimiterDecision decision = (random.OneIn(2) ? forwards_ : backwards_)->TryAcquire(now, n);
    books().Add(Took(static_cast<bool>(decision), n));
  }
  int64_t Flowed() const { return now / token_; }
  int64_t Tokens(int i) const { return buckets_[i]->Snapshot(now).tokens; }
  // Since time 0, as if the bucket had never been full.
  int64_t Taken(int i) const { return Flowed() + bursts_[i] - Tokens(i); }
  int64_t Least() const { return std::min(Tokens(0), Tokens(1)); }
  void CheckTotals();
  void CheckArrival();
  void CheckWhatIsThere();
  void Fill();

  Nanos token_;
  bool counted_;
  int32_t bursts_[2];
  std::unique_ptr<TokenBucket> buckets_[2];
  std::unique_ptr<MultiLimiter> forwards_;
  std::unique_ptr<MultiLimiter> backwards_;
};

// ---- what must hold, whoever was cut off where

void Multi::CheckAll() {
  CheckArrival();
  CheckWhatIsThere();
  Fill();
  while (Least() > 0) Expect(Take(1), "what is there can be taken");
  for (int i = 0; i < 50; ++i) {
    now += token_;
    Expect(Take(1), "a token comes to each in its time");
    Expect(!Take(1), "and no other with it");
  }
  // Empty, or full: who is late takes or gives back where most would come of it.
  if (books().rest != 0) Fill();
  CheckTotals();
  books().taken = {std::min(Taken(0), Taken(1)), std::max(Taken(0), Taken(1))};
}

void Multi::CheckTotals() {
  const MultiLimiterSnapshot snapshot = forwards_->Snapshot(now);
  if (counted_) {
    Expect(books().admitted.Hold(snapshot.total_admitted), "an admission was not counted once");
    Expect(books().refused.Hold(snapshot.total_refused), "a refusal was not counted once");
  }
  for (const auto& bucket : buckets_) {
    Expect(books().admitted.Hold(bucket->Snapshot(now).total_admitted),
           "a member counted what was not taken from it, or did not count what was");
  }
}

void Multi::CheckArrival() {
  CheckTotals();
  // Of a call that came with another time than who moved the member since, giving back may mint.
  const auto raced = static_cast<int64_t>(forwards_->Snapshot(now).total_given_back);
  for (int i = 0; i < 2; ++i) {
    Expect(Taken(i) >= books().taken.least - 2 * raced, "a token came from nowhere");
    Expect(Taken(i) <= books().taken.most, "more was lost than was taken by those cut off");
    Expect(Tokens(i) <= bursts_[i], "there are more tokens than the burst");
  }
}

void Multi::CheckWhatIsThere() {
  for (int64_t i = Least(); i > 0; --i) Expect(Take(1), "a token that is there is taken");
  Expect(!Take(1), "who wants more is refused");
}

void Multi::Fill() {
  for (const auto& bucket : buckets_) now += bucket->Snapshot(now).time_to_full_ns;
  Expect(Tokens(0) == bursts_[0] && Tokens(1) == bursts_[1], "it fills in its time");
}

// ---- the operations

void Nothing(Multi&) {}
void OneTaken(Multi& on) { on.Take(1); }
void TwoTaken(Multi& on) { on.Take(2); }

template <int64_t n>
Done Take(Multi& on) {
  const bool taken = static_cast<bool>(on.limiter().TryAcquire(on.now, n));
  // Late, it gives back what it took of one: no more than it took, to whom it had not been lost.
  return {.refused = !taken, .admitted = taken, .taken = taken ? n : -n};
}
Done Refused(Multi& on) {
  return Multi::Took(static_cast<bool>(on.limiter().TryAcquire(on.now)), 1);
}
Done TooMany(Multi& on) {
  return Multi::Took(static_cast<bool>(on.limiter().TryAcquire(on.now, 3)), 3);
}
Operation Make(const char* name, const Sizes& sizes, void (*prepare)(Multi&), Done (*run)(Multi&),
               const Done& whole) {
  return MakeOperation<Multi>(name, sizeof(Memory), sizes, {prepare, run}, whole);
}

constexpr Done kRefused = {.refused = 1};

}  // namespace

Subject MultiLimiterSubject() {
  const Sizes sizes{.rate = 1, .first = 3, .second = 2};
  const Sizes uncounted{.rate = 1, .first = 3, .second = 2, .counted = false};
  // Less flows in than the storm takes, so that they are never full.
  const Sizes scarce{.rate = 50'000, .first = 50, .second = 50};
  return {
      .name = "multi limiter",
      .operations =
          {
              Make("admit", sizes, OneTaken, Take<1>, {.admitted = 1, .taken = 1}),
              Make("admit two, first call", uncounted, Nothing, Take<2>,
                   {.admitted = 1, .taken = 2}),
              Make("refuse by the second", sizes, TwoTaken, Refused, kRefused),
              Make("refuse for good", sizes, OneTaken, TooMany, kRefused),
          },
      .storm = Make("storm", scarce, OneTaken, Take<1>, {.refused = 1, .admitted = 1, .taken = 2})};
}

}  // namespace spillway::testing
