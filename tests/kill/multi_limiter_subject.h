#ifndef SPILLWAY_TESTS_KILL_MULTI_LIMITER_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_MULTI_LIMITER_SUBJECT_H_

#include "tests/kill/subject.h"

namespace spillway::testing {

Subject MultiLimiterSubject();

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_MULTI_LIMITER_SUBJECT_H_
