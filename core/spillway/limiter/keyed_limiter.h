// A token bucket for each key: lets through `rate` tokens a second of each, and `burst` at once.
//
//   if (limiter->TryAcquire(now, user)) {
//     ... call ...
//   }
//
// limiter/keyed_limiter_options.h makes one. Its memory is a table that never grows: a cell of 8
// bytes is a key's from its first token until the key has all its tokens again, and then free by
// itself. So no key is looked after, and one that is not there is one that has `burst` tokens.
//
// A key is any bytes, or a number; the table knows it by a hash with a secret seed. Two keys with
// the same 24 bits of it in one set of cells share a limit: at most 4.8e-7 of the keys that come
// upon a full set. So a collision can refuse what would be admitted, never the other way round.
//
// The times of a key are whole units of the limiter's clock, of which there are 2^f in the time of
// a token, f = 12 for a burst of up to 4096, and one less for each doubling beyond, down to 4 (or
// one nanosecond, where that is longer). What is admitted of a key in a time t is at most burst +
// rate * (t + one unit), and somebody who asks whenever there is a token gets exactly that: no
// rounding adds up. More only for a key that lost its cell (`when_full`), and all of that is
// counted.
//
// Thread safety: every method may be called from any thread; only the destructor needs the object
// to itself. Progress: all are lock-free, throw nothing and make no system call. None allocates,
// but for the first counted call of a thread to any policy, which makes a note of the thread's end
// in the C library. A key that has a cell is admitted by one compare-exchange of it, a new one by
// two; a refusal reads one cache line (and counts itself, unless `counted` is off).
#ifndef SPILLWAY_LIMITER_KEYED_LIMITER_H_
#define SPILLWAY_LIMITER_KEYED_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "spillway/base/branch.h"
#include "spillway/base/error.h"
#include "spillway/base/policy_memory.h"
#include "spillway/base/rate.h"
#include "spillway/base/time.h"
#include "spillway/limiter/key_hash.h"
#include "spillway/limiter/keyed_limiter_memory.h"
#include "spillway/limiter/keyed_limiter_settings.h"
#include "spillway/limiter/keyed_limiter_word.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_counts.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/token_clock.h"
#include "spillway/sync/atomic.h"

namespace spillway {

struct KeyedLimiterOptions;

class KeyedLimiter {
 public:
  using Settings = KeyedLimiterSettings;
  using Decision = LimiterDecision;  // its reason is a KeyedLimiterRejection

  // Null, with `error` filled, when the name is too long, an option is out of range, or there is no
  // memory. `memory` is null, or MemoryBytes(settings) bytes, aligned to a cache line, all-zero or
  // in use by limiters with the same settings; it must outlive the limiter. `shared` says that
  // other processes use it too: they must know the seed.
  static std::unique_ptr<KeyedLimiter> Make(std::string_view name, const Settings& settings,
                                            Error* error, void* memory = nullptr,
                                            bool shared = false) noexcept;
  // Of settings that are in range.
  static constexpr size_t MemoryBytes(const Settings& settings) {
    return sizeof(KeyedLimiterMemory) + SetsOf(settings) * sizeof(KeyedLimiterSet);
  }

  // An absl::StatusOr<std::unique_ptr<KeyedLimiter>>. Defined in limiter/keyed_limiter_options.h:
  // who does not include that header does not need Abseil.
  template <typename Options = KeyedLimiterOptions>
  static auto Create(std::string_view name, const Options& options);

  KeyedLimiter(const KeyedLimiter&) = delete;
  KeyedLimiter& operator=(const KeyedLimiter&) = delete;
  ~KeyedLimiter();

  // The hash by which the table knows a key: for callers that use it several times. A number is
  // another key than any bytes.
  KeyHash HashOf(std::string_view key) const noexcept { return hasher_.Of(key); }
  KeyHash HashOf(uint64_t key) const noexcept { return hasher_.Of(key); }

