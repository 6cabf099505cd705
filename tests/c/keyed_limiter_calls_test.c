/* Keys of all kinds, what is done with them, and everything that can be wrong with a call. This
 * file is also compiled as C11 and as C++20. */
#include "buckets.h"
#include "keyed_limiters.h"
#include "threads.h"

#define REJECTION(name) SPILLWAY_KEYED_LIMITER_REJECTION_##name

static spillway_keyed_limiter_snapshot look(const spillway_keyed_limiter* limiter) {
  spillway_keyed_limiter_snapshot snapshot;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_keyed_limiter_snapshot_at(limiter, 0, &snapshot), SPILLWAY_OK);
  return snapshot;
}

/* ---- keys */

static spillway_decision take_of(spillway_keyed_limiter* limiter, const void* key, size_t length,
                                 int64_t n, int64_t now_ns) {
  return spillway_keyed_limiter_try_acquire_at(limiter, key, length, n, now_ns, NULL);
}

TEST(a_key_is_any_bytes) {
  enum { LONG = 1 << 20 };
  spillway_keyed_limiter* limiter = make_limiter(10, 1);
  char* bytes = (char*)calloc(1, LONG);
  size_t length = 0;
  if (bytes == NULL) exit(1);
  for (; length <= 17; ++length)
    CHECK_INT(take_of(limiter, bytes, length, 1, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take_of(limiter, bytes, LONG, 1, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take_of(limiter, bytes, LONG, 1, 0), REJECTION(EXHAUSTED));
  /* NULL without a length is the empty key. */
  CHECK_INT(take_of(limiter, NULL, 0, 1, 0), REJECTION(EXHAUSTED));
  CHECK_INT(spillway_keyed_limiter_count_live_keys_at(limiter, 0), 19);
  CHECK(spillway_keyed_limiter_hash_of(limiter, NULL, 0) ==
        spillway_keyed_limiter_hash_of(limiter, bytes, 0));
  free(bytes);
  spillway_keyed_limiter_unref(limiter);
}

TEST(a_hash_stands_for_its_key) {
  spillway_keyed_limiter* limiter = make_limiter(10, 5);
  const uint64_t hash = spillway_keyed_limiter_hash_of(limiter, "key", 3);
  const uint64_t number = spillway_keyed_limiter_hash_of_number(limiter, 42);
  spillway_limit_status status;
  CHECK(hash != number && hash != spillway_keyed_limiter_hash_of(limiter, "kez", 3));
  CHECK_INT(take_of(limiter, "key", 3, 2, 0), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_keyed_limiter_try_acquire_hash_at(limiter, hash, 1, 0, &status),
            SPILLWAY_ADMITTED);
  CHECK_INT(status.remaining, 2);
  CHECK_INT(spillway_keyed_limiter_refund_hash_at(limiter, hash, 1, 0), SPILLWAY_OK);
  CHECK_INT(take_of(limiter, "key", 3, 3, 0), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_keyed_limiter_try_acquire_hash_at(limiter, number, 5, 0, NULL),
            SPILLWAY_ADMITTED);
  CHECK_INT(spillway_keyed_limiter_forget_hash(limiter, hash), SPILLWAY_OK);
  CHECK_INT(take_of(limiter, "key", 3, 5, 0), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_keyed_limiter_forget(limiter, "key", 3), SPILLWAY_OK);
  CHECK_INT(spillway_keyed_limiter_count_live_keys_at(limiter, 0), 1);
  spillway_keyed_limiter_unref(limiter);
}

TEST(a_reset_forgets_all_keys_and_lets_time_begin_again) {
  spillway_keyed_limiter* limiter = make_limiter(10, 5);
  CHECK_INT(take_of(limiter, "key", 3, 5, 1000 * SECOND), SPILLWAY_ADMITTED);
  CHECK_INT(take_of(limiter, "kez", 3, 1, 1000 * SECOND), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_keyed_limiter_reset(limiter), SPILLWAY_OK);
  CHECK_INT(spillway_keyed_limiter_count_live_keys_at(limiter, 1000 * SECOND), 0);
  CHECK_INT(take_of(limiter, "key", 3, 5, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take_of(limiter, "key", 3, 1, 0), REJECTION(EXHAUSTED));
  CHECK_INT(take_of(limiter, "key", 3, 1, SECOND / 10), SPILLWAY_ADMITTED);
  CHECK_INT(look(limiter).total_admitted, 4);
  spillway_keyed_limiter_unref(limiter);
}

TEST(the_twins_read_the_clock) {
  spillway_keyed_limiter* limiter = make_limiter(1e-9, 10);
  const uint64_t hash = spillway_keyed_limiter_hash_of(limiter, "key", 3);
  spillway_limit_status status;
  CHECK_INT(spillway_keyed_limiter_try_acquire(limiter, "key", 3, 6, &status), SPILLWAY_ADMITTED);
  CHECK_INT(status.remaining, 4);
  CHECK_INT(spillway_keyed_limiter_try_acquire_hash(limiter, hash, 4, &status), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_keyed_limiter_count_live_keys(limiter), 1);
  CHECK_INT(spillway_keyed_limiter_refund(limiter, "key", 3, 1), SPILLWAY_OK);
  CHECK_INT(spillway_keyed_limiter_refund_hash(limiter, hash, 1), SPILLWAY_OK);
  CHECK_INT(spillway_keyed_limiter_try_acquire(limiter, "key", 3, 3, &status),
            REJECTION(EXHAUSTED));
  CHECK_INT(status.remaining, 2);
  spillway_keyed_limiter_unref(limiter);
}

/* ---- what no caller should do */

static void check_misuse(spillway_keyed_limiter* limiter, const void* key, size_t length,
                         int64_t n) {
  spillway_limit_status status;
  memset(&status, 0xaa, sizeof status);
  CHECK_INT(spillway_keyed_limiter_try_acquire_at(limiter, key, length, n, 0, &status),
            SPILLWAY_E_MISUSE);
  CHECK(is_no_status(&status));
  CHECK_INT(spillway_keyed_limiter_try_acquire(limiter, key, length, n, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_keyed_limiter_refund_at(limiter, key, length, n, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_keyed_limiter_refund(limiter, key, length, n), SPILLWAY_E_MISUSE);
}

TEST(what_cannot_be_is_misuse) {
  spillway_keyed_limiter* limiter = make_limiter(10, 5);
  check_misuse(limiter, "key", 3, -1);
  check_misuse(limiter, "key", 3, INT64_MIN);
  check_misuse(limiter, NULL, 1, 1);
  check_misuse(limiter, NULL, SIZE_MAX, 1);
  check_misuse(NULL, "key", 3, 1);
  CHECK_INT(spillway_keyed_limiter_try_acquire_hash(NULL, 1, 1, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_keyed_limiter_try_acquire_hash(limiter, 1, -1, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_keyed_limiter_refund_hash(NULL, 1, 1), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_keyed_limiter_forget(NULL, "key", 3), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_keyed_limiter_forget(limiter, NULL, 3), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_keyed_limiter_forget_hash(NULL, 1), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_keyed_limiter_reset(NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_keyed_limiter_hash_of(NULL, "key", 3), 0);
  CHECK_INT(spillway_keyed_limiter_hash_of(limiter, NULL, 3), 0);
  CHECK_INT(spillway_keyed_limiter_hash_of_number(NULL, 3), 0);
  CHECK_INT(spillway_keyed_limiter_count_live_keys(NULL), 0);
  CHECK_INT(spillway_keyed_limiter_count_live_keys(limiter), 0);
  CHECK_INT(look(limiter).total_admitted + look(limiter).total_refused, 0);
  spillway_keyed_limiter_unref(limiter);
}

TEST(more_than_ever_fit_are_refused_for_good) {
  static const int64_t too_many[] = {6, INT64_C(1) << 52, INT64_C(1) << 62, INT64_MAX};
  spillway_keyed_limiter* limiter = make_limiter(10, 5);
  size_t i = 0;
  for (; i < sizeof too_many / sizeof *too_many; ++i) {
    spillway_limit_status status;
    CHECK_INT(spillway_keyed_limiter_try_acquire_at(limiter, "key", 3, too_many[i], 0, &status),
              REJECTION(EXCEEDS_BURST));
    CHECK_INT(status.remaining, 5);
    CHECK_INT(status.retry_after_ns, INT64_MAX);
  }
  CHECK_INT(look(limiter).total_refused, 4);
  spillway_keyed_limiter_unref(limiter);
}

/* ---- metrics */

TEST(what_it_counts_is_shown) {
  spillway_keyed_limiter* limiter = make_limiter(10, 1);
  spillway_metrics* metrics = NULL;
  char text[8192];
  size_t length = 0;
  CHECK_INT(spillway_metrics_new(&metrics, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_keyed_limiter(metrics, limiter, NULL), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_add_keyed_limiter(metrics, limiter, NULL),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_INT(take_of(limiter, "key", 3, 1, 0), SPILLWAY_ADMITTED);
  CHECK_INT(take_of(limiter, "key", 3, 1, 0), REJECTION(EXHAUSTED));
  CHECK_INT(spillway_metrics_text_at(metrics, 0, text, sizeof text, &length), SPILLWAY_OK);
  CHECK_TEXT(text, "keyed_limiter_calls_total{name=\"test\",decision=\"admitted\"} 1\n");
  CHECK_TEXT(text, "keyed_limiter_calls_total{name=\"test\",decision=\"refused\"} 1\n");
  CHECK_TEXT(text, "keyed_limiter_evictions_total{name=\"test\"} 0\n");
  CHECK_TEXT(text, "keyed_limiter_cells{name=\"test\"} 200\n");
  CHECK_INT(spillway_metrics_remove_keyed_limiter(metrics, limiter), SPILLWAY_OK);
  CHECK_INT(spillway_metrics_remove_keyed_limiter(metrics, limiter), SPILLWAY_E_INVALID_ARGUMENT);
  spillway_metrics_unref(metrics);
  spillway_keyed_limiter_unref(limiter);
}

/* ---- threads */

static void* take_times(void* argument) {
  job* const self = (job*)argument;
  int i = 0;
  for (; i < TIMES; ++i)
    self->result +=
        take_of((spillway_keyed_limiter*)self->object, "key", 3, 1, SECOND) == SPILLWAY_ADMITTED;
  return NULL;
}

TEST(every_token_is_taken_once) {
  spillway_keyed_limiter* limiter = make_limiter(1e-3, 10000);
  CHECK_INT(run_in_threads(limiter, THREADS, take_times), 10000);
  CHECK_INT(look(limiter).total_admitted, 10000);
  CHECK_INT(look(limiter).total_refused, THREADS * TIMES - 10000);
  spillway_keyed_limiter_unref(limiter);
}
