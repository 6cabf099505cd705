/* Making a breaker, changing it, letting it go; errors. */
#include "breakers.h"

typedef spillway_circuit_breaker_options options_type;

static const options_type defaults = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;

static options_type options_of(const spillway_circuit_breaker* breaker) {
  options_type options;
  options.struct_size = sizeof options;
  CHECK_INT(spillway_circuit_breaker_options_get(breaker, &options), SPILLWAY_OK);
  return options;
}

TEST(null_is_refused_where_something_must_be) {
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_error error = SPILLWAY_ERROR_INIT;
  options_type options = defaults;
  CHECK_INT(spillway_circuit_breaker_new(NULL, NULL, 0, NULL, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "out is NULL");
  CHECK_INT(spillway_circuit_breaker_reconfigure(NULL, &options, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "breaker is NULL");
  CHECK_INT(spillway_circuit_breaker_reconfigure(breaker, NULL, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "options is NULL");
  CHECK_INT(spillway_circuit_breaker_options_get(NULL, &options), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_options_get(breaker, NULL), SPILLWAY_E_MISUSE);
  CHECK(spillway_circuit_breaker_ref(NULL) == NULL);
  spillway_circuit_breaker_unref(NULL);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_name_is_kept_as_it_is) {
  static const char text[] = "a\0b";
  char name[256];
  size_t length = 99;
  spillway_circuit_breaker* breaker = NULL;
  CHECK_INT(spillway_circuit_breaker_new(&breaker, text, 3, NULL, NULL), SPILLWAY_OK);
  CHECK(memcmp(spillway_circuit_breaker_name(breaker, &length), text, sizeof text) == 0);
  CHECK_INT(length, 3);
  spillway_circuit_breaker_unref(breaker);
  CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 0, NULL, NULL), SPILLWAY_OK);
  CHECK_INT(*spillway_circuit_breaker_name(breaker, NULL), '\0');
  spillway_circuit_breaker_unref(breaker);
  memset(name, 'x', sizeof name);
  CHECK_INT(spillway_circuit_breaker_new(&breaker, name, 255, NULL, NULL), SPILLWAY_OK);
  CHECK_INT(strlen(spillway_circuit_breaker_name(breaker, &length)), 255);
  CHECK_INT(length, 255);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_name_that_cannot_be_is_refused) {
  static const size_t too_long[] = {256, 4096, SIZE_MAX};
  spillway_error error = SPILLWAY_ERROR_INIT;
  spillway_circuit_breaker* breaker = NULL;
  size_t length = 99;
  size_t i = 0;
  CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 1, NULL, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "name is NULL");
  for (; i < sizeof too_long / sizeof *too_long; ++i) {
    CHECK_INT(spillway_circuit_breaker_new(&breaker, "x", too_long[i], NULL, &error),
              SPILLWAY_E_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, "name has ");
  }
  CHECK(spillway_circuit_breaker_name(NULL, &length) == NULL);
  CHECK_INT(length, 0);
  CHECK(spillway_circuit_breaker_name(NULL, NULL) == NULL);
}

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

TEST(an_error_of_a_size_that_cannot_be_fails_the_call) {
  static const size_t sizes[] = {0, 8, 12, 267, 4097, SIZE_MAX};
  spillway_circuit_breaker* breaker = make(NULL);
  const options_type options = options_of(breaker);
  size_t i = 0;
  for (; i < sizeof sizes / sizeof *sizes; ++i) {
    spillway_circuit_breaker* other = breaker;
    spillway_error error = SPILLWAY_ERROR_INIT;
    error.struct_size = sizes[i];
    memset(error.message, 'x', sizeof error.message);
    CHECK_INT(spillway_circuit_breaker_new(&other, NULL, 0, NULL, &error), SPILLWAY_E_MISUSE);
    CHECK_INT(spillway_circuit_breaker_reconfigure(breaker, &options, &error), SPILLWAY_E_MISUSE);
    CHECK(other == NULL);
    CHECK(error.message[0] == 'x' && error.message[255] == 'x');
  }
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

TEST(options_get_fills_as_much_as_there_is) {
  spillway_circuit_breaker* breaker = make(NULL);
  options_type options;
  memset(&options, 0xaa, sizeof options);
  options.struct_size = SPILLWAY_SIZE_TO_END(options_type, buckets);
  CHECK_INT(spillway_circuit_breaker_options_get(breaker, &options), SPILLWAY_OK);
  CHECK_INT(options.struct_size, SPILLWAY_SIZE_TO_END(options_type, buckets));
  CHECK_INT(options.buckets, 10);
  CHECK_INT(options.window_size, (int32_t)0xaaaaaaaa);
  options.struct_size = 0;
  CHECK_INT(spillway_circuit_breaker_options_get(breaker, &options), SPILLWAY_E_MISUSE);
  options.struct_size = SIZE_MAX;
  CHECK_INT(spillway_circuit_breaker_options_get(breaker, &options), SPILLWAY_E_MISUSE);
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
