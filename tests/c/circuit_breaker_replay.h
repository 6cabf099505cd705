/* Replays a vector of the circuit breaker. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_CIRCUIT_BREAKER_REPLAY_H_
#define SPILLWAY_TESTS_C_CIRCUIT_BREAKER_REPLAY_H_

#include "breakers.h"
#include "tests/support/generated/circuit_breaker_vectors.h"
#include "vectors.h"

enum { MAX_PERMITS = 256, MAX_OTHERS = 16, MAX_EVENTS = 16 };

typedef struct named_permit {
  const char* name;
  spillway_permit permit;
} named_permit;

typedef struct replay {
  spillway_circuit_breaker_options options;
  spillway_circuit_breaker* breaker;
  spillway_circuit_breaker* others[MAX_OTHERS];
  size_t other_count;
  named_permit permits[MAX_PERMITS];
  size_t permit_count;
  int64_t origin;
} replay;

static const vector_value settlements[] = {
    {"counted", SPILLWAY_SETTLEMENT_COUNTED},
    {"stale", SPILLWAY_SETTLEMENT_STALE},
    {"misused", SPILLWAY_E_MISUSE},
    {0},
};

static const vector_value outcomes[] = {
    {"success", SPILLWAY_OUTCOME_SUCCESS},
    {"failure", SPILLWAY_OUTCOME_FAILURE},
    {"ignored", SPILLWAY_OUTCOME_IGNORED},
    {"S", SPILLWAY_OUTCOME_SUCCESS},
    {"F", SPILLWAY_OUTCOME_FAILURE},
    {"I", SPILLWAY_OUTCOME_IGNORED},
    {0},
};

static const vector_field event_fields[] = {
    {"generation", VECTOR_UINT32, NULL, offsetof(spillway_event, generation)},
    {"from", VECTOR_INT32, circuit_breaker_state_values, offsetof(spillway_event, from)},
    {"to", VECTOR_INT32, circuit_breaker_state_values, offsetof(spillway_event, to)},
    {"reason", VECTOR_INT32, circuit_breaker_event_reason_values, offsetof(spillway_event, reason)},
    {"rate", VECTOR_DOUBLE, NULL, offsetof(spillway_event, rate)},
    {"at", VECTOR_INT64, NULL, offsetof(spillway_event, time_ns)},
    {0},
};

/* The place of a permit's name, which is made when there is none. */
static spillway_permit* permit_of(replay* self, const char* name, const cJSON* where) {
  size_t i = 0;
  while (i < self->permit_count && strcmp(self->permits[i].name, name) != 0) ++i;
  if (i == MAX_PERMITS) malformed("too many permits", where);
  if (i == self->permit_count) self->permits[self->permit_count++].name = name;
  return &self->permits[i].permit;
}

/* ---- the steps */

static void run_steps(replay* self, const cJSON* steps, int64_t shift);

static void step_acquire(replay* self, const cJSON* step, int64_t at) {
  const char* const answer = text(step, "expect");
  const int32_t expected = strcmp(answer, "admitted") == 0
                               ? SPILLWAY_ADMITTED
                               : value_of(circuit_breaker_rejection_values, answer, step);
  spillway_permit* permit = permit_of(self, text(step, "acquire"), step);
  int64_t times = number(step, "times", 1);
  for (; times > 0; --times) {
    spillway_acquire_result result;
    CHECK_INT(spillway_circuit_breaker_try_acquire_at(self->breaker, at, &result), expected);
    CHECK_INT(result.retry_after_ns, number(step, "retry_after_ns", 0));
    CHECK_INT(is_empty(&result.permit), expected != SPILLWAY_ADMITTED);
    *permit = result.permit;
  }
}

static void step_settle(replay* self, const cJSON* step, int64_t at) {
  const int32_t outcome = value_of(outcomes, text(step, "outcome"), step);
  spillway_permit* permit = permit_of(self, text(step, "settle"), step);
  CHECK_INT(spillway_circuit_breaker_settle_at(self->breaker, permit, outcome, at),
            value_of(settlements, text(step, "expect"), step));
}

static void step_calls(replay* self, const cJSON* step, int64_t at) {
  const char* const letters = text(step, "calls");
  const int64_t took = number(step, "took_ns", 0);
  const int64_t every = number(step, "every_ns", 0);
  int64_t times = number(step, "times", 1);
  for (; times > 0; --times) {
    const char* letter = letters;
    for (; *letter != '\0'; ++letter, at += every) {
      const char name[] = {*letter, '\0'};
      spillway_permit permit = acquire(self->breaker, at);
      CHECK_INT(spillway_circuit_breaker_settle_at(self->breaker, &permit,
                                                   value_of(outcomes, name, step), at + took),
                SPILLWAY_SETTLEMENT_COUNTED);
    }
  }
}

static void step_foreign(replay* self, const cJSON* step, int64_t at) {
  if (self->other_count == MAX_OTHERS) malformed("too many other breakers", step);
  spillway_circuit_breaker* other = make(&self->options);
  self->others[self->other_count++] = other;
  *permit_of(self, text(step, "foreign"), step) = acquire(other, at);
}

