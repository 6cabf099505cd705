/* Keyed limiters as the C tests need them. */
#ifndef SPILLWAY_TESTS_C_KEYED_LIMITERS_H_
#define SPILLWAY_TESTS_C_KEYED_LIMITERS_H_

#include <spillway/c_api.h>
#include <stdlib.h>

#include "check.h"

static inline spillway_keyed_limiter* make_limiter(double rate, int32_t burst) {
  spillway_keyed_limiter* limiter = NULL;
  spillway_keyed_limiter_options options = SPILLWAY_KEYED_LIMITER_OPTIONS_INIT;
  options.rate = rate;
  options.burst = burst;
  options.max_keys = 100;
  CHECK_INT(spillway_keyed_limiter_new(&limiter, "test", 4, &options, NULL), SPILLWAY_OK);
  if (limiter == NULL) exit(1);
  return limiter;
}

#endif /* SPILLWAY_TESTS_C_KEYED_LIMITERS_H_ */
