// A caller's memory with a watch on both sides of it.
#ifndef SPILLWAY_TESTS_FUZZ_GUARDED_H_
#define SPILLWAY_TESTS_FUZZ_GUARDED_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

#include "tests/fuzz/target.h"

#if defined(__SANITIZE_ADDRESS__)
#define SPILLWAY_FUZZ_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPILLWAY_FUZZ_ASAN 1
#endif
#endif
#ifdef SPILLWAY_FUZZ_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace spillway::fuzz {

// So many bytes, aligned for any struct, between guards. Check finds that a guard was written to;
// AddressSanitizer finds it at once, and who reads one too.
class Guarded {
 public:
  // The bytes begin as garbage: what a callee does not write is seen.
  explicit Guarded(size_t size)
      : size_(size), memory_(std::make_unique<std::byte[]>(kGuard + size + kGuard)) {
    std::fill_n(memory_.get(), kGuard + size + kGuard, kFill);
    Watch(true);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { Watch(false); }

  template <class T = void>
  T* get() const {
    return reinterpret_cast<T*>(bytes());
  }
  std::byte* bytes() const { return memory_.get() + kGuard; }
  size_t size() const { return size_; }

  // Of the bytes from `begin` to the end: whether each is `value`.
  bool IsFilled(size_t begin, std::byte value) const {
    return std::all_of(bytes() + begin, bytes() + size_, [=](std::byte b) { return b == value; });
  }
  // Whether nobody has written to the bytes from `begin` on.
  bool IsUntouched(size_t begin = 0) const { return IsFilled(begin, kFill); }

  // Requires that the guards are whole.
  void Check() {
    Watch(false);
    const auto whole = [](const std::byte* guard) {
      return std::all_of(guard, guard + kGuard, [](std::byte byte) { return byte == kFill; });
    };
    const bool kept = whole(memory_.get()) && whole(bytes() + size_);
    Watch(true);
    Require(kept, "a byte outside the caller's memory was written");
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr std::byte kFill{0xa5};

  void Watch([[maybe_unused]] bool on) {
#ifdef SPILLWAY_FUZZ_ASAN
    for (std::byte* guard : {memory_.get(), bytes() + size_}) {
      on ? __asan_poison_memory_region(guard, kGuard)
         : __asan_unpoison_memory_region(guard, kGuard);
    }
#endif
  }

  size_t size_;
  std::unique_ptr<std::byte[]> memory_;
};

// A struct of the caller's, between guards.
template <class T>
class GuardedStruct : public Guarded {
 public:
  explicit GuardedStruct(const T& value) : Guarded(sizeof(T)) { new (bytes()) T(value); }
  T* get() const { return Guarded::get<T>(); }
  T* operator->() const { return Guarded::get<T>(); }
  T& operator*() const { return *Guarded::get<T>(); }
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_GUARDED_H_
