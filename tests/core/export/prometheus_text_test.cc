#include "spillway/export/prometheus_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/support/metrics_scenario.h"

namespace spillway {

struct NumberSnapshot {
  double value = 0.0;
};

inline constexpr MetricFamily kNumberMetrics[] = {
    {.name = "number", .type = MetricType::kGauge, .help = "a \\ b\n\"c\""},
};

template <>
struct Metrics<NumberSnapshot> {
  static constexpr std::span<const MetricFamily> kFamilies = kNumberMetrics;
  static std::array<double, 1> Samples(const NumberSnapshot& snapshot) { return {snapshot.value}; }
};

namespace {

using ::testing::HasSubstr;
using testing::MetricsScenario;

struct Number {
  std::string_view name() const { return "n"; }
  NumberSnapshot Snapshot(Nanos) const { return {value}; }
  double value;
};

// What stands behind the name and labels.
std::string Shown(double value) {
  const Number number{value};
  MetricSet set;
  EXPECT_TRUE(set.Add(number, nullptr));
  const std::string text = PrometheusText(set, 0);
  const std::string_view before = "\nnumber{name=\"n\"} ";
  const size_t place = text.find(before);
  EXPECT_NE(place, std::string::npos) << text;
  return text.substr(place + before.size());
}

TEST(PrometheusTextTest, AnEmptySetIsAnEmptyText) { EXPECT_EQ(PrometheusText(MetricSet(), 0), ""); }

TEST(PrometheusTextTest, IsTheTextOfTheSharedFile) {
  const MetricsScenario scenario;
  MetricSet set;
  scenario.AddTo(set);
  ASSERT_THAT(MetricsScenario::Text(), HasSubstr("# TYPE "));
  EXPECT_EQ(PrometheusText(set, MetricsScenario::kNow), MetricsScenario::Text());
}

TEST(PrometheusTextTest, EscapesTheHelp) {
  const Number number{1};
  MetricSet set;
  ASSERT_TRUE(set.Add(number, nullptr));
  EXPECT_EQ(PrometheusText(set, 0),
            "# HELP number a \\\\ b\\n\"c\"\n# TYPE number gauge\nnumber{name=\"n\"} 1\n");
}

TEST(PrometheusTextTest, WritesNumbersInFull) {
  EXPECT_EQ(Shown(0), "0\n");
  EXPECT_EQ(Shown(0.5), "0.5\n");
  EXPECT_EQ(Shown(1.0 / 3), "0.3333333333333333\n");
  EXPECT_EQ(Shown(1e6), "1000000\n");
  EXPECT_EQ(Shown(static_cast<double>(std::numeric_limits<uint64_t>::max())),
            "18446744073709551616\n");
  EXPECT_EQ(Shown(1e-9), "0.000000001\n");
  EXPECT_EQ(Shown(-std::numeric_limits<double>::denorm_min()).size(),
            std::string("-0.").size() + 324 + 1);
  EXPECT_EQ(Shown(-2.2250738585072014e-308).size(), 2u + 307 + 17 + 2) << "the longest of all";
}

// A locale that writes 1.234,5.
struct Commas : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(PrometheusTextTest, KnowsNoLocale) {
  const std::locale before = std::locale::global(std::locale(std::locale(), new Commas));
  EXPECT_EQ((std::ostringstream() << 1234.5).str(), "1.234,5") << "the locale is not there";
  EXPECT_EQ(Shown(1234.5), "1234.5\n");
  std::locale::global(before);
}

TEST(PrometheusTextTest, ANameThatIsNoUtf8BreaksNothing) {
  const auto breaker = testing::MakeNamed("a\xFF\xC3");
  MetricSet set;
  ASSERT_TRUE(set.Add(*breaker, nullptr));
  EXPECT_THAT(PrometheusText(set, 0),
              HasSubstr("rejected_calls_total{name=\"a\xEF\xBF\xBD\xEF\xBF\xBD\"} 0\n"));
}

}  // namespace
}  // namespace spillway
