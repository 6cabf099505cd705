// What the C interface holds beside its nouns.
#include "spillway/base/error.h"
#include "spillway/base/outcome.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"

using spillway::Outcome;
using spillway::StatusCode;

static_assert(SPILLWAY_OK == static_cast<int>(StatusCode::kOk));
static_assert(SPILLWAY_E_INVALID_ARGUMENT == static_cast<int>(StatusCode::kInvalidArgument));
static_assert(SPILLWAY_E_UNSUPPORTED == static_cast<int>(StatusCode::kUnsupported));
static_assert(SPILLWAY_E_NO_MEMORY == static_cast<int>(StatusCode::kNoMemory));
static_assert(SPILLWAY_E_INTERNAL == static_cast<int>(StatusCode::kInternal));
static_assert(SPILLWAY_E_MISUSE == static_cast<int>(StatusCode::kMisuse));
static_assert(SPILLWAY_E_BUFFER_TOO_SHORT == static_cast<int>(StatusCode::kBufferTooShort));
static_assert(SPILLWAY_E_BUSY == static_cast<int>(StatusCode::kBusy));
static_assert(SPILLWAY_OUTCOME_SUCCESS == static_cast<int>(Outcome::kSuccess));
static_assert(SPILLWAY_OUTCOME_FAILURE == static_cast<int>(Outcome::kFailure));
static_assert(SPILLWAY_OUTCOME_IGNORED == static_cast<int>(Outcome::kIgnored));

// The build sets the three numbers; their one place is project() in the top CMakeLists.txt.

uint32_t spillway_version_number(void) noexcept { return SPILLWAY_VERSION_NUMBER; }

const char* spillway_version_string(void) noexcept { return SPILLWAY_VERSION; }

uint32_t spillway_abi_version(void) noexcept { return SPILLWAY_ABI_VERSION; }

const char* spillway_status_name(spillway_status status) noexcept {
  switch (static_cast<StatusCode>(status)) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid_argument";
    case StatusCode::kUnsupported:
      return "unsupported";
    case StatusCode::kNoMemory:
      return "no_memory";
    case StatusCode::kInternal:
      return "internal";
    case StatusCode::kMisuse:
      return "misuse";
    case StatusCode::kBufferTooShort:
      return "buffer_too_short";
    case StatusCode::kBusy:
      return "busy";
  }
  return "unknown";
}

int64_t spillway_now_ns(void) noexcept { return spillway::SteadyNow(); }
