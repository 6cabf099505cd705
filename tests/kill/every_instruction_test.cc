// A process that is killed or stopped between any two instructions of a call blocks nobody and
// leaves nothing that is not so.
#include "tests/kill/every_instruction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "tests/kill/control_subjects.h"
#include "tests/kill/process.h"
#include "tests/kill/report.h"
#include "tests/kill/subjects.h"

namespace spillway::testing {
namespace {

std::string WhyNot() {
#ifndef __x86_64__
  return "the marks around an operation are written for x86-64";
#endif
  const std::string why = WhyNoTracing();
  return why.empty() ? WhyNoBan() : why;
}

// As a test name must be.
std::string NameOf(const ::testing::TestParamInfo<Operation>& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

EveryInstruction CutOffAndReport(const Operation& operation) {
  const EveryInstruction result = CutOffEverywhere(operation);
  Report(operation.name, result);
  return result;
}

class EveryInstructionTest : public ::testing::TestWithParam<Operation> {};

TEST_P(EveryInstructionTest, NobodyIsBlockedAndNothingBroken) {
  if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  const EveryInstruction result = CutOffAndReport(GetParam());
  EXPECT_GT(result.instructions, 0u);
  for (const Verdicts& verdicts : {result.killed, result.stopped, result.resumed}) {
    // One that reads a clock does not always go the same way.
    const uint64_t least = GetParam().asks == nullptr ? result.instructions + 1 : 1;
    EXPECT_GE(verdicts.points, least);
    EXPECT_EQ(verdicts.blocked + verdicts.broken, 0u) << verdicts.first;
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryInstructionTest, ::testing::ValuesIn(AllOperations()), NameOf);

// What follows shows that the same machine finds what it looks for.

TEST(EveryInstructionControlTest, APlainMutexBlocksTheOthers) {
  if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  const EveryInstruction result = CutOffAndReport(PlainMutex());
  EXPECT_GT(result.killed.blocked, 0u);
  EXPECT_GT(result.stopped.blocked, 0u);
}

TEST(EveryInstructionControlTest, ARobustMutexBlocksTheOthersWhileItsOwnerIsStopped) {
  if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  const EveryInstruction result = CutOffAndReport(RobustMutex());
  EXPECT_EQ(result.killed.blocked, 0u) << result.killed.first;
  EXPECT_GT(result.stopped.blocked, 0u);
}

TEST(EveryInstructionControlTest, WithoutALockTwoWordsDisagree) {
  if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  const EveryInstruction result = CutOffAndReport(NoLock());
  EXPECT_GT(result.killed.broken, 0u);
  EXPECT_GT(result.stopped.broken, 0u);
  EXPECT_EQ(result.killed.blocked + result.stopped.blocked, 0u);
}

TEST(EveryInstructionControlTest, ATokenBucketOfALoadAndAStoreMintsWhenOneIsLate) {
  if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  const EveryInstruction result = CutOffAndReport(TokenBucketOfTwoSteps());
  EXPECT_EQ(result.killed.broken + result.stopped.broken, 0u) << result.killed.first;
  EXPECT_GT(result.resumed.broken, 0u);
  EXPECT_THAT(result.resumed.first, ::testing::HasSubstr("no token came from nowhere"));
}

TEST(EveryInstructionControlTest, ASlidingWindowThatTakesItsNumberFirstLosesPermits) {
  if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  const EveryInstruction result = CutOffAndReport(SlidingWindowLimiterByNumber());
  EXPECT_GT(result.killed.broken, 0u);
  EXPECT_THAT(result.killed.first, ::testing::HasSubstr("what is not in the window can be taken"));
}

}  // namespace
}  // namespace spillway::testing