  // Takes `n` tokens of a key, all or none. 0 takes none and tells what is there.
  [[gnu::always_inline]] Decision TryAcquire(Nanos now, KeyHash key, int64_t n = 1) noexcept {
    Word* cells = CellsOf(key);
    const uint64_t tag = KeyedLimiterWord::TagOf(key);
    for (size_t i = 0; i < kWordsOfSet; ++i) {
      Word& cell = cells[IndexOf(key, i)];
      // (60) acquire: pairs with (61) and (63).
      const KeyedLimiterWord word(cell.load(std::memory_order_acquire));
      if (!word.IsOf(tag)) [[unlikely]]
        continue;
      Decision decision;
      if (TryCell(cell, word, tag, now, n, &decision)) [[likely]]
        return decision;
      break;
    }
    return TryAcquireSlowly(now, key, n);
  }
  Decision TryAcquire(Nanos now, std::string_view key, int64_t n = 1) noexcept {
    return TryAcquire(now, HashOf(key), n);
  }
  Decision TryAcquire(Nanos now, uint64_t key, int64_t n = 1) noexcept {
    return TryAcquire(now, HashOf(key), n);
  }

  // Gives a key `n` tokens back, which it took and did not use; it never has more than `burst`.
  void Refund(Nanos now, KeyHash key, int64_t n) noexcept;
  void Refund(Nanos now, std::string_view key, int64_t n) noexcept { Refund(now, HashOf(key), n); }
  void Refund(Nanos now, uint64_t key, int64_t n) noexcept { Refund(now, HashOf(key), n); }

  // Makes a key as good as new: it has `burst` tokens.
  void Forget(KeyHash key) noexcept;
  void Forget(std::string_view key) noexcept { Forget(HashOf(key)); }
  void Forget(uint64_t key) noexcept { Forget(HashOf(key)); }

  // Makes all keys as good as new. Time may begin again with the next call, even at an earlier one
  // than before. Calls that race it are decided as before it or as after it, each key by itself.
  void Reset() noexcept;

  // What else is to be said of a decision that was made for `n` tokens at `now`.
  LimitStatus Describe(const Decision& decision, Nanos now, int64_t n,
                       Nanos max_wait = 0) const noexcept;

  // The totals; `now` changes nothing yet. Writes nothing.
  KeyedLimiterSnapshot Snapshot(Nanos now) const noexcept;

  // How many keys have tokens taken at `now`: reads the whole table. Writes nothing.
  int64_t CountLiveKeys(Nanos now) const noexcept;

  // Changes `when_full` and `dry_run`; the others give the cells their meaning. False, with `error`
  // filled and nothing changed, when an option is out of range or fixed.
  bool Reconfigure(const Settings& settings, Error* error) noexcept;
  // A secret seed is told as 0.
  Settings settings() const noexcept;

  std::string_view name() const noexcept { return name_; }

 private:
  KeyedLimiter(std::string_view name, const Settings& settings, const SipKey& secret, void* memory,
               bool shared);

  // Two cells for each key, so that few sets are ever full.
  static constexpr size_t SetsOf(const Settings& settings) {
    return (static_cast<size_t>(settings.max_keys) * 2 + kWordsOfSet - 1) / kWordsOfSet;
  }

  static constexpr int32_t kExhausted = static_cast<int32_t>(KeyedLimiterRejection::kExhausted);

  // More than any burst, and so few that no sum of times overflows.
  static constexpr uint64_t kMostAtOnce = uint64_t{1} << 32;

  // What the cell that a call is about is to it.
  enum class Cell {
    kOfKey,      // says what the key has taken
    kClaimed,    // somebody is entering the key there
    kFree,       // the key has none, and this one can be its
    kOfAnother,  // the key has none, and none is free: this one will be first
  };

  // A set at one moment.
  struct View {
    Word* cells = nullptr;
    uint64_t tag = 0;
    uint64_t newest = 0;   // as it was then
    uint64_t time = 0;     // of the call, or `newest` if that is later
    uint64_t word = 0;     // of the cell
    uint64_t ahead = 0;    // how long until the key has all its tokens
    uint64_t free_in = 0;  // how long until the cell is free, when it is another's
    size_t index = 0;      // of the cell
    Cell cell = Cell::kOfKey;
    bool moves_time = false;  // `newest` must be moved before the cell is changed

