// Options as a hostile caller makes them.
#ifndef SPILLWAY_TESTS_FUZZ_ANY_OPTIONS_H_
#define SPILLWAY_TESTS_FUZZ_ANY_OPTIONS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "spillway/base/time.h"
#include "tests/fuzz/guarded.h"
#include "tests/fuzz/sized_struct.h"

namespace spillway::fuzz {

// A struct of any size and contents, and what has to be answered to it. Which values are in range
// is asked of the core, whose own tests say it: here it matters that every one of them gets there.
//
// `Noun` has Options and Settings, kEnds, where the fields of the options end, Random(input), which
// draws good settings, and IsGood(settings).
template <class Noun>
class AnyOptions {
 public:
  using COptions = typename Noun::Options;
  using Settings = typename Noun::Settings;

  // Fields that the struct does not have are as in `base`.
  AnyOptions(ByteReader& input, const Settings& base) : AnyOptions(input, base, Noun::IsGood) {}
  // `is_good(settings)` judges instead of the noun.
  template <class IsGood>
  AnyOptions(ByteReader& input, const Settings& base, IsGood is_good)
      : size_(input.OneIn(2) ? kOptionsEnd : AnySize(input, Noun::kEnds)),
        memory_(BytesFor(size_)),
        settings_(base) {
    Fill(input, base);
    Judge(base, is_good);
  }

  const COptions* get() const { return memory_.get<COptions>(); }

  // What a function that is given it must answer, and what it means to one that takes it.
  spillway_status status() const { return status_; }
  const Settings& settings() const { return settings_; }

 private:
  static constexpr size_t kOptionsEnd = Noun::kEnds.back();

  static COptions CFrom(const Settings& settings) {
    COptions options = {};
    options.struct_size = kOptionsEnd;
    ToC(settings, &options);
    return options;
  }

  void Fill(ByteReader& input, const Settings& base) {
    COptions options = CFrom(input.OneIn(2) ? base : Noun::Random(input));
    for (int changes = input.Below(4); changes > 0; --changes) SetAnyField(input, &options);
    if (memory_.size() == size_) {
      std::memset(memory_.bytes(), 0, size_);
      std::memcpy(memory_.bytes(), &options, std::min(size_, kOptionsEnd));
      if (size_ > kOptionsEnd && input.OneIn(2)) {
        memory_.bytes()[kOptionsEnd + input.Below(size_ - kOptionsEnd)] = input.Take<std::byte>();
      }
    }
    std::memcpy(memory_.bytes(), &size_, sizeof size_);
  }

  static void SetAnyField(ByteReader& input, COptions* options) {
    constexpr size_t kBegin = sizeof(size_t);
    const size_t at = kBegin + 4 * input.Below((kOptionsEnd - kBegin) / 4);
    const auto set = [&](const auto& value) {
      std::memcpy(reinterpret_cast<char*>(options) + at, &value,
                  std::min(sizeof value, kOptionsEnd - at));
    };
    using Double = std::numeric_limits<double>;
    switch (input.Below(4)) {
      case 0:
        return set(input.Of({0.0, -0.0, 1.0, 0.5, -1.0, 1e300, Double::quiet_NaN(),
                             Double::infinity(), -Double::infinity(), Double::denorm_min()}));
      case 1:
        return set(input.Of<int64_t>({0, 1, -1, 1'000'000, 86'400'000'000'000, kForever,
                                      std::numeric_limits<int64_t>::min()}));
      case 2:
        return set(input.Of<int32_t>(
            {0, 1, 2, 3, 5, -1, 63, 64, 128, 4096, std::numeric_limits<int32_t>::max()}));
      default:
        return set(input.Take<uint64_t>());
    }
  }

  template <class IsGood>
  void Judge(const Settings& base, IsGood is_good) {
    if (!IsSize(size_, Noun::kEnds)) {
      status_ = SPILLWAY_E_MISUSE;
    } else if (size_ > kOptionsEnd && !memory_.IsFilled(kOptionsEnd, std::byte{0})) {
      status_ = SPILLWAY_E_UNSUPPORTED;
    } else {
      COptions options = CFrom(base);
      std::memcpy(&options, memory_.bytes(), std::min(size_, kOptionsEnd));
      const bool good = FromC(options, &settings_, nullptr) && is_good(settings_);
      if (!good) status_ = SPILLWAY_E_INVALID_ARGUMENT;
    }
  }

  size_t size_;
  Guarded memory_;
  Settings settings_;
  spillway_status status_ = SPILLWAY_OK;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_ANY_OPTIONS_H_
