/* Asking, telling, and everything that can be wrong with either. This file is also compiled as C11
 * and as C++20. */
#include "breakers.h"

TEST(a_call_is_admitted_and_counted) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_acquire_result result;
  memset(&result, 0xaa, sizeof result);
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, SECOND, &result), SPILLWAY_ADMITTED);
  CHECK(!is_empty(&result.permit));
  CHECK_INT(result.retry_after_ns, 0);
  CHECK_INT(
      spillway_circuit_breaker_settle_at(breaker, &result.permit, SPILLWAY_OUTCOME_SUCCESS, SECOND),
      SPILLWAY_SETTLEMENT_COUNTED);
  CHECK(is_empty(&result.permit));
  call(breaker, SPILLWAY_OUTCOME_FAILURE, SECOND);
  const spillway_circuit_breaker_snapshot snapshot = look(breaker, SECOND);
  CHECK_INT(snapshot.successes, 1);
  CHECK_INT(snapshot.failures, 1);
  CHECK_INT(snapshot.total_misused, 0);
  spillway_circuit_breaker_unref(breaker);
}

TEST(an_ignored_call_gives_its_permit_back) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_permit permit = acquire(breaker, 0);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_IGNORED, 0),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK(is_empty(&permit));
  const spillway_circuit_breaker_snapshot snapshot = look(breaker, 0);
  CHECK_INT(snapshot.total_ignored, 1);
  CHECK_INT(snapshot.successes + snapshot.failures, 0);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_refusal_says_why_and_how_long) {
  spillway_circuit_breaker* breaker = make_brittle();
  spillway_acquire_result result;
  call(breaker, SPILLWAY_OUTCOME_FAILURE, SECOND);
  memset(&result, 0xaa, sizeof result);
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, 3 * SECOND, &result),
            SPILLWAY_CIRCUIT_BREAKER_REJECTION_OPEN);
  CHECK(is_empty(&result.permit));
  CHECK_INT(result.retry_after_ns, 3 * SECOND);
  /* The open time ends at 6 s, to the nanosecond. */
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, 6 * SECOND - 1, &result),
            SPILLWAY_CIRCUIT_BREAKER_REJECTION_OPEN);
  CHECK_INT(result.retry_after_ns, 1);
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, 6 * SECOND, &result),
            SPILLWAY_ADMITTED);
  /* The one probe is out. */
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, 6 * SECOND, &result),
            SPILLWAY_CIRCUIT_BREAKER_REJECTION_HALF_OPEN);
  CHECK(is_empty(&result.permit));
  CHECK_INT(result.retry_after_ns, 5 * SECOND);
  CHECK_INT(look(breaker, 6 * SECOND).total_rejected, 3);
  spillway_circuit_breaker_unref(breaker);
}

TEST(null_is_refused_where_something_must_be) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_acquire_result result;
  spillway_permit permit = acquire(breaker, 0);
  memset(&result, 0xaa, sizeof result);
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(NULL, 0, &result), SPILLWAY_E_MISUSE);
  CHECK(is_empty(&result.permit) && result.retry_after_ns == 0);
  memset(&result, 0xaa, sizeof result);
  CHECK_INT(spillway_circuit_breaker_try_acquire(NULL, &result), SPILLWAY_E_MISUSE);
  CHECK(is_empty(&result.permit) && result.retry_after_ns == 0);
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_try_acquire(breaker, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(NULL, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_settle_at(NULL, &permit, 0, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_settle(NULL, &permit, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, NULL, 0, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_settle(breaker, NULL, 0), SPILLWAY_E_MISUSE);
  CHECK(!is_empty(&permit));
  spillway_circuit_breaker_unref(breaker);
}

TEST(an_empty_permit_settles_nothing) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_permit permit = {{0, 0, 0}};
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_FAILURE, 0),
            SPILLWAY_E_MISUSE);
  /* Settled a second time. */
  permit = acquire(breaker, 0);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_FAILURE, 0),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_FAILURE, 0),
            SPILLWAY_E_MISUSE);
  CHECK_INT(look(breaker, 0).failures, 1);
  CHECK_INT(look(breaker, 0).total_misused, 2);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_foreign_permit_is_left_for_its_owner) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_circuit_breaker* owner = make(NULL);
  spillway_permit permit = acquire(owner, 0);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_FAILURE, 0),
            SPILLWAY_E_MISUSE);
  CHECK_INT(look(breaker, 0).failures, 0);
  CHECK_INT(look(breaker, 0).total_misused, 1);
  CHECK_INT(spillway_circuit_breaker_settle_at(owner, &permit, SPILLWAY_OUTCOME_FAILURE, 0),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(look(owner, 0).failures, 1);
  CHECK_INT(look(owner, 0).total_misused, 0);
  spillway_circuit_breaker_unref(owner);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_permit_outlives_its_breaker_harmlessly) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_circuit_breaker* gone = make(NULL);
  spillway_permit permit = acquire(gone, 0);
  spillway_circuit_breaker_unref(gone);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_FAILURE, 0),
            SPILLWAY_E_MISUSE);
  CHECK_INT(look(breaker, 0).failures, 0);
  spillway_circuit_breaker_unref(breaker);
}

