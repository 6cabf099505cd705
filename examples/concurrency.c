/* Calls at once: a bulkhead, an adaptive limiter and a client throttle, on a clock set by hand; the
 * page of each in docs/ shows its function. Built on its own:
 *
 *   cc concurrency.c $(pkg-config --cflags --libs spillway)
 */
#include <spillway/c_api.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000000)

static void DieUnless(spillway_status status, const spillway_error* error) {
  if (status == SPILLWAY_OK) return;
  fprintf(stderr, "%s\n", error->message);
  exit(1);
}

/* One report is rendered at a time. An event loop must not block: it asks again after each end. */
static void RenderReports(int64_t now) {
  spillway_bulkhead_options options = SPILLWAY_BULKHEAD_OPTIONS_INIT;
  options.max_concurrent = 1;
  options.max_queue = 20;
  spillway_bulkhead* reports = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  DieUnless(spillway_bulkhead_new(&reports, "reports", 7, &options, &error), &error);
  spillway_acquire_result answers[2];
  for (int i = 0; i < 2; ++i) {
    const spillway_decision decision =
        spillway_bulkhead_enqueue_at(reports, SPILLWAY_PRIORITY_NORMAL, now, &answers[i]);
    if (decision == SPILLWAY_ADMITTED) printf("report %d begins\n", i);
    if (decision == SPILLWAY_BULKHEAD_REJECTION_QUEUED) printf("report %d waits\n", i);
  }
  spillway_bulkhead_settle_at(reports, &answers[0].permit, SPILLWAY_OUTCOME_SUCCESS, now);
  if (spillway_bulkhead_poll_at(reports, &answers[1].permit, now) == SPILLWAY_ADMITTED) {
    printf("report 1 has its turn\n");
  }
  spillway_bulkhead_settle_at(reports, &answers[1].permit, SPILLWAY_OUTCOME_SUCCESS, now);
  spillway_bulkhead_unref(reports);
}

/* The callee serves four calls at once and drops the others. The limiter finds that out. */
static void Search(void) {
  enum { MOST = 20 };
  spillway_adaptive_limiter_options options = SPILLWAY_ADAPTIVE_LIMITER_OPTIONS_INIT;
  options.algorithm = SPILLWAY_LIMIT_ALGORITHM_AIMD;
  options.initial_limit = 10;
  options.max_limit = MOST;
  spillway_adaptive_limiter* limiter = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  DieUnless(spillway_adaptive_limiter_new(&limiter, "search", 6, &options, &error), &error);
  spillway_acquire_result calls[MOST + 1]; /* the last one is refused */
  int count = 0;
  for (int64_t now = 0; now < 60 * SECOND; now += SECOND) {
    count = 0;
    while (spillway_adaptive_limiter_try_acquire_at(limiter, now, &calls[count]) ==
           SPILLWAY_ADMITTED) {
      ++count;
    }
    for (int i = 0; i < count; ++i) {
      const int32_t outcome = i < 4 ? SPILLWAY_OUTCOME_SUCCESS : SPILLWAY_OUTCOME_FAILURE;
      const int64_t end = now + (i + 1) * (SECOND / 20);
      spillway_adaptive_limiter_settle_at(limiter, &calls[i].permit, outcome, end);
    }
  }
  printf("after a minute %d calls at once\n", count);
  spillway_adaptive_limiter_unref(limiter);
}

/* The callee accepts every tenth call. Most of the others are refused before they cost it any. */
static void Ask(void) {
  spillway_client_throttle_options options = SPILLWAY_CLIENT_THROTTLE_OPTIONS_INIT;
  options.seed = 1;
  spillway_client_throttle* throttle = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  DieUnless(spillway_client_throttle_new(&throttle, "translator", 10, &options, &error), &error);
  int sent = 0;
  for (int call = 0; call < 1000; ++call) {
    const int64_t now = call * (SECOND / 100);
    spillway_acquire_result answer;
    if (spillway_client_throttle_try_acquire_at(throttle, SPILLWAY_PRIORITY_NORMAL, now, &answer) !=
        SPILLWAY_ADMITTED) {
      continue;
    }
    const bool accepted = ++sent % 10 == 0;
    spillway_client_throttle_settle_at(
        throttle, &answer.permit, accepted ? SPILLWAY_OUTCOME_SUCCESS : SPILLWAY_OUTCOME_FAILURE,
        now);
  }
  printf("of 1000 calls %d are sent\n", sent);
  spillway_client_throttle_unref(throttle);
}

int main(void) {
  RenderReports(0);
  Search();
  Ask();
  return 0;
}