    void Choose(Cell kind, size_t where, KeyedLimiterWord holds) {
      cell = kind;
      index = where;
      word = holds.bits();
    }
  };

  Word* CellsOf(KeyHash key) const noexcept {
    return sets_[static_cast<uint64_t>((Wide{key.bits} * set_count_) >> 64)].cells;
  }
  // The order in which a key looks for room, so that most lie where they are looked for first.
  static size_t IndexOf(KeyHash key, size_t i) { return ((key.bits >> 24) + i) % kWordsOfSet; }

  // The whole call, in the cell of its key. False: it takes longer, and nothing was done.
  [[gnu::always_inline]] bool TryCell(Word& cell, KeyedLimiterWord word, uint64_t tag, Nanos now,
                                      int64_t n, Decision* decision) noexcept {
    const uint64_t time = clock_.Units(now);
    // Late, or so far ahead that the latest time must be moved.
    if (time - memory_->newest.load(std::memory_order_relaxed) > lag_) [[unlikely]]
      return false;
    uint64_t from = word.bits();
    uint64_t ahead = word.Distance(time);
    if (ahead > span_) {
      from = OnlyHere(KeyedLimiterWord::Taken(tag, time).bits());
      ahead = 0;
    }
    const auto count = static_cast<uint64_t>(n);
    const uint64_t after = ahead + count * token_;
    if (count - 1 >= kMostAtOnce) [[unlikely]]
      return false;
    if (after > capacity_) {
      *decision = {.detail = ahead, .reason = kExhausted};
      return count <= clock_.burst() && counts_.TryRefuse(memory_->refused);
    }
    *decision = {.detail = after};
    // The sum is that of the times alone, but where a turn of the clock ends.
    const KeyedLimiterWord taken(from + count * token_);
    if (!taken.IsOf(tag) || !Replace(cell, word, taken)) [[unlikely]]
      return false;
    counts_.Admit(memory_->admitted);
    return true;
  }

  // False, here and below: others were faster.
  [[gnu::always_inline]] static bool Replace(Word& cell, KeyedLimiterWord seen,
                                             KeyedLimiterWord next) noexcept {
    uint64_t bits = seen.bits();
    // (63) release: pairs with (60), (62) and (64). Whoever sees the cell knows of the time that
    // was moved for it.
    return cell.compare_exchange_strong(bits, next.bits(), std::memory_order_release,
                                        std::memory_order_relaxed);
  }

  View Look(Nanos now, KeyHash key) const noexcept;
  Decision TryAcquireSlowly(Nanos now, KeyHash key, int64_t n) noexcept;
  bool Take(View view, uint64_t cost) noexcept;
  bool Claim(View* view, uint64_t cost) noexcept;
  bool IsAlone(const View& view) noexcept;
  bool MoveNewest(const View& view) noexcept;
  static bool Write(const View& view, KeyedLimiterWord word) noexcept {
    return Replace(view.cells[view.index], KeyedLimiterWord(view.word), word);
  }
  Decision Refuse(KeyedLimiterRejection reason, uint64_t detail) noexcept;

  // What the inline path reads comes first.
  KeyedLimiterMemory* memory_;
  KeyedLimiterSet* sets_;
  uint64_t set_count_;
  TokenClock clock_;
  uint64_t token_;     // in units of the clock
  uint64_t capacity_;  // `burst` tokens
  uint64_t lag_;       // the farthest that `newest` is behind the time of a cell's last change
  uint64_t span_;      // the farthest that a cell is ahead of `newest`
  LimiterCounts counts_;
  Atomic<KeyedLimiterWhenFull> when_full_;
  KeyHasher hasher_;

  Settings made_;
  PolicyMemory owned_memory_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_KEYED_LIMITER_H_
