// A client that may call twice a second and three times at once, on a clock set by hand. Built on
// its own:
//
//   c++ -std=c++20 token_bucket.cc $(pkg-config --cflags --libs spillway_cpp)
#include <cstdio>
#include <memory>

#include "absl/status/statusor.h"
#include "spillway/spillway.h"

using spillway::kNanosPerSecond;
using spillway::Nanos;

namespace {

double Seconds(Nanos time) { return static_cast<double>(time) / kNanosPerSecond; }

void CallAt(spillway::TokenBucket& bucket, Nanos now) {
  const spillway::LimiterDecision decision = bucket.TryAcquire(now);
  const spillway::LimitStatus status = bucket.Describe(decision, now, 1);
  if (decision) {
    std::printf("%.2f s: called, %lld left\n", Seconds(now),
                static_cast<long long>(status.remaining));
  } else {
    std::printf("%.2f s: refused, ask again in %.2f s\n", Seconds(now),
                Seconds(status.retry_after));
  }
}

}  // namespace

int main() {
  absl::StatusOr<std::unique_ptr<spillway::TokenBucket>> bucket =
      spillway::TokenBucket::Create("search", {.rate = 2, .burst = 3});
  if (!bucket.ok()) {
    std::fprintf(stderr, "%s\n", bucket.status().ToString().c_str());
    return 1;
  }
  for (Nanos now = 0; now < 2 * kNanosPerSecond; now += kNanosPerSecond / 4) CallAt(**bucket, now);

  // Or in the order of asking, for whoever can wait.
  const Nanos now = 2 * kNanosPerSecond;
  for (int i = 0; i < 4; ++i) {
    const spillway::LimiterReservation slot = (*bucket)->Reserve(now, 1, kNanosPerSecond);
    if (!slot) {
      std::printf("%.2f s: too long to wait\n", Seconds(now));
      continue;
    }
    std::printf("%.2f s: may call at %.2f s\n", Seconds(now), Seconds(slot.act_at));
  }
  return 0;
}