TEST(an_unknown_outcome_leaves_the_permit) {
  static const int32_t unknown[] = {-1, 3, INT32_MAX, INT32_MIN};
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_permit permit = acquire(breaker, 0);
  size_t i = 0;
  for (; i < sizeof unknown / sizeof *unknown; ++i) {
    CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, unknown[i], 0),
              SPILLWAY_E_MISUSE);
  }
  CHECK_INT(look(breaker, 0).total_misused, 4);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_SUCCESS, 0),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(look(breaker, 0).successes, 1);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_garbage_permit_settles_nothing) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_permit permit;
  memset(&permit, 0xff, sizeof permit);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_FAILURE, 0),
            SPILLWAY_E_MISUSE);
  /* The right owner with another generation. */
  permit = acquire(breaker, 0);
  permit.opaque[2] = ~permit.opaque[2];
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_FAILURE, 0),
            SPILLWAY_SETTLEMENT_STALE);
  CHECK_INT(look(breaker, 0).failures, 0);
  spillway_circuit_breaker_unref(breaker);
}

/* Settles a permit with each of its bits flipped in turn. Those that still look right, because only
 * their time is another, count as what they look like; nothing else may. */
static void settle_flipped(const spillway_circuit_breaker_options* options) {
  spillway_circuit_breaker* breaker = make(options);
  const spillway_permit good = acquire(breaker, SECOND);
  uint64_t counted = 0;
  int bit = 0;
  for (; bit < 192; ++bit) {
    spillway_permit bad = good;
    bad.opaque[bit / 64] ^= UINT64_C(1) << (bit % 64);
    counted += spillway_circuit_breaker_settle_at(breaker, &bad, SPILLWAY_OUTCOME_SUCCESS,
                                                  2 * SECOND) == SPILLWAY_SETTLEMENT_COUNTED;
  }
  const spillway_circuit_breaker_snapshot snapshot = look(breaker, 2 * SECOND);
  CHECK_INT(snapshot.total_successes + snapshot.total_slow_successes, counted);
  CHECK_INT(snapshot.total_stale + snapshot.total_misused, 192 - counted);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_permit_with_any_bit_flipped_harms_nothing) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  settle_flipped(&options);
  options.striped = 1;
  settle_flipped(&options);
  options.in_flight = 1;
  settle_flipped(&options);
  options.striped = 0;
  settle_flipped(&options);
  options.in_flight = 0;
  options.window_kind = SPILLWAY_WINDOW_KIND_COUNT;
  settle_flipped(&options);
  options.window_kind = SPILLWAY_WINDOW_KIND_CONSECUTIVE;
  settle_flipped(&options);
}

