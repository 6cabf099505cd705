/* The options of a breaker: their defaults and their ranges. */
#include "breakers.h"
#include "circuit_breaker_noun.h"

TEST(null_options_are_the_defaults) {
  spillway_circuit_breaker* breaker = make(NULL);
  const options_type options = options_of(breaker);
  check_same(&options, &defaults, sizeof options);
  CHECK(options.seed != 0); /* It was drawn. */
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_duration_out_of_range_is_refused) {
  check_refused("window_ns", 0, "window is 0 s; it must be 0.001 s to 86400 s");
  check_refused("window_ns", -1e9, "window is -1 s");
  check_refused("window_ns", (double)INT64_MIN, "window is ");
  check_refused("window_ns", 86401e9, "window is 86401 s");
  check_refused("slow_call_ns", -1, "slow_call is ");
  check_refused("slow_call_ns", 86401e9, "slow_call is 86401 s");
  check_refused("open_for_ns", 0, "open_for is 0 s");
  check_refused("open_for_ns", 999999, "open_for is 0.000999999 s");
  check_refused("max_open_ns", 2592001e9, "max_open is 2592001 s");
  check_refused("probe_lease_ns", 0, "probe_lease is 0 s");
  check_refused("ramp_ns", 1, "ramp is ");
  check_refused("ramp_ns", -1, "ramp is ");
}

TEST(a_number_out_of_range_is_refused) {
  static const char* const fractions[] = {"failure_rate", "slow_rate"};
  size_t i = 0;
  for (; i < 2; ++i) {
    check_refused(fractions[i], 0, " is 0; it must be 0.0001 to 1");
    check_refused(fractions[i], -0.5, " is -0.5");
    check_refused(fractions[i], 1.5, " is 1.5");
    check_refused(fractions[i], (double)NAN, " is nan");
    check_refused(fractions[i], (double)INFINITY, " is inf");
  }
  check_refused("backoff", 0.5, "backoff is 0.5; it must be 1 to 100");
  check_refused("backoff", (double)NAN, "backoff is nan");
  check_refused("jitter", -0.1, "jitter is -0.1");
  check_refused("jitter", (double)-INFINITY, "jitter is -inf");
}

TEST(a_count_out_of_range_is_refused) {
  static const char* const counts[] = {"buckets",   "window_size", "window_failures",
                                       "min_calls", "probes",      "probes_in_flight"};
  size_t i = 0;
  for (; i < sizeof counts / sizeof *counts; ++i) {
    check_refused(counts[i], 0, counts[i]);
    check_refused(counts[i], -1, " is -1; it must be 1 to ");
    check_refused(counts[i], INT32_MIN, " is -2147483648");
    check_refused(counts[i], INT32_MAX, " is 2147483647");
  }
}

TEST(a_choice_or_flag_that_does_not_exist_is_refused) {
  check_refused("window_kind", 4, "window_kind is 4; it must be one of time (0), ");
  check_refused("window_kind", -1, "window_kind is -1");
  check_refused("initial_state", SPILLWAY_CIRCUIT_BREAKER_STATE_OPEN, "initial_state is ");
  check_refused("initial_state", 6, "initial_state is 6");
  check_refused("in_flight", 2, "in_flight is 2; it must be 0 or 1");
  check_refused("in_flight", -1, "in_flight is -1");
  check_refused("striped", INT32_MAX, "striped is 2147483647");
}

TEST(options_that_contradict_each_other_are_refused) {
  check_refused("max_open_ns", 1e9, "max_open is 1 s; it must be at least open_for, 7 s");
  check_refused("window_ns", 2e6, "window / buckets is 0.0004 s");
  options_type options = defaults;
  options.in_flight = 1;
  options.window_kind = SPILLWAY_WINDOW_KIND_COUNT;
  check_not_made(&options, SPILLWAY_E_INVALID_ARGUMENT,
                 "in_flight is true; it needs a time window");
}
