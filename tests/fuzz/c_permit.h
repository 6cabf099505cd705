// Permits of the C interface: asked for and settled between guards, and wrong ones.
#ifndef SPILLWAY_TESTS_FUZZ_C_PERMIT_H_
#define SPILLWAY_TESTS_FUZZ_C_PERMIT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "spillway/c_api.h"
#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/guarded.h"
#include "tests/fuzz/sized_struct.h"
#include "tests/fuzz/target.h"

namespace spillway::fuzz {

inline bool SameBytes(const spillway_permit& a, const spillway_permit& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// What `ask(out)` answers, and the permit that it gives. Of a policy that cannot say when to retry.
template <class Ask>
spillway_decision AskForPermit(Ask ask, spillway_permit* permit) {
  Guarded out(sizeof(spillway_acquire_result));
  const spillway_decision decision = ask(out.get<spillway_acquire_result>());
  out.Check();
  if (decision < 0) Require(out.IsFilled(0, std::byte{0}), "out is not emptied");
  const auto& told = *out.get<const spillway_acquire_result>();
  Require(told.retry_after_ns == 0, "nobody knows when to retry");
  if (decision == 0) Require(told.permit.opaque[0] != 0, "admitted without a permit");
  *permit = told.permit;
  return decision;
}

// What `settle(permit)` answers. The permit is emptied, or left as it is when it is misused.
template <class Settle>
spillway_settlement SettlePermit(Settle settle, spillway_permit* permit) {
  GuardedStruct<spillway_permit> held(*permit);
  const spillway_settlement settlement = settle(held.get());
  held.Check();
  if (settlement == SPILLWAY_E_MISUSE) {
    Require(SameBytes(*held, *permit), "a misused permit is not left as it is");
  } else {
    Require(SameBytes(*held, spillway_permit{}), "a settled permit is not empty");
  }
  *permit = *held;
  return settlement;
}

// One that no policy gave.
inline spillway_permit AnyForeignPermit(ByteReader& input) {
  if (input.OneIn(2)) return {};
  constexpr uint64_t kNobody = uint64_t{1} << 63;
  return {{input.Take<uint64_t>() | kNobody, input.Take<uint64_t>(), input.Take<uint64_t>()}};
}

// What is neither one of 0, 1 and 2: no outcome, and no priority.
inline int32_t AnyOther(ByteReader& input) {
  const auto any = input.Take<int32_t>();
  return any >= 0 && any <= 2 ? std::numeric_limits<int32_t>::min() + any : any;
}

// The permits that a caller has, copies of settled ones among them.
class HeldPermits {
 public:
  void Add(const spillway_permit& permit) {
    if (permits_.size() == kMost) permits_.erase(permits_.begin());
    permits_.push_back(permit);
  }
  bool empty() const { return permits_.empty(); }
  // Sometimes it is kept, to be settled again.
  spillway_permit TakeAny(ByteReader& input) {
    const size_t which = input.Below(permits_.size());
    const spillway_permit permit = permits_[which];
    if (!input.OneIn(8)) permits_.erase(permits_.begin() + static_cast<ptrdiff_t>(which));
    return permit;
  }

 private:
  static constexpr size_t kMost = 64;

  std::vector<spillway_permit> permits_;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_C_PERMIT_H_
