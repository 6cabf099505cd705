// The calls that are made for each request. Nothing here allocates or throws.
#include "spillway/limiter/bucket.h"

#include <cstring>
#include <type_traits>

namespace spillway {
namespace {

// What is owed beyond an empty bucket once `cost` more is taken; 0: nothing.
uint64_t Owed(const TokenClock& clock, uint64_t ahead, uint64_t cost) {
  return ahead + cost <= clock.capacity() ? 0 : ahead + cost - clock.capacity();
}

}  // namespace

// ---- the word

// The number of the change is in the last word: written last and read first, so that who reads it
// reads a clock as old as it or newer.
void BucketScaleCell::Store(const BucketScale& scale) noexcept {
  uint64_t bits[kWords] = {};
  std::memcpy(bits, &scale, sizeof scale);
  // (31) release: pairs with (32). Whoever reads part of a new clock sees that its scale had been
  // left before.
  for (size_t i = 0; i < kWords; ++i) words_[i].store(bits[i], std::memory_order_release);
}

void BucketScaleCell::Load(BucketScale* scale) const noexcept {
  static_assert(std::is_trivially_copyable_v<BucketScale> &&
                sizeof(BucketScale) == kWords * sizeof(Word));
  for (size_t i = kWords; i-- > 0;) {
    // (32) acquire: pairs with (31).
    const uint64_t bits = words_[i].load(std::memory_order_acquire);
    // Word by word: whoever reads a field right after this need not wait for the others.
    std::memcpy(reinterpret_cast<char*>(scale) + i * sizeof bits, &bits, sizeof bits);
  }
}

bool BucketScaleCell::Holds(uint32_t change) const noexcept {
  return static_cast<uint32_t>(words_[kWords - 1].load(std::memory_order_relaxed)) == change;
}

// A word and the clock of that word, though both may have changed since.
BucketWord Bucket::LoadWord(BucketScale* scale) const noexcept {
  // (33) acquire: pairs with (34). Whoever sees a word of a scale sees its clock.
  BucketWord word(memory_->word.load(std::memory_order_acquire));
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (word.scale() <= BucketWord::kAsMade) {
      *scale = ScaleAsMade();
      break;
    }
    const BucketScaleCell& cell = changed_[word.scale() % 2];
    cell.Load(scale);
    const BucketWord before = word;
    // The word that counts is the one that is read after its clock: a clock that is newer than the
    // word came after the word had left that scale, which would then be seen. An older one is found
    // out by what the cell holds now.
    // (38) acquire: pairs with (34), as (33).
    word = BucketWord(memory_->word.load(std::memory_order_acquire));
    if (word.scale() == before.scale() && cell.Holds(scale->change)) break;
  }
  return word;
}

Bucket::View Bucket::Look(Nanos now) const noexcept {
  View view{.word = 0, .time = 0, .ahead = initially_ahead_, .next = kStay, .scale = ScaleAsMade()};
  const BucketWord word = LoadWord(&view.scale);
  view.word = word.bits();
  view.time = view.scale.clock.At(now) | std::max(word.scale(), BucketWord::kAsMade);
  if (view.word == BucketWord::kFresh) return view;
  const int64_t ahead = word.Ahead(view.time);
  view.ahead = ahead > 0 && ahead <= BucketWord::kMostAhead ? static_cast<uint64_t>(ahead) : 0;
  return view;
}

// For a fresh bucket that is not full, time begins with its first call, though that was refused.
// False: others were faster.
bool Bucket::BeginTime(const View& view) noexcept {
  if (view.word != BucketWord::kFresh || initially_ahead_ == 0) return true;
  uint64_t seen = view.word;
  return memory_->word.compare_exchange_strong(seen, view.time + view.ahead,
                                               std::memory_order_relaxed);
}

// Replaces how far ahead the word is by what `decide(view)` says, which is asked again when others
// were faster; kStay leaves it. Returns what the change was made from, and what was made of it:
// nothing, too, after kMaxAttempts.
template <class Decide>
Bucket::View Bucket::Update(Nanos now, const Decide& decide) noexcept {
  View view = Look(now);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt, view = Look(now)) {
    view.next = decide(view);
    if (view.next == kStay) {
      if (BeginTime(view)) return view;
      continue;
    }
    uint64_t seen = view.word;
    if (memory_->word.compare_exchange_strong(seen, view.time + view.next,
                                              std::memory_order_relaxed))
      return view;
  }
  view.next = kStay;
  return view;
}