TEST(a_copy_of_a_permit_miscounts_and_harms_nothing) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_permit permit = acquire(breaker, 0);
  spillway_permit copy = permit;
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_SUCCESS, 0),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &copy, SPILLWAY_OUTCOME_SUCCESS, 0),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(look(breaker, 0).successes, 2);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_copy_of_a_probe_decides_nothing_more) {
  spillway_circuit_breaker_options options = brittle_options();
  spillway_circuit_breaker* breaker = NULL;
  spillway_permit permit;
  spillway_permit copy;
  options.probes = 3;
  breaker = make(&options);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, 0);
  permit = acquire(breaker, 5 * SECOND);
  copy = permit;
  CHECK_INT(
      spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_SUCCESS, 5 * SECOND),
      SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(
      spillway_circuit_breaker_settle_at(breaker, &copy, SPILLWAY_OUTCOME_SUCCESS, 5 * SECOND),
      SPILLWAY_E_MISUSE);
  CHECK_INT(look(breaker, 5 * SECOND).probes_done, 1);
  CHECK_INT(spillway_circuit_breaker_state(breaker), SPILLWAY_CIRCUIT_BREAKER_STATE_HALF_OPEN);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_stale_permit_changes_only_a_counter) {
  spillway_circuit_breaker* breaker = make_brittle();
  spillway_permit early = acquire(breaker, 0);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, SECOND);
  CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &early, SPILLWAY_OUTCOME_SUCCESS, SECOND),
            SPILLWAY_SETTLEMENT_STALE);
  CHECK(is_empty(&early));
  CHECK_INT(look(breaker, SECOND).state, SPILLWAY_CIRCUIT_BREAKER_STATE_OPEN);
  CHECK_INT(look(breaker, SECOND).total_stale, 1);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_permit_that_is_dropped_holds_nobody_up) {
  spillway_circuit_breaker* breaker = make_brittle();
  spillway_permit lost;
  call(breaker, SPILLWAY_OUTCOME_FAILURE, 0);
  lost = acquire(breaker, 5 * SECOND);
  /* After its lease another probe takes its place, and closes the breaker. */
  call(breaker, SPILLWAY_OUTCOME_SUCCESS, 35 * SECOND);
  CHECK_INT(spillway_circuit_breaker_state(breaker), SPILLWAY_CIRCUIT_BREAKER_STATE_CLOSED);
  CHECK_INT(
      spillway_circuit_breaker_settle_at(breaker, &lost, SPILLWAY_OUTCOME_FAILURE, 35 * SECOND),
      SPILLWAY_SETTLEMENT_STALE);
  CHECK_INT(spillway_circuit_breaker_state(breaker), SPILLWAY_CIRCUIT_BREAKER_STATE_CLOSED);
  spillway_circuit_breaker_unref(breaker);
}

TEST(time_may_run_backwards) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_permit permit = acquire(breaker, 100 * SECOND);
  CHECK_INT(
      spillway_circuit_breaker_settle_at(breaker, &permit, SPILLWAY_OUTCOME_SUCCESS, 10 * SECOND),
      SPILLWAY_SETTLEMENT_COUNTED);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, 100 * SECOND);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, 50 * SECOND);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, INT64_MIN);
  CHECK_INT(look(breaker, 100 * SECOND).failures, 3);
  CHECK_INT(look(breaker, 0).failures, 3);
  CHECK_INT(look(breaker, 0).slow_successes + look(breaker, 0).slow_failures, 0);
  spillway_circuit_breaker_unref(breaker);
}

TEST(time_may_jump_by_centuries) {
  spillway_circuit_breaker* breaker = make_brittle();
  spillway_acquire_result result;
  call(breaker, SPILLWAY_OUTCOME_SUCCESS, 0);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, INT64_MAX - SECOND);
  /* The open time saturates: it ends with time itself. */
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, INT64_MAX - 1, &result),
            SPILLWAY_CIRCUIT_BREAKER_REJECTION_OPEN);
  CHECK_INT(result.retry_after_ns, 1);
  /* Back at the beginning it is still open, and never asks for more than there is. */
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, -1, &result),
            SPILLWAY_CIRCUIT_BREAKER_REJECTION_OPEN);
  CHECK_INT(result.retry_after_ns, INT64_MAX);
  CHECK_INT(look(breaker, INT64_MAX).time_to_half_open_ns, 0);
  spillway_circuit_breaker_unref(breaker);
}

TEST(the_twins_without_time_read_the_clock) {
  spillway_circuit_breaker* breaker = make_brittle();
  spillway_acquire_result result;
  const int64_t before = spillway_now_ns();
  CHECK_INT(spillway_circuit_breaker_try_acquire(breaker, &result), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_circuit_breaker_settle(breaker, &result.permit, SPILLWAY_OUTCOME_FAILURE),
            SPILLWAY_SETTLEMENT_COUNTED);
  CHECK(is_empty(&result.permit));
  const int64_t after = spillway_now_ns();
  const int64_t since = look(breaker, after).since_ns;
  CHECK(before <= since && since <= after);
  /* A test that is stopped for 5 s between two lines is asked again as a probe. */
  if (spillway_circuit_breaker_try_acquire(breaker, &result) != SPILLWAY_ADMITTED) {
    CHECK(result.retry_after_ns > 0 && result.retry_after_ns <= 5 * SECOND);
  } else {
    CHECK(spillway_now_ns() - since >= 5 * SECOND);
  }
  spillway_circuit_breaker_unref(breaker);
}
