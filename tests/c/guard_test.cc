// What the wall between C++ and C makes of each way a set-up call can end.
#include "bindings/c/src/guard.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>

namespace spillway {
namespace {

template <class Body>
spillway_status RunGuarded(Body body, spillway_error* error) {
  *error = SPILLWAY_ERROR_INIT;
  error->message[0] = 'x';
  return Guard(error, [&](Error* problem) { body(problem); });
}

TEST(GuardTest, SuccessClearsTheError) {
  spillway_error error;
  EXPECT_EQ(RunGuarded([](Error*) {}, &error), SPILLWAY_OK);
  EXPECT_EQ(error.code, SPILLWAY_OK);
  EXPECT_STREQ(error.message, "");
}

TEST(GuardTest, WhatTheBodySaysReachesTheCaller) {
  spillway_error error;
  const auto fail = [](Error* problem) { SetError(problem, StatusCode::kUnsupported, "no %d", 7); };
  EXPECT_EQ(RunGuarded(fail, &error), SPILLWAY_E_UNSUPPORTED);
  EXPECT_EQ(error.code, SPILLWAY_E_UNSUPPORTED);
  EXPECT_STREQ(error.message, "no 7");
}

TEST(GuardTest, NoExceptionPasses) {
  spillway_error error;
  EXPECT_EQ(RunGuarded([](Error*) { throw std::bad_alloc(); }, &error), SPILLWAY_E_NO_MEMORY);
  EXPECT_EQ(error.code, SPILLWAY_E_NO_MEMORY);
  EXPECT_EQ(RunGuarded([](Error*) { throw std::runtime_error("100 %s"); }, &error),
            SPILLWAY_E_INTERNAL);
  EXPECT_STREQ(error.message, "100 %s");
  EXPECT_EQ(RunGuarded([](Error*) { throw 7; }, &error), SPILLWAY_E_INTERNAL);
  EXPECT_STREQ(error.message, "an exception of unknown type");
}

TEST(GuardTest, ALongMessageIsCut) {
  spillway_error error;
  const std::string text(1000, 'y');
  EXPECT_EQ(RunGuarded([&](Error*) { throw std::runtime_error(text); }, &error),
            SPILLWAY_E_INTERNAL);
  EXPECT_EQ(std::string(error.message), std::string(255, 'y'));
}

TEST(GuardTest, AnErrorIsOptional) {
  EXPECT_EQ(Guard(nullptr, [](Error*) { throw 7; }), SPILLWAY_E_INTERNAL);
  EXPECT_EQ(Guard(nullptr, [](Error*) {}), SPILLWAY_OK);
}

TEST(GuardTest, NothingRunsWithAnErrorOfAWrongSize) {
  spillway_error error = SPILLWAY_ERROR_INIT;
  --error.struct_size;
  bool ran = false;
  EXPECT_EQ(Guard(&error, [&](Error*) { ran = true; }), SPILLWAY_E_MISUSE);
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace spillway
