/* Spillway's C interface. */

#ifndef SPILLWAY_C_API_H_
#define SPILLWAY_C_API_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The size of a struct that ends with the field `last`: padding behind it never counts. */
#define SPILLWAY_SIZE_TO_END(type, last) (offsetof(type, last) + sizeof(((type*)0)->last))

/* generated: begin circuit_breaker constants */
/* What the rates are computed over. */
enum {
  /* The calls settled in the last `window`, in `buckets` equal buckets. */
  SPILLWAY_WINDOW_KIND_TIME = 0,
  /* The last `window_size` settled calls. */
  SPILLWAY_WINDOW_KIND_COUNT = 1,
  /* Trips after `window_failures` failures in a row. */
  SPILLWAY_WINDOW_KIND_CONSECUTIVE = 2,
  /* Trips when `window_failures` of the last `window_size` calls failed. */
  SPILLWAY_WINDOW_KIND_K_OF_N = 3,
};

/* The state of a circuit breaker. */
enum {
  /* Calls pass and are counted. */
  SPILLWAY_CIRCUIT_BREAKER_STATE_CLOSED = 0,
  /* Calls are refused until the open time has passed. */
  SPILLWAY_CIRCUIT_BREAKER_STATE_OPEN = 1,
  /* A few probes pass and decide. */
  SPILLWAY_CIRCUIT_BREAKER_STATE_HALF_OPEN = 2,
  /* Refuses everything until somebody changes it. */
  SPILLWAY_CIRCUIT_BREAKER_STATE_FORCED_OPEN = 3,
  /* Admits everything and counts nothing. */
  SPILLWAY_CIRCUIT_BREAKER_STATE_DISABLED = 4,
  /* Admits everything, counts, never trips. */
  SPILLWAY_CIRCUIT_BREAKER_STATE_METRICS_ONLY = 5,
};

/* Why a call was refused. */
enum {
  /* The breaker is open; `retry_after` is the rest of the open time. */
  SPILLWAY_CIRCUIT_BREAKER_REJECTION_OPEN = 1,
  /* Somebody forced it open; `retry_after` is `open_for`, as advice. */
  SPILLWAY_CIRCUIT_BREAKER_REJECTION_FORCED_OPEN = 2,
  /* Every probe is taken; `retry_after` is the shorter of the rest of the lease and `open_for`. */
  SPILLWAY_CIRCUIT_BREAKER_REJECTION_HALF_OPEN = 3,
  /* The share admitted after a close is used up; `retry_after` says when this call's turn would
   * have come. */
  SPILLWAY_CIRCUIT_BREAKER_REJECTION_RAMP = 4,
};

/* What made a circuit breaker begin a new generation. */
enum {
  /* The failure rate (or the failures of the last n) reached its threshold. */
  SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_FAILURE_RATE = 1,
  /* The slow-call rate reached its threshold. */
  SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_SLOW_RATE = 2,
  /* The open time passed and the first probe was admitted. */
  SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_OPEN_ELAPSED = 3,
  /* The probes passed. */
  SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_PROBES_PASSED = 4,
  /* Too many probes failed. */
  SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_PROBES_FAILED = 5,
  /* Too many probes were slow. */
  SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_PROBES_SLOW = 6,
  /* A probe never returned; its slot was given to another. */
  SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_LEASE_EXPIRED = 7,
  /* reset() was called. */
  SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_RESET = 8,
  /* A state was set by hand, or by `initial_state`. */
  SPILLWAY_CIRCUIT_BREAKER_EVENT_REASON_MANUAL = 9,
};
/* generated: end circuit_breaker constants */

