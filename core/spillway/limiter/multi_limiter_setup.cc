// Making and changing a multi limiter: what allocates and validates. The calls themselves are in
// multi_limiter.cc.
#include <algorithm>
#include <new>

#include "spillway/base/option.h"
#include "spillway/limiter/multi_limiter.h"

namespace spillway {
namespace {

bool CheckMembers(std::span<const MultiLimiterMember> members, Error* error) {
  const bool good = !members.empty() && members.size() <= MultiLimiter::kMostMembers;
  if (!good)
    SetError(error, StatusCode::kInvalidArgument, "%zu members; accepted: 1 to %zu", members.size(),
             MultiLimiter::kMostMembers);
  return good;
}

}  // namespace

std::unique_ptr<MultiLimiter> MultiLimiter::Make(std::string_view name,
                                                 std::span<const Member> members,
                                                 const Settings& settings, Error* error,
                                                 void* memory, bool shared) noexcept {
  if (!CheckName(name, error) || !CheckOptions(kMultiLimiterOptions, &settings, error) ||
      !CheckMembers(members, error))
    return nullptr;
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i].warms_up_) {
      SetError(error, StatusCode::kUnsupported, "member %zu warms up: its calls pay later", i);
      return nullptr;
    }
    for (size_t j = 0; j < i; ++j) {
      if (members[i].bucket_ != members[j].bucket_) continue;
      SetError(error, StatusCode::kInvalidArgument, "members %zu and %zu are one bucket", j, i);
      return nullptr;
    }
  }
  PolicyMemory owned;
  memory = MemoryFor(memory, MemoryBytes(), &owned, error);
  if (memory == nullptr) return nullptr;
  try {
    std::unique_ptr<MultiLimiter> limiter(
        new MultiLimiter(name, members, settings, memory, shared));
    limiter->owned_memory_ = std::move(owned);
    return limiter;
  } catch (const std::bad_alloc&) {
    SetError(error, StatusCode::kNoMemory, "no memory for a multi limiter");
    return nullptr;
  }
}

MultiLimiter::MultiLimiter(std::string_view name, std::span<const Member> members,
                           const Settings& settings, void* memory, bool shared)
    : count_(members.size()),
      memory_(static_cast<MultiLimiterMemory*>(memory)),
      counts_(settings.counted, settings.dry_run, shared),
      name_(name) {
  bool in_nanos = true;
  for (size_t i = 0; i < count_; ++i) {
    members_[i] = members[i].bucket_;
    as_made_[i] = members_[i]->AsMade();
    most_ = std::min(most_, members_[i]->burst());
    in_nanos &= members_[i]->in_nanos();
    begins_time_ |= members_[i]->begins_time();
  }
  most_in_nanos_ = in_nanos ? most_ : 0;
}

MultiLimiterSettings MultiLimiter::settings() const noexcept {
  return {.dry_run = counts_.dry_run(), .counted = counts_.counted()};
}

bool MultiLimiter::Reconfigure(const Settings& settings, Error* error) noexcept {
  const Settings before = this->settings();
  if (!CheckOptions(kMultiLimiterOptions, &settings, error) ||
      !CheckFixed(kMultiLimiterOptions, &before, &settings, error))
    return false;
  counts_.set_dry_run(settings.dry_run);
  return true;
}

}  // namespace spillway
