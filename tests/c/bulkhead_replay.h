/* Replays a vector of the bulkhead. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_BULKHEAD_REPLAY_H_
#define SPILLWAY_TESTS_C_BULKHEAD_REPLAY_H_

#include <spillway/c_api.h>

#include "check.h"
#include "permit_replay.h"
#include "tests/support/generated/bulkhead_vectors.h"
#include "vectors.h"

enum { MAX_HOLDINGS = 64 };

typedef struct named_holding {
  const char* name;
  spillway_permit permit;
} named_holding;

typedef struct bulkhead_replay {
  spillway_bulkhead* bulkhead;
  spillway_bulkhead* other;
  named_holding holdings[MAX_HOLDINGS];
  size_t holding_count;
} bulkhead_replay;

static const vector_value holdings[] = {
    {"slot", SPILLWAY_ADMITTED},
    {"place", SPILLWAY_BULKHEAD_REJECTION_QUEUED},
    {"nothing", SPILLWAY_E_MISUSE},
    {0},
};

/* The place of a permit's name, which is made when there is none. */
static spillway_permit* holding_of(bulkhead_replay* self, const char* name, const cJSON* where) {
  size_t i = 0;
  while (i < self->holding_count && strcmp(self->holdings[i].name, name) != 0) ++i;
  if (i == MAX_HOLDINGS) malformed("too many permits", where);
  if (i == self->holding_count) self->holdings[self->holding_count++].name = name;
  return &self->holdings[i].permit;
}

static int32_t choice_of(const cJSON* step, const char* key, const vector_value* values) {
  return cJSON_HasObjectItem(step, key) ? value_of(values, text(step, key), step) : values->value;
}

/* ---- the steps */

typedef spillway_decision (*ask_bulkhead)(spillway_bulkhead*, int32_t, int64_t,
                                          spillway_acquire_result*);

static void step_ask(bulkhead_replay* self, const cJSON* step, int64_t at, const char* key,
                     ask_bulkhead ask) {
  spillway_permit* permit = holding_of(self, text(step, key), step);
  const int32_t priority = choice_of(step, "priority", priorities);
  const char* const expect = text(step, "expect");
  const int32_t expected = strcmp(expect, "admitted") == 0
                               ? SPILLWAY_ADMITTED
                               : value_of(bulkhead_rejection_values, expect, step);
  int64_t times = number(step, "times", 1);
  for (; times > 0 && check_failures == 0; --times) {
    spillway_acquire_result result;
    memset(&result, 0xaa, sizeof result);
    CHECK_INT(ask(self->bulkhead, priority, at, &result), expected);
    CHECK_INT(result.retry_after_ns, 0);
    CHECK_INT(result.permit.opaque[0] != 0,
              expected == SPILLWAY_ADMITTED || expected == SPILLWAY_BULKHEAD_REJECTION_QUEUED);
    *permit = result.permit;
  }
}

static void step_acquire_slot(bulkhead_replay* self, const cJSON* step, int64_t at) {
  step_ask(self, step, at, "acquire", spillway_bulkhead_try_acquire_at);
}

static void step_enqueue(bulkhead_replay* self, const cJSON* step, int64_t at) {
  step_ask(self, step, at, "enqueue", spillway_bulkhead_enqueue_at);
}

static void step_poll(bulkhead_replay* self, const cJSON* step, int64_t at) {
  CHECK_INT(
      spillway_bulkhead_poll_at(self->bulkhead, holding_of(self, text(step, "poll"), step), at),
      value_of(holdings, text(step, "expect"), step));
}

static void step_give_back(bulkhead_replay* self, const cJSON* step, int64_t at) {
  CHECK_INT(
      spillway_bulkhead_settle_at(self->bulkhead, holding_of(self, text(step, "settle"), step),
                                  choice_of(step, "outcome", outcomes), at),
      value_of(settlements, text(step, "expect"), step));
}

static void step_foreign_slot(bulkhead_replay* self, const cJSON* step, int64_t at) {
  spillway_acquire_result result;
  CHECK_INT(spillway_bulkhead_try_acquire_at(self->other, SPILLWAY_PRIORITY_NORMAL, at, &result),
            SPILLWAY_ADMITTED);
  *holding_of(self, text(step, "foreign"), step) = result.permit;
}

static void step_change_bulkhead(bulkhead_replay* self, const cJSON* step, int64_t at) {
  spillway_bulkhead_options options;
  char why[200];
  (void)at;
  options.struct_size = sizeof options;
  CHECK_INT(spillway_bulkhead_options_get(self->bulkhead, &options), SPILLWAY_OK);
  if (decode_bulkhead_options(member(step, "reconfigure"), &options, why, sizeof why) != 0)
    malformed(why, step);
  CHECK_INT(spillway_bulkhead_reconfigure(self->bulkhead, &options, NULL) == SPILLWAY_OK,
            strcmp(text(step, "expect"), "ok") == 0);
}

static void step_bulkhead_snapshot(bulkhead_replay* self, const cJSON* step, int64_t at) {
  spillway_bulkhead_snapshot snapshot;
  char why[200];
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_bulkhead_snapshot_at(self->bulkhead, at, &snapshot), SPILLWAY_OK);
  if (check_bulkhead_snapshot(member(step, "snapshot"), &snapshot, why, sizeof why) != 0)
    check_fail(__FILE__, __LINE__, "%s", why);
}

/* ---- which step is which: the key that tells it, and all that it may have */

static const struct bulkhead_step {
  const char* keys;
  void (*run)(bulkhead_replay*, const cJSON*, int64_t);
} bulkhead_steps[] = {
    {"acquire at priority expect times ", step_acquire_slot},
    {"enqueue at priority expect times ", step_enqueue},
    {"poll at expect ", step_poll},
    {"settle at outcome expect ", step_give_back},
    {"foreign at ", step_foreign_slot},
    {"reconfigure expect ", step_change_bulkhead},
    {"snapshot at ", step_bulkhead_snapshot},
};

static void run_bulkhead_step(bulkhead_replay* self, const cJSON* step, int64_t origin) {
  const size_t count = sizeof bulkhead_steps / sizeof *bulkhead_steps;
  size_t i = 0;
  while (i < count && !is_kind(step, bulkhead_steps[i].keys)) ++i;
  if (i == count) malformed("no kind", step);
  bulkhead_steps[i].run(self, step, origin + number(step, "at", 0));
}

static inline void replay_bulkhead(const cJSON* vector, int64_t origin) {
  static bulkhead_replay self;
  spillway_bulkhead_options options = SPILLWAY_BULKHEAD_OPTIONS_INIT;
  const cJSON* step = NULL;
  char why[200];
  memset(&self, 0, sizeof self);
  if (decode_bulkhead_options(member(vector, "options"), &options, why, sizeof why) != 0)
    malformed(why, vector);
  CHECK_INT(spillway_bulkhead_new(&self.bulkhead, NULL, 0, &options, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_bulkhead_new(&self.other, NULL, 0, &options, NULL), SPILLWAY_OK);
  cJSON_ArrayForEach(step, member(vector, "steps")) {
    run_bulkhead_step(&self, step, origin);
    if (check_failures == 0) continue;
    print_failed(step, origin, 0);
    break;
  }
  spillway_bulkhead_unref(self.bulkhead);
  spillway_bulkhead_unref(self.other);
}

#endif /* SPILLWAY_TESTS_C_BULKHEAD_REPLAY_H_ */
