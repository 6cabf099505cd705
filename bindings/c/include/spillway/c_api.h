/* Spillway for C: circuit breakers that stop calling what does not answer, and find out by
 * themselves when it answers again; token buckets that let through so many calls a second. Of a
 * breaker:
 *
 *   spillway_error error = SPILLWAY_ERROR_INIT;
 *   spillway_circuit_breaker* breaker = NULL;
 *   if (spillway_circuit_breaker_new(&breaker, "payments", 8, NULL, &error) != SPILLWAY_OK)
 *     return fail(error.message);
 *
 *   spillway_acquire_result result;
 *   if (spillway_circuit_breaker_try_acquire(breaker, &result) == SPILLWAY_ADMITTED) {
 *     const int32_t outcome = charge() ? SPILLWAY_OUTCOME_SUCCESS : SPILLWAY_OUTCOME_FAILURE;
 *     spillway_circuit_breaker_settle(breaker, &result.permit, outcome);
 *   } else {
 *     answer_at_once_or_wait(result.retry_after_ns);
 *   }
 *
 *   spillway_circuit_breaker_unref(breaker);
 *
 * What holds for every function:
 * - Times are nanoseconds of a monotonic clock. A function whose name ends in `_at` is given the
 *   time and reads no clock; its twin without reads spillway_now_ns(). A clock may start anywhere:
 *   times given to one object are compared only with each other. A time below 0 reads as 0.
 * - Nothing throws, logs or calls back, and only what the table at the end of a section names can
 *   block. Nothing is kept of a pointer after the call.
 * - A handle is counted: `_new` makes it with one reference, `_ref` adds one, `_unref` takes one
 *   away. A call needs a reference that lasts until the call returns.
 * - NULL where something must be, a permit of another object, a struct of a wrong size: the answer
 *   is SPILLWAY_E_MISUSE, and no state changes.
 * - A struct that begins with `struct_size` may grow at its end in later versions. The caller says
 *   there how long it was when he was compiled: by its INIT macro, or sizeof.
 * - Everything is here since 0.1.
 */

#ifndef SPILLWAY_C_API_H_
#define SPILLWAY_C_API_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __GNUC__
#define SPILLWAY_API __attribute__((visibility("default")))
#else
#define SPILLWAY_API
#endif

