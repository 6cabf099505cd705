// What prometheus-cpp would serve of a breaker that has just opened. A program that serves hands
// the collector to its prometheus::Exposer.
#include <prometheus/text_serializer.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "spillway/breaker/circuit_breaker.h"
#include "spillway/export/prometheus_collector.h"

namespace {

spillway::Nanos Beginning() { return 0; }  // a clock set by hand

}  // namespace

int main() {
  spillway::Error error;
  const auto breaker = spillway::CircuitBreaker::Make(
      "payments",
      {.window_kind = spillway::WindowKind::kConsecutive, .window_failures = 1, .jitter = 0},
      &error);
  spillway::prometheus::Collector collector(Beginning);
  if (breaker == nullptr || !collector.Add(*breaker, &error)) {
    std::fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  spillway::Decision decision = breaker->TryAcquire(0);
  breaker->Settle(std::move(decision.permit), spillway::Outcome::kFailure, 0);

  const std::string text = ::prometheus::TextSerializer().Serialize(collector.Collect());
  std::fputs(text.c_str(), stdout);
}
