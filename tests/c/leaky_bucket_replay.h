/* Replays a vector of the leaky bucket. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_LEAKY_BUCKET_REPLAY_H_
#define SPILLWAY_TESTS_C_LEAKY_BUCKET_REPLAY_H_

#include "tests/support/generated/leaky_bucket_vectors.h"
#include "tests/support/generated/token_bucket_vectors.h" /* the inheritances */

#define BUCKET leaky_bucket
#include "bucket_replay.h"

static inline void run_leaky_bucket_step(leaky_bucket_replay* self, const cJSON* step,
                                         int64_t origin) {
  if (!leaky_bucket_step(self, step, origin)) malformed("no kind", step);
}

static inline void replay_leaky_bucket(const cJSON* vector, int64_t origin) {
  static leaky_bucket_replay self;
  const cJSON* step = NULL;
  leaky_bucket_replay_begin(&self, member(vector, "options"));
  cJSON_ArrayForEach(step, member(vector, "steps")) {
    run_leaky_bucket_step(&self, step, origin);
    if (check_failures == 0) continue;
    print_failed(step, origin, 0);
    break;
  }
  leaky_bucket_replay_end(&self);
}

#endif /* SPILLWAY_TESTS_C_LEAKY_BUCKET_REPLAY_H_ */
