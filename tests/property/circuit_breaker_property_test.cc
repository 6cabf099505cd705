// Random options and random timed calls: the breaker answers as the sequential reference does.
//
// A failure prints its seed and each step. SPILLWAY_SEED=<seed> runs that one alone.
#include "spillway/breaker/circuit_breaker.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/breakers.h"
#include "tests/support/random_settings.h"
#include "tests/support/reference_breaker.h"

namespace spillway::testing {
namespace {

using State = CircuitBreakerState;

constexpr uint64_t kSeeds = 1500;
constexpr int kSteps = 250;

struct Step {
  const char* what;
  Nanos now;
  int64_t argument = 0;
  int64_t answer = 0;
};

struct Held {
  PermitFields real;
  ReferenceBreaker::Permit model;
};

std::string Describe(const CircuitBreakerSnapshot& snapshot) {
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

class Duel {
 public:
  explicit Duel(uint64_t seed)
      : random_(seed),
        settings_(RandomSettings(random_)),
        real_(MakeBreaker(settings_)),
        model_(settings_) {
    // Clocks start anywhere: also where fields of the words are about to carry.
    now_ = random_.Of<Nanos>({0, 1, random_.Below<Nanos>(Nanos{1} << 60), Nanos{1} << 62,
                              (Nanos{1} << 27) * random_.Below<Nanos>(1 << 30) - 1});
    now_ = std::max<Nanos>(now_, 0);
  }

  // False at the first difference.
  bool Run() {
    for (int i = 0; i < kSteps; ++i) {
      if (!TakeStep() || !Agree()) return false;
    }
    return true;
  }

  std::string Story() const {
    std::ostringstream text;
    text << testing::Describe(settings_) << "\n";
    for (const Step& step : steps_) {
      text << step.now << " " << step.what << " " << step.argument << " -> " << step.answer << "\n";
    }
    text << "real:  " << Describe(real_->Snapshot(now_)) << "\n";
    text << "model: " << Describe(model_.Snapshot(now_)) << "\n";
    return text.str();
  }

 private:
  bool TakeStep() {
    PassTime();
    switch (random_.Below(32)) {
      case 0:
        return ChangeByHand();
      case 1:
        return Reconfigure();
      default:
        return held_.empty() || random_.OneIn(2) ? Acquire() : Settle();
    }
  }

  void PassTime() {
    switch (random_.Below(16)) {
      case 0:
        now_ += random_.Below<Nanos>(100'000'000);
        break;
      case 1:
      case 2:
        now_ += random_.Below<Nanos>(3'000'000);
        break;
      case 3:
        now_ += 1;
        break;
      case 4: {  // to the beginning of a bucket, or just before
        const Nanos bucket = (settings_.window_ns + settings_.buckets - 1) / settings_.buckets;
        now_ += bucket - now_ % bucket - random_.Below(2);
        break;
      }
      case 5:  // to where the last refusal pointed, or just before
        now_ += std::max<Nanos>(retry_after_ - random_.Below(2), 0);
        retry_after_ = 0;
        break;
      case 6:  // to where a call becomes slow, or just before
        if (!held_.empty()) {
          now_ = std::max(
              now_, held_.back().real.start + settings_.slow_call_ns + random_.Below<Nanos>(2));
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
    return std::max<Nanos>(now_ - random_.Below(settings_.window_ns), 0);
  }

  bool Acquire() {
    const Nanos now = Lag();
    const DecisionFields real = real_->Decide(now);
    const ReferenceBreaker::Answer model = model_.Acquire(now);
    steps_.push_back({"acquire", now, real.retry_after, real.reason});
    retry_after_ = real.retry_after;
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
    const uint32_t before = real_->generation();
    const Settlement real = real_->Settle(held.real, outcome, now);
    const bool looked = real_->generation() != before;
    const Settlement model = model_.Settle(held.model, outcome, now, looked);
    steps_.push_back({"settle", now, static_cast<int64_t>(outcome), static_cast<int64_t>(real)});
    return real == model;
  }

  bool ChangeByHand() {
    const Nanos now = Lag();
    switch (random_.Below(8)) {
      case 0:
        steps_.push_back({"force open", now});
        return real_->ForceOpen(now) == model_.SetManually(State::kForcedOpen, now);
      case 1:
        steps_.push_back({"disable", now});
        return real_->Disable(now) == model_.SetManually(State::kDisabled, now);
      case 2:
        steps_.push_back({"metrics only", now});
        return real_->MetricsOnly(now) == model_.SetManually(State::kMetricsOnly, now);
      default:
        steps_.push_back({"reset", now});
        real_->Reset(now);
        model_.Reset(now);
        return true;
    }
  }

  bool Reconfigure() {
    RandomTunables(random_, &settings_);
    steps_.push_back({"reconfigure", now_});
    Error error;
    if (!real_->Reconfigure(settings_, &error)) return false;
    model_.Reconfigure(settings_);
    return true;
  }

  bool Agree() {
    const Nanos now = random_.OneIn(4) ? Lag() : now_;
    if (real_->Snapshot(now) != model_.Snapshot(now)) {
      steps_.push_back({"snapshot", now});
      now_ = now;
      return false;
    }
    return !random_.OneIn(8) || SameEvents();
  }

  bool SameEvents() {
    std::array<Event, 8> buffer;
    const uint32_t since = real_->generation() - static_cast<uint32_t>(model_.events().size());
    const EventBatch batch = real_->Events(since, buffer);
    steps_.push_back({"events", now_, static_cast<int64_t>(batch.count)});
    if (batch.count != model_.events().size() || batch.lost != 0) return false;
    for (size_t i = 0; i < batch.count; ++i) {
      const Event& real = buffer[i];
      const Event& model = model_.events()[i];
      if (real.generation != model.generation || real.from != model.from || real.to != model.to ||
          real.reason != model.reason || real.rate != model.rate || real.time != model.time) {
        return false;
      }
    }
    return true;
  }

  Random random_;
  CircuitBreakerSettings settings_;
  std::unique_ptr<CircuitBreaker> real_;
  ReferenceBreaker model_;
  std::vector<Held> held_;
  std::vector<Step> steps_;
  Nanos now_;
  Nanos retry_after_ = 0;
};

TEST(CircuitBreakerPropertyTest, AnswersAsTheReferenceDoes) {
  const char* only = std::getenv("SPILLWAY_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? kSeeds : first;
  for (uint64_t seed = first; seed <= last; ++seed) {
    Duel duel(seed);
    ASSERT_TRUE(duel.Run()) << "seed " << seed << "\n" << duel.Story();
  }
}

}  // namespace
}  // namespace spillway::testing
