#include "spillway/base/outcome.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace {

struct Reply {
  int code;
};

}  // namespace

template <>
struct spillway::OutcomeOf<Reply> {
  static Outcome Get(const Reply& reply) {
    if (reply.code == 404) return Outcome::kIgnored;
    return reply.code < 500 ? Outcome::kSuccess : Outcome::kFailure;
  }
};

namespace spillway {
namespace {

template <typename T>
Outcome Of(const T& result) {
  return OutcomeOf<T>::Get(result);
}

TEST(OutcomeTest, OfStatus) {
  EXPECT_EQ(Of(absl::OkStatus()), Outcome::kSuccess);
  EXPECT_EQ(Of(absl::InternalError("")), Outcome::kFailure);
  EXPECT_EQ(Of(absl::StatusOr<int>(1)), Outcome::kSuccess);
  EXPECT_EQ(Of(absl::StatusOr<std::unique_ptr<int>>(absl::InternalError(""))), Outcome::kFailure);
}

TEST(OutcomeTest, OfWhatMayHoldAValue) {
  EXPECT_EQ(Of(std::optional<int>(0)), Outcome::kSuccess);
  EXPECT_EQ(Of(std::optional<int>()), Outcome::kFailure);
}

TEST(OutcomeTest, OfBool) {
  EXPECT_EQ(Of(true), Outcome::kSuccess);
  EXPECT_EQ(Of(false), Outcome::kFailure);
}

TEST(OutcomeTest, EverythingElseIsASuccess) {
  EXPECT_EQ(Of(0), Outcome::kSuccess);
  EXPECT_EQ(Of(std::string()), Outcome::kSuccess);
  EXPECT_EQ(Of(std::unique_ptr<int>()), Outcome::kSuccess);
}

TEST(OutcomeTest, OfATypeThatSaysItself) {
  EXPECT_EQ(Of(Reply{200}), Outcome::kSuccess);
  EXPECT_EQ(Of(Reply{404}), Outcome::kIgnored);
  EXPECT_EQ(Of(Reply{500}), Outcome::kFailure);
}

}  // namespace
}  // namespace spillway
