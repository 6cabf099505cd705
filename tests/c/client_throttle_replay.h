/* Replays a vector of the client throttle. tests/vectors/README.md says what the steps mean. */
#ifndef SPILLWAY_TESTS_C_CLIENT_THROTTLE_REPLAY_H_
#define SPILLWAY_TESTS_C_CLIENT_THROTTLE_REPLAY_H_

#include "permit_replay.h"
#include "tests/support/generated/client_throttle_vectors.h"

PERMIT_NOUN_FUNCTIONS(client_throttle, SPILLWAY_CLIENT_THROTTLE_OPTIONS_INIT)

static spillway_decision client_throttle_acquire(void* object, const cJSON* step, int64_t at,
                                                 spillway_acquire_result* result) {
  const int32_t priority = cJSON_HasObjectItem(step, "priority")
                               ? value_of(priorities, text(step, "priority"), step)
                               : SPILLWAY_PRIORITY_NORMAL;
  return spillway_client_throttle_try_acquire_at((spillway_client_throttle*)object, priority, at,
                                                 result);
}

static void client_throttle_look(const permit_replay* self, const cJSON* expected, int64_t at) {
  const spillway_client_throttle_snapshot snapshot = client_throttle_at(self, at);
  client_throttle_check(expected, &snapshot);
}

static const permit_noun client_throttle_noun = {
    client_throttle_make,
    client_throttle_unref,
    client_throttle_acquire,
    client_throttle_settle,
    client_throttle_reconfigure,
    client_throttle_look,
    client_throttle_rejection_values,
    NULL,
};

static inline void replay_client_throttle(const cJSON* vector, int64_t origin) {
  replay_permits(&client_throttle_noun, vector, origin);
}

#endif /* SPILLWAY_TESTS_C_CLIENT_THROTTLE_REPLAY_H_ */
