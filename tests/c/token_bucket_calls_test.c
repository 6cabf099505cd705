/* Taking, giving back and reserving tokens, and everything that can be wrong with it. This file is
 * also compiled as C11 and as C++20. */
#include "buckets.h"

#define REJECTION(name) SPILLWAY_TOKEN_BUCKET_REJECTION_##name

static const int64_t negative[] = {-1, INT64_MIN, -(INT64_C(1) << 62)};
/* Times the 4 that a token of 1e9/s measures, some of these are 0, 1 or below 0 in 64 bits. */
static const int64_t too_many[] = {11,
                                   1000000001,
                                   INT64_C(1) << 32,
                                   (INT64_C(1) << 60) + 1,
                                   INT64_C(1) << 61,
                                   INT64_C(1) << 62,
                                   (INT64_C(1) << 62) + 1,
                                   INT64_MAX};

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static void check_status(const spillway_limit_status* status, int64_t remaining, int64_t limit,
                         int64_t reset_after, int64_t retry_after) {
  CHECK_INT(status->remaining, remaining);
  CHECK_INT(status->limit, limit);
  CHECK_INT(status->reset_after_ns, reset_after);
  CHECK_INT(status->retry_after_ns, retry_after);
}

TEST(tokens_are_taken_until_there_are_none) {
  spillway_token_bucket* bucket = make_bucket(10, 3);
  spillway_limit_status status;
  CHECK_INT(spillway_token_bucket_try_acquire_at(bucket, 2, 0, &status), SPILLWAY_ADMITTED);
  check_status(&status, 1, 3, SECOND / 5, 0);
  CHECK_INT(spillway_token_bucket_try_acquire_at(bucket, 2, 0, &status), REJECTION(EXHAUSTED));
  check_status(&status, 1, 3, SECOND / 5, SECOND / 10);
  CHECK_INT(take(bucket, 2, SECOND / 10 - 1), REJECTION(EXHAUSTED));
  CHECK_INT(take(bucket, 2, SECOND / 10), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_token_bucket_try_acquire_at(bucket, 4, SECOND, &status),
            REJECTION(EXCEEDS_BURST));
  check_status(&status, 3, 3, 0, INT64_MAX);
  CHECK_INT(spillway_token_bucket_try_acquire_at(bucket, 0, SECOND, &status), SPILLWAY_ADMITTED);
  check_status(&status, 3, 3, 0, 0);
  CHECK_INT(look_in(bucket, SECOND).total_admitted, 2);
  CHECK_INT(look_in(bucket, SECOND).total_refused, 3);
  spillway_token_bucket_unref(bucket);
}

TEST(the_twins_read_the_clock) {
  spillway_token_bucket* bucket = make_bucket(1e-9, 10);
  spillway_reservation reservation;
  spillway_limit_status status;
  const int64_t before = spillway_now_ns();
  CHECK_INT(spillway_token_bucket_try_acquire(bucket, 3, &status), SPILLWAY_ADMITTED);
  CHECK_INT(status.remaining, 7);
  CHECK_INT(spillway_token_bucket_acquire_up_to(bucket, 2), 2);
  CHECK_INT(spillway_token_bucket_force_acquire(bucket, 4), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_token_bucket_reserve(bucket, 1, 0, &reservation, &status), SPILLWAY_ADMITTED);
  CHECK(reservation.act_at_ns >= before && reservation.act_at_ns <= spillway_now_ns());
  CHECK_INT(look_in(bucket, spillway_now_ns()).tokens, 0);
  CHECK_INT(spillway_token_bucket_cancel(bucket, &reservation), SPILLWAY_OK);
  CHECK_INT(spillway_token_bucket_refund(bucket, 5), SPILLWAY_OK);
  CHECK_INT(look_in(bucket, spillway_now_ns()).tokens, 6);
  spillway_token_bucket_unref(bucket);
}

TEST(what_is_there_is_taken) {
  spillway_token_bucket* bucket = make_bucket(10, 5);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(bucket, 3, 0), 3);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(bucket, INT64_MAX, 0), 2);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(bucket, 1, SECOND / 10 - 1), 0);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(bucket, 0, SECOND), 0);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(bucket, INT64_MAX, SECOND), 5);
  spillway_token_bucket_unref(bucket);
}

TEST(what_is_forced_is_owed) {
  spillway_token_bucket* bucket = make_bucket(10, 5);
  CHECK_INT(spillway_token_bucket_force_acquire_at(bucket, 7, 0), SPILLWAY_ADMITTED);
  CHECK_INT(look_in(bucket, 0).tokens, -2);
  CHECK_INT(take(bucket, 1, 3 * SECOND / 10 - 1), REJECTION(EXHAUSTED));
  CHECK_INT(take(bucket, 1, 3 * SECOND / 10), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_token_bucket_force_acquire_at(bucket, INT64_MAX, SECOND),
            REJECTION(EXCEEDS_BURST));
  CHECK_INT(look_in(bucket, SECOND).tokens, 5);
  spillway_token_bucket_unref(bucket);
}

