#include "sized_struct.h"

#include <algorithm>
#include <cstring>

namespace spillway {
namespace {

size_t SizeOf(const void* sized) {
  size_t size;
  std::memcpy(&size, sized, sizeof size);
  return size;
}

// Where a struct with this end is padded to, which is what sizeof says of it.
size_t Padded(size_t end) {
  return (end + alignof(size_t) - 1) / alignof(size_t) * alignof(size_t);
}

}  // namespace

bool CheckSize(size_t size, std::span<const size_t> ends, Error* error) noexcept {
  const bool longer = size > ends.back() && size <= kLongestStruct;
  const auto is_ours = [size](size_t end) { return size == end || size == Padded(end); };
  if (longer || std::any_of(ends.begin(), ends.end(), is_ours)) return true;
  SetError(error, StatusCode::kMisuse,
           "struct_size is %zu; it must be where a field ends, here %zu, or more, up to %zu", size,
           ends.back(), kLongestStruct);
  return false;
}

bool ReadSized(const void* from, std::span<const size_t> ends, void* to, Error* error) noexcept {
  const size_t size = SizeOf(from);
  if (!CheckSize(size, ends, error)) return false;
  const char* bytes = static_cast<const char*>(from);
  const size_t known = std::min(size, ends.back());
  const char* set = std::find_if(bytes + known, bytes + size, [](char byte) { return byte != 0; });
  if (size > known && set != bytes + size) {
    SetError(error, StatusCode::kUnsupported,
             "the field at byte %td of the struct is set; this version knows only %zu bytes",
             set - bytes, known);
    return false;
  }
  std::memcpy(static_cast<char*>(to) + sizeof size, bytes + sizeof size, known - sizeof size);
  return true;
}

bool WriteSized(const void* from, std::span<const size_t> ends, void* to) noexcept {
  const size_t size = SizeOf(to);
  if (!CheckSize(size, ends, nullptr)) return false;
  char* bytes = static_cast<char*>(to);
  const size_t known = std::min(size, ends.back());
  std::memcpy(bytes + sizeof size, static_cast<const char*>(from) + sizeof size,
              known - sizeof size);
  std::memset(bytes + known, 0, size - known);
  return true;
}

}  // namespace spillway
