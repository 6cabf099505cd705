/* The limiters beside the token bucket, each on a clock set by hand; the page of each in docs/
 * shows its function. Built on its own:
 *
 *   cc limiters.c $(pkg-config --cflags --libs spillway)
 */
#include <spillway/c_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static double InSeconds(int64_t ns) { return (double)ns / (double)SECOND; }

static void DieUnless(spillway_status status, const spillway_error* error) {
  if (status == SPILLWAY_OK) return;
  fprintf(stderr, "%s\n", error->message);
  exit(1);
}

/* Ten mails a second leave, one after the other; none waits for more than a quarter of a second. */
static void SendMails(int64_t now) {
  spillway_leaky_bucket_options options = SPILLWAY_LEAKY_BUCKET_OPTIONS_INIT;
  options.rate = 10;
  options.capacity = 100;
  options.free = 1;
  spillway_leaky_bucket* shaper = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  DieUnless(spillway_leaky_bucket_new(&shaper, "mail", 4, &options, &error), &error);
  for (int mail = 1; mail <= 4; ++mail) {
    spillway_reservation turn;
    if (spillway_leaky_bucket_reserve_at(shaper, 1, SECOND / 4, now, &turn, NULL) ==
        SPILLWAY_ADMITTED) {
      printf("mail %d leaves at %.1f s\n", mail, InSeconds(turn.act_at_ns));
    } else {
      printf("mail %d is not taken: too many wait\n", mail);
    }
  }
  spillway_leaky_bucket_unref(shaper);
}

/* The provider takes three payments within any second, and five within any ten seconds. */
static void Pay(void) {
  spillway_sliding_window_limiter_options options = SPILLWAY_SLIDING_WINDOW_LIMITER_OPTIONS_INIT;
  options.limit = 3;
  options.per_ns = SECOND;
  options.second_limit = 5;
  options.second_per_ns = 10 * SECOND;
  spillway_sliding_window_limiter* limiter = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  DieUnless(spillway_sliding_window_limiter_new(&limiter, "provider", 8, &options, &error), &error);
  for (int64_t now = 0; now < 2 * SECOND; now += SECOND / 4) {
    spillway_limit_status status;
    if (spillway_sliding_window_limiter_try_acquire_at(limiter, 1, now, &status) ==
        SPILLWAY_ADMITTED) {
      printf("%.2f s: paid\n", InSeconds(now));
    } else {
      printf("%.2f s: pay in %.2f s\n", InSeconds(now), InSeconds(status.retry_after_ns));
    }
  }
  spillway_sliding_window_limiter_unref(limiter);
}

static spillway_token_bucket* NewBucket(const char* name, double rate, int32_t burst) {
  spillway_token_bucket_options options = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
  options.rate = rate;
  options.burst = burst;
  spillway_token_bucket* bucket = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  DieUnless(spillway_token_bucket_new(&bucket, name, strlen(name), &options, &error), &error);
  return bucket;
}

/* Two look-ups at once and one a second; five in a day. What the second refuses costs no day. */
static void LookUp(void) {
  const spillway_multi_limiter_member members[] = {
      {.token_bucket = NewBucket("per second", 1, 2)},
      {.token_bucket = NewBucket("per day", 5.0 / 86400, 5)},
  };
  spillway_multi_limiter* limiter = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  DieUnless(spillway_multi_limiter_new(&limiter, "look-ups", 8, members, 2, NULL, &error), &error);
  for (int64_t now = 0; now < 5 * SECOND; now += SECOND / 2) {
    size_t refuser = 0;
    if (spillway_multi_limiter_try_acquire_at(limiter, 1, now, &refuser, NULL) ==
        SPILLWAY_ADMITTED) {
      printf("%.1f s: looked up\n", InSeconds(now));
    } else {
      printf("%.1f s: not more %s\n", InSeconds(now), refuser == 0 ? "a second" : "today");
    }
  }
  spillway_multi_limiter_unref(limiter);
  for (size_t i = 0; i < 2; ++i) spillway_token_bucket_unref(members[i].token_bucket);
}

/* Each user has five pages a second, and two at once; what one user takes, no other misses. */
static void ShowPages(int64_t now) {
  spillway_keyed_limiter_options options = SPILLWAY_KEYED_LIMITER_OPTIONS_INIT;
  options.rate = 5;
  options.burst = 2;
  options.max_keys = 1000;
  spillway_keyed_limiter* limiter = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  DieUnless(spillway_keyed_limiter_new(&limiter, "pages", 5, &options, &error), &error);
  const char* users[] = {"ada", "ada", "ada", "bob"};
  for (size_t i = 0; i < 4; ++i) {
    spillway_limit_status status;
    if (spillway_keyed_limiter_try_acquire_at(limiter, users[i], strlen(users[i]), 1, now,
                                              &status) == SPILLWAY_ADMITTED) {
      printf("a page for %s\n", users[i]);
    } else {
      printf("no page for %s: in %.1f s\n", users[i], InSeconds(status.retry_after_ns));
    }
  }
  spillway_keyed_limiter_unref(limiter);
}

int main(void) {
  SendMails(0);
  Pay();
  LookUp();
  ShowPages(0);
  return 0;
}
