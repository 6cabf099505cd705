/* A client that may send ten requests a second and three at once, on a clock set by hand. Built on
 * its own:
 *
 *   cc token_bucket.c $(pkg-config --cflags --libs spillway)
 */
#include <spillway/c_api.h>
#include <stdio.h>

#define SECOND INT64_C(1000000000)

static double InSeconds(int64_t ns) { return (double)ns / (double)SECOND; }

/* Sends if it may be sent now. */
static void TrySend(spillway_token_bucket* bucket, int64_t now) {
  spillway_limit_status status;
  const spillway_decision decision = spillway_token_bucket_try_acquire_at(bucket, 1, now, &status);
  if (decision == SPILLWAY_ADMITTED) {
    printf("%.1f s: sent, %d more may follow\n", InSeconds(now), (int)status.remaining);
  } else {
    printf("%.1f s: refused (%s), ask again in %.1f s\n", InSeconds(now),
           spillway_token_bucket_rejection_name(decision), InSeconds(status.retry_after_ns));
  }
}

/* Waits for its turn, if that comes within half a second; who asks first is served first. */
static void SendInTurn(spillway_token_bucket* bucket, int64_t now) {
  spillway_reservation turn;
  const spillway_decision decision =
      spillway_token_bucket_reserve_at(bucket, 1, SECOND / 2, now, &turn, NULL);
  if (decision == SPILLWAY_ADMITTED) {
    printf("%.1f s: sent at %.1f s\n", InSeconds(now), InSeconds(turn.act_at_ns));
  } else {
    printf("%.1f s: refused (%s)\n", InSeconds(now),
           spillway_token_bucket_rejection_name(decision));
  }
}

int main(void) {
  spillway_token_bucket_options options = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
  options.rate = 10;
  options.burst = 3;

  spillway_token_bucket* bucket = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  if (spillway_token_bucket_new(&bucket, "payments", 8, &options, &error) != SPILLWAY_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  for (int i = 0; i < 4; ++i) TrySend(bucket, 0);
  TrySend(bucket, SECOND / 10);
  for (int i = 0; i < 3; ++i) SendInTurn(bucket, SECOND / 5);

  /* A turn that is not needed any more goes back, and the next one asked for has it. */
  spillway_reservation turn;
  if (spillway_token_bucket_reserve_at(bucket, 1, SECOND, SECOND / 5, &turn, NULL) ==
      SPILLWAY_ADMITTED) {
    spillway_token_bucket_cancel_at(bucket, &turn, SECOND / 5);
    printf("0.2 s: gave its turn back\n");
  }
  SendInTurn(bucket, SECOND / 5);
  spillway_token_bucket_unref(bucket);
  return 0;
}
