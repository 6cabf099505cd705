// Replays every vector file, each vector at each of its origins.
#include "tests/support/vectors.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>

#include "tests/support/adaptive_limiter_replay.h"
#include "tests/support/bucket_replay.h"
#include "tests/support/bulkhead_replay.h"
#include "tests/support/circuit_breaker_replay.h"
#include "tests/support/client_throttle_replay.h"
#include "tests/support/keyed_limiter_replay.h"
#include "tests/support/multi_limiter_replay.h"
#include "tests/support/sliding_window_limiter_replay.h"

namespace spillway::testing {
namespace {

using MakeReplay = std::unique_ptr<Replay> (*)(const Json& options, Nanos origin);

template <class Noun>
std::unique_ptr<Replay> Make(const Json& options, Nanos origin) {
  return std::make_unique<Noun>(options, origin);
}

const std::map<std::string, MakeReplay> kNouns = {
    {"adaptive_limiter", Make<AdaptiveLimiterReplay>},
    {"bulkhead", Make<BulkheadReplay>},
    {"circuit_breaker", Make<CircuitBreakerReplay>},
    {"client_throttle", Make<ClientThrottleReplay>},
    {"keyed_limiter", Make<KeyedLimiterReplay>},
    {"leaky_bucket", Make<LeakyBucketReplay>},
    {"multi_limiter", Make<MultiLimiterReplay>},
    {"sliding_window_limiter", Make<SlidingWindowLimiterReplay>},
    {"token_bucket", Make<TokenBucketReplay>},
};

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
  ASSERT_TRUE(kNouns.contains(vector.noun)) << "nothing replays " << vector.noun;
  for (const Nanos origin : vector.origins) {
    SCOPED_TRACE("origin " + std::to_string(origin));
    kNouns.at(vector.noun)(vector.options, origin)->Run(vector.steps);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(All, VectorTest, ::testing::ValuesIn(AllVectors()), TestName);

// ---- the runner itself: what it does not know or what is not so must not look like a pass

void ReplaySteps(const char* steps, const char* options = "{}") {
  CircuitBreakerReplay(Json::parse(options), 0).Run(Json::parse(steps));
}

void ReplayBucket(const char* steps) {
  TokenBucketReplay(Json::parse(R"({"rate": 10, "burst": 2})"), 0).Run(Json::parse(steps));
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

TEST(VectorRunnerTest, RefusesWhatItDoesNotKnowOfABucket) {
  EXPECT_THROW(ReplayBucket(R"([{"take": 1, "at": 0}])"), std::runtime_error);
  EXPECT_THROW(ReplayBucket(R"([{"give": 1, "at": 0}])"), std::runtime_error);
  EXPECT_THROW(ReplayBucket(R"([{"take": 1, "at": 0, "expect": "admitted", "left": 1}])"),
               std::runtime_error);
  EXPECT_THROW(ReplayBucket(R"([{"cancel": "A", "at": 0}])"), std::out_of_range);
  EXPECT_THROW(ReplayBucket(R"([{"change": {"rat": 1}, "inheritance": "keep", "at": 0}])"),
               std::runtime_error);
  EXPECT_THROW(ReplayBucket(R"([{"change": {}, "inheritance": "lose", "at": 0}])"),
               std::runtime_error);
}

TEST(VectorRunnerTest, FindsAWrongAnswerOfABucket) {
  EXPECT_FATAL_FAILURE(ReplayBucket(R"([{"take": 1, "at": 0, "expect": "exhausted"}])"),
                       "admitted");
  EXPECT_FATAL_FAILURE(
      ReplayBucket(R"([{"take": 1, "at": 0, "every": 0, "times": 3, "expect": "admitted"}])"),
      "exhausted");
  EXPECT_NONFATAL_FAILURE(
      ReplayBucket(R"([{"take": 1, "at": 0, "expect": "admitted", "remaining": 0}])"), "remaining");
  EXPECT_NONFATAL_FAILURE(
      ReplayBucket(R"([{"take": 3, "at": 0, "expect": "exceeds_burst", "retry_after_ns": 100}])"),
      "retry_after_ns");
  EXPECT_NONFATAL_FAILURE(
      ReplayBucket(R"([{"force": 3, "at": 0, "expect": "admitted", "reset_after_ns": 1}])"),
      "reset_after_ns");
  EXPECT_NONFATAL_FAILURE(ReplayBucket(R"([{"up_to": 3, "at": 0, "expect": 3}])"), "2");
  EXPECT_NONFATAL_FAILURE(
      ReplayBucket(R"([{"reserve": "A", "n": 1, "at": 0, "expect": "admitted", "delay_ns": 1}])"),
      "delay_ns");
  EXPECT_NONFATAL_FAILURE(ReplayBucket(R"([{"snapshot": {"tokens": 1}, "at": 0}])"), "tokens");
}

void ReplayMulti(const char* steps) {
  const char* options = R"({"members": [{"token_bucket": {"rate": 10, "burst": 2}},
                                        {"leaky_bucket": {"rate": 10, "capacity": 1}}]})";
  MultiLimiterReplay(Json::parse(options), 0).Run(Json::parse(steps));
}

TEST(VectorRunnerTest, RefusesWhatItDoesNotKnowOfAMultiLimiter) {
  EXPECT_THROW(MultiLimiterReplay(Json::parse(R"({"members": [{"bulkhead": {}}]})"), 0),
               std::runtime_error);
  EXPECT_THROW(ReplayMulti(R"([{"member": 2, "steps": []}])"), std::out_of_range);
  EXPECT_THROW(ReplayMulti(R"([{"take": 1, "at": 0, "expect": "admitted", "left": 1}])"),
               std::runtime_error);
}

TEST(VectorRunnerTest, FindsAWrongAnswerOfAMultiLimiter) {
  EXPECT_FATAL_FAILURE(ReplayMulti(R"([{"take": 2, "at": 0, "expect": "admitted"}])"), "exceeds");
  EXPECT_NONFATAL_FAILURE(
      ReplayMulti(R"([{"take": 2, "at": 0, "expect": "exceeds_member", "refuser": 0}])"),
      "refuser");
  EXPECT_NONFATAL_FAILURE(ReplayMulti(R"([{"take": 1, "at": 0, "expect": "admitted"},
                      {"member": 1, "steps": [{"snapshot": {"level": 0}, "at": 0}]}])"),
                          "level");
}

