#include "spillway/export/metric_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/metrics_scenario.h"

namespace spillway {

// A noun as small as can be: what a later policy brings is no more than this.
struct GateSnapshot {
  uint64_t total_passed = 0;
  double ratio = -1.0;
};

inline constexpr const char* kGateLabels[] = {"all", "none"};
inline constexpr MetricFamily kGateMetrics[] = {
    {.name = "gate_ratio", .type = MetricType::kGauge, .help = "The ratio."},
    {.name = "gate_passed_total",
     .type = MetricType::kCounter,
     .help = "All and none.",
     .label = "which",
     .label_values = kGateLabels},
};

template <>
struct Metrics<GateSnapshot> {
  static constexpr std::span<const MetricFamily> kFamilies = kGateMetrics;
  static std::array<double, 3> Samples(const GateSnapshot& snapshot) {
    return {RatioSample(snapshot.ratio), static_cast<double>(snapshot.total_passed), 0.0};
  }
};

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Gate {
 public:
  explicit Gate(std::string name, double ratio = -1.0) : name_(std::move(name)), ratio_(ratio) {}
  std::string_view name() const { return name_; }
  GateSnapshot Snapshot(Nanos now) const {
    return {.total_passed = static_cast<uint64_t>(now), .ratio = ratio_};
  }

 private:
  std::string name_;
  double ratio_;
};

class Lines final : public MetricSink {
 public:
  void Family(const MetricFamily& family) override { lines.push_back(family.name); }
  void Sample(const MetricFamily& family, std::string_view name, std::string_view label_value,
              double value) override {
    lines.push_back(std::string("  ") + std::string(name) + " " + family.label + "=" +
                    std::string(label_value) + " " + std::to_string(value));
  }
  std::vector<std::string> lines;
};

std::vector<std::string> Read(const MetricSet& set, Nanos now) {
  Lines sink;
  set.Read(now, &sink);
  return sink.lines;
}

TEST(MetricSetTest, GroupsTheSamplesOfAllObjectsByFamily) {
  MetricSet set;
  EXPECT_THAT(Read(set, 0), ElementsAre());
  const Gate b("b", 0.25);
  const Gate a("a", 0.5);
  ASSERT_TRUE(set.Add(b, nullptr));
  ASSERT_TRUE(set.Add(a, nullptr));
  EXPECT_THAT(Read(set, 7),
              ElementsAre("gate_ratio", "  a = 0.500000", "  b = 0.250000", "gate_passed_total",
                          "  a which=all 7.000000", "  a which=none 0.000000",
                          "  b which=all 7.000000", "  b which=none 0.000000"));
}

TEST(MetricSetTest, LeavesOutAFamilyWithoutASample) {
  MetricSet set;
  const Gate a("a");
  ASSERT_TRUE(set.Add(a, nullptr));
  EXPECT_THAT(Read(set, 1), ElementsAre("gate_passed_total", "  a which=all 1.000000",
                                        "  a which=none 0.000000"));
}

TEST(MetricSetTest, LeavesOutTheSampleThatIsUndefined) {
  MetricSet set;
  const Gate a("a");
  const Gate b("b", 0.0);
  ASSERT_TRUE(set.Add(a, nullptr));
  ASSERT_TRUE(set.Add(b, nullptr));
  EXPECT_EQ(Read(set, 1)[0], "gate_ratio");
  EXPECT_EQ(Read(set, 1)[1], "  b = 0.000000");
}

TEST(MetricSetTest, RefusesASecondObjectOfOneName) {
  MetricSet set;
  const Gate a("a");
  const Gate other("a");
  ASSERT_TRUE(set.Add(a, nullptr));
  Error error;
  EXPECT_FALSE(set.Add(other, &error));
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("name is \"a\""));
  EXPECT_FALSE(set.Add(a, nullptr)) << "twice the same object";
  EXPECT_EQ(Read(set, 1).size(), 3u);

  EXPECT_TRUE(set.Remove(&a));
  EXPECT_TRUE(set.Add(other, &error)) << error.message;
}

TEST(MetricSetTest, NamesThatAreShownAlikeAreOneName) {
  MetricSet set;
  const Gate a("\xFF");
  const Gate b("\xFE");
  ASSERT_TRUE(set.Add(a, nullptr));
  EXPECT_FALSE(set.Add(b, nullptr));
  EXPECT_EQ(Read(set, 1)[1], "  \xEF\xBF\xBD which=all 1.000000");
}

TEST(MetricSetTest, OneNameMayBelongToOneObjectOfEachNoun) {
  MetricSet set;
  const Gate gate("payments");
  const auto breaker = testing::MakeNamed("payments");
  EXPECT_TRUE(set.Add(gate, nullptr));
  EXPECT_TRUE(set.Add(*breaker, nullptr));
  EXPECT_EQ(Read(set, 1)[0], "gate_passed_total");
}

TEST(MetricSetTest, RefusesAnObjectWithoutAName) {
  MetricSet set;
  const Gate gate("");
  Error error;
  EXPECT_FALSE(set.Add(gate, &error));
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("no name"));
  EXPECT_FALSE(set.Remove(&gate));
}

TEST(MetricSetTest, LetsGoOfWhatItSharesWhenItIsRemoved) {
  const auto gate = std::make_shared<const Gate>("a");
  {
    MetricSet set;
    ASSERT_TRUE(set.AddSource(MetricSourceOf(*gate, gate), nullptr));
    EXPECT_EQ(gate.use_count(), 2);
    EXPECT_TRUE(set.Remove(gate.get()));
    EXPECT_EQ(gate.use_count(), 1);
    EXPECT_FALSE(set.Remove(gate.get()));
    EXPECT_THAT(Read(set, 1), ElementsAre());
    ASSERT_TRUE(set.AddSource(MetricSourceOf(*gate, gate), nullptr));
    EXPECT_FALSE(set.AddSource(MetricSourceOf(*gate, gate), nullptr));
    EXPECT_EQ(gate.use_count(), 2) << "a refused one is let go of at once";
  }
  EXPECT_EQ(gate.use_count(), 1);
}

// Under ThreadSanitizer and AddressSanitizer: an object dies as soon as it has been removed.
TEST(MetricSetTest, ObjectsComeAndGoWhileItIsRead) {
  MetricSet set;
  const auto steady = testing::MakeNamed("steady");
  ASSERT_TRUE(set.Add(*steady, nullptr));
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop.load()) EXPECT_FALSE(Read(set, 1).empty());
  });
  for (int i = 0; i < 200; ++i) {
    const auto breaker = testing::MakeNamed("passing");
    EXPECT_TRUE(set.Add(*breaker, nullptr));
    EXPECT_TRUE(set.Remove(breaker.get()));
  }
  stop.store(true);
  reader.join();
}

}  // namespace
}  // namespace spillway
