/* A leaky bucket in C: what every noun does, its options, and each of its calls. */
#include "buckets.h"
#include "leaky_bucket_noun.h"

#define REJECTION(name) SPILLWAY_LEAKY_BUCKET_REJECTION_##name
enum { MS = 1000000 };

/* ---- what every noun does */

#include "noun_tests.h"

/* ---- its options */

TEST(what_is_out_of_range_is_refused) {
  check_not_made(NULL, SPILLWAY_E_INVALID_ARGUMENT, "rate is 0; it must be 1e-10 to 1000000000");
  check_refused("rate", (double)NAN, "rate is nan");
  check_refused("capacity", 0, "capacity is 0; it must be 1 to 1000000000");
  check_refused("capacity", INT32_MIN, "capacity is -2147483648");
  check_refused("free", 0, "free is 0; it must be 1 to 1000000000");
  check_refused("free", 1000000001, "free is 1000000001");
  check_refused("dry_run", 2, "dry_run is 2; it must be 0 or 1");
  check_refused("counted", -1, "counted is -1");
}

/* ---- the calls */

static spillway_leaky_bucket* make_leaky(int32_t capacity, int32_t free_level) {
  spillway_leaky_bucket_options options = SPILLWAY_LEAKY_BUCKET_OPTIONS_INIT;
  spillway_leaky_bucket* bucket = NULL;
  options.rate = 10;
  options.capacity = capacity;
  options.free = free_level;
  if (spillway_leaky_bucket_new(&bucket, "test", 4, &options, NULL) != SPILLWAY_OK) exit(1);
  return bucket;
}

static snapshot_type look_at(const spillway_leaky_bucket* bucket, int64_t now_ns) {
  snapshot_type snapshot;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_leaky_bucket_snapshot_at(bucket, now_ns, &snapshot), SPILLWAY_OK);
  return snapshot;
}

