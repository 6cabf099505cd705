/* Replays a vector of the sliding window limiter. tests/vectors/README.md says what the steps mean.
 */
#ifndef SPILLWAY_TESTS_C_SLIDING_WINDOW_LIMITER_REPLAY_H_
#define SPILLWAY_TESTS_C_SLIDING_WINDOW_LIMITER_REPLAY_H_

#include "limiter_replay.h"
#include "tests/support/generated/sliding_window_limiter_vectors.h"

static inline void step_window_take(spillway_sliding_window_limiter* limiter, const cJSON* step,
                                    int64_t at) {
  const int64_t n = number(step, "take", 0);
  const int32_t expected = limiter_answer(step, sliding_window_limiter_rejection_values);
  const int64_t every = number(step, "every", 0);
  int64_t times = number(step, "times", 1);
  for (; times > 0 && check_failures == 0; --times, at += every) {
    spillway_limit_status status;
    CHECK_INT(spillway_sliding_window_limiter_try_acquire_at(limiter, n, at, &status), expected);
    if (times == 1) check_limit_status(step, &status);
  }
}

static inline void step_window_snapshot(spillway_sliding_window_limiter* limiter, const cJSON* step,
                                        int64_t at) {
  spillway_sliding_window_limiter_snapshot snapshot;
  char why[200];
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_sliding_window_limiter_snapshot_at(limiter, at, &snapshot), SPILLWAY_OK);
  if (check_sliding_window_limiter_snapshot(member(step, "snapshot"), &snapshot, why, sizeof why) !=
      0)
    check_fail(__FILE__, __LINE__, "%s", why);
}

static inline void run_window_step(spillway_sliding_window_limiter* limiter, const cJSON* step,
                                   int64_t origin) {
  const int64_t at = origin + number(step, "at", 0);
  member(step, "at");
  if (is_kind(step, "take at expect every times " STATUS_KEYS)) {
    step_window_take(limiter, step, at);
  } else if (is_kind(step, "reset at ")) {
    CHECK_INT(spillway_sliding_window_limiter_reset(limiter), SPILLWAY_OK);
  } else if (is_kind(step, "snapshot at ")) {
    step_window_snapshot(limiter, step, at);
  } else {
    malformed("no kind", step);
  }
}

static inline void replay_sliding_window_limiter(const cJSON* vector, int64_t origin) {
  spillway_sliding_window_limiter_options options = SPILLWAY_SLIDING_WINDOW_LIMITER_OPTIONS_INIT;
  spillway_sliding_window_limiter* limiter = NULL;
  const cJSON* step = NULL;
  char why[200];
  if (decode_sliding_window_limiter_options(member(vector, "options"), &options, why, sizeof why) !=
      0)
    malformed(why, vector);
  if (spillway_sliding_window_limiter_new(&limiter, "test", 4, &options, NULL) != SPILLWAY_OK)
    malformed("no limiter", vector);
  cJSON_ArrayForEach(step, member(vector, "steps")) {
    run_window_step(limiter, step, origin);
    if (check_failures == 0) continue;
    print_failed(step, origin, 0);
    break;
  }
  spillway_sliding_window_limiter_unref(limiter);
}

#endif /* SPILLWAY_TESTS_C_SLIDING_WINDOW_LIMITER_REPLAY_H_ */
