/* One object in many threads. */
#ifndef SPILLWAY_TESTS_C_THREADS_H_
#define SPILLWAY_TESTS_C_THREADS_H_

#include <pthread.h>

#include "check.h"

enum { THREADS = 10, TIMES = 20000 };

typedef struct job {
  pthread_t thread;
  void* object;
  int number; /* Of the thread, from 0. */
  int result;
} job;

static inline void start(job* self, void* object, int number, void* (*work)(void*)) {
  self->object = object;
  self->number = number;
  self->result = 0;
  CHECK_INT(pthread_create(&self->thread, NULL, work, self), 0);
}

/* Runs `work` in `count` threads at once, and adds up their results. */
static inline int run_in_threads(void* object, int count, void* (*work)(void*)) {
  job jobs[THREADS];
  int sum = 0;
  int i = 0;
  for (; i < count; ++i) start(&jobs[i], object, i, work);
  for (i = 0; i < count; ++i) {
    CHECK_INT(pthread_join(jobs[i].thread, NULL), 0);
    sum += jobs[i].result;
  }
  return sum;
}

#endif /* SPILLWAY_TESTS_C_THREADS_H_ */
