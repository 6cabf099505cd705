/* One breaker in many threads, and in the children of fork(). */
#include <sys/wait.h>
#include <unistd.h>

#include "breakers.h"
#include "threads.h"

enum { CHILDREN = 20 };

/* Makes one call and adds it to the result when it is counted. Whether it was admitted. */
static int make_call(job* self) {
  spillway_acquire_result result;
  if (spillway_circuit_breaker_try_acquire_at(self->object, SECOND, &result) != SPILLWAY_ADMITTED)
    return 0;
  self->result +=
      spillway_circuit_breaker_settle_at(self->object, &result.permit, SPILLWAY_OUTCOME_SUCCESS,
                                         SECOND) == SPILLWAY_SETTLEMENT_COUNTED;
  return 1;
}

static void* make_calls(void* argument) {
  int i = 0;
  for (; i < TIMES; ++i) make_call((job*)argument);
  return NULL;
}

static void* make_calls_until_refused(void* argument) {
  while (make_call((job*)argument)) continue;
  return NULL;
}

TEST(every_call_of_every_thread_is_counted) {
  spillway_circuit_breaker* breaker = make(NULL);
  CHECK_INT(run_in_threads(breaker, THREADS, make_calls), THREADS * TIMES);
  CHECK_INT(look(breaker, SECOND).total_successes, THREADS * TIMES);
  CHECK_INT(look(breaker, SECOND).successes, THREADS * TIMES);
  spillway_circuit_breaker_unref(breaker);
}

TEST(every_refusal_of_every_thread_is_counted) {
  spillway_circuit_breaker* breaker = make_brittle();
  call(breaker, SPILLWAY_OUTCOME_FAILURE, SECOND);
  CHECK_INT(run_in_threads(breaker, THREADS, make_calls), 0);
  CHECK_INT(look(breaker, SECOND).total_rejected, THREADS * TIMES);
  spillway_circuit_breaker_unref(breaker);
}

static void* ask_once(void* argument) {
  job* const self = (job*)argument;
  spillway_acquire_result result;
  self->result = spillway_circuit_breaker_try_acquire_at(self->object, 6 * SECOND, &result) ==
                 SPILLWAY_ADMITTED;
  return NULL;
}

TEST(one_thread_of_many_gets_the_probe) {
  int round = 0;
  for (; round < 20; ++round) {
    spillway_circuit_breaker* breaker = make_brittle();
    call(breaker, SPILLWAY_OUTCOME_FAILURE, SECOND);
    CHECK_INT(run_in_threads(breaker, THREADS, ask_once), 1);
    spillway_circuit_breaker_unref(breaker);
  }
}

typedef struct settle_job {
  spillway_circuit_breaker* breaker;
  spillway_permit permit;
  spillway_settlement settlement;
} settle_job;

static void* settle_permit(void* argument) {
  settle_job* const self = (settle_job*)argument;
  self->settlement = spillway_circuit_breaker_settle_at(self->breaker, &self->permit,
                                                        SPILLWAY_OUTCOME_FAILURE, SECOND);
  return NULL;
}

TEST(a_permit_settles_on_another_thread) {
  spillway_circuit_breaker* breaker = make(NULL);
  settle_job other;
  pthread_t thread;
  other.breaker = breaker;
  other.permit = acquire(breaker, SECOND);
  CHECK_INT(pthread_create(&thread, NULL, settle_permit, &other), 0);
  CHECK_INT(pthread_join(thread, NULL), 0);
  CHECK_INT(other.settlement, SPILLWAY_SETTLEMENT_COUNTED);
  CHECK(is_empty(&other.permit));
  CHECK_INT(look(breaker, SECOND).failures, 1);
  spillway_circuit_breaker_unref(breaker);
}

/* Takes over the reference that it was given, and the last of these frees the breaker: a sanitizer
 * sees it when that is too early or never. */
static void* hold_references(void* argument) {
  job* const self = (job*)argument;
  int i = 0;
  for (; i < TIMES; ++i) {
    spillway_circuit_breaker* mine = spillway_circuit_breaker_ref(self->object);
    spillway_acquire_result result;
    self->result += spillway_circuit_breaker_try_acquire_at(mine, SECOND, &result) == 0;
    spillway_circuit_breaker_unref(mine);
  }
  spillway_circuit_breaker_unref(self->object);
  return NULL;
}

