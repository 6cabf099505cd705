#include "tests/kill/token_bucket_attachment.h"

#include <algorithm>

#include "tests/support/policies.h"

namespace spillway::testing {
TokenBucketAttachment::TokenBucketAttachment(const TokenBucketSettings& settings,
                                             const Script<TokenBucketAttachment>& script,
                                             void* memory)
    : ScriptedAttachment(script),
      settings_(settings),
      token_(static_cast<Nanos>(kNanosPerSecond / settings.rate)),
      memory_(static_cast<BucketMemory*>(memory)),
      bucket_(MakePolicy<TokenBucket>(settings, memory, true)),
      leaky_(MakePolicy<LeakyBucket>({.rate = settings.rate,
                                      .capacity = settings.burst + 1,
                                      .free = settings.burst,
                                      .counted = settings.counted},
                                     memory, true)) {}

void TokenBucketAttachment::Prepare(Books& books) {
  books.taken = Untouched();
  ScriptedAttachment::Prepare(books);
}

// ---- calls that are booked

// `taken` counts from a bucket that was never full and held nothing at time 0: what is there is
// what has flowed in less what was taken, for as long as it does not fill.
Bounds TokenBucketAttachment::Untouched() const {
  const int64_t there = warms_up() ? 0 : std::min(settings_.initial_tokens, settings_.burst);
  return {Flowed() - there, Flowed() - there};
}

void TokenBucketAttachment::StartAt(Nanos start) {
  now = start;
  books().taken = Untouched();
}

bool TokenBucketAttachment::Take(int64_t n) {
  const bool taken = static_cast<bool>(bucket_->TryAcquire(now, n));
  books().Add({.refused = !taken, .admitted = taken, .taken = taken ? n : 0});
  return taken;
}

void TokenBucketAttachment::Reserve(int64_t n, Nanos max_wait) {
  reservation = bucket_->Reserve(now, n, max_wait);
  const bool taken = static_cast<bool>(reservation);
  books().Add({.refused = !taken, .admitted = taken, .taken = taken ? n : 0});
}

// ---- what must hold, whoever was cut off where

void TokenBucketAttachment::CheckAll() {
  CheckArrival();
  if (warms_up()) {
    CheckGate();
  } else {
    CheckWhatIsThere();
    CheckFlow();
    CheckGivingBack();
    CheckFull();
  }
  // Empty, or full: who is late takes or gives back where most would come of it.
  if (books().rest != 0) now += settings_.burst * token_;
  CheckTotals("each admission was counted once", "each refusal was counted once");
  books().taken = {Flowed() - Tokens(), Flowed() - Tokens()};
}

void TokenBucketAttachment::CheckTotals(const char* admitted, const char* refused) {
  const TokenBucketSnapshot snapshot = bucket_->Snapshot(now);
  if (settings_.counted) {
    Expect(books().admitted.Hold(snapshot.total_admitted), admitted);
    Expect(books().refused.Hold(snapshot.total_refused), refused);
  } else {
    Expect(snapshot.total_admitted == 0 && snapshot.total_refused == 0, "nothing is counted");
  }
}

// What was cut off took or gave back all its tokens or none, and may not have been counted yet.
void TokenBucketAttachment::CheckArrival() {
  CheckTotals("admissions before were counted once, the one cut off at most once",
              "refusals before were counted once, the one cut off at most once");
  Expect(Flowed() - Tokens() >= books().taken.least, "no token came from nowhere");
  Expect(Flowed() - Tokens() <= books().taken.most, "no token was lost but those cut off");
  Expect(Tokens() <= settings_.burst, "there are never more tokens than the burst");
}

// All of it can be taken, and no more; what is owed is waited for.
void TokenBucketAttachment::CheckWhatIsThere() {
  const int64_t there = Tokens();
  if (there < 0) now += -there * token_;
  for (int64_t i = 0; i < there; ++i) Expect(Take(1), "a token that is there is taken");
  Expect(Tokens() == 0 && !Take(1), "who wants more is refused");
}

// As many come in a time as should.
void TokenBucketAttachment::CheckFlow() {
  for (int i = 0; i < 50; ++i) {
    now += token_;
    Expect(Take(1), "a token comes in its time");
    Expect(!Take(1), "and no other with it");
  }
}

void TokenBucketAttachment::CheckGivingBack() {
  for (int i = 0; i < 10; ++i) {
    const Nanos full = bucket_->Snapshot(now).time_to_full_ns;
    Reserve(1, kForever);
    Expect(reservation.act_at == now + full - (settings_.burst - 1) * token_,
           "a reservation has the next token");
    bucket_->Cancel(reservation, now);
    Expect(Tokens() == 0, "and gives it back");
    now += token_;
    Take(1);
    bucket_->Refund(now, 1);
    Expect(Take(1) && !Take(1), "a token that comes back is there once");
  }
}

// However long nobody comes.
void TokenBucketAttachment::CheckFull() {
  now += 3 * settings_.burst * token_;
  Expect(!Take(settings_.burst + 1), "more than the burst is refused");
  Expect(bucket_->AcquireUpTo(now, settings_.burst + 1) == settings_.burst, "it is full");
  books().admitted.Add(1);
  Expect(!Take(1), "and then empty");
}

// Of a bucket that warms up, where all tokens cost the same.
void TokenBucketAttachment::CheckGate() {
  const auto closed = [&] { return bucket_->Snapshot(now).time_to_full_ns; };
  if (closed() == 0) Take(1);  // from here on times are whole units
  for (int i = 0; i < 50; ++i) {
    now += closed();
    Expect(Take(1), "a gate opens in its time");
    Expect(!Take(1) && closed() == token_, "and one passes, who is paid for");
  }
  for (int i = 0; i < 10; ++i) {
    const Nanos before = closed();
    Reserve(1, kForever);
    Expect(reservation.act_at == now + before, "a reservation is for when the gate opens");
    bucket_->Cancel(reservation, now);
    Expect(closed() == before, "and gives its time back");
  }
  now += kLongIdle;
  Expect(bucket_->AcquireUpTo(now, settings_.burst + 1) == settings_.burst, "it is open");
  books().admitted.Add(1);
  Expect(!Take(1) && closed() == settings_.burst * token_, "and then closed");
}

// ---- storm

void TokenBucketAttachment::CallAny(Random& random) {
  switch (random.Below(20)) {
    case 0: {
      const int64_t taken = bucket_->AcquireUpTo(now, 3);
      books().Add({.refused = taken == 0, .admitted = taken != 0, .taken = taken});
      break;
    }
    case 1:
      bucket_->ForceAcquire(now, 1);
      books().Add({.admitted = 1, .taken = 1});
      break;
    case 2:
    case 3:
      Reserve(2, 10 * token_);
      if (!reservation || random.OneIn(2)) break;
      bucket_->Cancel(reservation, now);
      books().taken.Add(-2);
      break;
    case 4:
      if (!Take(2)) break;
      bucket_->Refund(now, 1);
      books().taken.Add(-1);
      break;
    default:
      Take(1 + random.Below(3));
  }
}

}  // namespace spillway::testing
