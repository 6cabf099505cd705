// Branches that stay branches.
#ifndef SPILLWAY_BASE_BRANCH_H_
#define SPILLWAY_BASE_BRANCH_H_

#include <cstdint>

namespace spillway {

// The same value, which the compiler may not work out before the branch it stands in is taken. It
// would turn a short branch into a choice between two values, for which the processor waits until
// both are there; a branch it guesses.
[[gnu::always_inline]] inline uint64_t OnlyHere(uint64_t value) {
  asm volatile("" : "+r"(value));
  return value;
}

}  // namespace spillway

#endif  // SPILLWAY_BASE_BRANCH_H_
