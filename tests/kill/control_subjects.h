// Counters of two words that must agree, made the ways that do not work between processes that may
// be killed: they show that the proofs find what they look for.
#ifndef SPILLWAY_TESTS_KILL_CONTROL_SUBJECTS_H_
#define SPILLWAY_TESTS_KILL_CONTROL_SUBJECTS_H_

#include <vector>

#include "tests/kill/subject.h"

namespace spillway::testing {

Operation PlainMutex();   // a mutex that processes share
Operation RobustMutex();  // the same that tells when its owner died, and is then mended
// Has another process lock the mutex and die.
void HoldPlainMutex(void* memory);

Operation NoLock();  // one addition after the other

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_CONTROL_SUBJECTS_H_
