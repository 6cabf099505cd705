#include "spillway/breaker/circuit_breaker_validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/breakers.h"

namespace spillway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Change = std::function<void(CircuitBreakerSettings&)>;

std::string ErrorOf(const CircuitBreakerSettings& settings) {
  Error error;
  if (CircuitBreaker::Make("test", settings, &error) != nullptr) return "no error";
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  EXPECT_EQ(CircuitBreaker::Make("test", settings, nullptr), nullptr) << "the error may be null";
  return error.message;
}

std::string ErrorOf(const Change& change) {
  CircuitBreakerSettings settings;
  change(settings);
  return ErrorOf(settings);
}

// What lies outside of the range of each kind of option, whatever the range.
template <typename Field>
std::vector<Field> OutOfRange(const OptionSpec& spec) {
  using Limits = std::numeric_limits<Field>;
  if constexpr (std::is_floating_point_v<Field>) {
    return {std::nextafter(spec.min, -1e9),
            std::nextafter(spec.max, 1e9),
            -1,
            Limits::quiet_NaN(),
            Limits::infinity(),
            -Limits::infinity(),
            Limits::lowest(),
            Limits::max()};
  } else if constexpr (std::is_enum_v<Field>) {
    return {static_cast<Field>(-1), static_cast<Field>(99)};
  } else {
    const auto min = static_cast<Field>(spec.min);
    const auto max = static_cast<Field>(spec.max);
    std::vector<Field> values = {-1, Limits::min(), Limits::max()};
    if (max < Limits::max()) values.push_back(static_cast<Field>(max + 1));
    if (spec.zero == nullptr) values.push_back(0);
    if (min > 1) values.push_back(static_cast<Field>(min - 1));
    return values;
  }
}

TEST(CircuitBreakerValidateTest, EachOptionOutOfRangeIsRefusedByName) {
  CircuitBreakerSettings settings;
  int refused = 0;
  ForEachOption(settings, [&](const OptionSpec& spec, auto& field) {
    using Field = std::remove_reference_t<decltype(field)>;
    if constexpr (!std::is_same_v<Field, bool> && !std::is_same_v<Field, uint64_t>) {
      const Field good = field;
      for (const Field bad : OutOfRange<Field>(spec)) {
        field = bad;
        EXPECT_THAT(ErrorOf(settings),
                    AllOf(StartsWith(std::string(spec.name) + " is "), HasSubstr("it must be ")));
        ++refused;
      }
      field = good;
    }
  });
  EXPECT_GE(refused, 18 * 2);
}

TEST(CircuitBreakerValidateTest, BothEndsOfEachRangeAreAccepted) {
  CircuitBreakerSettings widest;
  widest.max_open_ns = 2'592'000'000'000'000;
  widest.slow_call_ns = 0;
  ForEachOption(widest, [&](const OptionSpec& spec, auto& field) {
    using Field = std::remove_reference_t<decltype(field)>;
    if constexpr (std::is_arithmetic_v<Field> && !std::is_same_v<Field, bool>) {
      if (spec.kind == OptionKind::kSeed) return;
      const Field good = field;
      for (const double end : {spec.min, spec.max}) {
        field = static_cast<Field>(end);
        // A bucket must last a millisecond, and an opening cannot be longer than the longest.
        if (std::string(spec.name) == "max_open") widest.open_for_ns = 1'000'000;
        if (std::string(spec.name) == "window") widest.buckets = 1;
        EXPECT_EQ(ErrorOf(widest), "no error") << spec.name << " " << end;
      }
      if (spec.zero != nullptr) {
        field = 0;
        EXPECT_EQ(ErrorOf(widest), "no error") << spec.name << " 0";
      }
      field = good;
      widest.buckets = 10;
      widest.open_for_ns = 5'000'000'000;
    }
  });
}

TEST(CircuitBreakerValidateTest, OptionsThatDoNotFitTogether) {
  using S = CircuitBreakerSettings;
  EXPECT_THAT(ErrorOf([](S& s) { s.max_open_ns = s.open_for_ns - 1; }), HasSubstr("max_open"));
  EXPECT_THAT(ErrorOf([](S& s) { s.window_ns = 9'999'999; }), HasSubstr("bucket"));
  EXPECT_EQ(ErrorOf([](S& s) { s.window_ns = 10'000'000; }), "no error");
  EXPECT_THAT(ErrorOf([](S& s) {
                s.window_kind = WindowKind::kKOfN;
                s.window_size = 4;
              }),
              HasSubstr("window_failures"));
  EXPECT_EQ(ErrorOf([](S& s) {
              s.window_kind = WindowKind::kKOfN;
              s.window_size = 5;
            }),
            "no error");
}

