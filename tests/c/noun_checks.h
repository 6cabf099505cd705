/* What the tests of every noun are made of. Included by <noun>_noun.h, which says before
 *
 *   #define NOUN circuit_breaker
 *   #define NOUN_OPTIONS_INIT SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT
 *   #define NOUN_RECONFIGURE(object, options, error) ...
 *
 * and after it defines good_options. */
#ifndef SPILLWAY_TESTS_C_NOUN_CHECKS_H_
#define SPILLWAY_TESTS_C_NOUN_CHECKS_H_

#include <spillway/c_api.h>
#include <stdlib.h>

#include "check.h"
#include "tests/support/vector_fields.h"

#define NOUN_PASTE(before, noun, after) before##noun##after
#define NOUN_JOIN(before, noun, after) NOUN_PASTE(before, noun, after)
#define NOUN_(after) NOUN_JOIN(spillway_, NOUN, after)
#define NOUN_FIELDS(after) NOUN_JOIN(, NOUN, after)

#ifndef NOUN_NEW /* of what is made of more than its options, with the same arguments */
#define NOUN_NEW NOUN_(_new)
#endif

typedef NOUN_() object_type;
typedef NOUN_(_options) options_type;
typedef NOUN_(_snapshot) snapshot_type;

static const options_type defaults = NOUN_OPTIONS_INIT;

/* Options that an object can be made of, others than the defaults where they can be. */
static inline options_type good_options(void);

static inline object_type* make_good(void) {
  const options_type options = good_options();
  object_type* object = NULL;
  CHECK_INT(NOUN_NEW(&object, "test", 4, &options, NULL), SPILLWAY_OK);
  if (object == NULL) exit(1);
  return object;
}

static inline options_type options_of(const object_type* object) {
  options_type options;
  options.struct_size = sizeof options;
  CHECK_INT(NOUN_(_options_get)(object, &options), SPILLWAY_OK);
  return options;
}

/* Compares the fields that begin within the first `size` bytes. */
static inline void check_same(const options_type* got, const options_type* want, size_t size) {
  const vector_field* field = NOUN_FIELDS(_option_fields);
  for (; field->name != NULL; ++field) {
    if (field->offset >= size || strcmp(field->name, "seed") == 0) continue;
    if (vector_load(field, got) != vector_load(field, want))
      check_fail(__FILE__, __LINE__, "%s is %g; expected %g", field->name, vector_load(field, got),
                 vector_load(field, want));
  }
}

static inline size_t end_of(const vector_field* field) {
  return field->offset + (field->kind == VECTOR_INT32 || field->kind == VECTOR_UINT32
                              ? sizeof(int32_t)
                              : sizeof(int64_t));
}

/* Whether a struct may have this size: where a field ends, or sizeof would say it does. */
static inline int may_be(const vector_field* field, size_t size) {
  for (; field->name != NULL; ++field) {
    if (size == end_of(field) || size == (end_of(field) + 7) / 8 * 8) return 1;
  }
  return 0;
}

/* A new object, which must be refused. */
static inline void check_not_made(const options_type* options, spillway_status status,
                                  const char* message) {
  const object_type* const before = (const object_type*)(const void*)options;
  object_type* object = (object_type*)(uintptr_t)before;
  spillway_error error = SPILLWAY_ERROR_INIT;
  CHECK_INT(NOUN_NEW(&object, NULL, 0, options, &error), status);
  CHECK(object == NULL);
  CHECK_INT(error.code, status);
  CHECK_TEXT(error.message, message);
}

/* Sets one option, and expects an error that names it (without its unit) and its value. */
static inline void check_refused(const char* name, double value, const char* message) {
  options_type options = good_options();
  vector_store(vector_find(NOUN_FIELDS(_option_fields), name), value, &options);
  check_not_made(&options, SPILLWAY_E_INVALID_ARGUMENT, message);
}

#endif /* SPILLWAY_TESTS_C_NOUN_CHECKS_H_ */
