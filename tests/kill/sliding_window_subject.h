// The sliding window limiter, for the proofs of this folder.
#ifndef SPILLWAY_TESTS_KILL_SLIDING_WINDOW_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_SLIDING_WINDOW_SUBJECT_H_

#include "tests/kill/subject.h"

namespace spillway::testing {

Subject SlidingWindowLimiterSubject();

// Moves the head before it writes the slot: shows that a number nobody wrote to is found.
Operation SlidingWindowLimiterByNumber();

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_SLIDING_WINDOW_SUBJECT_H_
