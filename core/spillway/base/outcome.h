// How a call ended, and how a result says so.
#ifndef SPILLWAY_BASE_OUTCOME_H_
#define SPILLWAY_BASE_OUTCOME_H_

#include <concepts>
#include <cstdint>

namespace spillway {

enum class Outcome : int32_t {
  kSuccess = 0,
  kFailure = 1,
  // Says nothing about the callee (the caller gave up, the request was bad): counts nothing, gives
  // the permit back.
  kIgnored = 2,
};

// The outcome a result stands for. Specialise it for result types of your own:
//
//   template <> struct spillway::OutcomeOf<Reply> {
//     static Outcome Get(const Reply& reply) { return reply.code < 500 ? Outcome::kSuccess :
//     Outcome::kFailure; }
//   };
//
// Known without that: types with ok() (absl::Status, absl::StatusOr), types with has_value()
// (std::optional and expected-like ones) and bool. Every other result is a success: the call
// returned.
template <typename T>
struct OutcomeOf {
  static constexpr Outcome Get(const T& result) {
    if constexpr (requires {
                    { result.ok() } -> std::convertible_to<bool>;
                  }) {
      return result.ok() ? Outcome::kSuccess : Outcome::kFailure;
    } else if constexpr (requires {
                           { result.has_value() } -> std::convertible_to<bool>;
                         }) {
      return result.has_value() ? Outcome::kSuccess : Outcome::kFailure;
    } else if constexpr (std::same_as<T, bool>) {
      return result ? Outcome::kSuccess : Outcome::kFailure;
    } else {
      return Outcome::kSuccess;
    }
  }
};

}  // namespace spillway

#endif  // SPILLWAY_BASE_OUTCOME_H_
