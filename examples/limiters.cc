// The limiters beside the token bucket, each on a clock set by hand; the page of each in docs/
// shows its function. Built on its own:
//
//   c++ -std=c++20 limiters.cc $(pkg-config --cflags --libs spillway_cpp)
#include <cstdio>

#include "absl/time/time.h"
#include "spillway/spillway.h"

using spillway::kNanosPerSecond;
using spillway::Nanos;

namespace {

double Seconds(Nanos time) { return static_cast<double>(time) / kNanosPerSecond; }

// Ten mails a second leave, one after the other; none waits for more than a quarter of a second.
void SendMails(Nanos now) {
  const auto shaper =
      spillway::LeakyBucket::Create("mail", {.rate = 10, .capacity = 100, .free = 1}).value();
  for (int mail = 1; mail <= 4; ++mail) {
    const spillway::LimiterReservation turn = shaper->Reserve(now, 1, kNanosPerSecond / 4);
    if (turn) {
      std::printf("mail %d leaves at %.1f s\n", mail, Seconds(turn.act_at));
    } else {
      std::printf("mail %d is not taken: too many wait\n", mail);
    }
  }
}

// The provider takes three payments within any second, and five within any ten seconds.
void Pay() {
  const auto limiter =
      spillway::SlidingWindowLimiter::Create(
          "provider",
          {.limit = 3, .per = absl::Seconds(1), .second_limit = 5, .second_per = absl::Seconds(10)})
          .value();
  for (Nanos now = 0; now < 2 * kNanosPerSecond; now += kNanosPerSecond / 4) {
    if (const spillway::LimiterDecision decision = limiter->TryAcquire(now)) {
      std::printf("%.2f s: paid\n", Seconds(now));
    } else {
      const spillway::LimitStatus status = limiter->Describe(decision, now, 1);
      std::printf("%.2f s: pay in %.2f s\n", Seconds(now), Seconds(status.retry_after));
    }
  }
}

// Two look-ups at once and one a second; five in a day. What the second refuses costs no day.
void LookUp() {
  const auto per_second =
      spillway::TokenBucket::Create("per second", {.rate = 1, .burst = 2}).value();
  const auto per_day =
      spillway::TokenBucket::Create("per day", {.rate = 5.0 / 86400, .burst = 5}).value();
  const spillway::MultiLimiterMember members[] = {*per_second, *per_day};
  const auto limiter = spillway::MultiLimiter::Create("look-ups", members, {}).value();
  for (Nanos now = 0; now < 5 * kNanosPerSecond; now += kNanosPerSecond / 2) {
    if (const spillway::LimiterDecision decision = limiter->TryAcquire(now)) {
      std::printf("%.1f s: looked up\n", Seconds(now));
    } else {
      const bool by_second = spillway::MultiLimiter::Refuser(decision) == 0;
      std::printf("%.1f s: not more %s\n", Seconds(now), by_second ? "a second" : "today");
    }
  }
}

// Each user has five pages a second, and two at once; what one user takes, no other misses.
void ShowPages(Nanos now) {
  const auto limiter =
      spillway::KeyedLimiter::Create("pages", {.rate = 5, .burst = 2, .max_keys = 1000}).value();
  for (const char* user : {"ada", "ada", "ada", "bob"}) {
    if (const spillway::LimiterDecision decision = limiter->TryAcquire(now, user)) {
      std::printf("a page for %s\n", user);
    } else {
      const spillway::LimitStatus status = limiter->Describe(decision, now, 1);
      std::printf("no page for %s: in %.1f s\n", user, Seconds(status.retry_after));
    }
  }
}

}  // namespace

int main() {
  SendMails(0);
  Pay();
  LookUp();
  ShowPages(0);
  return 0;
}
