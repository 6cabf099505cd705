// Cuts an operation off at each of its instructions, and finds out what becomes of the others.
#ifndef SPILLWAY_TESTS_KILL_EVERY_INSTRUCTION_H_
#define SPILLWAY_TESTS_KILL_EVERY_INSTRUCTION_H_

#include <cstdint>
#include <string>

#include "tests/kill/subject.h"

namespace spillway::testing {

// Of the points where an operation was cut off: at how many those that came later were blocked, and
// at how many they found something wrong.
struct Verdicts {
  uint64_t points = 0;
  uint64_t blocked = 0;
  uint64_t broken = 0;
  std::string first;  // what was wrong at the first of them

  void operator+=(const Verdicts& other);
};

// Before the first instruction, after the last, and in each place between two.
struct EveryInstruction {
  uint64_t instructions = 0;
  Verdicts killed = {};
  Verdicts stopped = {};
  Verdicts resumed = {};  // stopped, overtaken by others, and let go on

  void operator+=(const EveryInstruction& other);
};

EveryInstruction CutOffEverywhere(const Operation& operation);

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_EVERY_INSTRUCTION_H_
