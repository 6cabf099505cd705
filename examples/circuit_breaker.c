/* A client whose callee is down for a while, on a clock set by hand. Built on its own:
 *
 *   cc circuit_breaker.c $(pkg-config --cflags --libs spillway)
 */
#include <spillway/c_api.h>
#include <stdbool.h>
#include <stdio.h>

#define SECOND INT64_C(1000000000)

/* Stands for the real call. */
static bool Pay(int64_t now) { return now < 2 * SECOND || now >= 6 * SECOND; }

static void PayAt(spillway_circuit_breaker* breaker, int64_t now) {
  const double seconds = (double)now / (double)SECOND;
  spillway_acquire_result answer;
  const spillway_decision decision = spillway_circuit_breaker_try_acquire_at(breaker, now, &answer);
  if (decision != SPILLWAY_ADMITTED) {
    printf("%.1f s: refused (%s), ask again in %.1f s\n", seconds,
           spillway_circuit_breaker_rejection_name(decision),
           (double)answer.retry_after_ns / (double)SECOND);
    return;
  }
  const bool paid = Pay(now);
  spillway_circuit_breaker_settle_at(
      breaker, &answer.permit, paid ? SPILLWAY_OUTCOME_SUCCESS : SPILLWAY_OUTCOME_FAILURE, now);
  printf("%.1f s: %s\n", seconds, paid ? "paid" : "failed");
}

int main(void) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  options.window_kind = SPILLWAY_WINDOW_KIND_CONSECUTIVE;
  options.window_failures = 3;
  options.open_for_ns = 3 * SECOND;
  options.jitter = 0;

  spillway_circuit_breaker* breaker = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  if (spillway_circuit_breaker_new(&breaker, "payments", 8, &options, &error) != SPILLWAY_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  for (int64_t now = 0; now < 8 * SECOND; now += SECOND / 2) {
    PayAt(breaker, now);
  }
  spillway_circuit_breaker_unref(breaker);
  return 0;
}
