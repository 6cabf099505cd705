// Structs that begin with their size, as a hostile caller makes them, and what c_api.h says has to
// become of them. Fields are of 4 or 8 bytes.
#ifndef SPILLWAY_TESTS_FUZZ_SIZED_STRUCT_H_
#define SPILLWAY_TESTS_FUZZ_SIZED_STRUCT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "spillway/c_api.h"
#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/guarded.h"
#include "tests/fuzz/target.h"

namespace spillway::fuzz {

inline constexpr size_t kLongest = 4096;

// Whether a struct whose fields end at `ends` may be of that size: an older caller's ends with one
// of them (or is padded behind it), a newer caller's after all of them.
inline bool IsSize(size_t size, std::span<const size_t> ends) {
  const auto is_end = [=](size_t end) { return size == end || size == (end + 7) / 8 * 8; };
  return std::any_of(ends.begin(), ends.end(), is_end) || (size > ends.back() && size <= kLongest);
}

// How much memory a caller has for a struct that says it is of that size. Of one that says what
// cannot be, nothing but the size itself may be looked at.
inline size_t BytesFor(size_t size) {
  return size >= sizeof size && size <= kLongest ? size : sizeof size;
}

inline size_t AnySize(ByteReader& input, std::span<const size_t> ends) {
  switch (input.Below(6)) {
    case 0:
      return ends[input.Below(ends.size())];
    case 1:
      return ends[input.Below(ends.size())] + input.Below(9u) - 4;
    case 2:
      return ends.back() + input.Below(kLongest + 8);
    case 3:
      return input.Of<size_t>({0, 1, 4, 7, 8, kLongest, kLongest + 1, SIZE_MAX, SIZE_MAX - 7});
    case 4:
      return input.Take<size_t>();
    default:
      return ends.back();
  }
}

// Whether the fields of both that end within `size` are the same. What lies between fields is not
// compared: it may be anything.
inline bool SameFields(const void* a, const void* b, std::span<const size_t> ends, size_t size) {
  size_t before = sizeof(size_t);
  for (const size_t end : ends) {
    if (end > size) break;
    const size_t field = end - before == 4 ? 4 : 8;
    const size_t at = end - field;
    if (std::memcmp(static_cast<const char*>(a) + at, static_cast<const char*>(b) + at, field) != 0)
      return false;
    before = end;
  }
  return true;
}

// Requires that `out` holds the fields of `whole` as far as it goes, and zeros behind them.
inline void RequireFields(const Guarded& out, const void* whole, std::span<const size_t> ends) {
  Require(SameFields(out.bytes(), whole, ends, out.size()), "a field is another");
  Require(out.IsFilled(std::min(ends.back(), out.size()), std::byte{0}),
          "the tail of a struct is not zero");
}

inline void MustBeMisuse(int32_t answer) {
  Require(answer == SPILLWAY_E_MISUSE, "misuse is answered otherwise");
}

// Requires that a function that fills `out`, which says that it is of `size`, has done so.
inline void RequireTold(spillway_status status, Guarded& out, size_t size, const void* whole,
                        std::span<const size_t> ends) {
  out.Check();
  if (!IsSize(size, ends)) {
    MustBeMisuse(status);
    return Require(out.IsUntouched(sizeof size), "a struct of a wrong size was written");
  }
  Require(status == SPILLWAY_OK, "a struct of a good size is refused");
  Require(std::memcmp(out.bytes(), &size, sizeof size) == 0, "struct_size has changed");
  RequireFields(out, whole, ends);
}

// A spillway_error of any size, or none.
class AnyError {
 public:
  explicit AnyError(ByteReader& input)
      : null_(input.OneIn(4)),
        size_(input.OneIn(2) ? kEnd[0] : AnySize(input, kEnd)),
        memory_(BytesFor(size_)) {
    std::memcpy(memory_.bytes(), &size_, sizeof size_);
  }

  spillway_error* get() const { return null_ ? nullptr : memory_.get<spillway_error>(); }

  // Whether a function may go on when it is given this.
  bool usable() const { return null_ || (size_ >= kEnd[0] && size_ <= kLongest); }

  // Requires that it says what the function has answered.
  void Check(spillway_status status) {
    memory_.Check();
    const bool filled = !null_ && usable();
    Require(memory_.IsUntouched(filled ? kEnd[0] : sizeof size_),
            "too much of an error is written");
    if (!filled) return;
    const auto* const error = memory_.get<const spillway_error>();
    Require(error->code == status, "the error says another status");
    Require(std::memchr(error->message, 0, sizeof error->message) != nullptr, "no end of message");
    Require((error->message[0] == 0) == (status == SPILLWAY_OK), "a message where none belongs");
  }

 private:
  static constexpr size_t kEnd[] = {SPILLWAY_SIZE_TO_END(spillway_error, message)};

  bool null_;
  size_t size_;
  Guarded memory_;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_SIZED_STRUCT_H_
