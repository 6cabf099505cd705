/* Replays a vector of the keyed limiter. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_KEYED_LIMITER_REPLAY_H_
#define SPILLWAY_TESTS_C_KEYED_LIMITER_REPLAY_H_

#include "limiter_replay.h"
#include "tests/support/generated/keyed_limiter_vectors.h"
#include "vectors.h"

static void step_take_of_key(spillway_keyed_limiter* self, const cJSON* step, int64_t at) {
  const char* const key = text(step, "key");
  const int64_t n = number(step, "take", 0);
  const int32_t expected = limiter_answer(step, keyed_limiter_rejection_values);
  const int64_t every = number(step, "every", 0);
  int64_t times = number(step, "times", 1);
  for (; times > 0 && check_failures == 0; --times, at += every) {
    spillway_limit_status status;
    CHECK_INT(spillway_keyed_limiter_try_acquire_at(self, key, strlen(key), n, at, &status),
              expected);
    if (times == 1) check_limit_status(step, &status);
  }
}

static void step_change_keyed(spillway_keyed_limiter* self, const cJSON* step, int64_t at) {
  spillway_keyed_limiter_options options;
  char why[200];
  (void)at;
  options.struct_size = sizeof options;
  CHECK_INT(spillway_keyed_limiter_options_get(self, &options), SPILLWAY_OK);
  if (decode_keyed_limiter_options(member(step, "change"), &options, why, sizeof why) != 0)
    malformed(why, step);
  CHECK_INT(spillway_keyed_limiter_reconfigure(self, &options, NULL), SPILLWAY_OK);
}

static void step_snapshot_keyed(spillway_keyed_limiter* self, const cJSON* step, int64_t at) {
  spillway_keyed_limiter_snapshot snapshot;
  char why[200];
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_keyed_limiter_snapshot_at(self, at, &snapshot), SPILLWAY_OK);
  if (check_keyed_limiter_snapshot(member(step, "snapshot"), &snapshot, why, sizeof why) != 0)
    check_fail(__FILE__, __LINE__, "%s", why);
}

static void step_refund_keyed(spillway_keyed_limiter* self, const cJSON* step, int64_t at) {
  const char* const key = text(step, "key");
  const int64_t n = number(step, "refund", 0);
  CHECK_INT(spillway_keyed_limiter_refund_at(self, key, strlen(key), n, at), SPILLWAY_OK);
}

static void step_forget(spillway_keyed_limiter* self, const cJSON* step, int64_t at) {
  const char* const key = text(step, "forget");
  (void)at;
  CHECK_INT(spillway_keyed_limiter_forget(self, key, strlen(key)), SPILLWAY_OK);
}

static void step_live(spillway_keyed_limiter* self, const cJSON* step, int64_t at) {
  CHECK_INT(spillway_keyed_limiter_count_live_keys_at(self, at), number(step, "live", 0));
}

static const struct keyed_step {
  const char* keys;
  void (*run)(spillway_keyed_limiter*, const cJSON*, int64_t);
} keyed_steps[] = {
    {"take key at every times expect " STATUS_KEYS, step_take_of_key},
    {"refund key at ", step_refund_keyed},
    {"forget ", step_forget},
    {"live at ", step_live},
    {"change ", step_change_keyed},
    {"snapshot at ", step_snapshot_keyed},
};

static void run_keyed_step(spillway_keyed_limiter* self, const cJSON* step, int64_t origin) {
  const size_t count = sizeof keyed_steps / sizeof *keyed_steps;
  size_t i = 0;
  while (i < count && !is_kind(step, keyed_steps[i].keys)) ++i;
  if (i == count) malformed("no kind", step);
  keyed_steps[i].run(self, step, origin + number(step, "at", 0));
}

static inline void replay_keyed_limiter(const cJSON* vector, int64_t origin) {
  spillway_keyed_limiter_options options = SPILLWAY_KEYED_LIMITER_OPTIONS_INIT;
  spillway_keyed_limiter* limiter = NULL;
  const cJSON* step = NULL;
  char why[200];
  if (decode_keyed_limiter_options(member(vector, "options"), &options, why, sizeof why) != 0)
    malformed(why, vector);
  CHECK_INT(spillway_keyed_limiter_new(&limiter, NULL, 0, &options, NULL), SPILLWAY_OK);
  if (limiter == NULL) return;
  cJSON_ArrayForEach(step, member(vector, "steps")) {
    run_keyed_step(limiter, step, origin);
    if (check_failures == 0) continue;
    print_failed(step, origin, 0);
    break;
  }
  spillway_keyed_limiter_unref(limiter);
}

#endif /* SPILLWAY_TESTS_C_KEYED_LIMITER_REPLAY_H_ */
