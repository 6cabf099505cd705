#include "tests/kill/keyed_limiter_attachment.h"

#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

constexpr int64_t kUnits = 4096;  // of the clock, a token

}  // namespace

KeyedLimiterAttachment::KeyedLimiterAttachment(const KeyedLimiterSettings& settings,
                                               const Script<KeyedLimiterAttachment>& script,
                                               void* memory)
    : ScriptedAttachment(script),
      settings_(settings),
      token_(static_cast<Nanos>(kNanosPerSecond / settings.rate)),
      memory_(static_cast<KeyedLimiterMemory*>(memory)),
      limiter_(MakePolicy<KeyedLimiter>(settings, memory, true)) {}

void KeyedLimiterAttachment::Prepare(Books& books) {
  ScriptedAttachment::Prepare(books);
  books.taken = {books.taken.least + Taken(), books.taken.most + Taken()};
}

// ---- calls that are booked

bool KeyedLimiterAttachment::Take(uint64_t key, int64_t n) {
  const bool taken = static_cast<bool>(limiter_->TryAcquire(now, Key(key), n));
  books().Add({.refused = !taken, .admitted = taken});
  return taken;
}

void KeyedLimiterAttachment::FillTable(int64_t n) {
  for (uint64_t key = 1; key <= kCells; ++key) Take(key, n);
}

// As a process leaves it behind that is killed while it enters the key.
void KeyedLimiterAttachment::LeaveClaim(uint64_t key) {
  auto* set = reinterpret_cast<KeyedLimiterSet*>(memory_ + 1);
  const auto full_at = static_cast<uint64_t>(now / token_ * kUnits + kUnits);
  set->cells[0].store(KeyedLimiterWord::Claimed(KeyedLimiterWord::TagOf(Key(key)), full_at).bits(),
                      std::memory_order_relaxed);
}

// What the cells hold, in tokens to the nearest, and what was forgiven.
int64_t KeyedLimiterAttachment::Taken() const {
  auto taken = static_cast<int64_t>(limiter_->Snapshot(now).total_forgiven_tokens);
  for (uint64_t key = 1; key <= kKeys; ++key) {
    const LimiterDecision there = limiter_->TryAcquire(now, Key(key), 0);
    taken += (static_cast<int64_t>(there.detail) + kUnits / 2) / kUnits;
  }
  return taken;
}

// ---- what must hold, whoever was cut off where

void KeyedLimiterAttachment::CheckAll() {
  CheckTotals("admissions before were counted once, the one cut off at most once",
              "refusals before were counted once, the one cut off at most once");
  Expect(Taken() >= books().taken.least, "no token came from nowhere");
  Expect(Taken() <= books().taken.most, "no token was lost but those cut off");
  CheckKeys();
  // By now nothing that was left behind counts any more, and the latest time moves on.
  now += 100 * token_;
  Expect(limiter_->CountLiveKeys(now) == 0, "all keys are as good as new");
  CheckTable();
  // Each key has one taken, or all: who is late takes or gives back where most comes of it.
  now += 100 * token_;
  FillTable(books().rest == 0 ? 1 : settings_.burst);
  CheckTotals("each admission was counted once", "each refusal was counted once");
  books().taken = {Taken(), Taken()};
}

void KeyedLimiterAttachment::CheckTotals(const char* admitted, const char* refused) {
  const KeyedLimiterSnapshot seen = limiter_->Snapshot(now);
  if (settings_.counted) {
    Expect(books().admitted.Hold(seen.total_admitted + seen.total_admitted_without_cell), admitted);
    Expect(books().refused.Hold(seen.total_refused + seen.total_refused_without_cell), refused);
  } else {
    Expect(seen.total_admitted + seen.total_refused == 0, "nothing is counted");
  }
}

// Each key that has a cell has what is there, and no more; and one token comes in its time.
void KeyedLimiterAttachment::CheckKeys() {
  for (uint64_t key = 1; key <= kKeys; ++key) {
    const LimiterDecision seen = limiter_->TryAcquire(now, Key(key), 0);
    if (seen.detail == 0) continue;
    const int64_t there = limiter_->Describe(seen, now, 0).remaining;
    for (int64_t i = 0; i < there; ++i) Expect(Take(key, 1), "a token that is there is taken");
    Expect(!Take(key, 1), "who wants more is refused");
  }
  now += 3 * token_;
  for (int i = 0; i < 20; ++i) {
    Expect(Take(1, 3), "a burst is there again");
    now += 3 * token_;
  }
}

// A table that is empty has room for as many keys as it has cells.
void KeyedLimiterAttachment::CheckTable() {
  FillTable(3);
  Expect(limiter_->CountLiveKeys(now) == kCells, "each cell is a key's");
  for (uint64_t key = 1; key <= kCells; ++key) Expect(!Take(key, 1), "which has used it up");
  Expect(!Take(1, 4), "more than the burst is refused");
  for (uint64_t key = 1; key <= kCells; ++key) {
    limiter_->Refund(now, Key(key), 1);
    Expect(Take(key, 1) && !Take(key, 1), "a token that comes back is there once");
  }
  now += token_;
  for (uint64_t key = 1; key <= kCells; ++key) {
    Expect(Take(key, 1), "a token comes in its time");
    Expect(!Take(key, 1), "and no other with it");
  }
  limiter_->Forget(Key(1));
  Expect(limiter_->CountLiveKeys(now) == kCells - 1, "a key is forgotten");
  Expect(Take(kKeys, 3), "and leaves its cell to another");
}

// ---- storm

// Some keys take until they are used up, the others come and go.
void KeyedLimiterAttachment::CallAny(Random& random) {
  const uint64_t key = 1 + random.Below(kKeys);
  const int64_t n = 1 + random.Below<int64_t>(2);
  if (!Take(key, n)) return;
  const int64_t back = key > 4 ? n : random.Below(n + 1);
  limiter_->Refund(now, Key(key), back);
  books().taken.Add(n - back);
}

}  // namespace spillway::testing
