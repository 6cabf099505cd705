// Replays every vector file, each vector at each of its origins.
#include "tests/support/vectors.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>

#include "tests/support/circuit_breaker_replay.h"

namespace spillway::testing {
namespace {

using Replay = std::function<void(const Vector& vector, Nanos origin)>;

const std::map<std::string, Replay>& Nouns() {
  static const std::map<std::string, Replay> nouns = {
      {"circuit_breaker",
       [](const Vector& vector, Nanos origin) {
         CircuitBreakerReplay(vector.options, origin).Run(vector.steps);
       }},
  };
  return nouns;
}

std::vector<Vector> AllVectors() {
  std::vector<Vector> all;
  for (const auto& file : std::filesystem::directory_iterator(SPILLWAY_TEST_VECTORS)) {
    if (file.path().extension() != ".json") continue;
    for (Vector& vector : ReadVectors(file.path())) all.push_back(std::move(vector));
  }
  return all;
}

// GoogleTest takes letters, digits and underscores in the name of a test.
std::string TestName(const ::testing::TestParamInfo<Vector>& info) {
  std::string name = info.param.noun + "_" + info.param.name;
  for (char& letter : name) {
    if (!std::isalnum(static_cast<unsigned char>(letter))) letter = '_';
  }
  return name;
}

class VectorTest : public ::testing::TestWithParam<Vector> {};

TEST_P(VectorTest, HoldsAtEachOrigin) {
  const Vector& vector = GetParam();
  ASSERT_TRUE(Nouns().contains(vector.noun)) << "nothing replays " << vector.noun;
  for (const Nanos origin : vector.origins) {
    SCOPED_TRACE("origin " + std::to_string(origin));
    Nouns().at(vector.noun)(vector, origin);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(All, VectorTest, ::testing::ValuesIn(AllVectors()), TestName);

// ---- the runner itself: what it does not know or what is not so must not look like a pass

void ReplaySteps(const char* steps, const char* options = "{}") {
  CircuitBreakerReplay(Json::parse(options), 0).Run(Json::parse(steps));
}

TEST(VectorRunnerTest, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(ReplaySteps("[]", R"({"failure_rat": 0.5})"), std::runtime_error);
  EXPECT_THROW(ReplaySteps("[]", R"({"window_kind": "space"})"), std::runtime_error);
  EXPECT_THROW(ReplaySteps(R"([{"calls": "S", "at": 0, "tok_ns": 1}])"), std::runtime_error);
  EXPECT_THROW(ReplaySteps(R"([{"calls": "X", "at": 0}])"), std::runtime_error);
  EXPECT_THROW(ReplaySteps(R"([{"call": "S", "at": 0}])"), std::runtime_error);
  EXPECT_THROW(ReplaySteps(R"([{"snapshot": {"success": 1}, "at": 0}])"), std::runtime_error);
  EXPECT_THROW(ReplaySteps(R"([{"manual": "close", "at": 0, "expect": "changed"}])"),
               std::runtime_error);
  EXPECT_THROW(ReplaySteps(R"([{"acquire": "a", "at": 0}])"), std::runtime_error);
  EXPECT_THROW(ReadVectors("/nowhere.json"), std::runtime_error);
}

TEST(VectorRunnerTest, FindsAWrongAnswer) {
  EXPECT_NONFATAL_FAILURE(ReplaySteps(R"([{"snapshot": {"state": "open"}, "at": 0}])"), "state");
  EXPECT_NONFATAL_FAILURE(ReplaySteps(R"([{"snapshot": {"successes": 1}, "at": 0}])"), "successes");
  EXPECT_NONFATAL_FAILURE(ReplaySteps(R"([{"reconfigure": {"buckets": 5}, "expect": "ok"}])"),
                          "buckets");
  EXPECT_NONFATAL_FAILURE(ReplaySteps(R"([{"events": [], "since": 0, "lost": 1}])"), "lost");
  EXPECT_NONFATAL_FAILURE(ReplaySteps(R"([{"foreign": "a", "at": 0},
                      {"settle": "a", "at": 0, "outcome": "success", "expect": "counted"}])"),
                          "misused");
  EXPECT_FATAL_FAILURE(ReplaySteps(R"([{"acquire": "a", "at": 0, "expect": "open"}])"), "admitted");
  EXPECT_FATAL_FAILURE(ReplaySteps(R"([{"manual": "disable", "at": 0, "expect": "unchanged"}])"),
                       "changed");
}

}  // namespace
}  // namespace spillway::testing
