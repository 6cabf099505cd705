/* A test program in C: TEST defines one, the CHECKs go on after a failure, and main runs those that
 * are named as arguments, or all. CMakeLists.txt finds the names by the lines that begin with TEST.
 * A program with a main of its own defines CHECK_OWN_MAIN and uses the CHECKs alone. */
#ifndef SPILLWAY_TESTS_C_CHECK_H_
#define SPILLWAY_TESTS_C_CHECK_H_

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static int check_failures;

__attribute__((format(printf, 3, 4))) static inline void check_fail(const char* file, int line,
                                                                    const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  ++check_failures;
  printf("%s:%d: ", file, line);
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
}

static inline void check_int(const char* file, int line, const char* what, int64_t got,
                             int64_t want) {
  if (got == want) return;
  check_fail(file, line, "%s is %" PRId64 "; expected %" PRId64, what, got, want);
}

static inline void check_text(const char* file, int line, const char* got, const char* part) {
  if (got != NULL && strstr(got, part) != NULL) return;
  check_fail(file, line, "\"%s\" does not hold \"%s\"", got == NULL ? "(NULL)" : got, part);
}

#define CHECK(condition) \
  ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, "%s is false", #condition))
/* Whole numbers up to 63 bits. */
#define CHECK_INT(got, want) check_int(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want))
/* That a text holds another. */
#define CHECK_TEXT(got, part) check_text(__FILE__, __LINE__, got, part)

#ifndef CHECK_OWN_MAIN

typedef struct check_test {
  const char* name;
  void (*run)(void);
  struct check_test* next;
} check_test;

static check_test* check_tests;

#define TEST(test)                                           \
  static void test(void);                                    \
  __attribute__((constructor)) static void test##_add(void); \
  static void test##_add(void) {                             \
    static check_test entry = {#test, test, NULL};           \
    entry.next = check_tests;                                \
    check_tests = &entry;                                    \
  }                                                          \
  static void test(void)

static inline int check_is_named(const check_test* test, int argc, char** argv) {
  int i = 1;
  while (i < argc && strcmp(argv[i], test->name) != 0) ++i;
  return argc == 1 || i < argc;
}

int main(int argc, char** argv) {
  int run = 0;
  const check_test* test = check_tests;
  for (; test != NULL; test = test->next) {
    if (!check_is_named(test, argc, argv)) continue;
    const int failures = check_failures;
    test->run();
    printf("%s %s\n", check_failures == failures ? "ok" : "FAILED", test->name);
    ++run;
  }
  if (run == 0 || (argc > 1 && run != argc - 1)) {
    printf("not all of the named tests exist\n");
    return 2;
  }
  return check_failures == 0 ? 0 : 1;
}

#endif /* CHECK_OWN_MAIN */

#endif /* SPILLWAY_TESTS_C_CHECK_H_ */