TEST(what_is_given_back_never_overflows) {
  spillway_token_bucket* bucket = make_bucket(10, 5);
  CHECK_INT(take(bucket, 4, 0), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_token_bucket_refund_at(bucket, 0, 0), SPILLWAY_OK);
  CHECK_INT(look_in(bucket, 0).tokens, 1);
  CHECK_INT(spillway_token_bucket_refund_at(bucket, 2, 0), SPILLWAY_OK);
  CHECK_INT(look_in(bucket, 0).tokens, 3);
  CHECK_INT(spillway_token_bucket_refund_at(bucket, INT64_MAX, 0), SPILLWAY_OK);
  CHECK_INT(look_in(bucket, 0).tokens, 5);
  spillway_token_bucket_unref(bucket);
}

TEST(who_reserves_first_waits_less) {
  spillway_token_bucket* bucket = make_bucket(10, 2);
  spillway_reservation reservation;
  spillway_limit_status status;
  CHECK_INT(reserve(bucket, 2, 0).act_at_ns, 0);
  CHECK_INT(reserve(bucket, 2, 0).act_at_ns, SECOND / 5);
  memset(&reservation, 0xaa, sizeof reservation);
  CHECK_INT(spillway_token_bucket_reserve_at(bucket, 1, SECOND / 4, 0, &reservation, &status),
            REJECTION(EXCEEDS_WAIT));
  CHECK(is_no_reservation(&reservation));
  check_status(&status, 0, 2, 2 * SECOND / 5, SECOND / 20);
  CHECK_INT(spillway_token_bucket_reserve_at(bucket, 1, 0, 0, &reservation, NULL),
            REJECTION(EXHAUSTED));
  CHECK_INT(spillway_token_bucket_reserve_at(bucket, 1, INT64_MIN, 0, &reservation, NULL),
            REJECTION(EXHAUSTED));
  CHECK_INT(spillway_token_bucket_reserve_at(bucket, 3, INT64_MAX, 0, &reservation, &status),
            REJECTION(EXCEEDS_BURST));
  CHECK_INT(status.retry_after_ns, INT64_MAX);
  CHECK_INT(spillway_token_bucket_reserve_at(bucket, 1, 3 * SECOND / 10, 0, &reservation, &status),
            SPILLWAY_ADMITTED);
  CHECK_INT(reservation.act_at_ns, 3 * SECOND / 10);
  CHECK_INT(reservation.n, 1);
  CHECK_INT(status.retry_after_ns, 0);
  spillway_token_bucket_unref(bucket);
}

TEST(a_reservation_is_cancelled_once) {
  spillway_token_bucket* bucket = make_bucket(10, 4);
  spillway_reservation reservation = reserve(bucket, 3, 0);
  CHECK_INT(reserve(bucket, 1, 0).n, 1);
  CHECK_INT(look_in(bucket, 0).tokens, 0);
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, &reservation, 0), SPILLWAY_OK);
  CHECK(is_no_reservation(&reservation));
  CHECK_INT(look_in(bucket, 0).tokens, 3);
  CHECK_INT(take(bucket, 3, 0), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, &reservation, 0), SPILLWAY_OK);
  CHECK(is_no_reservation(&reservation));
  CHECK_INT(look_in(bucket, 0).tokens, 0);
  spillway_token_bucket_unref(bucket);
}

TEST(what_flowed_in_meanwhile_is_not_given_back) {
  spillway_token_bucket* bucket = make_bucket(10, 4);
  spillway_reservation reservation = reserve(bucket, 4, 0);
  CHECK_INT(take(bucket, 3, 3 * SECOND / 10), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, &reservation, 3 * SECOND / 10), SPILLWAY_OK);
  CHECK_INT(look_in(bucket, 3 * SECOND / 10).tokens, 1);
  reservation = reserve(bucket, 1, SECOND);
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, &reservation, reservation.worthless_at_ns),
            SPILLWAY_OK);
  CHECK_INT(look_in(bucket, 2 * SECOND).tokens, 4);
  spillway_token_bucket_unref(bucket);
}

