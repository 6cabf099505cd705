/* The metrics of breakers and buckets as text. */
#include "breakers.h"
#include "buckets.h"

static spillway_metrics* make_metrics(void) {
  spillway_metrics* metrics = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  CHECK_INT(spillway_metrics_new(&metrics, &error), SPILLWAY_OK);
  if (metrics == NULL) exit(1);
  return metrics;
}

static spillway_circuit_breaker* make_named(const char* name,
                                            const spillway_circuit_breaker_options* options) {
  spillway_circuit_breaker* breaker = NULL;
  CHECK_INT(spillway_circuit_breaker_new(&breaker, name, strlen(name), options, NULL), SPILLWAY_OK);
  if (breaker == NULL) exit(1);
  return breaker;
}

static void calls(spillway_circuit_breaker* breaker, int count, int32_t outcome, int64_t start,
                  int64_t end) {
  for (; count > 0; --count) {
    spillway_permit permit = acquire(breaker, start);
    CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &permit, outcome, end),
              SPILLWAY_SETTLEMENT_COUNTED);
  }
}

/* Adds the breaker, which from then on belongs to the metrics alone. */
static void give(spillway_metrics* metrics, spillway_circuit_breaker* breaker) {
  spillway_error error = SPILLWAY_ERROR_INIT;
  CHECK_INT(spillway_metrics_add_circuit_breaker(metrics, breaker, &error), SPILLWAY_OK);
  CHECK_INT(error.code, SPILLWAY_OK);
  spillway_circuit_breaker_unref(breaker);
}

/* The text in memory of its own. */
static char* text_at(const spillway_metrics* metrics, int64_t now) {
  size_t length = 0;
  spillway_metrics_text_at(metrics, now, NULL, 0, &length);
  char* text = malloc(length + 1);
  if (text == NULL) exit(1);
  CHECK_INT(spillway_metrics_text_at(metrics, now, text, length + 1, &length), SPILLWAY_OK);
  CHECK_INT(strlen(text), length);
  return text;
}

static void add_closed(spillway_metrics* metrics) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  options.window_ns = 2 * SECOND;
  options.min_calls = 3;
  options.slow_call_ns = SECOND / 2;
  options.jitter = 0;
  spillway_circuit_breaker* breaker = make_named("payments", &options);
  calls(breaker, 5, SPILLWAY_OUTCOME_SUCCESS, 0, 0);
  calls(breaker, 4, SPILLWAY_OUTCOME_SUCCESS, 3 * SECOND, 3 * SECOND);
  calls(breaker, 3, SPILLWAY_OUTCOME_SUCCESS, 2 * SECOND, 3 * SECOND);
  calls(breaker, 2, SPILLWAY_OUTCOME_FAILURE, 3 * SECOND, 3 * SECOND);
  calls(breaker, 1, SPILLWAY_OUTCOME_FAILURE, 2 * SECOND, 3 * SECOND);
  calls(breaker, 1, SPILLWAY_OUTCOME_IGNORED, 3 * SECOND, 3 * SECOND);
  give(metrics, breaker);
}

static void add_open(spillway_metrics* metrics) {
  const spillway_circuit_breaker_options options = brittle_options();
  spillway_circuit_breaker* breaker = make_named("a \"b\" \\ c\nd \xC3\xA9", &options);
  spillway_acquire_result result;
  calls(breaker, 1, SPILLWAY_OUTCOME_FAILURE, SECOND, SECOND);
  CHECK_INT(spillway_circuit_breaker_try_acquire_at(breaker, SECOND, &result),
            SPILLWAY_CIRCUIT_BREAKER_REJECTION_OPEN);
  for (int i = 0; i < 2; ++i) {
    spillway_permit none = {{0, 0, 0}};
    CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &none, SPILLWAY_OUTCOME_SUCCESS, SECOND),
              SPILLWAY_E_MISUSE);
  }
  give(metrics, breaker);
}

static void add_half_open(spillway_metrics* metrics, int64_t now) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  options.failure_rate = 0.4;
  options.min_calls = 1;
  options.open_for_ns = SECOND;
  options.jitter = 0;
  options.probes = 5;
  options.probes_in_flight = 5;
  spillway_circuit_breaker* breaker = make_named("stock", &options);
  spillway_permit late[3];
  int i = 0;
  for (; i < 3; ++i) late[i] = acquire(breaker, 0);
  calls(breaker, 1, SPILLWAY_OUTCOME_FAILURE, 0, 0);
  for (i = 0; i < 3; ++i) {
    CHECK_INT(spillway_circuit_breaker_settle_at(breaker, &late[i], SPILLWAY_OUTCOME_SUCCESS, 0),
              SPILLWAY_SETTLEMENT_STALE);
  }
  acquire(breaker, SECOND); /* stays out */
  calls(breaker, 1, SPILLWAY_OUTCOME_SUCCESS, SECOND, SECOND);
  calls(breaker, 1, SPILLWAY_OUTCOME_FAILURE, SECOND, SECOND);
  calls(breaker, 2, SPILLWAY_OUTCOME_SUCCESS, SECOND, now);
  give(metrics, breaker);
}

