// A callee with so many workers and a queue, on a clock of its own, and callers who ask an adaptive
// limiter first.
#ifndef SPILLWAY_TESTS_SUPPORT_SIMULATED_CALLEE_H_
#define SPILLWAY_TESTS_SUPPORT_SIMULATED_CALLEE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "spillway/base/hash.h"
#include "spillway/concurrency/adaptive_limiter.h"

namespace spillway::testing {

class SimulatedCallee {
 public:
  struct Load {
    double a_second;           // calls that callers would make
    Nanos work;                // what one takes on average, without a queue
    size_t workers;            // calls that are worked on at a time
    size_t queue = 1'000'000;  // calls that wait for a worker; more are dropped at once
  };
  // What came of it, since the last time somebody asked.
  struct Result {
    uint64_t done = 0;  // calls that succeeded
    double limit = 0;   // on average over time, and the largest
    int32_t most = 0;
    double of_capacity = 0;  // calls done, of what the workers can do
  };

  explicit SimulatedCallee(AdaptiveLimiter& limiter) : limiter_(limiter), random_(1) {}

  Nanos now() const { return now_; }

  Result Run(Nanos span, const Load& load) {
    Result result;
    const Nanos until = now_ + span;
    Nanos arrival = now_ + Gap(load);
    double looks = 0;
    Nanos look = now_;
    while (now_ < until) {
      if (!ends_.empty() && ends_.top().at <= arrival) {
        result.done += End(load);
      } else {
        now_ = arrival;
        Arrive(load);
        arrival = now_ + Gap(load);
      }
      for (; look <= now_; look += span / 1000) {
        const int32_t limit = limiter_.Snapshot(now_).limit;
        result.limit += limit;
        result.most = std::max(result.most, limit);
        ++looks;
      }
    }
    result.limit /= looks;
    const double can = static_cast<double>(load.workers) * static_cast<double>(span) /
                       static_cast<double>(load.work);
    result.of_capacity = static_cast<double>(result.done) / can;
    return result;
  }

 private:
  struct Ending {
    Nanos at;
    PermitFields permit;
    Outcome outcome;
    bool operator>(const Ending& other) const { return at > other.at; }
  };

  double Exponential() { return -std::log(1 - UnitInterval(random_())); }
  Nanos Gap(const Load& load) {
    return 1 + static_cast<Nanos>(Exponential() * 1e9 / load.a_second);
  }

  void Arrive(const Load& load) {
    const DecisionFields decision = limiter_.Decide(now_);
    if (decision.reason != 0) return;
    if (waiting_.size() == load.queue && busy_ >= load.workers) {
      ends_.push({now_, decision.permit, Outcome::kFailure});
      return;
    }
    waiting_.push(decision.permit);
    Work(load);
  }

  void Work(const Load& load) {
    for (; busy_ < load.workers && !waiting_.empty(); ++busy_) {
      const double takes = Exponential() * static_cast<double>(load.work);
      ends_.push({now_ + 1 + static_cast<Nanos>(takes), waiting_.front(), Outcome::kSuccess});
      waiting_.pop();
    }
  }

  bool End(const Load& load) {
    const Ending ending = ends_.top();
    ends_.pop();
    now_ = ending.at;
    const bool done = ending.outcome == Outcome::kSuccess;
    busy_ -= done;
    Work(load);
    limiter_.Settle(ending.permit, ending.outcome, now_);
    return done;
  }

  AdaptiveLimiter& limiter_;
  std::mt19937_64 random_;
  Nanos now_ = 0;
  size_t busy_ = 0;
  std::queue<PermitFields> waiting_;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> ends_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_SIMULATED_CALLEE_H_
