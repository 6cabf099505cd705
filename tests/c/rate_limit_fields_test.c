/* The header fields that tell HTTP clients of a limiter's answer. */
#include <string.h>

#include "buckets.h"

#define CHECK_IS(got, want) CHECK(strcmp(got, want) == 0)

TEST(header_fields_say_what_was_answered) {
  spillway_token_bucket* bucket = make_bucket(0.4, 3);
  spillway_rate_limit_fields fields;
  spillway_limit_status status;
  CHECK_INT(spillway_token_bucket_try_acquire_at(bucket, 3, 0, &status), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_rate_limit_fields_of("api", 3, 0, &status, 15 * SECOND / 2, &fields),
            SPILLWAY_OK);
  CHECK_IS(fields.policy, "\"api\";q=3;w=8");
  CHECK_IS(fields.limit, "\"api\";r=0;t=3");
  CHECK_IS(fields.retry_after, "");
  const spillway_decision refused = spillway_token_bucket_try_acquire_at(bucket, 2, 0, &status);
  CHECK_INT(spillway_rate_limit_fields_of("api", 3, refused, &status, 0, &fields), SPILLWAY_OK);
  CHECK_IS(fields.policy, "\"api\";q=3");
  CHECK_IS(fields.retry_after, "5");
  CHECK_INT(spillway_rate_limit_fields_of("a\n", 2, 0, &status, 0, &fields),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_IS(fields.limit, "");
  CHECK_INT(spillway_rate_limit_fields_of(NULL, 0, 0, &status, 0, &fields), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_rate_limit_fields_of("api", 3, -1, &status, 0, &fields), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_rate_limit_fields_of("api", 3, 0, NULL, 0, &fields), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_rate_limit_fields_of("api", 3, 0, &status, 0, NULL), SPILLWAY_E_MISUSE);
  spillway_token_bucket_unref(bucket);
}
