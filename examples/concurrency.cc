// Calls at once: a bulkhead, an adaptive limiter and a client throttle, the last two on a clock set
// by hand; the page of each in docs/ shows its function. Built on its own:
//
//   c++ -std=c++20 concurrency.cc $(pkg-config --cflags --libs spillway_cpp)
#include <cstddef>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "spillway/spillway.h"

using spillway::kNanosPerSecond;
using spillway::Nanos;

namespace {

// One report is rendered at a time. Others wait for up to half a second; previews never wait.
void RenderReports() {
  const auto reports =
      spillway::Bulkhead::Create("reports", {.max_concurrent = 1, .max_queue = 20}).value();
  const auto preview = [&reports] {
    return spillway::Run(
        *reports, [] { return "a preview"; },
        [](const spillway::Decision& /*refused*/) { return "no preview: a report is rendered"; });
  };
  spillway::Decision decision = spillway::WaitForSlot(*reports, kNanosPerSecond / 2);
  if (decision) {
    const spillway::SettleOnExit slot(*reports, std::move(decision.permit));
    std::printf("a report, meanwhile %s\n", preview());
  }
  std::printf("then %s\n", preview());
}

// The callee serves four calls at once and drops the others. The limiter finds that out.
void Search() {
  const auto limiter =
      spillway::AdaptiveLimiter::Create(
          "search", {.algorithm = spillway::LimitAlgorithm::kAimd, .initial_limit = 10})
          .value();
  std::vector<spillway::Permit> calls;
  for (Nanos now = 0; now < 60 * kNanosPerSecond; now += kNanosPerSecond) {
    calls.clear();
    while (spillway::Decision decision = limiter->TryAcquire(now)) {
      calls.push_back(std::move(decision.permit));
    }
    for (size_t i = 0; i < calls.size(); ++i) {
      const auto outcome = i < 4 ? spillway::Outcome::kSuccess : spillway::Outcome::kFailure;
      const Nanos end = now + static_cast<Nanos>(i + 1) * (kNanosPerSecond / 20);
      limiter->Settle(std::move(calls[i]), outcome, end);
    }
  }
  std::printf("after a minute %d calls at once\n", static_cast<int>(calls.size()));
}

// The callee accepts every tenth call. Most of the others are refused before they cost it any.
void Ask() {
  const auto throttle = spillway::ClientThrottle::Create("translator", {.seed = 1}).value();
  int sent = 0;
  for (int call = 0; call < 1000; ++call) {
    const Nanos now = call * (kNanosPerSecond / 100);
    spillway::Decision decision = throttle->TryAcquire(now, spillway::Priority::kNormal);
    if (!decision) continue;
    const bool accepted = ++sent % 10 == 0;
    throttle->Settle(std::move(decision.permit),
                     accepted ? spillway::Outcome::kSuccess : spillway::Outcome::kFailure, now);
  }
  std::printf("of 1000 calls %d are sent\n", sent);
}

}  // namespace

int main() {
  RenderReports();
  Search();
  Ask();
  return 0;
}