TEST(the_last_reference_of_any_thread_frees) {
  spillway_circuit_breaker* breaker = make(NULL);
  int i = 0;
  for (; i < THREADS; ++i) CHECK(spillway_circuit_breaker_ref(breaker) == breaker);
  spillway_circuit_breaker_unref(breaker);
  CHECK_INT(run_in_threads(breaker, THREADS, hold_references), THREADS * TIMES);
}

static void* reset_often(void* argument) {
  job* const self = (job*)argument;
  int i = 0;
  for (; i < TIMES; ++i) spillway_circuit_breaker_reset_at(self->object, i);
  return NULL;
}

/* Drains once. Generations must come in order, and what does not come must be counted as lost. */
static void drain(const spillway_circuit_breaker* breaker, spillway_event_batch* batch,
                  uint64_t* seen) {
  const uint32_t since = batch->generation;
  uint32_t last = since;
  size_t i = 0;
  CHECK_INT(spillway_circuit_breaker_events(breaker, batch), SPILLWAY_OK);
  for (; i < batch->count; ++i) {
    CHECK(batch->events[i].generation > last);
    last = batch->events[i].generation;
  }
  CHECK_INT(batch->generation - since, batch->count + batch->lost);
  *seen += batch->count + batch->lost;
}

TEST(events_are_drained_while_they_are_made) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_event events[3];
  spillway_event_batch batch = SPILLWAY_EVENT_BATCH_INIT(events, 3);
  uint64_t seen = 0;
  job writer;
  start(&writer, breaker, 0, reset_often);
  while (seen < TIMES) drain(breaker, &batch, &seen);
  CHECK_INT(pthread_join(writer.thread, NULL), 0);
  drain(breaker, &batch, &seen);
  CHECK_INT(seen, TIMES);
  spillway_circuit_breaker_unref(breaker);
}

/* What a child of fork() must be able to do with a handle and a permit of its parent, whatever the
 * parent's other threads were doing. Ends the process: 0 when it all went well. */
static void be_a_child(spillway_circuit_breaker* breaker, spillway_permit* permit) {
  const spillway_circuit_breaker_snapshot before = look(breaker, SECOND);
  spillway_acquire_result result;
  int i = 0;
  alarm(30); /* A child that hangs is killed, which fails the test. */
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, permit, SPILLWAY_OUTCOME_SUCCESS, SECOND),
            SPILLWAY_SETTLEMENT_COUNTED);
  for (; i < 100; ++i) call(breaker, SPILLWAY_OUTCOME_SUCCESS, SECOND);
  CHECK_INT(look(breaker, SECOND).total_successes, before.total_successes + 101);
  spillway_circuit_breaker_force_open_at(breaker, SECOND);
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, SECOND, &result),
            SPILLWAY_CIRCUIT_BREAKER_REJECTION_FORCED_OPEN);
  CHECK_INT(look(breaker, SECOND).total_rejected, before.total_rejected + 1);
  spillway_circuit_breaker_unref(breaker);
  fflush(stdout);
  _exit(check_failures != 0);
}

TEST(a_child_of_fork_uses_its_own_breaker) {
  spillway_circuit_breaker* breaker = make(NULL);
  job worker;
  int i = 0;
  start(&worker, breaker, 0, make_calls_until_refused);
  fflush(stdout);
  for (; i < CHILDREN; ++i) {
    spillway_permit permit = acquire(breaker, SECOND);
    int status = -1;
    const pid_t child = fork();
    if (child == 0) be_a_child(breaker, &permit);
    CHECK(child > 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* The parent's breaker knows nothing of it. */
    CHECK_INT(
        spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_SUCCESS, SECOND),
        SPILLWAY_SETTLEMENT_COUNTED);
  }
  spillway_circuit_breaker_force_open_at(breaker, SECOND);
  CHECK_INT(pthread_join(worker.thread, NULL), 0);
  CHECK_INT(look(breaker, SECOND).total_successes, worker.result + CHILDREN);
  CHECK_INT(look(breaker, SECOND).total_rejected, 1);
  spillway_circuit_breaker_unref(breaker);
}