#ifdef __cplusplus
#define SPILLWAY_NOEXCEPT noexcept
extern "C" {
#else
#define SPILLWAY_NOEXCEPT
#endif

/* The size of a struct that ends with the field `last`: padding behind it never counts. */
#define SPILLWAY_SIZE_TO_END(type, last) (offsetof(type, last) + sizeof(((type*)0)->last))

/* ---- Version ------------------------------------------------------------------------------------
 *
 * Thread safety: any thread, any time. Progress: wait-free. Allocates: no. */

/* Of the library that runs: major * 10000 + minor * 100 + patch. */
SPILLWAY_API uint32_t spillway_version_number(void) SPILLWAY_NOEXCEPT;

/* The same as text, "major.minor.patch". */
SPILLWAY_API const char* spillway_version_string(void) SPILLWAY_NOEXCEPT;

/* The number of the binary interface, as in the library's SONAME: 0 (may change) until 1.0. */
SPILLWAY_API uint32_t spillway_abi_version(void) SPILLWAY_NOEXCEPT;

/* ---- What functions answer --------------------------------------------------------------------*/

/* Set-up calls: SPILLWAY_OK, or below 0 what went wrong. */
typedef int32_t spillway_status;
enum {
  SPILLWAY_OK = 0,
  /* An option is out of its range, or fixed and would change. */
  SPILLWAY_E_INVALID_ARGUMENT = -1,
  /* A struct of a later version sets a field that this version does not know. */
  SPILLWAY_E_UNSUPPORTED = -2,
  SPILLWAY_E_NO_MEMORY = -3,
  /* A fault in the library. */
  SPILLWAY_E_INTERNAL = -4,
  /* The call itself is wrong: see the introduction. */
  SPILLWAY_E_MISUSE = -5,
  /* The text is longer than the caller's buffer; its length is told. */
  SPILLWAY_E_BUFFER_TOO_SHORT = -6,
  /* Somebody else is changing the same thing: nothing was changed, ask again. */
  SPILLWAY_E_BUSY = -7,
};

/* Asking for a permit: SPILLWAY_ADMITTED; above 0 why not, one of the object's
 * SPILLWAY_..._REJECTION_*; below 0 SPILLWAY_E_MISUSE. */
typedef int32_t spillway_decision;
enum { SPILLWAY_ADMITTED = 0 };

/* Settling a permit: one of these, or below 0 SPILLWAY_E_MISUSE. */
typedef int32_t spillway_settlement;
enum {
  /* The outcome was counted; an ignored one gave the permit back. */
  SPILLWAY_SETTLEMENT_COUNTED = 0,
  /* The state that issued the permit had ended: the outcome changed nothing but a counter. */
  SPILLWAY_SETTLEMENT_STALE = 1,
};

/* How a call ended. */
enum {
  SPILLWAY_OUTCOME_SUCCESS = 0,
  SPILLWAY_OUTCOME_FAILURE = 1,
  /* It says nothing about the callee (the caller gave up, the request was bad): counts nothing,
   * gives the permit back. */
  SPILLWAY_OUTCOME_IGNORED = 2,
};

/* How much it matters that a call is made: lower classes are refused first. */
enum {
  SPILLWAY_PRIORITY_NORMAL = 0,
  SPILLWAY_PRIORITY_CRITICAL = 1,
  SPILLWAY_PRIORITY_SHEDDABLE = 2,
};

/* The name of a status, for logs: "ok", "invalid_argument", ...; "unknown" for other numbers.
 * Thread safety: any thread, any time. Progress: wait-free. Allocates: no, the text is static. */
SPILLWAY_API const char* spillway_status_name(spillway_status status) SPILLWAY_NOEXCEPT;

/* Belongs to the caller. A function that takes one fills it when it fails and clears it when it
 * succeeds. NULL is allowed; one that is shorter than this makes the function fail at once. */
typedef struct spillway_error {
  size_t struct_size;
  spillway_status code;
  /* Names the thing, its value and what is accepted. Always ends in a zero. */
  char message[256];
} spillway_error;

#define SPILLWAY_ERROR_INIT                                           \
  {                                                                   \
    SPILLWAY_SIZE_TO_END(spillway_error, message), SPILLWAY_OK, { 0 } \
  }

/* ---- Time -------------------------------------------------------------------------------------*/

/* Now, on the clock that the functions without `_at` read: CLOCK_MONOTONIC, never below 0.
 * Thread safety: any thread, any time. Progress: wait-free. Allocates: no. */
SPILLWAY_API int64_t spillway_now_ns(void) SPILLWAY_NOEXCEPT;

/* ---- Permits ----------------------------------------------------------------------------------*/

/* The right to make one call, to be settled once, on any thread, at the object that issued it. All
 * zero means empty. Dropping one is allowed: a closed breaker needs no word of it, and a half-open
 * one gives it up when its lease ends. Move it, do not copy it: settling a copy too counts the
 * outcome twice. */
typedef struct spillway_permit {
  uint64_t opaque[3];
} spillway_permit;

/* What asking for a permit writes, all of it, each time. */
typedef struct spillway_acquire_result {
  /* Empty unless admitted. */
  spillway_permit permit;
  /* When refused: how long to wait before asking again. Else 0. */
  int64_t retry_after_ns;
} spillway_acquire_result;

/* ---- Events -----------------------------------------------------------------------------------*/

/* A change of state. */
typedef struct spillway_event {
  /* Number of the state that it began. Events of one object are numbered without a gap; after
   * 2^20 - 1 comes 0. */
  uint32_t generation;
  /* The object's SPILLWAY_..._STATE_* before and after; the same when it began anew. */
  int32_t from;
  int32_t to;
  /* One of the object's SPILLWAY_..._EVENT_REASON_*. */
  int32_t reason;
  /* The rate that made it happen, 0 to 1; -1 where none did. */
  double rate;
  /* The time that was given to the call that made it happen. */
  int64_t time_ns;
} spillway_event;

/* Where events are put and how far their reader has come. Each reader has one of his own. */
typedef struct spillway_event_batch {
  size_t struct_size;
  /* The caller's array: where it begins, the step from one event to the next, how many fit. */
  spillway_event* events;
  size_t event_size;
  size_t capacity;
  /* Set by each call: how many events it wrote, oldest first. */
  size_t count;
  /* Set by each call: how many events were overwritten before it could read them. */
  uint64_t lost;
  /* Read and set by each call: the last generation that the reader knows of. 0 begins with the
   * first event of all. */
  uint32_t generation;
} spillway_event_batch;

#define SPILLWAY_EVENT_BATCH_INIT(events, capacity)                                         \
  {                                                                                         \
    SPILLWAY_SIZE_TO_END(spillway_event_batch, generation), events, sizeof(spillway_event), \
        capacity, 0, 0, 0                                                                   \
  }

/* ---- Circuit breaker --------------------------------------------------------------------------*/

/* Stops calling what does not answer. docs/circuit_breaker.md says when it does what. */
typedef struct spillway_circuit_breaker spillway_circuit_breaker;

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

/* The names of the constants above, for logs, as in the events and metrics of the other languages:
 * "half_open", ...; "unknown" for other numbers.
 * Thread safety: any thread, any time. Progress: wait-free. Allocates: no, the text is static. */
SPILLWAY_API const char* spillway_circuit_breaker_state_name(int32_t state) SPILLWAY_NOEXCEPT;
SPILLWAY_API const char* spillway_circuit_breaker_rejection_name(int32_t rejection)
    SPILLWAY_NOEXCEPT;
SPILLWAY_API const char* spillway_circuit_breaker_event_reason_name(int32_t reason)
    SPILLWAY_NOEXCEPT;

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

/* What SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT does, for languages that cannot use it. `size` is that
 * of the caller's struct. Thread safety: any thread. Progress: wait-free. Allocates: no. */
SPILLWAY_API spillway_status spillway_circuit_breaker_options_init(
    spillway_circuit_breaker_options* options, size_t size) SPILLWAY_NOEXCEPT;

/* ---- Making one, and letting go. The rows of the table at the end of this section say for every
 * function who may call it when, and what it costs. */

/* A new circuit breaker with one reference, in `*out`; NULL there when it fails.
 * `name`: up to 255 bytes, copied; NULL with length 0 for none.
 * `options`: NULL for the defaults. Options that a shorter struct does not have keep their
 * defaults; a longer one is good while what this version does not know of it is zero.
 * Fails with SPILLWAY_E_INVALID_ARGUMENT, SPILLWAY_E_UNSUPPORTED, SPILLWAY_E_NO_MEMORY or
 * SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_status spillway_circuit_breaker_new(
    spillway_circuit_breaker** out, const char* name, size_t name_length,
    const spillway_circuit_breaker_options* options, spillway_error* error) SPILLWAY_NOEXCEPT;

/* Adds a reference and returns its argument. */
SPILLWAY_API spillway_circuit_breaker* spillway_circuit_breaker_ref(
    spillway_circuit_breaker* breaker) SPILLWAY_NOEXCEPT;

/* Takes a reference away; the last one frees the breaker, even while permits are out: there is
 * nowhere left to settle those, and dropping them is right. NULL is allowed. */
SPILLWAY_API void spillway_circuit_breaker_unref(spillway_circuit_breaker* breaker)
    SPILLWAY_NOEXCEPT;

/* ---- The calls */

/* Asks for a permit to make one call. Fills `out`. Answers SPILLWAY_ADMITTED, one of
 * SPILLWAY_CIRCUIT_BREAKER_REJECTION_*, or SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_decision
spillway_circuit_breaker_try_acquire_at(spillway_circuit_breaker* breaker, int64_t now_ns,
                                        spillway_acquire_result* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_circuit_breaker_try_acquire(
    spillway_circuit_breaker* breaker, spillway_acquire_result* out) SPILLWAY_NOEXCEPT;

/* Tells how the call ended: `outcome` is one of SPILLWAY_OUTCOME_*. A permit that was settled,
 * counted or stale, becomes empty. SPILLWAY_E_MISUSE for an empty or foreign permit, a copy of one
 * that was settled (where that can be told) and an unknown outcome: the permit is then left as it
 * is, so that it can still be settled rightly. */
SPILLWAY_API spillway_settlement
spillway_circuit_breaker_settle_at(spillway_circuit_breaker* breaker, spillway_permit* permit,
                                   int32_t outcome, int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_settlement spillway_circuit_breaker_settle(spillway_circuit_breaker* breaker,
                                                                 spillway_permit* permit,
                                                                 int32_t outcome) SPILLWAY_NOEXCEPT;

/* ---- Looking */

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

/* What the breaker looks like at `now_ns`. `out->struct_size` says how much of the struct the
 * caller has: only that is filled, and what this version does not know of it becomes zero. */
SPILLWAY_API spillway_status
spillway_circuit_breaker_snapshot_at(const spillway_circuit_breaker* breaker, int64_t now_ns,
                                     spillway_circuit_breaker_snapshot* out) SPILLWAY_NOEXCEPT;

/* One of SPILLWAY_CIRCUIT_BREAKER_STATE_*, or SPILLWAY_E_MISUSE. */
SPILLWAY_API int32_t spillway_circuit_breaker_state(const spillway_circuit_breaker* breaker)
    SPILLWAY_NOEXCEPT;

/* The number of the present state; 0 for NULL. */
SPILLWAY_API uint32_t spillway_circuit_breaker_generation(const spillway_circuit_breaker* breaker)
    SPILLWAY_NOEXCEPT;

/* The name it was made with, and its length in bytes (`length` may be NULL). A zero follows it; it
 * lives as long as the breaker. NULL for NULL. */
SPILLWAY_API const char* spillway_circuit_breaker_name(const spillway_circuit_breaker* breaker,
                                                       size_t* length) SPILLWAY_NOEXCEPT;

/* Takes the events that came after `batch->generation`, as many as fit, and moves it on. The
 * breaker keeps the last 8; what was overwritten is counted as lost. An array of 8 takes all that
 * there are; a smaller one needs calls until `count` is less than its capacity. `event_size` may
 * be that of an older or newer caller, a multiple of 8 up to 4096. */
SPILLWAY_API spillway_status spillway_circuit_breaker_events(
    const spillway_circuit_breaker* breaker, spillway_event_batch* batch) SPILLWAY_NOEXCEPT;

/* ---- Changing it */

/* Changes options; state and window stay. Options that a shorter struct does not have keep their
 * present values. Fails, with nothing changed, when one is out of range or fixed: begin with what
 * spillway_circuit_breaker_options_get gives. A call that races it may see some options old and
 * some new. */
SPILLWAY_API spillway_status spillway_circuit_breaker_reconfigure(
    spillway_circuit_breaker* breaker, const spillway_circuit_breaker_options* options,
    spillway_error* error) SPILLWAY_NOEXCEPT;

/* The present options, as far as `out->struct_size` goes; a seed that was drawn is told. */
SPILLWAY_API spillway_status
spillway_circuit_breaker_options_get(const spillway_circuit_breaker* breaker,
                                     spillway_circuit_breaker_options* out) SPILLWAY_NOEXCEPT;

/* Set a state by hand. Permits that are out become stale. A state that it is in already is left as
 * it is, and makes no event. */
SPILLWAY_API spillway_status spillway_circuit_breaker_force_open_at(
    spillway_circuit_breaker* breaker, int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_circuit_breaker_force_open(spillway_circuit_breaker* breaker)
    SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_circuit_breaker_disable_at(spillway_circuit_breaker* breaker,
                                                                 int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_circuit_breaker_disable(spillway_circuit_breaker* breaker)
    SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_circuit_breaker_metrics_only_at(
    spillway_circuit_breaker* breaker, int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status
spillway_circuit_breaker_metrics_only(spillway_circuit_breaker* breaker) SPILLWAY_NOEXCEPT;

/* Closed, with an empty window and the first open time again, whatever it was before: always an
 * event. */
SPILLWAY_API spillway_status spillway_circuit_breaker_reset_at(spillway_circuit_breaker* breaker,
                                                               int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_circuit_breaker_reset(spillway_circuit_breaker* breaker)
    SPILLWAY_NOEXCEPT;

/* ---- Who may call what, and what it costs. On one circuit breaker, every function may run in any
 * number of threads at the same time as every other, but for the last reference.
 *
 *   function               progress      memory order            allocates
 *   ---------------------  ------------  ----------------------  --------------------------------
 *   new                    blocks (1)    orders nothing (2)      the breaker
 *   ref                    wait-free     relaxed                 no
 *   unref                  wait-free     release; the last one   no; the last one frees, which
 *                                        acquires all the others may block (1)
 *   try_acquire, settle    lock-free     acquire the state,      no (3)
 *                                        release a changed one
 *   snapshot, state,       wait-free     acquire the state       no
 *   generation, events
 *   name                   wait-free     immutable               no
 *   reconfigure            wait-free     relaxed, each option    no
 *                                        by itself
 *   options_get            wait-free     relaxed                 no
 *   force_open, disable,   lock-free     acquire the state,      no
 *   metrics_only, reset                  release the new one
 *
 * (1) In malloc and free.
 * (2) Hand the handle to other threads as any other pointer. No call orders the caller's own data.
 * (3) But for the first refusal in each thread: to be told of the thread's end, it makes a note in
 *     the C library, which allocates and may block (1).
 *
 * After fork() both processes have a breaker of their own, as it stood; a child may use its handle
 * and its permits, whatever other threads were doing. */

/* ---- Limiters ---------------------------------------------------------------------------------*/

/* What a limiter says beside yes or no; all zero for a misuse. */
typedef struct spillway_limit_status {
  /* What could be taken now; 0 when any are owed. */
  int64_t remaining;
  /* The most that can be taken at once. */
  int64_t limit;
  /* How long until `remaining` is `limit` again, if nobody takes any. */
  int64_t reset_after_ns;
  /* When refused: how long until the same call is admitted, if nobody comes before. INT64_MAX:
   * never. */
  int64_t retry_after_ns;
  /* How long until `remaining` grows, if nobody takes any; 0 when it is `limit`. */
  int64_t next_after_ns;
} spillway_limit_status;

/* What is taken already, and may be used from `act_at_ns` on. Dropping one is allowed: it counts as
 * used. It is cancelled at the limiter that gave it, which keeps nothing of it: of a copy, of one
 * whose fields were changed or of one of another limiter a cancel gives back too much, never more
 * than `n` nor than the limiter can hold. */
typedef struct spillway_reservation {
  /* When it may be used: the time of the call, when that was at once. */
  int64_t act_at_ns;
  /* From then on a cancel gives nothing back. */
  int64_t worthless_at_ns;
  /* How many; 0 once cancelled, and where only `dry_run` let the call through. */
  int64_t n;
  /* Which options it was made under, after a change of which a cancel may give nothing back, and
   * what else the limiter needs for one. */
  uint64_t opaque[2];
} spillway_reservation;

/* What HTTP clients are told of a limiter's answer: the values of the header fields
 * RateLimit-Policy and RateLimit (of the IETF draft draft-ietf-httpapi-ratelimit-headers) and
 * Retry-After, each terminated by '\0'; an empty one is not to be sent. */
typedef struct spillway_rate_limit_fields {
  char policy[320];
  char limit[320];
  char retry_after[24];
} spillway_rate_limit_fields;

/* Fills `out` from an answer and its status. `name` is that of the quota: 1 to 128 characters of
 * printable ASCII. `window_ns` is the time in which the whole limit comes in, burst / rate for a
 * token bucket; 0: none is told. Times are told in seconds, rounded up; Retry-After only when the
 * answer is a rejection and a wait helps.
 * SPILLWAY_E_INVALID_ARGUMENT: the name. SPILLWAY_E_MISUSE: a NULL, or a decision below 0.
 * Thread-safe, allocates nothing. */
SPILLWAY_API spillway_status
spillway_rate_limit_fields_of(const char* name, size_t name_length, spillway_decision decision,
                              const spillway_limit_status* status, int64_t window_ns,
                              spillway_rate_limit_fields* out) SPILLWAY_NOEXCEPT;

/* ---- Token bucket -----------------------------------------------------------------------------*/

/* Lets through `rate` tokens a second and `burst` at once. docs/token_bucket.md says when it does
 * what. */
typedef struct spillway_token_bucket spillway_token_bucket;

/* generated: begin token_bucket constants */
/* Why a token bucket refused. */
enum {
  /* Not enough tokens are there now; `retry_after` says when they are. */
  SPILLWAY_TOKEN_BUCKET_REJECTION_EXHAUSTED = 1,
  /* More tokens than `burst` were asked for: there never are so many. */
  SPILLWAY_TOKEN_BUCKET_REJECTION_EXCEEDS_BURST = 2,
  /* A reservation would have to wait longer than it may; `retry_after` says when it need not. */
  SPILLWAY_TOKEN_BUCKET_REJECTION_EXCEEDS_WAIT = 3,
};

/* What becomes of the tokens, or the debt, when rate or burst change. */
enum {
  /* The tokens stay as many; more than the new `burst` are lost. */
  SPILLWAY_INHERITANCE_KEEP = 0,
  /* The bucket is full; debt is forgiven. */
  SPILLWAY_INHERITANCE_RESET = 1,
  /* As full as before: the tokens change as `burst` does. */
  SPILLWAY_INHERITANCE_PROPORTIONAL = 2,
  /* What `burst` gains is added to the tokens, what it loses is taken. */
  SPILLWAY_INHERITANCE_ADDITIVE = 3,
};
/* generated: end token_bucket constants */

/* The name of a constant of that kind, such as "exhausted"; "unknown" for any other number. */
SPILLWAY_API const char* spillway_token_bucket_rejection_name(int32_t rejection) SPILLWAY_NOEXCEPT;

/* generated: begin token_bucket options */
/* The options of a token bucket. Begin with SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT. */
typedef struct spillway_token_bucket_options {
  size_t struct_size;
  /* Tokens a second. Kept exactly, as the simplest fraction that is the same number. Accepted:
   * 0.0000000001 to 1000000000. Must be given. */
  double rate;
  /* Tokens the bucket holds: the most that are taken at once. Accepted: 1 to 1000000000. Default
   * from Spillway (the strictest). */
  int32_t burst;
  /* Tokens that are there at the first call; from `burst` on, all. Fixed when the bucket is made.
   * Accepted: 0 to 1000000000. Default from golang.org/x/time/rate (full). */
  int32_t initial_tokens;
  /* Refuses nothing and counts what it would have refused. Accepted: false (0) or true (1). Default
   * from nginx (off). */
  int32_t dry_run;
  /* Count calls for the snapshot and the metrics. Without it a refusal writes nothing at all. Fixed
   * when the bucket is made. Accepted: false (0) or true (1). Default from Spillway. */
  int32_t counted;
  /* How long a bucket that is cold takes to come to its rate when it is kept busy. Calls then pay
   * later: one of any size up to `burst` passes, and the next waits until it is paid for. It is 2
   * to 10 million tokens at `rate`, and that number times `burst` times `cold_factor` is at most
   * 1e14. Fixed when the bucket is made. Accepted: 0 (off: the rate is the same from the first call
   * on) or 0.000000001 s to 7776000 s. Default from Spillway (off); Guava's SmoothWarmingUp has it.
   * */
  int64_t warm_up_ns;
  /* Of `warm_up`: how many times longer than later the first token takes when the bucket is cold.
   * 1: all take the same. Fixed when the bucket is made. Accepted: 1 to 100. Default from Guava
   * (3). */
  double cold_factor;
} spillway_token_bucket_options;

/* clang-format off */
#define SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT \
  { \
    SPILLWAY_SIZE_TO_END(spillway_token_bucket_options, cold_factor), \
    /* rate */ 0, \
    /* burst */ 1, \
    /* initial_tokens */ 1000000000, \
    /* dry_run */ 0, \
    /* counted */ 1, \
    /* warm_up_ns */ 0, \
    /* cold_factor */ 3.0, \
  }
/* clang-format on */
/* generated: end token_bucket options */

/* ---- Making */

/* Fills the first `size` bytes of the options with defaults, for callers that cannot use the macro.
 * `rate` has none and must be set. */
SPILLWAY_API spillway_status spillway_token_bucket_options_init(
    spillway_token_bucket_options* options, size_t size) SPILLWAY_NOEXCEPT;

/* Makes a bucket with one reference, in `*out`; NULL there when it fails. The name is for people,
 * any bytes, at most 255. */
SPILLWAY_API spillway_status spillway_token_bucket_new(spillway_token_bucket** out,
                                                       const char* name, size_t name_length,
                                                       const spillway_token_bucket_options* options,
                                                       spillway_error* error) SPILLWAY_NOEXCEPT;

/* Adds a reference and returns its argument. */
SPILLWAY_API spillway_token_bucket* spillway_token_bucket_ref(spillway_token_bucket* bucket)
    SPILLWAY_NOEXCEPT;

/* Takes a reference away; the last one frees the bucket. NULL is allowed. */
SPILLWAY_API void spillway_token_bucket_unref(spillway_token_bucket* bucket) SPILLWAY_NOEXCEPT;

/* ---- Taking tokens. `n` is how many: 0 looks and takes none, below 0 is SPILLWAY_E_MISUSE, and
 * more than `burst` are refused for good. `out` may be NULL. Each function has a twin with _at that
 * is given the time, in nanoseconds of one monotonic clock for the bucket. */

/* Takes `n` tokens, all or none. 0: they are taken. Else one of SPILLWAY_TOKEN_BUCKET_REJECTION_*,
 * or SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_decision
spillway_token_bucket_try_acquire_at(spillway_token_bucket* bucket, int64_t n, int64_t now_ns,
                                     spillway_limit_status* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_token_bucket_try_acquire(
    spillway_token_bucket* bucket, int64_t n, spillway_limit_status* out) SPILLWAY_NOEXCEPT;

/* Takes what is there, up to `n`, and returns how many: 0 when there are none, or
 * SPILLWAY_E_MISUSE. */
SPILLWAY_API int64_t spillway_token_bucket_acquire_up_to_at(spillway_token_bucket* bucket,
                                                            int64_t n,
                                                            int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API int64_t spillway_token_bucket_acquire_up_to(spillway_token_bucket* bucket,
                                                         int64_t n) SPILLWAY_NOEXCEPT;

/* Takes `n` tokens whether they are there or not; what is not is owed, and later calls wait for it.
 * 0, or SPILLWAY_TOKEN_BUCKET_REJECTION_EXCEEDS_BURST when more than 2^60 units of the bucket's
 * clock, 36 years or longer, would be owed. */
SPILLWAY_API spillway_decision spillway_token_bucket_force_acquire_at(
    spillway_token_bucket* bucket, int64_t n, int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_token_bucket_force_acquire(spillway_token_bucket* bucket,
                                                                   int64_t n) SPILLWAY_NOEXCEPT;

/* Gives `n` tokens back, which were taken and not used; never more than fill the bucket. Of the
 * tokens of a reservation, cancel gives back as many as are still worth anything. */
SPILLWAY_API spillway_status spillway_token_bucket_refund_at(spillway_token_bucket* bucket,
                                                             int64_t n,
                                                             int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_token_bucket_refund(spillway_token_bucket* bucket,
                                                          int64_t n) SPILLWAY_NOEXCEPT;

/* ---- Reserving tokens that are to come. Who reserves first, waits less: nobody overtakes. */

/* Takes `n` tokens and says when they may be used, unless that is more than `max_wait_ns` away
 * (INT64_MAX: any time will do): then nothing is taken. 0, one of
 * SPILLWAY_TOKEN_BUCKET_REJECTION_*, or SPILLWAY_E_MISUSE; `*reservation` is zero unless admitted.
 * Waiting is the caller's. */
SPILLWAY_API spillway_decision spillway_token_bucket_reserve_at(
    spillway_token_bucket* bucket, int64_t n, int64_t max_wait_ns, int64_t now_ns,
    spillway_reservation* reservation, spillway_limit_status* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_token_bucket_reserve(
    spillway_token_bucket* bucket, int64_t n, int64_t max_wait_ns,
    spillway_reservation* reservation, spillway_limit_status* out) SPILLWAY_NOEXCEPT;

/* Gives back the tokens of a reservation that were not used: all before `act_at_ns`, and from there
 * on what would not have flowed in by itself. Zeroes the reservation, so that it counts once: a
 * second cancel is SPILLWAY_OK too, and gives nothing back. `n` below 0 is SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_status spillway_token_bucket_cancel_at(spillway_token_bucket* bucket,
                                                             spillway_reservation* reservation,
                                                             int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_token_bucket_cancel(
    spillway_token_bucket* bucket, spillway_reservation* reservation) SPILLWAY_NOEXCEPT;

/* ---- Looking */

/* generated: begin token_bucket snapshot */
/* What a token bucket holds. */
typedef struct spillway_token_bucket_snapshot {
  size_t struct_size;
  /* Whole tokens that are there; below 0 they are owed. */
  int64_t tokens;
  /* Tokens the bucket holds. */
  int32_t burst;
  /* How long it takes to fill if nobody takes a token; 0 when it is full. */
  int64_t time_to_full_ns;
  /* Calls that got what they asked for, or part of it. 0 unless `counted`. */
  uint64_t total_admitted;
  /* Calls that were refused. 0 unless `counted`. */
  uint64_t total_refused;
  /* Calls that `dry_run` admitted. 0 unless `counted`. */
  uint64_t total_dry_run;
} spillway_token_bucket_snapshot;
/* generated: end token_bucket snapshot */

/* What the bucket holds at `now_ns`. `out->struct_size` says how much of the struct the caller has:
 * only that is filled, and what this version does not know of it becomes zero. */
SPILLWAY_API spillway_status
spillway_token_bucket_snapshot_at(const spillway_token_bucket* bucket, int64_t now_ns,
                                  spillway_token_bucket_snapshot* out) SPILLWAY_NOEXCEPT;

/* The name it was made with, and its length in bytes (`length` may be NULL). A zero follows it; it
 * lives as long as the bucket. NULL for NULL. */
SPILLWAY_API const char* spillway_token_bucket_name(const spillway_token_bucket* bucket,
                                                    size_t* length) SPILLWAY_NOEXCEPT;

/* ---- Changing it */

/* Changes rate, burst and dry_run. `inheritance`, one of SPILLWAY_INHERITANCE_*, says what becomes
 * of the tokens. A call that races it is decided wholly by the old or wholly by the new. Times that
 * reservations were given stay; what is owed is paid at the new rate. A time before that of the
 * change before reads as that time, except with SPILLWAY_INHERITANCE_RESET. Options that a shorter
 * struct does not have keep their present values. Fails, with nothing changed, when one is out of
 * range or fixed or there is no such inheritance (SPILLWAY_E_INVALID_ARGUMENT), and while another
 * change is under way or calls leave it no moment (SPILLWAY_E_BUSY): nobody waits. */
SPILLWAY_API spillway_status spillway_token_bucket_reconfigure_at(
    spillway_token_bucket* bucket, const spillway_token_bucket_options* options,
    int32_t inheritance, int64_t now_ns, spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_token_bucket_reconfigure(
    spillway_token_bucket* bucket, const spillway_token_bucket_options* options,
    int32_t inheritance, spillway_error* error) SPILLWAY_NOEXCEPT;

/* The present options, as far as `out->struct_size` goes. */
SPILLWAY_API spillway_status spillway_token_bucket_options_get(
    const spillway_token_bucket* bucket, spillway_token_bucket_options* out) SPILLWAY_NOEXCEPT;

/* ---- Who may call what, and what it costs. On one bucket, every function may run in any number of
 * threads at the same time as every other, but for the last reference.
 *
 *   function               progress      memory order            allocates
 *   ---------------------  ------------  ----------------------  --------------------------------
 *   new                    blocks (1)    orders nothing          the bucket
 *   ref                    wait-free     relaxed                 no
 *   unref                  wait-free     release; the last one   no; the last one frees, which
 *                                        acquires all the others may block (1)
 *   try_acquire, reserve,  lock-free     orders nothing          no (2)
 *   acquire_up_to, cancel,
 *   force_acquire, refund
 *   snapshot, options_get  wait-free     orders nothing          no
 *   name                   wait-free     immutable               no
 *   reconfigure            wait-free     orders nothing          no
 *
 * (1) In malloc and free.
 * (2) But for the first call of each thread to any policy that counts: to be told of the thread's
 *     end, it makes a note in the C library, which allocates and may block (1).
 *
 * After fork() both processes have a bucket of their own, as it stood; a child may use its handle
 * and its reservations, whatever other threads were doing. Only one that was forked while another
 * thread was in reconfigure may be told SPILLWAY_E_BUSY by its own for good. */

/* ---- Leaky bucket -----------------------------------------------------------------------------*/

/* Lets `rate` a second through in the long run, `free` at once, and makes up to `capacity` wait for
 * their turn. docs/leaky_bucket.md says when it does what. */
typedef struct spillway_leaky_bucket spillway_leaky_bucket;

/* generated: begin leaky_bucket constants */
/* Why a leaky bucket refused. */
enum {
  /* The level is too high now: a call that may not wait would raise it above `free`, one that may
   * above `capacity`. `retry_after` says when it is low enough. */
  SPILLWAY_LEAKY_BUCKET_REJECTION_FULL = 1,
  /* More was to be poured in at once than `capacity`, or, by a call that may not wait, than `free`:
   * that never fits. */
  SPILLWAY_LEAKY_BUCKET_REJECTION_EXCEEDS_CAPACITY = 2,
  /* A reservation would have to wait longer than it may; `retry_after` says when it need not. */
  SPILLWAY_LEAKY_BUCKET_REJECTION_EXCEEDS_WAIT = 3,
};
/* generated: end leaky_bucket constants */

/* The name of a constant of that kind, such as "full"; "unknown" for any other number. */
SPILLWAY_API const char* spillway_leaky_bucket_rejection_name(int32_t rejection) SPILLWAY_NOEXCEPT;

/* generated: begin leaky_bucket options */
/* The options of a leaky bucket. Begin with SPILLWAY_LEAKY_BUCKET_OPTIONS_INIT. */
typedef struct spillway_leaky_bucket_options {
  size_t struct_size;
  /* How much leaks out a second: the calls that pass in the long run. Kept exactly, as the simplest
   * fraction that is the same number. Accepted: 0.0000000001 to 1000000000. Must be given. */
  double rate;
  /* The highest level: the most that passes at once or waits. Accepted: 1 to 1000000000. Default
   * from nginx (burst=0). */
  int32_t capacity;
  /* The level up to which calls pass at once; above it they wait until it has leaked down to here.
   * From `capacity` on, none waits; 1 spaces every call. Accepted: 1 to 1000000000. Default from
   * aiolimiter (a meter). */
  int32_t free;
  /* Refuses nothing and counts what it would have refused. Accepted: false (0) or true (1). Default
   * from nginx (off). */
  int32_t dry_run;
  /* Count calls for the snapshot and the metrics. Without it a refusal writes nothing at all. Fixed
   * when the bucket is made. Accepted: false (0) or true (1). Default from Spillway. */
  int32_t counted;
} spillway_leaky_bucket_options;

/* clang-format off */
#define SPILLWAY_LEAKY_BUCKET_OPTIONS_INIT \
  { \
    SPILLWAY_SIZE_TO_END(spillway_leaky_bucket_options, counted), \
    /* rate */ 0, \
    /* capacity */ 1, \
    /* free */ 1000000000, \
    /* dry_run */ 0, \
    /* counted */ 1, \
  }
/* clang-format on */
/* generated: end leaky_bucket options */

/* ---- Making */

/* Fills the first `size` bytes of the options with defaults, for callers that cannot use the macro.
 * `rate` has none and must be set. */
SPILLWAY_API spillway_status spillway_leaky_bucket_options_init(
    spillway_leaky_bucket_options* options, size_t size) SPILLWAY_NOEXCEPT;

/* Makes a bucket with one reference, in `*out`; NULL there when it fails. The name is for people,
 * any bytes, at most 255. */
SPILLWAY_API spillway_status spillway_leaky_bucket_new(spillway_leaky_bucket** out,
                                                       const char* name, size_t name_length,
                                                       const spillway_leaky_bucket_options* options,
                                                       spillway_error* error) SPILLWAY_NOEXCEPT;

/* Adds a reference and returns its argument. */
SPILLWAY_API spillway_leaky_bucket* spillway_leaky_bucket_ref(spillway_leaky_bucket* bucket)
    SPILLWAY_NOEXCEPT;

/* Takes a reference away; the last one frees the bucket. NULL is allowed. */
SPILLWAY_API void spillway_leaky_bucket_unref(spillway_leaky_bucket* bucket) SPILLWAY_NOEXCEPT;

/* ---- Pouring in. `n` is how much: 0 looks and pours nothing, and below 0 is SPILLWAY_E_MISUSE.
 * `out` may be NULL; its `remaining` is what `capacity` has above the level. Each function has a
 * twin with _at that is given the time, in nanoseconds of one monotonic clock for the bucket. */

/* Pours `n` in if the level stays within `free`, so that the call need not wait. 0: it did. Else
 * one of SPILLWAY_LEAKY_BUCKET_REJECTION_*, or SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_decision
spillway_leaky_bucket_try_acquire_at(spillway_leaky_bucket* bucket, int64_t n, int64_t now_ns,
                                     spillway_limit_status* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_leaky_bucket_try_acquire(
    spillway_leaky_bucket* bucket, int64_t n, spillway_limit_status* out) SPILLWAY_NOEXCEPT;

/* Pours `n` in if the level stays within `capacity`, and says when the call may act: once the level
 * has leaked down to `free`, unless that is more than `max_wait_ns` away (INT64_MAX: any time will
 * do), when nothing is poured in. 0, one of SPILLWAY_LEAKY_BUCKET_REJECTION_*, or
 * SPILLWAY_E_MISUSE; `*reservation` is zero unless admitted. Waiting is the caller's. Who reserves
 * first, waits less: nobody overtakes. */
SPILLWAY_API spillway_decision spillway_leaky_bucket_reserve_at(
    spillway_leaky_bucket* bucket, int64_t n, int64_t max_wait_ns, int64_t now_ns,
    spillway_reservation* reservation, spillway_limit_status* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_leaky_bucket_reserve(
    spillway_leaky_bucket* bucket, int64_t n, int64_t max_wait_ns,
    spillway_reservation* reservation, spillway_limit_status* out) SPILLWAY_NOEXCEPT;

/* Takes out again what a reservation poured in and that was not used: all before `act_at_ns`, and
 * from there on what would not have leaked out by itself. Zeroes the reservation, so that it counts
 * once: a second cancel is SPILLWAY_OK too, and takes nothing out. `n` below 0 is
 * SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_status spillway_leaky_bucket_cancel_at(spillway_leaky_bucket* bucket,
                                                             spillway_reservation* reservation,
                                                             int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_leaky_bucket_cancel(
    spillway_leaky_bucket* bucket, spillway_reservation* reservation) SPILLWAY_NOEXCEPT;

/* Takes `n` out, which was poured in and not used; never more than empty the bucket. */
SPILLWAY_API spillway_status spillway_leaky_bucket_refund_at(spillway_leaky_bucket* bucket,
                                                             int64_t n,
                                                             int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_leaky_bucket_refund(spillway_leaky_bucket* bucket,
                                                          int64_t n) SPILLWAY_NOEXCEPT;

/* ---- Looking */

/* generated: begin leaky_bucket snapshot */
/* What a leaky bucket holds. */
typedef struct spillway_leaky_bucket_snapshot {
  size_t struct_size;
  /* What it holds, rounded up: what has not leaked out yet of the calls that were admitted. */
  int64_t level;
  /* The highest level. */
  int32_t capacity;
  /* How long it takes to leak empty if nobody calls; 0 when it is empty. */
  int64_t time_to_empty_ns;
  /* Calls that were let through, at once or later. 0 unless `counted`. */
  uint64_t total_admitted;
  /* Calls that were refused. 0 unless `counted`. */
  uint64_t total_refused;
  /* Calls that `dry_run` admitted. 0 unless `counted`. */
  uint64_t total_dry_run;
} spillway_leaky_bucket_snapshot;
/* generated: end leaky_bucket snapshot */

/* What the bucket holds at `now_ns`. `out->struct_size` says how much of the struct the caller has:
 * only that is filled, and what this version does not know of it becomes zero. */
SPILLWAY_API spillway_status
spillway_leaky_bucket_snapshot_at(const spillway_leaky_bucket* bucket, int64_t now_ns,
                                  spillway_leaky_bucket_snapshot* out) SPILLWAY_NOEXCEPT;

/* The name it was made with, and its length in bytes (`length` may be NULL). A zero follows it; it
 * lives as long as the bucket. NULL for NULL. */
SPILLWAY_API const char* spillway_leaky_bucket_name(const spillway_leaky_bucket* bucket,
                                                    size_t* length) SPILLWAY_NOEXCEPT;

/* ---- Changing it */

/* Changes rate, capacity, free and dry_run. `inheritance`, one of SPILLWAY_INHERITANCE_*, says what
 * becomes of the level: it stays (keep, additive), it is 0 (reset), or it changes as `capacity`
 * does (proportional); above the new capacity it is cut. The rest is as for
 * spillway_token_bucket_reconfigure. */
SPILLWAY_API spillway_status spillway_leaky_bucket_reconfigure_at(
    spillway_leaky_bucket* bucket, const spillway_leaky_bucket_options* options,
    int32_t inheritance, int64_t now_ns, spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_leaky_bucket_reconfigure(
    spillway_leaky_bucket* bucket, const spillway_leaky_bucket_options* options,
    int32_t inheritance, spillway_error* error) SPILLWAY_NOEXCEPT;

/* The present options, as far as `out->struct_size` goes. */
SPILLWAY_API spillway_status spillway_leaky_bucket_options_get(
    const spillway_leaky_bucket* bucket, spillway_leaky_bucket_options* out) SPILLWAY_NOEXCEPT;

/* Who may call what, and what it costs, is as in the table of the token bucket. */

/* ---- Sliding window limiter -------------------------------------------------------------------*/

/* Never lets through more than `limit` within any `per`. docs/sliding_window_limiter.md says when
 * it does what. */
typedef struct spillway_sliding_window_limiter spillway_sliding_window_limiter;

/* generated: begin sliding_window_limiter constants */
/* Why a sliding window limiter refused. */
enum {
  /* As many as the limit were admitted within its time; `retry_after` says when there is room. */
  SPILLWAY_SLIDING_WINDOW_LIMITER_REJECTION_EXHAUSTED = 1,
  /* More than one permit was asked for: a call takes one. */
  SPILLWAY_SLIDING_WINDOW_LIMITER_REJECTION_EXCEEDS_ONE = 2,
};
/* generated: end sliding_window_limiter constants */

/* The name of a constant of that kind, such as "exhausted"; "unknown" for any other number. */
SPILLWAY_API const char* spillway_sliding_window_limiter_rejection_name(int32_t rejection)
    SPILLWAY_NOEXCEPT;

/* generated: begin sliding_window_limiter options */
/* The options of a sliding window limiter. Begin with SPILLWAY_SLIDING_WINDOW_LIMITER_OPTIONS_INIT.
 * */
typedef struct spillway_sliding_window_limiter_options {
  size_t struct_size;
  /* The most that are admitted within any `per`. The limiter keeps 8 bytes for each. Fixed when the
   * limiter is made. Accepted: 1 to 1048576. Must be given. */
  int32_t limit;
  /* The length of the window, up to a year. Fixed when the limiter is made. Accepted: 0.000000001 s
   * to 31536000 s. Must be given. */
  int64_t per_ns;
  /* The most that are admitted within any `second_per`, beside `limit`. Fixed when the limiter is
   * made. Accepted: 0 (none) or 1 to 1048576. Default from Spillway (none). */
  int32_t second_limit;
  /* The length of the second window; given with `second_limit` or not at all. Fixed when the
   * limiter is made. Accepted: 0 (none) or 0.000000001 s to 31536000 s. Default from Spillway
   * (none). */
  int64_t second_per_ns;
  /* The most that are admitted within any `third_per`, beside the others. Fixed when the limiter is
   * made. Accepted: 0 (none) or 1 to 1048576. Default from Spillway (none). */
  int32_t third_limit;
  /* The length of the third window; given with `third_limit` or not at all. Fixed when the limiter
   * is made. Accepted: 0 (none) or 0.000000001 s to 31536000 s. Default from Spillway (none). */
  int64_t third_per_ns;
  /* Refuses nothing and counts what it would have refused. Accepted: false (0) or true (1). Default
   * from nginx (off). */
  int32_t dry_run;
  /* Count refusals for the snapshot and the metrics. Without it a refusal writes nothing at all.
   * Fixed when the limiter is made. Accepted: false (0) or true (1). Default from Spillway. */
  int32_t counted;
} spillway_sliding_window_limiter_options;

/* clang-format off */
#define SPILLWAY_SLIDING_WINDOW_LIMITER_OPTIONS_INIT \
  { \
    SPILLWAY_SIZE_TO_END(spillway_sliding_window_limiter_options, counted), \
    /* limit */ 0, \
    /* per_ns */ 0, \
    /* second_limit */ 0, \
    /* second_per_ns */ 0, \
    /* third_limit */ 0, \
    /* third_per_ns */ 0, \
    /* dry_run */ 0, \
    /* counted */ 1, \
  }
/* clang-format on */
/* generated: end sliding_window_limiter options */

/* Fills `options` with the defaults, as SPILLWAY_SLIDING_WINDOW_LIMITER_OPTIONS_INIT does, for
 * callers without macros. `size` is the size of their struct. SPILLWAY_E_MISUSE: NULL, or a size
 * that no version had. */
SPILLWAY_API spillway_status spillway_sliding_window_limiter_options_init(
    spillway_sliding_window_limiter_options* options, size_t size) SPILLWAY_NOEXCEPT;

/* Makes a limiter with one reference, in `*out`; NULL there when it fails, with
 * SPILLWAY_E_INVALID_ARGUMENT, SPILLWAY_E_NO_MEMORY or SPILLWAY_E_MISUSE. `options` NULL: the
 * defaults, which lack `limit` and `per`. A name may have 255 bytes. */
SPILLWAY_API spillway_status spillway_sliding_window_limiter_new(
    spillway_sliding_window_limiter** out, const char* name, size_t name_length,
    const spillway_sliding_window_limiter_options* options,
    spillway_error* error) SPILLWAY_NOEXCEPT;

/* Adds a reference and returns its argument. */
SPILLWAY_API spillway_sliding_window_limiter* spillway_sliding_window_limiter_ref(
    spillway_sliding_window_limiter* limiter) SPILLWAY_NOEXCEPT;

/* Takes a reference away; the last one frees the limiter. NULL is allowed. */
SPILLWAY_API void spillway_sliding_window_limiter_unref(spillway_sliding_window_limiter* limiter)
    SPILLWAY_NOEXCEPT;

/* ---- Taking. `out` may be NULL: what it would say takes longer to work out than the decision. */

/* Takes a permit. 0 when it was there, one of SPILLWAY_SLIDING_WINDOW_LIMITER_REJECTION_*, or
 * SPILLWAY_E_MISUSE for NULL and for `n` below 0. `n` = 0 takes none and tells what is there; more
 * than 1 is refused for good. */
SPILLWAY_API spillway_decision spillway_sliding_window_limiter_try_acquire_at(
    spillway_sliding_window_limiter* limiter, int64_t n, int64_t now_ns,
    spillway_limit_status* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision
spillway_sliding_window_limiter_try_acquire(spillway_sliding_window_limiter* limiter, int64_t n,
                                            spillway_limit_status* out) SPILLWAY_NOEXCEPT;

/* Forgets what was admitted before this call; what is admitted while it runs counts. If the next
 * call comes more than the longest window before the newest admission, because a clock had run
 * ahead, time begins again with it. SPILLWAY_E_MISUSE: NULL. */
SPILLWAY_API spillway_status
spillway_sliding_window_limiter_reset(spillway_sliding_window_limiter* limiter) SPILLWAY_NOEXCEPT;

/* ---- Looking */

/* generated: begin sliding_window_limiter snapshot */
/* What a sliding window limiter holds. */
typedef struct spillway_sliding_window_limiter_snapshot {
  size_t struct_size;
  /* Permits that were taken within the last `per`. */
  int32_t in_window;
  /* The most that are admitted within any `per`. */
  int32_t limit;
  /* How long until nothing is within any of the windows if nobody takes a permit; 0 when nothing
   * is. */
  int64_t time_to_empty_ns;
  /* Permits that were taken. */
  uint64_t total_admitted;
  /* Calls that were refused. 0 unless `counted`. */
  uint64_t total_refused;
  /* Calls that `dry_run` admitted. 0 unless `counted`. */
  uint64_t total_dry_run;
} spillway_sliding_window_limiter_snapshot;
/* generated: end sliding_window_limiter snapshot */

/* What the limiter holds at `now_ns`. `out->struct_size` says how much of the struct the caller
 * has: only that is filled, and what this version does not know of it becomes zero. */
SPILLWAY_API spillway_status spillway_sliding_window_limiter_snapshot_at(
    const spillway_sliding_window_limiter* limiter, int64_t now_ns,
    spillway_sliding_window_limiter_snapshot* out) SPILLWAY_NOEXCEPT;

/* The name it was made with, and its length in bytes (`length` may be NULL). A zero follows it; it
 * lives as long as the limiter. NULL for NULL. */
SPILLWAY_API const char* spillway_sliding_window_limiter_name(
    const spillway_sliding_window_limiter* limiter, size_t* length) SPILLWAY_NOEXCEPT;

/* ---- Changing it */

/* Changes dry_run: all else is fixed, because the memory has the size of the limits. Options that a
 * shorter struct does not have keep their present values. SPILLWAY_E_INVALID_ARGUMENT, with nothing
 * changed: a fixed option differs, or one is out of range. */
SPILLWAY_API spillway_status
spillway_sliding_window_limiter_reconfigure(spillway_sliding_window_limiter* limiter,
                                            const spillway_sliding_window_limiter_options* options,
                                            spillway_error* error) SPILLWAY_NOEXCEPT;

/* The present options, as far as `out->struct_size` goes. */
SPILLWAY_API spillway_status spillway_sliding_window_limiter_options_get(
    const spillway_sliding_window_limiter* limiter,
    spillway_sliding_window_limiter_options* out) SPILLWAY_NOEXCEPT;

/* ---- Who may call what, and what it costs. On one limiter, every function may run in any number
 * of threads at the same time as every other, but for the last reference.
 *
 *   function               progress      memory order            allocates
 *   ---------------------  ------------  ----------------------  --------------------------------
 *   new                    blocks (1)    orders nothing          the limiter
 *   ref                    wait-free     relaxed                 no
 *   unref                  wait-free     release; the last one   no; the last one frees, which
 *                                        acquires all the others may block (1)
 *   try_acquire, reset     lock-free     orders nothing          no (2)
 *   snapshot, options_get  wait-free     orders nothing          no
 *   name                   wait-free     immutable               no
 *   reconfigure            wait-free     orders nothing          no
 *
 * (1) In malloc and free.
 * (2) But for the first counted refusal of each thread by any policy: to be told of the thread's
 *     end, it makes a note in the C library, which allocates and may block (1).
 *
 * After fork() both processes have a limiter of their own, as it stood, whatever other threads were
 * doing. */

/* ---- Keyed limiter ----------------------------------------------------------------------------*/

/* Lets through `rate` tokens a second and `burst` at once for each key, in memory of a fixed size.
 * docs/keyed_limiter.md says when it does what. */
typedef struct spillway_keyed_limiter spillway_keyed_limiter;

/* generated: begin keyed_limiter constants */
/* Why a keyed limiter refused. */
enum {
  /* The key has not enough tokens now; `retry_after` says when it has. */
  SPILLWAY_KEYED_LIMITER_REJECTION_EXHAUSTED = 1,
  /* More tokens than `burst` were asked for: there never are so many. */
  SPILLWAY_KEYED_LIMITER_REJECTION_EXCEEDS_BURST = 2,
  /* The key has no cell and its set none to spare; `retry_after` says when the first is free. */
  SPILLWAY_KEYED_LIMITER_REJECTION_TABLE_FULL = 3,
};

/* What becomes of a key for which the table has no cell. */
enum {
  /* It takes the cell of the key that has the fewest tokens taken, which are forgiven. */
  SPILLWAY_KEYED_LIMITER_WHEN_FULL_EVICT = 0,
  /* It is refused until a cell is free. */
  SPILLWAY_KEYED_LIMITER_WHEN_FULL_REFUSE = 1,
  /* It is admitted, and nothing is remembered of it. */
  SPILLWAY_KEYED_LIMITER_WHEN_FULL_ADMIT = 2,
};
/* generated: end keyed_limiter constants */

/* The name of a constant of that kind, such as "exhausted"; "unknown" for any other number. */
SPILLWAY_API const char* spillway_keyed_limiter_rejection_name(int32_t rejection) SPILLWAY_NOEXCEPT;
SPILLWAY_API const char* spillway_keyed_limiter_when_full_name(int32_t when_full) SPILLWAY_NOEXCEPT;

/* generated: begin keyed_limiter options */
/* The options of a keyed limiter. Begin with SPILLWAY_KEYED_LIMITER_OPTIONS_INIT. */
typedef struct spillway_keyed_limiter_options {
  size_t struct_size;
  /* Tokens a second, for each key. Kept exactly, as the simplest fraction that is the same number.
   * Fixed when the limiter is made. Accepted: 0.0000000001 to 1000000000. Must be given. */
  double rate;
  /* Tokens a key has when it is new, and the most it ever has. Fixed when the limiter is made.
   * Accepted: 1 to 16777216. Default from Spillway (the strictest). */
  int32_t burst;
  /* Keys that are to have tokens taken at the same time; the table has two cells of 8 bytes for
   * each. Fixed when the limiter is made. Accepted: 1 to 67108864. Default from Spillway. */
  int32_t max_keys;
  /* What becomes of a key for which the table has no cell. Accepted: evict, refuse, admit. Default
   * from nginx (the oldest goes). One of SPILLWAY_KEYED_LIMITER_WHEN_FULL_*. */
  int32_t when_full;
  /* Seed of the hash of the keys. One that is known lets callers choose keys that share a limit.
   * Fixed when the limiter is made. Accepted: any (0: a secret one). Default from Spillway. */
  uint64_t seed;
  /* Refuses nothing and counts what it would have refused. Accepted: false (0) or true (1). Default
   * from nginx (off). */
  int32_t dry_run;
  /* Count calls for the snapshot and the metrics. Without it a refusal writes nothing at all. Fixed
   * when the limiter is made. Accepted: false (0) or true (1). Default from Spillway. */
  int32_t counted;
} spillway_keyed_limiter_options;

/* clang-format off */
#define SPILLWAY_KEYED_LIMITER_OPTIONS_INIT \
  { \
    SPILLWAY_SIZE_TO_END(spillway_keyed_limiter_options, counted), \
    /* rate */ 0, \
    /* burst */ 1, \
    /* max_keys */ 65536, \
    /* when_full */ SPILLWAY_KEYED_LIMITER_WHEN_FULL_EVICT, \
    /* seed */ 0, \
    /* dry_run */ 0, \
    /* counted */ 1, \
  }
/* clang-format on */
/* generated: end keyed_limiter options */

/* ---- Making */

/* Fills the first `size` bytes of the options with defaults, for callers that cannot use the macro.
 * `rate` has none and must be set. */
SPILLWAY_API spillway_status spillway_keyed_limiter_options_init(
    spillway_keyed_limiter_options* options, size_t size) SPILLWAY_NOEXCEPT;

/* Makes a limiter with one reference, in `*out`; NULL there when it fails. It takes all the memory
 * it will ever use. The name is for people, any bytes, at most 255. */
SPILLWAY_API spillway_status spillway_keyed_limiter_new(
    spillway_keyed_limiter** out, const char* name, size_t name_length,
    const spillway_keyed_limiter_options* options, spillway_error* error) SPILLWAY_NOEXCEPT;

/* Adds a reference and returns its argument. */
SPILLWAY_API spillway_keyed_limiter* spillway_keyed_limiter_ref(spillway_keyed_limiter* limiter)
    SPILLWAY_NOEXCEPT;

/* Takes a reference away; the last one frees the limiter. NULL is allowed. */
SPILLWAY_API void spillway_keyed_limiter_unref(spillway_keyed_limiter* limiter) SPILLWAY_NOEXCEPT;

/* ---- Keys. A key is any bytes, 0 to as many as there are, or a number; what counts is its hash.
 * Each function that takes a key has a twin with _hash that takes what these two return, for
 * numbers and for callers that use a key several times. */

/* The hash of `key_length` bytes; NULL with length 0 is the empty key. 0 for a NULL limiter. */
SPILLWAY_API uint64_t spillway_keyed_limiter_hash_of(const spillway_keyed_limiter* limiter,
                                                     const void* key,
                                                     size_t key_length) SPILLWAY_NOEXCEPT;

/* The hash of a number, which is another key than any bytes. 0 for a NULL limiter. */
SPILLWAY_API uint64_t spillway_keyed_limiter_hash_of_number(const spillway_keyed_limiter* limiter,
                                                            uint64_t key) SPILLWAY_NOEXCEPT;

/* ---- Taking tokens. `n` is how many: 0 looks and takes none, below 0 is SPILLWAY_E_MISUSE, and
 * more than `burst` are refused for good. A NULL key with a length is SPILLWAY_E_MISUSE. `out` may
 * be NULL. Each function has a twin with _at that is given the time, in nanoseconds of one
 * monotonic clock for the limiter. */

/* Takes `n` tokens of a key, all or none. 0: they are taken. Else one of
 * SPILLWAY_KEYED_LIMITER_REJECTION_*, or SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_decision spillway_keyed_limiter_try_acquire_at(
    spillway_keyed_limiter* limiter, const void* key, size_t key_length, int64_t n, int64_t now_ns,
    spillway_limit_status* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_keyed_limiter_try_acquire(
    spillway_keyed_limiter* limiter, const void* key, size_t key_length, int64_t n,
    spillway_limit_status* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_keyed_limiter_try_acquire_hash_at(
    spillway_keyed_limiter* limiter, uint64_t hash, int64_t n, int64_t now_ns,
    spillway_limit_status* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision
spillway_keyed_limiter_try_acquire_hash(spillway_keyed_limiter* limiter, uint64_t hash, int64_t n,
                                        spillway_limit_status* out) SPILLWAY_NOEXCEPT;

/* Gives a key `n` tokens back, which it took and did not use; it never has more than `burst`. */
SPILLWAY_API spillway_status spillway_keyed_limiter_refund_at(spillway_keyed_limiter* limiter,
                                                              const void* key, size_t key_length,
                                                              int64_t n,
                                                              int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_keyed_limiter_refund(spillway_keyed_limiter* limiter,
                                                           const void* key, size_t key_length,
                                                           int64_t n) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_keyed_limiter_refund_hash_at(
    spillway_keyed_limiter* limiter, uint64_t hash, int64_t n, int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_keyed_limiter_refund_hash(spillway_keyed_limiter* limiter,
                                                                uint64_t hash,
                                                                int64_t n) SPILLWAY_NOEXCEPT;

/* Makes a key as good as new: it has `burst` tokens. */
SPILLWAY_API spillway_status spillway_keyed_limiter_forget(spillway_keyed_limiter* limiter,
                                                           const void* key,
                                                           size_t key_length) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_keyed_limiter_forget_hash(spillway_keyed_limiter* limiter,
                                                                uint64_t hash) SPILLWAY_NOEXCEPT;

/* Makes all keys as good as new. Time may begin again with the next call, even at an earlier one
 * than before. SPILLWAY_E_MISUSE: NULL. */
SPILLWAY_API spillway_status spillway_keyed_limiter_reset(spillway_keyed_limiter* limiter)
    SPILLWAY_NOEXCEPT;

/* ---- Looking */

/* generated: begin keyed_limiter snapshot */
/* What a keyed limiter holds. */
typedef struct spillway_keyed_limiter_snapshot {
  size_t struct_size;
  /* Cells of the table: the most keys that can have tokens taken at the same time. */
  int32_t cells;
  /* Calls that got what they asked for. 0 unless `counted`. */
  uint64_t total_admitted;
  /* Calls that were refused because of their own key. 0 unless `counted`. */
  uint64_t total_refused;
  /* Calls that `dry_run` admitted. 0 unless `counted`. */
  uint64_t total_dry_run;
  /* Calls that `when_full` admitted. */
  uint64_t total_admitted_without_cell;
  /* Calls that `when_full` refused. */
  uint64_t total_refused_without_cell;
  /* Keys that lost their cell to another. */
  uint64_t total_evicted;
  /* Tokens that these had taken, rounded up. */
  uint64_t total_forgiven_tokens;
} spillway_keyed_limiter_snapshot;
/* generated: end keyed_limiter snapshot */

/* The totals. `out->struct_size` says how much of the struct the caller has: only that is filled,
 * and what this version does not know of it becomes zero. */
SPILLWAY_API spillway_status
spillway_keyed_limiter_snapshot_at(const spillway_keyed_limiter* limiter, int64_t now_ns,
                                   spillway_keyed_limiter_snapshot* out) SPILLWAY_NOEXCEPT;

/* How many keys have tokens taken at `now_ns`. Reads the whole table: 8 bytes a cell. 0 for NULL.
 */
SPILLWAY_API int64_t spillway_keyed_limiter_count_live_keys_at(
    const spillway_keyed_limiter* limiter, int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API int64_t spillway_keyed_limiter_count_live_keys(const spillway_keyed_limiter* limiter)
    SPILLWAY_NOEXCEPT;

/* The name it was made with, and its length in bytes (`length` may be NULL). A zero follows it; it
 * lives as long as the limiter. NULL for NULL. */
SPILLWAY_API const char* spillway_keyed_limiter_name(const spillway_keyed_limiter* limiter,
                                                     size_t* length) SPILLWAY_NOEXCEPT;

/* ---- Changing it */

/* Changes when_full and dry_run; the other options give the cells their meaning and are fixed.
 * Options that a shorter struct does not have keep their present values. Fails, with nothing
 * changed, when one is out of range or fixed (SPILLWAY_E_INVALID_ARGUMENT). */
SPILLWAY_API spillway_status spillway_keyed_limiter_reconfigure(
    spillway_keyed_limiter* limiter, const spillway_keyed_limiter_options* options,
    spillway_error* error) SPILLWAY_NOEXCEPT;

/* The present options, as far as `out->struct_size` goes. A secret seed is told as 0. */
SPILLWAY_API spillway_status spillway_keyed_limiter_options_get(
    const spillway_keyed_limiter* limiter, spillway_keyed_limiter_options* out) SPILLWAY_NOEXCEPT;

/* ---- Who may call what, and what it costs. On one limiter, every function may run in any number
 * of threads at the same time as every other, but for the last reference.
 *
 *   function               progress      memory order            allocates
 *   ---------------------  ------------  ----------------------  --------------------------------
 *   new                    blocks (1)    orders nothing          the limiter
 *   ref                    wait-free     relaxed                 no
 *   unref                  wait-free     release; the last one   no; the last one frees, which
 *                                        acquires all the others may block (1)
 *   hash_of                wait-free     immutable               no
 *   try_acquire, refund,   lock-free     orders nothing          no (2)
 *   forget
 *   snapshot, options_get, wait-free     orders nothing          no
 *   reconfigure,
 *   count_live_keys
 *   name                   wait-free     immutable               no
 *
 * (1) In malloc and free, and where the system is asked for a secret seed.
 * (2) But for the first call of each thread to any policy that counts: to be told of the thread's
 *     end, it makes a note in the C library, which allocates and may block (1).
 *
 * After fork() both processes have a limiter of their own, as it stood, whatever other threads were
 * doing. */

/* ---- Multi limiter ----------------------------------------------------------------------------*/

/* Asks several buckets at once: all let the call through, or none is charged.
 * docs/multi_limiter.md says when it does what. */
typedef struct spillway_multi_limiter spillway_multi_limiter;

/* generated: begin multi_limiter constants */
/* Why a multi limiter refused. */
enum {
  /* One of its members has not enough now; `retry_after` says when all have. */
  SPILLWAY_MULTI_LIMITER_REJECTION_EXHAUSTED = 1,
  /* More was asked for than one of its members ever gives at once. */
  SPILLWAY_MULTI_LIMITER_REJECTION_EXCEEDS_MEMBER = 2,
};
/* generated: end multi_limiter constants */

/* The name of a constant of that kind, such as "exhausted"; "unknown" for any other number. */
SPILLWAY_API const char* spillway_multi_limiter_rejection_name(int32_t rejection) SPILLWAY_NOEXCEPT;

/* generated: begin multi_limiter options */
/* The options of a multi limiter. Begin with SPILLWAY_MULTI_LIMITER_OPTIONS_INIT. */
typedef struct spillway_multi_limiter_options {
  size_t struct_size;
  /* Refuses nothing and counts what it would have refused. Accepted: false (0) or true (1). Default
   * from nginx (off). */
  int32_t dry_run;
  /* Count calls for the snapshot and the metrics. Without it a refusal writes nothing at all. Fixed
   * when the limiter is made. Accepted: false (0) or true (1). Default from Spillway. */
  int32_t counted;
} spillway_multi_limiter_options;

/* clang-format off */
#define SPILLWAY_MULTI_LIMITER_OPTIONS_INIT \
  { \
    SPILLWAY_SIZE_TO_END(spillway_multi_limiter_options, counted), \
    /* dry_run */ 0, \
    /* counted */ 1, \
  }
/* clang-format on */
/* generated: end multi_limiter options */

/* ---- Making */

/* A bucket to be asked: one of the two is set, the other is NULL. */
typedef struct spillway_multi_limiter_member {
  spillway_token_bucket* token_bucket;
  spillway_leaky_bucket* leaky_bucket;
} spillway_multi_limiter_member;

enum { SPILLWAY_MULTI_LIMITER_MOST_MEMBERS = 8 };

/* Fills the first `size` bytes of the options with defaults, for callers that cannot use the macro.
 */
SPILLWAY_API spillway_status spillway_multi_limiter_options_init(
    spillway_multi_limiter_options* options, size_t size) SPILLWAY_NOEXCEPT;

/* Makes a limiter with one reference, in `*out`; NULL there when it fails. The name is for people,
 * any bytes, at most 255. It asks `count` members, 1 to SPILLWAY_MULTI_LIMITER_MOST_MEMBERS and no
 * bucket twice, in that order: put first who refuses most. It takes a reference to each, which
 * stays usable alone and by other limiters; the array is not kept. `options` may be NULL: all are
 * defaults. */
SPILLWAY_API spillway_status spillway_multi_limiter_new(
    spillway_multi_limiter** out, const char* name, size_t name_length,
    const spillway_multi_limiter_member* members, size_t count,
    const spillway_multi_limiter_options* options, spillway_error* error) SPILLWAY_NOEXCEPT;

/* Adds a reference and returns its argument. */
SPILLWAY_API spillway_multi_limiter* spillway_multi_limiter_ref(spillway_multi_limiter* limiter)
    SPILLWAY_NOEXCEPT;

/* Takes a reference away; the last one frees the limiter, which gives back its references to the
 * members. NULL is allowed. */
SPILLWAY_API void spillway_multi_limiter_unref(spillway_multi_limiter* limiter) SPILLWAY_NOEXCEPT;

/* ---- Taking */

/* Takes `n` from each member, or from none. 0: they are taken. Else one of
 * SPILLWAY_MULTI_LIMITER_REJECTION_*, or SPILLWAY_E_MISUSE. `n` is how many: 0 looks and takes
 * none, and below 0 is SPILLWAY_E_MISUSE. `refuser` and `out` may be NULL: the place of the member
 * that refused (0 unless refused), and what is to be said of that member, or, of an admission, of
 * the one that has least left. Waiting exactly `out->retry_after_ns` is enough for all members. The
 * twin with _at is given the time, in nanoseconds of the monotonic clock of the members. */
SPILLWAY_API spillway_decision spillway_multi_limiter_try_acquire_at(
    spillway_multi_limiter* limiter, int64_t n, int64_t now_ns, size_t* refuser,
    spillway_limit_status* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision
spillway_multi_limiter_try_acquire(spillway_multi_limiter* limiter, int64_t n, size_t* refuser,
                                   spillway_limit_status* out) SPILLWAY_NOEXCEPT;

/* ---- Looking */

/* generated: begin multi_limiter snapshot */
/* What a multi limiter holds. */
typedef struct spillway_multi_limiter_snapshot {
  size_t struct_size;
  /* Calls that all members let through. 0 unless `counted`. */
  uint64_t total_admitted;
  /* Calls that were refused. 0 unless `counted`. */
  uint64_t total_refused;
  /* Calls that `dry_run` admitted. 0 unless `counted`. */
  uint64_t total_dry_run;
  /* Calls that found a member emptied by others after they had taken from the ones before it, and
   * gave that back. */
  uint64_t total_given_back;
} spillway_multi_limiter_snapshot;
/* generated: end multi_limiter snapshot */

/* What was counted, up to now. `out->struct_size` says how much of the struct the caller has: only
 * that is filled, and what this version does not know of it becomes zero. What the members hold,
 * they tell themselves. */
SPILLWAY_API spillway_status
spillway_multi_limiter_snapshot_at(const spillway_multi_limiter* limiter, int64_t now_ns,
                                   spillway_multi_limiter_snapshot* out) SPILLWAY_NOEXCEPT;

/* The name it was made with, and its length in bytes (`length` may be NULL). A zero follows it; it
 * lives as long as the limiter. NULL for NULL. */
SPILLWAY_API const char* spillway_multi_limiter_name(const spillway_multi_limiter* limiter,
                                                     size_t* length) SPILLWAY_NOEXCEPT;

/* ---- Changing it */

/* Changes dry_run. The members are changed by themselves, at any time. Fails, with nothing changed,
 * when an option is out of range or fixed (SPILLWAY_E_INVALID_ARGUMENT). */
SPILLWAY_API spillway_status spillway_multi_limiter_reconfigure(
    spillway_multi_limiter* limiter, const spillway_multi_limiter_options* options,
    spillway_error* error) SPILLWAY_NOEXCEPT;

/* The present options, as far as `out->struct_size` goes. */
SPILLWAY_API spillway_status spillway_multi_limiter_options_get(
    const spillway_multi_limiter* limiter, spillway_multi_limiter_options* out) SPILLWAY_NOEXCEPT;

/* Who may call what, and what it costs, is as in the table of the token bucket; new takes a
 * reference to each member, and the last unref gives them back. */

/* ---- Bulkhead ---------------------------------------------------------------------------------*/

/* Lets so many calls be in flight at once, and so many more wait for a slot. docs/bulkhead.md says
 * when it does what. */
typedef struct spillway_bulkhead spillway_bulkhead;

/* generated: begin bulkhead constants */
/* Why a call has no slot. `retry_after` is always 0: nobody knows when a call ends. */
enum {
  /* Every slot is taken, or goes to somebody who waits already. */
  SPILLWAY_BULKHEAD_REJECTION_FULL = 1,
  /* Every slot is taken, and so is every place in the queue. */
  SPILLWAY_BULKHEAD_REJECTION_QUEUE_FULL = 2,
  /* Calls of its priority may use no more slots; the rest is kept for higher ones. */
  SPILLWAY_BULKHEAD_REJECTION_SHED = 3,
  /* It waited as long as it may, or was stopped, and left the queue without a slot. */
  SPILLWAY_BULKHEAD_REJECTION_TIMED_OUT = 4,
  /* Not refused: it waits, and its permit holds the place in the queue. */
  SPILLWAY_BULKHEAD_REJECTION_QUEUED = 5,
};
/* generated: end bulkhead constants */

/* The name of a constant of that kind, "full", "queued"; "unknown" for any other number. */
SPILLWAY_API const char* spillway_bulkhead_rejection_name(int32_t rejection) SPILLWAY_NOEXCEPT;

/* generated: begin bulkhead options */
/* The options of a bulkhead. Begin with SPILLWAY_BULKHEAD_OPTIONS_INIT. */
typedef struct spillway_bulkhead_options {
  size_t struct_size;
  /* Slots: the calls that may be in flight at once. Accepted: 1 to 65535. Default from
   * resilience4j. */
  int32_t max_concurrent;
  /* Calls that may wait for a slot, first come first served. Can change later, up to what the
   * bulkhead was made with. Accepted: 0 to 32767. Default from Polly (no queue). */
  int32_t max_queue;
  /* Count calls for the snapshot and the metrics. Fixed when the bulkhead is made. Accepted: false
   * (0) or true (1). Default from Spillway. */
  int32_t counted;
  /* How long calls that block wait for a slot, unless they say otherwise. Accepted: 0 (they do not
   * wait) or 0.000001 s to 86400 s. Default from resilience4j. */
  int64_t max_wait_ns;
  /* Normal calls are admitted while less than this share of the slots is taken. Below 1 the rest is
   * kept for critical calls, and normal ones do not wait. Kept to 0.01 %, rounded to nearest, and
   * compared exactly. Accepted: 0 to 1. Default from Spillway (all). */
  double normal_share;
  /* The same for sheddable calls; at most `normal_share`. Accepted: 0 to 1. Default from Spillway
   * (half). */
  double sheddable_share;
} spillway_bulkhead_options;

/* clang-format off */
#define SPILLWAY_BULKHEAD_OPTIONS_INIT \
  { \
    SPILLWAY_SIZE_TO_END(spillway_bulkhead_options, sheddable_share), \
    /* max_concurrent */ 25, \
    /* max_queue */ 0, \
    /* counted */ 1, \
    /* max_wait_ns */ 0, \
    /* normal_share */ 1.0, \
    /* sheddable_share */ 0.5, \
  }
/* clang-format on */
/* generated: end bulkhead options */

/* What SPILLWAY_BULKHEAD_OPTIONS_INIT does, for languages that cannot use it. */
SPILLWAY_API spillway_status spillway_bulkhead_options_init(spillway_bulkhead_options* options,
                                                            size_t size) SPILLWAY_NOEXCEPT;

/* ---- Making one, and letting go: as for a circuit breaker. Nobody may wait when the last
 * reference goes. */

SPILLWAY_API spillway_status spillway_bulkhead_new(spillway_bulkhead** out, const char* name,
                                                   size_t name_length,
                                                   const spillway_bulkhead_options* options,
                                                   spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_bulkhead* spillway_bulkhead_ref(spillway_bulkhead* bulkhead)
    SPILLWAY_NOEXCEPT;
SPILLWAY_API void spillway_bulkhead_unref(spillway_bulkhead* bulkhead) SPILLWAY_NOEXCEPT;

/* ---- The calls. `priority` is one of SPILLWAY_PRIORITY_*. They fill `out`, whose
 * `retry_after_ns` is always 0, and answer SPILLWAY_ADMITTED, one of
 * SPILLWAY_BULKHEAD_REJECTION_*, or SPILLWAY_E_MISUSE. A permit must be settled: one that is
 * dropped keeps its slot for good. */

/* Asks for a slot, without waiting for one. */
SPILLWAY_API spillway_decision
spillway_bulkhead_try_acquire_at(spillway_bulkhead* bulkhead, int32_t priority, int64_t now_ns,
                                 spillway_acquire_result* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_bulkhead_try_acquire(
    spillway_bulkhead* bulkhead, int32_t priority, spillway_acquire_result* out) SPILLWAY_NOEXCEPT;

/* Blocks until there is a slot, for `timeout_ns` at most (below 0: for `max_wait`). Signals do not
 * end it. Who must be able to end it earlier waits in turns, or uses what follows. */
SPILLWAY_API spillway_decision
spillway_bulkhead_acquire(spillway_bulkhead* bulkhead, int32_t priority, int64_t timeout_ns,
                          spillway_acquire_result* out) SPILLWAY_NOEXCEPT;

/* For those who must not block: a slot, or else a place in the queue. With
 * SPILLWAY_BULKHEAD_REJECTION_QUEUED the permit in `out` holds the place. It must be settled like
 * any other, which leaves the queue, or gives back the slot if it was granted by then. */
SPILLWAY_API spillway_decision
spillway_bulkhead_enqueue_at(spillway_bulkhead* bulkhead, int32_t priority, int64_t now_ns,
                             spillway_acquire_result* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_bulkhead_enqueue(
    spillway_bulkhead* bulkhead, int32_t priority, spillway_acquire_result* out) SPILLWAY_NOEXCEPT;

/* Whether the permit holds a slot by now: SPILLWAY_ADMITTED, or SPILLWAY_BULKHEAD_REJECTION_QUEUED
 * while it holds a place. Slots are granted in order: after a settle it is enough to poll the
 * oldest permit that waits. SPILLWAY_E_MISUSE for an empty or foreign permit. */
SPILLWAY_API spillway_decision spillway_bulkhead_poll_at(spillway_bulkhead* bulkhead,
                                                         spillway_permit* permit,
                                                         int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_bulkhead_poll(spillway_bulkhead* bulkhead,
                                                      spillway_permit* permit) SPILLWAY_NOEXCEPT;

/* Gives back the slot or the place that the permit holds, which becomes empty. The outcome is not
 * judged. SPILLWAY_E_MISUSE for an empty or foreign permit, and a copy of one that was settled
 * (where that can be told): it is then left as it is. */
SPILLWAY_API spillway_settlement spillway_bulkhead_settle_at(spillway_bulkhead* bulkhead,
                                                             spillway_permit* permit,
                                                             int32_t outcome,
                                                             int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_settlement spillway_bulkhead_settle(spillway_bulkhead* bulkhead,
                                                          spillway_permit* permit,
                                                          int32_t outcome) SPILLWAY_NOEXCEPT;

/* ---- Looking */

/* generated: begin bulkhead snapshot */
/* What a bulkhead holds. */
typedef struct spillway_bulkhead_snapshot {
  size_t struct_size;
  /* Slots that are taken. */
  int32_t in_flight;
  /* Slots there are. */
  int32_t max_concurrent;
  /* Places in the queue that are taken. One that was left is free when all before it are. */
  int32_t queued;
  /* Places in the queue there are. */
  int32_t max_queue;
  /* Calls that got a slot, at once or from the queue. 0 unless `counted`. */
  uint64_t total_admitted;
  /* Calls refused because every slot was taken. 0 unless `counted`. */
  uint64_t total_full;
  /* Calls refused because every place in the queue was taken too. 0 unless `counted`. */
  uint64_t total_queue_full;
  /* Calls refused because those of their priority may use no more slots. 0 unless `counted`. */
  uint64_t total_shed;
  /* Normal calls that were refused. 0 unless `counted`. */
  uint64_t total_refused_normal;
  /* Critical calls that were refused. 0 unless `counted`. */
  uint64_t total_refused_critical;
  /* Sheddable calls that were refused. 0 unless `counted`. */
  uint64_t total_refused_sheddable;
  /* Calls that joined the queue. 0 unless `counted`. */
  uint64_t total_queued;
  /* Calls that left the queue without a slot. 0 unless `counted`. */
  uint64_t total_left;
  /* Permits of another bulkhead, or settled twice; they changed nothing. */
  uint64_t total_misused;
} spillway_bulkhead_snapshot;
/* generated: end bulkhead snapshot */

/* What is taken, and how often it was refused. `now_ns` is not looked at. `out->struct_size` says
 * how much of the struct the caller has: only that is filled, and what this version does not know
 * of it becomes zero. */
SPILLWAY_API spillway_status
spillway_bulkhead_snapshot_at(const spillway_bulkhead* bulkhead, int64_t now_ns,
                              spillway_bulkhead_snapshot* out) SPILLWAY_NOEXCEPT;

/* The name it was made with, and its length in bytes (`length` may be NULL). A zero follows it; it
 * lives as long as the bulkhead. NULL for NULL. */
SPILLWAY_API const char* spillway_bulkhead_name(const spillway_bulkhead* bulkhead,
                                                size_t* length) SPILLWAY_NOEXCEPT;

/* ---- Changing it */

/* Changes options: with more slots, who waits gets them; with fewer, calls in flight end as they
 * would. Options that a shorter struct does not have keep their present values. Fails, with nothing
 * changed, when one is out of range or fixed, or when `max_queue` is more than the bulkhead was
 * made with: begin with what spillway_bulkhead_options_get gives. A call that races it is decided
 * wholly by the old options or wholly by the new. */
SPILLWAY_API spillway_status spillway_bulkhead_reconfigure(spillway_bulkhead* bulkhead,
                                                           const spillway_bulkhead_options* options,
                                                           spillway_error* error) SPILLWAY_NOEXCEPT;

/* The present options, as far as `out->struct_size` goes. */
SPILLWAY_API spillway_status spillway_bulkhead_options_get(
    const spillway_bulkhead* bulkhead, spillway_bulkhead_options* out) SPILLWAY_NOEXCEPT;

/* ---- Who may call what, and what it costs. On one bulkhead, every function may run in any number
 * of threads at the same time as every other, but for the last reference.
 *
 *   function               progress      memory order            allocates
 *   ---------------------  ------------  ----------------------  --------------------------------
 *   new                    blocks (1)    orders nothing          the bulkhead
 *   ref                    wait-free     relaxed                 no
 *   unref                  wait-free     release; the last one   no; the last one frees, which
 *                                        acquires all the others may block (1)
 *   acquire                blocks        as try_acquire          no (2)
 *   try_acquire, enqueue,  lock-free (3) who gets a slot sees    no (2)
 *   poll, settle                         what was done before it
 *                                        was given back
 *   snapshot, options_get  wait-free     orders nothing          no
 *   name                   wait-free     immutable               no
 *   reconfigure            lock-free (3) as settle               no
 *
 * (1) In malloc and free.
 * (2) But for the first call of each thread to any policy that counts: to be told of the thread's
 *     end, it makes a note in the C library, which allocates and may block (1).
 * (3) With one system call for each thread that sleeps in acquire and is granted a slot: it wakes
 *     the thread.
 *
 * After fork() both processes have a bulkhead of their own, as it stood: a child may use its handle
 * and its permits. What other threads held or waited for stays taken in the child, where nobody
 * gives it back: make a new one there. */

/* ---- Adaptive limiter -------------------------------------------------------------------------*/

/* Lets as many calls be in flight as the callee can work on. docs/adaptive_limiter.md says when it
 * does what. */
typedef struct spillway_adaptive_limiter spillway_adaptive_limiter;

/* generated: begin adaptive_limiter constants */
/* How the limit finds itself. */
enum {
  /* By the ratio of how long calls take without a queue to how long they take now. */
  SPILLWAY_LIMIT_ALGORITHM_GRADIENT = 0,
  /* By the number of calls that wait in a queue, as the same two times tell it. */
  SPILLWAY_LIMIT_ALGORITHM_VEGAS = 1,
  /* Up by one, down by a tenth when calls are dropped. Times do not matter. */
  SPILLWAY_LIMIT_ALGORITHM_AIMD = 2,
};

/* Why an adaptive limiter refused. */
enum {
  /* As many calls are in flight as the limit allows. `retry_after` is 0: nobody knows. */
  SPILLWAY_ADAPTIVE_LIMITER_REJECTION_LIMITED = 1,
};
/* generated: end adaptive_limiter constants */

/* The name of a constant of that kind, "limited"; "unknown" for any other number. */
SPILLWAY_API const char* spillway_adaptive_limiter_rejection_name(int32_t rejection)
    SPILLWAY_NOEXCEPT;

/* generated: begin adaptive_limiter options */
/* The options of an adaptive limiter. Begin with SPILLWAY_ADAPTIVE_LIMITER_OPTIONS_INIT. */
typedef struct spillway_adaptive_limiter_options {
  size_t struct_size;
  /* How the limit finds itself. Fixed when the limiter is made. Accepted: gradient, vegas, aimd.
   * Default from Netflix concurrency-limits (Gradient2). One of SPILLWAY_LIMIT_ALGORITHM_*. */
  int32_t algorithm;
  /* The limit to begin with, from `min_limit` to `max_limit`. Fixed when the limiter is made.
   * Accepted: 1 to 100000. Default from Netflix concurrency-limits (20). */
  int32_t initial_limit;
  /* The limit never falls below this. Accepted: 1 to 100000. Default from failsafe-go (1). */
  int32_t min_limit;
  /* The limit never rises above this; at least `min_limit`. Accepted: 1 to 100000. Default from
   * Envoy (1000). */
  int32_t max_limit;
  /* Refuses nothing and counts what it would have refused. Accepted: false (0) or true (1). Default
   * from nginx (off). */
  int32_t dry_run;
  /* How often the limit is judged. Longer where calls take long (twice as long as they do) or are
   * few (until there are 10). Accepted: 0.001 s to 60 s. Default from Netflix concurrency-limits
   * (1 s). */
  int64_t window_ns;
  /* Of `gradient`: how many times longer than without a queue calls may take. Accepted: 1 to 10.
   * Default from Netflix concurrency-limits (Gradient2: 1.5). */
  double tolerance;
  /* Of `gradient` and `vegas`: how far a window moves the limit towards what it asks for. Accepted:
   * 0.01 to 1. Default from Netflix concurrency-limits (Gradient2: 0.2). */
  double smoothing;
  /* A window with a larger share of failed calls takes a tenth off the limit. Accepted: 0 to 1.
   * Default from Spillway (peers take any drop for overload, and so each stray error). */
  double drop_rate;
} spillway_adaptive_limiter_options;

/* clang-format off */
#define SPILLWAY_ADAPTIVE_LIMITER_OPTIONS_INIT \
  { \
    SPILLWAY_SIZE_TO_END(spillway_adaptive_limiter_options, drop_rate), \
    /* algorithm */ SPILLWAY_LIMIT_ALGORITHM_GRADIENT, \
    /* initial_limit */ 20, \
    /* min_limit */ 1, \
    /* max_limit */ 1000, \
    /* dry_run */ 0, \
    /* window_ns */ 1000000000, \
    /* tolerance */ 1.5, \
    /* smoothing */ 0.2, \
    /* drop_rate */ 0.05, \
  }
/* clang-format on */
/* generated: end adaptive_limiter options */

/* What SPILLWAY_ADAPTIVE_LIMITER_OPTIONS_INIT does, for languages that cannot use it. */
SPILLWAY_API spillway_status spillway_adaptive_limiter_options_init(
    spillway_adaptive_limiter_options* options, size_t size) SPILLWAY_NOEXCEPT;

/* ---- Making one, and letting go: as for a circuit breaker. */

SPILLWAY_API spillway_status spillway_adaptive_limiter_new(
    spillway_adaptive_limiter** out, const char* name, size_t name_length,
    const spillway_adaptive_limiter_options* options, spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_adaptive_limiter* spillway_adaptive_limiter_ref(
    spillway_adaptive_limiter* limiter) SPILLWAY_NOEXCEPT;
SPILLWAY_API void spillway_adaptive_limiter_unref(spillway_adaptive_limiter* limiter)
    SPILLWAY_NOEXCEPT;

/* ---- The calls */

/* Asks for a permit to make one call. Fills `out`, whose `retry_after_ns` is 0: nobody knows.
 * Answers SPILLWAY_ADMITTED, one of SPILLWAY_ADAPTIVE_LIMITER_REJECTION_*, or SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_decision
spillway_adaptive_limiter_try_acquire_at(spillway_adaptive_limiter* limiter, int64_t now_ns,
                                         spillway_acquire_result* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision spillway_adaptive_limiter_try_acquire(
    spillway_adaptive_limiter* limiter, spillway_acquire_result* out) SPILLWAY_NOEXCEPT;

/* Tells how the call ended and gives its place back: SPILLWAY_OUTCOME_FAILURE when the callee
 * dropped it or it took too long; an ignored one says nothing. A permit that was settled becomes
 * empty; one that never is keeps its place for good. SPILLWAY_E_MISUSE for an empty or foreign
 * permit, a copy of one that was settled (where that can be told) and an unknown outcome: the
 * permit is then left as it is. */
SPILLWAY_API spillway_settlement
spillway_adaptive_limiter_settle_at(spillway_adaptive_limiter* limiter, spillway_permit* permit,
                                    int32_t outcome, int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_settlement spillway_adaptive_limiter_settle(
    spillway_adaptive_limiter* limiter, spillway_permit* permit, int32_t outcome) SPILLWAY_NOEXCEPT;

/* ---- Looking */

/* generated: begin adaptive_limiter snapshot */
/* What an adaptive limiter holds. */
typedef struct spillway_adaptive_limiter_snapshot {
  size_t struct_size;
  /* Calls that may be in flight; halved while a probe looks for the baseline. */
  int32_t limit;
  /* Calls that were admitted and have not ended. */
  int32_t in_flight;
  /* How long calls take without a queue; 0 while that is not known. */
  int64_t baseline_ns;
  /* How long calls took on average in the last window; 0 before the first. */
  int64_t call_time_ns;
  /* Windows that were judged since the limiter was made. */
  uint64_t total_windows;
  /* Calls that were admitted. */
  uint64_t total_admitted;
  /* Calls that were refused. */
  uint64_t total_refused;
  /* Calls that `dry_run` admitted. */
  uint64_t total_dry_run;
  /* Calls that succeeded. */
  uint64_t total_succeeded;
  /* Calls that failed: dropped by the callee, or too late. */
  uint64_t total_failed;
  /* Calls whose outcome said nothing of the callee; they gave their place back and nothing else. */
  uint64_t total_ignored;
  /* Permits of another limiter, settled twice or settled with an unknown outcome; they changed
   * nothing. */
  uint64_t total_misused;
} spillway_adaptive_limiter_snapshot;
/* generated: end adaptive_limiter snapshot */

/* What the limiter looks like at `now_ns`. `out->struct_size` says how much of the struct the
 * caller has: only that is filled, and what this version does not know of it becomes zero. */
SPILLWAY_API spillway_status
spillway_adaptive_limiter_snapshot_at(const spillway_adaptive_limiter* limiter, int64_t now_ns,
                                      spillway_adaptive_limiter_snapshot* out) SPILLWAY_NOEXCEPT;

/* The name it was made with, and its length in bytes (`length` may be NULL). A zero follows it; it
 * lives as long as the limiter. NULL for NULL. */
SPILLWAY_API const char* spillway_adaptive_limiter_name(const spillway_adaptive_limiter* limiter,
                                                        size_t* length) SPILLWAY_NOEXCEPT;

/* ---- Changing it */

/* Changes options. A limit out of its new bounds moves into them at once. Options that a shorter
 * struct does not have keep their present values. Fails, with nothing changed, when one is out of
 * range or fixed: begin with what spillway_adaptive_limiter_options_get gives. A call that races it
 * may see some options old and some new. */
SPILLWAY_API spillway_status spillway_adaptive_limiter_reconfigure(
    spillway_adaptive_limiter* limiter, const spillway_adaptive_limiter_options* options,
    spillway_error* error) SPILLWAY_NOEXCEPT;

/* The present options, as far as `out->struct_size` goes. */
SPILLWAY_API spillway_status
spillway_adaptive_limiter_options_get(const spillway_adaptive_limiter* limiter,
                                      spillway_adaptive_limiter_options* out) SPILLWAY_NOEXCEPT;

/* ---- Who may call what, and what it costs. On one limiter, every function may run in any number
 * of threads at the same time as every other, but for the last reference.
 *
 *   function               progress      memory order            allocates
 *   ---------------------  ------------  ----------------------  --------------------------------
 *   new                    blocks (1)    orders nothing          the limiter
 *   ref                    wait-free     relaxed                 no
 *   unref                  wait-free     release; the last one   no; the last one frees, which
 *                                        acquires all the others may block (1)
 *   try_acquire, settle    lock-free     orders nothing          no (2)
 *   snapshot, options_get  wait-free     orders nothing          no
 *   name                   wait-free     immutable               no
 *   reconfigure            lock-free     relaxed, each option    no
 *                                        by itself
 *
 * (1) In malloc and free.
 * (2) But for the first call of each thread to any policy that counts: to be told of the thread's
 *     end, it makes a note in the C library, which allocates and may block (1).
 *
 * After fork() both processes have a limiter of their own, as it stood; a child may use its handle
 * and its permits, whatever other threads were doing. */

/* ---- Client throttle --------------------------------------------------------------------------*/

/* Sends less to a callee that refuses much. docs/client_throttle.md says when it does what. */
typedef struct spillway_client_throttle spillway_client_throttle;

/* generated: begin client_throttle constants */
/* Why a client throttle refused. */
enum {
  /* So few calls are accepted that this one was drawn to be refused; the next may not be.
   * `retry_after` is 0: nobody knows. */
  SPILLWAY_CLIENT_THROTTLE_REJECTION_THROTTLED = 1,
};
/* generated: end client_throttle constants */

/* The name of a constant of that kind, "throttled"; "unknown" for any other number. */
SPILLWAY_API const char* spillway_client_throttle_rejection_name(int32_t rejection)
    SPILLWAY_NOEXCEPT;

/* generated: begin client_throttle options */
/* The options of a client throttle. Begin with SPILLWAY_CLIENT_THROTTLE_OPTIONS_INIT. */
typedef struct spillway_client_throttle_options {
  size_t struct_size;
  /* How far back calls count, in 12 buckets. Several times as long as a call may take. Fixed when
   * the throttle is made. Accepted: 0.012 s to 86400 s. Default from Google SRE (2 minutes). */
  int64_t window_ns;
  /* Normal calls are refused when more than this many are asked for each one accepted. Kept to
   * 0.0001, rounded to nearest, and compared exactly. Accepted: 1 to 1000. Default from Google SRE
   * (2). */
  double k;
  /* The same for critical calls; at least `k`. Accepted: 1 to 1000. Default from Spillway (refused
   * when less than a quarter is accepted). */
  double critical_k;
  /* The same for sheddable calls; at most `k`. Accepted: 1 to 1000. Default from Spillway (refused
   * when less than four fifths are accepted). */
  double sheddable_k;
  /* Nothing is refused until the window holds this many calls. Accepted: 1 to 100000000. Default
   * from Hystrix (20, of its breaker). */
  int32_t min_calls;
  /* The largest share of calls that is refused: the rest goes on to find out when the callee
   * answers again. Kept to 0.01 %, rounded to nearest. Accepted: 0 to 1. Default from failsafe-go
   * (0.9). */
  double max_rejection;
  /* Refuses nothing and counts what it would have refused. Accepted: false (0) or true (1). Default
   * from nginx (off). */
  int32_t dry_run;
  /* Where the draws begin: throttles of the same seed that see the same calls refuse the same ones.
   * Accepted: any (0: a random one). Default from Spillway. */
  uint64_t seed;
} spillway_client_throttle_options;

/* clang-format off */
#define SPILLWAY_CLIENT_THROTTLE_OPTIONS_INIT \
  { \
    SPILLWAY_SIZE_TO_END(spillway_client_throttle_options, seed), \
    /* window_ns */ 120000000000, \
    /* k */ 2.0, \
    /* critical_k */ 4.0, \
    /* sheddable_k */ 1.25, \
    /* min_calls */ 20, \
    /* max_rejection */ 0.9, \
    /* dry_run */ 0, \
    /* seed */ 0, \
  }
/* clang-format on */
/* generated: end client_throttle options */

/* What SPILLWAY_CLIENT_THROTTLE_OPTIONS_INIT does, for languages that cannot use it. */
SPILLWAY_API spillway_status spillway_client_throttle_options_init(
    spillway_client_throttle_options* options, size_t size) SPILLWAY_NOEXCEPT;

/* ---- Making one, and letting go: as for a circuit breaker. */

SPILLWAY_API spillway_status spillway_client_throttle_new(
    spillway_client_throttle** out, const char* name, size_t name_length,
    const spillway_client_throttle_options* options, spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_client_throttle* spillway_client_throttle_ref(
    spillway_client_throttle* throttle) SPILLWAY_NOEXCEPT;
SPILLWAY_API void spillway_client_throttle_unref(spillway_client_throttle* throttle)
    SPILLWAY_NOEXCEPT;

/* ---- The calls */

/* Asks for a permit to make one call. `priority` is one of SPILLWAY_PRIORITY_*. Fills `out`, whose
 * `retry_after_ns` is 0: nobody knows. Answers SPILLWAY_ADMITTED, one of
 * SPILLWAY_CLIENT_THROTTLE_REJECTION_*, or SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_decision spillway_client_throttle_try_acquire_at(
    spillway_client_throttle* throttle, int32_t priority, int64_t now_ns,
    spillway_acquire_result* out) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_decision
spillway_client_throttle_try_acquire(spillway_client_throttle* throttle, int32_t priority,
                                     spillway_acquire_result* out) SPILLWAY_NOEXCEPT;

/* Tells how the call ended: SPILLWAY_OUTCOME_SUCCESS when the callee accepted it,
 * SPILLWAY_OUTCOME_FAILURE when it refused it or the call failed; an ignored call is as if it had
 * not been asked for. A permit that was settled, counted or stale, becomes empty; it is stale when
 * its call had left the window. SPILLWAY_E_MISUSE for an empty or foreign permit and an unknown
 * outcome: the permit is then left as it is. */
SPILLWAY_API spillway_settlement
spillway_client_throttle_settle_at(spillway_client_throttle* throttle, spillway_permit* permit,
                                   int32_t outcome, int64_t now_ns) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_settlement spillway_client_throttle_settle(spillway_client_throttle* throttle,
                                                                 spillway_permit* permit,
                                                                 int32_t outcome) SPILLWAY_NOEXCEPT;

/* ---- Looking */

/* generated: begin client_throttle snapshot */
/* What a client throttle holds. */
typedef struct spillway_client_throttle_snapshot {
  size_t struct_size;
  /* Calls in the window, refused ones too; without those that were ignored. */
  uint64_t requests;
  /* Those of them that the callee accepted by now. */
  uint64_t accepts;
  /* Share of the normal calls that is being refused. -1 when undefined. */
  double rejection_rate;
  /* Calls that were admitted since the throttle was made. */
  uint64_t total_admitted;
  /* Calls that `dry_run` admitted. */
  uint64_t total_dry_run;
  /* Normal calls that were refused. */
  uint64_t total_throttled_normal;
  /* Critical calls that were refused. */
  uint64_t total_throttled_critical;
  /* Sheddable calls that were refused. */
  uint64_t total_throttled_sheddable;
  /* Calls that the callee accepted. */
  uint64_t total_accepted;
  /* Calls that it refused or that failed. */
  uint64_t total_failed;
  /* Calls whose outcome said nothing of the callee: as if they had not been asked for. */
  uint64_t total_ignored;
  /* Calls that ended after they had left the window; they changed nothing. */
  uint64_t total_stale;
  /* Permits of another throttle, settled twice or settled with an unknown outcome; they changed
   * nothing. */
  uint64_t total_misused;
} spillway_client_throttle_snapshot;
/* generated: end client_throttle snapshot */

/* What the window holds at `now_ns`. `out->struct_size` says how much of the struct the caller has:
 * only that is filled, and what this version does not know of it becomes zero. */
SPILLWAY_API spillway_status
spillway_client_throttle_snapshot_at(const spillway_client_throttle* throttle, int64_t now_ns,
                                     spillway_client_throttle_snapshot* out) SPILLWAY_NOEXCEPT;

/* The name it was made with, and its length in bytes (`length` may be NULL). A zero follows it; it
 * lives as long as the throttle. NULL for NULL. */
SPILLWAY_API const char* spillway_client_throttle_name(const spillway_client_throttle* throttle,
                                                       size_t* length) SPILLWAY_NOEXCEPT;

/* ---- Changing it */

/* Changes options; the window stays. Options that a shorter struct does not have keep their present
 * values. Fails, with nothing changed, when one is out of range or fixed: begin with what
 * spillway_client_throttle_options_get gives. A call that races it may see some options old and
 * some new. */
SPILLWAY_API spillway_status spillway_client_throttle_reconfigure(
    spillway_client_throttle* throttle, const spillway_client_throttle_options* options,
    spillway_error* error) SPILLWAY_NOEXCEPT;

/* The present options, as far as `out->struct_size` goes; a seed that was drawn is told. */
SPILLWAY_API spillway_status
spillway_client_throttle_options_get(const spillway_client_throttle* throttle,
                                     spillway_client_throttle_options* out) SPILLWAY_NOEXCEPT;

/* ---- Who may call what, and what it costs. On one throttle, every function may run in any number
 * of threads at the same time as every other, but for the last reference.
 *
 *   function               progress      memory order            allocates
 *   ---------------------  ------------  ----------------------  --------------------------------
 *   new                    blocks (1)    orders nothing          the throttle
 *   ref                    wait-free     relaxed                 no
 *   unref                  wait-free     release; the last one   no; the last one frees, which
 *                                        acquires all the others may block (1)
 *   try_acquire, settle    lock-free     orders nothing          no (2)
 *   snapshot, options_get  wait-free     orders nothing          no
 *   name                   wait-free     immutable               no
 *   reconfigure            wait-free     relaxed, each option    no
 *                                        by itself
 *
 * (1) In malloc and free.
 * (2) But for the first call of each thread to any policy that counts: to be told of the thread's
 *     end, it makes a note in the C library, which allocates and may block (1).
 *
 * After fork() both processes have a throttle of their own, as it stood; a child may use its handle
 * and its permits, whatever other threads were doing. */

/* ---- Metrics ----------------------------------------------------------------------------------*/

/* The objects whose numbers Prometheus reads. docs/metrics.md lists the metrics and shows queries.
 *
 *   spillway_metrics* metrics = NULL;
 *   spillway_metrics_new(&metrics, NULL);
 *   spillway_metrics_add_circuit_breaker(metrics, breaker, &error);
 *   ... on a scrape, a buffer of the caller, made larger while it is too short:
 *   size_t length = 0;
 *   while (spillway_metrics_text(metrics, buffer, capacity, &length) ==
 * SPILLWAY_E_BUFFER_TOO_SHORT) buffer = reallocated(buffer, capacity = length + 1024);
 */
typedef struct spillway_metrics spillway_metrics;

/* An empty set with one reference, in `*out`; NULL there when it fails, with SPILLWAY_E_NO_MEMORY
 * or SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_status spillway_metrics_new(spillway_metrics** out,
                                                  spillway_error* error) SPILLWAY_NOEXCEPT;

/* Adds a reference and returns its argument. */
SPILLWAY_API spillway_metrics* spillway_metrics_ref(spillway_metrics* metrics) SPILLWAY_NOEXCEPT;

/* Takes a reference away; the last one frees the set, which gives back its references to what was
 * added. NULL is allowed. */
SPILLWAY_API void spillway_metrics_unref(spillway_metrics* metrics) SPILLWAY_NOEXCEPT;

/* Adds a circuit breaker and takes a reference to it, so that it lives until it is removed or the
 * set is freed. Its name is the label `name`; what is no UTF-8 in it is shown as U+FFFD. Fails,
 * with nothing changed, with SPILLWAY_E_INVALID_ARGUMENT when it has no name or the set has a
 * breaker of that name (a scrape may hold each series once), SPILLWAY_E_NO_MEMORY or
 * SPILLWAY_E_MISUSE. */
SPILLWAY_API spillway_status
spillway_metrics_add_circuit_breaker(spillway_metrics* metrics, spillway_circuit_breaker* breaker,
                                     spillway_error* error) SPILLWAY_NOEXCEPT;

/* Takes it out again, and gives its reference back. SPILLWAY_E_INVALID_ARGUMENT: it was not there.
 */
SPILLWAY_API spillway_status spillway_metrics_remove_circuit_breaker(
    spillway_metrics* metrics, const spillway_circuit_breaker* breaker) SPILLWAY_NOEXCEPT;

/* The same for a bulkhead. */
SPILLWAY_API spillway_status spillway_metrics_add_bulkhead(spillway_metrics* metrics,
                                                           spillway_bulkhead* bulkhead,
                                                           spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_metrics_remove_bulkhead(
    spillway_metrics* metrics, const spillway_bulkhead* bulkhead) SPILLWAY_NOEXCEPT;

/* The same for a keyed limiter. */
SPILLWAY_API spillway_status
spillway_metrics_add_keyed_limiter(spillway_metrics* metrics, spillway_keyed_limiter* limiter,
                                   spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_metrics_remove_keyed_limiter(
    spillway_metrics* metrics, const spillway_keyed_limiter* limiter) SPILLWAY_NOEXCEPT;

/* The same for a leaky bucket: names are told apart within a noun. */
SPILLWAY_API spillway_status
spillway_metrics_add_leaky_bucket(spillway_metrics* metrics, spillway_leaky_bucket* bucket,
                                  spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_metrics_remove_leaky_bucket(
    spillway_metrics* metrics, const spillway_leaky_bucket* bucket) SPILLWAY_NOEXCEPT;

/* The same for a multi limiter; of its members each that is to be shown is added by itself. */
SPILLWAY_API spillway_status
spillway_metrics_add_multi_limiter(spillway_metrics* metrics, spillway_multi_limiter* limiter,
                                   spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_metrics_remove_multi_limiter(
    spillway_metrics* metrics, const spillway_multi_limiter* limiter) SPILLWAY_NOEXCEPT;

/* The same for a token bucket. */
SPILLWAY_API spillway_status
spillway_metrics_add_token_bucket(spillway_metrics* metrics, spillway_token_bucket* bucket,
                                  spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_metrics_remove_token_bucket(
    spillway_metrics* metrics, const spillway_token_bucket* bucket) SPILLWAY_NOEXCEPT;

/* The same for an adaptive limiter and a client throttle. */
SPILLWAY_API spillway_status
spillway_metrics_add_adaptive_limiter(spillway_metrics* metrics, spillway_adaptive_limiter* limiter,
                                      spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_metrics_remove_adaptive_limiter(
    spillway_metrics* metrics, const spillway_adaptive_limiter* limiter) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status
spillway_metrics_add_client_throttle(spillway_metrics* metrics, spillway_client_throttle* throttle,
                                     spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_metrics_remove_client_throttle(
    spillway_metrics* metrics, const spillway_client_throttle* throttle) SPILLWAY_NOEXCEPT;
/* The same for a sliding window limiter. */
SPILLWAY_API spillway_status spillway_metrics_add_sliding_window_limiter(
    spillway_metrics* metrics, spillway_sliding_window_limiter* limiter,
    spillway_error* error) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_metrics_remove_sliding_window_limiter(
    spillway_metrics* metrics, const spillway_sliding_window_limiter* limiter) SPILLWAY_NOEXCEPT;

/* What the objects show at `now_ns`, in Prometheus' text format 0.0.4 (Content-Type: text/plain;
 * version=0.0.4; charset=utf-8), with a zero after it. `*length` is set each time: the bytes of the
 * text, without the zero. Use it rather than strlen, because a name may hold a zero.
 * SPILLWAY_E_BUFFER_TOO_SHORT when `capacity` is not above `*length`: the buffer then holds an
 * empty text, if it has room for one. NULL with capacity 0 asks for the length alone; it may have
 * grown by the next call. Else SPILLWAY_E_NO_MEMORY or SPILLWAY_E_MISUSE, with length 0. */
SPILLWAY_API spillway_status spillway_metrics_text_at(const spillway_metrics* metrics,
                                                      int64_t now_ns, char* buffer, size_t capacity,
                                                      size_t* length) SPILLWAY_NOEXCEPT;
SPILLWAY_API spillway_status spillway_metrics_text(const spillway_metrics* metrics, char* buffer,
                                                   size_t capacity,
                                                   size_t* length) SPILLWAY_NOEXCEPT;

/* ---- Who may call what, and what it costs. On one set of metrics, every function may run in any
 * number of threads at the same time as every other, but for the last reference. None of them holds
 * up a call of what was added.
 *
 *   function               progress      memory order            allocates
 *   ---------------------  ------------  ----------------------  --------------------------------
 *   new                    blocks (1)    orders nothing          the set
 *   ref                    wait-free     relaxed                 no
 *   unref                  wait-free     release; the last one   no; the last one frees, which
 *                                        acquires all the others may block (1)
 *   add, remove            blocks (2)    one after the other     an entry
 *   text                   blocks (2)    one after the other     the text, while it is written
 *
 * (1) In malloc and free.
 * (2) There and on the lock of the set, which a scrape holds while it reads the objects.
 *
 * After fork() a child may use the set unless another thread was calling it at that moment: then
 * its lock may never be free there. */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SPILLWAY_C_API_H_ */
