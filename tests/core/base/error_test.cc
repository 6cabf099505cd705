#include "spillway/base/error.h"

#include <gtest/gtest.h>

#include <string>

namespace spillway {
namespace {

TEST(ErrorTest, HoldsCodeAndMessage) {
  Error error;
  EXPECT_EQ(error.code, StatusCode::kOk);
  SetError(&error, StatusCode::kInvalidArgument, "%s is %d", "window", 0);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  EXPECT_STREQ(error.message, "window is 0");
}

TEST(ErrorTest, CutsALongMessage) {
  Error error;
  const std::string text(1000, 'x');
  SetError(&error, StatusCode::kInternal, "%s", text.c_str());
  EXPECT_EQ(std::string(error.message), text.substr(0, sizeof(error.message) - 1));
}

TEST(ErrorTest, MayBeNull) { SetError(nullptr, StatusCode::kInternal, "%d", 1); }

}  // namespace
}  // namespace spillway
