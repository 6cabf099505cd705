/* Making a breaker, changing it, letting it go; errors, and structs of every size. */
#include "breakers.h"
#include "circuit_breaker_noun.h"

/* ---- what every noun does */

#include "noun_tests.h"

/* ---- its own */

TEST(an_error_says_what_failed_and_is_cleared_by_what_does_not) {
  options_type options = defaults;
  spillway_error error = SPILLWAY_ERROR_INIT;
  spillway_circuit_breaker* breaker = NULL;
  options.failure_rate = 1.5;
  memset(error.message, 'x', sizeof error.message);
  CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 0, &options, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(error.code, SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "failure_rate is 1.5; it must be 0.0001 to 1");
  CHECK(memchr(error.message, 0, sizeof error.message) != NULL);
  CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 0, &options, NULL),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 0, &defaults, &error), SPILLWAY_OK);
  CHECK_INT(error.code, SPILLWAY_OK);
  CHECK_INT(error.message[0], '\0');
  spillway_circuit_breaker_unref(breaker);
}

TEST(reconfigure_keeps_the_state_and_the_window) {
  spillway_circuit_breaker* breaker = make(NULL);
  options_type options = options_of(breaker);
  spillway_error error = SPILLWAY_ERROR_INIT;
  call(breaker, SPILLWAY_OUTCOME_FAILURE, 0);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, 0);
  options.min_calls = 3;
  options.open_for_ns = SECOND;
  CHECK_INT(spillway_circuit_breaker_reconfigure(breaker, &options, &error), SPILLWAY_OK);
  CHECK_INT(options_of(breaker).min_calls, 3);
  CHECK_INT(look(breaker, 0).failures, 2);
  CHECK_INT(look(breaker, 0).generation, 0);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, 0);
  CHECK_INT(spillway_circuit_breaker_state(breaker), SPILLWAY_CIRCUIT_BREAKER_STATE_OPEN);
  spillway_circuit_breaker_unref(breaker);
}

TEST(reconfigure_changes_nothing_when_it_fails) {
  spillway_circuit_breaker* breaker = make(NULL);
  options_type options = options_of(breaker);
  spillway_error error = SPILLWAY_ERROR_INIT;
  options.min_calls = 3;
  options.buckets = 5;
  CHECK_INT(spillway_circuit_breaker_reconfigure(breaker, &options, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "buckets is 10 and cannot change to 5");
  options.buckets = 10;
  options.failure_rate = 2;
  CHECK_INT(spillway_circuit_breaker_reconfigure(breaker, &options, NULL),
            SPILLWAY_E_INVALID_ARGUMENT);
  options.failure_rate = 0.5;
  options.struct_size = 13;
  CHECK_INT(spillway_circuit_breaker_reconfigure(breaker, &options, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(options_of(breaker).min_calls, 20);
  CHECK_INT(options_of(breaker).buckets, 10);
  spillway_circuit_breaker_unref(breaker);
}

TEST(reconfigure_with_a_short_struct_keeps_the_rest) {
  options_type options = defaults;
  spillway_circuit_breaker* breaker = NULL;
  options.open_for_ns = 7 * SECOND;
  breaker = make(&options);
  options = defaults;
  options.min_calls = 9;
  options.struct_size = SPILLWAY_SIZE_TO_END(options_type, min_calls);
  CHECK_INT(spillway_circuit_breaker_reconfigure(breaker, &options, NULL), SPILLWAY_OK);
  CHECK_INT(options_of(breaker).min_calls, 9);
  CHECK_INT(options_of(breaker).open_for_ns, 7 * SECOND);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_seed_is_kept) {
  options_type options = defaults;
  spillway_circuit_breaker* breaker = NULL;
  options.seed = UINT64_MAX;
  breaker = make(&options);
  CHECK(options_of(breaker).seed == UINT64_MAX);
  spillway_circuit_breaker_unref(breaker);
}
