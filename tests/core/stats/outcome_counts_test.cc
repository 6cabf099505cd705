#include "spillway/stats/outcome_counts.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(OutcomeCountsTest, ClassesAreDisjoint) {
  EXPECT_EQ(ClassOf(false, false), kOk);
  EXPECT_EQ(ClassOf(true, false), kFailed);
  EXPECT_EQ(ClassOf(false, true), kSlowOk);
  EXPECT_EQ(ClassOf(true, true), kSlowFailed);
}

TEST(OutcomeCountsTest, AddUp) {
  const OutcomeCounts counts{{1, 20, 300, 4000}};
  EXPECT_EQ(counts.total(), 4321u);
  EXPECT_EQ(counts.failed(), 4020u);
  EXPECT_EQ(counts.slow(), 4300u);
}

}  // namespace
}  // namespace spillway
