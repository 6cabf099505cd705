/* A token bucket's options, making and changing it; structs of every size. */
#include "buckets.h"
#include "token_bucket_noun.h"

#define REJECTION(name) SPILLWAY_TOKEN_BUCKET_REJECTION_##name
#define INHERITANCE(name) SPILLWAY_INHERITANCE_##name

/* ---- what every noun does */

#include "noun_tests.h"

/* ---- its options */

TEST(a_rate_must_be_given) {
  check_not_made(NULL, SPILLWAY_E_INVALID_ARGUMENT, "rate is 0; it must be 1e-10 to 1000000000");
  check_not_made(&defaults, SPILLWAY_E_INVALID_ARGUMENT, "rate is 0");
}

TEST(a_rate_out_of_range_is_refused) {
  check_refused("rate", -1, "rate is -1");
  check_refused("rate", 0.99e-10, "rate is 9.9e-11");
  check_refused("rate", 1.01e9, "rate is 1010000000");
  check_refused("rate", 5e-324, "rate is ");
  check_refused("rate", 1e300, "rate is 1e+300");
  check_refused("rate", (double)NAN, "rate is nan");
  check_refused("rate", (double)INFINITY, "rate is inf");
  check_refused("rate", (double)-INFINITY, "rate is -inf");
}

TEST(a_count_or_flag_out_of_range_is_refused) {
  check_refused("burst", 0, "burst is 0; it must be 1 to 1000000000");
  check_refused("burst", -1, "burst is -1");
  check_refused("burst", 1000000001, "burst is 1000000001");
  check_refused("burst", INT32_MIN, "burst is -2147483648");
  check_refused("initial_tokens", -1, "initial_tokens is -1; it must be 0 to 1000000000");
  check_refused("initial_tokens", INT32_MAX, "initial_tokens is 2147483647");
  check_refused("dry_run", 2, "dry_run is 2; it must be 0 or 1");
  check_refused("dry_run", -1, "dry_run is -1");
  check_refused("counted", INT32_MIN, "counted is -2147483648");
}

TEST(a_warm_up_that_cannot_be_is_refused) {
  check_refused("warm_up_ns", -1, "warm_up is -");
  check_refused("warm_up_ns", 1, "warm_up = 1e-09 s at rate = 10 is 1e-08 tokens; accepted: 2 to ");
  check_refused("warm_up_ns", 1e18, "warm_up is ");
  check_refused("cold_factor", 0, "cold_factor is 0; it must be 1 to 100");
  check_refused("cold_factor", (double)NAN, "cold_factor is nan");
  check_refused("initial_tokens", 6, "initial_tokens = 6 with warm_up, which begins cold");
}

TEST(the_ends_of_the_ranges_are_good) {
  static const double rates[] = {1e-10, 1e9, 0.1, 1.0 / 3};
  size_t i = 0;
  for (; i < 8; ++i) {
    const int32_t burst = i % 2 == 0 ? 1 : 1000000000;
    spillway_token_bucket* bucket = make_bucket(rates[i / 2], burst);
    CHECK(options_of(bucket).rate == rates[i / 2]);
    CHECK_INT(look_in(bucket, 0).tokens, burst);
    CHECK_INT(take(bucket, burst, 0), SPILLWAY_ADMITTED);
    CHECK_INT(take(bucket, 1, 0), REJECTION(EXHAUSTED));
    CHECK_INT(look_in(bucket, 0).tokens, 0);
    spillway_token_bucket_unref(bucket);
  }
}

/* ---- changing it */

static spillway_status change_at(spillway_token_bucket* bucket, double rate, int32_t burst,
                                 int32_t inheritance, int64_t now) {
  options_type options = options_of(bucket);
  options.rate = rate;
  options.burst = burst;
  return spillway_token_bucket_reconfigure_at(bucket, &options, inheritance, now, NULL);
}

TEST(each_inheritance_does_with_the_tokens_what_it_says) {
  static const struct {
    int32_t inheritance;
    int64_t tokens;
    int64_t owed;
  } cases[] = {
      {INHERITANCE(KEEP), 4, -4},
      {INHERITANCE(RESET), 20, 20},
      {INHERITANCE(PROPORTIONAL), 8, -8},
      {INHERITANCE(ADDITIVE), 14, 6},
  };
  size_t i = 0;
  for (; i < sizeof cases / sizeof *cases; ++i) {
    spillway_token_bucket* bucket = make_bucket(10, 10);
    CHECK_INT(take(bucket, 6, 0), SPILLWAY_ADMITTED);
    CHECK_INT(change_at(bucket, 5, 20, cases[i].inheritance, 0), SPILLWAY_OK);
    CHECK_INT(look_in(bucket, 0).tokens, cases[i].tokens);
    CHECK_INT(look_in(bucket, 0).burst, 20);
    CHECK(options_of(bucket).rate == 5);
    CHECK_INT(options_of(bucket).burst, 20);
    spillway_token_bucket_unref(bucket);

    bucket = make_bucket(10, 10);
    CHECK_INT(spillway_token_bucket_force_acquire_at(bucket, 14, 0), SPILLWAY_ADMITTED);
    CHECK_INT(change_at(bucket, 5, 20, cases[i].inheritance, 0), SPILLWAY_OK);
    CHECK_INT(look_in(bucket, 0).tokens, cases[i].owed);
    spillway_token_bucket_unref(bucket);
  }
}

