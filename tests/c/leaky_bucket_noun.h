/* The checks that every noun has to pass, for the leaky bucket. */
#ifndef SPILLWAY_TESTS_C_LEAKY_BUCKET_NOUN_H_
#define SPILLWAY_TESTS_C_LEAKY_BUCKET_NOUN_H_

#include "tests/support/generated/leaky_bucket_vectors.h"

#define NOUN leaky_bucket
#define NOUN_OPTIONS_INIT SPILLWAY_LEAKY_BUCKET_OPTIONS_INIT
#define NOUN_RECONFIGURE(bucket, options, error) \
  spillway_leaky_bucket_reconfigure_at(bucket, options, SPILLWAY_INHERITANCE_KEEP, 0, error)

#include "noun_checks.h"

static inline options_type good_options(void) {
  options_type options = defaults;
  options.rate = 10;
  options.capacity = 6;
  options.free = 2;
  options.dry_run = 1;
  options.counted = 0;
  return options;
}

#endif /* SPILLWAY_TESTS_C_LEAKY_BUCKET_NOUN_H_ */
