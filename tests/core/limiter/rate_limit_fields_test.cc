#include "spillway/limiter/rate_limit_fields.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace spillway {
namespace {

constexpr Nanos kSecond = kNanosPerSecond;

TEST(RateLimitFieldsTest, SayWhatIsLeftAndWhenThereIsMore) {
  RateLimitFields fields;
  const LimitStatus status{
      .remaining = 6, .limit = 10, .reset_after = 2 * kSecond, .next_after = kSecond / 2};
  ASSERT_TRUE(Render("api", true, status, 5 * kSecond, &fields));
  EXPECT_STREQ(fields.policy, "\"api\";q=10;w=5");
  EXPECT_STREQ(fields.limit, "\"api\";r=6;t=1");
  EXPECT_STREQ(fields.retry_after, "");
}

TEST(RateLimitFieldsTest, AFullLimiterHasNoTimeAndAnUnknownWindowIsNotTold) {
  RateLimitFields fields;
  ASSERT_TRUE(Render("api", true, {.remaining = 10, .limit = 10}, 0, &fields));
  EXPECT_STREQ(fields.policy, "\"api\";q=10");
  EXPECT_STREQ(fields.limit, "\"api\";r=10");
}

TEST(RateLimitFieldsTest, RetryAfterIsRoundedUpAndNotEarlierThanTheNext) {
  RateLimitFields fields;
  LimitStatus status{.limit = 10, .retry_after = kSecond + 1, .next_after = kSecond / 2};
  ASSERT_TRUE(Render("api", false, status, 0, &fields));
  EXPECT_STREQ(fields.retry_after, "2");
  status = {.limit = 10, .retry_after = kSecond, .next_after = 3 * kSecond};
  ASSERT_TRUE(Render("api", false, status, 0, &fields));
  EXPECT_STREQ(fields.retry_after, "3");
}

TEST(RateLimitFieldsTest, WhatNeverComesIsNotPromised) {
  RateLimitFields fields;
  const LimitStatus status{.limit = 1, .retry_after = kForever, .next_after = kForever};
  ASSERT_TRUE(Render("api", false, status, 0, &fields));
  EXPECT_STREQ(fields.limit, "\"api\";r=0");
  EXPECT_STREQ(fields.retry_after, "");
}

TEST(RateLimitFieldsTest, TheLongestNameAndTheLargestNumbersFit) {
  RateLimitFields fields;
  const LimitStatus status{.remaining = INT64_MAX,
                           .limit = INT64_MAX,
                           .retry_after = kForever - 1,
                           .next_after = kForever - 1};
  const std::string name(RateLimitFields::kMostName, '"');
  ASSERT_TRUE(Render(name, false, status, kForever, &fields));
  std::string quoted = "\"";
  for (size_t i = 0; i < name.size(); ++i) quoted += "\\\"";
  quoted += "\"";
  EXPECT_EQ(fields.policy, quoted + ";q=999999999999999;w=9223372037");
  EXPECT_EQ(fields.limit, quoted + ";r=999999999999999;t=9223372037");
  EXPECT_STREQ(fields.retry_after, "9223372037");
}

TEST(RateLimitFieldsTest, OtherNamesAreRefused) {
  RateLimitFields fields;
  std::memset(&fields, 'x', sizeof fields);
  for (const std::string& name :
       {std::string(), std::string(RateLimitFields::kMostName + 1, 'a'), std::string("a\nb"),
        std::string("\x7f"), std::string("\xc3\xa9"), std::string(1, '\0')}) {
    EXPECT_FALSE(Render(name, true, {}, 0, &fields)) << name;
    EXPECT_EQ(fields.policy[0], 'x') << "nothing is written";
  }
}

}  // namespace
}  // namespace spillway
