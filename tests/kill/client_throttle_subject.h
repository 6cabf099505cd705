// The client throttle, for the proofs of this folder.
#ifndef SPILLWAY_TESTS_KILL_CLIENT_THROTTLE_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_CLIENT_THROTTLE_SUBJECT_H_

#include "tests/kill/subject.h"

namespace spillway::testing {

Subject ClientThrottleSubject();

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_CLIENT_THROTTLE_SUBJECT_H_
