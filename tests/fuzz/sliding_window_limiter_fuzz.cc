// The sliding window limiter behind the C interface: every answer at any time is that of a list of
// times, no interval holds more than a limit, and calls that no caller should make answer as
// documented and change nothing.
//
// Faults that can be planted (target.h): here `lost_reset`, in c_limiter.h `retry_after` and in
// c_policy.h `overrun`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "generated/sliding_window_limiter.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/sliding_window_limiter.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/c_limiter.h"
#include "tests/fuzz/c_policy.h"
#include "tests/support/policies.h"
#include "tests/support/sliding_window_duel.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 300;

struct SlidingWindowNoun {
  SPILLWAY_FUZZ_NOUN(sliding_window_limiter, SlidingWindowLimiter)
  static constexpr auto New = spillway_sliding_window_limiter_new;

  // Few permits, so that the list is short.
  static Settings Random(ByteReader& input) {
    Settings settings = testing::RandomWindows(input);
    settings.dry_run = input.OneIn(8);
    return settings;
  }
  static bool IsGood(const Settings& settings) { return IsMade<SlidingWindowNoun>(settings); }
};

using Policy = CPolicy<SlidingWindowNoun>;

Told Ask(const Policy& policy, int64_t n, Nanos at) {
  return AskLimiter([&](spillway_limit_status* out) {
    return spillway_sliding_window_limiter_try_acquire_at(policy.handle(), n, at, out);
  });
}

class Fuzz {
 public:
  explicit Fuzz(ByteReader& input)
      : input_(input),
        twin_(testing::MakePolicy<SlidingWindowLimiter>(SlidingWindowNoun::Random(input))),
        times_(twin_->settings()),
        real_(twin_->settings()),
        story_(testing::Describe(twin_->settings()) + "\n") {}

