// What an adaptive limiter does, told simply, one call after the other.
#ifndef SPILLWAY_TESTS_SUPPORT_PLAIN_ADAPTIVE_LIMITER_H_
#define SPILLWAY_TESTS_SUPPORT_PLAIN_ADAPTIVE_LIMITER_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "spillway/base/outcome.h"
#include "spillway/base/time.h"
#include "spillway/concurrency/adaptive_limiter_rule.h"
#include "spillway/concurrency/adaptive_limiter_settings.h"
#include "spillway/concurrency/adaptive_limiter_word.h"

namespace spillway::testing {

// The same rules, with a variable for each thing and a list for the calls of a window.
class PlainAdaptiveLimiter {
 public:
  explicit PlainAdaptiveLimiter(const AdaptiveLimiterSettings& settings)
      : settings_(settings), limit_(settings.initial_limit) {}

  int32_t admitted() const {
    const auto whole = static_cast<int32_t>(limit_);
    return divided_by_ == 1 ? whole : std::max(whole / divided_by_ - 1, 1);
  }
  int32_t in_flight() const { return in_flight_; }
  Nanos baseline() const { return baseline_; }
  Nanos call_time() const { return call_time_; }
  uint64_t windows() const { return windows_; }

  bool Ask(Nanos now) {
    now = std::max<Nanos>(now, 0);
    const bool over = now >= begin_ + 2 * Length() || begin_ > now + kLongest;
    if (in_flight_ >= admitted() && !settings_.dry_run && divided_by_ != 1 && over) {
      phase_ = WindowPhase::kNormal;
      divided_by_ = 1;
      left_ = 30;
      deep_ = false;
      Begin(now);
    }
    const bool admits = in_flight_ < admitted() || settings_.dry_run;
    in_flight_ += admits;
    return admits;
  }

  void Settle(Nanos start, Outcome outcome, Nanos now) {
    const bool busy = in_flight_ * 2 >= limit_;
    --in_flight_;
    now = std::max<Nanos>(now, 0);
    const bool waits = look_at_ > now && look_at_ - now <= Nanos{1} << 36;
    if (outcome == Outcome::kIgnored || waits) return;
    look_at_ = now + Length() / 128;
    if (begin_ < 0) {
      Begin(now);
      return;
    }
    start = std::max<Nanos>(start, 0);
    if (outcome == Outcome::kFailure) {
      ++drops_;
    } else if (begin_ <= start && start <= now) {
      times_.push_back(std::min((now - start) / 16, (Nanos{1} << 34) - 1));
      busy_ = busy_ || busy;
    }
    const bool jumped = begin_ > now + kLongest;
    if ((now >= begin_ + Length() || jumped) &&
        (times_.size() + drops_ >= 10 || phase_ == WindowPhase::kDrain || jumped))
      Judge(now);
  }

  void Change(const AdaptiveLimiterSettings& settings) {
    settings_ = settings;
    Bound();
  }

 private:
  static constexpr Nanos kLongest = 60 * kNanosPerSecond;

  Nanos Length() const {
    return std::min(std::max(2 * std::min(call_time_, kLongest), settings_.window_ns), kLongest);
  }

  // A window of the first microsecond right after a probe begins with the second.
  void Begin(Nanos now) {
    const bool is_zero = phase_ == WindowPhase::kNormal && left_ == 30 && !deep_;
    begin_ = std::max<Nanos>(now / 1024, is_zero) * 1024;
  }

  void Bound() {
    limit_ = std::min(std::max<double>(limit_, settings_.min_limit),
                      static_cast<double>(settings_.max_limit));
    limit_ = std::floor(limit_ * 4096 + 0.5) / 4096;
  }

  void Judge(Nanos now) {
    const size_t calls = times_.size() + drops_;
    const auto share = static_cast<size_t>(std::lround(settings_.drop_rate * 10'000));
    const bool dropped = calls >= 10 && drops_ * 10'000 > share * calls;
    Nanos time = 0;
    if (!times_.empty()) {
      const auto sum = std::accumulate(times_.begin(), times_.end(), Nanos{0}) * 16;
      const double average = static_cast<double>(sum) / static_cast<double>(times_.size());
      time = std::max<Nanos>(1, static_cast<Nanos>(average + 0.5));
    }
    const bool measured = phase_ == WindowPhase::kMeasure && time != 0;
    const auto was = static_cast<double>(baseline_);
    const bool much_lower = measured && static_cast<double>(time) < 0.8 * was;
    const LimitRule rule{settings_.algorithm, settings_.tolerance, settings_.smoothing};
    const bool knows = baseline_ != 0 || settings_.algorithm == LimitAlgorithm::kAimd;
    if (dropped) {
      limit_ *= 0.9;
    } else if (much_lower) {
      limit_ *= static_cast<double>(time) / was;
    } else if (phase_ == WindowPhase::kNormal && busy_ && knows) {
      limit_ = rule.Next(limit_, was, static_cast<double>(time));
    }
    Bound();
    if (time != 0 && !dropped && phase_ != WindowPhase::kDrain) {
      call_time_ = time;
      if (baseline_ == 0 || measured) {
        baseline_ = time;
      } else if (time < baseline_) {
        baseline_ -= static_cast<Nanos>(static_cast<double>(baseline_ - time) * 0.2 + 0.5);
      }
    }
    MoveOn(dropped, measured, much_lower);
    Begin(now);
    times_.clear();
    busy_ = false;
    drops_ = 0;
    ++windows_;
  }

  void MoveOn(bool dropped, bool measured, bool much_lower) {
    if (phase_ == WindowPhase::kDrain && !dropped) {
      phase_ = WindowPhase::kMeasure;
    } else if (phase_ != WindowPhase::kNormal) {
      phase_ = WindowPhase::kNormal;
      divided_by_ = 1;
      if (measured || dropped) {
        left_ = much_lower && !dropped ? 4 : 30;
        deep_ = left_ == 4;
      } else {
        left_ = 1;
      }
    } else if (!dropped && settings_.algorithm != LimitAlgorithm::kAimd && --left_ == 0) {
      phase_ = WindowPhase::kDrain;
      divided_by_ = deep_ ? 4 : 2;
    }
  }

  AdaptiveLimiterSettings settings_;
  double limit_;
  int32_t divided_by_ = 1;
  int32_t in_flight_ = 0;
  Nanos look_at_ = 0;
  Nanos begin_ = -1;
  WindowPhase phase_ = WindowPhase::kNormal;
  int left_ = 4;  // windows to the next probe
  bool deep_ = true;
  std::vector<Nanos> times_;
  bool busy_ = false;
  size_t drops_ = 0;
  Nanos baseline_ = 0;
  Nanos call_time_ = 0;
  uint64_t windows_ = 0;
};

// Options that may change. `Random` is testing::Random, or whatever answers as it does.
template <class Random>
void Tune(Random& random, AdaptiveLimiterSettings* settings) {
  settings->min_limit = 1 + random.Below(5);
  settings->max_limit = 20 + random.Below(200);
  settings->window_ns = random.template Of<Nanos>({1'000'000, 10'000'000, 1'234'567});
  settings->tolerance = random.Of({1.0, 1.5, 3.0});
  settings->smoothing = random.Of({0.01, 0.2, 1.0});
  settings->drop_rate = random.Of({0.0, 0.05, 0.5, 1.0});
  settings->dry_run = random.OneIn(16);
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_PLAIN_ADAPTIVE_LIMITER_H_
