/* A sliding window limiter: options, making, calls, threads. What it decides, the vectors say. */
#include "sliding_window_limiter_noun.h"
#include "threads.h"

#define REJECTION(name) SPILLWAY_SLIDING_WINDOW_LIMITER_REJECTION_##name

static object_type* make_limiter(int32_t limit, int64_t per_ns) {
  options_type options = defaults;
  object_type* limiter = NULL;
  options.limit = limit;
  options.per_ns = per_ns;
  CHECK_INT(spillway_sliding_window_limiter_new(&limiter, "test", 4, &options, NULL), SPILLWAY_OK);
  if (limiter == NULL) exit(1);
  return limiter;
}

static spillway_decision take(object_type* limiter, int64_t n, int64_t now_ns) {
  return spillway_sliding_window_limiter_try_acquire_at(limiter, n, now_ns, NULL);
}

static snapshot_type look_in(const object_type* limiter, int64_t now_ns) {
  snapshot_type snapshot;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_sliding_window_limiter_snapshot_at(limiter, now_ns, &snapshot), SPILLWAY_OK);
  return snapshot;
}

/* ---- what every noun does */

#include "noun_tests.h"

/* ---- its options */

TEST(a_limit_and_its_time_must_be_given) {
  options_type options = defaults;
  check_not_made(NULL, SPILLWAY_E_INVALID_ARGUMENT, "limit is 0; it must be 1 to 1048576");
  options.limit = 1;
  check_not_made(&options, SPILLWAY_E_INVALID_ARGUMENT,
                 "per is 0 s; it must be 0.000000001 s to 31536000 s");
}

TEST(an_option_out_of_range_is_refused) {
  check_refused("limit", 1048577, "limit is 1048577");
  check_refused("per_ns", -1, "per is -");
  check_refused("second_limit", -1, "second_limit is -1; it must be 0 (none) or 1 to 1048576");
  check_refused("third_per_ns", -1, "third_per is -");
  check_refused("dry_run", 2, "dry_run is 2; it must be 0 or 1");
  check_refused("counted", -1, "counted is -1");
}

TEST(half_a_window_is_refused) {
  check_refused("second_limit", 0, "second_limit is 0 and second_per is 10.000000000 s");
  check_refused("third_per_ns", 0, "third_limit is 9 and third_per is 0.000000000 s");
}

TEST(a_struct_that_ends_with_the_first_window_is_good) {
  options_type options = good_options();
  object_type* limiter = NULL;
  options.struct_size = SPILLWAY_SIZE_TO_END(options_type, per_ns);
  CHECK_INT(spillway_sliding_window_limiter_new(&limiter, "", 0, &options, NULL), SPILLWAY_OK);
  CHECK_INT(options_of(limiter).limit, 3);
  CHECK_INT(options_of(limiter).second_limit, 0);
  CHECK_INT(options_of(limiter).counted, 1);
  spillway_sliding_window_limiter_unref(limiter);
}

