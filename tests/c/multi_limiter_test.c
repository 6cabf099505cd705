/* A multi limiter in C: what every noun does, its members, and its calls. */
#include "buckets.h"
#include "multi_limiter_noun.h"

#define REJECTION(name) SPILLWAY_MULTI_LIMITER_REJECTION_##name

/* ---- what every noun does */

#include "noun_tests.h"

TEST(what_is_out_of_range_is_refused) {
  check_refused("dry_run", 2, "dry_run is 2; it must be 0 or 1");
  check_refused("counted", -1, "counted is -1");
}

/* ---- its members */

TEST(members_that_cannot_be_are_refused) {
  spillway_token_bucket* bucket = make_bucket(10, 3);
  spillway_multi_limiter_member members[9] = {{0}};
  spillway_multi_limiter* limiter = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  CHECK_INT(spillway_multi_limiter_new(&limiter, "", 0, NULL, 1, NULL, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "members is NULL");
  CHECK_INT(spillway_multi_limiter_new(&limiter, "", 0, NULL, 0, NULL, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "0 members; accepted: 1 to 8");
  CHECK_INT(spillway_multi_limiter_new(&limiter, "", 0, members, 1, NULL, &error),
            SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "of a member one bucket must be set");
  members[0].token_bucket = members[1].token_bucket = bucket;
  CHECK_INT(spillway_multi_limiter_new(&limiter, "", 0, members, 2, NULL, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "members 0 and 1 are one bucket");
  for (size_t i = 0; i < 9; ++i) members[i].token_bucket = bucket;
  CHECK_INT(spillway_multi_limiter_new(&limiter, "", 0, members, 9, NULL, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "9 members");
  CHECK(limiter == NULL);
  spillway_token_bucket_unref(bucket);
}

TEST(a_member_lives_as_long_as_the_limiter_and_is_used_alone_too) {
  spillway_token_bucket* bucket = make_bucket(10, 3);
  spillway_multi_limiter_member member = {0};
  spillway_multi_limiter* limiter = NULL;
  member.token_bucket = bucket;
  CHECK_INT(spillway_multi_limiter_new(&limiter, "", 0, &member, 1, NULL, NULL), SPILLWAY_OK);
  CHECK(spillway_multi_limiter_ref(limiter) == limiter);
  spillway_multi_limiter_unref(limiter);
  CHECK_INT(take(bucket, 1, 0), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_multi_limiter_try_acquire_at(limiter, 2, 0, NULL, NULL), SPILLWAY_ADMITTED);
  CHECK_INT(take(bucket, 1, 0), SPILLWAY_TOKEN_BUCKET_REJECTION_EXHAUSTED);
  spillway_token_bucket_unref(bucket);
  CHECK_INT(spillway_multi_limiter_try_acquire_at(limiter, 1, 0, NULL, NULL), REJECTION(EXHAUSTED));
  spillway_multi_limiter_unref(limiter);
}

/* ---- its calls */

TEST(a_refusal_names_the_member_and_says_when_to_come_back) {
  const options_type options = defaults;
  spillway_multi_limiter* limiter = NULL;
  spillway_limit_status status;
  size_t refuser = 99;
  snapshot_type snapshot;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(NOUN_NEW(&limiter, "", 0, &options, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_multi_limiter_try_acquire_at(limiter, 2, 0, &refuser, &status),
            SPILLWAY_ADMITTED);
  CHECK_INT(refuser, 0);
  CHECK_INT(status.remaining, 0);
  CHECK_INT(status.limit, 2);
  CHECK_INT(spillway_multi_limiter_try_acquire_at(limiter, 1, 0, &refuser, &status),
            REJECTION(EXHAUSTED));
  CHECK_INT(refuser, 1);
  CHECK_INT(status.retry_after_ns, 100000000);
  CHECK_INT(spillway_multi_limiter_try_acquire_at(limiter, 4, 0, &refuser, &status),
            REJECTION(EXCEEDS_MEMBER));
  CHECK_INT(refuser, 0);
  CHECK_INT(status.retry_after_ns, INT64_MAX);
  CHECK_INT(spillway_multi_limiter_snapshot_at(limiter, 0, &snapshot), SPILLWAY_OK);
  CHECK_INT(snapshot.total_admitted, 1);
  CHECK_INT(snapshot.total_refused, 2);
  CHECK_INT(snapshot.total_given_back, 0);
  spillway_multi_limiter_unref(limiter);
}

TEST(misuse_changes_nothing) {
  const options_type options = defaults;
  spillway_multi_limiter* limiter = NULL;
  spillway_limit_status status = {1, 1, 1, 1, 1};
  size_t refuser = 99;
  CHECK_INT(NOUN_NEW(&limiter, "", 0, &options, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_multi_limiter_try_acquire_at(NULL, 1, 0, &refuser, &status),
            SPILLWAY_E_MISUSE);
  CHECK_INT(refuser, 0);
  CHECK(is_no_status(&status));
  status.limit = 1;
  CHECK_INT(spillway_multi_limiter_try_acquire_at(limiter, INT64_MIN, 0, &refuser, &status),
            SPILLWAY_E_MISUSE);
  CHECK(is_no_status(&status));
  CHECK_INT(spillway_multi_limiter_try_acquire(limiter, 2, NULL, NULL), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_multi_limiter_try_acquire(limiter, INT64_MAX, NULL, NULL),
            REJECTION(EXCEEDS_MEMBER));
  spillway_multi_limiter_unref(limiter);
}

TEST(it_is_among_the_metrics_until_it_is_removed) {
  const options_type options = defaults;
  spillway_multi_limiter* limiter = NULL;
  spillway_metrics* metrics = NULL;
  char text[2000];
  size_t length = 0;
  CHECK_INT(NOUN_NEW(&limiter, "both", 4, &options, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_new(&metrics, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_multi_limiter(metrics, limiter, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_multi_limiter(metrics, limiter, NULL),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_metrics_text_at(metrics, 0, text, sizeof text, &length), SPILLWAY_OK);
  CHECK_TEXT(text, "spillway_multi_limiter_calls_total{name=\"both\",decision=\"admitted\"} 0\n");
  CHECK_INT(spillway_metrics_remove_multi_limiter(metrics, limiter), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_remove_multi_limiter(metrics, limiter), SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(spillway_metrics_text_at(metrics, 0, text, sizeof text, &length), SPILLWAY_OK);
  CHECK_INT(length, 0);
  spillway_metrics_unref(metrics);
  spillway_multi_limiter_unref(limiter);
}

TEST(reasons_have_names) {
  CHECK_TEXT(spillway_multi_limiter_rejection_name(REJECTION(EXHAUSTED)), "exhausted");
  CHECK_TEXT(spillway_multi_limiter_rejection_name(REJECTION(EXCEEDS_MEMBER)), "exceeds_member");
  CHECK_TEXT(spillway_multi_limiter_rejection_name(3), "unknown");
}
