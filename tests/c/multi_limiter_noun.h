/* The checks that every noun has to pass, for the multi limiter. */
#ifndef SPILLWAY_TESTS_C_MULTI_LIMITER_NOUN_H_
#define SPILLWAY_TESTS_C_MULTI_LIMITER_NOUN_H_

#include <spillway/c_api.h>
#include <stdlib.h>

#include "tests/support/generated/multi_limiter_vectors.h"

/* Of two members of its own. */
static inline spillway_status new_multi_limiter(spillway_multi_limiter** out, const char* name,
                                                size_t length,
                                                const spillway_multi_limiter_options* options,
                                                spillway_error* error) {
  spillway_multi_limiter_member members[2] = {{0}};
  spillway_token_bucket_options of_first = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
  spillway_leaky_bucket_options of_second = SPILLWAY_LEAKY_BUCKET_OPTIONS_INIT;
  spillway_status status;
  of_first.rate = of_second.rate = 10;
  of_first.burst = 3;
  of_second.capacity = 2;
  if (spillway_token_bucket_new(&members[0].token_bucket, "", 0, &of_first, NULL) != SPILLWAY_OK ||
      spillway_leaky_bucket_new(&members[1].leaky_bucket, "", 0, &of_second, NULL) != SPILLWAY_OK)
    exit(1);
  status = spillway_multi_limiter_new(out, name, length, members, 2, options, error);
  spillway_token_bucket_unref(members[0].token_bucket);
  spillway_leaky_bucket_unref(members[1].leaky_bucket);
  return status;
}

#define NOUN multi_limiter
#define NOUN_NEW new_multi_limiter
#define NOUN_OPTIONS_INIT SPILLWAY_MULTI_LIMITER_OPTIONS_INIT
#define NOUN_RECONFIGURE(limiter, options, error) \
  spillway_multi_limiter_reconfigure(limiter, options, error)

#include "noun_checks.h"

static inline options_type good_options(void) {
  options_type options = defaults;
  options.dry_run = 1;
  options.counted = 0;
  return options;
}

#endif /* SPILLWAY_TESTS_C_MULTI_LIMITER_NOUN_H_ */
