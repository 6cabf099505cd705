// Settings and snapshots to and from Python, by the tables that are generated for each noun.
#ifndef SPILLWAY_PYTHON_SETTINGS_H_
#define SPILLWAY_PYTHON_SETTINGS_H_

#include <pybind11/typing.h>

#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "clock.h"
#include "spillway/base/error.h"
#include "spillway/base/option.h"
#include "support.h"

namespace spillway::python {

using Fields = py::typing::Dict<py::str, py::object>;
using Rate = OrNone<py::float_>;
using Time = OrNone<py::int_>;

// A `now_ns` of a call that is not made for each request.
inline Nanos PreciseTime(const Time& value) {
  Nanos now = 0;
  if (!ReadNow(value.ptr(), &now)) throw py::error_already_set();
  return now == kReadClock ? PreciseNow() : now;
}

// Raises what the core says.
[[noreturn]] inline void Raise(const Error& error) {
  if (error.code == StatusCode::kNoMemory) throw std::bad_alloc();
  if (error.code == StatusCode::kBusy || error.code == StatusCode::kInternal)
    throw std::runtime_error(error.message);
  throw py::value_error(error.message);
}

// The member of an enum of the core, by its name.
template <class Enum>
Enum EnumFrom(const char* what, std::span<const Choice> choices, const std::string& name) {
  std::string accepted;
  for (const Choice& choice : choices) {
    if (choice.name == name) return static_cast<Enum>(choice.value);
    if (!accepted.empty()) accepted += ", ";
    accepted += choice.name;
  }
  throw py::value_error(std::string(what) + " is " + name + "; it must be one of " + accepted);
}

// Settings from a dict that has every option under its name: durations in nanoseconds, choices by
// name.
template <class Settings>
Settings SettingsFrom(const Fields& options) {
  Settings settings;
  ForEachOption(settings, [&](const OptionSpec& spec, auto& field) {
    using Field = std::remove_reference_t<decltype(field)>;
    const py::object value = options[spec.name];
    if constexpr (std::is_enum_v<Field>) {
      field = EnumFrom<Field>(spec.name, spec.choices, value.cast<std::string>());
    } else {
      field = value.cast<Field>();
    }
  });
  return settings;
}

// A rate that is undefined is None.
inline Rate RateOrNone(double rate) { return rate < 0 ? Rate(py::none()) : Rate(py::float_(rate)); }

// The fields of a snapshot by name.
template <class Snapshot>
Fields FieldsOf(const Snapshot& snapshot) {
  Fields fields;
  ForEachField(snapshot, [&](const char* name, const auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    if constexpr (std::is_enum_v<Field>) {
      fields[name] = NameOf(field);
    } else if constexpr (std::is_same_v<Field, double>) {
      fields[name] = RateOrNone(field);
    } else {
      fields[name] = field;
    }
  });
  return fields;
}

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_SETTINGS_H_
