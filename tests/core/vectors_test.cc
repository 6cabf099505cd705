// Replays every vector file, each vector at each of its origins.
#include "tests/support/vectors.h"

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <functional>
#include <map>

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

}  // namespace
}  // namespace spillway::testing