/* generated: begin circuit_breaker options */
/* The options of a circuit breaker. Begin with SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT. */
typedef struct spillway_circuit_breaker_options {
  size_t struct_size;
  /* The kind of window. Fixed when the breaker is made. Accepted: time, count, consecutive, k_of_n.
   * Default from Hystrix (rolling time window). One of SPILLWAY_WINDOW_KIND_*. */
  int32_t window_kind;
  /* Length of the time window; each of its buckets must last at least 1 ms. Fixed when the breaker
   * is made. Accepted: 0.001 s to 86400 s. Default from Hystrix (10 s). */
  int64_t window_ns;
  /* Buckets of the time window: counts leave the window a bucket at a time. Fixed when the breaker
   * is made. Accepted: 1 to 128. Default from Hystrix (10). */
  int32_t buckets;
  /* Calls in a count or k-of-n window. Fixed when the breaker is made. Accepted: 1 to 4096. Default
   * from Resilience4j (100). */
  int32_t window_size;
  /* Failures that trip a consecutive or k-of-n breaker; that many slow calls trip it too. Fixed
   * when the breaker is made. Accepted: 1 to 4096. Default from pybreaker (5). */
  int32_t window_failures;
  /* Trips when the share of failed calls is at least this. Kept to 0.01 %, rounded to nearest, and
   * compared exactly. Accepted: 0.0001 to 1. Default from Hystrix (50 %). */
  double failure_rate;
  /* No rate is defined below this many calls. A count window caps it at its size. Accepted: 1 to
   * 100000000. Default from Hystrix (20). */
  int32_t min_calls;
  /* A call is slow when it took strictly longer than this. Accepted: 0 (off: no call is slow) or
   * 0.000000001 s to 86400 s. Default from Spillway (Resilience4j's 60 s is longer than most
   * clients wait). */
  int64_t slow_call_ns;
  /* Trips when the share of slow calls is at least this. Accepted: 0.0001 to 1. Default from
   * Resilience4j (100 %). */
  double slow_rate;
  /* Judge calls by their age while they run, so that hung calls count as slow. Needs a time window
   * of at least `slow_call` plus one bucket. Fixed when the breaker is made. Accepted: false (0) or
   * true (1). Default from Spillway (no peer has it). */
  int32_t in_flight;
  /* How long the first opening lasts. Accepted: 0.001 s to 86400 s. Default from Hystrix (5 s). */
  int64_t open_for_ns;
  /* Each consecutive reopening lasts this many times longer. Accepted: 1 to 100. Default from brpc
   * (doubles). */
  double backoff;
  /* The longest opening, before jitter; at least `open_for`. Accepted: 0.001 s to 2592000 s.
   * Default from Envoy (300 s). */
  int64_t max_open_ns;
  /* Each opening is lengthened by a random share of itself, at most this. Accepted: 0 to 1. Default
   * from mcrouter (5 to 50 %). */
  double jitter;
  /* Probes whose outcomes decide a half-open breaker. Accepted: 1 to 63. Default from Hystrix (1).
   * */
  int32_t probes;
  /* Probes that may run at the same time. Accepted: 1 to 63. Default from Hystrix (1). */
  int32_t probes_in_flight;
  /* A probe that has not settled after this is given up and its slot is free again. Accepted:
   * 0.001 s to 3600 s. Default from Spillway (on by default in no peer). */
  int64_t probe_lease_ns;
  /* After a close the admitted share grows from 10 % to all of the calls over this time. Accepted:
   * 0 (off: a close admits everything at once) or 0.001 s to 3600 s. Default from Spillway (the
   * 10 % it starts from is Envoy's slow start). */
  int64_t ramp_ns;
  /* The state of a fresh breaker. Accepted: closed, forced_open, disabled, metrics_only. Default
   * from Resilience4j. One of SPILLWAY_CIRCUIT_BREAKER_STATE_*. */
  int32_t initial_state;
  /* Count in one set of cells for each CPU, up to 8: cheaper when many threads share the breaker,
   * dearer to evaluate. Needs a time window. Accepted: false (0) or true (1). Default from
   * Spillway. */
  int32_t striped;
  /* Seed of the jitter. Accepted: any (0: a random one). Default from Spillway. */
  uint64_t seed;
} spillway_circuit_breaker_options;

