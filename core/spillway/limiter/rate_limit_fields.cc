#include "spillway/limiter/rate_limit_fields.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace spillway {
namespace {

// Text in a buffer that is long enough for it.
class Field {
 public:
  Field(char* begin, char* end) : at_(begin), end_(end) {}

  Field& operator<<(std::string_view text) {
    at_ = std::copy(text.begin(), text.end(), at_);
    *at_ = '\0';
    return *this;
  }
  Field& operator<<(int64_t number) {
    at_ = std::to_chars(at_, end_, number).ptr;
    *at_ = '\0';
    return *this;
  }

  // A quoted string of structured fields (RFC 9651).
  Field& Quote(std::string_view name) {
    *at_++ = '"';
    for (const char character : name) {
      if (character == '"' || character == '\\') *at_++ = '\\';
      *at_++ = character;
    }
    return *this << "\"";
  }

 private:
  char* at_;
  char* end_;
};

template <size_t kSize>
Field FieldIn(char (&text)[kSize]) {
  *text = '\0';
  // Twice the name and its quotes, and two parameters of 15 digits or, of a time, fewer: see below.
  static_assert(kSize < RateLimitFields::kMostName || kSize >= 2 * RateLimitFields::kMostName + 64);
  return {text, text + kSize};
}

bool IsPrintable(char character) { return character >= ' ' && character <= '~'; }

// Integers of structured fields have at most 15 digits.
int64_t Integer(int64_t number) { return std::clamp<int64_t>(number, 0, 999'999'999'999'999); }

int64_t SecondsUp(Nanos span) { return span / kNanosPerSecond + (span % kNanosPerSecond > 0); }

}  // namespace

bool Render(std::string_view name, bool admitted, const LimitStatus& status, Nanos window,
            RateLimitFields* out) noexcept {
  if (name.empty() || name.size() > RateLimitFields::kMostName ||
      !std::all_of(name.begin(), name.end(), IsPrintable))
    return false;
  Field policy = FieldIn(out->policy);
  policy.Quote(name) << ";q=" << Integer(status.limit);
  if (window > 0) policy << ";w=" << SecondsUp(window);

  Field limit = FieldIn(out->limit);
  limit.Quote(name) << ";r=" << Integer(status.remaining);
  const bool grows = status.next_after > 0 && status.next_after < kForever;
  const int64_t more_after = grows ? SecondsUp(status.next_after) : 0;
  if (grows) limit << ";t=" << more_after;

  Field retry_after = FieldIn(out->retry_after);
  if (!admitted && status.retry_after < kForever)
    retry_after << std::max(SecondsUp(std::max<Nanos>(status.retry_after, 0)), more_after);
  return true;
}

}  // namespace spillway
