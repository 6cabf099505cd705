/* Draining the events of a breaker into arrays of all sizes. */
#include "breakers.h"

/* So many changes of state, one a second from 1 s on: reset and force open in turn. */
static spillway_circuit_breaker* make_changed(int times) {
  spillway_circuit_breaker* breaker = make(NULL);
  int i = 0;
  for (; i < times; ++i) {
    if (i % 2 == 0)
      spillway_circuit_breaker_force_open_at(breaker, (i + 1) * SECOND);
    else
      spillway_circuit_breaker_reset_at(breaker, (i + 1) * SECOND);
  }
  return breaker;
}

TEST(an_event_tells_what_happened) {
  spillway_circuit_breaker* breaker = make_brittle();
  spillway_event events[8];
  spillway_event_batch batch = SPILLWAY_EVENT_BATCH_INIT(events, 8);
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
  CHECK_INT(batch.count, 0);
  call(breaker, SPILLWAY_OUTCOME_FAILURE, 3 * SECOND);
  spillway_circuit_breaker_reset_at(breaker, 4 * SECOND);
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
  CHECK_INT(batch.count, 2);
  CHECK_INT(batch.lost, 0);
  CHECK_INT(batch.generation, 2);
  CHECK_INT(events[0].generation, 1);
  CHECK_INT(events[0].from, SPILLWAY_CIRCUIT_BREAKER_STATE_CLOSED);
  CHECK_INT(events[0].to, SPILLWAY_CIRCUIT_BREAKER_STATE_OPEN);
  CHECK_INT(events[0].reason, SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_FAILURE_RATE);
  CHECK(events[0].rate == 1.0);
  CHECK_INT(events[0].time_ns, 3 * SECOND);
  CHECK_INT(events[1].generation, 2);
  CHECK_INT(events[1].from, SPILLWAY_CIRCUIT_BREAKER_STATE_OPEN);
  CHECK_INT(events[1].to, SPILLWAY_CIRCUIT_BREAKER_STATE_CLOSED);
  CHECK_INT(events[1].reason, SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_RESET);
  CHECK(events[1].rate == -1.0);
  CHECK_INT(events[1].time_ns, 4 * SECOND);
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
  CHECK_INT(batch.count, 0);
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_small_array_takes_them_in_turn) {
  spillway_circuit_breaker* breaker = make_changed(7);
  spillway_event events[3];
  spillway_event_batch batch = SPILLWAY_EVENT_BATCH_INIT(events, 2);
  uint32_t next = 1;
  size_t i = 0;
  memset(events, 0xaa, sizeof events);
  do {
    CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
    CHECK_INT(batch.lost, 0);
    for (i = 0; i < batch.count; ++i, ++next) {
      CHECK_INT(events[i].generation, next);
      CHECK_INT(events[i].time_ns, next * SECOND);
    }
  } while (batch.count == batch.capacity);
  CHECK_INT(next, 8);
  CHECK_INT(batch.generation, 7);
  CHECK_INT(events[2].reason, (int32_t)0xaaaaaaaa);
  spillway_circuit_breaker_unref(breaker);
}

TEST(no_array_takes_none_and_loses_none) {
  spillway_circuit_breaker* breaker = make_changed(3);
  spillway_event events[8];
  spillway_event_batch batch = SPILLWAY_EVENT_BATCH_INIT(NULL, 0);
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
  CHECK_INT(batch.count, 0);
  CHECK_INT(batch.lost, 0);
  CHECK_INT(batch.generation, 0);
  batch.events = events;
  batch.capacity = 8;
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
  CHECK_INT(batch.count, 3);
  spillway_circuit_breaker_unref(breaker);
}

TEST(what_was_overwritten_is_counted_as_lost) {
  spillway_circuit_breaker* breaker = make_changed(20);
  spillway_event events[100];
  spillway_event_batch batch = SPILLWAY_EVENT_BATCH_INIT(events, 100);
  batch.generation = 5;
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
  CHECK_INT(batch.count, 8);
  CHECK_INT(batch.lost, 7);
  CHECK_INT(events[0].generation, 13);
  CHECK_INT(events[7].generation, 20);
  CHECK_INT(batch.generation, 20);
  /* A batch that begins again from a garbage generation ends at the present one. */
  batch.generation = UINT32_MAX;
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
  CHECK_INT(batch.count + batch.lost, 21);
  CHECK_INT(batch.generation, 20);
  spillway_circuit_breaker_unref(breaker);
}

