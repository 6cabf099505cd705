// A client whose callee is down for a while, on a clock set by hand. Built on its own:
//
//   c++ -std=c++20 circuit_breaker.cc $(pkg-config --cflags --libs spillway_cpp)
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "spillway/spillway.h"

using spillway::kNanosPerSecond;
using spillway::Nanos;

namespace {

// Stands for the real call.
bool Pay(Nanos now) { return now < 2 * kNanosPerSecond || now >= 6 * kNanosPerSecond; }

double Seconds(Nanos time) { return static_cast<double>(time) / kNanosPerSecond; }

void PayAt(spillway::CircuitBreaker& breaker, Nanos now) {
  spillway::Decision decision = breaker.TryAcquire(now);
  if (!decision) {
    const auto reason = static_cast<spillway::CircuitBreakerRejection>(decision.reason);
    std::printf("%.1f s: refused (%s), ask again in %.1f s\n", Seconds(now),
                spillway::NameOf(reason), Seconds(decision.retry_after));
    return;
  }
  const bool paid = Pay(now);
  breaker.Settle(std::move(decision.permit),
                 paid ? spillway::Outcome::kSuccess : spillway::Outcome::kFailure, now);
  std::printf("%.1f s: %s\n", Seconds(now), paid ? "paid" : "failed");
}

}  // namespace

int main() {
  spillway::CircuitBreakerOptions options;
  options.window_kind = spillway::WindowKind::kConsecutive;
  options.window_failures = 3;
  options.open_for = absl::Seconds(3);
  options.jitter = 0;

  absl::StatusOr<std::unique_ptr<spillway::CircuitBreaker>> breaker =
      spillway::CircuitBreaker::Create("payments", options);
  if (!breaker.ok()) {
    std::fprintf(stderr, "%s\n", breaker.status().ToString().c_str());
    return 1;
  }
  for (Nanos now = 0; now < 8 * kNanosPerSecond; now += kNanosPerSecond / 2) {
    PayAt(**breaker, now);
  }
  return 0;
}
