// A breaker and the sequential reference side by side: the same calls, chosen at random, and the
// same answers.
#ifndef SPILLWAY_TESTS_SUPPORT_CIRCUIT_BREAKER_DUEL_H_
#define SPILLWAY_TESTS_SUPPORT_CIRCUIT_BREAKER_DUEL_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/breaker/circuit_breaker_settings.h"
#include "spillway/telemetry/event.h"
#include "tests/support/breakers.h"
#include "tests/support/random_settings.h"
#include "tests/support/reference_breaker.h"

namespace spillway::testing {

// Breaker answers as CircuitBreaker does, Choices as Random does.
template <class Breaker, class Choices>
class CircuitBreakerDuel {
 public:
  struct Held {
    PermitFields real;
    ReferenceBreaker::Permit model;
  };

  // The reference knows no jitter.
  CircuitBreakerDuel(Breaker& real, const CircuitBreakerSettings& settings, Choices& choices)
      : random_(choices),
        settings_(settings),
        real_(real),
        model_(settings_),
        exact_(settings.jitter == 0) {
    // Clocks start anywhere: also where fields of the words are about to carry.
    now_ = random_.template Of<Nanos>(
        {0, 1, random_.template Below<Nanos>(Nanos{1} << 60), Nanos{1} << 62,
         (Nanos{1} << 27) * random_.template Below<Nanos>(1 << 30) - 1});
    now_ = std::max<Nanos>(now_, 0);
  }

  // Makes one call that a rightful caller can make. False when the answers differ.
  bool TakeStep() {
    PassTime();
    switch (random_.Below(32)) {
      case 0:
        return ChangeByHand();
      case 1:
        RandomTunables(random_, &settings_);
        return Reconfigure();
      default:
        return held_.empty() || random_.OneIn(2) ? Acquire() : Settle();
    }
  }

  // Whether both look the same, seen from some moment.
  bool Agree() {
    const Nanos now = random_.OneIn(4) ? Lag() : now_;
    const CircuitBreakerSnapshot real = real_.Snapshot(now);
    if (exact_ && real != model_.Snapshot(now)) {
      steps_.push_back({"snapshot", now});
      now_ = now;
      return false;
    }
    return !exact_ || !random_.OneIn(8) || SameEvents();
  }

  // ---- for callers that do more than is right

  // Sets the clock to any time at all. Where the reference cannot follow, only the real breaker is
  // driven from then on. It follows up to some days before the end of time, where its own sums
  // would overflow, and never back: how far a clock may lag is up to Lag().
  void SetClock(Nanos now) {
    steps_.push_back({"clock", now});
    if (now < now_) exact_ = false;
    MoveTo(now);
  }

  // Whether the reference still says what the real breaker has to answer.
  bool exact() const { return exact_; }
  void StopComparing() { exact_ = false; }

  // Options that the real breaker has taken from elsewhere.
  void Adopt(const CircuitBreakerSettings& settings) {
    settings_ = settings;
    exact_ = exact_ && settings.jitter == 0;
    model_.Reconfigure(settings);
  }

  // The real breaker was told of a permit or an outcome that cannot be.
  void Misuse() { model_.Misuse(); }

  void Note(const char* what, int64_t argument = 0, int64_t answer = 0) {
    steps_.push_back({what, now_, argument, answer});
  }

  Nanos now() const { return now_; }
  const CircuitBreakerSettings& settings() const { return settings_; }
  const ReferenceBreaker& model() const { return model_; }
  const std::vector<Held>& held() const { return held_; }

  // All that happened, to be read by a person.
  std::string Story() const {
    std::ostringstream text;
    text << testing::Describe(settings_) << "\n";
    for (const Step& step : steps_) {
      text << step.now << " " << step.what << " " << step.argument << " -> " << step.answer << "\n";
    }
    text << "real:  " << Describe(real_.Snapshot(now_)) << "\n";
    if (exact_) text << "model: " << Describe(model_.Snapshot(now_)) << "\n";
    return text.str();
  }

 private:
  using State = CircuitBreakerState;

  static constexpr Nanos kLongestWindow = 86'400 * kNanosPerSecond;

  struct Step {
    const char* what;
    Nanos now;
    int64_t argument = 0;
    int64_t answer = 0;
  };

  static std::string Describe(const CircuitBreakerSnapshot& snapshot) {
    std::ostringstream text;
    ForEachField(snapshot, [&](const char* name, const auto& field) {
      if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(field)>>) {
        text << name << "=" << static_cast<int32_t>(field) << " ";
      } else {
        text << name << "=" << field << " ";
      }
    });
    return text.str();
  }

  void MoveTo(Nanos now) {
    now_ = now;
    if (now_ > kForever - 8 * kLongestWindow) exact_ = false;
  }
  void Pass(Nanos time) { MoveTo(SaturatingAdd(now_, time)); }