TEST(each_reader_reads_all) {
  spillway_circuit_breaker* breaker = make_changed(4);
  spillway_event events[8];
  spillway_event_batch fast = SPILLWAY_EVENT_BATCH_INIT(events, 8);
  spillway_event_batch slow = SPILLWAY_EVENT_BATCH_INIT(events, 8);
  CHECK_INT(spillway_circuit_breaker_events(breaker, &fast), SPILLWAY_OK);
  CHECK_INT(spillway_circuit_breaker_events(breaker, &slow), SPILLWAY_OK);
  CHECK_INT(fast.count, 4);
  CHECK_INT(slow.count, 4);
  spillway_circuit_breaker_unref(breaker);
}

typedef struct later_event {
  spillway_event known;
  int64_t unknown;
} later_event;

TEST(events_of_another_size_are_filled_as_far_as_they_go) {
  spillway_circuit_breaker* breaker = make_changed(2);
  later_event later[2];
  int32_t earlier[2][4];
  spillway_event_batch batch = SPILLWAY_EVENT_BATCH_INIT((spillway_event*)later, 2);
  batch.event_size = sizeof *later;
  memset(later, 0xaa, sizeof later);
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
  CHECK_INT(later[1].known.generation, 2);
  CHECK_INT(later[1].known.time_ns, 2 * SECOND);
  CHECK_INT(later[0].unknown | later[1].unknown, 0);
  batch.events = (spillway_event*)(void*)earlier;
  batch.event_size = sizeof *earlier;
  batch.generation = 0;
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_OK);
  CHECK_INT(earlier[1][0], 2);
  CHECK_INT(earlier[1][3], SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_RESET);
  spillway_circuit_breaker_unref(breaker);
}

/* AddressSanitizer sees who looks at more of it than there is. */
TEST(nothing_behind_a_batch_that_is_too_short_is_looked_at) {
  static const size_t sizes[] = {8, 16, 24, 40, 51};
  spillway_circuit_breaker* breaker = make_changed(1);
  size_t i = 0;
  for (; i < sizeof sizes / sizeof *sizes; ++i) {
    spillway_event_batch* batch = malloc(sizes[i]);
    memcpy(batch, &sizes[i], sizeof sizes[i]);
    CHECK_INT(spillway_circuit_breaker_events(breaker, batch), SPILLWAY_E_MISUSE);
    free(batch);
  }
  spillway_circuit_breaker_unref(breaker);
}

TEST(a_batch_that_cannot_be_is_refused) {
  static const size_t batch_sizes[] = {0, 8, 51, 4097, SIZE_MAX};
  static const size_t event_sizes[] = {0, 4, 33, 4104, SIZE_MAX};
  spillway_circuit_breaker* breaker = make_changed(1);
  spillway_event events[8];
  spillway_event_batch batch = SPILLWAY_EVENT_BATCH_INIT(events, 8);
  size_t i = 0;
  for (; i < sizeof batch_sizes / sizeof *batch_sizes; ++i) {
    batch.struct_size = batch_sizes[i];
    CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_E_MISUSE);
  }
  batch.struct_size = sizeof batch;
  for (i = 0; i < sizeof event_sizes / sizeof *event_sizes; ++i) {
    batch.event_size = event_sizes[i];
    CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_E_MISUSE);
  }
  batch.event_size = sizeof *events;
  batch.events = NULL;
  CHECK_INT(spillway_circuit_breaker_events(breaker, &batch), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_events(breaker, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(spillway_circuit_breaker_events(NULL, &batch), SPILLWAY_E_MISUSE);
  CHECK_INT(batch.generation, 0);
  spillway_circuit_breaker_unref(breaker);
}
