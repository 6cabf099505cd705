/* Looking at a breaker, and setting its state by hand. */
#include "breakers.h"

typedef spillway_circuit_breaker_snapshot snapshot_type;

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

typedef struct later_snapshot {
  snapshot_type known;
  int64_t unknown[2];
} later_snapshot;

TEST(a_snapshot_fills_as_much_as_there_is) {
  static const size_t good[] = {
      SPILLWAY_SIZE_TO_END(snapshot_type, state), SPILLWAY_SIZE_TO_END(snapshot_type, since_ns),
      SPILLWAY_SIZE_TO_END(snapshot_type, open_step), sizeof(snapshot_type)};
  spillway_circuit_breaker* breaker = make(NULL);
  later_snapshot snapshot;
  const unsigned char* bytes = (const unsigned char*)&snapshot;
  size_t i = 0;
  size_t byte = 0;
  spillway_circuit_breaker_disable_at(breaker, 0);
  for (; i < sizeof good / sizeof *good; ++i) {
    memset(&snapshot, 0xaa, sizeof snapshot);
    snapshot.known.struct_size = good[i];
    CHECK_INT(spillway_circuit_breaker_snapshot_at(breaker, 0, &snapshot.known), SPILLWAY_OK);
    CHECK_INT(snapshot.known.struct_size, good[i]);
    CHECK_INT(snapshot.known.state, SPILLWAY_CIRCUIT_BREAKER_STATE_DISABLED);
    for (byte = good[i]; byte < sizeof snapshot; ++byte) CHECK(bytes[byte] == 0xaa);
  }
  /* A later caller sees zero in what this version does not know. */
  snapshot.known.struct_size = sizeof snapshot;
  CHECK_INT(spillway_circuit_breaker_snapshot_at(breaker, 0, &snapshot.known), SPILLWAY_OK);
  CHECK_INT(snapshot.unknown[0] | snapshot.unknown[1], 0);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_snapshot_of_a_size_that_cannot_be_is_refused) {
  static const size_t bad[] = {0, 7, 8, 11, 13, 25, 4097, SIZE_MAX};
  spillway_circuit_breaker* breaker = make(NULL);
  snapshot_type snapshot;
  size_t i = 0;
  for (; i < sizeof bad / sizeof *bad; ++i) {
    memset(&snapshot, 0xaa, sizeof snapshot);
    snapshot.struct_size = bad[i];
    CHECK_INT(spillway_circuit_breaker_snapshot_at(breaker, 0, &snapshot), SPILLWAY_E_MISUSE);
    CHECK_INT(snapshot.state, (int32_t)0xaaaaaaaa);
  }
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_circuit_breaker_snapshot_at(NULL, 0, &snapshot), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_snapshot_at(breaker, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_state(NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_generation(NULL), 0);
  spillway_circuit_breaker_unref(breaker);
}
