/* The checks that every noun has to pass, for the sliding window limiter. */
#ifndef SPILLWAY_TESTS_C_SLIDING_WINDOW_LIMITER_NOUN_H_
#define SPILLWAY_TESTS_C_SLIDING_WINDOW_LIMITER_NOUN_H_

#include "tests/support/generated/sliding_window_limiter_vectors.h"

#define NOUN sliding_window_limiter
#define NOUN_OPTIONS_INIT SPILLWAY_SLIDING_WINDOW_LIMITER_OPTIONS_INIT
#define NOUN_RECONFIGURE(limiter, options, error) \
  spillway_sliding_window_limiter_reconfigure(limiter, options, error)

#include "noun_checks.h"

static inline options_type good_options(void) {
  options_type options = defaults;
  options.limit = 3;
  options.per_ns = SECOND;
  options.second_limit = 5;
  options.second_per_ns = 10 * SECOND;
  options.third_limit = 9;
  options.third_per_ns = 60 * SECOND;
  options.dry_run = 1;
  options.counted = 0;
  return options;
}

#endif /* SPILLWAY_TESTS_C_SLIDING_WINDOW_LIMITER_NOUN_H_ */
