/* The bulkhead in C: what the vectors do not say. */
#include "bulkhead_noun.h"
#include "threads.h"

#define REJECTION(name) SPILLWAY_BULKHEAD_REJECTION_##name

static spillway_bulkhead* make_bulkhead(int32_t max_concurrent, int32_t max_queue) {
  spillway_bulkhead_options options = SPILLWAY_BULKHEAD_OPTIONS_INIT;
  spillway_bulkhead* bulkhead = NULL;
  options.max_concurrent = max_concurrent;
  options.max_queue = max_queue;
  CHECK_INT(spillway_bulkhead_new(&bulkhead, "test", 4, &options, NULL), SPILLWAY_OK);
  if (bulkhead == NULL) exit(1);
  return bulkhead;
}

static spillway_bulkhead_snapshot look_into(const spillway_bulkhead* bulkhead) {
  spillway_bulkhead_snapshot snapshot;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(spillway_bulkhead_snapshot_at(bulkhead, 0, &snapshot), SPILLWAY_OK);
  return snapshot;
}

/* ---- what every noun does */

#include "noun_tests.h"

/* ---- its own */

TEST(an_option_out_of_range_is_refused) {
  check_refused("max_concurrent", 0, "max_concurrent is 0; it must be 1 to 65535");
  check_refused("max_concurrent", 65536, "max_concurrent is 65536");
  check_refused("max_queue", -1, "max_queue is -1; it must be 0 to 32767");
  check_refused("max_queue", 32768, "max_queue is 32768");
  check_refused("max_wait_ns", -1, "max_wait is ");
  check_refused("max_wait_ns", 999, "max_wait is ");
  check_refused("normal_share", 1.01, "normal_share is 1.01");
  check_refused("normal_share", (double)NAN, "normal_share is nan");
  check_refused("sheddable_share", -0.01, "sheddable_share is -0.01");
  check_refused("sheddable_share", 0.76,
                "sheddable_share is 0.76; it must be at most normal_share");
  check_refused("counted", 2, "counted is 2; it must be 0 or 1");
}

TEST(the_names_of_rejections) {
  CHECK_TEXT(spillway_bulkhead_rejection_name(REJECTION(FULL)), "full");
  CHECK_TEXT(spillway_bulkhead_rejection_name(REJECTION(QUEUED)), "queued");
  CHECK_TEXT(spillway_bulkhead_rejection_name(0), "unknown");
}

