// Options as data: one row an option says its name, kind, place in the settings and range, so that
// one check serves every policy. tools/generate writes the rows from schema/.

#ifndef SPILLWAY_BASE_OPTION_H_
#define SPILLWAY_BASE_OPTION_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "spillway/base/error.h"

namespace spillway {

// The kind decides the type of the field in the settings.
enum class OptionKind : int32_t {
  kDuration,  // int64_t nanoseconds
  kFraction,  // double
  kNumber,    // double
  kCount,     // int32_t
  kFlag,      // bool
  kChoice,    // an enum class over int32_t
  kSeed,      // uint64_t, every value is good
};

// One value of a choice.
struct Choice {
  const char* name;
  int32_t value;
};

struct OptionSpec {
  const char* name;
  OptionKind kind;
  size_t offset;  // Of the field in the settings.
  // The range, both ends included, for durations (in nanoseconds), fractions, numbers and counts.
  double min = 0;
  double max = 0;
  const char* zero = nullptr;  // What 0 means where it is accepted outside the range, else null.
  std::span<const Choice> choices = {};  // The accepted values of a choice.
  bool fixed = false;                    // Cannot change once the policy is made.
};

// True when each option of `settings`, the struct that `specs` describes, is in its range. Else
// `error` (may be null) names the first that is not, its value and what is accepted.
bool CheckOptions(std::span<const OptionSpec> specs, const void* settings, Error* error) noexcept;

// True when no fixed option differs between the two settings. Else `error` (may be null) names the
// first that does, with both values.
bool CheckFixed(std::span<const OptionSpec> specs, const void* before, const void* after,
                Error* error) noexcept;

// Reads a flag that came as a number, which must be 0 or 1. Else `error` (may be null) says so.
bool ReadFlag(const char* name, int32_t value, bool* flag, Error* error) noexcept;

// The name of a value, for logs and messages; "unknown" for one that the choice does not have.
// `ChoicesOf` is generated for each choice.
template <class Enum>
constexpr const char* NameOf(Enum value) noexcept {
  for (const Choice& choice : ChoicesOf(value)) {
    if (choice.value == static_cast<int32_t>(value)) return choice.name;
  }
  return "unknown";
}

}  // namespace spillway

#endif  // SPILLWAY_BASE_OPTION_H_
