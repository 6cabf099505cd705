#include "spillway/limiter/wait_for.h"

#include <gtest/gtest.h>

#include <memory>
#include <stop_token>

#include "spillway/base/time.h"
#include "spillway/limiter/token_bucket.h"

namespace spillway {
namespace {

std::unique_ptr<TokenBucket> Make(double rate) {
  Error error;
  std::unique_ptr<TokenBucket> bucket = TokenBucket::Make("", {.rate = rate, .burst = 1}, &error);
  EXPECT_NE(bucket, nullptr) << error.message;
  return bucket;
}

TEST(WaitForTest, WaitsUntilTheTokensMayBeUsed) {
  const auto bucket = Make(200);
  EXPECT_TRUE(WaitFor(*bucket, bucket->Reserve(SteadyNow(), 1, 0)));
  const LimiterReservation next = bucket->Reserve(SteadyNow(), 1, kForever);
  EXPECT_TRUE(WaitFor(*bucket, next));
  EXPECT_GE(SteadyNow(), next.act_at);
}

TEST(WaitForTest, AStopGivesTheTokensBack) {
  const auto bucket = Make(1e-3);
  ASSERT_TRUE(bucket->TryAcquire());
  std::stop_source source;
  source.request_stop();
  const Nanos before = SteadyNow();
  EXPECT_FALSE(WaitFor(*bucket, bucket->Reserve(before, 1, kForever), source.get_token()));
  EXPECT_EQ(bucket->Snapshot(before).tokens, 0) << "nothing is owed any more";
}

TEST(WaitForTest, WhatWasRefusedIsNotWaitedFor) {
  const auto bucket = Make(1e-3);
  ASSERT_TRUE(bucket->TryAcquire());
  EXPECT_FALSE(WaitFor(*bucket, bucket->Reserve(SteadyNow(), 1, 1)));
}

}  // namespace
}  // namespace spillway
