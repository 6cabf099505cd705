// An input of the fuzzer, read as a row of choices: it answers as testing::Random does, so that
// what chooses at random can be steered by bytes.
#ifndef SPILLWAY_TESTS_FUZZ_BYTE_READER_H_
#define SPILLWAY_TESTS_FUZZ_BYTE_READER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace spillway::fuzz {

class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  // At the end of the input every choice is the first one.
  bool empty() const { return bytes_.empty(); }

  // All bits of a value, as they come.
  template <typename T>
  T Take() {
    T value{};
    TakeBytes(&value, sizeof value);
    return value;
  }

  void TakeBytes(void* to, size_t size) {
    const size_t taken = std::min(size, bytes_.size());
    if (taken != 0) std::memcpy(to, bytes_.data(), taken);
    bytes_ = bytes_.subspan(taken);
  }

  // In [0, below). A choice among few takes one byte, so that a changed byte changes one choice.
  template <typename Number>
  Number Below(Number below) {
    const uint64_t choices = static_cast<uint64_t>(below);
    const uint64_t bits = choices <= 0x100        ? Take<uint8_t>()
                          : choices <= 0x1'0000   ? Take<uint16_t>()
                          : choices <= 1ull << 32 ? Take<uint32_t>()
                                                  : Take<uint64_t>();
    return static_cast<Number>(bits % choices);
  }
  bool OneIn(uint32_t times) { return Below(times) == 0; }
  template <typename T, size_t size>
  T Of(const T (&choices)[size]) {
    return choices[Below(size)];
  }

 private:
  std::span<const uint8_t> bytes_;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_BYTE_READER_H_
