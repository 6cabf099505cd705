// What a table of keys knows of a key: 64 bits that nobody can steer who does not know the seed.
#ifndef SPILLWAY_LIMITER_KEY_HASH_H_
#define SPILLWAY_LIMITER_KEY_HASH_H_

#include <cstdint>
#include <string_view>

#include "spillway/base/hash.h"
#include "spillway/base/sip_hash.h"

namespace spillway {

struct KeyHash {
  uint64_t bits;
};

class KeyHasher {
 public:
  explicit KeyHasher(const SipKey& secret) : secret_(secret) {
    for (size_t i = 0; i < 4; ++i) {
      const char label = static_cast<char>(i);
      words_[i] = SipHash13::Of(secret, {&label, 1});
    }
  }

  KeyHash Of(std::string_view key) const { return {SipHash13::Of(secret_, key)}; }

  // (a * key + b) mod 2^128 / 2^64, with 128 secret bits in each of a and b: for any two numbers
  // chosen without knowing these, the bits are as independent as random ones (Dietzfelbinger,
  // "Universal hashing and k-wise independent random variables via integer arithmetic without
  // primes", 1996). The mix scatters the even steps that numbers in a row make.
  KeyHash Of(uint64_t key) const {
    const Wide product = Wide{words_[0]} * key + words_[1];
    return {Mix(static_cast<uint64_t>(product >> 64) + words_[2] * key + words_[3])};
  }

 private:
  __extension__ using Wide = unsigned __int128;

  SipKey secret_;
  uint64_t words_[4];
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_KEY_HASH_H_