TEST(only_dry_run_changes) {
  object_type* limiter = make_limiter(1, SECOND);
  options_type options = options_of(limiter);
  spillway_error error = SPILLWAY_ERROR_INIT;
  options.dry_run = 1;
  CHECK_INT(NOUN_RECONFIGURE(limiter, &options, &error), SPILLWAY_OK);
  CHECK_INT(take(limiter, 1, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take(limiter, 1, 0), SPILLWAY_ADMITTED);
  CHECK_INT(look_in(limiter, 0).total_dry_run, 1);
  options.dry_run = 0;
  options.per_ns = 2 * SECOND;
  CHECK_INT(NOUN_RECONFIGURE(limiter, &options, &error), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "per is 1 s and cannot change to 2 s");
  CHECK_INT(options_of(limiter).dry_run, 1);
  spillway_sliding_window_limiter_unref(limiter);
}

/* ---- calls */

TEST(no_limiter_takes_no_calls) {
  spillway_limit_status status = {1, 1, 1, 1, 1};
  CHECK_INT(spillway_sliding_window_limiter_try_acquire(NULL, 1, &status), SPILLWAY_E_MISUSE);
  CHECK_INT(status.remaining | status.limit | status.reset_after_ns | status.next_after_ns, 0);
  CHECK_INT(spillway_sliding_window_limiter_try_acquire_at(NULL, 1, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_sliding_window_limiter_reset(NULL), SPILLWAY_E_MISUSE);
}

TEST(a_call_says_what_it_decided) {
  spillway_limit_status status;
  object_type* limiter = make_limiter(2, SECOND);
  CHECK_INT(spillway_sliding_window_limiter_try_acquire_at(limiter, 1, 0, &status),
            SPILLWAY_ADMITTED);
  CHECK_INT(status.remaining, 1);
  CHECK_INT(status.limit, 2);
  CHECK_INT(take(limiter, 1, 1), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_sliding_window_limiter_try_acquire_at(limiter, 1, 2, &status),
            REJECTION(EXHAUSTED));
  CHECK_INT(status.retry_after_ns, SECOND - 2);
  CHECK_INT(status.reset_after_ns, SECOND - 1);
  CHECK_INT(spillway_sliding_window_limiter_try_acquire_at(limiter, 2, 2, &status),
            REJECTION(EXCEEDS_ONE));
  CHECK_INT(status.retry_after_ns, INT64_MAX);
  CHECK_INT(spillway_sliding_window_limiter_try_acquire_at(limiter, -1, 2, &status),
            SPILLWAY_E_MISUSE);
  CHECK_INT(status.limit, 0);
  CHECK_TEXT(spillway_sliding_window_limiter_rejection_name(REJECTION(EXCEEDS_ONE)), "exceeds_one");
  CHECK_TEXT(spillway_sliding_window_limiter_rejection_name(SPILLWAY_ADMITTED), "unknown");
  CHECK_INT(spillway_sliding_window_limiter_reset(limiter), SPILLWAY_OK);
  CHECK_INT(look_in(limiter, 2).in_window, 0);
  CHECK_INT(look_in(limiter, 2).total_refused, 2);
  spillway_sliding_window_limiter_unref(limiter);
}

TEST(the_clock_is_read_where_no_time_is_given) {
  object_type* limiter = make_limiter(1, 3600 * SECOND);
  CHECK_INT(spillway_sliding_window_limiter_try_acquire(limiter, 1, NULL), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_sliding_window_limiter_try_acquire(limiter, 1, NULL), REJECTION(EXHAUSTED));
  CHECK_INT(look_in(limiter, spillway_now_ns()).in_window, 1);
  spillway_sliding_window_limiter_unref(limiter);
}

TEST(its_metrics_are_shown) {
  spillway_metrics* metrics = NULL;
  object_type* limiter = make_limiter(2, SECOND);
  static char text[4096];
  size_t length = 0;
  CHECK_INT(spillway_metrics_new(&metrics, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_sliding_window_limiter(metrics, limiter, NULL), SPILLWAY_OK);
  CHECK_INT(take(limiter, 1, 0), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_metrics_text_at(metrics, SECOND / 4, text, sizeof text, &length), SPILLWAY_OK);
  CHECK_TEXT(text, "sliding_window_limiter_in_window{name=\"test\"} 1\n");
  CHECK_TEXT(text, "sliding_window_limiter_time_to_empty_seconds{name=\"test\"} 0.75\n");
  CHECK_INT(spillway_metrics_remove_sliding_window_limiter(metrics, limiter), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_sliding_window_limiter(NULL, limiter, NULL), SPILLWAY_E_MISUSE);
  spillway_sliding_window_limiter_unref(limiter);
  spillway_metrics_unref(metrics);
}

static void* take_times(void* argument) {
  job* const self = (job*)argument;
  int i = 0;
  for (; i < TIMES; ++i)
    self->result += take((object_type*)self->object, 1, SECOND) == SPILLWAY_ADMITTED;
  return NULL;
}

TEST(every_permit_is_taken_once) {
  object_type* limiter = make_limiter(100000, SECOND);
  CHECK_INT(run_in_threads(limiter, THREADS, take_times), 100000);
  CHECK_INT(look_in(limiter, SECOND).in_window, 100000);
  CHECK_INT(look_in(limiter, SECOND).total_refused, THREADS * TIMES - 100000);
  spillway_sliding_window_limiter_unref(limiter);
}