  void PassTime() {
    switch (random_.Below(16)) {
      case 0:
        Pass(random_.template Below<Nanos>(100'000'000));
        break;
      case 1:
      case 2:
        Pass(random_.template Below<Nanos>(3'000'000));
        break;
      case 3:
        Pass(1);
        break;
      case 4: {  // to the beginning of a bucket, or just before
        const Nanos bucket = (settings_.window_ns + settings_.buckets - 1) / settings_.buckets;
        Pass(bucket - now_ % bucket - random_.Below(2));
        break;
      }
      case 5:  // to where the last refusal pointed, or just before
        Pass(std::max<Nanos>(retry_after_ - random_.Below(2), 0));
        retry_after_ = 0;
        break;
      case 6:  // to where a call becomes slow, or just before
        if (!held_.empty()) {
          const Nanos slow = SaturatingAdd(held_.back().real.start, settings_.slow_call_ns);
          MoveTo(std::max(now_, SaturatingAdd(slow, random_.template Below<Nanos>(2))));
        }
        break;
      default:
        break;
    }
  }

  // Some calls come with a clock that lags, by up to a window. Ages are judged at the time of the
  // newest start only: a look into the past finds cells that were used again since.
  Nanos Lag() {
    if (settings_.in_flight || !random_.OneIn(6)) return now_;
    return std::max<Nanos>(SaturatingAdd(now_, -random_.Below(settings_.window_ns)), 0);
  }

  bool Acquire() {
    const Nanos now = Lag();
    const DecisionFields real = real_.Decide(now);
    steps_.push_back({"acquire", now, real.retry_after, real.reason});
    retry_after_ = real.retry_after;
    if (!exact_) {
      if (real.reason == 0) held_.push_back({real.permit, {}});
      return true;
    }
    const ReferenceBreaker::Answer model = model_.Acquire(now);
    const int32_t reason = model.permit ? 0 : static_cast<int32_t>(model.reason);
    if (real.reason != reason || real.retry_after != model.retry_after) {
      steps_.push_back({"the model says", now, model.retry_after, reason});
      return false;
    }
    if (model.permit) held_.push_back({real.permit, *model.permit});
    return true;
  }

  bool Settle() {
    const size_t which = random_.OneIn(3) ? random_.Below(held_.size()) : held_.size() - 1;
    const Held held = held_[which];
    // Seldom the permit is kept: a copy made in C, settled again.
    if (!random_.OneIn(20)) held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    // Stripes have newest buckets of their own.
    const Nanos now = settings_.striped ? now_ : Lag();
    const auto outcome = random_.Of({Outcome::kSuccess, Outcome::kSuccess, Outcome::kSuccess,
                                     Outcome::kFailure, Outcome::kFailure, Outcome::kIgnored});
    const uint32_t before = real_.generation();
    const Settlement real = real_.Settle(held.real, outcome, now);
    const bool looked = real_.generation() != before;
    steps_.push_back({"settle", now, static_cast<int64_t>(outcome), static_cast<int64_t>(real)});
    return !exact_ || real == model_.Settle(held.model, outcome, now, looked);
  }

  bool ChangeByHand() {
    const Nanos now = Lag();
    switch (random_.Below(8)) {
      case 0:
        steps_.push_back({"force open", now});
        return Same(real_.ForceOpen(now), State::kForcedOpen, now);
      case 1:
        steps_.push_back({"disable", now});
        return Same(real_.Disable(now), State::kDisabled, now);
      case 2:
        steps_.push_back({"metrics only", now});
        return Same(real_.MetricsOnly(now), State::kMetricsOnly, now);
      default:
        steps_.push_back({"reset", now});
        real_.Reset(now);
        if (exact_) model_.Reset(now);
        return true;
    }
  }

  bool Same(bool changed, State state, Nanos now) {
    return !exact_ || changed == model_.SetManually(state, now);
  }

  bool Reconfigure() {
    steps_.push_back({"reconfigure", now_});
    Error error;
    if (!real_.Reconfigure(settings_, &error)) return false;
    if (exact_) model_.Reconfigure(settings_);
    return true;
  }

  bool SameEvents() {
    std::array<Event, 8> buffer;
    const uint32_t since = real_.generation() - static_cast<uint32_t>(model_.events().size());
    const EventBatch batch = real_.Events(since, buffer);
    steps_.push_back({"events", now_, static_cast<int64_t>(batch.count)});
    if (batch.count != model_.events().size() || batch.lost != 0) return false;
    return std::equal(model_.events().begin(), model_.events().end(), buffer.begin());
  }

  Choices& random_;
  CircuitBreakerSettings settings_;
  Breaker& real_;
  ReferenceBreaker model_;
  bool exact_;
  std::vector<Held> held_;
  std::vector<Step> steps_;
  Nanos now_;
  Nanos retry_after_ = 0;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_CIRCUIT_BREAKER_DUEL_H_
