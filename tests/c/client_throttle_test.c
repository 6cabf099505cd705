/* The client throttle in C: its options, structs of every size, the calls and what can be wrong
 * with them. */
#include "client_throttle_noun.h"

/* ---- what every noun does */

#include "noun_tests.h"

/* ---- its options */

TEST(options_out_of_range_are_refused) {
  check_refused("window_ns", 0, "window is 0 s; it must be 0.012 s to 86400 s");
  check_refused("k", 0.5, "k is 0.5; it must be 1 to 1000");
  check_refused("k", (double)NAN, "k is nan");
  check_refused("critical_k", 1.25, "critical_k is 1.25; it must be at least k, 1.5");
  check_refused("sheddable_k", 1.75, "sheddable_k is 1.75; it must be at most k, 1.5");
  check_refused("min_calls", 0, "min_calls is 0");
  check_refused("max_rejection", 1.5, "max_rejection is 1.5");
  check_refused("dry_run", 2, "dry_run is 2; it must be 0 or 1");
}

TEST(a_seed_that_was_drawn_is_told_and_kept) {
  spillway_client_throttle* throttle = NULL;
  CHECK_INT(spillway_client_throttle_new(&throttle, NULL, 0, NULL, NULL), SPILLWAY_OK);
  options_type options = options_of(throttle);
  CHECK(options.seed != 0);
  options.k = 3;
  CHECK_INT(spillway_client_throttle_reconfigure(throttle, &options, NULL), SPILLWAY_OK);
  options.seed = 0;
  CHECK_INT(spillway_client_throttle_reconfigure(throttle, &options, NULL), SPILLWAY_OK);
  CHECK(options_of(throttle).k == 3);
  spillway_client_throttle_unref(throttle);
}

/* ---- the calls */

static int32_t ask(spillway_client_throttle* throttle, int32_t priority,
                   spillway_acquire_result* result) {
  memset(result, 0xaa, sizeof *result);
  return spillway_client_throttle_try_acquire_at(throttle, priority, 0, result);
}

TEST(calls_are_refused_when_few_are_accepted) {
  spillway_client_throttle* throttle = make_good();
  spillway_acquire_result result;
  int refused = 0;
  int i = 0;
  for (; i < 100; ++i) {
    const int32_t answer = ask(throttle, SPILLWAY_PRIORITY_NORMAL, &result);
    CHECK_INT(result.retry_after_ns, 0);
    CHECK_INT(result.permit.opaque[0] == 0, answer != SPILLWAY_ADMITTED);
    if (answer == SPILLWAY_ADMITTED) {
      CHECK_INT(
          spillway_client_throttle_settle_at(throttle, &result.permit, SPILLWAY_OUTCOME_FAILURE, 0),
          SPILLWAY_SETTLEMENT_COUNTED);
      CHECK_INT(result.permit.opaque[0], 0);
    } else {
      CHECK_INT(answer, SPILLWAY_CLIENT_THROTTLE_REJECTION_THROTTLED);
      ++refused;
    }
  }
  CHECK(refused > 40 && refused < 50);
  spillway_client_throttle_unref(throttle);
}

TEST(each_reason_has_a_name) {
  CHECK_TEXT(spillway_client_throttle_rejection_name(SPILLWAY_CLIENT_THROTTLE_REJECTION_THROTTLED),
             "throttled");
  CHECK_TEXT(spillway_client_throttle_rejection_name(SPILLWAY_ADMITTED), "unknown");
}

TEST(the_twins_read_the_clock) {
  spillway_client_throttle* throttle = make_good();
  spillway_acquire_result result;
  snapshot_type snapshot;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_client_throttle_try_acquire(throttle, SPILLWAY_PRIORITY_CRITICAL, &result),
            SPILLWAY_ADMITTED);
  CHECK_INT(spillway_client_throttle_settle(throttle, &result.permit, SPILLWAY_OUTCOME_SUCCESS),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(spillway_client_throttle_snapshot_at(throttle, spillway_now_ns(), &snapshot),
            SPILLWAY_OK);
  CHECK_INT(snapshot.accepts, 1);
  spillway_client_throttle_unref(throttle);
}

TEST(a_call_that_is_wrong_changes_nothing) {
  static const int32_t wrong[] = {-1, 3, INT32_MAX, INT32_MIN};
  spillway_client_throttle* throttle = make_good();
  spillway_acquire_result result;
  snapshot_type snapshot;
  size_t i = 0;
  snapshot.struct_size = sizeof snapshot;
  for (; i < sizeof wrong / sizeof *wrong; ++i) {
    CHECK_INT(ask(throttle, wrong[i], &result), SPILLWAY_E_MISUSE);
    CHECK_INT(result.permit.opaque[0] | result.permit.opaque[1] | result.permit.opaque[2], 0);
  }
  CHECK_INT(ask(NULL, 0, &result), SPILLWAY_E_MISUSE);
  CHECK_INT(result.permit.opaque[0], 0);
  CHECK_INT(spillway_client_throttle_try_acquire_at(throttle, 0, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_client_throttle_try_acquire(NULL, 0, &result), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_client_throttle_snapshot_at(throttle, 0, &snapshot), SPILLWAY_OK);
  CHECK_INT(snapshot.requests, 0);
  CHECK_INT(ask(throttle, 0, &result), SPILLWAY_ADMITTED);
  spillway_permit permit = result.permit;
  CHECK_INT(spillway_client_throttle_settle_at(throttle, &permit, 3, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_client_throttle_settle_at(throttle, NULL, 0, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_client_throttle_settle_at(NULL, &permit, 0, 0), SPILLWAY_E_MISUSE);
  CHECK(memcmp(&permit, &result.permit, sizeof permit) == 0);
  CHECK_INT(spillway_client_throttle_settle_at(throttle, &permit, 0, 0),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(spillway_client_throttle_settle_at(throttle, &permit, 0, 0), SPILLWAY_E_MISUSE);
  spillway_client_throttle_unref(throttle);
}

TEST(its_numbers_are_metrics) {
  spillway_client_throttle* throttle = make_good();
  spillway_metrics* metrics = NULL;
  spillway_acquire_result result;
  char text[8192];
  size_t length = 0;
  CHECK_INT(spillway_client_throttle_try_acquire_at(throttle, 0, 0, &result), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_metrics_new(&metrics, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_client_throttle(metrics, throttle, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_client_throttle(metrics, throttle, NULL),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_metrics_add_client_throttle(NULL, throttle, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_add_client_throttle(metrics, NULL, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_text_at(metrics, 0, text, sizeof text, &length), SPILLWAY_OK);
  CHECK_TEXT(text, "client_throttle_calls_total{name=\"test\",decision=\"admitted\"} 1\n");
  CHECK_TEXT(text,
             "client_throttle_throttled_calls_total{name=\"test\",priority=\"sheddable\"} 0\n");
  CHECK_TEXT(text, "client_throttle_window_calls{name=\"test\",kind=\"accepted\"} 0\n");
  CHECK_TEXT(text, "client_throttle_rejection_ratio{name=\"test\"} 0\n");
  CHECK_INT(spillway_metrics_remove_client_throttle(metrics, throttle), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_remove_client_throttle(metrics, throttle),
            SPILLWAY_E_INVALID_ARGUMENT);
  spillway_metrics_unref(metrics);
  spillway_client_throttle_unref(throttle);
}
