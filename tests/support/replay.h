// What the replays of all nouns share.
#ifndef SPILLWAY_TESTS_SUPPORT_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_REPLAY_H_

#include <gtest/gtest.h>

#include <type_traits>

#include "tests/support/vectors.h"

namespace spillway::testing {

// Replays the steps of one vector on an object that the derived class makes.
class Replay {
 public:
  virtual ~Replay() = default;

  // Times of `steps` are `shift` after the origin.
  void Run(const Json& steps, Nanos shift = 0) {
    for (const Json& step : steps) {
      const ::testing::ScopedTrace trace(__FILE__, __LINE__, step.dump());
      Fields fields(step);
      RunStep(fields, shift);
      fields.Done();
      if (::testing::Test::HasFailure()) return;
    }
  }

 protected:
  explicit Replay(Nanos origin) : origin_(origin) {}

  // Takes each field of `step` that it knows.
  virtual void RunStep(Fields& step, Nanos shift) = 0;

  Nanos origin() const { return origin_; }

  // Compares the fields of a snapshot that `json` names.
  template <class Snapshot>
  static void CheckSnapshot(const Json& json, const Snapshot& got) {
    Fields expected(json);
    ForEachField(got, [&](const char* name, const auto& field) {
      if (!expected.Has(name)) return;
      auto said = field;
      Decode(expected.Take(name), &said);
      if constexpr (std::is_enum_v<decltype(said)>) {
        EXPECT_STREQ(NameOf(field), NameOf(said)) << name;
      } else {
        EXPECT_EQ(field, said) << name;
      }
    });
    expected.Done();
  }

 private:
  Nanos origin_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_REPLAY_H_
