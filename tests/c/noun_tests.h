/* What every noun does, as tests of the program that includes this after <noun>_noun.h: one a noun.
 * CMakeLists.txt lists them for it. */
#ifndef SPILLWAY_TESTS_C_NOUN_TESTS_H_
#define SPILLWAY_TESTS_C_NOUN_TESTS_H_

#include "noun_checks.h"

/* ---- making and changing */

TEST(null_is_refused_where_something_must_be) {
  object_type* object = make_good();
  const options_type good = good_options();
  options_type options = good;
  snapshot_type snapshot;
  spillway_error error = SPILLWAY_ERROR_INIT;
  snapshot.struct_size = sizeof snapshot;
  CHECK_INT(NOUN_(_options_init)(NULL, sizeof options), SPILLWAY_E_MISUSE);
  CHECK_INT(NOUN_NEW(NULL, NULL, 0, &options, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "out is NULL");
  CHECK_INT(NOUN_RECONFIGURE(NULL, &options, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, " is NULL");
  CHECK_INT(NOUN_RECONFIGURE(object, NULL, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "options is NULL");
  CHECK_INT(NOUN_(_options_get)(NULL, &options), SPILLWAY_E_MISUSE);
  CHECK_INT(NOUN_(_options_get)(object, NULL), SPILLWAY_E_MISUSE);
  CHECK_INT(NOUN_(_snapshot_at)(NULL, 0, &snapshot), SPILLWAY_E_MISUSE);
  CHECK_INT(NOUN_(_snapshot_at)(object, 0, NULL), SPILLWAY_E_MISUSE);
  CHECK(NOUN_(_ref)(NULL) == NULL);
  NOUN_(_unref)(NULL);
  NOUN_(_unref)(object);
}

static inline void check_name_of(const char* name, size_t size) {
  const options_type options = good_options();
  object_type* object = NULL;
  size_t length = 999;
  CHECK_INT(NOUN_NEW(&object, name, size, &options, NULL), SPILLWAY_OK);
  if (object == NULL) return;
  const char* const kept = NOUN_(_name)(object, &length);
  CHECK_INT(length, size);
  CHECK(size == 0 || memcmp(kept, name, size) == 0);
  CHECK_INT(kept[size], '\0');
  CHECK(NOUN_(_name)(object, NULL) == kept);
  NOUN_(_unref)(object);
}

TEST(a_name_is_kept_as_it_is) {
  char name[256];
  memset(name, 'x', sizeof name);
  check_name_of("a\0b", 3);
  check_name_of(NULL, 0);
  check_name_of("", 0);
  check_name_of(name, 255);
}

TEST(a_name_that_cannot_be_is_refused) {
  static const size_t too_long[] = {256, 4096, SIZE_MAX};
  const options_type options = good_options();
  spillway_error error = SPILLWAY_ERROR_INIT;
  object_type* object = NULL;
  size_t length = 99;
  size_t i = 0;
  CHECK_INT(NOUN_NEW(&object, NULL, 1, &options, &error), SPILLWAY_E_MISUSE);
  CHECK_TEXT(error.message, "name is NULL");
  for (; i < sizeof too_long / sizeof *too_long; ++i) {
    CHECK_INT(NOUN_NEW(&object, "x", too_long[i], &options, &error), SPILLWAY_E_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, "name has ");
    CHECK(object == NULL);
  }
  CHECK(NOUN_(_name)(NULL, &length) == NULL);
  CHECK_INT(length, 0);
  CHECK(NOUN_(_name)(NULL, NULL) == NULL);
}

TEST(an_error_of_a_size_that_cannot_be_fails_the_call) {
  static const size_t sizes[] = {0, 8, 12, 267, 4097, SIZE_MAX};
  object_type* object = make_good();
  const options_type options = options_of(object);
  size_t i = 0;
  for (; i < sizeof sizes / sizeof *sizes; ++i) {
    object_type* other = object;
    spillway_error error = SPILLWAY_ERROR_INIT;
    error.struct_size = sizes[i];
    memset(error.message, 'x', sizeof error.message);
    CHECK_INT(NOUN_NEW(&other, NULL, 0, &options, &error), SPILLWAY_E_MISUSE);
    CHECK_INT(NOUN_RECONFIGURE(object, &options, &error), SPILLWAY_E_MISUSE);
    CHECK(other == NULL);
    CHECK(error.message[0] == 'x' && error.message[255] == 'x');
  }
  NOUN_(_unref)(object);
}

/* ---- options of every size */

TEST(init_does_what_the_macro_does) {
  options_type options;
  memset(&options, 0xaa, sizeof options);
  CHECK_INT(NOUN_(_options_init)(&options, sizeof options), SPILLWAY_OK);
  CHECK_INT(options.struct_size, sizeof options);
  CHECK_INT(defaults.struct_size, sizeof options);
  check_same(&options, &defaults, sizeof options);
}

TEST(init_fills_as_much_as_there_is) {
  options_type room[2];
  const unsigned char* bytes = (const unsigned char*)room;
  size_t size = 0;
  for (; size <= sizeof room; ++size) {
    const int good = may_be(NOUN_FIELDS(_option_fields), size) || size > sizeof *room;
    size_t i = size;
    memset(room, 0xaa, sizeof room);
    CHECK_INT(NOUN_(_options_init)(room, size), good ? SPILLWAY_OK : SPILLWAY_E_MISUSE);
    if (!good) i = 0;
    for (; i < sizeof room; ++i) CHECK(bytes[i] == 0xaa);
  }
}

/* It does what the whole struct does with that: some options are only good together. */
TEST(a_short_struct_leaves_the_rest_at_its_default) {
  const vector_field* field = NOUN_FIELDS(_option_fields);
  for (; field->name != NULL; ++field) {
    options_type options = good_options();
    options_type want = defaults;
    object_type* object = NULL;
    options.struct_size = end_of(field);
    memcpy(&want, &options, options.struct_size);
    /* What lies behind the caller's struct is not his, and no option. */
    memset((char*)&options + options.struct_size, 0xaa, sizeof options - options.struct_size);
    object_type* whole = NULL;
    want.struct_size = sizeof want;
    const spillway_status status = NOUN_NEW(&whole, NULL, 0, &want, NULL);
    CHECK_INT(NOUN_NEW(&object, NULL, 0, &options, NULL), status);
    NOUN_(_unref)(whole);
    if (object == NULL) continue;
    const options_type got = options_of(object);
    check_same(&got, &want, sizeof got);
    NOUN_(_unref)(object);
  }
}

TEST(a_struct_of_a_size_that_cannot_be_is_refused) {
  static const size_t huge[] = {4097, SIZE_MAX / 2, SIZE_MAX};
  options_type options = good_options();
  options_type out = options;
  object_type* object = make_good();
  size_t size = 0;
  for (; size < sizeof options; ++size) {
    if (may_be(NOUN_FIELDS(_option_fields), size)) continue;
    options.struct_size = out.struct_size = size;
    check_not_made(&options, SPILLWAY_E_MISUSE, "struct_size is ");
    CHECK_INT(NOUN_RECONFIGURE(object, &options, NULL), SPILLWAY_E_MISUSE);
    CHECK_INT(NOUN_(_options_get)(object, &out), SPILLWAY_E_MISUSE);
  }
  for (size = 0; size < sizeof huge / sizeof *huge; ++size) {
    options.struct_size = out.struct_size = huge[size];
    check_not_made(&options, SPILLWAY_E_MISUSE, "struct_size is ");
    CHECK_INT(NOUN_RECONFIGURE(object, &options, NULL), SPILLWAY_E_MISUSE);
    CHECK_INT(NOUN_(_options_get)(object, &out), SPILLWAY_E_MISUSE);
  }
  NOUN_(_unref)(object);
}

typedef struct later_options {
  options_type known;
  int64_t unknown[2];
} later_options;

TEST(a_longer_struct_is_good_while_its_tail_is_zero) {
  const options_type good = good_options();
  later_options options;
  object_type* object = NULL;
  spillway_error error = SPILLWAY_ERROR_INIT;
  memset(&options, 0, sizeof options);
  options.known = good;
  options.known.struct_size = sizeof options;
  CHECK_INT(NOUN_NEW(&object, NULL, 0, &options.known, &error), SPILLWAY_OK);
  if (object == NULL) return;
  /* A later caller sees zero in what this version does not know. */
  memset(&options, 0xaa, sizeof options);
  options.known.struct_size = sizeof options;
  CHECK_INT(NOUN_(_options_get)(object, &options.known), SPILLWAY_OK);
  check_same(&options.known, &good, sizeof good);
  CHECK_INT(options.unknown[0] | options.unknown[1], 0);
  options.unknown[1] = INT64_C(1) << 56;
  CHECK_INT(NOUN_RECONFIGURE(object, &options.known, &error), SPILLWAY_E_UNSUPPORTED);
  CHECK_INT(error.code, SPILLWAY_E_UNSUPPORTED);
  CHECK_TEXT(error.message, "the field at byte ");
  NOUN_(_unref)(object);
}

TEST(options_get_fills_as_much_as_there_is) {
  const options_type good = good_options();
  object_type* object = make_good();
  const vector_field* field = NOUN_FIELDS(_option_fields);
  for (; field->name != NULL; ++field) {
    options_type options;
    const unsigned char* bytes = (const unsigned char*)&options;
    size_t i = end_of(field);
    memset(&options, 0xaa, sizeof options);
    options.struct_size = i;
    CHECK_INT(NOUN_(_options_get)(object, &options), SPILLWAY_OK);
    CHECK_INT(options.struct_size, i);
    check_same(&options, &good, i);
    for (; i < sizeof options; ++i) CHECK(bytes[i] == 0xaa);
  }
  NOUN_(_unref)(object);
}

/* ---- snapshots of every size */

typedef struct later_snapshot {
  snapshot_type known;
  int64_t unknown[2];
} later_snapshot;

TEST(a_snapshot_fills_as_much_as_there_is) {
  object_type* object = make_good();
  const vector_field* const fields = NOUN_FIELDS(_snapshot_fields);
  later_snapshot whole;
  later_snapshot part;
  const unsigned char* bytes = (const unsigned char*)&part;
  size_t size = 0;
  /* A later caller sees zero in what this version does not know. */
  memset(&whole, 0xaa, sizeof whole);
  whole.known.struct_size = sizeof whole;
  CHECK_INT(NOUN_(_snapshot_at)(object, 0, &whole.known), SPILLWAY_OK);
  CHECK_INT(whole.unknown[0] | whole.unknown[1], 0);
  for (; size < sizeof whole.known; ++size) {
    const vector_field* field = fields;
    size_t byte = may_be(fields, size) ? size : sizeof size;
    memset(&part, 0xaa, sizeof part);
    part.known.struct_size = size;
    CHECK_INT(NOUN_(_snapshot_at)(object, 0, &part.known),
              may_be(fields, size) ? SPILLWAY_OK : SPILLWAY_E_MISUSE);
    CHECK_INT(part.known.struct_size, size);
    for (; byte < sizeof part; ++byte) CHECK(bytes[byte] == 0xaa);
    for (; may_be(fields, size) && field->name != NULL && end_of(field) <= size; ++field)
      CHECK(vector_load(field, &part) == vector_load(field, &whole));
  }
  part.known.struct_size = 4097;
  CHECK_INT(NOUN_(_snapshot_at)(object, 0, &part.known), SPILLWAY_E_MISUSE);
  part.known.struct_size = SIZE_MAX;
  CHECK_INT(NOUN_(_snapshot_at)(object, 0, &part.known), SPILLWAY_E_MISUSE);
  NOUN_(_unref)(object);
}

#endif /* SPILLWAY_TESTS_C_NOUN_TESTS_H_ */
