/* One token bucket in many threads, and in the children of fork(). */
#include <sys/wait.h>
#include <unistd.h>

#include "buckets.h"
#include "threads.h"

enum { TOKENS = 100000, SLOTS = 2000, CHILDREN = 20 };

static void* take_times(void* argument) {
  job* const self = (job*)argument;
  int i = 0;
  for (; i < TIMES; ++i) self->result += take(self->object, 1, SECOND) == SPILLWAY_ADMITTED;
  return NULL;
}

TEST(every_token_is_taken_once) {
  spillway_token_bucket* bucket = make_bucket(1e-3, TOKENS);
  CHECK_INT(run_in_threads(bucket, THREADS, take_times), TOKENS);
  CHECK_INT(look_in(bucket, SECOND).tokens, 0);
  CHECK_INT(look_in(bucket, SECOND).total_admitted, TOKENS);
  CHECK_INT(look_in(bucket, SECOND).total_refused, THREADS * TIMES - TOKENS);
  spillway_token_bucket_unref(bucket);
}

static int64_t slots[THREADS][SLOTS];

static void* reserve_slots(void* argument) {
  job* const self = (job*)argument;
  int i = 0;
  for (; i < SLOTS; ++i) {
    const spillway_reservation slot = reserve(self->object, 1, 0);
    if (i > 0) CHECK(slot.act_at_ns > slots[self->number][i - 1]);
    slots[self->number][i] = slot.act_at_ns;
  }
  return NULL;
}

TEST(each_slot_is_reserved_by_one) {
  static char taken[THREADS * SLOTS];
  spillway_token_bucket* bucket = make_bucket(1e3, 1);
  int i = 0;
  run_in_threads(bucket, THREADS, reserve_slots);
  for (; i < THREADS * SLOTS; ++i) {
    const int64_t slot = slots[i / SLOTS][i % SLOTS] / (SECOND / 1000);
    CHECK_INT(slot * (SECOND / 1000), slots[i / SLOTS][i % SLOTS]);
    if (slot < 0 || slot >= THREADS * SLOTS) {
      CHECK(0 && "a slot that there is not");
    } else {
      CHECK_INT(taken[slot]++, 0);
    }
  }
  spillway_token_bucket_unref(bucket);
}

static void* give_back_what_was_taken(void* argument) {
  job* const self = (job*)argument;
  int i = 0;
  for (; i < TIMES; ++i) {
    spillway_reservation reservation;
    self->result += (int)spillway_token_bucket_acquire_up_to_at(self->object, 3, SECOND);
    if (self->result > 0 && spillway_token_bucket_refund_at(self->object, 1, SECOND) == SPILLWAY_OK)
      --self->result;
    spillway_token_bucket_reserve_at(self->object, 2, 0, SECOND, &reservation, NULL);
    CHECK_INT(spillway_token_bucket_cancel_at(self->object, &reservation, SECOND), SPILLWAY_OK);
  }
  return NULL;
}

TEST(what_is_given_back_is_there_again) {
  spillway_token_bucket* bucket = make_bucket(1e-3, TOKENS);
  const int taken = run_in_threads(bucket, 4, give_back_what_was_taken);
  CHECK_INT(look_in(bucket, SECOND).tokens, TOKENS - taken);
  spillway_token_bucket_unref(bucket);
}

static void* change_often(void* argument) {
  job* const self = (job*)argument;
  spillway_token_bucket_options options;
  int changes = 0;
  options.struct_size = sizeof options;
  CHECK_INT(spillway_token_bucket_options_get(self->object, &options), SPILLWAY_OK);
  while (changes < 2000) {
    spillway_error error = SPILLWAY_ERROR_INIT;
    options.rate = changes % 2 == 0 ? 1e-3 : 2e-3;
    const spillway_status status = spillway_token_bucket_reconfigure_at(
        self->object, &options, SPILLWAY_INHERITANCE_KEEP, SECOND, &error);
    CHECK(status == SPILLWAY_OK || status == SPILLWAY_E_BUSY);
    CHECK_INT(error.code, status);
    CHECK((error.message[0] == '\0') == (status == SPILLWAY_OK));
    changes += status == SPILLWAY_OK;
  }
  return NULL;
}

static void* take_or_change(void* argument) {
  return ((job*)argument)->number < 2 ? take_times(argument) : change_often(argument);
}

