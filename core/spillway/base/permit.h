// The right to make one call, to be settled once with what became of it.
#ifndef SPILLWAY_BASE_PERMIT_H_
#define SPILLWAY_BASE_PERMIT_H_

#include <cstdint>
#include <utility>

#include "spillway/base/time.h"

namespace spillway {

// The plain contents of a permit: what the C interface hands out as 24 bytes.
struct PermitFields {
  uint64_t owner = 0;  // identity of the policy object that issued it; 0 = empty
  Nanos start = 0;     // when the call was admitted
  uint64_t token = 0;  // the policy's own: the generation it was issued in, and what kind it is
};
static_assert(sizeof(PermitFields) == 24);

// Move-only: settling takes it by value, so that it can be settled once. It may be settled on
// another thread than the one that acquired it. Dropping one settles nothing: a closed breaker
// needs no word of it, and the lease gives up a probe that never returns.
class Permit {
 public:
  constexpr Permit() = default;
  constexpr explicit Permit(const PermitFields& fields) : fields_(fields) {}
  constexpr Permit(Permit&& other) noexcept : fields_(std::exchange(other.fields_, {})) {}
  constexpr Permit& operator=(Permit&& other) noexcept {
    fields_ = std::exchange(other.fields_, {});
    return *this;
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;

  // Whether it is still to be settled.
  constexpr explicit operator bool() const { return fields_.owner != 0; }

  constexpr const PermitFields& fields() const { return fields_; }

  // Empties the permit and hands over what it held.
  constexpr PermitFields Release() && { return std::exchange(fields_, {}); }

 private:
  PermitFields fields_;
};

}  // namespace spillway

#endif  // SPILLWAY_BASE_PERMIT_H_