void ReplayKeyed(const char* steps) {
  KeyedLimiterReplay(Json::parse(R"({"rate": 10, "burst": 2})"), 0).Run(Json::parse(steps));
}

TEST(VectorRunnerTest, RefusesWhatItDoesNotKnowOfAKeyedLimiter) {
  EXPECT_THROW(ReplayKeyed(R"([{"take": 1, "at": 0, "expect": "admitted"}])"), std::runtime_error);
  EXPECT_THROW(ReplayKeyed(R"([{"give": 1, "at": 0}])"), std::runtime_error);
  EXPECT_THROW(ReplayKeyed(R"([{"forget": "a", "at": 0}])"), std::runtime_error);
  EXPECT_THROW(ReplayKeyed(R"([{"change": {"when_ful": "admit"}}])"), std::runtime_error);
}

TEST(VectorRunnerTest, FindsAWrongAnswerOfAKeyedLimiter) {
  EXPECT_FATAL_FAILURE(
      ReplayKeyed(R"([{"take": 1, "key": "a", "at": 0, "times": 3, "expect": "admitted"}])"),
      "exhausted");
  EXPECT_NONFATAL_FAILURE(
      ReplayKeyed(R"([{"take": 1, "key": "a", "at": 0, "expect": "admitted", "remaining": 0}])"),
      "remaining");
  EXPECT_NONFATAL_FAILURE(ReplayKeyed(R"([{"live": 1, "at": 0}])"), "CountLiveKeys");
  EXPECT_FATAL_FAILURE(ReplayKeyed(R"([{"change": {"burst": 3}}])"), "burst");
  EXPECT_NONFATAL_FAILURE(ReplayKeyed(R"([{"snapshot": {"cells": 1}, "at": 0}])"), "cells");
}

}  // namespace
}  // namespace spillway::testing