TEST(changes_race_with_calls_and_with_each_other) {
  spillway_token_bucket* bucket = make_bucket(1e-3, TOKENS);
  const int taken = run_in_threads(bucket, 4, take_or_change);
  const spillway_token_bucket_snapshot snapshot = look_in(bucket, SECOND);
  CHECK_INT(snapshot.total_admitted, taken);
  CHECK_INT(snapshot.total_admitted + snapshot.total_refused, 2 * TIMES);
  CHECK_INT(snapshot.tokens, TOKENS - taken);
  spillway_token_bucket_unref(bucket);
}

/* Takes over the reference that it was given, and the last of these frees the bucket: a sanitizer
 * sees it when that is too early or never. */
static void* hold_references(void* argument) {
  job* const self = (job*)argument;
  int i = 0;
  for (; i < TIMES; ++i) {
    spillway_token_bucket* mine = spillway_token_bucket_ref(self->object);
    self->result += take(mine, 0, SECOND) == SPILLWAY_ADMITTED;
    spillway_token_bucket_unref(mine);
  }
  spillway_token_bucket_unref(self->object);
  return NULL;
}

TEST(the_last_reference_of_any_thread_frees) {
  spillway_token_bucket* bucket = make_bucket(1, 1);
  int i = 0;
  for (; i < THREADS; ++i) CHECK(spillway_token_bucket_ref(bucket) == bucket);
  spillway_token_bucket_unref(bucket);
  CHECK_INT(run_in_threads(bucket, THREADS, hold_references), THREADS * TIMES);
}

static void* take_and_give_back_until_refused(void* argument) {
  job* const self = (job*)argument;
  while (take(self->object, 1, SECOND) == SPILLWAY_ADMITTED)
    spillway_token_bucket_refund_at(self->object, 1, SECOND);
  return NULL;
}

/* What a child of fork() must be able to do with a handle and a reservation of its parent, whatever
 * the parent's other threads were doing. Ends the process: 0 when it all went well. */
static void be_a_child(spillway_token_bucket* bucket, spillway_reservation* reservation) {
  const spillway_token_bucket_snapshot before = look_in(bucket, SECOND);
  spillway_token_bucket_options options;
  int i = 0;
  alarm(30); /* A child that hangs is killed, which fails the test. */
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, reservation, SECOND), SPILLWAY_OK);
  for (; i < 100; ++i) CHECK_INT(take(bucket, 1, SECOND), SPILLWAY_ADMITTED);
  CHECK_INT(look_in(bucket, SECOND).tokens, before.tokens + 1000 - 100);
  CHECK_INT(look_in(bucket, SECOND).total_admitted, before.total_admitted + 100);
  options.struct_size = sizeof options;
  CHECK_INT(spillway_token_bucket_options_get(bucket, &options), SPILLWAY_OK);
  options.rate = 1;
  CHECK_INT(spillway_token_bucket_reconfigure_at(bucket, &options, SPILLWAY_INHERITANCE_RESET,
                                                 SECOND, NULL),
            SPILLWAY_OK);
  CHECK_INT(look_in(bucket, SECOND).tokens, options.burst);
  spillway_token_bucket_unref(bucket);
  fflush(stdout);
  _exit(check_failures != 0);
}

TEST(a_child_of_fork_uses_its_own_bucket) {
  spillway_token_bucket* bucket = make_bucket(1e-3, TOKENS);
  job worker;
  int i = 0;
  start(&worker, bucket, 0, take_and_give_back_until_refused);
  fflush(stdout);
  for (; i < CHILDREN; ++i) {
    spillway_reservation reservation = reserve(bucket, 1000, SECOND);
    int status = -1;
    const pid_t child = fork();
    if (child == 0) be_a_child(bucket, &reservation);
    CHECK(child > 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* The parent's bucket knows nothing of it. */
    CHECK_INT(spillway_token_bucket_cancel_at(bucket, &reservation, SECOND), SPILLWAY_OK);
  }
  CHECK_INT(spillway_token_bucket_force_acquire_at(bucket, 2 * TOKENS, SECOND), SPILLWAY_ADMITTED);
  CHECK_INT(pthread_join(worker.thread, NULL), 0);
  CHECK_INT(look_in(bucket, SECOND).tokens, -TOKENS);
  spillway_token_bucket_unref(bucket);
}
