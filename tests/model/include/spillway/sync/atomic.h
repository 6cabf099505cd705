// In place of core/spillway/sync/atomic.h, for the model: each operation is one that the explorer
// can interleave, reorder as far as its memory order allows, or spoil on purpose.
#ifndef SPILLWAY_SYNC_ATOMIC_H_
#define SPILLWAY_SYNC_ATOMIC_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <type_traits>

#include "tests/model/explorer.h"

namespace spillway {

// The value lies in its own bytes and nowhere else, as in the real one: all-zero memory is valid.
template <typename T>
class Atomic {
 public:
  using Source = std::source_location;
  using Order = std::memory_order;

  static constexpr bool is_always_lock_free = std::atomic<T>::is_always_lock_free;

  constexpr Atomic() = default;
  constexpr explicit(false) Atomic(T value) : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(Order order, Source at = Source::current()) const noexcept {
    return From(model::OnLoad(Make(model::Kind::kLoad, order, at), Bits(value_)));
  }

  void store(T value, Order order, Source at = Source::current()) noexcept {
    const model::Access access = Make(model::Kind::kStore, order, at);
    model::BeforeWrite(access);
    Write(access, value);
  }

  T exchange(T value, Order order, Source at = Source::current()) noexcept {
    return Update([=](T) { return value; }, order, at);
  }
  T fetch_add(T value, Order order, Source at = Source::current()) noexcept {
    return Update([=](T old) { return static_cast<T>(old + value); }, order, at);
  }
  T fetch_and(T value, Order order, Source at = Source::current()) noexcept {
    return Update([=](T old) { return static_cast<T>(old & value); }, order, at);
  }

  bool compare_exchange_strong(T& expected, T wanted, Order order, Order failure,
                               Source at = Source::current()) noexcept {
    return Compare(expected, wanted, Make(model::Kind::kCompare, order, at, failure), false);
  }
  bool compare_exchange_strong(T& expected, T wanted, Order order,
                               Source at = Source::current()) noexcept {
    return compare_exchange_strong(expected, wanted, order, FailureOf(order), at);
  }
  bool compare_exchange_weak(T& expected, T wanted, Order order, Order failure,
                             Source at = Source::current()) noexcept {
    return Compare(expected, wanted, Make(model::Kind::kCompare, order, at, failure), true);
  }
  bool compare_exchange_weak(T& expected, T wanted, Order order,
                             Source at = Source::current()) noexcept {
    return compare_exchange_weak(expected, wanted, order, FailureOf(order), at);
  }

 private:
  using Plain = std::conditional_t<sizeof(T) == 8, uint64_t,
                                   std::conditional_t<sizeof(T) == 4, uint32_t, uint8_t>>;

  static uint64_t Bits(T value) { return std::bit_cast<Plain>(value); }
  static T From(uint64_t bits) { return std::bit_cast<T>(static_cast<Plain>(bits)); }

  static constexpr Order FailureOf(Order order) {
    return order == std::memory_order_acq_rel   ? std::memory_order_acquire
           : order == std::memory_order_release ? std::memory_order_relaxed
                                                : order;
  }

  model::Access Make(model::Kind kind, Order order, const Source& at,
                     Order failure = std::memory_order_relaxed) const {
    return {this, {at.file_name(), at.line()}, kind, order, failure};
  }

  void Write(const model::Access& access, T value) noexcept {
    model::OnWrite(access, Bits(value), Bits(value_));
    value_ = value;
  }

  template <class Next>
  T Update(Next next, Order order, const Source& at) noexcept {
    const model::Access access = Make(model::Kind::kUpdate, order, at);
    model::BeforeWrite(access);
    const T old = value_;
    model::BetweenHalves(access);
    Write(access, next(old));
    return old;
  }

  bool Compare(T& expected, T wanted, const model::Access& access, bool weak) noexcept {
    model::BeforeWrite(access);
    uint64_t seen = Bits(expected);
    if (model::Fails(access, Bits(value_), &seen, weak)) {
      expected = From(seen);
      return false;
    }
    model::BetweenHalves(access);
    Write(access, wanted);
    return true;
  }

  T value_{};
};

using Word = Atomic<uint64_t>;

// Fewer than in the core: more than a thread can lose within the bounds of an exploration, so that
// giving up is an endless loop or a livelock here too.
inline constexpr int kMaxAttempts = 8;

// Enough for two cells of one key.
inline constexpr size_t kWordsOfSet = 2;

}  // namespace spillway

#endif  // SPILLWAY_SYNC_ATOMIC_H_
