#include "tests/model/in_place.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace spillway::model {
namespace {

constexpr size_t kBytes = 1 << 14;
alignas(std::max_align_t) unsigned char place[kBytes];
unsigned char* next = nullptr;  // null: memory comes from where it always does

}  // namespace

InPlace::InPlace() { next = place; }
InPlace::~InPlace() { next = nullptr; }

}  // namespace spillway::model

using spillway::model::kBytes;
using spillway::model::next;
using spillway::model::place;

void* operator new(size_t bytes) {
  if (next == nullptr) {
    if (void* at = std::malloc(bytes == 0 ? 1 : bytes)) return at;
    throw std::bad_alloc();
  }
  constexpr size_t kAlign = alignof(std::max_align_t);
  unsigned char* at = next;
  next += (bytes + kAlign - 1) / kAlign * kAlign;
  if (next <= place + kBytes) return at;
  std::fprintf(stderr, "model: a scenario allocates more than %zu bytes\n", kBytes);
  std::abort();
}

void operator delete(void* at) noexcept {
  const auto* byte = static_cast<unsigned char*>(at);
  if (byte < place || byte >= place + kBytes) std::free(at);
}

void operator delete(void* at, size_t) noexcept { operator delete(at); }