static void step_manual(replay* self, const cJSON* step, int64_t at) {
  const char* const change = text(step, "manual");
  const int changes = strcmp(text(step, "expect"), "changed") == 0;
  int64_t times = number(step, "times", 1);
  for (; times > 0; --times) {
    const uint32_t before = spillway_circuit_breaker_generation(self->breaker);
    spillway_status status = SPILLWAY_E_INTERNAL;
    if (strcmp(change, "force_open") == 0)
      status = spillway_circuit_breaker_force_open_at(self->breaker, at);
    else if (strcmp(change, "disable") == 0)
      status = spillway_circuit_breaker_disable_at(self->breaker, at);
    else if (strcmp(change, "metrics_only") == 0)
      status = spillway_circuit_breaker_metrics_only_at(self->breaker, at);
    else if (strcmp(change, "reset") == 0)
      status = spillway_circuit_breaker_reset_at(self->breaker, at);
    else
      malformed(change, step);
    CHECK_INT(status, SPILLWAY_OK);
    CHECK_INT(spillway_circuit_breaker_generation(self->breaker) != before, changes);
  }
}

static void step_reconfigure(replay* self, const cJSON* step) {
  const int good = strcmp(text(step, "expect"), "ok") == 0;
  spillway_circuit_breaker_options options;
  char why[200];
  options.struct_size = sizeof options;
  CHECK_INT(spillway_circuit_breaker_options_get(self->breaker, &options), SPILLWAY_OK);
  if (decode_circuit_breaker_options(member(step, "reconfigure"), &options, why, sizeof why) != 0)
    malformed(why, step);
  CHECK_INT(spillway_circuit_breaker_reconfigure(self->breaker, &options, NULL),
            good ? SPILLWAY_OK : SPILLWAY_E_INVALID_ARGUMENT);
}

static void step_snapshot(replay* self, const cJSON* step, int64_t at) {
  spillway_circuit_breaker_snapshot snapshot = look(self->breaker, at);
  char why[200];
  snapshot.since_ns -= self->origin;
  if (check_circuit_breaker_snapshot(member(step, "snapshot"), &snapshot, why, sizeof why) != 0)
    check_fail(__FILE__, __LINE__, "%s", why);
}

static void step_events(replay* self, const cJSON* step) {
  const cJSON* expected = member(step, "events");
  spillway_event events[MAX_EVENTS];
  spillway_event_batch batch = SPILLWAY_EVENT_BATCH_INIT(events, MAX_EVENTS);
  char why[200];
  int i = 0;
  batch.generation = (uint32_t)number(step, "since", 0);
  CHECK_INT(spillway_circuit_breaker_events(self->breaker, &batch), SPILLWAY_OK);
  CHECK_INT(batch.lost, number(step, "lost", 0));
  CHECK_INT(batch.count, cJSON_GetArraySize(expected));
  for (; i < (int)batch.count && i < cJSON_GetArraySize(expected); ++i) {
    events[i].time_ns -= self->origin;
    if (vector_check(event_fields, cJSON_GetArrayItem(expected, i), &events[i], why, sizeof why))
      check_fail(__FILE__, __LINE__, "event %d: %s", i, why);
  }
}

static void step_repeat(replay* self, const cJSON* step, int64_t shift) {
  const int64_t every = number(step, "every_ns", 0);
  int64_t times = number(step, "repeat", 0);
  for (; times > 0 && check_failures == 0; --times, shift += every)
    run_steps(self, member(step, "steps"), shift);
}

/* ---- which step is which: the key that tells it, and all that it may have */

typedef void (*timed_step)(replay*, const cJSON*, int64_t);

typedef struct kind {
  const char* keys;
  timed_step run;
} kind;

static const kind kinds[] = {
    {"acquire at expect retry_after_ns times ", step_acquire},
    {"settle at outcome expect ", step_settle},
    {"calls at took_ns every_ns times ", step_calls},
    {"foreign at ", step_foreign},
    {"manual at expect times ", step_manual},
    {"snapshot at ", step_snapshot},
};

static void run_step(replay* self, const cJSON* step, int64_t shift) {
  size_t i = 0;
  if (is_kind(step, "reconfigure expect ")) {
    step_reconfigure(self, step);
  } else if (is_kind(step, "events since lost ")) {
    step_events(self, step);
  } else if (is_kind(step, "repeat every_ns steps ")) {
    step_repeat(self, step, shift);
  } else {
    while (i < sizeof kinds / sizeof *kinds && !is_kind(step, kinds[i].keys)) ++i;
    if (i == sizeof kinds / sizeof *kinds) malformed("no kind", step);
    member(step, "at");
    kinds[i].run(self, step, self->origin + shift + number(step, "at", 0));
  }
}

static void run_steps(replay* self, const cJSON* steps, int64_t shift) {
  const cJSON* step = NULL;
  cJSON_ArrayForEach(step, steps) {
    run_step(self, step, shift);
    if (check_failures == 0) continue;
    print_failed(step, self->origin, shift);
    return;
  }
}

static inline void replay_circuit_breaker(const cJSON* vector, int64_t origin) {
  static replay self;
  const spillway_circuit_breaker_options defaults = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  char why[200];
  memset(&self, 0, sizeof self);
  self.options = defaults;
  self.origin = origin;
  if (decode_circuit_breaker_options(member(vector, "options"), &self.options, why, sizeof why))
    malformed(why, vector);
  self.breaker = make(&self.options);
  run_steps(&self, member(vector, "steps"), 0);
  spillway_circuit_breaker_unref(self.breaker);
  while (self.other_count > 0) spillway_circuit_breaker_unref(self.others[--self.other_count]);
}

#endif /* SPILLWAY_TESTS_C_CIRCUIT_BREAKER_REPLAY_H_ */
