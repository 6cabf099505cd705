/* Looking at a breaker, and setting its state by hand. */
#include "breakers.h"
#include "circuit_breaker_noun.h"

typedef spillway_status (*change_at)(spillway_circuit_breaker*, int64_t);
typedef spillway_status (*change_now)(spillway_circuit_breaker*);

typedef struct change {
  change_at at;
  change_now now;
  int32_t state;
  int32_t decision;
} change;

static const change changes[] = {
    {spillway_circuit_breaker_force_open_at, spillway_circuit_breaker_force_open,
     SPILLWAY_CIRCUIT_BREAKER_STATE_FORCED_OPEN, SPILLWAY_CIRCUIT_BREAKER_REJECTION_FORCED_OPEN},
    {spillway_circuit_breaker_disable_at, spillway_circuit_breaker_disable,
     SPILLWAY_CIRCUIT_BREAKER_STATE_DISABLED, SPILLWAY_ADMITTED},
    {spillway_circuit_breaker_metrics_only_at, spillway_circuit_breaker_metrics_only,
     SPILLWAY_CIRCUIT_BREAKER_STATE_METRICS_ONLY, SPILLWAY_ADMITTED},
    {spillway_circuit_breaker_reset_at, spillway_circuit_breaker_reset,
     SPILLWAY_CIRCUIT_BREAKER_STATE_CLOSED, SPILLWAY_ADMITTED},
};

#define CHANGES (sizeof changes / sizeof *changes)

TEST(a_state_is_set_by_hand) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_acquire_result result;
  size_t i = 0;
  for (; i < CHANGES; ++i) {
    const int64_t now = (int64_t)(i + 1) * SECOND;
    CHECK_INT(changes[i].at(breaker, now), SPILLWAY_OK);
    CHECK_INT(spillway_circuit_breaker_state(breaker), changes[i].state);
    CHECK_INT(spillway_circuit_breaker_generation(breaker), i + 1);
    CHECK_INT(look(breaker, now).since_ns, now);
    CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, now, &result), changes[i].decision);
    CHECK_INT(changes[i].at(NULL, now), SPILLWAY_E_MISUSE);
  }
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_state_is_set_by_hand_now) {
  spillway_circuit_breaker* breaker = make(NULL);
  size_t i = 0;
  for (; i < CHANGES; ++i) {
    const int64_t before = spillway_now_ns();
    CHECK_INT(changes[i].now(breaker), SPILLWAY_OK);
    CHECK_INT(spillway_circuit_breaker_state(breaker), changes[i].state);
    CHECK(look(breaker, before).since_ns >= before);
    CHECK(look(breaker, before).since_ns <= spillway_now_ns());
    CHECK_INT(changes[i].now(NULL), SPILLWAY_E_MISUSE);
  }
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_state_that_is_there_already_stays) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_permit permit;
  size_t i = 0;
  for (; i < CHANGES - 1; ++i) {
    changes[i].at(breaker, 0);
    const uint32_t generation = spillway_circuit_breaker_generation(breaker);
    CHECK_INT(changes[i].at(breaker, SECOND), SPILLWAY_OK);
    CHECK_INT(spillway_circuit_breaker_generation(breaker), generation);
  }
  /* A reset is always a new beginning: permits that are out become stale. */
  spillway_circuit_breaker_reset_at(breaker, 0);
  permit = acquire(breaker, 0);
  spillway_circuit_breaker_reset_at(breaker, 0);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_FAILURE, 0),
            SPILLWAY_SETTLEMENT_STALE);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_breaker_begins_in_the_state_that_was_asked_for) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  spillway_circuit_breaker* breaker = NULL;
  options.initial_state = SPILLWAY_CIRCUIT_BREAKER_STATE_FORCED_OPEN;
  breaker = make(&options);
  CHECK_INT(spillway_circuit_breaker_state(breaker), SPILLWAY_CIRCUIT_BREAKER_STATE_FORCED_OPEN);
  CHECK_INT(spillway_circuit_breaker_generation(breaker), 1);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_snapshot_tells_all) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  spillway_circuit_breaker* breaker = NULL;
  snapshot_type snapshot;
  options.min_calls = 3;
  options.failure_rate = 0.9;
  options.jitter = 0;
  breaker = make(&options);
  CHECK(look(breaker, 0).failure_rate == -1.0);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, SECOND);
  call(breaker, SPILLWAY_OUTCOME_SUCCESS, SECOND);
  call(breaker, SPILLWAY_OUTCOME_SUCCESS, SECOND);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, SECOND);
  snapshot = look(breaker, SECOND);
  CHECK_INT(snapshot.struct_size, sizeof snapshot);
  CHECK_INT(snapshot.state, SPILLWAY_CIRCUIT_BREAKER_STATE_CLOSED);
  CHECK(snapshot.failure_rate == 0.5 && snapshot.slow_rate == 0.0);
  CHECK_INT(snapshot.total_failures, 2);
  spillway_circuit_breaker_force_open_at(breaker, 2 * SECOND);
  snapshot = look(breaker, 2 * SECOND);
  CHECK_INT(snapshot.generation, 1);
  CHECK_INT(snapshot.since_ns, 2 * SECOND);
  CHECK_INT(snapshot.successes + snapshot.failures, 0);
  CHECK_INT(snapshot.total_successes, 2);
  spillway_circuit_breaker_unref(breaker);
}

TEST(null_has_no_state) {
  CHECK_INT(spillway_circuit_breaker_state(NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_generation(NULL), 0);
}
