/* The options: their defaults, their ranges, and structs of every size. */
#include "breakers.h"
#include "tests/support/generated/circuit_breaker_vectors.h"

typedef spillway_circuit_breaker_options options_type;

static const options_type defaults = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;

static options_type options_of(const spillway_circuit_breaker* breaker) {
  options_type options;
  options.struct_size = sizeof options;
  CHECK_INT(spillway_circuit_breaker_options_get(breaker, &options), SPILLWAY_OK);
  return options;
}

/* Compares the fields that begin within the first `size` bytes. */
static void check_same(const options_type* got, const options_type* want, size_t size) {
  const vector_field* field = circuit_breaker_option_fields;
  for (; field->name != NULL; ++field) {
    if (field->offset >= size || strcmp(field->name, "seed") == 0) continue;
    if (vector_load(field, got) != vector_load(field, want))
      check_fail(__FILE__, __LINE__, "%s is %g; expected %g", field->name, vector_load(field, got),
                 vector_load(field, want));
  }
}

static size_t end_of(const vector_field* field) {
  return field->offset + (field->kind == VECTOR_INT32 || field->kind == VECTOR_UINT32
                              ? sizeof(int32_t)
                              : sizeof(int64_t));
}

/* Whether a struct may have this size: where a field ends, or sizeof would say it does. */
static int may_be(size_t size) {
  const vector_field* field = circuit_breaker_option_fields;
  for (; field->name != NULL; ++field) {
    if (size == end_of(field) || size == (end_of(field) + 7) / 8 * 8) return 1;
  }
  return 0;
}

TEST(null_options_are_the_defaults) {
  spillway_circuit_breaker* breaker = make(NULL);
  const options_type options = options_of(breaker);
  check_same(&options, &defaults, sizeof options);
  CHECK(options.seed != 0); /* It was drawn. */
  spillway_circuit_breaker_unref(breaker);
}

TEST(init_does_what_the_macro_does) {
  options_type options;
  memset(&options, 0xaa, sizeof options);
  CHECK_INT(spillway_circuit_breaker_options_init(&options, sizeof options), SPILLWAY_OK);
  CHECK_INT(options.struct_size, sizeof options);
  CHECK_INT(defaults.struct_size, sizeof options);
  check_same(&options, &defaults, sizeof options);
  CHECK_INT(options.seed, 0);
}

TEST(init_fills_as_much_as_there_is) {
  options_type room[2];
  unsigned char* bytes = (unsigned char*)room;
  size_t size = 0;
  CHECK_INT(spillway_circuit_breaker_options_init(NULL, sizeof *room), SPILLWAY_E_MISUSE);
  for (; size <= sizeof room; ++size) {
    const int good = may_be(size) || size > sizeof *room;
    size_t i = size;
    memset(room, 0xaa, sizeof room);
    CHECK_INT(spillway_circuit_breaker_options_init(room, size),
              good ? SPILLWAY_OK : SPILLWAY_E_MISUSE);
    if (!good) i = 0;
    for (; i < sizeof room; ++i) CHECK(bytes[i] == 0xaa);
  }
}

TEST(a_short_struct_leaves_the_rest_at_its_default) {
  const vector_field* field = circuit_breaker_option_fields;
  for (; field->name != NULL; ++field) {
    options_type options = defaults;
    options_type want = defaults;
    options.struct_size = end_of(field);
    options.min_calls = want.min_calls = 7;
    if (options.struct_size <= offsetof(options_type, min_calls)) want.min_calls = 20;
    /* What lies behind the caller's struct is not his, and no option. */
    memset((char*)&options + options.struct_size, 0xaa, sizeof options - options.struct_size);
    spillway_circuit_breaker* breaker = make(&options);
    const options_type got = options_of(breaker);
    check_same(&got, &want, sizeof got);
    spillway_circuit_breaker_unref(breaker);
  }
}

TEST(a_struct_of_a_size_that_cannot_be_is_refused) {
  static const size_t huge[] = {4097, SIZE_MAX / 2, SIZE_MAX};
  options_type options = defaults;
  spillway_circuit_breaker* breaker = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  size_t size = 0;
  for (; size < sizeof options; ++size) {
    if (may_be(size)) continue;
    options.struct_size = size;
    CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 0, &options, &error), SPILLWAY_E_MISUSE);
    CHECK(breaker == NULL);
    CHECK_TEXT(error.message, "struct_size is ");
  }
  for (size = 0; size < sizeof huge / sizeof *huge; ++size) {
    options.struct_size = huge[size];
    CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 0, &options, &error), SPILLWAY_E_MISUSE);
    CHECK_TEXT(error.message, "struct_size is ");
  }
}

typedef struct later_options {
  options_type known;
  int64_t unknown[2];
} later_options;

