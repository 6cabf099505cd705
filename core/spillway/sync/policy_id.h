// Which object a permit belongs to.
#ifndef SPILLWAY_SYNC_POLICY_ID_H_
#define SPILLWAY_SYNC_POLICY_ID_H_

#include <cstdint>

namespace spillway {

// The owner of the permits that an object gives out: never 0, and no two objects of a process have
// the same.
uint64_t NextPolicyId() noexcept;

}  // namespace spillway

#endif  // SPILLWAY_SYNC_POLICY_ID_H_
