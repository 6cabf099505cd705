/* What the replays of all limiters share. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_LIMITER_REPLAY_H_
#define SPILLWAY_TESTS_C_LIMITER_REPLAY_H_

#include "buckets.h"
#include "vectors.h"

enum { MAX_RESERVATIONS = 64 };

typedef struct named_reservation {
  const char* name;
  spillway_reservation reservation;
} named_reservation;

typedef struct reservations {
  named_reservation all[MAX_RESERVATIONS];
  size_t count;
} reservations;

/* The place of a reservation's name, which is made when there is none. */
static inline spillway_reservation* reservation_of(reservations* self, const char* name,
                                                   const cJSON* where) {
  size_t i = 0;
  while (i < self->count && strcmp(self->all[i].name, name) != 0) ++i;
  if (i == MAX_RESERVATIONS) malformed("too many reservations", where);
  if (i == self->count) self->all[self->count++].name = name;
  return &self->all[i].reservation;
}

static inline int32_t limiter_answer(const cJSON* step, const vector_value* rejections) {
  const char* const answer = text(step, "expect");
  if (strcmp(answer, "admitted") == 0) return SPILLWAY_ADMITTED;
  if (strcmp(answer, "misuse") == 0) return SPILLWAY_E_MISUSE;
  return value_of(rejections, answer, step);
}

/* A number of the status, where the step gives it; "never" is the longest time. */
static inline void check_status_field(const cJSON* step, const char* key, int64_t got) {
  const cJSON* found = cJSON_GetObjectItemCaseSensitive(step, key);
  if (found == NULL) return;
  if (cJSON_IsString(found) && strcmp(found->valuestring, "never") != 0) malformed(key, step);
  const int64_t want = cJSON_IsString(found) ? INT64_MAX : number(step, key, 0);
  if (got != want)
    check_fail(__FILE__, __LINE__, "%s is %" PRId64 "; expected %" PRId64, key, got, want);
}

static inline void check_balance(const cJSON* step, const spillway_limit_status* status) {
  check_status_field(step, "remaining", status->remaining);
  check_status_field(step, "limit", status->limit);
  check_status_field(step, "reset_after_ns", status->reset_after_ns);
  check_status_field(step, "next_after_ns", status->next_after_ns);
}

static inline void check_limit_status(const cJSON* step, const spillway_limit_status* status) {
  check_balance(step, status);
  check_status_field(step, "retry_after_ns", status->retry_after_ns);
}

#define STATUS_KEYS "remaining limit reset_after_ns retry_after_ns next_after_ns "

#endif /* SPILLWAY_TESTS_C_LIMITER_REPLAY_H_ */
