// The header fields of a limiter's answer for C: those of the core.
#include "spillway/limiter/rate_limit_fields.h"

#include <new>
#include <string_view>

#include "limiter.h"

namespace spillway {
namespace {

static_assert(sizeof(RateLimitFields) == sizeof(spillway_rate_limit_fields));
static_assert(offsetof(RateLimitFields, limit) == offsetof(spillway_rate_limit_fields, limit));
static_assert(offsetof(RateLimitFields, retry_after) ==
              offsetof(spillway_rate_limit_fields, retry_after));

}  // namespace
}  // namespace spillway

spillway_status spillway_rate_limit_fields_of(const char* name, size_t name_length,
                                              spillway_decision decision,
                                              const spillway_limit_status* status,
                                              int64_t window_ns,
                                              spillway_rate_limit_fields* out) noexcept {
  if (out == nullptr) return SPILLWAY_E_MISUSE;
  *out = {};
  if (name == nullptr || status == nullptr || decision < 0) return SPILLWAY_E_MISUSE;
  const spillway::LimitStatus told = {.remaining = status->remaining,
                                      .limit = status->limit,
                                      .reset_after = status->reset_after_ns,
                                      .retry_after = status->retry_after_ns,
                                      .next_after = status->next_after_ns};
  auto* fields = new (static_cast<void*>(out)) spillway::RateLimitFields;
  const bool good =
      spillway::Render(std::string_view(name, name_length), decision == 0, told, window_ns, fields);
  if (good) return SPILLWAY_OK;
  *out = {};
  return SPILLWAY_E_INVALID_ARGUMENT;
}
