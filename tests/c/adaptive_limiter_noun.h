/* The checks that every noun has to pass, for the adaptive limiter. */
#ifndef SPILLWAY_TESTS_C_ADAPTIVE_LIMITER_NOUN_H_
#define SPILLWAY_TESTS_C_ADAPTIVE_LIMITER_NOUN_H_

#include "tests/support/generated/adaptive_limiter_vectors.h"

#define NOUN adaptive_limiter
#define NOUN_OPTIONS_INIT SPILLWAY_ADAPTIVE_LIMITER_OPTIONS_INIT
#define NOUN_RECONFIGURE(limiter, options, error) \
  spillway_adaptive_limiter_reconfigure(limiter, options, error)

#include "noun_checks.h"

static inline options_type good_options(void) {
  options_type options = defaults;
  options.algorithm = SPILLWAY_LIMIT_ALGORITHM_VEGAS;
  options.initial_limit = 4;
  options.min_limit = 3;
  options.max_limit = 50;
  options.window_ns = INT64_C(7000000000);
  options.tolerance = 2;
  options.smoothing = 0.5;
  options.drop_rate = 0.25;
  return options;
}

#endif /* SPILLWAY_TESTS_C_ADAPTIVE_LIMITER_NOUN_H_ */