TEST(null_and_counts_that_cannot_be_are_misuse) {
  spillway_leaky_bucket* bucket = make_leaky(2, 1);
  spillway_reservation reservation = {1, 1, 1, {1, 1}};
  spillway_limit_status status = {1, 1, 1, 1, 1};
  CHECK_INT(spillway_leaky_bucket_try_acquire_at(NULL, 1, 0, &status), SPILLWAY_E_MISUSE);
  CHECK(is_no_status(&status));
  status.limit = 1;
  CHECK_INT(spillway_leaky_bucket_try_acquire_at(bucket, -1, 0, &status), SPILLWAY_E_MISUSE);
  CHECK(is_no_status(&status));
  CHECK_INT(spillway_leaky_bucket_reserve_at(NULL, 1, 0, 0, &reservation, NULL), SPILLWAY_E_MISUSE);
  CHECK(is_no_reservation(&reservation));
  CHECK_INT(spillway_leaky_bucket_reserve_at(bucket, 1, 0, 0, NULL, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_leaky_bucket_reserve_at(bucket, INT64_MIN, 0, 0, &reservation, NULL),
            SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_leaky_bucket_cancel_at(NULL, &reservation, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_leaky_bucket_cancel_at(bucket, NULL, 0), SPILLWAY_E_MISUSE);
  reservation.n = -1;
  CHECK_INT(spillway_leaky_bucket_cancel_at(bucket, &reservation, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_leaky_bucket_refund_at(NULL, 1, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_leaky_bucket_refund_at(bucket, -1, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(look_at(bucket, 0).level, 0);
  spillway_leaky_bucket_unref(bucket);
}

TEST(reservations_wait_for_their_turn_and_can_be_cancelled_once) {
  spillway_leaky_bucket* bucket = make_leaky(2, 1);
  spillway_reservation first;
  spillway_reservation second;
  spillway_limit_status status;
  CHECK_INT(spillway_leaky_bucket_reserve_at(bucket, 1, 0, 5, &first, &status), SPILLWAY_ADMITTED);
  CHECK_INT(first.act_at_ns, 5);
  CHECK_INT(status.remaining, 1);
  CHECK_INT(status.limit, 2);
  CHECK_INT(spillway_leaky_bucket_reserve_at(bucket, 1, INT64_MAX, 5, &second, NULL),
            SPILLWAY_ADMITTED);
  CHECK_INT(second.act_at_ns, 5 + 100 * MS);
  CHECK_INT(spillway_leaky_bucket_try_acquire_at(bucket, 1, 5, &status), REJECTION(FULL));
  CHECK_INT(status.retry_after_ns, 200 * MS);
  CHECK_INT(status.next_after_ns, 100 * MS);
  CHECK_INT(spillway_leaky_bucket_cancel_at(bucket, &second, 5), SPILLWAY_OK);
  CHECK(is_no_reservation(&second));
  CHECK_INT(spillway_leaky_bucket_cancel_at(bucket, &second, 5), SPILLWAY_OK);
  CHECK_INT(look_at(bucket, 5).level, 1);
  CHECK_INT(spillway_leaky_bucket_reserve_at(bucket, 3, INT64_MAX, 5, &second, NULL),
            REJECTION(EXCEEDS_CAPACITY));
  CHECK_INT(spillway_leaky_bucket_reserve_at(bucket, 1, 99 * MS, 5, &second, NULL),
            REJECTION(EXCEEDS_WAIT));
  CHECK_INT(spillway_leaky_bucket_refund_at(bucket, 1, 5), SPILLWAY_OK);
  CHECK_INT(look_at(bucket, 5).level, 0);
  CHECK_INT(look_at(bucket, 5).total_admitted, 2);
  CHECK_INT(look_at(bucket, 5).total_refused, 3);
  spillway_leaky_bucket_unref(bucket);
}

TEST(the_calls_that_take_no_time_read_the_clock) {
  spillway_leaky_bucket* bucket = make_leaky(2, 1);
  spillway_leaky_bucket_options options = options_of(bucket);
  spillway_reservation reservation;
  options.rate = 1e-10;
  CHECK_INT(spillway_leaky_bucket_reconfigure(bucket, &options, SPILLWAY_INHERITANCE_RESET, NULL),
            SPILLWAY_OK);
  CHECK_INT(spillway_leaky_bucket_try_acquire(bucket, 1, NULL), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_leaky_bucket_try_acquire(bucket, 1, NULL), REJECTION(FULL));
  CHECK_INT(spillway_leaky_bucket_refund(bucket, 1), SPILLWAY_OK);
  CHECK_INT(spillway_leaky_bucket_reserve(bucket, 1, 0, &reservation, NULL), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_leaky_bucket_cancel(bucket, &reservation), SPILLWAY_OK);
  CHECK_INT(spillway_leaky_bucket_try_acquire(bucket, 1, NULL), SPILLWAY_ADMITTED);
  spillway_leaky_bucket_unref(bucket);
}

TEST(each_inheritance_does_with_the_level_what_it_says) {
  static const int64_t levels[] = {4, 0, 8, 4}; /* keep, reset, proportional, additive */
  int32_t i = 0;
  for (; i < 4; ++i) {
    spillway_leaky_bucket* bucket = make_leaky(6, 6);
    spillway_leaky_bucket_options options = options_of(bucket);
    CHECK_INT(spillway_leaky_bucket_try_acquire_at(bucket, 4, 0, NULL), SPILLWAY_ADMITTED);
    options.rate = 5;
    options.capacity = 12;
    CHECK_INT(spillway_leaky_bucket_reconfigure_at(bucket, &options, i, 0, NULL), SPILLWAY_OK);
    CHECK_INT(look_at(bucket, 0).level, levels[i]);
    CHECK_INT(options_of(bucket).capacity, 12);
    CHECK_INT(options_of(bucket).free, 6);
    spillway_leaky_bucket_unref(bucket);
  }
}

TEST(it_is_among_the_metrics_until_it_is_removed) {
  spillway_leaky_bucket* bucket = make_leaky(2, 1);
  spillway_metrics* metrics = NULL;
  char text[2000];
  size_t length = 0;
  CHECK_INT(spillway_metrics_new(&metrics, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_leaky_bucket(metrics, bucket, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_leaky_bucket(metrics, bucket, NULL), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_metrics_text_at(metrics, 0, text, sizeof text, &length), SPILLWAY_OK);
  CHECK_TEXT(text, "spillway_leaky_bucket_calls_total{name=\"test\",decision=\"admitted\"} 0\n");
  CHECK_INT(spillway_metrics_remove_leaky_bucket(metrics, bucket), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_remove_leaky_bucket(metrics, bucket), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_metrics_text_at(metrics, 0, text, sizeof text, &length), SPILLWAY_OK);
  CHECK_INT(length, 0);
  spillway_metrics_unref(metrics);
  spillway_leaky_bucket_unref(bucket);
}

TEST(reasons_have_names) {
  CHECK_TEXT(spillway_leaky_bucket_rejection_name(REJECTION(FULL)), "full");
  CHECK_TEXT(spillway_leaky_bucket_rejection_name(REJECTION(EXCEEDS_CAPACITY)), "exceeds_capacity");
  CHECK_TEXT(spillway_leaky_bucket_rejection_name(REJECTION(EXCEEDS_WAIT)), "exceeds_wait");
  CHECK_TEXT(spillway_leaky_bucket_rejection_name(0), "unknown");
}
