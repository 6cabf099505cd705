/* Replays a vector of a token bucket or a leaky bucket: what both do. Included once for each, by
 * <noun>_replay.h, which says before
 *
 *   #define BUCKET token_bucket
 *
 * and gets <noun>_replay with <noun>_replay_begin, <noun>_step and <noun>_replay_end. */

#include "limiter_replay.h"

#define BUCKET_PASTE(before, noun, after) before##noun##after
#define BUCKET_JOIN(before, noun, after) BUCKET_PASTE(before, noun, after)
#define BUCKET_(after) BUCKET_JOIN(spillway_, BUCKET, after)
#define BUCKET_F(after) BUCKET_JOIN(, BUCKET, after)
#define BUCKET_G(before, after) BUCKET_JOIN(before, BUCKET, after)

typedef struct BUCKET_F(_replay) {
  BUCKET_() * bucket;
  reservations reservations;
} BUCKET_F(_replay);

/* ---- the steps */

static inline void BUCKET_F(_step_take)(BUCKET_F(_replay) * self, const cJSON* step, int64_t at) {
  const int64_t n = number(step, "take", 0);
  const int32_t expected = limiter_answer(step, BUCKET_F(_rejection_values));
  const int64_t every = number(step, "every", 0);
  int64_t times = number(step, "times", 1);
  for (; times > 0 && check_failures == 0; --times, at += every) {
    spillway_limit_status status;
    CHECK_INT(BUCKET_(_try_acquire_at)(self->bucket, n, at, &status), expected);
    if (times == 1) check_limit_status(step, &status);
  }
}

static inline void BUCKET_F(_step_reserve)(BUCKET_F(_replay) * self, const cJSON* step,
                                           int64_t at) {
  const int64_t n = number(step, "n", 1);
  const int32_t expected = limiter_answer(step, BUCKET_F(_rejection_values));
  spillway_limit_status status;
  spillway_reservation* reservation =
      reservation_of(&self->reservations, text(step, "reserve"), step);
  CHECK_INT(BUCKET_(_reserve_at)(self->bucket, n, number(step, "max_wait_ns", INT64_MAX), at,
                                 reservation, &status),
            expected);
  check_limit_status(step, &status);
  if (expected == SPILLWAY_ADMITTED) {
    check_status_field(step, "delay_ns", reservation->act_at_ns - at);
  } else {
    CHECK(is_no_reservation(reservation));
  }
}

static inline void BUCKET_F(_step_cancel)(BUCKET_F(_replay) * self, const cJSON* step, int64_t at) {
  spillway_reservation* reservation =
      reservation_of(&self->reservations, text(step, "cancel"), step);
  CHECK_INT(BUCKET_(_cancel_at)(self->bucket, reservation, at), SPILLWAY_OK);
  CHECK(is_no_reservation(reservation));
}

static inline void BUCKET_F(_step_refund)(BUCKET_F(_replay) * self, const cJSON* step, int64_t at) {
  const int64_t n = number(step, "refund", 0);
  CHECK_INT(BUCKET_(_refund_at)(self->bucket, n, at), n < 0 ? SPILLWAY_E_MISUSE : SPILLWAY_OK);
}

static inline void BUCKET_F(_step_change)(BUCKET_F(_replay) * self, const cJSON* step, int64_t at) {
  BUCKET_(_options) options;
  char why[200];
  options.struct_size = sizeof options;
  CHECK_INT(BUCKET_(_options_get)(self->bucket, &options), SPILLWAY_OK);
  if (BUCKET_G(decode_, _options)(member(step, "change"), &options, why, sizeof why) != 0)
    malformed(why, step);
  CHECK_INT(BUCKET_(_reconfigure_at)(self->bucket, &options,
                                     value_of(inheritance_values, text(step, "inheritance"), step),
                                     at, NULL),
            SPILLWAY_OK);
}

static inline void BUCKET_F(_step_snapshot)(BUCKET_F(_replay) * self, const cJSON* step,
                                            int64_t at) {
  BUCKET_(_snapshot) snapshot;
  char why[200];
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(BUCKET_(_snapshot_at)(self->bucket, at, &snapshot), SPILLWAY_OK);
  if (BUCKET_G(check_, _snapshot)(member(step, "snapshot"), &snapshot, why, sizeof why) != 0)
    check_fail(__FILE__, __LINE__, "%s", why);
}

/* ---- which step is which: the key that tells it, and all that it may have */

/* Whether it is a step of both buckets, which is done then. */
static inline int BUCKET_F(_step)(BUCKET_F(_replay) * self, const cJSON* step, int64_t origin) {
  static const struct {
    const char* keys;
    void (*run)(BUCKET_F(_replay) *, const cJSON*, int64_t);
  } steps[] = {
      {"take at expect every times " STATUS_KEYS, BUCKET_F(_step_take)},
      {"reserve n at max_wait_ns expect delay_ns " STATUS_KEYS, BUCKET_F(_step_reserve)},
      {"cancel at ", BUCKET_F(_step_cancel)},
      {"refund at ", BUCKET_F(_step_refund)},
      {"change inheritance at ", BUCKET_F(_step_change)},
      {"snapshot at ", BUCKET_F(_step_snapshot)},
  };
  const size_t count = sizeof steps / sizeof *steps;
  size_t i = 0;
  while (i < count && !is_kind(step, steps[i].keys)) ++i;
  if (i == count) return 0;
  member(step, "at");
  steps[i].run(self, step, origin + number(step, "at", 0));
  return 1;
}

static inline void BUCKET_F(_replay_begin)(BUCKET_F(_replay) * self, const cJSON* given) {
  BUCKET_(_options) options;
  spillway_error error = SPILLWAY_ERROR_INIT;
  char why[200];
  memset(self, 0, sizeof *self);
  CHECK_INT(BUCKET_(_options_init)(&options, sizeof options), SPILLWAY_OK);
  if (BUCKET_G(decode_, _options)(given, &options, why, sizeof why) != 0) malformed(why, given);
  if (BUCKET_(_new)(&self->bucket, "test", 4, &options, &error) != SPILLWAY_OK)
    malformed(error.message, given);
}

static inline void BUCKET_F(_replay_end)(BUCKET_F(_replay) * self) {
  BUCKET_(_unref)(self->bucket);
}

#undef BUCKET
#undef BUCKET_PASTE
#undef BUCKET_JOIN
#undef BUCKET_
#undef BUCKET_F
#undef BUCKET_G
