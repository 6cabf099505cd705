// The token bucket, for the proofs of this folder.
#ifndef SPILLWAY_TESTS_KILL_TOKEN_BUCKET_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_TOKEN_BUCKET_SUBJECT_H_

#include "tests/kill/subject.h"

namespace spillway::testing {

Subject TokenBucketSubject();

// Takes with a load and a store: shows that the books find a token that comes from nowhere.
Operation TokenBucketOfTwoSteps();

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_TOKEN_BUCKET_SUBJECT_H_
