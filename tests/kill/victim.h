// A process that is stopped between two of its instructions, at any one that is wanted.
#ifndef SPILLWAY_TESTS_KILL_VICTIM_H_
#define SPILLWAY_TESTS_KILL_VICTIM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "tests/kill/process.h"

namespace spillway::testing {

// The addresses of the instructions of an operation in the order they are executed; last comes the
// one after it.
using Trace = std::vector<uintptr_t>;

class Victim {
 public:
  // Stands before the first instruction of `work`. Stays on one CPU, for a call that asks which it
  // is on to go the same way each time.
  Victim(const std::function<void()>& work, int cpu);

  // Runs it to its end.
  Trace Record();

  // Stops it once it has executed `steps` instructions of `trace`. False when it took another way
  // and came to its end before, as one that reads a clock may.
  bool RunTo(const Trace& trace, size_t steps);

  void Kill() { child_.Kill(); }

  // Lets it finish. False when it did not get there.
  bool Finish();

 private:
  bool Resume(int request);

  Child child_;
  bool at_end_ = false;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_VICTIM_H_
