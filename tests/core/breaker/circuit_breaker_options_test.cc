#include "spillway/breaker/circuit_breaker_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace spillway {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const CircuitBreakerOptions& options) {
  const auto breaker = CircuitBreaker::Create("test", options);
  if (breaker.ok()) return "no error";
  EXPECT_TRUE(absl::IsInvalidArgument(breaker.status()));
  return std::string(breaker.status().message());
}

TEST(CircuitBreakerOptionsTest, DefaultsAreThoseOfTheSettings) {
  const auto breaker = CircuitBreaker::Create("test", CircuitBreakerOptions{});
  ASSERT_TRUE(breaker.ok());
  EXPECT_EQ((*breaker)->name(), "test");
  const CircuitBreakerSettings made = (*breaker)->settings();
  const CircuitBreakerSettings defaults;
  EXPECT_EQ(made.window_ns, defaults.window_ns);
  EXPECT_EQ(made.open_for_ns, defaults.open_for_ns);
  EXPECT_EQ(made.failure_rate, defaults.failure_rate);
}

TEST(CircuitBreakerOptionsTest, DurationsAreKeptToTheNanosecond) {
  const auto breaker =
      CircuitBreaker::Create("test", {.window = absl::Milliseconds(1500),
                                      .slow_call = absl::Nanoseconds(1),
                                      .open_for = absl::Seconds(1) + absl::Nanoseconds(1),
                                      .ramp = absl::ZeroDuration()});
  ASSERT_TRUE(breaker.ok()) << breaker.status();
  const CircuitBreakerSettings settings = (*breaker)->settings();
  EXPECT_EQ(settings.window_ns, 1'500'000'000);
  EXPECT_EQ(settings.slow_call_ns, 1);
  EXPECT_EQ(settings.open_for_ns, 1'000'000'001);
  EXPECT_EQ(settings.ramp_ns, 0);
}

TEST(CircuitBreakerOptionsTest, ErrorsNameTheOption) {
  EXPECT_THAT(ErrorOf({.failure_rate = 1.5}), HasSubstr("failure_rate is 1.5"));
  EXPECT_THAT(ErrorOf({.open_for = absl::ZeroDuration()}), HasSubstr("open_for"));
  EXPECT_THAT(ErrorOf({.open_for = -absl::Seconds(1)}), HasSubstr("open_for"));
  EXPECT_THAT(ErrorOf({.slow_call = absl::InfiniteDuration()}), HasSubstr("slow_call"));
  EXPECT_THAT(ErrorOf({.slow_call = -absl::InfiniteDuration()}), HasSubstr("slow_call"));
  EXPECT_THAT(ErrorOf({.window = absl::Hours(1'000'000'000)}), HasSubstr("window"));
}

}  // namespace
}  // namespace spillway
