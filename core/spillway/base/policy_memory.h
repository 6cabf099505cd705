// What every policy does when it is made: checks its name, finds the memory of its state, and draws
// a seed.
#ifndef SPILLWAY_BASE_POLICY_MEMORY_H_
#define SPILLWAY_BASE_POLICY_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "spillway/base/error.h"

namespace spillway {

inline constexpr size_t kMaxNameBytes = 255;

// False, with `error` filled, when the name is too long.
bool CheckName(std::string_view name, Error* error) noexcept;

struct PolicyMemoryDelete {
  void operator()(void* memory) const noexcept;
};
using PolicyMemory = std::unique_ptr<void, PolicyMemoryDelete>;

// The memory that was given, or all-zero memory of its own, which `owned` then holds. Null, with
// `error` filled, when the one is not aligned to a cache line or there is none for the other.
void* MemoryFor(void* given, size_t bytes, PolicyMemory* owned, Error* error) noexcept;

// For what is only to be spread out, of an object that was given no seed. Never 0.
uint64_t RandomSeed() noexcept;

}  // namespace spillway

#endif  // SPILLWAY_BASE_POLICY_MEMORY_H_
