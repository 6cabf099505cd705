/* How vectors call the priorities. */
#ifndef SPILLWAY_TESTS_C_PRIORITIES_H_
#define SPILLWAY_TESTS_C_PRIORITIES_H_

#include <spillway/c_api.h>

#include "vectors.h"

static const vector_value priorities[] = {
    {"normal", SPILLWAY_PRIORITY_NORMAL},
    {"critical", SPILLWAY_PRIORITY_CRITICAL},
    {"sheddable", SPILLWAY_PRIORITY_SHEDDABLE},
    {0},
};

#endif /* SPILLWAY_TESTS_C_PRIORITIES_H_ */