TEST(CircuitBreakerValidateTest, InFlightNeedsATimeWindowSlowCallsAndRoom) {
  using S = CircuitBreakerSettings;
  EXPECT_THAT(ErrorOf([](S& s) {
                s.in_flight = true;
                s.slow_call_ns = 0;
              }),
              HasSubstr("slow_call"));
  for (const WindowKind kind : {WindowKind::kCount, WindowKind::kConsecutive, WindowKind::kKOfN}) {
    EXPECT_THAT(ErrorOf([kind](S& s) {
                  s.in_flight = true;
                  s.window_kind = kind;
                }),
                HasSubstr("in_flight is true; it needs a time window"));
    EXPECT_THAT(ErrorOf([kind](S& s) {
                  s.striped = true;
                  s.window_kind = kind;
                }),
                HasSubstr("striped is true; it needs a time window"));
  }
  // With buckets of 1 s.
  const auto with_slow_call = [](Nanos slow_call) {
    return [slow_call](S& s) {
      s.in_flight = true;
      s.slow_call_ns = slow_call;
    };
  };
  EXPECT_EQ(ErrorOf(with_slow_call(8 * kNanosPerSecond)), "no error");
  EXPECT_THAT(ErrorOf(with_slow_call(9 * kNanosPerSecond)), HasSubstr("window"));
  EXPECT_THAT(ErrorOf(with_slow_call(86'400 * kNanosPerSecond)), HasSubstr("window"));
}

TEST(CircuitBreakerValidateTest, ReconfigureRefusesWhatIsFixedAndChangesNothing) {
  const std::unique_ptr<CircuitBreaker> breaker = testing::MakeBreaker({});
  CircuitBreakerSettings before = breaker->settings();
  ForEachOption(before, [&](const OptionSpec& spec, auto& field) {
    if (!spec.fixed) return;
    using Field = std::remove_reference_t<decltype(field)>;
    const Field good = field;
    if constexpr (std::is_same_v<Field, bool>) {
      field = !field;
    } else if constexpr (std::is_enum_v<Field>) {
      field = static_cast<Field>(3);
    } else {
      field = static_cast<Field>(field + 1);
    }
    before.min_calls = 77;
    Error error;
    EXPECT_FALSE(breaker->Reconfigure(before, &error)) << spec.name;
    EXPECT_THAT(error.message, HasSubstr(spec.name));
    EXPECT_FALSE(breaker->Reconfigure(before, nullptr)) << "the error may be null";
    EXPECT_EQ(breaker->settings().min_calls, 20);
    field = good;
  });
}

TEST(CircuitBreakerValidateTest, ReconfigureSetsTheRest) {
  const std::unique_ptr<CircuitBreaker> breaker = testing::MakeBreaker({});
  CircuitBreakerSettings wanted = breaker->settings();
  wanted.failure_rate = 0.3333;
  wanted.min_calls = 1;
  wanted.slow_call_ns = 0;
  wanted.slow_rate = 0.0001;
  wanted.open_for_ns = 1'000'000;
  wanted.backoff = 1.0;
  wanted.max_open_ns = 2'000'000;
  wanted.jitter = 1.0;
  wanted.probes = 63;
  wanted.probes_in_flight = 2;
  wanted.probe_lease_ns = 1'000'000;
  wanted.ramp_ns = 1'000'000;
  Error error;
  ASSERT_TRUE(breaker->Reconfigure(wanted, &error)) << error.message;
  EXPECT_EQ(testing::Describe(breaker->settings()), testing::Describe(wanted));
}

TEST(CircuitBreakerValidateTest, RatesAreKeptToAHundredthOfAPercent) {
  for (const auto& [given, kept] : {std::pair{0.29, 0.29},
                                    {0.00014, 0.0001},
                                    {0.00016, 0.0002},
                                    {0.33333, 0.3333},
                                    {0.99996, 1.0}}) {
    CircuitBreakerSettings settings;
    settings.failure_rate = given;
    EXPECT_EQ(testing::MakeBreaker(settings)->settings().failure_rate, kept);
  }
}

}  // namespace
}  // namespace spillway
