// How much it matters that a call is made: what overload takes first.
#ifndef SPILLWAY_BASE_PRIORITY_H_
#define SPILLWAY_BASE_PRIORITY_H_

#include <cstdint>

namespace spillway {

// The numbers are part of the C ABI; 0 is what a call is unless somebody says otherwise.
enum class Priority : int32_t {
  kNormal = 0,
  kCritical = 1,   // refused last: somebody is harmed when it is not made
  kSheddable = 2,  // refused first: nobody notices when it is made later, or never
};
inline constexpr int32_t kPriorities = 3;

}  // namespace spillway

#endif  // SPILLWAY_BASE_PRIORITY_H_
