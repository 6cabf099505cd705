// The circuit breaker, for the proofs of this folder.
#ifndef SPILLWAY_TESTS_KILL_BREAKER_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_BREAKER_SUBJECT_H_

#include "tests/kill/subject.h"

namespace spillway::testing {

Subject CircuitBreakerSubject();

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_BREAKER_SUBJECT_H_
