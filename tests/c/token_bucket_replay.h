/* Replays a vector of the token bucket. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_TOKEN_BUCKET_REPLAY_H_
#define SPILLWAY_TESTS_C_TOKEN_BUCKET_REPLAY_H_

#include "buckets.h"
#include "tests/support/generated/token_bucket_vectors.h"
#include "vectors.h"

enum { MAX_RESERVATIONS = 64 };

typedef struct named_reservation {
  const char* name;
  spillway_reservation reservation;
} named_reservation;

typedef struct bucket_replay {
  spillway_token_bucket* bucket;
  named_reservation reservations[MAX_RESERVATIONS];
  size_t reservation_count;
} bucket_replay;

/* The place of a reservation's name, which is made when there is none. */
static spillway_reservation* reservation_of(bucket_replay* self, const char* name,
                                            const cJSON* where) {
  size_t i = 0;
  while (i < self->reservation_count && strcmp(self->reservations[i].name, name) != 0) ++i;
  if (i == MAX_RESERVATIONS) malformed("too many reservations", where);
  if (i == self->reservation_count) self->reservations[self->reservation_count++].name = name;
  return &self->reservations[i].reservation;
}

static int32_t limiter_answer(const cJSON* step) {
  const char* const answer = text(step, "expect");
  if (strcmp(answer, "admitted") == 0) return SPILLWAY_ADMITTED;
  if (strcmp(answer, "misuse") == 0) return SPILLWAY_E_MISUSE;
  return value_of(token_bucket_rejection_values, answer, step);
}

/* A number of the status, where the step gives it; "never" is the longest time. */
static void check_status_field(const cJSON* step, const char* key, int64_t got) {
  const cJSON* found = cJSON_GetObjectItemCaseSensitive(step, key);
  if (found == NULL) return;
  if (cJSON_IsString(found) && strcmp(found->valuestring, "never") != 0) malformed(key, step);
  const int64_t want = cJSON_IsString(found) ? INT64_MAX : number(step, key, 0);
  if (got != want)
    check_fail(__FILE__, __LINE__, "%s is %" PRId64 "; expected %" PRId64, key, got, want);
}

static void check_balance(const cJSON* step, const spillway_limit_status* status) {
  check_status_field(step, "remaining", status->remaining);
  check_status_field(step, "limit", status->limit);
  check_status_field(step, "reset_after_ns", status->reset_after_ns);
  check_status_field(step, "next_after_ns", status->next_after_ns);
}

static void check_limit_status(const cJSON* step, const spillway_limit_status* status) {
  check_balance(step, status);
  check_status_field(step, "retry_after_ns", status->retry_after_ns);
}

/* ---- the steps */

static void step_take(bucket_replay* self, const cJSON* step, int64_t at) {
  const int64_t n = number(step, "take", 0);
  const int32_t expected = limiter_answer(step);
  const int64_t every = number(step, "every", 0);
  int64_t times = number(step, "times", 1);
  for (; times > 0 && check_failures == 0; --times, at += every) {
    spillway_limit_status status;
    CHECK_INT(spillway_token_bucket_try_acquire_at(self->bucket, n, at, &status), expected);
    if (times == 1) check_limit_status(step, &status);
  }
}

static void step_up_to(bucket_replay* self, const cJSON* step, int64_t at) {
  const int64_t expected = number(step, "expect", 0);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(self->bucket, number(step, "up_to", 0), at),
            expected == -1 ? SPILLWAY_E_MISUSE : expected);
}

/* What the call does not say itself, a look at the same time does; when to ask again, none says. */
static void step_force(bucket_replay* self, const cJSON* step, int64_t at) {
  spillway_limit_status status;
  CHECK_INT(spillway_token_bucket_force_acquire_at(self->bucket, number(step, "force", 0), at),
            limiter_answer(step));
  CHECK_INT(spillway_token_bucket_try_acquire_at(self->bucket, 0, at, &status), SPILLWAY_ADMITTED);
  check_balance(step, &status);
}

