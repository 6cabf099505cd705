/* Replays a vector of the adaptive limiter. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_ADAPTIVE_LIMITER_REPLAY_H_
#define SPILLWAY_TESTS_C_ADAPTIVE_LIMITER_REPLAY_H_

#include "permit_replay.h"
#include "tests/support/generated/adaptive_limiter_vectors.h"

PERMIT_NOUN_FUNCTIONS(adaptive_limiter, SPILLWAY_ADAPTIVE_LIMITER_OPTIONS_INIT)

static spillway_decision adaptive_limiter_acquire(void* object, const cJSON* step, int64_t at,
                                                  spillway_acquire_result* result) {
  (void)step;
  return spillway_adaptive_limiter_try_acquire_at((spillway_adaptive_limiter*)object, at, result);
}

static void adaptive_limiter_look(const permit_replay* self, const cJSON* expected, int64_t at) {
  const spillway_adaptive_limiter_snapshot snapshot = adaptive_limiter_at(self, at);
  adaptive_limiter_check(expected, &snapshot);
}

static const permit_noun adaptive_limiter_noun = {
    adaptive_limiter_make,
    adaptive_limiter_unref,
    adaptive_limiter_acquire,
    adaptive_limiter_settle,
    adaptive_limiter_reconfigure,
    adaptive_limiter_look,
    adaptive_limiter_rejection_values,
    NULL,
};

static inline void replay_adaptive_limiter(const cJSON* vector, int64_t origin) {
  replay_permits(&adaptive_limiter_noun, vector, origin);
}

#endif /* SPILLWAY_TESTS_C_ADAPTIVE_LIMITER_REPLAY_H_ */
