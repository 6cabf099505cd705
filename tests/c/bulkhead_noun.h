/* The checks that every noun has to pass, for the bulkhead. */
#ifndef SPILLWAY_TESTS_C_BULKHEAD_NOUN_H_
#define SPILLWAY_TESTS_C_BULKHEAD_NOUN_H_

#include "tests/support/generated/bulkhead_vectors.h"

#define NOUN bulkhead
#define NOUN_OPTIONS_INIT SPILLWAY_BULKHEAD_OPTIONS_INIT
#define NOUN_RECONFIGURE spillway_bulkhead_reconfigure

#include "noun_checks.h"

static inline options_type good_options(void) {
  options_type options = defaults;
  options.max_concurrent = 3;
  options.max_queue = 7;
  options.max_wait_ns = 1000000;
  options.normal_share = 0.75;
  options.sheddable_share = 0.25;
  options.counted = 0;
  return options;
}

#endif /* SPILLWAY_TESTS_C_BULKHEAD_NOUN_H_ */
