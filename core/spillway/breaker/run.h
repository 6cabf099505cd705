// Runs a callable under a circuit breaker.
#ifndef SPILLWAY_BREAKER_RUN_H_
#define SPILLWAY_BREAKER_RUN_H_

#include <type_traits>
#include <utility>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/breaker/circuit_breaker.h"

namespace spillway {

// Settles its permit when it goes out of scope: as a failure unless told otherwise, so that a call
// that leaves by an exception counts as failed. Also of use on its own, around code that is not one
// callable.
class SettleOnExit {
 public:
  SettleOnExit(CircuitBreaker& breaker, Permit permit) noexcept
      : breaker_(breaker), permit_(std::move(permit)) {}
  SettleOnExit(const SettleOnExit&) = delete;
  SettleOnExit& operator=(const SettleOnExit&) = delete;
  ~SettleOnExit() { breaker_.Settle(std::move(permit_), outcome_); }

  void set_outcome(Outcome outcome) noexcept { outcome_ = outcome; }

 private:
  CircuitBreaker& breaker_;
  Permit permit_;
  Outcome outcome_ = Outcome::kFailure;
};

// Calls `function` if the breaker admits it, settles by OutcomeOf its result and returns the
// result, which may be move-only. Refused, it returns what `on_refused` makes of the Decision, and
// does not call `function`:
//
//   absl::StatusOr<Reply> reply = Run(
//       breaker, [&] { return client.Get(request); },
//       [](const Decision& refused) { return absl::UnavailableError("payments are resting"); });
template <typename Function, typename OnRefused>
auto Run(CircuitBreaker& breaker, Function&& function, OnRefused&& on_refused)
    -> std::invoke_result_t<Function> {
  using Result = std::invoke_result_t<Function>;
  Decision decision = breaker.TryAcquire();
  if (!decision) return std::forward<OnRefused>(on_refused)(std::as_const(decision));
  SettleOnExit settle(breaker, std::move(decision.permit));
  if constexpr (std::is_void_v<Result>) {
    std::forward<Function>(function)();
    settle.set_outcome(Outcome::kSuccess);
  } else {
    Result result = std::forward<Function>(function)();
    settle.set_outcome(OutcomeOf<std::remove_cvref_t<Result>>::Get(result));
    return result;
  }
}

}  // namespace spillway

#endif  // SPILLWAY_BREAKER_RUN_H_
