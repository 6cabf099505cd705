/* What the library says of itself, and what its structs measure. */
#include <time.h>

#include "breakers.h"

TEST(the_version_is_that_of_the_build) {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned patch = 0;
  CHECK_INT(strcmp(spillway_version_string(), SPILLWAY_TEST_VERSION), 0);
  CHECK_INT(sscanf(spillway_version_string(), "%u.%u.%u", &major, &minor, &patch), 3);
  CHECK_INT(spillway_version_number(), major * 10000 + minor * 100 + patch);
  CHECK_INT(spillway_abi_version(), major);
}

TEST(each_status_has_a_name) {
  static const char* const names[] = {
      "ok",       "invalid_argument", "unsupported",      "no_memory",
      "internal", "misuse",           "buffer_too_short", "busy"};
  static const int32_t others[] = {1, -8, INT32_MAX, INT32_MIN};
  size_t i = 0;
  for (; i < sizeof names / sizeof *names; ++i) {
    CHECK_INT(strcmp(spillway_status_name(-(int32_t)i), names[i]), 0);
  }
  for (i = 0; i < sizeof others / sizeof *others; ++i) {
    CHECK_INT(strcmp(spillway_status_name(others[i]), "unknown"), 0);
  }
}

TEST(each_constant_has_a_name) {
  CHECK_TEXT(spillway_circuit_breaker_state_name(SPILLWAY_CIRCUIT_BREAKER_STATE_CLOSED), "closed");
  CHECK_TEXT(spillway_circuit_breaker_state_name(SPILLWAY_CIRCUIT_BREAKER_STATE_METRICS_ONLY),
             "metrics_only");
  CHECK_TEXT(spillway_circuit_breaker_state_name(6), "unknown");
  CHECK_TEXT(spillway_circuit_breaker_state_name(-1), "unknown");
  CHECK_TEXT(spillway_circuit_breaker_rejection_name(SPILLWAY_CIRCUIT_BREAKER_REJECTION_RAMP),
             "ramp");
  CHECK_TEXT(spillway_circuit_breaker_rejection_name(SPILLWAY_ADMITTED), "unknown");
  CHECK_TEXT(
      spillway_circuit_breaker_event_reason_name(SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_MANUAL),
      "manual");
  CHECK_TEXT(spillway_circuit_breaker_event_reason_name(INT32_MIN), "unknown");
  CHECK_TEXT(spillway_token_bucket_rejection_name(SPILLWAY_TOKEN_BUCKET_REJECTION_EXCEEDS_WAIT),
             "exceeds_wait");
  CHECK_TEXT(spillway_token_bucket_rejection_name(SPILLWAY_ADMITTED), "unknown");
}

TEST(the_clock_is_the_monotonic_one) {
  struct timespec before;
  struct timespec after;
  CHECK_INT(clock_gettime(CLOCK_MONOTONIC, &before), 0);
  const int64_t now = spillway_now_ns();
  CHECK_INT(clock_gettime(CLOCK_MONOTONIC, &after), 0);
  CHECK(before.tv_sec * SECOND + before.tv_nsec <= now);
  CHECK(now <= after.tv_sec * SECOND + after.tv_nsec);
}

/* What programs were compiled with must not move: structs grow at their end only. */
TEST(the_structs_are_laid_out_as_released) {
  typedef spillway_circuit_breaker_options options;
  typedef spillway_circuit_breaker_snapshot snapshot;
  typedef spillway_token_bucket_options bucket_options;
  typedef spillway_token_bucket_snapshot bucket_snapshot;
  CHECK_INT(sizeof(spillway_permit), 24);
  CHECK_INT(sizeof(spillway_acquire_result), 32);
  CHECK_INT(offsetof(spillway_acquire_result, retry_after_ns), 24);
  CHECK_INT(sizeof(spillway_event), 32);
  CHECK_INT(SPILLWAY_SIZE_TO_END(spillway_error, message), 268);
  CHECK_INT(SPILLWAY_SIZE_TO_END(spillway_event_batch, generation), 52);
  CHECK_INT(SPILLWAY_SIZE_TO_END(options, seed), 152);
  CHECK_INT(offsetof(options, failure_rate), 40);
  CHECK_INT(offsetof(options, probe_lease_ns), 120);
  CHECK_INT(SPILLWAY_SIZE_TO_END(snapshot, total_misused), 192);
  CHECK_INT(offsetof(snapshot, failure_rate), 40);
  CHECK_INT(offsetof(snapshot, total_successes), 120);
  CHECK_INT(sizeof(spillway_limit_status), 40);
  CHECK_INT(offsetof(spillway_limit_status, next_after_ns), 32);
  CHECK_INT(sizeof(spillway_reservation), 40);
  CHECK_INT(offsetof(spillway_reservation, opaque), 24);
  CHECK_INT(SPILLWAY_SIZE_TO_END(bucket_options, counted), 32);
  CHECK_INT(offsetof(bucket_options, burst), 16);
  CHECK_INT(SPILLWAY_SIZE_TO_END(bucket_snapshot, total_dry_run), 56);
  CHECK_INT(offsetof(bucket_snapshot, time_to_full_ns), 24);
}
