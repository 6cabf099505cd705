/* The checks that every noun has to pass, for the keyed limiter. */
#ifndef SPILLWAY_TESTS_C_KEYED_LIMITER_NOUN_H_
#define SPILLWAY_TESTS_C_KEYED_LIMITER_NOUN_H_

#include "tests/support/generated/keyed_limiter_vectors.h"

#define NOUN keyed_limiter
#define NOUN_OPTIONS_INIT SPILLWAY_KEYED_LIMITER_OPTIONS_INIT
#define NOUN_RECONFIGURE(limiter, options, error) \
  spillway_keyed_limiter_reconfigure(limiter, options, error)

#include "noun_checks.h"

static inline options_type good_options(void) {
  options_type options = defaults;
  options.rate = 10;
  options.burst = 7;
  options.max_keys = 100;
  options.when_full = SPILLWAY_KEYED_LIMITER_WHEN_FULL_REFUSE;
  options.seed = 5;
  options.dry_run = 1;
  options.counted = 0;
  return options;
}

#endif /* SPILLWAY_TESTS_C_KEYED_LIMITER_NOUN_H_ */
