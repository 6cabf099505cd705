// What the bulkhead brings to the proofs.
#ifndef SPILLWAY_TESTS_KILL_BULKHEAD_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_BULKHEAD_SUBJECT_H_

#include "tests/kill/subject.h"

namespace spillway::testing {

Subject BulkheadSubject();

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_BULKHEAD_SUBJECT_H_