LimiterDecision Bucket::Refuse(Refusal refusal, const View& view) noexcept {
  return counts_.Refuse(
      memory_->refused, memory_->dry_run,
      {.detail = view.ahead, .reason = static_cast<int32_t>(refusal), .change = view.scale.change});
}

// ---- taking

LimiterDecision Bucket::TryAcquireSlowly(Nanos now, int64_t n) noexcept {
  if (n < 0) return {.reason = static_cast<int32_t>(StatusCode::kMisuse)};
  const auto count = static_cast<uint64_t>(n);
  const View view = Update(now, [=](const View& from) {
    const TokenClock& clock = from.scale.clock;
    if (count == 0 || count > clock.burst() || Owed(clock, from.ahead, count * clock.token()) != 0)
      return kStay;
    return from.ahead + count * clock.token();
  });
  if (count == 0) return {.detail = view.ahead, .change = view.scale.change};
  if (view.next == kStay) {
    const bool never = count > view.scale.clock.burst();
    return Refuse(never ? Refusal::kExceedsLimit : Refusal::kExhausted, view);
  }
  counts_.Admit(memory_->admitted);
  return {.detail = view.next, .change = view.scale.change};
}

int64_t Bucket::AcquireUpTo(Nanos now, int64_t n) noexcept {
  if (n < 0) return -1;
  uint64_t taken = 0;
  const View view = Update(now, [&](const View& from) {
    const TokenClock& clock = from.scale.clock;
    const uint64_t there = from.ahead < clock.capacity() ? clock.capacity() - from.ahead : 0;
    taken = std::min(static_cast<uint64_t>(n), clock.Tokens(there));
    if (taken == 0) return kStay;
    return from.ahead + taken * clock.token();
  });
  if (view.next != kStay) {
    counts_.Admit(memory_->admitted);
    return static_cast<int64_t>(taken);
  }
  if (n == 0) return 0;
  const Decision decision = Refuse(Refusal::kExhausted, view);
  return decision ? n : 0;  // n: a dry run
}

LimiterDecision Bucket::ForceAcquire(Nanos now, int64_t n) noexcept {
  if (n < 0) return {.reason = static_cast<int32_t>(StatusCode::kMisuse)};
  const auto count = static_cast<uint64_t>(n);
  const View view = Update(now, [=](const View& from) {
    const TokenClock& clock = from.scale.clock;
    const uint64_t most = from.scale.most();
    const bool fits = from.ahead <= most && count <= clock.Tokens(most - from.ahead);
    return fits ? from.ahead + count * clock.token() : kStay;
  });
  if (view.next == kStay) return Refuse(Refusal::kExceedsLimit, view);
  counts_.Admit(memory_->admitted);
  return {.detail = view.next, .change = view.scale.change};
}

// ---- reserving

LimiterReservation Bucket::ReserveSlowly(Nanos now, int64_t n, Nanos max_wait) noexcept {
  if (n < 0) return {.decision = {.reason = static_cast<int32_t>(StatusCode::kMisuse)}};
  now = std::max<Nanos>(now, 0);
  const auto count = static_cast<uint64_t>(n);
  auto refused = Refusal{};
  Nanos delay = 0;
  const View view = Update(now, [&](const View& from) {
    const TokenClock& clock = from.scale.clock;
    refused = Refusal::kExceedsLimit;
    if (count > (max_wait > 0 ? from.scale.limit() : clock.burst())) return kStay;
    const uint64_t next = from.ahead + count * clock.token();
    delay = clock.Until(now, Owed(clock, from.ahead, count * clock.token()));
    const bool in_time = delay <= std::max<Nanos>(max_wait, 0);
    refused = in_time || max_wait <= 0 ? Refusal::kExhausted : Refusal::kExceedsWait;
    return in_time && next <= from.scale.most() ? next : kStay;
  });
  if (view.next == kStay)
    return {.act_at = now, .worthless_at = now, .decision = Refuse(refused, view)};
  counts_.Admit(memory_->admitted);
  return Reserved(now, n, delay, {.detail = view.next, .change = view.scale.change},
                  view.scale.clock);
}