/* clang-format off */
#define SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT \
  { \
    SPILLWAY_SIZE_TO_END(spillway_circuit_breaker_options, seed), \
    /* window_kind */ SPILLWAY_WINDOW_KIND_TIME, \
    /* window_ns */ 10000000000, \
    /* buckets */ 10, \
    /* window_size */ 100, \
    /* window_failures */ 5, \
    /* failure_rate */ 0.5, \
    /* min_calls */ 20, \
    /* slow_call_ns */ 2000000000, \
    /* slow_rate */ 1.0, \
    /* in_flight */ 0, \
    /* open_for_ns */ 5000000000, \
    /* backoff */ 2.0, \
    /* max_open_ns */ 300000000000, \
    /* jitter */ 0.1, \
    /* probes */ 1, \
    /* probes_in_flight */ 1, \
    /* probe_lease_ns */ 30000000000, \
    /* ramp_ns */ 0, \
    /* initial_state */ SPILLWAY_CIRCUIT_BREAKER_STATE_CLOSED, \
    /* striped */ 0, \
    /* seed */ 0, \
  }
/* clang-format on */
/* generated: end circuit_breaker options */

/* generated: begin circuit_breaker snapshot */
/* What a circuit breaker holds. */
typedef struct spillway_circuit_breaker_snapshot {
  size_t struct_size;
  /* The state. An open breaker whose open time has passed stays open until a call asks. One of
   * SPILLWAY_CIRCUIT_BREAKER_STATE_*. */
  int32_t state;
  /* Number of this state: every state change and reset adds one. 20 bits, then from 0 again. */
  uint32_t generation;
  /* When this generation began; 0 for a fresh breaker. */
  int64_t since_ns;
  /* Rest of the open time; 0 when it has passed or the breaker is not open. */
  int64_t time_to_half_open_ns;
  /* Consecutive reopenings the length of the next opening counts. */
  int32_t open_step;
  /* Share of failed calls in the window; undefined below `min_calls`. -1 when undefined. */
  double failure_rate;
  /* Share of slow calls in the window; undefined below `min_calls`, or when slow calls are not told
   * apart. -1 when undefined. */
  double slow_rate;
  /* Calls in the window that succeeded in time. */
  uint64_t successes;
  /* Calls in the window that failed in time. */
  uint64_t failures;
  /* Calls in the window that succeeded but were slow. Always 0 with `in_flight`. */
  uint64_t slow_successes;
  /* Calls in the window that failed and were slow. Always 0 with `in_flight`. */
  uint64_t slow_failures;
  /* With `in_flight`: calls whose age has been judged within the window. */
  uint64_t judged;
  /* With `in_flight`: those of them that were slow. */
  uint64_t judged_slow;
  /* Half-open: probes admitted. */
  int32_t probes_issued;
  /* Half-open: probes settled as success or failure. */
  int32_t probes_done;
  /* Half-open: probes that failed. */
  int32_t probes_failed;
  /* Half-open: probes that were slow. */
  int32_t probes_slow;
  /* Successes in time, counted into a window since the breaker was made. */
  uint64_t total_successes;
  /* Failures in time, since the breaker was made. */
  uint64_t total_failures;
  /* Slow successes since the breaker was made. */
  uint64_t total_slow_successes;
  /* Slow failures since the breaker was made. */
  uint64_t total_slow_failures;
  /* Settled probes since the breaker was made; they decide a state and enter no window. */
  uint64_t total_probes;
  /* Ignored outcomes since the breaker was made. */
  uint64_t total_ignored;
  /* Refused calls since the breaker was made. */
  uint64_t total_rejected;
  /* Outcomes that came after their generation had ended; they changed nothing. */
  uint64_t total_stale;
  /* Permits of another breaker, settled twice or settled with an unknown outcome; they changed
   * nothing. */
  uint64_t total_misused;
} spillway_circuit_breaker_snapshot;
/* generated: end circuit_breaker snapshot */

#endif /* SPILLWAY_C_API_H_ */