TEST(reconfigure_changes_nothing_when_it_fails) {
  static const int32_t unknown[] = {-1, 4, INT32_MAX, INT32_MIN};
  spillway_token_bucket* bucket = make_bucket(10, 10);
  options_type options = options_of(bucket);
  spillway_error error = SPILLWAY_ERROR_INIT;
  size_t i = 0;
  options.rate = 20;
  for (; i < sizeof unknown / sizeof *unknown; ++i) {
    CHECK_INT(spillway_token_bucket_reconfigure_at(bucket, &options, unknown[i], 0, &error),
              SPILLWAY_E_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, "inheritance is ");
    CHECK_TEXT(error.message, "it must be one of keep (0), reset (1), ");
  }
  options.initial_tokens = 5;
  CHECK_INT(NOUN_RECONFIGURE(bucket, &options, &error), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "initial_tokens is 1000000000 and cannot change to 5");
  options = options_of(bucket);
  options.counted = 0;
  options.dry_run = 1;
  CHECK_INT(NOUN_RECONFIGURE(bucket, &options, &error), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "counted is true and cannot change to false");
  options.counted = 1;
  options.burst = 0;
  CHECK_INT(NOUN_RECONFIGURE(bucket, &options, NULL), SPILLWAY_E_INVALID_ARGUMENT);
  options = options_of(bucket);
  CHECK(options.rate == 10);
  CHECK_INT(options.burst, 10);
  CHECK_INT(options.dry_run, 0);
  CHECK_INT(look_in(bucket, 0).tokens, 10);
  spillway_token_bucket_unref(bucket);
}

TEST(a_bucket_that_warms_up_keeps_its_rate) {
  options_type options = good_options();
  spillway_token_bucket* bucket = make_good();
  spillway_error error = SPILLWAY_ERROR_INIT;
  options.rate = 20;
  CHECK_INT(NOUN_RECONFIGURE(bucket, &options, &error), SPILLWAY_E_UNSUPPORTED);
  CHECK_TEXT(error.message, "rate and burst cannot change in a bucket that warms up");
  options.rate = 10;
  options.cold_factor = 3;
  CHECK_INT(NOUN_RECONFIGURE(bucket, &options, &error), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "cold_factor is 2 and cannot change to 3");
  options.cold_factor = 2;
  options.dry_run = 0;
  CHECK_INT(NOUN_RECONFIGURE(bucket, &options, &error), SPILLWAY_OK);
  CHECK_INT(take(bucket, 7, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take(bucket, 1, 0), SPILLWAY_TOKEN_BUCKET_REJECTION_EXHAUSTED);
  CHECK_INT(change_at(bucket, 10, 7, INHERITANCE(RESET), 0), SPILLWAY_OK);
  CHECK_INT(take(bucket, 1, 0), SPILLWAY_ADMITTED);
  spillway_token_bucket_unref(bucket);
}

TEST(reconfigure_with_a_short_struct_keeps_the_rest) {
  spillway_token_bucket* bucket = make_bucket(10, 7);
  options_type options = defaults;
  options.rate = 3;
  options.struct_size = SPILLWAY_SIZE_TO_END(options_type, rate);
  CHECK_INT(spillway_token_bucket_reconfigure(bucket, &options, INHERITANCE(KEEP), NULL),
            SPILLWAY_OK);
  CHECK(options_of(bucket).rate == 3);
  CHECK_INT(options_of(bucket).burst, 7);
  spillway_token_bucket_unref(bucket);
}

TEST(a_dry_run_refuses_nothing_and_counts_what_it_would_have) {
  spillway_token_bucket* bucket = make_bucket(1, 1);
  options_type options = options_of(bucket);
  spillway_reservation reservation;
  options.dry_run = 1;
  CHECK_INT(NOUN_RECONFIGURE(bucket, &options, NULL), SPILLWAY_OK);
  CHECK_INT(take(bucket, 1, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take(bucket, 1, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take(bucket, 2, 0), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_token_bucket_acquire_up_to_at(bucket, 3, 0), 3);
  CHECK_INT(spillway_token_bucket_reserve_at(bucket, 1, 0, 0, &reservation, NULL),
            SPILLWAY_ADMITTED);
  CHECK_INT(reservation.n, 0);
  CHECK_INT(spillway_token_bucket_cancel_at(bucket, &reservation, 0), SPILLWAY_OK);
  CHECK_INT(look_in(bucket, 0).tokens, 0);
  CHECK_INT(look_in(bucket, 0).total_admitted, 1);
  CHECK_INT(look_in(bucket, 0).total_refused, 0);
  CHECK_INT(look_in(bucket, 0).total_dry_run, 4);
  spillway_token_bucket_unref(bucket);
}

TEST(what_is_not_counted_stays_zero) {
  options_type options = good_options();
  options.dry_run = 0;
  spillway_token_bucket* bucket = make_bucket_of(&options);
  CHECK_INT(take(bucket, 3, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take(bucket, 1, 0), REJECTION(EXHAUSTED));
  CHECK_INT(look_in(bucket, 0).total_admitted, 0);
  CHECK_INT(look_in(bucket, 0).total_refused, 0);
  spillway_token_bucket_unref(bucket);
}
