// The calls that are made for each request. Nothing here allocates or throws.
//
// All cells of a set are read first, then the latest time that everybody must know of: whoever sees
// a cell sees a time that is at most `lag_` before the one it was written at, so that no cell that
// still counts looks like one whose time has passed.
//
// A key has one cell. To enter it, a cell is claimed, all others are looked at again, and only if
// none is the key's the claim is turned into what is taken. So of two calls that enter the same key
// in two cells at least one sees the other. The claim in the lower cell goes first, and whoever
// completes it cancels the others. A claim that its owner left behind is anybody's to complete, or
// another key's once its time has passed.
//
// A cell that was used is never empty again, also by a reset, and a cancelled claim is another
// word: what a call that was stopped expects there, nobody brings back. (docs/guarantees.md has the
// exception, in which a key loses its cell before its time.)
#include "spillway/limiter/keyed_limiter.h"

#include <algorithm>

namespace spillway {

// ---- a set

// Finds the cell of a key, or one that can be its.
KeyedLimiter::View KeyedLimiter::Look(Nanos now, KeyHash key) const noexcept {
  View view;
  view.cells = CellsOf(key);
  view.tag = KeyedLimiterWord::TagOf(key);
  uint64_t words[kWordsOfSet];
  for (size_t i = 0; i < kWordsOfSet; ++i) {
    // (64) acquire: pairs with (61) and (63).
    words[i] = view.cells[i].load(std::memory_order_acquire);
  }
  view.newest = memory_->newest.load(std::memory_order_relaxed);
  view.time = std::max(clock_.Units(now), view.newest);
  view.moves_time = view.time - view.newest > lag_;
  uint64_t least = ~uint64_t{0};
  for (size_t i = 0; i < kWordsOfSet; ++i) {
    const size_t index = IndexOf(key, i);
    const KeyedLimiterWord word(words[index]);
    if (word.IsOf(view.tag)) {
      view.Choose(Cell::kOfKey, index, word);
      view.ahead = word.Ahead(view.time, span_);
      return view;
    }
    // A claim of the key is completed before another cell is looked for: the lowest.
    if (word.tag() == view.tag) {
      if (view.cell != Cell::kClaimed || index < view.index)
        view.Choose(Cell::kClaimed, index, word);
      least = 0;
      continue;
    }
    uint64_t ahead = word.Ahead(view.newest, span_);
    // Claims come last: whoever lost one would only make another, and take one for it.
    if (ahead > 0 && word.claimed()) ahead += span_;
    if (ahead >= least) continue;
    least = ahead;
    view.Choose(Cell::kFree, index, word);
  }
  // A cell whose time has passed for this call is free once that is so for all.
  view.moves_time |= least > 0;
  view.free_in = least - std::min(least, view.time - view.newest);
  if (view.free_in > 0) view.cell = Cell::kOfAnother;
  return view;
}

bool KeyedLimiter::MoveNewest(const View& view) noexcept {
  uint64_t newest = view.newest;
  for (int attempt = 0; attempt < kMaxAttempts && newest < view.time; ++attempt) {
    if (memory_->newest.compare_exchange_weak(newest, view.time, std::memory_order_relaxed))
      return true;
  }
  return newest >= view.time;
}

// Makes a claim, or makes that of another its own too, as it is.
bool KeyedLimiter::Claim(View* view, uint64_t cost) noexcept {
  const uint64_t claim = view->cell == Cell::kClaimed
                             ? view->word
                             : KeyedLimiterWord::Claimed(view->tag, view->time + cost).bits();
  uint64_t seen = view->word;
  // (61) seq_cst: pairs with (60), (62) and (64). Of two claims one comes first, and whoever makes
  // the other sees it. As (63) it makes the time known that was moved for the cell.
  if (!view->cells[view->index].compare_exchange_strong(seen, claim, std::memory_order_seq_cst,
                                                        std::memory_order_relaxed))
    return false;
  if (view->cell == Cell::kOfAnother && !KeyedLimiterWord(view->word).claimed()) {
    memory_->evicted.fetch_add(1, std::memory_order_relaxed);
    memory_->forgiven_tokens.fetch_add((view->free_in + token_ - 1) / token_,
                                       std::memory_order_relaxed);
  }
  view->word = claim;
  return true;
}

// Whether no other cell is the key's, so that a claim may be completed. Cancels later claims.
bool KeyedLimiter::IsAlone(const View& view) noexcept {
  for (size_t i = 0; i < kWordsOfSet; ++i) {
    if (i == view.index) continue;
    // (62) seq_cst: pairs with (61) and (63).
    const KeyedLimiterWord word(view.cells[i].load(std::memory_order_seq_cst));
    if (word.tag() != view.tag) continue;
    if (!word.claimed() || i < view.index) return false;
    uint64_t seen = word.bits();
    if (!view.cells[i].compare_exchange_strong(seen, word.Cancelled().bits(),
                                               std::memory_order_relaxed))
      return false;
  }
  return true;
}

// Writes what `cost` more makes of the key.
bool KeyedLimiter::Take(View view, uint64_t cost) noexcept {
  if (view.moves_time && !MoveNewest(view)) return false;
  if (view.cell != Cell::kOfKey) {
    if (!Claim(&view, cost) || !IsAlone(view)) return false;
    // What the key took in a cell that it has lost since was taken before this.
    view.time = std::max(view.time, memory_->newest.load(std::memory_order_relaxed));
  }
  return Write(view, KeyedLimiterWord::Taken(view.tag, view.time + view.ahead + cost));
}

// ---- counting

LimiterDecision KeyedLimiter::Refuse(KeyedLimiterRejection reason, uint64_t detail) noexcept {
  const LimiterDecision refusal{.detail = detail, .reason = static_cast<int32_t>(reason)};
  if (reason != KeyedLimiterRejection::kTableFull || counts_.dry_run())
    return counts_.Refuse(memory_->refused, memory_->dry_run, refusal);
  memory_->refused_without_cell.fetch_add(1, std::memory_order_relaxed);
  return refusal;
}

// ---- taking

LimiterDecision KeyedLimiter::TryAcquireSlowly(Nanos now, KeyHash key, int64_t n) noexcept {
  if (n < 0) return {.reason = static_cast<int32_t>(StatusCode::kMisuse)};
  const auto count = static_cast<uint64_t>(n);
  View view = Look(now, key);
  if (count == 0) return {.detail = view.ahead};
  if (count > clock_.burst()) return Refuse(KeyedLimiterRejection::kExceedsBurst, view.ahead);
  const uint64_t cost = count * token_;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt, view = Look(now, key)) {
    if (view.ahead + cost > capacity_) break;
    if (view.cell == Cell::kOfAnother) {
      const auto when_full = when_full_.load(std::memory_order_relaxed);
      if (when_full == KeyedLimiterWhenFull::kRefuse)
        return Refuse(KeyedLimiterRejection::kTableFull, view.free_in);
      if (when_full == KeyedLimiterWhenFull::kAdmit) {
        memory_->admitted_without_cell.fetch_add(1, std::memory_order_relaxed);
        return {.detail = cost};
      }
    }
    if (Take(view, cost)) {
      counts_.Admit(memory_->admitted);
      return {.detail = view.ahead + cost};
    }
  }
  return Refuse(KeyedLimiterRejection::kExhausted, view.ahead);
}

