// Counted handles: an object of the core and how many references the callers hold to it.
#ifndef SPILLWAY_C_HANDLE_H_
#define SPILLWAY_C_HANDLE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "spillway/base/error.h"
#include "spillway/breaker/circuit_breaker.h"
#include "spillway/c_api.h"
#include "spillway/concurrency/adaptive_limiter.h"
#include "spillway/concurrency/bulkhead.h"
#include "spillway/concurrency/client_throttle.h"
#include "spillway/limiter/keyed_limiter.h"
#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/multi_limiter.h"
#include "spillway/limiter/sliding_window_limiter.h"
#include "spillway/limiter/token_bucket.h"

namespace spillway {

template <class Object>
struct Counted {
  explicit Counted(std::unique_ptr<Object> made) : object(std::move(made)) {}

  const std::unique_ptr<Object> object;
  std::atomic<uint64_t> references{1};
};

template <class Handle>
Handle* Ref(Handle* handle) noexcept {
  // Relaxed: whoever adds a reference holds one already.
  if (handle != nullptr) handle->references.fetch_add(1, std::memory_order_relaxed);
  return handle;
}

template <class Handle>
void Unref(Handle* handle) noexcept {
  if (handle == nullptr) return;
  // Releases what this holder did, and the last one acquires what all others did.
  if (handle->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete handle;
}

// A misuse; false.
inline bool Refuse(Error* error, const char* what, const char* how = "") noexcept {
  SetError(error, StatusCode::kMisuse, "%s%s", what, how);
  return false;
}

}  // namespace spillway

struct spillway_adaptive_limiter : spillway::Counted<spillway::AdaptiveLimiter> {
  using Counted::Counted;
};

struct spillway_bulkhead : spillway::Counted<spillway::Bulkhead> {
  using Counted::Counted;
};

struct spillway_circuit_breaker : spillway::Counted<spillway::CircuitBreaker> {
  using Counted::Counted;
};

struct spillway_client_throttle : spillway::Counted<spillway::ClientThrottle> {
  using Counted::Counted;
};

struct spillway_keyed_limiter : spillway::Counted<spillway::KeyedLimiter> {
  using Counted::Counted;
};

struct spillway_leaky_bucket : spillway::Counted<spillway::LeakyBucket> {
  using Counted::Counted;
};

// Holds a reference to each member.
struct spillway_multi_limiter : spillway::Counted<spillway::MultiLimiter> {
  using Counted::Counted;
  ~spillway_multi_limiter();

  spillway_multi_limiter_member members[SPILLWAY_MULTI_LIMITER_MOST_MEMBERS] = {};
};

struct spillway_sliding_window_limiter : spillway::Counted<spillway::SlidingWindowLimiter> {
  using Counted::Counted;
};

struct spillway_token_bucket : spillway::Counted<spillway::TokenBucket> {
  using Counted::Counted;
};

#endif  // SPILLWAY_C_HANDLE_H_
