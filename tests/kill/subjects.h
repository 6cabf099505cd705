// Every policy that the proofs run on.
#ifndef SPILLWAY_TESTS_KILL_SUBJECTS_H_
#define SPILLWAY_TESTS_KILL_SUBJECTS_H_

#include <string>
#include <vector>

#include "tests/kill/adaptive_limiter_subject.h"
#include "tests/kill/breaker_subject.h"
#include "tests/kill/bulkhead_subject.h"
#include "tests/kill/client_throttle_subject.h"
#include "tests/kill/keyed_limiter_subject.h"
#include "tests/kill/multi_limiter_subject.h"
#include "tests/kill/sliding_window_subject.h"
#include "tests/kill/subject.h"
#include "tests/kill/token_bucket_subject.h"

namespace spillway::testing {

inline std::vector<Subject> Subjects() {
  return {AdaptiveLimiterSubject(),      BulkheadSubject(),     CircuitBreakerSubject(),
          ClientThrottleSubject(),       KeyedLimiterSubject(), MultiLimiterSubject(),
          SlidingWindowLimiterSubject(), TokenBucketSubject()};
}

inline std::vector<Operation> AllOperations() {
  std::vector<Operation> all;
  for (const Subject& subject : Subjects()) {
    for (Operation operation : subject.operations) {
      operation.name = subject.name + ": " + operation.name;
      all.push_back(operation);
    }
  }
  return all;
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_SUBJECTS_H_
