/* The checks that every noun has to pass, for the circuit breaker. */
#ifndef SPILLWAY_TESTS_C_CIRCUIT_BREAKER_NOUN_H_
#define SPILLWAY_TESTS_C_CIRCUIT_BREAKER_NOUN_H_

#include "tests/support/generated/circuit_breaker_vectors.h"

#define NOUN circuit_breaker
#define NOUN_OPTIONS_INIT SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT
#define NOUN_RECONFIGURE(breaker, options, error) \
  spillway_circuit_breaker_reconfigure(breaker, options, error)

#include "noun_checks.h"

static inline options_type good_options(void) {
  options_type options = defaults;
  options.buckets = 5;
  options.min_calls = 7;
  options.open_for_ns = INT64_C(7000000000);
  options.striped = 1;
  return options;
}

#endif /* SPILLWAY_TESTS_C_CIRCUIT_BREAKER_NOUN_H_ */
