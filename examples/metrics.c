/* What Prometheus would read of a breaker that has just opened. Built on its own:
 *
 *   cc metrics.c $(pkg-config --cflags --libs spillway)
 */
#include <spillway/c_api.h>
#include <stdio.h>

int main(void) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  options.window_kind = SPILLWAY_WINDOW_KIND_CONSECUTIVE;
  options.window_failures = 1;
  options.jitter = 0;

  spillway_circuit_breaker* breaker = NULL;
  spillway_metrics* metrics = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  if (spillway_circuit_breaker_new(&breaker, "payments", 8, &options, &error) != SPILLWAY_OK ||
      spillway_metrics_new(&metrics, &error) != SPILLWAY_OK ||
      spillway_metrics_add_circuit_breaker(metrics, breaker, &error) != SPILLWAY_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  spillway_acquire_result answer;
  spillway_circuit_breaker_try_acquire_at(breaker, 0, &answer);
  spillway_circuit_breaker_settle_at(breaker, &answer.permit, SPILLWAY_OUTCOME_FAILURE, 0);

  static char text[16384];
  size_t length = 0;
  if (spillway_metrics_text_at(metrics, 0, text, sizeof text, &length) != SPILLWAY_OK) return 1;
  fwrite(text, 1, length, stdout);
  spillway_metrics_unref(metrics);
  spillway_circuit_breaker_unref(breaker);
  return 0;
}
