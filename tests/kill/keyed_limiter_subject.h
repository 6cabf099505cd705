// The keyed limiter as the proofs see it.
#ifndef SPILLWAY_TESTS_KILL_KEYED_LIMITER_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_KEYED_LIMITER_SUBJECT_H_

#include "tests/kill/subject.h"

namespace spillway::testing {

Subject KeyedLimiterSubject();

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_KEYED_LIMITER_SUBJECT_H_
