// What a target is to the machine that feeds it: libFuzzer, or driver.cc without it.
#ifndef SPILLWAY_TESTS_FUZZ_TARGET_H_
#define SPILLWAY_TESTS_FUZZ_TARGET_H_

#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/fuzz/byte_reader.h"

namespace spillway::fuzz {

// Something that must not be.
class Finding : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

inline void Require(bool holds, std::string_view what) {
  if (!holds) throw Finding(std::string(what));
}

// Defined by each target: makes the calls that the input stands for. Throws a Finding.
void RunInput(ByteReader& input);

// What RunInput does with a class that has Run and Story: a finding comes with the story of how it
// was come by.
template <class Fuzz>
void RunAndTell(ByteReader& input) {
  Fuzz fuzz(input);
  try {
    fuzz.Run();
  } catch (const Finding& finding) {
    throw Finding(finding.what() + ("\n" + fuzz.Story()));
  }
}

// Whether the fault of that name is to be planted, to show that it is found. The environment says
// so: SPILLWAY_FUZZ_PLANT=<name>. Each target lists its faults where it plants them.
bool Planted(std::string_view fault);

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_TARGET_H_