TEST(a_reservation_of_before_a_change_gives_nothing_back) {
  spillway_token_bucket* bucket = make_bucket(10, 4);
  spillway_token_bucket_options options;
  spillway_reservation before = reserve(bucket, 4, 0);
  spillway_reservation after;
  options.struct_size = sizeof options;
  CHECK_INT(spillway_token_bucket_options_get(bucket, &options), SPILLWAY_OK);
  options.rate = 20;
  CHECK_INT(
      spillway_token_bucket_reconfigure_at(bucket, &options, SPILLWAY_INHERITANCE_KEEP, 0, NULL),
      SPILLWAY_OK);
  after = reserve(bucket, 4, 0);
  CHECK(before.opaque[0] != after.opaque[0]);
  CHECK_INT(after.act_at_ns, SECOND / 5);
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, &before, 0), SPILLWAY_OK);
  CHECK(is_no_reservation(&before));
  CHECK_INT(look_in(bucket, 0).tokens, -4);
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, &after, 0), SPILLWAY_OK);
  CHECK_INT(look_in(bucket, 0).tokens, 0);
  spillway_token_bucket_unref(bucket);
}

/* ---- what no caller should do */

/* Everything that only a negative count is wrong with: all refuse it, and change nothing. */
static void check_negative(spillway_token_bucket* bucket, int64_t n) {
  spillway_reservation reservation;
  spillway_reservation kept;
  spillway_limit_status status;
  memset(&status, 0xaa, sizeof status);
  CHECK_INT(spillway_token_bucket_try_acquire_at(bucket, n, 0, &status), SPILLWAY_E_MISUSE);
  CHECK(is_no_status(&status));
  CHECK_INT(spillway_token_bucket_try_acquire(bucket, n, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(bucket, n, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_force_acquire_at(bucket, n, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_refund_at(bucket, n, 0), SPILLWAY_E_MISUSE);
  memset(&status, 0xaa, sizeof status);
  memset(&reservation, 0xaa, sizeof reservation);
  CHECK_INT(spillway_token_bucket_reserve_at(bucket, n, INT64_MAX, 0, &reservation, &status),
            SPILLWAY_E_MISUSE);
  CHECK(is_no_reservation(&reservation) && is_no_status(&status));
  memset(&reservation, 0x55, sizeof reservation);
  reservation.n = n;
  kept = reservation;
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, &reservation, 0), SPILLWAY_E_MISUSE);
  CHECK(memcmp(&kept, &reservation, sizeof kept) == 0);
}

TEST(a_negative_count_is_misuse) {
  spillway_token_bucket* bucket = make_bucket(10, 10);
  size_t i = 0;
  CHECK_INT(take(bucket, 5, 0), SPILLWAY_ADMITTED);
  for (; i < LENGTH(negative); ++i) check_negative(bucket, negative[i]);
  CHECK_INT(look_in(bucket, 0).tokens, 5);
  CHECK_INT(look_in(bucket, 0).total_admitted, 1);
  CHECK_INT(look_in(bucket, 0).total_refused, 0);
  spillway_token_bucket_unref(bucket);
}

TEST(more_than_ever_fit_are_refused_for_good) {
  static const double rates[] = {1e9, 10, 1.0 / 3, 1e-10};
  size_t rate = 0;
  for (; rate < LENGTH(rates); ++rate) {
    spillway_token_bucket* bucket = make_bucket(rates[rate], 10);
    spillway_reservation reservation;
    spillway_limit_status status;
    size_t i = 0;
    for (; i < LENGTH(too_many); ++i) {
      CHECK_INT(spillway_token_bucket_try_acquire_at(bucket, too_many[i], 0, &status),
                REJECTION(EXCEEDS_BURST));
      check_status(&status, 10, 10, 0, INT64_MAX);
      CHECK_INT(spillway_token_bucket_reserve_at(bucket, too_many[i], INT64_MAX, 0, &reservation,
                                                 &status),
                REJECTION(EXCEEDS_BURST));
      CHECK(is_no_reservation(&reservation));
      check_status(&status, 10, 10, 0, INT64_MAX);
    }
    CHECK_INT(look_in(bucket, 0).tokens, 10);
    CHECK_INT(look_in(bucket, 0).total_refused, 2 * LENGTH(too_many));
    spillway_token_bucket_unref(bucket);
  }
}

TEST(null_is_refused_where_something_must_be) {
  spillway_token_bucket* bucket = make_bucket(10, 10);
  spillway_reservation reservation = reserve(bucket, 3, 0);
  spillway_reservation none;
  spillway_limit_status status;
  memset(&status, 0xaa, sizeof status);
  CHECK_INT(spillway_token_bucket_try_acquire_at(NULL, 1, 0, &status), SPILLWAY_E_MISUSE);
  CHECK(is_no_status(&status));
  CHECK_INT(spillway_token_bucket_try_acquire(NULL, 1, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(NULL, 1, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_acquire_up_to(NULL, 1), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_force_acquire_at(NULL, 1, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_force_acquire(NULL, 1), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_refund_at(NULL, 1, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_refund(NULL, 1), SPILLWAY_E_MISUSE);
  memset(&none, 0xaa, sizeof none);
  CHECK_INT(spillway_token_bucket_reserve_at(NULL, 1, 0, 0, &none, &status), SPILLWAY_E_MISUSE);
  CHECK(is_no_reservation(&none));
  CHECK_INT(spillway_token_bucket_reserve(NULL, 1, 0, NULL, NULL), SPILLWAY_E_MISUSE);
  memset(&status, 0xaa, sizeof status);
  CHECK_INT(spillway_token_bucket_reserve_at(bucket, 1, 0, 0, NULL, &status), SPILLWAY_E_MISUSE);
  CHECK(is_no_status(&status));
  CHECK_INT(spillway_token_bucket_reserve(bucket, 1, 0, NULL, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, NULL, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_cancel(bucket, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_cancel_at(NULL, &reservation, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_token_bucket_cancel(NULL, &reservation), SPILLWAY_E_MISUSE);
  CHECK_INT(reservation.n, 3);
  CHECK_INT(look_in(bucket, 0).tokens, 7);
  spillway_token_bucket_unref(bucket);
}

TEST(a_clock_may_jump_anywhere) {
  static const int64_t times[] = {
      INT64_MIN, -1, 0, 1, SECOND, INT64_C(1) << 61, INT64_C(1) << 62, INT64_MAX - 1, INT64_MAX};
  size_t from = 0;
  for (; from < LENGTH(times); ++from) {
    size_t to = 0;
    for (; to < LENGTH(times); ++to) {
      spillway_token_bucket* bucket = make_bucket(1e-9, 10);
      spillway_reservation reservation;
      spillway_limit_status status;
      CHECK_INT(take(bucket, 10, times[from]), SPILLWAY_ADMITTED);
      CHECK_INT(spillway_token_bucket_reserve_at(bucket, 10, 0, times[to], &reservation, &status),
                REJECTION(EXHAUSTED));
      CHECK_INT(take(bucket, 10, times[to]), REJECTION(EXHAUSTED));
      /* 292 years bring 9 tokens. */
      CHECK(look_in(bucket, times[to]).tokens <= 9);
      CHECK(look_in(bucket, times[to]).time_to_full_ns > 0);
      CHECK(status.retry_after_ns > 0 && status.reset_after_ns > 0);
      spillway_token_bucket_unref(bucket);
    }
  }
}

TEST(a_clock_that_steps_back_mints_nothing) {
  spillway_token_bucket* bucket = make_bucket(1, 2);
  int admitted = 0;
  int i = 0;
  for (; i < 1000; ++i) admitted += take(bucket, 1, i % 2 == 0 ? 10 * SECOND : 0) == 0;
  CHECK_INT(admitted, 2);
  spillway_token_bucket_unref(bucket);
}

/* A forged reservation gives back its `n` tokens at most, and never more than fill the bucket. */
TEST(a_garbage_reservation_harms_nothing) {
  spillway_token_bucket* bucket = make_bucket(10, 100);
  const spillway_reservation good = reserve(bucket, 5, SECOND);
  int bit = 0;
  for (; bit < (int)sizeof good * 8; ++bit) {
    spillway_reservation bad = good;
    ((unsigned char*)&bad)[bit / 8] ^= (unsigned char)(1 << bit % 8);
    const int64_t n = bad.n;
    CHECK_INT(take(bucket, look_in(bucket, SECOND).tokens, SECOND), SPILLWAY_ADMITTED);
    CHECK_INT(spillway_token_bucket_cancel_at(bucket, &bad, SECOND),
              n < 0 ? SPILLWAY_E_MISUSE : SPILLWAY_OK);
    const int64_t back = look_in(bucket, SECOND).tokens;
    CHECK(back >= 0 && back <= 100);
    CHECK(n >= 0 ? back <= n : back == 0);
  }
  spillway_token_bucket_unref(bucket);
}

TEST(reservations_of_one_byte_over_and_over_harm_nothing) {
  spillway_token_bucket* bucket = make_bucket(10, 100);
  int byte = 0;
  CHECK_INT(take(bucket, 100, SECOND), SPILLWAY_ADMITTED);
  for (; byte < 256; ++byte) {
    spillway_reservation garbage;
    memset(&garbage, byte, sizeof garbage);
    CHECK_INT(spillway_token_bucket_cancel_at(bucket, &garbage, SECOND),
              byte < 128 ? SPILLWAY_OK : SPILLWAY_E_MISUSE);
  }
  CHECK_INT(look_in(bucket, SECOND).tokens, 0);
  spillway_token_bucket_unref(bucket);
}
