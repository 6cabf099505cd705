// Runs a callable under a policy that gives out permits: a circuit breaker, a bulkhead.
#ifndef SPILLWAY_BASE_RUN_H_
#define SPILLWAY_BASE_RUN_H_

#include <type_traits>
#include <utility>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/base/permit.h"

namespace spillway {

// Settles its permit when it goes out of scope: as a failure unless told otherwise, so that a call
// that leaves by an exception counts as failed. Also of use on its own, around code that is not one
// callable.
template <class Policy>
class SettleOnExit {
 public:
  SettleOnExit(Policy& policy, Permit permit) noexcept
      : policy_(policy), permit_(std::move(permit)) {}
  SettleOnExit(const SettleOnExit&) = delete;
  SettleOnExit& operator=(const SettleOnExit&) = delete;
  ~SettleOnExit() { policy_.Settle(std::move(permit_), outcome_); }

  void set_outcome(Outcome outcome) noexcept { outcome_ = outcome; }

 private:
  Policy& policy_;
  Permit permit_;
  Outcome outcome_ = Outcome::kFailure;
};

// Calls `function` if the policy admits it, settles by OutcomeOf its result and returns the
// result, which may be move-only. Refused, it returns what `on_refused` makes of the Decision, and
// does not call `function`:
//
//   absl::StatusOr<Reply> reply = Run(
//       breaker, [&] { return client.Get(request); },
//       [](const Decision& refused) { return absl::UnavailableError("payments are resting"); });
template <class Policy, typename Function, typename OnRefused>
auto Run(Policy& policy, Function&& function, OnRefused&& on_refused)
    -> std::invoke_result_t<Function> {
  using Result = std::invoke_result_t<Function>;
  Decision decision = policy.TryAcquire();
  if (!decision) return std::forward<OnRefused>(on_refused)(std::as_const(decision));
  SettleOnExit settle(policy, std::move(decision.permit));
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

#endif  // SPILLWAY_BASE_RUN_H_
