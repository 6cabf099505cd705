// SipHash (Aumasson and Bernstein, 2012): a hash of bytes that nobody can steer who does not know
// its 128-bit secret.
#ifndef SPILLWAY_BASE_SIP_HASH_H_
#define SPILLWAY_BASE_SIP_HASH_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace spillway {

struct SipKey {
  uint64_t low;
  uint64_t high;
};

// SipHash-c-d: `kRounds` for each 8 bytes, `kLastRounds` at the end. 1-3 is what hash tables use;
// 2-4 is the original, with a margin for signatures.
template <int kRounds, int kLastRounds>
class SipHash {
 public:
  static uint64_t Of(const SipKey& key, std::string_view bytes) {
    SipHash hash(key);
    const char* next = bytes.data();
    for (size_t left = bytes.size(); left >= 8; left -= 8, next += 8) hash.Take(Word(next, 8));
    // The last word: what is left, and the length in its highest byte.
    hash.Take(Word(next, bytes.size() % 8) | static_cast<uint64_t>(bytes.size()) << 56);
    hash.c_ ^= 0xff;
    for (int i = 0; i < kLastRounds; ++i) hash.Round();
    return hash.a_ ^ hash.b_ ^ hash.c_ ^ hash.d_;
  }

 private:
  explicit SipHash(const SipKey& key)
      : a_(key.low ^ 0x736f6d6570736575),
        b_(key.high ^ 0x646f72616e646f6d),
        c_(key.low ^ 0x6c7967656e657261),
        d_(key.high ^ 0x7465646279746573) {}

  // Up to 8 bytes, the first one lowest.
  static uint64_t Word(const char* bytes, size_t count) {
    uint64_t word = 0;
    if (count > 0) std::memcpy(&word, bytes, count);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
  }

  void Take(uint64_t word) {
    d_ ^= word;
    for (int i = 0; i < kRounds; ++i) Round();
    a_ ^= word;
  }

  void Round() {
    a_ += b_;
    c_ += d_;
    b_ = std::rotl(b_, 13) ^ a_;
    d_ = std::rotl(d_, 16) ^ c_;
    a_ = std::rotl(a_, 32);
    c_ += b_;
    a_ += d_;
    b_ = std::rotl(b_, 17) ^ c_;
    d_ = std::rotl(d_, 21) ^ a_;
    c_ = std::rotl(c_, 32);
  }

  uint64_t a_;
  uint64_t b_;
  uint64_t c_;
  uint64_t d_;
};

using SipHash13 = SipHash<1, 3>;

}  // namespace spillway

#endif  // SPILLWAY_BASE_SIP_HASH_H_