TEST(a_longer_struct_is_good_while_its_tail_is_zero) {
  later_options options;
  spillway_circuit_breaker* breaker = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  memset(&options, 0, sizeof options);
  options.known = defaults;
  options.known.struct_size = sizeof options;
  options.known.buckets = 5;
  CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 0, &options.known, &error), SPILLWAY_OK);
  CHECK_INT(options_of(breaker).buckets, 5);
  /* A later caller sees zero in what this version does not know. */
  memset(&options, 0xaa, sizeof options);
  options.known.struct_size = sizeof options;
  CHECK_INT(spillway_circuit_breaker_options_get(breaker, &options.known), SPILLWAY_OK);
  CHECK_INT(options.known.buckets, 5);
  CHECK_INT(options.unknown[0] | options.unknown[1], 0);
  options.unknown[1] = INT64_C(1) << 56;
  CHECK_INT(spillway_circuit_breaker_reconfigure(breaker, &options.known, &error),
            SPILLWAY_E_UNSUPPORTED);
  CHECK_INT(error.code, SPILLWAY_E_UNSUPPORTED);
  CHECK_TEXT(error.message, "the field at byte ");
  spillway_circuit_breaker_unref(breaker);
}

/* Sets one option, and expects an error that names it (without its unit) and its value. */
static void check_refused(const char* name, double value, const char* message) {
  options_type options = defaults;
  spillway_circuit_breaker* breaker = (spillway_circuit_breaker*)(void*)&options;
  spillway_error error = SPILLWAY_ERROR_INIT;
  vector_store(vector_find(circuit_breaker_option_fields, name), value, &options);
  CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 0, &options, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK(breaker == NULL);
  CHECK_INT(error.code, SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, message);
}

TEST(a_duration_out_of_range_is_refused) {
  check_refused("window_ns", 0, "window is 0 s; it must be 0.001 s to 86400 s");
  check_refused("window_ns", -1e9, "window is -1 s");
  check_refused("window_ns", (double)INT64_MIN, "window is ");
  check_refused("window_ns", 86401e9, "window is 86401 s");
  check_refused("slow_call_ns", -1, "slow_call is ");
  check_refused("slow_call_ns", 86401e9, "slow_call is 86401 s");
  check_refused("open_for_ns", 0, "open_for is 0 s");
  check_refused("open_for_ns", 999999, "open_for is 0.000999999 s");
  check_refused("max_open_ns", 2592001e9, "max_open is 2592001 s");
  check_refused("probe_lease_ns", 0, "probe_lease is 0 s");
  check_refused("ramp_ns", 1, "ramp is ");
  check_refused("ramp_ns", -1, "ramp is ");
}

TEST(a_number_out_of_range_is_refused) {
  static const char* const fractions[] = {"failure_rate", "slow_rate"};
  size_t i = 0;
  for (; i < 2; ++i) {
    check_refused(fractions[i], 0, " is 0; it must be 0.0001 to 1");
    check_refused(fractions[i], -0.5, " is -0.5");
    check_refused(fractions[i], 1.5, " is 1.5");
    check_refused(fractions[i], (double)NAN, " is nan");
    check_refused(fractions[i], (double)INFINITY, " is inf");
  }
  check_refused("backoff", 0.5, "backoff is 0.5; it must be 1 to 100");
  check_refused("backoff", (double)NAN, "backoff is nan");
  check_refused("jitter", -0.1, "jitter is -0.1");
  check_refused("jitter", (double)-INFINITY, "jitter is -inf");
}

TEST(a_count_out_of_range_is_refused) {
  static const char* const counts[] = {"buckets",   "window_size", "window_failures",
                                       "min_calls", "probes",      "probes_in_flight"};
  size_t i = 0;
  for (; i < sizeof counts / sizeof *counts; ++i) {
    check_refused(counts[i], 0, counts[i]);
    check_refused(counts[i], -1, " is -1; it must be 1 to ");
    check_refused(counts[i], INT32_MIN, " is -2147483648");
    check_refused(counts[i], INT32_MAX, " is 2147483647");
  }
}

TEST(a_choice_or_flag_that_does_not_exist_is_refused) {
  check_refused("window_kind", 4, "window_kind is 4; it must be one of time (0), ");
  check_refused("window_kind", -1, "window_kind is -1");
  check_refused("initial_state", SPILLWAY_CIRCUIT_BREAKER_STATE_OPEN, "initial_state is ");
  check_refused("initial_state", 6, "initial_state is 6");
  check_refused("in_flight", 2, "in_flight is 2; it must be 0 or 1");
  check_refused("in_flight", -1, "in_flight is -1");
  check_refused("striped", INT32_MAX, "striped is 2147483647");
}

TEST(options_that_contradict_each_other_are_refused) {
  check_refused("max_open_ns", 1e9, "max_open is 1 s; it must be at least open_for, 5 s");
  check_refused("window_ns", 5e6, "window / buckets is 0.0005 s");
  options_type options = defaults;
  spillway_circuit_breaker* breaker = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  options.in_flight = 1;
  options.window_kind = SPILLWAY_WINDOW_KIND_COUNT;
  CHECK_INT(spillway_circuit_breaker_new(&breaker, NULL, 0, &options, &error),
            SPILLWAY_E_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "in_flight is true; it needs a time window");
}
