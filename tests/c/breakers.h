/* Circuit breakers as the C tests need them. */
#ifndef SPILLWAY_TESTS_C_BREAKERS_H_
#define SPILLWAY_TESTS_C_BREAKERS_H_

#include <spillway/c_api.h>
#include <stdlib.h>

#include "check.h"

/* Trips at the first failure, stays open for 5 s, and has no jitter. */
static inline spillway_circuit_breaker_options brittle_options(void) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  options.window_kind = SPILLWAY_WINDOW_KIND_CONSECUTIVE;
  options.window_failures = 1;
  options.jitter = 0;
  return options;
}

/* NULL stands for the defaults. A test cannot go on without its breaker. */
static inline spillway_circuit_breaker* make(const spillway_circuit_breaker_options* options) {
  spillway_circuit_breaker* breaker = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  if (spillway_circuit_breaker_new(&breaker, "test", 4, options, &error) != SPILLWAY_OK) {
    printf("no breaker: %s\n", error.message);
    exit(1);
  }
  return breaker;
}

static inline spillway_circuit_breaker* make_brittle(void) {
  const spillway_circuit_breaker_options options = brittle_options();
  return make(&options);
}

/* A permit, which must be given. */
static inline spillway_permit acquire(spillway_circuit_breaker* breaker, int64_t now_ns) {
  spillway_acquire_result result;
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, now_ns, &result), SPILLWAY_ADMITTED);
  return result.permit;
}

/* One call that takes no time, which must be admitted and counted. */
static inline void call(spillway_circuit_breaker* breaker, int32_t outcome, int64_t now_ns) {
  spillway_permit permit = acquire(breaker, now_ns);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, outcome, now_ns),
            SPILLWAY_SETTLEMENT_COUNTED);
}

static inline spillway_circuit_breaker_snapshot look(const spillway_circuit_breaker* breaker,
                                                     int64_t now_ns) {
  spillway_circuit_breaker_snapshot snapshot;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_circuit_breaker_snapshot_at(breaker, now_ns, &snapshot), SPILLWAY_OK);
  return snapshot;
}

static inline int is_empty(const spillway_permit* permit) {
  return permit->opaque[0] == 0 && permit->opaque[1] == 0 && permit->opaque[2] == 0;
}

#endif /* SPILLWAY_TESTS_C_BREAKERS_H_ */
