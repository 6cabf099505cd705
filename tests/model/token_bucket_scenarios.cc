// The token bucket.
#include <array>

#include "spillway/limiter/token_bucket.h"
#include "tests/model/scenarios.h"
#include "tests/model/token_bucket_base.h"

namespace spillway::model {
namespace {

using Settings = TokenBucketSettings;

// More who take than there are tokens.
struct Takers final : BucketBase {
  Takers(int32_t there, bool fresh) : BucketBase(Small(1, there + !fresh)), tokens(there) {
    if (!fresh) Takes(kNow);
  }
  void Run(int) override { admitted += Takes(kNow); }
  void Check() override {
    Require(admitted == tokens, "as many are admitted as there are tokens");
    RequireTokens(0, kNow);
    Require(At(kNow + kSecond - 1).tokens == 0 && At(kNow + kSecond).tokens == 1,
            "the next token comes in its time");
  }
  int32_t tokens;
  int32_t admitted = 0;
};
const Registered<Takers> last_token("token bucket: the last token is taken once", 3,
                                    {.preemptions = 3, .surprises = 2}, 1, false);
const Registered<Takers> two_tokens("token bucket: two tokens are taken by two", 3,
                                    {.preemptions = 3, .surprises = 1}, 2, false);
const Registered<Takers> first_token("token bucket: the only token of a fresh bucket", 3,
                                     {.preemptions = 3, .surprises = 1}, 1, true);

// Who takes what is there, beside one who takes one and one who takes on credit.
struct TakesWhatIsThere final : BucketBase {
  TakesWhatIsThere() : BucketBase(Small(1, 4)) { Takes(kNow); }
  void Run(int thread) override {
    if (thread == 0) {
      taken += bucket->AcquireUpTo(kNow, 2);
    } else if (thread == 1) {
      taken += Takes(kNow, 2) ? 2 : 0;
    } else {
      taken += bucket->ForceAcquire(kNow, 1) ? 1 : 0;
    }
  }
  void Check() override {
    Require(taken >= 3, "no token is left that somebody wanted");
    RequireTokens(3 - taken, kNow);
  }
  int64_t taken = 0;
};
const Registered<TakesWhatIsThere> takes_what_is_there("token bucket: taking what is there", 3,
                                                       {.preemptions = 2, .surprises = 1});

// Tokens that come back, by one way or the other, while others take.
struct GivesBack final : BucketBase {
  explicit GivesBack(bool cancels) : BucketBase(Small(1, 2)), cancel(cancels) {
    reservation = bucket->Reserve(kNow, 1, 0);
  }
  void Run(int thread) override {
    if (thread != 0) {
      admitted += Takes(kNow);
    } else if (cancel) {
      bucket->Cancel(reservation, kNow);
    } else {
      bucket->Refund(kNow, 1);
    }
  }
  void Check() override {
    Require(admitted >= 1, "the token that nobody had is taken");
    RequireTokens(2 - admitted, kNow);
  }
  bool cancel;
  LimiterReservation reservation;
  int32_t admitted = 0;
};
const Registered<GivesBack> cancels("token bucket: a cancel mints and loses nothing", 3,
                                    {.preemptions = 3, .surprises = 1}, true);
const Registered<GivesBack> refunds("token bucket: a refund mints and loses nothing", 3,
                                    {.preemptions = 3, .surprises = 1}, false);

// Each waits for a token of its own, and no longer than it must.
struct Reservations final : BucketBase {
  Reservations() : BucketBase(Small(1, 1)) { Takes(kNow); }
  void Run(int thread) override {
    const LimiterReservation got = bucket->Reserve(kNow, 1, 2 * kSecond);
    if (!got) return;
    slots[thread] = static_cast<int>((got.act_at - kNow) / kSecond);
    Require(got.act_at == kNow + slots[thread] * kSecond, "a token comes on a whole second");
  }
  void Check() override {
    int seen[3] = {};
    for (const int slot : slots) ++seen[slot];
    Require(seen[1] == 1 && seen[2] == 1, "each token within the wait has one owner");
    Require(seen[0] == 1, "who would wait longer is refused");
    RequireTokens(-2, kNow);
  }
  int slots[3] = {};  // 0: refused
};
const Registered<Reservations> reservations("token bucket: two reserve two tokens", 3,
                                            {.preemptions = 3, .surprises = 1});

// An empty bucket fills from its first call on, whoever makes it.
struct FirstCalls final : BucketBase {
  static Settings Empty() {
    Settings settings = Small(1, 2);
    settings.initial_tokens = 0;
    return settings;
  }
  FirstCalls() : BucketBase(Empty()) {}
  void Run(int) override {
    admitted += Takes(kNow);
    admitted += Takes(kNow + kSecond);
  }
  void Check() override {
    Require(admitted == 1, "a second brings one token");
    RequireTokens(0, kNow + kSecond);
  }
  int admitted = 0;
};
const Registered<FirstCalls> first_calls("token bucket: time begins once", 2,
                                         {.preemptions = 3, .surprises = 2});

// In memory that processes share, where all count in one cell.
struct Counts final : BucketBase {
  static Settings Counted(bool dry_run) {
    Settings settings = Small(1, 1);
    settings.counted = true;
    settings.dry_run = dry_run;
    return settings;
  }
  explicit Counts(bool is_dry_run) : BucketBase(Counted(is_dry_run), true), dry_run(is_dry_run) {}
  void Run(int) override { admitted += Takes(kNow); }
  void Check() override {
    const TokenBucketSnapshot snapshot = At(kNow);
    Require(snapshot.total_admitted == 1, "one got the token");
    Require((dry_run ? snapshot.total_dry_run : snapshot.total_refused) == 2, "two did not");
    Require(admitted == (dry_run ? 3 : 1), "a dry run refuses nobody");
  }
  bool dry_run;
  int admitted = 0;
};
const Registered<Counts> counts("token bucket: each call is counted once", 3,
                                {.preemptions = 2, .surprises = 0}, false);
const Registered<Counts> dry_counts("token bucket: each call of a dry run is counted once", 3,
                                    {.preemptions = 2, .surprises = 0}, true);

// ---- changes of the rate

// The options before the first change, after it, and so on. All tokens are kept, so every one of
// them has as many.
constexpr double kRates[] = {1, 3, 7, 11};
constexpr int32_t kBursts[] = {2, 3, 4, 5};

struct Changes : BucketBase {
  // Made with the first, changed `before` times and with one token left.
  explicit Changes(int before) : BucketBase(Small(kRates[0], kBursts[0])) {
    Takes(kNow);
    for (int i = 1; i <= before; ++i) Change(i);
  }
  bool Change(int to) {
    return bucket->Reconfigure(Small(kRates[to], kBursts[to]), Inheritance::kKeep, kNow, nullptr);
  }
  // Times after which the bucket is full, with so many tokens missing.
  static Nanos TimeToFull(int options, int64_t missing) {
    const auto per_second = static_cast<int64_t>(kRates[options]);
    return (missing * kSecond + per_second - 1) / per_second;
  }
  // What belongs together does.
  void Look(int64_t most, int64_t least) {
    const TokenBucketSnapshot seen = At(kNow);
    Require(least <= seen.tokens && seen.tokens <= most, "no token comes or goes");
    const int options = seen.burst - kBursts[0];
    Require(0 <= options && options < 4, "the burst is one that there was");
    const Nanos expected = TimeToFull(options, seen.burst - seen.tokens);
    // A change rounds what is missing up to a whole unit of its clock.
    const Nanos off = seen.time_to_full_ns - expected;
    Require(0 <= off && off <= 8, "the clock is that of the burst");
  }
};

// A change while two want the last token.
struct ChangeOfTakers final : Changes {
  explicit ChangeOfTakers(int changes_before) : Changes(changes_before), before(changes_before) {}
  void Run(int thread) override {
    if (thread == 0) {
      Require(Change(before + 1), "nothing stops the change");
    } else {
      admitted += Takes(kNow);
    }
  }
  void Check() override {
    Require(admitted == 1, "the token that is kept is taken once");
    Look(0, 0);
    Require(At(kNow).burst == kBursts[before + 1], "the options are the new ones");
    Require(bucket->settings().rate == kRates[before + 1], "all of them");
  }
  int before;
  int admitted = 0;
};
const Registered<ChangeOfTakers> first_change("token bucket: a token is kept through a change", 3,
                                              {.preemptions = 2, .surprises = 1}, 0);
const Registered<ChangeOfTakers> next_change("token bucket: and through the next one", 3,
                                             {.preemptions = 2, .surprises = 1}, 1);

// Two changes bring the same cell again, with another clock, while somebody reads it.
struct ChangesOfReader final : Changes {
  explicit ChangesOfReader(bool takes) : Changes(1), takes_too(takes) {}
  void Run(int thread) override {
    if (thread == 0) {
      Require(Change(2) && Change(3), "nothing stops the changes");
    } else if (takes_too) {
      admitted += Takes(kNow);
      Look(0, 0);
    } else {
      Look(1, 1);
    }
  }
  void Check() override {
    Require(admitted == takes_too, "the token that is kept can be taken");
    Look(1 - admitted, 1 - admitted);
  }
  bool takes_too;
  int admitted = 0;
};
const Registered<ChangesOfReader> read_torn("token bucket: a clock is read whole, with its word", 2,
                                            {.preemptions = 2, .surprises = 2}, false);
const Registered<ChangesOfReader> take_torn("token bucket: a token is priced by its own clock", 2,
                                            {.preemptions = 2, .surprises = 1}, true);

// Two who change it: one after the other, or one is told that the other is at it.
struct TwoChanges final : Changes {
  TwoChanges() : Changes(0) {}
  void Run(int thread) override { done[thread] = Change(thread + 1); }
  void Check() override {
    Require(done[0] || done[1], "one of them is done");
    Look(1, 1);
    const int options = At(kNow).burst - kBursts[0];
    Require(options >= 1 && done[options - 1], "what was refused is not in force");
    if (!done[0] || !done[1])
      Require(bucket->TryAcquire(kNow, 0).change == 1, "and counts as no change");
  }
  bool done[2] = {};
};
const Registered<TwoChanges> two_changes("token bucket: one change at a time", 2,
                                         {.preemptions = 2, .surprises = 2});

}  // namespace
}  // namespace spillway::model