/* tests/support/metrics_scenario.h says what the four breakers show. */
TEST(the_text_is_that_of_the_other_languages) {
  const int64_t now = 13 * SECOND / 4;
  static char expected[1 << 16];
  spillway_metrics* metrics = make_metrics();
  spillway_circuit_breaker* forced_open = make_named("search", NULL);
  FILE* file = fopen(SPILLWAY_TEST_METRICS, "rb");
  CHECK(file != NULL);
  if (file == NULL) return;
  const size_t size = fread(expected, 1, sizeof expected - 1, file);
  CHECK(size > 1000 && feof(file));
  fclose(file);

  add_closed(metrics);
  add_open(metrics);
  spillway_circuit_breaker_force_open_at(forced_open, 0);
  give(metrics, forced_open);
  add_half_open(metrics, now);
  char* text = text_at(metrics, now);
  CHECK(strcmp(text, expected) == 0);
  if (strcmp(text, expected) != 0) printf("%s", text);
  free(text);
  spillway_metrics_unref(metrics);
}

TEST(no_breakers_make_an_empty_text) {
  spillway_metrics* metrics = make_metrics();
  char buffer[4] = "abc";
  size_t length = 7;
  CHECK_INT(spillway_metrics_text(metrics, buffer, sizeof buffer, &length), SPILLWAY_OK);
  CHECK_INT(length, 0);
  CHECK_INT(buffer[0], 0);
  CHECK_INT(spillway_metrics_text(metrics, NULL, 0, &length), SPILLWAY_E_BUFFER_TOO_SHORT);
  CHECK_INT(length, 0);
  spillway_metrics_unref(metrics);
}

TEST(a_short_buffer_learns_the_length) {
  spillway_metrics* metrics = make_metrics();
  static char buffer[1 << 14];
  size_t length = 0;
  size_t needed = 0;
  give(metrics, make(NULL));
  CHECK_INT(spillway_metrics_text_at(metrics, 0, NULL, 0, &needed), SPILLWAY_E_BUFFER_TOO_SHORT);
  CHECK(needed > 1000 && needed < sizeof buffer);

  /* One byte short, for the zero: an empty text, and nothing behind it is touched. */
  memset(buffer, 'x', sizeof buffer);
  CHECK_INT(spillway_metrics_text_at(metrics, 0, buffer, needed, &length),
            SPILLWAY_E_BUFFER_TOO_SHORT);
  CHECK_INT(length, needed);
  CHECK_INT(buffer[0], 0);
  CHECK_INT(buffer[1], 'x');

  CHECK_INT(spillway_metrics_text_at(metrics, 0, buffer, needed + 1, &length), SPILLWAY_OK);
  CHECK_INT(length, needed);
  CHECK_INT(strlen(buffer), needed);
  CHECK_INT(buffer[needed + 1], 'x');
  spillway_metrics_unref(metrics);
}

TEST(the_text_of_now_reads_the_clock) {
  spillway_metrics* metrics = make_metrics();
  spillway_circuit_breaker* breaker = make_brittle();
  static char buffer[1 << 14];
  size_t length = 0;
  call(breaker, SPILLWAY_OUTCOME_FAILURE, 0); /* open until 5 s after the clock's beginning */
  give(metrics, breaker);
  CHECK_INT(spillway_metrics_text_at(metrics, SECOND, buffer, sizeof buffer, &length), SPILLWAY_OK);
  CHECK_TEXT(buffer, "time_to_half_open_seconds{name=\"test\"} 4\n");
  CHECK(spillway_now_ns() > 5 * SECOND);
  CHECK_INT(spillway_metrics_text(metrics, buffer, sizeof buffer, &length), SPILLWAY_OK);
  CHECK_TEXT(buffer, "time_to_half_open_seconds{name=\"test\"} 0\n");
  spillway_metrics_unref(metrics);
}

