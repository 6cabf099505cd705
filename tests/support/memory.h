// Memory that a policy object is given.
#ifndef SPILLWAY_TESTS_SUPPORT_MEMORY_H_
#define SPILLWAY_TESTS_SUPPORT_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <random>
#include <string>

#include "spillway/base/cache_line.h"
#include "spillway/sync/atomic.h"

namespace spillway::testing {

// Zeroed and aligned, with nothing behind it that may be touched.
class Memory {
 public:
  explicit Memory(size_t bytes)
      : bytes_(bytes), at_(::operator new (bytes, std::align_val_t{kStripeAlignment})) {
    std::memset(at_, 0, bytes);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { ::operator delete (at_, std::align_val_t{kStripeAlignment}); }

  void* get() const { return at_; }
  std::string Bytes() const { return {static_cast<const char*>(at_), bytes_}; }
  void Fill(std::mt19937_64& random) {
    for (size_t i = 0; i < bytes_ / sizeof(uint64_t); ++i) {
      // Words near zero, near each other and of all bits: those are the ones that mislead.
      const uint64_t word = random() >> (random() % 64);
      static_cast<Word*>(at_)[i].store(random() % 4 == 0 ? ~word : word);
    }
  }

 private:
  size_t bytes_;
  void* at_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_MEMORY_H_
