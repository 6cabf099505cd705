// Policies for tests: they fail the test rather than be null.
#ifndef SPILLWAY_TESTS_SUPPORT_POLICIES_H_
#define SPILLWAY_TESTS_SUPPORT_POLICIES_H_

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "spillway/base/error.h"
#include "spillway/base/option.h"

namespace spillway::testing {

template <class Policy>
std::unique_ptr<Policy> MakePolicy(const typename Policy::Settings& settings,
                                   void* memory = nullptr, bool shared = false) {
  Error error;
  std::unique_ptr<Policy> policy = Policy::Make("test", settings, &error, memory, shared);
  if (policy == nullptr) throw std::runtime_error(error.message);
  return policy;
}

// To set up the same policy again by hand.
template <class Settings>
std::string Describe(const Settings& settings) {
  std::string text;
  ForEachOption(settings, [&](const OptionSpec& spec, const auto& field) {
    text += std::string(spec.name) + "=";
    if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(field)>>) {
      text += std::string(NameOf(field)) + " ";
    } else {
      text += std::to_string(field) + " ";
    }
  });
  return text;
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_POLICIES_H_