void KeyedLimiter::Refund(Nanos now, KeyHash key, int64_t n) noexcept {
  if (n <= 0) return;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const View view = Look(now, key);
    if (view.ahead == 0) return;
    const bool all = static_cast<uint64_t>(n) > view.ahead / token_;
    const uint64_t left = all ? 0 : view.ahead - static_cast<uint64_t>(n) * token_;
    if (Write(view, KeyedLimiterWord::Taken(view.tag, view.time + left))) return;
  }
}

void KeyedLimiter::Forget(KeyHash key) noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const View view = Look(0, key);
    if (view.cell != Cell::kOfKey || Write(view, KeyedLimiterWord::Taken(view.tag, view.time)))
      return;
  }
}

// Claims stay as they are: they hold no tokens, and who made one expects it.
void KeyedLimiter::Reset() noexcept {
  memory_->newest.store(0, std::memory_order_relaxed);
  for (size_t i = 0; i < set_count_; ++i) {
    for (Word& cell : sets_[i].cells) {
      KeyedLimiterWord word(cell.load(std::memory_order_relaxed));
      for (int attempt = 0; attempt < kMaxAttempts && !word.claimed() && !word.vacant();
           ++attempt) {
        uint64_t seen = word.bits();
        if (cell.compare_exchange_weak(seen, KeyedLimiterWord::LeftByReset(word.tag()).bits(),
                                       std::memory_order_relaxed))
          break;
        word = KeyedLimiterWord(seen);
      }
    }
  }
}

// ---- looking

LimitStatus KeyedLimiter::Describe(const Decision& decision, Nanos now, int64_t n,
                                   Nanos) const noexcept {
  const uint64_t time = clock_.Units(now);
  // Time that was further on for the decision than the caller's.
  const uint64_t late = std::max(time, memory_->newest.load(std::memory_order_relaxed)) - time;
  const auto after = [&](uint64_t units) {
    return units == 0 ? Nanos{0} : clock_.UntilUnits(now, late + units);
  };
  const bool is_full = decision.reason == static_cast<int32_t>(KeyedLimiterRejection::kTableFull);
  const uint64_t ahead = decision.detail;
  const uint64_t there = is_full || ahead > capacity_ ? 0 : capacity_ - ahead;
  const uint64_t remaining = there / token_;
  LimitStatus status{.remaining = static_cast<int64_t>(remaining),
                     .limit = static_cast<int64_t>(clock_.burst()),
                     .reset_after = after(ahead)};
  const auto count = static_cast<uint64_t>(n);
  if (is_full) {
    status.next_after = status.retry_after = after(ahead);
    return status;
  }
  if (remaining < clock_.burst())
    status.next_after = after(ahead + (remaining + 1) * token_ - capacity_);
  if (decision.reason > 0)
    status.retry_after =
        count > clock_.burst() ? kForever : after(ahead + count * token_ - capacity_);
  return status;
}

KeyedLimiterSnapshot KeyedLimiter::Snapshot(Nanos) const noexcept {
  const auto total = [](const Word& word) { return word.load(std::memory_order_relaxed); };
  return {.cells = static_cast<int32_t>(set_count_ * kWordsOfSet),
          .total_admitted = memory_->admitted.Sum(),
          .total_refused = memory_->refused.Sum(),
          .total_dry_run = total(memory_->dry_run),
          .total_admitted_without_cell = total(memory_->admitted_without_cell),
          .total_refused_without_cell = total(memory_->refused_without_cell),
          .total_evicted = total(memory_->evicted),
          .total_forgiven_tokens = total(memory_->forgiven_tokens)};
}

int64_t KeyedLimiter::CountLiveKeys(Nanos now) const noexcept {
  int64_t live = 0;
  const uint64_t time =
      std::max(memory_->newest.load(std::memory_order_relaxed), clock_.Units(now));
  for (size_t i = 0; i < set_count_; ++i) {
    for (const Word& cell : sets_[i].cells) {
      const KeyedLimiterWord word(cell.load(std::memory_order_relaxed));
      live += !word.claimed() && word.Ahead(time, span_) > 0;
    }
  }
  return live;
}

}  // namespace spillway
