#include "spillway/base/permit.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

#include "spillway/base/decision.h"

namespace spillway {
namespace {

static_assert(!std::is_copy_constructible_v<Permit> && !std::is_copy_assignable_v<Permit>);
static_assert(std::is_nothrow_move_constructible_v<Permit>);
static_assert(std::is_nothrow_move_assignable_v<Permit>);
static_assert(std::is_trivially_copyable_v<PermitFields> && sizeof(PermitFields) == 24);

PermitFields SomeFields() { return {.owner = 1, .start = 2, .token = 3}; }

// NOLINTBEGIN(bugprone-use-after-move): that a permit is empty afterwards is what is tested.

TEST(PermitTest, MovesAndLeavesNothingBehind) {
  Permit first(SomeFields());
  EXPECT_TRUE(first);
  Permit second(std::move(first));
  EXPECT_FALSE(first);
  EXPECT_EQ(second.fields().token, 3u);
  Permit third;
  EXPECT_FALSE(third);
  third = std::move(second);
  EXPECT_FALSE(second);
  EXPECT_EQ(third.fields().start, 2);
}

TEST(PermitTest, ReleasesWhatItHeld) {
  Permit permit(SomeFields());
  EXPECT_EQ(std::move(permit).Release().owner, 1u);
  EXPECT_FALSE(permit);
  EXPECT_EQ(std::move(permit).Release().owner, 0u);
}

// NOLINTEND(bugprone-use-after-move)

TEST(DecisionTest, IsTrueWhenAdmitted) {
  EXPECT_TRUE(Decision(DecisionFields{.permit = SomeFields()}));
  const Decision refused(DecisionFields{.permit = {}, .reason = 2, .retry_after = 5});
  EXPECT_FALSE(refused);
  EXPECT_FALSE(refused.permit);
  EXPECT_EQ(refused.retry_after, 5);
}

}  // namespace
}  // namespace spillway
