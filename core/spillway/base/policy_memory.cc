#include "spillway/base/policy_memory.h"

#include <sys/random.h>

#include <cstring>
#include <new>

#include "spillway/base/cache_line.h"
#include "spillway/base/hash.h"

namespace spillway {

bool CheckName(std::string_view name, Error* error) noexcept {
  if (name.size() <= kMaxNameBytes) return true;
  SetError(error, StatusCode::kInvalidArgument, "name has %zu bytes; it must have at most %zu",
           name.size(), kMaxNameBytes);
  return false;
}

void PolicyMemoryDelete::operator()(void* memory) const noexcept {
  ::operator delete (memory, std::align_val_t{kStripeAlignment});
}

void* MemoryFor(void* given, size_t bytes, PolicyMemory* owned, Error* error) noexcept {
  if (reinterpret_cast<uintptr_t>(given) % kCacheLine != 0) {
    SetError(error, StatusCode::kInvalidArgument,
             "memory is at %p; it must be aligned to %zu bytes", given, kCacheLine);
    return nullptr;
  }
  if (given != nullptr) return given;
  void* memory = ::operator new (bytes, std::align_val_t{kStripeAlignment}, std::nothrow);
  if (memory == nullptr) {
    SetError(error, StatusCode::kNoMemory, "no memory for the state");
    return nullptr;
  }
  std::memset(memory, 0, bytes);
  owned->reset(memory);
  return memory;
}

uint64_t RandomSeed() noexcept {
  uint64_t seed = 0;
  // When the kernel has no randomness to give yet, any number will do.
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
    seed = Mix(reinterpret_cast<uintptr_t>(&seed));
  return seed | (seed == 0);
}

}  // namespace spillway
