/* A keyed limiter's options, making and changing it. */
#include <math.h>

#include "keyed_limiter_noun.h"
#include "keyed_limiters.h"

/* ---- what every noun does */

#include "noun_tests.h"

/* ---- its options */

TEST(an_option_out_of_range_is_refused) {
  check_refused("rate", 0, "rate is 0; it must be 1e-10 to 1000000000");
  check_refused("rate", (double)NAN, "rate is nan");
  check_refused("burst", 0, "burst is 0; it must be 1 to 16777216");
  check_refused("burst", 16777217, "burst is 16777217");
  check_refused("max_keys", 0, "max_keys is 0; it must be 1 to 67108864");
  check_refused("max_keys", 67108865, "max_keys is 67108865");
  check_refused("when_full", 3, "when_full is 3");
  check_refused("dry_run", 2, "dry_run is 2; it must be 0 or 1");
}

TEST(only_what_gives_no_cell_its_meaning_changes) {
  spillway_keyed_limiter* limiter = make_limiter(10, 7);
  spillway_error error = SPILLWAY_ERROR_INIT;
  options_type options = options_of(limiter);
  CHECK_INT(options.seed, 0);
  options.when_full = SPILLWAY_KEYED_LIMITER_WHEN_FULL_ADMIT;
  options.dry_run = 1;
  CHECK_INT(spillway_keyed_limiter_reconfigure(limiter, &options, &error), SPILLWAY_OK);
  CHECK_INT(options_of(limiter).when_full, SPILLWAY_KEYED_LIMITER_WHEN_FULL_ADMIT);
  CHECK_INT(options_of(limiter).dry_run, 1);
  options.burst = 8;
  CHECK_INT(spillway_keyed_limiter_reconfigure(limiter, &options, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "burst is 7 and cannot change to 8");
  spillway_keyed_limiter_unref(limiter);
}

TEST(constants_have_names) {
  CHECK_TEXT(spillway_keyed_limiter_rejection_name(SPILLWAY_KEYED_LIMITER_REJECTION_TABLE_FULL),
             "table_full");
  CHECK_TEXT(spillway_keyed_limiter_rejection_name(0), "unknown");
  CHECK_TEXT(spillway_keyed_limiter_when_full_name(SPILLWAY_KEYED_LIMITER_WHEN_FULL_EVICT),
             "evict");
  CHECK_TEXT(spillway_keyed_limiter_when_full_name(-1), "unknown");
}
