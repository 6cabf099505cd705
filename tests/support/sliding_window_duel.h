// A sliding window limiter beside a plain list of times, through random calls of one thread.
#ifndef SPILLWAY_TESTS_SUPPORT_SLIDING_WINDOW_DUEL_H_
#define SPILLWAY_TESTS_SUPPORT_SLIDING_WINDOW_DUEL_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "spillway/limiter/sliding_window_limiter.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"

namespace spillway::testing {

// The times at which were admitted, as many as matter, and nothing else.
class TimesOfWindows {
 public:
  explicit TimesOfWindows(const SlidingWindowLimiterSettings& settings) {
    for (const auto& [limit, per] : {std::pair{settings.limit, settings.per_ns},
                                     {settings.second_limit, settings.second_per_ns},
                                     {settings.third_limit, settings.third_per_ns}}) {
      if (limit == 0) continue;
      windows_.emplace_back(limit, per);
      slots_ = std::max(slots_, static_cast<size_t>(limit));
      longest_ = std::max(longest_, per);
    }
  }

  static constexpr int32_t kMostLimit = 12;

  int64_t least_limit() const { return std::min_element(windows_.begin(), windows_.end())->first; }

  int64_t Within(Nanos per, Nanos now) const {
    return std::count_if(times_.begin(), times_.end(),
                         [=](Nanos time) { return now - time < per; });
  }
  int64_t Room(Nanos now) const {
    int64_t room = windows_[0].first;
    for (const auto& [limit, per] : windows_) room = std::min(room, limit - Within(per, now));
    return std::max<int64_t>(room, 0);
  }
  void Take(Nanos now) {
    // After a reset time may begin again, and no slot is given the time that it had.
    if (times_.empty() && newest_ - now > longest_) newest_ = 0;
    newest_ = std::max(newest_, now);
    if (all_.size() >= slots_ && all_[all_.size() - slots_] == newest_) ++newest_;
    all_.push_back(newest_);
    times_.push_back(newest_);
    // Older than so many that are all in the window, or as old as one that has left it.
    if (times_.size() > kMostLimit) times_.erase(times_.begin());
  }
  void Reset() { times_.clear(); }

  // How long until there is room for so many.
  Nanos Wait(int64_t permits, Nanos now) const {
    Nanos wait = Room(now) >= permits ? 0 : kForever;
    for (const Nanos time : times_) {
      for (const auto& [limit, per] : windows_) {
        const Nanos then = time + per;
        if (then > now && then - now < wait && Room(then) >= permits) wait = then - now;
      }
    }
    return wait;
  }

 private:
  std::vector<std::pair<int64_t, Nanos>> windows_;
  size_t slots_ = 1;
  Nanos longest_ = 0;
  std::vector<Nanos> all_;    // since it was made
  std::vector<Nanos> times_;  // since the last reset
  Nanos newest_ = 0;
};

// Windows that the list can follow. `Random` is testing::Random, or whatever answers as it does.
template <class Random>
SlidingWindowLimiterSettings RandomWindows(Random& random) {
  constexpr int32_t kMost = TimesOfWindows::kMostLimit;
  const Nanos scale = random.Of({Nanos{1}, Nanos{1000}, kNanosPerSecond});
  SlidingWindowLimiterSettings settings;
  settings.limit = 1 + random.Below(kMost);
  settings.per_ns = (1 + random.template Below<Nanos>(30)) * scale;
  if (random.OneIn(2)) {
    settings.second_limit = 1 + random.Below(kMost);
    settings.second_per_ns = (1 + random.template Below<Nanos>(90)) * scale;
  }
  if (random.OneIn(3)) {
    settings.third_limit = 1 + random.Below(kMost);
    settings.third_per_ns = (1 + random.template Below<Nanos>(200)) * scale;
  }
  settings.counted = random.OneIn(2);
  return settings;
}

class SlidingWindowDuel {
 public:
  SlidingWindowDuel(const SlidingWindowLimiterSettings& settings, Nanos begin, Random& random)
      : limiter_(MakePolicy<SlidingWindowLimiter>(settings)),
        settings_(settings),
        times_(settings),
        random_(random),
        now_(begin),
        story_(Describe(settings) + "\n") {}

  // Whether the two do alike.
  bool TakeStep() {
    // Mostly forward, by less than a window or by more; often back.
    now_ += random_.OneIn(3) ? -random_.Below(settings_.per_ns + 2)
                             : random_.Below(settings_.per_ns * (random_.OneIn(8) ? 4 : 1) + 2);
    now_ = std::max<Nanos>(now_, 0);
    if (random_.OneIn(50)) {
      story_ += "reset\n";
      limiter_->Reset();
      times_.Reset();
    }
    const LimiterDecision decision = limiter_->TryAcquire(now_);
    const bool room = times_.Room(now_) > 0;
    story_ +=
        (decision ? "admitted" : "refused") + std::string(" at ") + std::to_string(now_) + "\n";
    if (static_cast<bool>(decision) != room) return false;
    if (room) times_.Take(now_);
    return Agrees(limiter_->Describe(decision, now_, 1), room) && SnapshotAgrees();
  }

  const std::string& Story() const { return story_; }

 private:
  bool Agrees(const LimitStatus& status, bool admitted) const {
    const int64_t room = times_.Room(now_);
    const int64_t limit = times_.least_limit();
    return status == LimitStatus{.remaining = room,
                                 .limit = limit,
                                 .reset_after = times_.Wait(limit, now_),
                                 .retry_after = admitted ? 0 : times_.Wait(1, now_),
                                 .next_after = room < limit ? times_.Wait(room + 1, now_) : 0};
  }
  bool SnapshotAgrees() const {
    return limiter_->Snapshot(now_).in_window ==
           std::min<int64_t>(times_.Within(settings_.per_ns, now_), settings_.limit);
  }

  std::unique_ptr<SlidingWindowLimiter> limiter_;
  SlidingWindowLimiterSettings settings_;
  TimesOfWindows times_;
  Random& random_;
  Nanos now_;
  std::string story_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_SLIDING_WINDOW_DUEL_H_
