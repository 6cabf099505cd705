// Replays the steps of one vector on an adaptive limiter.
#ifndef SPILLWAY_TESTS_SUPPORT_ADAPTIVE_LIMITER_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_ADAPTIVE_LIMITER_REPLAY_H_

#include "spillway/concurrency/adaptive_limiter.h"
#include "tests/support/permit_replay.h"

namespace spillway::testing {

using AdaptiveLimiterReplay = PermitReplay<AdaptiveLimiter, AdaptiveLimiterRejection>;

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_ADAPTIVE_LIMITER_REPLAY_H_
