// Everything a C++ program needs of Spillway. Asks for Abseil's Duration and StatusOr at its edges.
#ifndef SPILLWAY_SPILLWAY_H_
#define SPILLWAY_SPILLWAY_H_

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/base/permit.h"
#include "spillway/base/priority.h"
#include "spillway/base/run.h"
#include "spillway/base/time.h"
#include "spillway/breaker/circuit_breaker.h"
#include "spillway/breaker/circuit_breaker_options.h"
#include "spillway/concurrency/adaptive_limiter.h"
#include "spillway/concurrency/adaptive_limiter_options.h"
#include "spillway/concurrency/bulkhead.h"
#include "spillway/concurrency/bulkhead_options.h"
#include "spillway/concurrency/client_throttle.h"
#include "spillway/concurrency/client_throttle_options.h"
#include "spillway/concurrency/wait_for_slot.h"
#include "spillway/limiter/keyed_limiter.h"
#include "spillway/limiter/keyed_limiter_options.h"
#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/leaky_bucket_options.h"
#include "spillway/limiter/multi_limiter.h"
#include "spillway/limiter/multi_limiter_options.h"
#include "spillway/limiter/rate_limit_fields.h"
#include "spillway/limiter/sliding_window_limiter.h"
#include "spillway/limiter/sliding_window_limiter_options.h"
#include "spillway/limiter/token_bucket.h"
#include "spillway/limiter/token_bucket_options.h"
#include "spillway/limiter/wait_for.h"
#include "spillway/telemetry/event.h"

#endif  // SPILLWAY_SPILLWAY_H_
