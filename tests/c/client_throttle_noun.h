/* The checks that every noun has to pass, for the client throttle. */
#ifndef SPILLWAY_TESTS_C_CLIENT_THROTTLE_NOUN_H_
#define SPILLWAY_TESTS_C_CLIENT_THROTTLE_NOUN_H_

#include "tests/support/generated/client_throttle_vectors.h"

#define NOUN client_throttle
#define NOUN_OPTIONS_INIT SPILLWAY_CLIENT_THROTTLE_OPTIONS_INIT
#define NOUN_RECONFIGURE(throttle, options, error) \
  spillway_client_throttle_reconfigure(throttle, options, error)

#include "noun_checks.h"

static inline options_type good_options(void) {
  options_type options = defaults;
  options.window_ns = INT64_C(7000000000);
  options.k = 1.5;
  options.critical_k = 5;
  options.sheddable_k = 1.125;
  options.min_calls = 7;
  options.max_rejection = 0.5;
  options.seed = 3;
  return options;
}

#endif /* SPILLWAY_TESTS_C_CLIENT_THROTTLE_NOUN_H_ */
