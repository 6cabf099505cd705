// Structs that begin with their own size, so that they can grow at their end: one of an older
// caller is shorter than ours, one of a newer caller longer.
#ifndef SPILLWAY_C_SIZED_STRUCT_H_
#define SPILLWAY_C_SIZED_STRUCT_H_

#include <cstddef>
#include <span>

#include "spillway/base/error.h"

namespace spillway {

// A longer one is garbage: no version comes near it, and reading on might leave the caller's
// memory.
inline constexpr size_t kLongestStruct = 4096;

// `ends` says where each field of our struct ends. A caller's struct ends with one of them, or
// after all of them. Else false, with `error` (may be null) filled.
bool CheckSize(size_t size, std::span<const size_t> ends, Error* error) noexcept;

// Copies the fields that the caller has over those of `to`. False, with `error` (may be null)
// filled, when the size is wrong or a field that we do not know is set.
bool ReadSized(const void* from, std::span<const size_t> ends, void* to, Error* error) noexcept;

// Copies the fields of `from`, one of our structs, that the caller has; what we do not know of his
// becomes zero. False, with nothing written, when the size is wrong.
bool WriteSized(const void* from, std::span<const size_t> ends, void* to) noexcept;

}  // namespace spillway

#endif  // SPILLWAY_C_SIZED_STRUCT_H_
