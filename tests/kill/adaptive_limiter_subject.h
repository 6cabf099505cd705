// The adaptive limiter, for the proofs of this folder.
#ifndef SPILLWAY_TESTS_KILL_ADAPTIVE_LIMITER_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_ADAPTIVE_LIMITER_SUBJECT_H_

#include "tests/kill/subject.h"

namespace spillway::testing {

Subject AdaptiveLimiterSubject();

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_ADAPTIVE_LIMITER_SUBJECT_H_