  void Run() {
    for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
      TakeStep();
      CompareLooks();
    }
  }

  std::string Story() const { return story_; }

 private:
  // As far as the list can add a window.
  static constexpr Nanos kLast = kForever - 366 * 86'400 * kNanosPerSecond;

  SlidingWindowLimiterSettings settings() const { return twin_->settings(); }

  void Note(const char* what, int64_t number) {
    story_ += std::string(what) + " " + std::to_string(number) + "\n";
  }

  void TakeStep() {
    MoveClock();
    switch (input_.Below(16)) {
      case 0:
        return Reset();
      case 1:
        return MisuseAny(input_, real_, now_);
      case 2:
        Note("reconfigure", now_);
        return ReconfigureAnyhow(input_, real_, *twin_);
      case 3:
        return MakeAnyhow<SlidingWindowNoun>(
            input_, [this](const Policy& policy, const SlidingWindowLimiterSettings& settings) {
              Use(policy, settings);
            });
      default:
        return TryAcquire();
    }
  }

  // Forward by less than a window or by more, back, or to any time.
  void MoveClock() {
    const Nanos per = settings().per_ns;
    switch (input_.Below(8)) {
      case 0:
        now_ = std::min(SaturatingAdd(now_, -input_.Below(per + 2)), now_);
        break;
      case 1:
      case 2:
        now_ = SaturatingAdd(now_, input_.Below(per + 2));
        break;
      case 3:
        now_ = SaturatingAdd(now_, input_.Below(per * 4));
        break;
      case 4:
        if (input_.OneIn(8)) now_ = AnyTime(input_, now_);
        break;
      default:
        break;
    }
    now_ = std::min(now_, kLast);
  }

  Nanos Moment() const { return std::max<Nanos>(now_, 0); }

  void TryAcquire() {
    const int64_t n = input_.OneIn(8) ? AnyCount(input_, settings().limit) : 1;
    const int64_t room = times_.Room(Moment());
    Note("take", n);
    Note("  at", now_);
    const Told told = Ask(real_, n, now_);
    Require(told.decision == Expected(n, room), "another decision");
    if (n < 0) return;
    const bool refuses = n > 1 || (n == 1 && room == 0);
    const bool taken = n == 1 && room != 0;
    if (taken) times_.Take(Moment());
    admitted_ += taken;
    refused_ += refuses && !settings().dry_run;
    dry_run_ += refuses && settings().dry_run;
    RequireTold(told.status, n, told.decision);
  }

  int32_t Expected(int64_t n, int64_t room) const {
    if (n < 0) return SPILLWAY_E_MISUSE;
    if (settings().dry_run || n == 0 || (n == 1 && room > 0)) return SPILLWAY_ADMITTED;
    if (n > 1) return SPILLWAY_SLIDING_WINDOW_LIMITER_REJECTION_EXCEEDS_ONE;
    return SPILLWAY_SLIDING_WINDOW_LIMITER_REJECTION_EXHAUSTED;
  }

  void RequireTold(const LimitStatus& told, int64_t n, int32_t decision) const {
    const Nanos now = Moment();
    const int64_t room = times_.Room(now);
    const int64_t limit = times_.least_limit();
    Require(told.remaining == room, "another remaining");
    Require(told.limit == limit, "another limit");
    Require(told.reset_after == times_.Wait(limit, now), "another reset_after");
    const Nanos retry = n > 1 ? kForever : times_.Wait(1, now);
    Require(told.retry_after == (decision > 0 ? retry : 0), "another retry_after");
    Require(told.next_after == (room < limit ? times_.Wait(room + 1, now) : 0),
            "another next_after");
  }

  void Reset() {
    Note("reset", now_);
    if (!Planted("lost_reset")) spillway_sliding_window_limiter_reset(real_.handle());
    times_.Reset();
  }

  void CompareLooks() const {
    const auto told = real_.Snapshot(now_);
    Require(told.in_window ==
                std::min<int64_t>(times_.Within(settings().per_ns, Moment()), settings().limit),
            "another in_window");
    Require(told.limit == settings().limit, "another limit in the snapshot");
    Require(told.total_admitted == admitted_, "another total_admitted");
    Require(told.total_refused == (settings().counted ? refused_ : 0), "another total_refused");
    Require(told.total_dry_run == (settings().counted ? dry_run_ : 0), "another total_dry_run");
  }

  // One of any options, at any times: no more within `per` than the limit, and who waits as long as
  // he was told is admitted.
  void Use(const Policy& policy, const SlidingWindowLimiterSettings& settings) {
    Nanos last = 0;
    for (int i = 0; i < 8; ++i) {
      const Nanos at = AnyTime(input_, last);
      last = at;
      const Told told = Ask(policy, 1, at);
      if (!settings.dry_run) {
        RequireLoneRetry(told, at, [&](Nanos then) { return Ask(policy, 1, then).decision; });
      }
      const auto looks = policy.Snapshot(at);
      Require(looks.in_window >= 0 && looks.in_window <= settings.limit, "more than the limit");
      Require(told.status.remaining >= 0 && told.status.remaining <= told.status.limit,
              "more than the limit remains");
      if (input_.OneIn(8)) spillway_sliding_window_limiter_reset(policy.handle());
    }
    MustBeMisuse(spillway_sliding_window_limiter_reset(nullptr));
    MustBeMisuse(AskLimiter([&](spillway_limit_status* out) {
                   return spillway_sliding_window_limiter_try_acquire_at(nullptr, 1, last, out);
                 }).decision);
  }

  ByteReader& input_;
  std::unique_ptr<SlidingWindowLimiter> twin_;  // for its options
  testing::TimesOfWindows times_;
  Policy real_;
  Nanos now_ = 0;
  uint64_t admitted_ = 0;
  uint64_t refused_ = 0;
  uint64_t dry_run_ = 0;
  std::string story_;
};

}  // namespace

void RunInput(ByteReader& input) { RunAndTell<Fuzz>(input); }

}  // namespace spillway::fuzz
