// Processes that use one policy at full speed while some of them are killed and stopped at random.
#ifndef SPILLWAY_TESTS_KILL_STORM_H_
#define SPILLWAY_TESTS_KILL_STORM_H_

#include <cstdint>
#include <string>

#include "tests/kill/subject.h"

namespace spillway::testing {

struct StormResult {
  uint64_t kills = 0;
  uint64_t stops = 0;
  uint64_t operations = 0;
  bool blocked = false;     // then the storm ended early: the others did not go on
  std::string broken = {};  // what was wrong afterwards; empty when nothing was
};

// Until as many kills and as many stops have been survived.
StormResult Storm(const Operation& operation, uint64_t kills, uint64_t stops, uint64_t seed);

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_STORM_H_
