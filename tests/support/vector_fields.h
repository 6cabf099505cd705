/* Reads the C structs of Spillway from the test vectors and compares them, field by field, by the
 * tables in tests/support/generated.
 *
 * JSON holds durations and times as whole nanoseconds under the C name of the field, choices by
 * name (a number is passed on as it is, so that bad ones can be tested), flags as booleans and an
 * undefined rate as null. Numbers are doubles here, so none of 64 bits may lie beyond 2^53.
 */
#ifndef SPILLWAY_TESTS_SUPPORT_VECTOR_FIELDS_H_
#define SPILLWAY_TESTS_SUPPORT_VECTOR_FIELDS_H_

#include <cjson/cJSON.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct vector_value {
  const char* name; /* NULL ends a table. */
  int32_t value;
} vector_value;

typedef enum vector_kind {
  VECTOR_INT32,
  VECTOR_UINT32,
  VECTOR_INT64,
  VECTOR_UINT64,
  VECTOR_DOUBLE,
} vector_kind;

typedef struct vector_field {
  const char* name; /* NULL ends a table. */
  vector_kind kind;
  const vector_value* values; /* Of a choice, else NULL. */
  size_t offset;
} vector_field;

static inline const vector_field* vector_find(const vector_field* fields, const char* name) {
  while (fields->name != NULL && strcmp(fields->name, name) != 0) ++fields;
  return fields->name == NULL ? NULL : fields;
}

/* The number that a JSON value stands for. 0, or -1 when it stands for none. */
static inline int vector_number(const vector_field* field, const cJSON* json, double* number) {
  const vector_value* value = field->values;
  if (cJSON_IsNumber(json)) {
    *number = json->valuedouble;
  } else if (cJSON_IsBool(json)) {
    *number = cJSON_IsTrue(json);
  } else if (cJSON_IsNull(json) && field->kind == VECTOR_DOUBLE) {
    *number = -1.0;
  } else if (cJSON_IsString(json) && value != NULL) {
    while (value->name != NULL && strcmp(value->name, json->valuestring) != 0) ++value;
    if (value->name == NULL) return -1;
    *number = value->value;
  } else {
    return -1;
  }
  return 0;
}

static inline int vector_fits(vector_kind kind, double number) {
  const double exact = 9007199254740992.0; /* 2^53 */
  if (kind == VECTOR_DOUBLE) return 1;
  if (number != floor(number)) return 0;
  if (kind == VECTOR_INT32) return number >= INT32_MIN && number <= INT32_MAX;
  if (kind == VECTOR_UINT32) return number >= 0 && number <= UINT32_MAX;
  return number >= (kind == VECTOR_INT64 ? -exact : 0) && number <= exact;
}

static inline void vector_store(const vector_field* field, double number, void* to) {
  char* place = (char*)to + field->offset;
  if (field->kind == VECTOR_INT32) *(int32_t*)place = (int32_t)number;
  if (field->kind == VECTOR_UINT32) *(uint32_t*)place = (uint32_t)number;
  if (field->kind == VECTOR_INT64) *(int64_t*)place = (int64_t)number;
  if (field->kind == VECTOR_UINT64) *(uint64_t*)place = (uint64_t)number;
  if (field->kind == VECTOR_DOUBLE) *(double*)place = number;
}

static inline double vector_load(const vector_field* field, const void* from) {
  const char* place = (const char*)from + field->offset;
  if (field->kind == VECTOR_INT32) return *(const int32_t*)place;
  if (field->kind == VECTOR_UINT32) return *(const uint32_t*)place;
  if (field->kind == VECTOR_INT64) return (double)*(const int64_t*)place;
  if (field->kind == VECTOR_UINT64) return (double)*(const uint64_t*)place;
  return *(const double*)place;
}

/* The field that a JSON member names and the number it stands for. 0, or -1 with `why` filled. */
static inline int vector_read(const vector_field* fields, const cJSON* json,
                              const vector_field** field, double* number, char* why,
                              size_t why_size) {
  *field = vector_find(fields, json->string);
  if (*field == NULL) {
    snprintf(why, why_size, "there is no field %s", json->string);
    return -1;
  }
  if (vector_number(*field, json, number) != 0 || !vector_fits((*field)->kind, *number)) {
    snprintf(why, why_size, "%s cannot hold what the vector says", json->string);
    return -1;
  }
  return 0;
}

static inline int vector_is_object(const cJSON* json, char* why, size_t why_size) {
  if (cJSON_IsObject(json)) return 1;
  snprintf(why, why_size, "the vector has no object here");
  return 0;
}

/* Sets the fields that the object `json` names. 0, or -1 with `why` filled. */
static inline int vector_decode(const vector_field* fields, const cJSON* json, void* out, char* why,
                                size_t why_size) {
  const vector_field* field = NULL;
  const cJSON* member = NULL;
  double number = 0;
  if (!vector_is_object(json, why, why_size)) return -1;
  cJSON_ArrayForEach(member, json) {
    if (vector_read(fields, member, &field, &number, why, why_size) != 0) return -1;
    vector_store(field, number, out);
  }
  return 0;
}

/* Compares the fields that the object `expected` names. 0, or -1 with `why` filled. */
static inline int vector_check(const vector_field* fields, const cJSON* expected, const void* got,
                               char* why, size_t why_size) {
  const vector_field* field = NULL;
  const cJSON* member = NULL;
  double number = 0;
  if (!vector_is_object(expected, why, why_size)) return -1;
  cJSON_ArrayForEach(member, expected) {
    if (vector_read(fields, member, &field, &number, why, why_size) != 0) return -1;
    const double found = vector_load(field, got);
    /* A rate may be written with fewer digits than it has. */
    if (fabs(found - number) <= (field->kind == VECTOR_DOUBLE ? 1e-9 : 0)) continue;
    snprintf(why, why_size, "%s is %.17g; expected %.17g", field->name, found, number);
    return -1;
  }
  return 0;
}

#endif /* SPILLWAY_TESTS_SUPPORT_VECTOR_FIELDS_H_ */
