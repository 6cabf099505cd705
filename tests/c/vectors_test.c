/* Replays tests/vectors/NOUN.json through the C interface. tests/vectors/README.md says what the
 * vectors look like.
 *
 *   vectors_test NOUN [NAME]     all vectors of the noun without a name
 */
#define CHECK_OWN_MAIN
#include <stdlib.h>

#include "adaptive_limiter_replay.h"
#include "bulkhead_replay.h"
#include "circuit_breaker_replay.h"
#include "client_throttle_replay.h"
#include "keyed_limiter_replay.h"
#include "leaky_bucket_replay.h"
#include "multi_limiter_replay.h"
#include "sliding_window_limiter_replay.h"
#include "token_bucket_replay.h"
#include "vectors.h"

typedef void (*replay_noun)(const cJSON* vector, int64_t origin);

typedef struct noun {
  const char* name; /* NULL ends the table. */
  replay_noun replay;
} noun;

static const noun nouns[] = {
    {"adaptive_limiter", replay_adaptive_limiter},
    {"bulkhead", replay_bulkhead},
    {"circuit_breaker", replay_circuit_breaker},
    {"client_throttle", replay_client_throttle},
    {"keyed_limiter", replay_keyed_limiter},
    {"leaky_bucket", replay_leaky_bucket},
    {"multi_limiter", replay_multi_limiter},
    {"sliding_window_limiter", replay_sliding_window_limiter},
    {"token_bucket", replay_token_bucket},
    {0},
};

/* Replays one vector at each of its origins, up to the first that fails. Whether all are right. */
static int is_right(const cJSON* vector, replay_noun run) {
  const cJSON* origin = NULL;
  check_failures = 0;
  if (cJSON_GetArraySize(member(vector, "origins")) == 0) malformed("no origin", vector);
  cJSON_ArrayForEach(origin, member(vector, "origins")) {
    if (check_failures == 0) run(vector, strtoll(origin->valuestring, NULL, 10));
  }
  printf("%s %s\n", check_failures == 0 ? "ok" : "FAILED", text(vector, "name"));
  return check_failures == 0;
}

static char* read_file(const char* path) {
  FILE* file = fopen(path, "rb");
  char* bytes = NULL;
  size_t size = 0;
  size_t room = 0;
  if (file == NULL) return NULL;
  while (!feof(file)) {
    room += 1 << 20;
    bytes = (char*)realloc(bytes, room + 1);
    if (bytes == NULL) exit(2);
    size += fread(bytes + size, 1, room - size, file);
  }
  fclose(file);
  bytes[size] = '\0';
  return bytes;
}

int main(int argc, char** argv) {
  const noun* which = nouns;
  const cJSON* vector = NULL;
  char path[1024];
  int run = 0;
  int right = 0;
  while (which->name != NULL && (argc < 2 || strcmp(which->name, argv[1]) != 0)) ++which;
  if (which->name == NULL) {
    printf("usage: vectors_test NOUN [NAME]\n");
    return 2;
  }
  snprintf(path, sizeof path, "%s/%s.json", SPILLWAY_TEST_VECTORS, which->name);
  char* bytes = read_file(path);
  cJSON* root = bytes == NULL ? NULL : cJSON_Parse(bytes);
  if (root == NULL || strcmp(text(root, "noun"), which->name) != 0) {
    printf("no vectors in %s\n", path);
    return 2;
  }
  cJSON_ArrayForEach(vector, member(root, "vectors")) {
    if (argc > 2 && strcmp(argv[2], text(vector, "name")) != 0) continue;
    ++run;
    right += is_right(vector, which->replay);
  }
  if (run == 0) printf("no such vector\n");
  cJSON_Delete(root);
  free(bytes);
  return run == 0 || right != run;
}
