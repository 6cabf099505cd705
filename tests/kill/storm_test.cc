// Processes killed and stopped at random: the others go on, and afterwards the books agree.
#include "tests/kill/storm.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/kill/control_subjects.h"
#include "tests/kill/process.h"
#include "tests/kill/report.h"
#include "tests/kill/subjects.h"

namespace spillway::testing {
namespace {

// How many kills, and as many stops.
uint64_t Length() {
  const char* wanted = std::getenv("SPILLWAY_STORM");
  return wanted == nullptr ? 100 : std::strtoull(wanted, nullptr, 10);
}

TEST(StormTest, TheOthersGoOnAndTheBooksAgree) {
  if (const std::string why = WhyNoBan(); !why.empty()) GTEST_SKIP() << why;
  for (const Subject& subject : Subjects()) {
    SCOPED_TRACE(subject.name);
    const StormResult result = Storm(subject.storm, Length(), Length(), 1);
    Report(subject.name, result);
    EXPECT_EQ(result.kills, Length());
    EXPECT_EQ(result.stops, Length());
    EXPECT_FALSE(result.blocked);
    EXPECT_EQ(result.broken, "");
  }
}

TEST(StormControlTest, APlainMutexDies) {
  const StormResult result = Storm(PlainMutex(), Length(), Length(), 1);
  Report(PlainMutex().name, result);
  EXPECT_TRUE(result.blocked);
}

TEST(StormControlTest, WithoutALockTheBooksDisagree) {
  if (const std::string why = WhyNoBan(); !why.empty()) GTEST_SKIP() << why;
  const StormResult result = Storm(NoLock(), 20, 20, 1);
  Report(NoLock().name, result);
  EXPECT_FALSE(result.blocked);
  EXPECT_NE(result.broken, "");
}

}  // namespace
}  // namespace spillway::testing