static void step_reserve(bucket_replay* self, const cJSON* step, int64_t at) {
  const int64_t n = number(step, "n", 1);
  const int32_t expected = limiter_answer(step);
  spillway_limit_status status;
  spillway_reservation* reservation = reservation_of(self, text(step, "reserve"), step);
  CHECK_INT(spillway_token_bucket_reserve_at(
                self->bucket, n, number(step, "max_wait_ns", INT64_MAX), at, reservation, &status),
            expected);
  check_limit_status(step, &status);
  if (expected == SPILLWAY_ADMITTED) {
    check_status_field(step, "delay_ns", reservation->act_at_ns - at);
  } else {
    CHECK(is_no_reservation(reservation));
  }
}

static void step_cancel(bucket_replay* self, const cJSON* step, int64_t at) {
  spillway_reservation* reservation = reservation_of(self, text(step, "cancel"), step);
  CHECK_INT(spillway_token_bucket_cancel_at(self->bucket, reservation, at), SPILLWAY_OK);
  CHECK(is_no_reservation(reservation));
}

static void step_refund(bucket_replay* self, const cJSON* step, int64_t at) {
  const int64_t n = number(step, "refund", 0);
  CHECK_INT(spillway_token_bucket_refund_at(self->bucket, n, at),
            n < 0 ? SPILLWAY_E_MISUSE : SPILLWAY_OK);
}

static void step_change(bucket_replay* self, const cJSON* step, int64_t at) {
  spillway_token_bucket_options options;
  char why[200];
  options.struct_size = sizeof options;
  CHECK_INT(spillway_token_bucket_options_get(self->bucket, &options), SPILLWAY_OK);
  if (decode_token_bucket_options(member(step, "change"), &options, why, sizeof why) != 0)
    malformed(why, step);
  CHECK_INT(spillway_token_bucket_reconfigure_at(
                self->bucket, &options,
                value_of(inheritance_values, text(step, "inheritance"), step), at, NULL),
            SPILLWAY_OK);
}

static void step_bucket_snapshot(bucket_replay* self, const cJSON* step, int64_t at) {
  const spillway_token_bucket_snapshot snapshot = look_in(self->bucket, at);
  char why[200];
  if (check_token_bucket_snapshot(member(step, "snapshot"), &snapshot, why, sizeof why) != 0)
    check_fail(__FILE__, __LINE__, "%s", why);
}

/* ---- which step is which: the key that tells it, and all that it may have */

#define STATUS_KEYS "remaining limit reset_after_ns retry_after_ns next_after_ns "

static const struct bucket_step {
  const char* keys;
  void (*run)(bucket_replay*, const cJSON*, int64_t);
} bucket_steps[] = {
    {"take at expect every times " STATUS_KEYS, step_take},
    {"up_to at expect ", step_up_to},
    {"force at expect " STATUS_KEYS, step_force},
    {"reserve n at max_wait_ns expect delay_ns " STATUS_KEYS, step_reserve},
    {"cancel at ", step_cancel},
    {"refund at ", step_refund},
    {"change inheritance at ", step_change},
    {"snapshot at ", step_bucket_snapshot},
};

static void run_bucket_step(bucket_replay* self, const cJSON* step, int64_t origin) {
  const size_t count = sizeof bucket_steps / sizeof *bucket_steps;
  size_t i = 0;
  while (i < count && !is_kind(step, bucket_steps[i].keys)) ++i;
  if (i == count) malformed("no kind", step);
  member(step, "at");
  bucket_steps[i].run(self, step, origin + number(step, "at", 0));
}

static inline void replay_token_bucket(const cJSON* vector, int64_t origin) {
  static bucket_replay self;
  spillway_token_bucket_options options = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
  const cJSON* step = NULL;
  char why[200];
  memset(&self, 0, sizeof self);
  if (decode_token_bucket_options(member(vector, "options"), &options, why, sizeof why) != 0)
    malformed(why, vector);
  self.bucket = make_bucket_of(&options);
  cJSON_ArrayForEach(step, member(vector, "steps")) {
    run_bucket_step(&self, step, origin);
    if (check_failures == 0) continue;
    print_failed(step, origin, 0);
    break;
  }
  spillway_token_bucket_unref(self.bucket);
}

#endif /* SPILLWAY_TESTS_C_TOKEN_BUCKET_REPLAY_H_ */