TEST(a_misuse_is_told_and_changes_nothing) {
  spillway_bulkhead* bulkhead = make_bulkhead(1, 1);
  spillway_acquire_result result;
  spillway_permit empty = {{0}};
  const int32_t none[] = {-1, 3, INT32_MIN, INT32_MAX};
  size_t i = 0;
  for (; i < 4; ++i) {
    memset(&result, 0xaa, sizeof result);
    CHECK_INT(spillway_bulkhead_try_acquire(bulkhead, none[i], &result), SPILLWAY_E_MISUSE);
    CHECK_INT(result.permit.opaque[0], 0);
    CHECK_INT(spillway_bulkhead_enqueue(bulkhead, none[i], &result), SPILLWAY_E_MISUSE);
    CHECK_INT(spillway_bulkhead_acquire(bulkhead, none[i], 0, &result), SPILLWAY_E_MISUSE);
  }
  CHECK_INT(spillway_bulkhead_try_acquire(NULL, 0, &result), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_bulkhead_try_acquire(bulkhead, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_bulkhead_acquire(NULL, 0, 0, &result), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_bulkhead_acquire(bulkhead, 0, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_bulkhead_poll(NULL, &empty), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_bulkhead_poll(bulkhead, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_bulkhead_settle(NULL, &empty, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_bulkhead_settle(bulkhead, NULL, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(look_into(bulkhead).in_flight, 0);
  CHECK_INT(look_into(bulkhead).total_admitted, 0);
  CHECK_INT(look_into(bulkhead).total_misused, 0);
  CHECK_INT(spillway_bulkhead_settle(bulkhead, &empty, 0), SPILLWAY_E_MISUSE);
  CHECK_INT(look_into(bulkhead).total_misused, 1);
  spillway_bulkhead_unref(bulkhead);
}

/* The permit that waits is the one that holds the slot afterwards; the outcome is not looked at. */
TEST(an_event_loop_waits_by_polling) {
  spillway_bulkhead* bulkhead = make_bulkhead(1, 1);
  spillway_acquire_result slot;
  spillway_acquire_result place;
  CHECK_INT(spillway_bulkhead_enqueue(bulkhead, 0, &slot), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_bulkhead_enqueue(bulkhead, 0, &place), REJECTION(QUEUED));
  CHECK_INT(spillway_bulkhead_poll(bulkhead, &place.permit), REJECTION(QUEUED));
  CHECK_INT(spillway_bulkhead_settle(bulkhead, &slot.permit, 99), SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(slot.permit.opaque[0], 0);
  CHECK_INT(spillway_bulkhead_poll(bulkhead, &place.permit), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_bulkhead_settle(bulkhead, &place.permit, -1), SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(look_into(bulkhead).in_flight, 0);
  spillway_bulkhead_unref(bulkhead);
}

TEST(a_wait_ends_with_its_time) {
  spillway_bulkhead* bulkhead = make_bulkhead(1, 1);
  spillway_bulkhead_options options = options_of(bulkhead);
  spillway_acquire_result slot;
  spillway_acquire_result none;
  int64_t before = 0;
  CHECK_INT(spillway_bulkhead_acquire(bulkhead, 0, INT64_MAX, &slot), SPILLWAY_ADMITTED);
  CHECK_INT(spillway_bulkhead_acquire(bulkhead, 0, 0, &none), REJECTION(FULL));
  CHECK_INT(spillway_bulkhead_acquire(bulkhead, 0, -1, &none), REJECTION(FULL));
  before = spillway_now_ns();
  CHECK_INT(spillway_bulkhead_acquire(bulkhead, 0, 2000000, &none), REJECTION(TIMED_OUT));
  CHECK(spillway_now_ns() >= before + 2000000);
  options.max_wait_ns = 3000000;
  CHECK_INT(spillway_bulkhead_reconfigure(bulkhead, &options, NULL), SPILLWAY_OK);
  before = spillway_now_ns();
  CHECK_INT(spillway_bulkhead_acquire(bulkhead, 0, -1, &none), REJECTION(TIMED_OUT));
  CHECK(spillway_now_ns() >= before + 3000000);
  CHECK_INT(none.permit.opaque[0], 0);
  CHECK_INT(look_into(bulkhead).queued, 0);
  CHECK_INT(spillway_bulkhead_settle(bulkhead, &slot.permit, 0), SPILLWAY_SETTLEMENT_COUNTED);
  CHECK_INT(look_into(bulkhead).in_flight, 0);
  spillway_bulkhead_unref(bulkhead);
}

/* ---- in threads */

static int in_slot; /* of the threads below; only who holds the slot touches it */

static void* takes_turns(void* argument) {
  job* self = (job*)argument;
  spillway_bulkhead* bulkhead = (spillway_bulkhead*)self->object;
  int i = 0;
  for (; i < 200; ++i) {
    spillway_acquire_result result;
    if (spillway_bulkhead_acquire(bulkhead, 0, INT64_MAX, &result) != SPILLWAY_ADMITTED) continue;
    self->result += in_slot++ == 0;
    --in_slot;
    spillway_bulkhead_settle(bulkhead, &result.permit, 0);
  }
  return NULL;
}

TEST(threads_that_block_take_turns) {
  spillway_bulkhead* bulkhead = make_bulkhead(1, THREADS);
  CHECK_INT(run_in_threads(bulkhead, THREADS, takes_turns), THREADS * 200);
  CHECK_INT(look_into(bulkhead).in_flight, 0);
  CHECK_INT(look_into(bulkhead).queued, 0);
  CHECK_INT(look_into(bulkhead).total_admitted, THREADS * 200);
  spillway_bulkhead_unref(bulkhead);
}
