/* The library is opened while the program runs, as other languages do. Not linked with it. */
#include <dlfcn.h>
#include <spillway/c_api.h>

#include "check.h"

/* ISO C knows no conversion from what dlsym returns to a function. */
static void find(void* library, const char* name, void* function) {
  void* found = dlsym(library, name);
  if (found == NULL) check_fail(__FILE__, __LINE__, "%s", dlerror());
  memcpy(function, &found, sizeof found);
}

TEST(a_library_that_is_loaded_late_refuses_and_unloads) {
  spillway_status (*make)(spillway_circuit_breaker**, const char*, size_t,
                          const spillway_circuit_breaker_options*, spillway_error*) = NULL;
  spillway_decision (*try_acquire_at)(spillway_circuit_breaker*, int64_t,
                                      spillway_acquire_result*) = NULL;
  void (*unref)(spillway_circuit_breaker*) = NULL;
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  spillway_circuit_breaker* breaker = NULL;
  spillway_acquire_result result;
  void* library = dlopen(SPILLWAY_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    check_fail(__FILE__, __LINE__, "%s", dlerror());
    return;
  }
  find(library, "spillway_circuit_breaker_new", &make);
  find(library, "spillway_circuit_breaker_try_acquire_at", &try_acquire_at);
  find(library, "spillway_circuit_breaker_unref", &unref);
  if (check_failures != 0) return;
  options.initial_state = SPILLWAY_CIRCUIT_BREAKER_STATE_FORCED_OPEN;
  CHECK_INT(make(&breaker, NULL, 0, &options, NULL), SPILLWAY_OK);
  CHECK_INT(try_acquire_at(breaker, 0, &result), SPILLWAY_CIRCUIT_BREAKER_REJECTION_FORCED_OPEN);
  CHECK_INT(result.retry_after_ns, 5000000000);
  unref(breaker);
  CHECK_INT(dlclose(library), 0);
}
