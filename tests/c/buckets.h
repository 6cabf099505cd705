/* Token buckets as the C tests need them. */
#ifndef SPILLWAY_TESTS_C_BUCKETS_H_
#define SPILLWAY_TESTS_C_BUCKETS_H_

#include <spillway/c_api.h>
#include <stdlib.h>

#include "check.h"

/* A test cannot go on without its bucket. */
static inline spillway_token_bucket* make_bucket_of(const spillway_token_bucket_options* options) {
  spillway_token_bucket* bucket = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  if (spillway_token_bucket_new(&bucket, "test", 4, options, &error) != SPILLWAY_OK) {
    printf("no bucket: %s\n", error.message);
    exit(1);
  }
  return bucket;
}

static inline spillway_token_bucket* make_bucket(double rate, int32_t burst) {
  spillway_token_bucket_options options = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
  options.rate = rate;
  options.burst = burst;
  return make_bucket_of(&options);
}

static inline spillway_decision take(spillway_token_bucket* bucket, int64_t n, int64_t now_ns) {
  return spillway_token_bucket_try_acquire_at(bucket, n, now_ns, NULL);
}

/* Reserved with any wait, which must be given. */
static inline spillway_reservation reserve(spillway_token_bucket* bucket, int64_t n,
                                           int64_t now_ns) {
  spillway_reservation reservation;
  CHECK_INT(spillway_token_bucket_reserve_at(bucket, n, INT64_MAX, now_ns, &reservation, NULL),
            SPILLWAY_ADMITTED);
  return reservation;
}

static inline spillway_token_bucket_snapshot look_in(const spillway_token_bucket* bucket,
                                                     int64_t now_ns) {
  spillway_token_bucket_snapshot snapshot;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_token_bucket_snapshot_at(bucket, now_ns, &snapshot), SPILLWAY_OK);
  return snapshot;
}

static inline int is_no_reservation(const spillway_reservation* reservation) {
  return reservation->act_at_ns == 0 && reservation->worthless_at_ns == 0 && reservation->n == 0 &&
         reservation->opaque[0] == 0 && reservation->opaque[1] == 0;
}

static inline int is_no_status(const spillway_limit_status* status) {
  return status->remaining == 0 && status->limit == 0 && status->reset_after_ns == 0 &&
         status->retry_after_ns == 0 && status->next_after_ns == 0;
}

#endif /* SPILLWAY_TESTS_C_BUCKETS_H_ */
