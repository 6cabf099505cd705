/* The checks that every noun has to pass, for the token bucket. */
#ifndef SPILLWAY_TESTS_C_TOKEN_BUCKET_NOUN_H_
#define SPILLWAY_TESTS_C_TOKEN_BUCKET_NOUN_H_

#include "tests/support/generated/token_bucket_vectors.h"

#define NOUN token_bucket
#define NOUN_OPTIONS_INIT SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT
#define NOUN_RECONFIGURE(bucket, options, error) \
  spillway_token_bucket_reconfigure_at(bucket, options, SPILLWAY_INHERITANCE_KEEP, 0, error)

#include "noun_checks.h"

static inline options_type good_options(void) {
  options_type options = defaults;
  options.rate = 10;
  options.burst = 7;
  options.initial_tokens = 8;
  options.dry_run = 1;
  options.counted = 0;
  options.warm_up_ns = 4000000000;
  options.cold_factor = 2;
  return options;
}

#endif /* SPILLWAY_TESTS_C_TOKEN_BUCKET_NOUN_H_ */
