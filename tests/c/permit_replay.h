/* What the replays of policies that give out permits share. tests/vectors/README.md says what the
 * steps mean. */
#ifndef SPILLWAY_TESTS_C_PERMIT_REPLAY_H_
#define SPILLWAY_TESTS_C_PERMIT_REPLAY_H_

#include <spillway/c_api.h>
#include <stdlib.h>

#include "check.h"
#include "tests/support/vector_fields.h"
#include "vectors.h"

enum { MAX_PERMITS = 256, MAX_OTHERS = 16 };

typedef struct named_permit {
  const char* name;
  spillway_permit permit;
} named_permit;

struct permit_replay;

/* What a noun consists of; `object` is its handle. */
typedef struct permit_noun {
  void* (*make)(const cJSON* options);
  void (*unref)(void* object);
  spillway_decision (*acquire)(void* object, const cJSON* step, int64_t at,
                               spillway_acquire_result* result);
  spillway_settlement (*settle)(void* object, spillway_permit* permit, int32_t outcome, int64_t at);
  spillway_status (*reconfigure)(void* object, const cJSON* changes);
  void (*look)(const struct permit_replay* self, const cJSON* expected, int64_t at);
  const vector_value* rejections;
  /* Does a step of the noun's own; 0 when it is none. May be NULL. */
  int (*own_step)(struct permit_replay* self, const cJSON* step, int64_t shift);
} permit_noun;

typedef struct permit_replay {
  const permit_noun* noun;
  const cJSON* options;
  void* object;
  void* others[MAX_OTHERS];
  size_t other_count;
  named_permit permits[MAX_PERMITS];
  size_t permit_count;
  spillway_permit held[MAX_PERMITS]; /* a ring: the next to end, and how many there are */
  size_t next_held;
  size_t held_count;
  int64_t origin;
} permit_replay;

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

static const vector_value priorities[] = {
    {"normal", SPILLWAY_PRIORITY_NORMAL},
    {"critical", SPILLWAY_PRIORITY_CRITICAL},
    {"sheddable", SPILLWAY_PRIORITY_SHEDDABLE},
    {0},
};

/* The place of a permit's name, which is made when there is none. */
static inline spillway_permit* permit_of(permit_replay* self, const char* name,
                                         const cJSON* where) {
  size_t i = 0;
  while (i < self->permit_count && strcmp(self->permits[i].name, name) != 0) ++i;
  if (i == MAX_PERMITS) malformed("too many permits", where);
  if (i == self->permit_count) self->permits[self->permit_count++].name = name;
  return &self->permits[i].permit;
}

static inline spillway_permit admitted(const permit_replay* self, void* object, const cJSON* step,
                                       int64_t at) {
  spillway_acquire_result result;
  CHECK_INT(self->noun->acquire(object, step, at, &result), SPILLWAY_ADMITTED);
  return result.permit;
}

/* ---- the steps */

static inline void run_steps(permit_replay* self, const cJSON* steps, int64_t shift);

static inline void step_acquire(permit_replay* self, const cJSON* step, int64_t at) {
  const char* const answer = text(step, "expect");
  const int32_t expected = strcmp(answer, "admitted") == 0
                               ? SPILLWAY_ADMITTED
                               : value_of(self->noun->rejections, answer, step);
  spillway_permit* permit = permit_of(self, text(step, "acquire"), step);
  int64_t times = number(step, "times", 1);
  for (; times > 0; --times) {
    spillway_acquire_result result;
    CHECK_INT(self->noun->acquire(self->object, step, at, &result), expected);
    CHECK_INT(result.retry_after_ns, number(step, "retry_after_ns", 0));
    CHECK_INT(result.permit.opaque[0] == 0, expected != SPILLWAY_ADMITTED);
    *permit = result.permit;
  }
}

