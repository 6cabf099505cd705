/* Replays a vector of the token bucket. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_TOKEN_BUCKET_REPLAY_H_
#define SPILLWAY_TESTS_C_TOKEN_BUCKET_REPLAY_H_

#include "tests/support/generated/token_bucket_vectors.h"

#define BUCKET token_bucket
#include "bucket_replay.h"

static inline void step_up_to(token_bucket_replay* self, const cJSON* step, int64_t at) {
  const int64_t expected = number(step, "expect", 0);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(self->bucket, number(step, "up_to", 0), at),
            expected == -1 ? SPILLWAY_E_MISUSE : expected);
}

/* What the call does not say itself, a look at the same time does; when to ask again, none says. */
static inline void step_force(token_bucket_replay* self, const cJSON* step, int64_t at) {
  spillway_limit_status status;
  CHECK_INT(spillway_token_bucket_force_acquire_at(self->bucket, number(step, "force", 0), at),
            limiter_answer(step, token_bucket_rejection_values));
  CHECK_INT(spillway_token_bucket_try_acquire_at(self->bucket, 0, at, &status), SPILLWAY_ADMITTED);
  check_balance(step, &status);
}

static inline void run_token_bucket_step(token_bucket_replay* self, const cJSON* step,
                                         int64_t origin) {
  const int64_t at = origin + number(step, "at", 0);
  if (token_bucket_step(self, step, origin)) return;
  member(step, "at");
  if (is_kind(step, "up_to at expect ")) {
    step_up_to(self, step, at);
  } else if (is_kind(step, "force at expect " STATUS_KEYS)) {
    step_force(self, step, at);
  } else {
    malformed("no kind", step);
  }
}

static inline void replay_token_bucket(const cJSON* vector, int64_t origin) {
  static token_bucket_replay self;
  const cJSON* step = NULL;
  token_bucket_replay_begin(&self, member(vector, "options"));
  cJSON_ArrayForEach(step, member(vector, "steps")) {
    run_token_bucket_step(&self, step, origin);
    if (check_failures == 0) continue;
    print_failed(step, origin, 0);
    break;
  }
  token_bucket_replay_end(&self);
}

#endif /* SPILLWAY_TESTS_C_TOKEN_BUCKET_REPLAY_H_ */