void Bucket::Cancel(const Reservation& reservation, Nanos now) noexcept {
  const auto count = static_cast<uint64_t>(std::max<int64_t>(reservation.n, 0));
  Update(now, [&](const View& from) {
    const TokenClock& clock = from.scale.clock;
    // What it was worth under other options cannot be told, and too much would be a free token.
    if (from.scale.change != reservation.decision.change || count > from.scale.limit() ||
        now >= reservation.worthless_at)
      return kStay;
    const uint64_t all = count * clock.token();
    uint64_t worth = clock.At(reservation.worthless_at) - clock.At(now);
    if (reservation.worthless_at >= kForever - 1) {
      // Nobody knows when, past the end of time, it is worthless: all but what has flowed in since.
      const uint64_t since =
          clock.At(std::max(now, reservation.act_at)) - clock.At(reservation.act_at);
      worth = all - std::min(all, since);
    }
    return from.ahead - std::min({from.ahead, all, worth});
  });
}

void Bucket::Refund(Nanos now, int64_t n) noexcept {
  if (n <= 0) return;
  Update(now, [&](const View& from) {
    const TokenClock& clock = from.scale.clock;
    const bool all = static_cast<uint64_t>(n) > clock.Tokens(from.ahead);
    return all ? uint64_t{0} : from.ahead - static_cast<uint64_t>(n) * clock.token();
  });
}

// ---- taking in steps

Bucket::Plan Bucket::Prepare(Nanos now, int64_t n) const noexcept {
  const View view = Look(now);
  const TokenClock& clock = view.scale.clock;
  const auto count = static_cast<uint64_t>(n);
  Plan plan{.kind = Plan::Kind::kNever,
            .change = view.scale.change,
            .seen = view.word,
            .next = 0,
            .cost = 0};
  if (count <= clock.burst()) {
    plan.cost = count * clock.token();
    plan.next = view.time + view.ahead + plan.cost;
    plan.kind = Owed(clock, view.ahead, plan.cost) == 0 ? Plan::Kind::kTakes : Plan::Kind::kRefuses;
  }
  if (plan.kind != Plan::Kind::kTakes && counts_.dry_run()) plan.kind = Plan::Kind::kLetsPass;
  return plan;
}

void Bucket::PutBack(const Plan& plan, Nanos now) noexcept {
  Update(now, [&](const View& from) {
    // What it was worth under other options cannot be told, and too much would be a free token.
    if (from.scale.change != plan.change) return kStay;
    return from.ahead - std::min(from.ahead, plan.cost);
  });
}

// ---- looking

LimitStatus Bucket::Describe(const Decision& decision, Nanos now, int64_t n,
                             Nanos max_wait) const noexcept {
  now = std::max<Nanos>(now, 0);
  const View view = Look(now);
  // Under other options than those of the decision, what is there now says more.
  const uint64_t ahead = view.scale.change == decision.change ? decision.detail : view.ahead;
  LimitStatus status = Status(view.scale, ahead, now);
  if (decision.reason > 0)
    status.retry_after = RetryAfter(view.scale, ahead, now, n, std::max<Nanos>(max_wait, 0));
  return status;
}

// All but `retry_after`.
LimitStatus Bucket::Status(const BucketScale& scale, uint64_t ahead, Nanos now) noexcept {
  const TokenClock& clock = scale.clock;
  const uint64_t all = scale.limit() * clock.token();
  const uint64_t remaining = clock.Tokens(all - std::min(all, ahead));
  LimitStatus status{.remaining = static_cast<int64_t>(remaining),
                     .limit = static_cast<int64_t>(scale.limit()),
                     .reset_after = clock.Until(now, ahead)};
  if (remaining < scale.limit())
    status.next_after = clock.Until(now, ahead + (remaining + 1) * clock.token() - all);
  return status;
}

// Until a call for `n` need not wait longer than it may, and no more is owed than can be.
Nanos Bucket::RetryAfter(const BucketScale& scale, uint64_t ahead, Nanos now, int64_t n,
                         Nanos max_wait) noexcept {
  const TokenClock& clock = scale.clock;
  const auto count = static_cast<uint64_t>(n);
  if (count > scale.limit()) return kForever;
  const uint64_t cost = count * clock.token();
  if (clock.Until(now, Owed(clock, 0, cost)) > max_wait) return kForever;  // even when it is full
  const uint64_t next = ahead + cost;
  return std::max(clock.Until(now, Owed(clock, ahead, cost)) - max_wait,
                  clock.Until(now, next - std::min(next, scale.most())));
}

}  // namespace spillway
