#include "spillway/base/option.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace spillway {
namespace {

// Text in a fixed buffer, as long as an error message: what does not fit is cut.
class Text {
 public:
  Text& Add(std::string_view part) {
    const size_t length = std::min(part.size(), sizeof(buffer_) - 1 - size_);
    std::memcpy(buffer_ + size_, part.data(), length);
    size_ += length;
    return *this;
  }

  // The shortest digits that read back as the same number.
  template <class Number, class... Format>
  Text& AddNumber(Number number, Format... format) {
    char digits[40];
    const auto end = std::to_chars(digits, digits + sizeof(digits), number, format...).ptr;
    return Add(std::string_view(digits, static_cast<size_t>(end - digits)));
  }

  Text& AddChoice(const Choice& choice) {
    return Add(choice.name).Add(" (").AddNumber(choice.value).Add(")");
  }

  const char* c_str() const { return buffer_; }

 private:
  char buffer_[sizeof(Error::message)] = {};
  size_t size_ = 0;
};

template <class T>
T Read(const OptionSpec& spec, const void* settings) {
  T value;
  std::memcpy(&value, static_cast<const char*>(settings) + spec.offset, sizeof(value));
  return value;
}

const Choice* FindChoice(const OptionSpec& spec, int32_t value) {
  const auto found = std::find_if(spec.choices.begin(), spec.choices.end(),
                                  [=](const Choice& choice) { return choice.value == value; });
  return found == spec.choices.end() ? nullptr : &*found;
}

// A number in the unit of the range.
double ReadNumber(const OptionSpec& spec, const void* settings) {
  if (spec.kind == OptionKind::kDuration) {
    return static_cast<double>(Read<int64_t>(spec, settings));
  }
  if (spec.kind == OptionKind::kCount) return Read<int32_t>(spec, settings);
  return Read<double>(spec, settings);
}

void AddNumber(const OptionSpec& spec, double number, Text& text) {
  if (spec.kind == OptionKind::kDuration) {
    text.AddNumber(number / 1e9, std::chars_format::fixed).Add(" s");
  } else if (spec.kind == OptionKind::kCount) {
    text.AddNumber(static_cast<int64_t>(number));
  } else {
    // Whole numbers as people write them, as far as a double tells them apart.
    const bool whole = number == std::trunc(number) && std::abs(number) < 1e15;
    text.AddNumber(number, whole ? std::chars_format::fixed : std::chars_format::general);
  }
}

Text ValueText(const OptionSpec& spec, const void* settings) {
  Text text;
  if (spec.kind == OptionKind::kFlag) {
    text.Add(Read<bool>(spec, settings) ? "true" : "false");
  } else if (spec.kind == OptionKind::kSeed) {
    text.AddNumber(Read<uint64_t>(spec, settings));
  } else if (spec.kind == OptionKind::kChoice) {
    const int32_t value = Read<int32_t>(spec, settings);
    const Choice* choice = FindChoice(spec, value);
    choice == nullptr ? text.AddNumber(value) : text.AddChoice(*choice);
  } else {
    AddNumber(spec, ReadNumber(spec, settings), text);
  }
  return text;
}

Text AcceptedText(const OptionSpec& spec) {
  Text text;
  if (spec.kind == OptionKind::kChoice) {
    const char* separator = "one of ";
    for (const Choice& choice : spec.choices) {
      text.Add(separator).AddChoice(choice);
      separator = ", ";
    }
    return text;
  }
  if (spec.zero != nullptr) text.Add("0 (").Add(spec.zero).Add(") or ");
  AddNumber(spec, spec.min, text);
  text.Add(" to ");
  AddNumber(spec, spec.max, text);
  return text;
}

bool Accepts(const OptionSpec& spec, const void* settings) {
  switch (spec.kind) {
    case OptionKind::kFlag:
    case OptionKind::kSeed:
      return true;
    case OptionKind::kChoice:
      return FindChoice(spec, Read<int32_t>(spec, settings)) != nullptr;
    case OptionKind::kDuration: {
      // As it is: a bound above 2^53 would let through what rounds to it.
      const auto time = Read<int64_t>(spec, settings);
      return (time == 0 && spec.zero != nullptr) ||
             (time >= static_cast<int64_t>(spec.min) && time <= static_cast<int64_t>(spec.max));
    }
    default:
      break;
  }
  const double number = ReadNumber(spec, settings);
  if (number == 0 && spec.zero != nullptr) return true;
  return number >= spec.min && number <= spec.max;  // False for NaN.
}

size_t FieldSize(OptionKind kind) {
  switch (kind) {
    case OptionKind::kFlag:
      return sizeof(bool);
    case OptionKind::kCount:
    case OptionKind::kChoice:
      return sizeof(int32_t);
    default:
      return sizeof(int64_t);
  }
}

bool SameValue(const OptionSpec& spec, const void* before, const void* after) {
  return std::memcmp(static_cast<const char*>(before) + spec.offset,
                     static_cast<const char*>(after) + spec.offset, FieldSize(spec.kind)) == 0;
}

}  // namespace

bool CheckOptions(std::span<const OptionSpec> specs, const void* settings, Error* error) noexcept {
  for (const OptionSpec& spec : specs) {
    if (Accepts(spec, settings)) continue;
    SetError(error, StatusCode::kInvalidArgument, "%s is %s; it must be %s", spec.name,
             ValueText(spec, settings).c_str(), AcceptedText(spec).c_str());
    return false;
  }
  return true;
}

bool CheckFixed(std::span<const OptionSpec> specs, const void* before, const void* after,
                Error* error) noexcept {
  for (const OptionSpec& spec : specs) {
    if (!spec.fixed || SameValue(spec, before, after)) continue;
    SetError(error, StatusCode::kInvalidArgument, "%s is %s and cannot change to %s: it is fixed",
             spec.name, ValueText(spec, before).c_str(), ValueText(spec, after).c_str());
    return false;
  }
  return true;
}

bool ReadFlag(const char* name, int32_t value, bool* flag, Error* error) noexcept {
  *flag = value == 1;
  if (value == 0 || value == 1) return true;
  SetError(error, StatusCode::kInvalidArgument, "%s is %d; it must be 0 or 1", name, value);
  return false;
}

}  // namespace spillway
