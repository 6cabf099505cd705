/* The adaptive limiter in C: its options, structs of every size, the calls and what can be wrong
 * with them. */
#include "adaptive_limiter_noun.h"

/* ---- what every noun does */

#include "noun_tests.h"

/* ---- its options */

TEST(options_out_of_range_are_refused) {
  check_refused("algorithm", 3, "algorithm is 3; it must be one of gradient (0), vegas (1)");
  check_refused("initial_limit", 0, "initial_limit is 0; it must be 1 to 100000");
  check_refused("initial_limit", 2, "initial_limit is 2; it must be from min_limit to max_limit");
  check_refused("initial_limit", 51, "3 to 50");
  check_refused("min_limit", -1, "min_limit is -1");
  check_refused("max_limit", 2, "max_limit is 2; it must be at least min_limit, 3 to 100000");
  check_refused("window_ns", 1, "window is ");
  check_refused("tolerance", (double)NAN, "tolerance is nan");
  check_refused("smoothing", 0, "smoothing is 0");
  check_refused("drop_rate", 1.5, "drop_rate is 1.5");
  check_refused("dry_run", 2, "dry_run is 2; it must be 0 or 1");
}

TEST(reconfigure_changes_nothing_when_it_fails) {
  spillway_adaptive_limiter* limiter = make_good();
  const options_type before = options_of(limiter);
  options_type options = before;
  spillway_error error = SPILLWAY_ERROR_INIT;
  options.tolerance = 3;
  options.algorithm = SPILLWAY_LIMIT_ALGORITHM_AIMD;
  CHECK_INT(spillway_adaptive_limiter_reconfigure(limiter, &options, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "algorithm is vegas (1) and cannot change to aimd (2)");
  options = options_of(limiter);
  check_same(&options, &before, sizeof options);
  spillway_adaptive_limiter_unref(limiter);
}

/* ---- the calls */

static snapshot_type look(spillway_adaptive_limiter* limiter) {
  snapshot_type snapshot;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_adaptive_limiter_snapshot_at(limiter, 0, &snapshot), SPILLWAY_OK);
  return snapshot;
}

TEST(as_many_calls_are_in_flight_as_the_limit_says) {
  spillway_adaptive_limiter* limiter = make_good();
  spillway_acquire_result results[5];
  int i = 0;
  for (; i < 5; ++i) {
    memset(&results[i], 0xaa, sizeof results[i]);
    CHECK_INT(spillway_adaptive_limiter_try_acquire_at(limiter, 0, &results[i]),
              i < 4 ? SPILLWAY_ADMITTED : SPILLWAY_ADAPTIVE_LIMITER_REJECTION_LIMITED);
    CHECK_INT(results[i].retry_after_ns, 0);
  }
  CHECK_INT(results[4].permit.opaque[0], 0);
  for (i = 0; i < 4; ++i)
    CHECK_INT(spillway_adaptive_limiter_settle_at(limiter, &results[i].permit, i % 3, SECOND),
              SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(look(limiter).in_flight, 0);
  CHECK_INT(look(limiter).limit, 4);
  CHECK_INT(look(limiter).total_refused, 1);
  spillway_adaptive_limiter_unref(limiter);
}

TEST(each_reason_has_a_name) {
  CHECK_TEXT(spillway_adaptive_limiter_rejection_name(SPILLWAY_ADAPTIVE_LIMITER_REJECTION_LIMITED),
             "limited");
  CHECK_TEXT(spillway_adaptive_limiter_rejection_name(SPILLWAY_ADMITTED), "unknown");
}

TEST(the_twins_read_the_clock) {
  spillway_adaptive_limiter* limiter = make_good();
  spillway_acquire_result result;
  CHECK_INT(spillway_adaptive_limiter_try_acquire(limiter, &result), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_adaptive_limiter_settle(limiter, &result.permit, SPILLWAY_OUTCOME_SUCCESS),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(look(limiter).total_succeeded, 1);
  spillway_adaptive_limiter_unref(limiter);
}

TEST(a_call_that_is_wrong_changes_nothing) {
  spillway_adaptive_limiter* limiter = make_good();
  spillway_acquire_result result;
  CHECK_INT(spillway_adaptive_limiter_try_acquire_at(NULL, 0, &result), SPILLWAY_E_MISUSE);
  CHECK_INT(result.permit.opaque[0], 0);
  CHECK_INT(spillway_adaptive_limiter_try_acquire_at(limiter, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_adaptive_limiter_try_acquire(NULL, &result), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_adaptive_limiter_try_acquire_at(limiter, 0, &result), SPILLWAY_ADMITTED);
  spillway_permit permit = result.permit;
  CHECK_INT(spillway_adaptive_limiter_settle_at(limiter, &permit, 3, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_adaptive_limiter_settle_at(limiter, NULL, 0, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_adaptive_limiter_settle_at(NULL, &permit, 0, 0), SPILLWAY_E_MISUSE);
  CHECK(memcmp(&permit, &result.permit, sizeof permit) == 0);
  CHECK_INT(look(limiter).in_flight, 1);
  CHECK_INT(spillway_adaptive_limiter_settle_at(limiter, &permit, 0, 0),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(spillway_adaptive_limiter_settle_at(limiter, &permit, 0, 0), SPILLWAY_E_MISUSE);
  /* A raw copy: nobody's place is given back twice. */
  CHECK_INT(spillway_adaptive_limiter_settle_at(limiter, &result.permit, 0, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(look(limiter).in_flight, 0);
  spillway_adaptive_limiter_unref(limiter);
}

TEST(its_numbers_are_metrics) {
  spillway_adaptive_limiter* limiter = make_good();
  spillway_metrics* metrics = NULL;
  spillway_acquire_result result;
  char text[8192];
  size_t length = 0;
  CHECK_INT(spillway_adaptive_limiter_try_acquire_at(limiter, 0, &result), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_metrics_new(&metrics, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_adaptive_limiter(metrics, limiter, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_adaptive_limiter(metrics, limiter, NULL),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_metrics_add_adaptive_limiter(NULL, limiter, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_add_adaptive_limiter(metrics, NULL, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_text_at(metrics, 0, text, sizeof text, &length), SPILLWAY_OK);
  CHECK_TEXT(text, "adaptive_limiter_calls_total{name=\"test\",decision=\"admitted\"} 1\n");
  CHECK_TEXT(text, "adaptive_limiter_limit{name=\"test\"} 4\n");
  CHECK_TEXT(text, "adaptive_limiter_in_flight{name=\"test\"} 1\n");
  CHECK_TEXT(text, "adaptive_limiter_baseline_seconds{name=\"test\"} 0\n");
  CHECK_INT(spillway_metrics_remove_adaptive_limiter(metrics, limiter), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_remove_adaptive_limiter(metrics, limiter),
            SPILLWAY_E_INVALID_ARGUMENT);
  spillway_metrics_unref(metrics);
  spillway_adaptive_limiter_unref(limiter);
}
