#include "spillway/base/option.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "spillway/base/error.h"

namespace spillway {
namespace {

enum class Colour : int32_t { kRed = 0, kBlue = 5 };
constexpr auto kColours = std::to_array<Choice>({{"red", 0}, {"blue", 5}});
constexpr std::span<const Choice> ChoicesOf(Colour) { return kColours; }

struct Settings {
  int64_t wait_ns = 2'000'000'000;
  int64_t pause_ns = 0;
  double share = 0.5;
  double factor = 2.0;
  int32_t calls = 20;
  bool loud = false;
  Colour colour = Colour::kRed;
  uint64_t seed = 0;
};

constexpr OptionSpec kSpecs[] = {
    {.name = "wait",
     .kind = OptionKind::kDuration,
     .offset = offsetof(Settings, wait_ns),
     .min = 1,
     .max = 2'592'000'000'000'000,
     .fixed = true},
    {.name = "pause",
     .kind = OptionKind::kDuration,
     .offset = offsetof(Settings, pause_ns),
     .min = 1'000'000,
     .max = 3'600'000'000'000,
     .zero = "off: no pause"},
    {.name = "share",
     .kind = OptionKind::kFraction,
     .offset = offsetof(Settings, share),
     .min = 0.0001,
     .max = 1},
    {.name = "factor",
     .kind = OptionKind::kNumber,
     .offset = offsetof(Settings, factor),
     .min = 1,
     .max = 100,
     .fixed = true},
    {.name = "calls",
     .kind = OptionKind::kCount,
     .offset = offsetof(Settings, calls),
     .min = 1,
     .max = 100'000'000,
     .fixed = true},
    {.name = "loud", .kind = OptionKind::kFlag, .offset = offsetof(Settings, loud), .fixed = true},
    {.name = "colour",
     .kind = OptionKind::kChoice,
     .offset = offsetof(Settings, colour),
     .choices = kColours,
     .fixed = true},
    {.name = "seed", .kind = OptionKind::kSeed, .offset = offsetof(Settings, seed), .fixed = true},
};

// The message for the default settings with one field changed; empty when they are accepted.
template <class T>
std::string Refusal(T Settings::*field, T value) {
  Settings settings;
  settings.*field = value;
  Error error;
  const bool accepted = CheckOptions(kSpecs, &settings, &error);
  EXPECT_EQ(accepted, CheckOptions(kSpecs, &settings, nullptr));
  EXPECT_EQ(error.code, accepted ? StatusCode::kOk : StatusCode::kInvalidArgument);
  return error.message;
}

// The message for changing one field of the default settings; empty when the change is accepted.
template <class T>
std::string ChangeRefusal(T Settings::*field, T value) {
  const Settings before;
  Settings after;
  after.*field = value;
  Error error;
  const bool accepted = CheckFixed(kSpecs, &before, &after, &error);
  EXPECT_EQ(error.code, accepted ? StatusCode::kOk : StatusCode::kInvalidArgument);
  EXPECT_EQ(accepted, CheckFixed(kSpecs, &before, &after, nullptr));
  return error.message;
}

TEST(CheckOptions, AcceptsDefaults) {
  const Settings settings;
  EXPECT_TRUE(CheckOptions(kSpecs, &settings, nullptr));
}

TEST(CheckOptions, JudgesDurationsToTheNanosecond) {
  EXPECT_EQ(Refusal(&Settings::wait_ns, int64_t{1}), "");
  EXPECT_EQ(Refusal(&Settings::wait_ns, int64_t{2'592'000'000'000'000}), "");
  EXPECT_EQ(Refusal(&Settings::wait_ns, int64_t{0}),
            "wait is 0 s; it must be 0.000000001 s to 2592000 s");
  EXPECT_EQ(Refusal(&Settings::wait_ns, int64_t{-1}),
            "wait is -0.000000001 s; it must be 0.000000001 s to 2592000 s");
  EXPECT_EQ(Refusal(&Settings::wait_ns, int64_t{2'592'000'000'000'001}),
            "wait is 2592000.000000001 s; it must be 0.000000001 s to 2592000 s");
  EXPECT_NE(Refusal(&Settings::wait_ns, std::numeric_limits<int64_t>::max()), "");
  EXPECT_NE(Refusal(&Settings::wait_ns, std::numeric_limits<int64_t>::min()), "");
}

TEST(CheckOptions, AcceptsZeroOutsideTheRangeWhereItHasAMeaning) {
  EXPECT_EQ(Refusal(&Settings::pause_ns, int64_t{0}), "");
  EXPECT_EQ(Refusal(&Settings::pause_ns, int64_t{1'000'000}), "");
  EXPECT_EQ(Refusal(&Settings::pause_ns, int64_t{500'000}),
            "pause is 0.0005 s; it must be 0 (off: no pause) or 0.001 s to 3600 s");
  EXPECT_EQ(Refusal(&Settings::pause_ns, int64_t{-1'000'000'000}),
            "pause is -1 s; it must be 0 (off: no pause) or 0.001 s to 3600 s");
}

TEST(CheckOptions, JudgesNumbers) {
  EXPECT_EQ(Refusal(&Settings::share, 0.0001), "");
  EXPECT_EQ(Refusal(&Settings::share, 1.0), "");
  EXPECT_EQ(Refusal(&Settings::share, 1.5), "share is 1.5; it must be 0.0001 to 1");
  EXPECT_EQ(Refusal(&Settings::share, 0.0), "share is 0; it must be 0.0001 to 1");
  EXPECT_EQ(Refusal(&Settings::share, std::nextafter(1.0, 2.0)),
            "share is 1.0000000000000002; it must be 0.0001 to 1");
  EXPECT_EQ(Refusal(&Settings::factor, 0.1), "factor is 0.1; it must be 1 to 100");
  EXPECT_EQ(Refusal(&Settings::factor, 1e300), "factor is 1e+300; it must be 1 to 100");
  EXPECT_EQ(Refusal(&Settings::calls, 0), "calls is 0; it must be 1 to 100000000");
  EXPECT_EQ(Refusal(&Settings::calls, std::numeric_limits<int32_t>::min()),
            "calls is -2147483648; it must be 1 to 100000000");
}

TEST(CheckOptions, RefusesWhatIsNotANumber) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Refusal(&Settings::share, std::numeric_limits<double>::quiet_NaN()),
            "share is nan; it must be 0.0001 to 1");
  EXPECT_EQ(Refusal(&Settings::factor, kInfinity), "factor is inf; it must be 1 to 100");
  EXPECT_EQ(Refusal(&Settings::factor, -kInfinity), "factor is -inf; it must be 1 to 100");
}

TEST(CheckOptions, JudgesChoices) {
  EXPECT_EQ(Refusal(&Settings::colour, Colour::kBlue), "");
  EXPECT_EQ(Refusal(&Settings::colour, static_cast<Colour>(1)),
            "colour is 1; it must be one of red (0), blue (5)");
}

TEST(CheckOptions, AcceptsEveryFlagAndSeed) {
  EXPECT_EQ(Refusal(&Settings::loud, true), "");
  EXPECT_EQ(Refusal(&Settings::seed, std::numeric_limits<uint64_t>::max()), "");
}

TEST(CheckOptions, NamesTheFirstOfSeveral) {
  Settings settings;
  settings.share = 2;
  settings.calls = -1;
  Error error;
  EXPECT_FALSE(CheckOptions(kSpecs, &settings, &error));
  EXPECT_EQ(std::string(error.message), "share is 2; it must be 0.0001 to 1");
}

TEST(CheckOptions, CutsTheTextOfManyChoices) {
  constexpr int kMany = 100;
  std::array<Choice, kMany> many;
  for (int32_t i = 0; i < kMany; ++i) many[static_cast<size_t>(i)] = {"a_rather_long_name", i};
  OptionSpec spec = kSpecs[6];
  spec.choices = many;
  Settings settings;
  settings.colour = static_cast<Colour>(-1);
  Error error;
  EXPECT_FALSE(CheckOptions(std::span(&spec, 1), &settings, &error));
  EXPECT_EQ(std::string(error.message).size(), sizeof(error.message) - 1);
  EXPECT_TRUE(std::string(error.message).starts_with("colour is -1; it must be one of a_rather"));
}

TEST(CheckFixed, NamesWhatCannotChange) {
  EXPECT_EQ(ChangeRefusal(&Settings::wait_ns, int64_t{500'000'000}),
            "wait is 2 s and cannot change to 0.5 s: it is fixed");
  EXPECT_EQ(ChangeRefusal(&Settings::factor, 2.5),
            "factor is 2 and cannot change to 2.5: it is fixed");
  EXPECT_EQ(ChangeRefusal(&Settings::calls, 21),
            "calls is 20 and cannot change to 21: it is fixed");
  EXPECT_EQ(ChangeRefusal(&Settings::loud, true),
            "loud is false and cannot change to true: it is fixed");
  EXPECT_EQ(ChangeRefusal(&Settings::colour, Colour::kBlue),
            "colour is red (0) and cannot change to blue (5): it is fixed");
  EXPECT_EQ(ChangeRefusal(&Settings::seed, std::numeric_limits<uint64_t>::max()),
            "seed is 0 and cannot change to 18446744073709551615: it is fixed");
}

TEST(CheckFixed, AcceptsOtherChanges) {
  EXPECT_EQ(ChangeRefusal(&Settings::share, 0.9), "");
  EXPECT_EQ(ChangeRefusal(&Settings::pause_ns, int64_t{1}), "");
  EXPECT_EQ(ChangeRefusal(&Settings::calls, 20), "");
}

TEST(ReadFlag, AcceptsZeroAndOne) {
  bool flag = true;
  EXPECT_TRUE(ReadFlag("loud", 0, &flag, nullptr));
  EXPECT_FALSE(flag);
  EXPECT_TRUE(ReadFlag("loud", 1, &flag, nullptr));
  EXPECT_TRUE(flag);
}

TEST(ReadFlag, RefusesOtherNumbers) {
  for (const int32_t value : {-1, 2, 256}) {
    bool flag = true;
    Error error;
    EXPECT_FALSE(ReadFlag("loud", value, &flag, &error));
    EXPECT_EQ(error.message, "loud is " + std::to_string(value) + "; it must be 0 or 1");
    EXPECT_FALSE(ReadFlag("loud", value, &flag, nullptr));
  }
}

TEST(NameOf, KnowsTheChoice) {
  static_assert(NameOf(Colour::kBlue) == std::string_view("blue"));
  EXPECT_STREQ(NameOf(static_cast<Colour>(1)), "unknown");
}

TEST(SetError, CutsALongMessage) {
  Error error;
  SetError(&error, StatusCode::kInternal, "%s", std::string(1000, 'x').c_str());
  EXPECT_EQ(error.code, StatusCode::kInternal);
  EXPECT_EQ(std::string(error.message), std::string(255, 'x'));
  SetError(nullptr, StatusCode::kInternal, "%d", 1);
}

}  // namespace
}  // namespace spillway