static inline void step_settle(permit_replay* self, const cJSON* step, int64_t at) {
  const int32_t outcome = value_of(outcomes, text(step, "outcome"), step);
  spillway_permit* permit = permit_of(self, text(step, "settle"), step);
  CHECK_INT(self->noun->settle(self->object, permit, outcome, at),
            value_of(settlements, text(step, "expect"), step));
}

static inline void step_foreign(permit_replay* self, const cJSON* step, int64_t at) {
  if (self->other_count == MAX_OTHERS) malformed("too many other objects", step);
  void* other = self->noun->make(self->options);
  self->others[self->other_count++] = other;
  *permit_of(self, text(step, "foreign"), step) = admitted(self, other, step, at);
}

static inline void step_tries(permit_replay* self, const cJSON* step, int64_t at) {
  const int32_t outcome = value_of(outcomes, text(step, "outcome"), step);
  const int64_t every = number(step, "every_ns", 0);
  const char* letter = text(step, "tries");
  for (; *letter != '\0'; ++letter, at += every) {
    spillway_acquire_result result;
    const int admits = self->noun->acquire(self->object, step, at, &result) == SPILLWAY_ADMITTED;
    CHECK_INT(admits, *letter == 'A');
    if (!admits) continue;
    CHECK_INT(self->noun->settle(self->object, &result.permit, outcome, at),
              SPILLWAY_SETTLEMENT_COUNTED);
  }
}

static inline void step_hold(permit_replay* self, const cJSON* step, int64_t at) {
  int64_t calls = number(step, "hold", 0);
  for (; calls > 0; --calls, ++self->held_count) {
    if (self->held_count == MAX_PERMITS) malformed("too many calls are held", step);
    self->held[(self->next_held + self->held_count) % MAX_PERMITS] =
        admitted(self, self->object, step, at);
  }
}

static inline void step_end(permit_replay* self, const cJSON* step, int64_t at) {
  const int32_t outcome = value_of(outcomes, text(step, "outcome"), step);
  int64_t calls = number(step, "end", 0);
  for (; calls > 0; --calls, --self->held_count, ++self->next_held) {
    if (self->held_count == 0) malformed("too few calls are held", step);
    CHECK_INT(
        self->noun->settle(self->object, &self->held[self->next_held % MAX_PERMITS], outcome, at),
        SPILLWAY_SETTLEMENT_COUNTED);
  }
}

static inline void step_reconfigure(permit_replay* self, const cJSON* step) {
  const int good = strcmp(text(step, "expect"), "ok") == 0;
  CHECK_INT(self->noun->reconfigure(self->object, member(step, "reconfigure")),
            good ? SPILLWAY_OK : SPILLWAY_E_INVALID_ARGUMENT);
}

static inline void step_snapshot(permit_replay* self, const cJSON* step, int64_t at) {
  self->noun->look(self, member(step, "snapshot"), at);
}

static inline void step_repeat(permit_replay* self, const cJSON* step, int64_t shift) {
  const int64_t every = number(step, "every_ns", 0);
  int64_t times = number(step, "repeat", 0);
  for (; times > 0 && check_failures == 0; --times, shift += every)
    run_steps(self, member(step, "steps"), shift);
}

/* ---- which step is which: the key that tells it, and all that it may have */

typedef void (*timed_step)(permit_replay*, const cJSON*, int64_t);

typedef struct kind {
  const char* keys;
  timed_step run;
} kind;

static const kind kinds[] = {
    {"acquire at expect retry_after_ns times priority ", step_acquire},
    {"settle at outcome expect ", step_settle},
    {"foreign at priority ", step_foreign},
    {"tries at outcome every_ns priority ", step_tries},
    {"hold at priority ", step_hold},
    {"end at outcome ", step_end},
    {"snapshot at ", step_snapshot},
};

static inline int64_t time_of(const permit_replay* self, const cJSON* step, int64_t shift) {
  member(step, "at");
  return self->origin + shift + number(step, "at", 0);
}

