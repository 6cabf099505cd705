// How far apart two words must lie so that writers of one do not slow down writers of the other.
#ifndef SPILLWAY_BASE_CACHE_LINE_H_
#define SPILLWAY_BASE_CACHE_LINE_H_

#include <cstddef>

namespace spillway {

inline constexpr size_t kCacheLine = 64;

// x86-64 fetches lines in pairs and Apple's cores have lines of 128 bytes: sets that belong to
// different CPUs keep this distance.
inline constexpr size_t kStripeAlignment = 128;

}  // namespace spillway

#endif  // SPILLWAY_BASE_CACHE_LINE_H_
