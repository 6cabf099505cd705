// From the core's plain values to Abseil's, for the headers that make policies with it. The
// compiled library knows nothing of Abseil, so that C and Python programs do not carry it.
#ifndef SPILLWAY_BASE_ABSL_OPTIONS_H_
#define SPILLWAY_BASE_ABSL_OPTIONS_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "spillway/base/error.h"

namespace spillway::internal {

// Saturates; the ends of int64 are outside the range of every option.
inline int64_t OptionNanos(absl::Duration duration) { return absl::ToInt64Nanoseconds(duration); }

template <typename Policy>
absl::StatusOr<std::unique_ptr<Policy>> StatusOr(std::unique_ptr<Policy> made, const Error& error) {
  if (made != nullptr) return made;
  switch (error.code) {
    case StatusCode::kInvalidArgument:
      return absl::InvalidArgumentError(error.message);
    case StatusCode::kUnsupported:
      return absl::UnimplementedError(error.message);
    case StatusCode::kNoMemory:
      return absl::ResourceExhaustedError(error.message);
    default:
      return absl::InternalError(error.message);
  }
}

}  // namespace spillway::internal

#endif  // SPILLWAY_BASE_ABSL_OPTIONS_H_