static inline void run_step(permit_replay* self, const cJSON* step, int64_t shift) {
  size_t i = 0;
  if (self->noun->own_step != NULL && self->noun->own_step(self, step, shift)) return;
  if (is_kind(step, "reconfigure expect ")) {
    step_reconfigure(self, step);
  } else if (is_kind(step, "repeat every_ns steps ")) {
    step_repeat(self, step, shift);
  } else {
    while (i < sizeof kinds / sizeof *kinds && !is_kind(step, kinds[i].keys)) ++i;
    if (i == sizeof kinds / sizeof *kinds) malformed("no kind", step);
    kinds[i].run(self, step, time_of(self, step, shift));
  }
}

static inline void run_steps(permit_replay* self, const cJSON* steps, int64_t shift) {
  const cJSON* step = NULL;
  cJSON_ArrayForEach(step, steps) {
    run_step(self, step, shift);
    if (check_failures == 0) continue;
    print_failed(step, self->origin, shift);
    return;
  }
}

static inline void replay_permits(const permit_noun* noun, const cJSON* vector, int64_t origin) {
  static permit_replay self;
  memset(&self, 0, sizeof self);
  self.noun = noun;
  self.options = member(vector, "options");
  self.origin = origin;
  self.object = noun->make(self.options);
  run_steps(&self, member(vector, "steps"), 0);
  noun->unref(self.object);
  while (self.other_count > 0) noun->unref(self.others[--self.other_count]);
}

/* ---- What a noun consists of, for those whose functions are named as all are. `noun` is its name,
 * `NOUN` that of its INIT macro. */

#define PERMIT_NOUN_FUNCTIONS(noun, init)                                                          \
  static void* noun##_make(const cJSON* options) {                                                 \
    spillway_##noun##_options made = init;                                                         \
    spillway_##noun* object = NULL;                                                                \
    char why[200];                                                                                 \
    if (decode_##noun##_options(options, &made, why, sizeof why) != 0) malformed(why, options);    \
    CHECK_INT(spillway_##noun##_new(&object, "test", 4, &made, NULL), SPILLWAY_OK);                \
    if (object == NULL) exit(1);                                                                   \
    return object;                                                                                 \
  }                                                                                                \
  static void noun##_unref(void* object) { spillway_##noun##_unref((spillway_##noun*)object); }    \
  static spillway_settlement noun##_settle(void* object, spillway_permit* permit, int32_t outcome, \
                                           int64_t at) {                                           \
    return spillway_##noun##_settle_at((spillway_##noun*)object, permit, outcome, at);             \
  }                                                                                                \
  static spillway_status noun##_reconfigure(void* object, const cJSON* changes) {                  \
    spillway_##noun##_options options;                                                             \
    char why[200];                                                                                 \
    options.struct_size = sizeof options;                                                          \
    CHECK_INT(spillway_##noun##_options_get((spillway_##noun*)object, &options), SPILLWAY_OK);     \
    if (decode_##noun##_options(changes, &options, why, sizeof why) != 0) malformed(why, changes); \
    return spillway_##noun##_reconfigure((spillway_##noun*)object, &options, NULL);                \
  }                                                                                                \
  static spillway_##noun##_snapshot noun##_at(const permit_replay* self, int64_t at) {             \
    spillway_##noun##_snapshot snapshot;                                                           \
    snapshot.struct_size = sizeof snapshot;                                                        \
    CHECK_INT(spillway_##noun##_snapshot_at((spillway_##noun*)self->object, at, &snapshot),        \
              SPILLWAY_OK);                                                                        \
    return snapshot;                                                                               \
  }                                                                                                \
  static void noun##_check(const cJSON* expected, const spillway_##noun##_snapshot* snapshot) {    \
    char why[200];                                                                                 \
    if (check_##noun##_snapshot(expected, snapshot, why, sizeof why) != 0)                         \
      check_fail(__FILE__, __LINE__, "%s", why);                                                   \
  }

#endif /* SPILLWAY_TESTS_C_PERMIT_REPLAY_H_ */
