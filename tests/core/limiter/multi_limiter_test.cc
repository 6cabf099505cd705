// What the vectors cannot say: who may be a member, members in any state, calls from two threads.
#include "spillway/limiter/multi_limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/buckets.h"

namespace spillway {
namespace {

using testing::AnswerOf;
using testing::MakeBucket;
using testing::MakeLeakyBucket;
using testing::MakeMultiLimiter;
using Member = MultiLimiterMember;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

std::string Answer(const LimiterDecision& decision) {
  return AnswerOf<MultiLimiterRejection>(decision);
}

TEST(MultiLimiterTest, HasTheNameItWasGiven) {
  const auto bucket = MakeBucket({.rate = 1});
  const Member members[] = {*bucket};
  Error error;
  const std::string name(kMaxNameBytes, 'x');
  EXPECT_EQ(MultiLimiter::Make(name, members, {}, &error)->name(), name);
  EXPECT_EQ(MultiLimiter::Make(name + "x", members, {}, &error), nullptr);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
}

TEST(MultiLimiterTest, AsksFromOneMemberToEightAndNoneTwice) {
  std::vector<std::unique_ptr<TokenBucket>> owners;
  std::vector<Member> members;
  Error error;
  EXPECT_EQ(MultiLimiter::Make("", members, {}, &error), nullptr);
  EXPECT_STREQ(error.message, "0 members; accepted: 1 to 8");
  for (size_t i = 0; i < MultiLimiter::kMostMembers; ++i) {
    owners.push_back(MakeBucket({.rate = 1}));
    members.push_back(*owners.back());
    const auto limiter = MakeMultiLimiter(members);
    EXPECT_EQ(limiter->members(), i + 1);
  }
  const auto ninth = MakeLeakyBucket({.rate = 1});
  members.push_back(*ninth);
  EXPECT_EQ(MultiLimiter::Make("", members, {}, &error), nullptr);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  const Member twice[] = {*ninth, *owners[0], *ninth};
  EXPECT_EQ(MultiLimiter::Make("", twice, {}, &error), nullptr);
  EXPECT_STREQ(error.message, "members 0 and 2 are one bucket");
}

TEST(MultiLimiterTest, ReadsTheClockWhereNoTimeIsGiven) {
  const auto bucket = MakeBucket({.rate = 1e-10});
  const Member members[] = {*bucket};
  const auto limiter = MakeMultiLimiter(members);
  EXPECT_TRUE(limiter->TryAcquire());
  EXPECT_FALSE(limiter->TryAcquire());
  EXPECT_FALSE(limiter->TryAcquire(SteadyNow()));
}

// A lone caller who was refused and waits as long as it was told is admitted, and no sooner,
// whatever state each of its members is in.
TEST(MultiLimiterTest, WhoWaitsAsLongAsItWasToldIsAdmittedAndNoSooner) {
  std::mt19937_64 random(1);
  const auto below = [&](uint64_t most) { return static_cast<int64_t>(random() % most); };
  int waited = 0;
  for (int i = 0; i < 2000; ++i) {
    const double rates[] = {1e9, 1e6, 1000, 10, 3, 7.0 / 60, 12345.678};
    Nanos now = static_cast<Nanos>(random() >> 3);
    std::vector<std::unique_ptr<TokenBucket>> buckets;
    const auto leaky = MakeLeakyBucket({.rate = rates[random() % std::size(rates)],
                                        .capacity = static_cast<int32_t>(3 + below(20)),
                                        .free = static_cast<int32_t>(3 + below(20))});
    if (below(2) != 0) leaky->Reserve(now, below(4), kForever);
    std::vector<Member> members;
    for (int count = 1 + static_cast<int>(below(3)); count > 0; --count) {
      buckets.push_back(MakeBucket({.rate = rates[random() % std::size(rates)],
                                    .burst = static_cast<int32_t>(3 + below(20)),
                                    .initial_tokens = static_cast<int32_t>(below(30))}));
      members.push_back(*buckets.back());
      if (below(2) != 0) buckets.back()->ForceAcquire(now, below(20));
    }
    members.insert(members.begin() + below(members.size() + 1), *leaky);
    const auto limiter = MakeMultiLimiter(members);
    now += below(1000);
    const int64_t n = 1 + below(3);
    std::vector<int64_t> before;
    for (const auto& bucket : buckets) before.push_back(bucket->Snapshot(now).tokens);
    const LimiterDecision refused = limiter->TryAcquire(now, n);
    for (size_t j = 0; j < buckets.size(); ++j)
      ASSERT_EQ(buckets[j]->Snapshot(now).tokens, before[j] - (refused ? n : 0));
    if (refused) continue;
    const Nanos wait = limiter->Describe(refused, now, n).retry_after;
    ASSERT_GT(wait, 0);
    ASSERT_FALSE(limiter->TryAcquire(now + wait - 1, n)) << "after " << wait;
    ASSERT_TRUE(limiter->TryAcquire(now + wait, n)) << "after " << wait;
    ++waited;
  }
  EXPECT_GT(waited, 500);
}

TEST(MultiLimiterTest, TheMembersMayBeChangedInBetween) {
  const auto one = MakeBucket({.rate = 10, .burst = 4});
  const auto other = MakeLeakyBucket({.rate = 10, .capacity = 4});
  const Member members[] = {*one, *other};
  const auto limiter = MakeMultiLimiter(members);
  ASSERT_TRUE(limiter->TryAcquire(0, 2));
  ASSERT_TRUE(one->Reconfigure({.rate = 3, .burst = 9}, Inheritance::kAdditive, 0, nullptr));
  ASSERT_TRUE(other->Reconfigure({.rate = 1e-3, .capacity = 8}, Inheritance::kKeep, 0, nullptr));
  EXPECT_TRUE(limiter->TryAcquire(0, 6));
  EXPECT_EQ(one->Snapshot(0).tokens, 1);
  EXPECT_EQ(other->Snapshot(0).level, 8);
  const LimiterDecision refused = limiter->TryAcquire(0);
  EXPECT_EQ(MultiLimiter::Refuser(refused), 1u);
  EXPECT_EQ(limiter->Describe(refused, 0, 1).retry_after, 1000 * kNanosPerSecond);
  EXPECT_EQ(one->Snapshot(0).tokens, 1) << "nothing was taken";
}

// ---- bad input

TEST(MultiLimiterTest, NoCountOrTimeMintsAnything) {
  for (const Nanos now : {kLeast, Nanos{-1}, Nanos{0}, Nanos{1}, kForever - 1, kForever}) {
    for (const int64_t n : {kLeast, int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{2}, int64_t{3},
                            int64_t{1} << 32, kMost}) {
      const auto one = MakeBucket({.rate = 3, .burst = 3});
      const auto other = MakeBucket({.rate = 1e9, .burst = 2});
      const Member members[] = {*one, *other};
      const auto limiter = MakeMultiLimiter(members);
      const LimiterDecision got = limiter->TryAcquire(now, n);
      EXPECT_EQ(Answer(got), n < 0 ? "misuse" : n > 2 ? "exceeds_member" : "admitted");
      limiter->Describe(got, now, n);
      const int64_t taken = got ? n : 0;
      EXPECT_EQ(one->Snapshot(now).tokens, 3 - taken);
      EXPECT_EQ(other->Snapshot(now).tokens, 2 - taken);
    }
  }
}

TEST(MultiLimiterTest, GarbageInMemoryAdmitsNoMoreThanOneMemberDoes) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    BucketMemory memory[2] = {};
    for (BucketMemory& each : memory)
      each.word.store(random() >> random() % 64, std::memory_order_relaxed);
    const auto one = MakeBucket({.rate = 10, .burst = 5}, &memory[0], true);
    const auto other = MakeBucket({.rate = 3, .burst = 4}, &memory[1], true);
    const Member members[] = {*one, *other};
    const auto limiter = MakeMultiLimiter(members);
    const auto now = static_cast<Nanos>(random() >> 1 >> random() % 62);
    int admitted = 0;
    while (admitted < 9 && limiter->TryAcquire(now)) ++admitted;
    ASSERT_LE(admitted, 4);
    const LimiterDecision garbage{.detail = random(), .reason = 1};
    ASSERT_GE(limiter->Describe(garbage, now, 1).retry_after, 0);
  }
}