TEST(a_name_is_there_once) {
  spillway_metrics* metrics = make_metrics();
  spillway_circuit_breaker* first = make(NULL);
  spillway_circuit_breaker* second = make(NULL);
  spillway_error error = SPILLWAY_ERROR_INIT;
  CHECK_INT(spillway_metrics_add_circuit_breaker(metrics, first, &error), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_circuit_breaker(metrics, second, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "name is \"test\"");
  CHECK_INT(spillway_metrics_remove_circuit_breaker(metrics, second), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_metrics_remove_circuit_breaker(metrics, first), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_remove_circuit_breaker(metrics, first), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_metrics_add_circuit_breaker(metrics, second, NULL), SPILLWAY_OK);
  spillway_circuit_breaker_unref(first);
  spillway_circuit_breaker_unref(second);
  spillway_metrics_unref(metrics);
}

TEST(a_breaker_without_a_name_is_refused) {
  spillway_metrics* metrics = make_metrics();
  spillway_circuit_breaker* breaker = make_named("", NULL);
  spillway_error error = SPILLWAY_ERROR_INIT;
  CHECK_INT(spillway_metrics_add_circuit_breaker(metrics, breaker, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "no name");
  spillway_circuit_breaker_unref(breaker);
  spillway_metrics_unref(metrics);
}

/* Under AddressSanitizer a lost or a doubled reference is an error. */
TEST(a_set_shares_its_breakers_and_is_counted_itself) {
  spillway_metrics* metrics = make_metrics();
  spillway_circuit_breaker* breaker = make(NULL);
  CHECK(spillway_metrics_ref(metrics) == metrics);
  spillway_metrics_unref(metrics);
  CHECK_INT(spillway_metrics_add_circuit_breaker(metrics, breaker, NULL), SPILLWAY_OK);
  spillway_circuit_breaker_unref(breaker);
  char* text = text_at(metrics, 0);
  CHECK_TEXT(text, "state{name=\"test\",state=\"closed\"} 1\n");
  free(text);
  CHECK_INT(spillway_metrics_remove_circuit_breaker(metrics, breaker), SPILLWAY_OK);
  text = text_at(metrics, 0);
  CHECK_INT(strlen(text), 0);
  free(text);
  give(metrics, make(NULL));
  spillway_metrics_unref(metrics);
  spillway_metrics_unref(NULL);
  CHECK(spillway_metrics_ref(NULL) == NULL);
}

TEST(what_must_be_there_is_asked_for) {
  spillway_metrics* metrics = make_metrics();
  spillway_circuit_breaker* breaker = make(NULL);
  spillway_error error = SPILLWAY_ERROR_INIT;
  size_t length = 1;
  CHECK_INT(spillway_metrics_new(NULL, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "out is NULL");
  CHECK_INT(spillway_metrics_add_circuit_breaker(NULL, breaker, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "metrics is NULL");
  CHECK_INT(spillway_metrics_add_circuit_breaker(metrics, NULL, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "NULL");
  CHECK_INT(spillway_metrics_remove_circuit_breaker(NULL, breaker), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_remove_circuit_breaker(metrics, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_text(metrics, NULL, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_text(metrics, NULL, 1, &length), SPILLWAY_E_MISUSE);
  CHECK_INT(length, 0);
  length = 1;
  CHECK_INT(spillway_metrics_text(NULL, NULL, 0, &length), SPILLWAY_E_MISUSE);
  CHECK_INT(length, 0);
  error.struct_size = 1;
  CHECK_INT(spillway_metrics_add_circuit_breaker(metrics, breaker, &error), SPILLWAY_E_MISUSE);
  spillway_circuit_breaker_unref(breaker);
  spillway_metrics_unref(metrics);
}

TEST(a_bucket_is_shown_beside_the_breaker_of_its_name) {
  spillway_metrics* metrics = make_metrics();
  spillway_token_bucket* bucket = make_bucket(10, 5);
  spillway_token_bucket* second = make_bucket(10, 5);
  spillway_error error = SPILLWAY_ERROR_INIT;
  give(metrics, make(NULL));
  CHECK_INT(spillway_metrics_add_token_bucket(metrics, bucket, &error), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_token_bucket(metrics, second, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "name is \"test\"");
  CHECK_INT(take(bucket, 4, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take(bucket, 4, 0), SPILLWAY_TOKEN_BUCKET_REJECTION_EXHAUSTED);
  CHECK_INT(take(bucket, 6, 0), SPILLWAY_TOKEN_BUCKET_REJECTION_EXCEEDS_BURST);
  char* text = text_at(metrics, SECOND / 10);
  CHECK_TEXT(text, "circuit_breaker_state{name=\"test\",state=\"closed\"} 1\n");
  CHECK_TEXT(text, "token_bucket_calls_total{name=\"test\",decision=\"admitted\"} 1\n");
  CHECK_TEXT(text, "token_bucket_calls_total{name=\"test\",decision=\"refused\"} 2\n");
  CHECK_TEXT(text, "token_bucket_calls_total{name=\"test\",decision=\"dry_run\"} 0\n");
  CHECK_TEXT(text, "token_bucket_tokens{name=\"test\"} 2\n");
  CHECK_TEXT(text, "token_bucket_burst{name=\"test\"} 5\n");
  CHECK_TEXT(text, "token_bucket_time_to_full_seconds{name=\"test\"} 0.3\n");
  free(text);
  CHECK_INT(spillway_metrics_remove_token_bucket(metrics, second), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_metrics_remove_token_bucket(metrics, bucket), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_token_bucket(metrics, second, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_token_bucket(NULL, bucket, &error), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_add_token_bucket(metrics, NULL, &error), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_remove_token_bucket(NULL, bucket), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_metrics_remove_token_bucket(metrics, NULL), SPILLWAY_E_MISUSE);
  spillway_token_bucket_unref(bucket);
  spillway_token_bucket_unref(second);
  spillway_metrics_unref(metrics);
}
