/* Replays a vector of the circuit breaker. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_CIRCUIT_BREAKER_REPLAY_H_
#define SPILLWAY_TESTS_C_CIRCUIT_BREAKER_REPLAY_H_

#include "permit_replay.h"
#include "tests/support/generated/circuit_breaker_vectors.h"

enum { MAX_EVENTS = 16 };

static const vector_field event_fields[] = {
    {"generation", VECTOR_UINT32, NULL, offsetof(spillway_event, generation)},
    {"from", VECTOR_INT32, circuit_breaker_state_values, offsetof(spillway_event, from)},
    {"to", VECTOR_INT32, circuit_breaker_state_values, offsetof(spillway_event, to)},
    {"reason", VECTOR_INT32, circuit_breaker_event_reason_values, offsetof(spillway_event, reason)},
    {"rate", VECTOR_DOUBLE, NULL, offsetof(spillway_event, rate)},
    {"at", VECTOR_INT64, NULL, offsetof(spillway_event, time_ns)},
    {0},
};

PERMIT_NOUN_FUNCTIONS(circuit_breaker, SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT)

static spillway_decision circuit_breaker_acquire(void* object, const cJSON* step, int64_t at,
                                                 spillway_acquire_result* result) {
  (void)step;
  return spillway_circuit_breaker_try_acquire_at((spillway_circuit_breaker*)object, at, result);
}

static void circuit_breaker_look(const permit_replay* self, const cJSON* expected, int64_t at) {
  spillway_circuit_breaker_snapshot snapshot = circuit_breaker_at(self, at);
  snapshot.since_ns -= self->origin;
  circuit_breaker_check(expected, &snapshot);
}

/* ---- the steps of its own */

static void step_calls(permit_replay* self, const cJSON* step, int64_t at) {
  const char* const letters = text(step, "calls");
  const int64_t took = number(step, "took_ns", 0);
  const int64_t every = number(step, "every_ns", 0);
  int64_t times = number(step, "times", 1);
  for (; times > 0; --times) {
    const char* letter = letters;
    for (; *letter != '\0'; ++letter, at += every) {
      const char name[] = {*letter, '\0'};
      spillway_permit permit = admitted(self, self->object, step, at);
      CHECK_INT(
          circuit_breaker_settle(self->object, &permit, value_of(outcomes, name, step), at + took),
          SPILLWAY_SETTLEMENT_COUNTED);
    }
  }
}

static void step_manual(permit_replay* self, const cJSON* step, int64_t at) {
  spillway_circuit_breaker* const breaker = (spillway_circuit_breaker*)self->object;
  const char* const change = text(step, "manual");
  const int changes = strcmp(text(step, "expect"), "changed") == 0;
  int64_t times = number(step, "times", 1);
  for (; times > 0; --times) {
    const uint32_t before = spillway_circuit_breaker_generation(breaker);
    spillway_status status = SPILLWAY_E_INTERNAL;
    if (strcmp(change, "force_open") == 0)
      status = spillway_circuit_breaker_force_open_at(breaker, at);
    else if (strcmp(change, "disable") == 0)
      status = spillway_circuit_breaker_disable_at(breaker, at);
    else if (strcmp(change, "metrics_only") == 0)
      status = spillway_circuit_breaker_metrics_only_at(breaker, at);
    else if (strcmp(change, "reset") == 0)
      status = spillway_circuit_breaker_reset_at(breaker, at);
    else
      malformed(change, step);
    CHECK_INT(status, SPILLWAY_OK);
    CHECK_INT(spillway_circuit_breaker_generation(breaker) != before, changes);
  }
}

static void step_events(permit_replay* self, const cJSON* step) {
  const cJSON* expected = member(step, "events");
  spillway_event events[MAX_EVENTS];
  spillway_event_batch batch = SPILLWAY_EVENT_BATCH_INIT(events, MAX_EVENTS);
  char why[200];
  int i = 0;
  batch.generation = (uint32_t)number(step, "since", 0);
  CHECK_INT(spillway_circuit_breaker_events((spillway_circuit_breaker*)self->object, &batch),
            SPILLWAY_OK);
  CHECK_INT(batch.lost, number(step, "lost", 0));
  CHECK_INT(batch.count, cJSON_GetArraySize(expected));
  for (; i < (int)batch.count && i < cJSON_GetArraySize(expected); ++i) {
    events[i].time_ns -= self->origin;
    if (vector_check(event_fields, cJSON_GetArrayItem(expected, i), &events[i], why, sizeof why))
      check_fail(__FILE__, __LINE__, "event %d: %s", i, why);
  }
}

static int circuit_breaker_own_step(permit_replay* self, const cJSON* step, int64_t shift) {
  if (is_kind(step, "events since lost ")) {
    step_events(self, step);
  } else if (is_kind(step, "calls at took_ns every_ns times ")) {
    step_calls(self, step, time_of(self, step, shift));
  } else if (is_kind(step, "manual at expect times ")) {
    step_manual(self, step, time_of(self, step, shift));
  } else {
    return 0;
  }
  return 1;
}

static const permit_noun circuit_breaker_noun = {
    circuit_breaker_make,
    circuit_breaker_unref,
    circuit_breaker_acquire,
    circuit_breaker_settle,
    circuit_breaker_reconfigure,
    circuit_breaker_look,
    circuit_breaker_rejection_values,
    circuit_breaker_own_step,
};

static inline void replay_circuit_breaker(const cJSON* vector, int64_t origin) {
  replay_permits(&circuit_breaker_noun, vector, origin);
}

#endif /* SPILLWAY_TESTS_C_CIRCUIT_BREAKER_REPLAY_H_ */
