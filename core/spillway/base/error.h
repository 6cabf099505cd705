// What went wrong in a set-up call, as a plain value: the core throws nothing and allocates nothing
// to say it.

#ifndef SPILLWAY_BASE_ERROR_H_
#define SPILLWAY_BASE_ERROR_H_

#include <cstdint>

namespace spillway {

// The numbers are part of the C ABI.
enum class StatusCode : int32_t {
  kOk = 0,
  kInvalidArgument = -1,
  kUnsupported = -2,
  kNoMemory = -3,
  kInternal = -4,
  kMisuse = -5,
  kBufferTooShort = -6,
  kBusy = -7,
};

struct Error {
  StatusCode code = StatusCode::kOk;
  char message[256] = {};  // Always ends in a zero; a longer message is cut.
};

// Fills `error`, which may be null. `format` and what follows are as for std::printf.
[[gnu::format(printf, 3, 4)]] void SetError(Error* error, StatusCode code, const char* format,
                                            ...) noexcept;

}  // namespace spillway

#endif  // SPILLWAY_BASE_ERROR_H_
