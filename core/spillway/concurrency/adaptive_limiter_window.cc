// How the limit finds itself: what one in many calls does beside giving its place back. Nothing
// here allocates or throws.
//
// All is relaxed: each word is a statistic by itself, or moves only from what was seen. A judge who
// is stopped or killed on the way blocks nobody: the next window has another. What it writes late
// is dropped, because it no longer finds what it saw.
#include <algorithm>
#include <cmath>

#include "spillway/concurrency/adaptive_limiter.h"

namespace spillway {
namespace {

constexpr uint64_t kLeastCalls = 10;  // of a window
constexpr uint32_t kLooksShift = 7;   // 128 looks a window
constexpr Nanos kLongestWindow = kNanosPerSecond * 60;
constexpr double kBaselineFall = 0.2;  // towards a lower average, of what it is lower by
constexpr double kMuchLower = 0.8;     // a baseline that was too high, not just unlucky
constexpr uint64_t kWholeRate = 10'000;

uint64_t Rounded(double number) { return static_cast<uint64_t>(std::lround(number)); }

bool Replace(Word& word, uint64_t from, uint64_t to) {
  return word.compare_exchange_strong(from, to, std::memory_order_relaxed);
}

}  // namespace

Nanos AdaptiveLimiter::Window::call_time() const {
  return times().calls == 0 ? 0
                            : std::max<Nanos>(1, static_cast<Nanos>(Rounded(times().average())));
}

bool AdaptiveLimiter::Window::much_lower() const {
  return probed() != 0 &&
         static_cast<double>(probed()) < kMuchLower * static_cast<double>(baseline);
}

// Long enough for calls that begin in it to end in it, many of them.
Nanos AdaptiveLimiter::WindowLength() const noexcept {
  const uint64_t call_time = memory_->call_time.load(std::memory_order_relaxed);
  const Nanos twice = static_cast<Nanos>(std::min(call_time, uint64_t{kLongestWindow})) * 2;
  return std::clamp(twice, window_.load(std::memory_order_relaxed), kLongestWindow);
}

void AdaptiveLimiter::Look(Nanos start, Outcome outcome, bool busy, Nanos now) noexcept {
  AdaptiveLimiterMemory* const memory = memory_;
  const uint64_t at = memory->sample_at.load(std::memory_order_relaxed);
  const Nanos next = SaturatingAdd(now, WindowLength() >> kLooksShift);
  if (!Replace(memory->sample_at, at, static_cast<uint64_t>(next))) return;  // somebody else looks
  const WindowWord window(memory->window.load(std::memory_order_relaxed));
  if (!window.begun()) {
    // The first baseline was measured with whatever was in flight: a probe follows soon.
    Replace(memory->window, window.bits(),
            WindowWord(now, WindowWord::kSoonAge, WindowPhase::kNormal).bits());
    return;
  }
  start = std::max<Nanos>(start, 0);
  if (outcome == Outcome::kFailure) {
    memory->drops.fetch_add(1, std::memory_order_relaxed);
  } else if (window.begin() <= start && start <= now) {
    // Of calls that began earlier, part was spent under another limit.
    memory->calls.fetch_add(CallTimes::One(static_cast<uint64_t>(now - start), busy),
                            std::memory_order_relaxed);
  }
  Judge(window, now);
}

void AdaptiveLimiter::Judge(WindowWord word, Nanos now) noexcept {
  AdaptiveLimiterMemory* const memory = memory_;
  const Nanos length = WindowLength();
  // Of a window that begins later than that, the clock has jumped back since.
  const bool jumped = word.begin() > SaturatingAdd(now, kLongestWindow);
  if (now < SaturatingAdd(word.begin(), length) && !jumped) return;
  const Window window{.word = word,
                      .calls = memory->calls.load(std::memory_order_relaxed),
                      .calls_before = memory->calls_before.load(std::memory_order_relaxed),
                      .drops = memory->drops.load(std::memory_order_relaxed),
                      .drops_before = memory->drops_before.load(std::memory_order_relaxed),
                      .baseline = memory->baseline.load(std::memory_order_relaxed),
                      .limit = LimitWord(memory->word.load(std::memory_order_relaxed))};
  if (window.total() < kLeastCalls && word.phase() != WindowPhase::kDrain && !jumped) return;
  const WindowWord next = After(window, now);
  if (!Replace(memory->window, word.bits(), next.bits())) return;
  Replace(memory->calls_before, window.calls_before, window.calls);
  Replace(memory->drops_before, window.drops_before, window.drops);
  NoteBaseline(window);
  MoveLimit(window, next.probe());
  memory->windows.fetch_add(1, std::memory_order_relaxed);
}

// False: the probe goes on. A judge comes of a call that ends, and there may be none: calls that
// run for long, or were lost, may hold all the places that a probe leaves. So who is refused ends a
// probe that takes twice its time, and one whose judge has not come so far.
bool AdaptiveLimiter::EndProbe(Nanos now) noexcept {
  now = std::max<Nanos>(now, 0);
  const WindowWord window(memory_->window.load(std::memory_order_relaxed));
  const bool jumped = window.begin() > SaturatingAdd(now, kLongestWindow);
  if (window.probe() != Probe::kNone) {
    if (now < SaturatingAdd(window.begin(), 2 * WindowLength()) && !jumped) return false;
    Replace(memory_->window, window.bits(), WindowWord(now, 0, WindowPhase::kNormal).bits());
  }
  uint64_t seen = memory_->word.load(std::memory_order_relaxed);
  for (int i = 0; i < kMaxAttempts && LimitWord(seen).probe() != Probe::kNone; ++i) {
    const LimitWord whole = LimitWord(seen).WithLimit(LimitWord(seen).limit(), Probe::kNone);
    if (memory_->word.compare_exchange_weak(seen, whole.bits(), std::memory_order_relaxed)) break;
  }
  return true;
}

bool AdaptiveLimiter::Dropped(const Window& window) const noexcept {
  return window.total() >= kLeastCalls &&
         window.dropped() * kWholeRate >
             window.total() * drop_rate_.load(std::memory_order_relaxed);
}

WindowWord AdaptiveLimiter::After(const Window& window, Nanos now) const noexcept {
  const uint32_t age = window.word.age();
  const bool normal = window.word.phase() == WindowPhase::kNormal;
  if (Dropped(window)) return {now, normal ? age : 0, WindowPhase::kNormal};
  if (window.word.phase() == WindowPhase::kDrain) return {now, age, WindowPhase::kMeasure};
  if (!normal) {
    if (window.probed() == 0) return {now, age - 1, WindowPhase::kNormal};  // again
    return {now, window.much_lower() ? WindowWord::kSoonAge : 0, WindowPhase::kNormal};
  }
  if (algorithm_ == LimitAlgorithm::kAimd) return {now, age, WindowPhase::kNormal};
  const bool probes = age + 1 == WindowWord::kProbeAge || age + 1 == WindowWord::kDeepProbeAge;
  return {now, age + 1, probes ? WindowPhase::kDrain : WindowPhase::kNormal};
}

// Only a probe raises it, so no queue that stays can become the baseline.
void AdaptiveLimiter::NoteBaseline(const Window& window) noexcept {
  const auto time = static_cast<uint64_t>(window.call_time());
  if (time == 0 || window.word.phase() == WindowPhase::kDrain || Dropped(window)) return;
  memory_->call_time.store(time, std::memory_order_relaxed);
  uint64_t baseline = window.baseline;
  if (baseline == 0 || window.probed() != 0) {
    baseline = time;
  } else if (time < baseline) {
    baseline -= Rounded(static_cast<double>(baseline - time) * kBaselineFall);
  }
  Replace(memory_->baseline, window.baseline, baseline);
}

void AdaptiveLimiter::MoveLimit(const Window& window, Probe probe) noexcept {
  double limit = static_cast<double>(LimitOf(window.limit)) / static_cast<double>(LimitWord::kUnit);
  const auto baseline = static_cast<double>(window.baseline);
  const auto call_time = static_cast<double>(window.call_time());
  const bool knows = algorithm_ == LimitAlgorithm::kAimd || window.baseline != 0;
  if (Dropped(window)) {
    limit = LimitRule::AfterDrops(limit);
  } else if (window.much_lower()) {
    limit *= call_time / baseline;
  } else if (window.word.phase() == WindowPhase::kNormal && window.times().busy != 0 && knows) {
    const LimitRule rule{.algorithm = algorithm_,
                         .tolerance = tolerance_.load(std::memory_order_relaxed),
                         .smoothing = smoothing_.load(std::memory_order_relaxed)};
    limit = rule.Next(limit, baseline, call_time);
  }
  const uint64_t to = Bounded(limit);
  uint64_t seen = memory_->word.load(std::memory_order_relaxed);
  // Somebody who has moved the limit since has seen more.
  for (int i = 0; i < kMaxAttempts && LimitWord(seen).limit() == window.limit.limit(); ++i) {
    const LimitWord moved = LimitWord(seen).WithLimit(to, probe);
    if (memory_->word.compare_exchange_weak(seen, moved.bits(), std::memory_order_relaxed)) break;
  }
}

uint64_t AdaptiveLimiter::Bounded(double limit) const noexcept {
  const double low = min_limit_.load(std::memory_order_relaxed);
  const double high = max_limit_.load(std::memory_order_relaxed);
  const double bounded = std::min(std::max(limit, low), high);
  return Rounded(bounded * static_cast<double>(LimitWord::kUnit));
}

// Into the bounds, if it is out of them.
void AdaptiveLimiter::BoundLimit() noexcept {
  uint64_t seen = memory_->word.load(std::memory_order_relaxed);
  for (int i = 0; i < kMaxAttempts; ++i) {
    const LimitWord word(seen);
    const uint64_t limit = LimitOf(word);
    const uint64_t to = Bounded(static_cast<double>(limit) / static_cast<double>(LimitWord::kUnit));
    if (to == limit) break;
    if (memory_->word.compare_exchange_weak(seen, word.WithLimit(to, word.probe()).bits(),
                                            std::memory_order_relaxed))
      break;
  }
}

}  // namespace spillway
