#include "spillway/sync/policy_id.h"

#include "spillway/sync/atomic.h"

namespace spillway {

uint64_t NextPolicyId() noexcept {
  static constinit Atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace spillway