TEST(MultiLimiterTest, WhatIsFixedStays) {
  const auto bucket = MakeBucket({.rate = 1});
  const Member members[] = {*bucket};
  const auto limiter = MakeMultiLimiter(members);
  Error error;
  EXPECT_FALSE(limiter->Reconfigure({.counted = false}, &error));
  EXPECT_TRUE(limiter->Reconfigure({.dry_run = true}, &error));
  EXPECT_TRUE(limiter->settings().dry_run);
  EXPECT_TRUE(limiter->TryAcquire(0, 9));
  EXPECT_EQ(limiter->Snapshot(0).total_dry_run, 1u);
  EXPECT_EQ(bucket->Snapshot(0).tokens, 1);
}

// ---- two threads, whose limiters ask the same members the other way round

TEST(MultiLimiterTest, LosersGiveBackWhatTheyTook) {
  constexpr int kCalls = 100'000;
  constexpr int32_t kTokens = 150'000;
  const auto one = MakeBucket({.rate = 1e-10, .burst = kTokens});
  const auto other = MakeLeakyBucket({.rate = 1e-10, .capacity = kTokens});
  const Member forwards[] = {*one, *other};
  const Member backwards[] = {*other, *one};
  std::atomic<int> admitted{0};
  const auto call = [&](const std::span<const Member> members, MultiLimiterSnapshot* snapshot) {
    const auto limiter = MakeMultiLimiter(members);
    int mine = 0;
    for (int i = 0; i < kCalls; ++i) mine += static_cast<bool>(limiter->TryAcquire(0));
    admitted += mine;
    *snapshot = limiter->Snapshot(0);
    EXPECT_EQ(snapshot->total_admitted, static_cast<uint64_t>(mine));
    EXPECT_EQ(snapshot->total_refused, static_cast<uint64_t>(kCalls - mine));
    EXPECT_LE(snapshot->total_given_back, snapshot->total_refused);
  };
  MultiLimiterSnapshot first;
  MultiLimiterSnapshot second;
  std::thread thread([&] { call(backwards, &second); });
  call(forwards, &first);
  thread.join();
  // Two that take the last at the same moment may both be refused, but nothing is lost.
  EXPECT_LE(admitted, kTokens);
  EXPECT_EQ(one->Snapshot(0).tokens, kTokens - admitted);
  EXPECT_EQ(other->Snapshot(0).level, admitted);
  EXPECT_EQ(one->Snapshot(0).total_admitted, static_cast<uint64_t>(admitted));
}

}  // namespace
}  // namespace spillway
