/* Replays a vector of the multi limiter. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_MULTI_LIMITER_REPLAY_H_
#define SPILLWAY_TESTS_C_MULTI_LIMITER_REPLAY_H_

#include "leaky_bucket_replay.h"
#include "tests/support/generated/multi_limiter_vectors.h"
#include "token_bucket_replay.h"

typedef struct multi_replay {
  spillway_multi_limiter* limiter;
  size_t count;
  /* Of each place one has a bucket. */
  token_bucket_replay tokens[SPILLWAY_MULTI_LIMITER_MOST_MEMBERS];
  leaky_bucket_replay leaky[SPILLWAY_MULTI_LIMITER_MOST_MEMBERS];
} multi_replay;

static inline void step_multi_take(multi_replay* self, const cJSON* step, int64_t at) {
  const int64_t n = number(step, "take", 0);
  const int32_t expected = limiter_answer(step, multi_limiter_rejection_values);
  const int64_t every = number(step, "every", 0);
  int64_t times = number(step, "times", 1);
  for (; times > 0 && check_failures == 0; --times, at += every) {
    spillway_limit_status status;
    size_t refuser = 99;
    CHECK_INT(spillway_multi_limiter_try_acquire_at(self->limiter, n, at, &refuser, &status),
              expected);
    CHECK_INT(refuser, number(step, "refuser", 0));
    if (times == 1) check_limit_status(step, &status);
  }
}

static inline void step_multi_change(multi_replay* self, const cJSON* step) {
  spillway_multi_limiter_options options;
  char why[200];
  options.struct_size = sizeof options;
  CHECK_INT(spillway_multi_limiter_options_get(self->limiter, &options), SPILLWAY_OK);
  if (decode_multi_limiter_options(member(step, "change"), &options, why, sizeof why) != 0)
    malformed(why, step);
  CHECK_INT(spillway_multi_limiter_reconfigure(self->limiter, &options, NULL), SPILLWAY_OK);
}

static inline void step_multi_snapshot(multi_replay* self, const cJSON* step, int64_t at) {
  spillway_multi_limiter_snapshot snapshot;
  char why[200];
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_multi_limiter_snapshot_at(self->limiter, at, &snapshot), SPILLWAY_OK);
  if (check_multi_limiter_snapshot(member(step, "snapshot"), &snapshot, why, sizeof why) != 0)
    check_fail(__FILE__, __LINE__, "%s", why);
}

static inline void step_multi_member(multi_replay* self, const cJSON* step, int64_t origin) {
  const size_t place = (size_t)number(step, "member", 0);
  const cJSON* inner = NULL;
  if (place >= self->count) malformed("no such member", step);
  cJSON_ArrayForEach(inner, member(step, "steps")) {
    if (self->tokens[place].bucket != NULL) {
      run_token_bucket_step(&self->tokens[place], inner, origin);
    } else {
      run_leaky_bucket_step(&self->leaky[place], inner, origin);
    }
  }
}

static inline void run_multi_limiter_step(multi_replay* self, const cJSON* step, int64_t origin) {
  const int64_t at = origin + number(step, "at", 0);
  if (is_kind(step, "take at expect refuser every times " STATUS_KEYS)) {
    step_multi_take(self, step, at);
  } else if (is_kind(step, "member steps ")) {
    step_multi_member(self, step, origin);
  } else if (is_kind(step, "change at ")) {
    step_multi_change(self, step);
  } else if (is_kind(step, "snapshot at ")) {
    step_multi_snapshot(self, step, at);
  } else {
    malformed("no kind", step);
  }
}

static inline void multi_replay_begin(multi_replay* self, const cJSON* given) {
  spillway_multi_limiter_member members[SPILLWAY_MULTI_LIMITER_MOST_MEMBERS] = {{0}};
  spillway_multi_limiter_options options = SPILLWAY_MULTI_LIMITER_OPTIONS_INIT;
  cJSON* own = cJSON_Duplicate(given, 1);
  const cJSON* each = NULL;
  char why[200];
  memset(self, 0, sizeof *self);
  cJSON_ArrayForEach(each, member(given, "members")) {
    const size_t place = self->count++;
    if (cJSON_HasObjectItem(each, "token_bucket")) {
      token_bucket_replay_begin(&self->tokens[place], member(each, "token_bucket"));
      members[place].token_bucket = self->tokens[place].bucket;
    } else {
      leaky_bucket_replay_begin(&self->leaky[place], member(each, "leaky_bucket"));
      members[place].leaky_bucket = self->leaky[place].bucket;
    }
  }
  cJSON_DeleteItemFromObject(own, "members");
  if (decode_multi_limiter_options(own, &options, why, sizeof why) != 0) malformed(why, given);
  cJSON_Delete(own);
  if (spillway_multi_limiter_new(&self->limiter, "test", 4, members, self->count, &options, NULL) !=
      SPILLWAY_OK)
    malformed("no limiter", given);
}

static inline void replay_multi_limiter(const cJSON* vector, int64_t origin) {
  static multi_replay self;
  const cJSON* step = NULL;
  size_t place = 0;
  multi_replay_begin(&self, member(vector, "options"));
  cJSON_ArrayForEach(step, member(vector, "steps")) {
    run_multi_limiter_step(&self, step, origin);
    if (check_failures == 0) continue;
    print_failed(step, origin, 0);
    break;
  }
  for (; place < self.count; ++place) {
    token_bucket_replay_end(&self.tokens[place]);
    leaky_bucket_replay_end(&self.leaky[place]);
  }
  spillway_multi_limiter_unref(self.limiter);
}

#endif /* SPILLWAY_TESTS_C_MULTI_LIMITER_REPLAY_H_ */
