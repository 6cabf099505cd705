/* Reading the vectors of any noun: what is wrong with a vector itself ends the program. */
#ifndef SPILLWAY_TESTS_C_VECTORS_H_
#define SPILLWAY_TESTS_C_VECTORS_H_

#include <stdlib.h>

#include "check.h"
#include "tests/support/vector_fields.h"

static inline void malformed(const char* what, const cJSON* where) {
  char* text = cJSON_PrintUnformatted(where);
  printf("%s in %s\n", what, text);
  exit(2);
}

static inline const cJSON* member(const cJSON* object, const char* key) {
  const cJSON* found = cJSON_GetObjectItemCaseSensitive(object, key);
  if (found == NULL) malformed(key, object);
  return found;
}

static inline const char* text(const cJSON* object, const char* key) {
  const cJSON* found = member(object, key);
  if (!cJSON_IsString(found)) malformed(key, object);
  return found->valuestring;
}

/* Whole numbers that a double holds: the vectors use no others. */
static inline int64_t number(const cJSON* object, const char* key, int64_t missing) {
  const double too_big = 9223372036854775808.0; /* 2^63 */
  const cJSON* found = cJSON_GetObjectItemCaseSensitive(object, key);
  if (found == NULL) return missing;
  if (!cJSON_IsNumber(found) || found->valuedouble != floor(found->valuedouble) ||
      fabs(found->valuedouble) >= too_big)
    malformed(key, object);
  return (int64_t)found->valuedouble;
}

static inline int32_t value_of(const vector_value* values, const char* name, const cJSON* where) {
  while (values->name != NULL && strcmp(values->name, name) != 0) ++values;
  if (values->name == NULL) malformed(name, where);
  return values->value;
}

/* Whether the step has the first of these keys, and then no other one than these. */
static inline int is_kind(const cJSON* step, const char* keys) {
  char first[32] = {0};
  const cJSON* key = NULL;
  memcpy(first, keys, strcspn(keys, " "));
  if (!cJSON_HasObjectItem(step, first)) return 0;
  cJSON_ArrayForEach(key, step) {
    const char* found = strstr(keys, key->string);
    const size_t length = strlen(key->string);
    if (found == NULL || found[length] != ' ' || (found != keys && found[-1] != ' '))
      malformed(key->string, step);
  }
  return 1;
}

/* Shows the step that the checks have failed in. */
static inline void print_failed(const cJSON* step, int64_t origin, int64_t shift) {
  char* said = cJSON_PrintUnformatted(step);
  printf("  at origin %" PRId64 " + %" PRId64 ": %s\n", origin, shift, said);
  free(said);
}

#endif /* SPILLWAY_TESTS_C_VECTORS_H_ */
