// Making and changing a bucket. The calls themselves are in bucket.cc.
#include "spillway/limiter/bucket.h"

namespace spillway {
namespace {

__extension__ using SignedWide = __int128;

// Rounded up.
SignedWide DividedUp(SignedWide value, SignedWide by) { return value / by + (value % by > 0); }

// How far ahead the word is on the new clock with the tokens that were there, or the level of a
// leaky bucket. Rounded up, so that no part of a token comes from nowhere.
uint64_t Inherit(const Bucket::View& from, const BucketScale& to, Inheritance inheritance) {
  const SignedWide token = to.clock.token();
  const SignedWide token_before = from.scale.clock.token();
  const auto ahead = static_cast<SignedWide>(from.ahead);
  SignedWide next = 0;
  if (inheritance == Inheritance::kProportional) {
    next = DividedUp(ahead * to.limit() * token, from.scale.limit() * token_before);
  } else if (inheritance == Inheritance::kKeep && to.size.room == 0) {
    const SignedWide there = static_cast<SignedWide>(from.scale.clock.capacity()) - ahead;
    next = static_cast<SignedWide>(to.clock.capacity()) -
           (there >= 0 ? there * token / token_before : -DividedUp(-there * token, token_before));
  } else if (inheritance != Inheritance::kReset) {
    next = DividedUp(ahead * token, token_before);
  }
  const auto most = static_cast<SignedWide>(to.most());
  const auto whole = static_cast<uint64_t>(std::clamp<SignedWide>(next, 0, most - 3)) + 3;
  return whole / BucketWord::kScales * BucketWord::kScales;
}

}  // namespace

Bucket::Bucket(BucketMemory* memory, const Size& size, int32_t initial_tokens, bool counted,
               bool dry_run, bool shared)
    : memory_(memory),
      clock_(BucketScale::Of(size, 0).clock),
      counts_(counted, dry_run, shared),
      most_(BucketScale{clock_, size, 0}.most()),
      initially_ahead_(clock_.capacity() -
                       clock_.token() *
                           std::min(static_cast<uint64_t>(initial_tokens), clock_.burst())),
      shared_(shared),
      made_(size) {
  // So that a word of a scale that never was, left by whoever shares the memory, has a clock too.
  for (BucketScaleCell& cell : changed_) cell.Store(ScaleAsMade());
}

Bucket::Size Bucket::size() const noexcept {
  BucketScale scale = ScaleAsMade();
  LoadWord(&scale);
  return scale.size;
}

bool Bucket::Change(const Size& size, bool dry_run, Inheritance inheritance, Nanos now,
                    Error* error) noexcept {
  // (36) acquire: pairs with (37). What the change before wrote comes before what this one writes.
  if (changing_.exchange(true, std::memory_order_acquire)) {
    SetError(error, StatusCode::kBusy, "another change is under way");
    return false;
  }
  const bool good = ChangeAlone(size, dry_run, inheritance, now, error);
  // (37) release: pairs with (36).
  changing_.store(false, std::memory_order_release);
  return good;
}

bool Bucket::ChangeAlone(const Size& size, bool dry_run, Inheritance inheritance, Nanos now,
                         Error* error) noexcept {
  const bool same = size == this->size();
  if (shared_ && !same) {
    SetError(error, StatusCode::kUnsupported,
             "rate and burst cannot change in memory that processes share");
    return false;
  }
  if ((!same || inheritance != Inheritance::kKeep) && !ChangeScale(size, inheritance, now)) {
    SetError(error, StatusCode::kBusy, "calls leave no moment to change the rate in");
    return false;
  }
  counts_.set_dry_run(dry_run);
  return true;
}

// False, with nothing changed, when others took tokens faster than this can keep up with, for about
// a tenth of a second.
bool Bucket::ChangeScale(const Size& size, Inheritance inheritance, Nanos now) noexcept {
  constexpr int kMostTries = 1'000'000;
  // Back at an older time, the same time would be paid once more, at the new rate. A reset pays
  // nothing: it fills the bucket, and time may begin again with it.
  if (inheritance != Inheritance::kReset) now = std::max(now, changed_at_);
  changed_at_ = now;
  View view = Look(now);
  const uint64_t scale = BucketWord(view.time).scale() == 2 ? 3 : 2;
  const BucketScale next = BucketScale::Of(size, view.scale.change + 1);
  changed_[scale % 2].Store(next);
  const uint64_t time = next.clock.At(now) | scale;
  for (int i = 0; i < kMostTries; ++i, view = Look(now)) {
    // (34) release: pairs with (33) and (38).
    if (memory_->word.compare_exchange_strong(view.word, time + Inherit(view, next, inheritance),
                                              std::memory_order_release, std::memory_order_relaxed))
      return true;
  }
  return false;
}

}  // namespace spillway
