// The multi limiter for C: each function hands on to spillway::MultiLimiter and holds no logic of
// its own.
#include "spillway/limiter/multi_limiter.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "generated/multi_limiter.h"
#include "limiter.h"
#include "noun.h"

namespace spillway {

static_assert(SPILLWAY_MULTI_LIMITER_MOST_MEMBERS == MultiLimiter::kMostMembers);

template <>
struct NounOf<spillway_multi_limiter> {
  using Object = MultiLimiter;
  using Options = spillway_multi_limiter_options;
  using Snapshot = spillway_multi_limiter_snapshot;
  static constexpr std::span<const size_t> kOptionsEnds = kMultiLimiterOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kMultiLimiterSnapshotEnds;
  static constexpr const char* kArgument = "limiter";
};

namespace {

using Members = std::span<const spillway_multi_limiter_member>;

// One more than can be is left for Make to refuse.
Members Looked(const spillway_multi_limiter_member* members, size_t count) {
  return {members, std::min(count, MultiLimiter::kMostMembers + 1)};
}

bool Read(Members members, std::vector<MultiLimiterMember>* to, Error* error) {
  if (members.data() == nullptr && !members.empty()) return Refuse(error, "members is NULL");
  for (const spillway_multi_limiter_member& member : members) {
    if ((member.token_bucket == nullptr) == (member.leaky_bucket == nullptr))
      return Refuse(error, "of a member one bucket must be set, and the other NULL");
    if (member.token_bucket != nullptr) {
      to->emplace_back(*member.token_bucket->object);
    } else {
      to->emplace_back(*member.leaky_bucket->object);
    }
  }
  return true;
}

bool Make(spillway_multi_limiter** out, std::string_view name, Members members,
          const spillway_multi_limiter_options* options, Error* error) {
  MultiLimiterSettings settings;
  std::vector<MultiLimiterMember> asked;
  if (!Read(members, &asked, error) ||
      (options != nullptr && !ReadOptions<spillway_multi_limiter>(options, &settings, error)))
    return false;
  std::unique_ptr<MultiLimiter> object = MultiLimiter::Make(name, asked, settings, error);
  if (object == nullptr) return false;
  *out = std::make_unique<spillway_multi_limiter>(std::move(object)).release();
  for (size_t i = 0; i < members.size(); ++i) {
    Ref(members[i].token_bucket);
    Ref(members[i].leaky_bucket);
    (*out)->members[i] = members[i];
  }
  return true;
}

}  // namespace
}  // namespace spillway

using spillway::SteadyNow;

// ---- names

const char* spillway_multi_limiter_rejection_name(int32_t rejection) noexcept {
  return NameOf(static_cast<spillway::MultiLimiterRejection>(rejection));
}

// ---- making

spillway_status spillway_multi_limiter_options_init(spillway_multi_limiter_options* options,
                                                    size_t size) noexcept {
  return spillway::InitOptions<spillway_multi_limiter>(options, size);
}

spillway_status spillway_multi_limiter_new(spillway_multi_limiter** out, const char* name,
                                           size_t name_length,
                                           const spillway_multi_limiter_member* members,
                                           size_t count,
                                           const spillway_multi_limiter_options* options,
                                           spillway_error* error) noexcept {
  // Before the guard: an error that it refuses is a failure too.
  if (out != nullptr) *out = nullptr;
  return spillway::Guard(error, [=](spillway::Error* problem) {
    if (out == nullptr) return spillway::Refuse(problem, "out is NULL");
    if (name == nullptr && name_length != 0)
      return spillway::Refuse(problem, "name is NULL, but has a length");
    return spillway::Make(out, std::string_view(name, name_length),
                          spillway::Looked(members, count), options, problem);
  });
}

spillway_multi_limiter::~spillway_multi_limiter() {
  for (const spillway_multi_limiter_member& member : members) {
    spillway::Unref(member.token_bucket);
    spillway::Unref(member.leaky_bucket);
  }
}

spillway_multi_limiter* spillway_multi_limiter_ref(spillway_multi_limiter* limiter) noexcept {
  return spillway::Ref(limiter);
}

void spillway_multi_limiter_unref(spillway_multi_limiter* limiter) noexcept {
  spillway::Unref(limiter);
}

// ---- taking

spillway_decision spillway_multi_limiter_try_acquire_at(spillway_multi_limiter* limiter, int64_t n,
                                                        int64_t now_ns, size_t* refuser,
                                                        spillway_limit_status* out) noexcept {
  if (refuser != nullptr) *refuser = 0;
  if (limiter == nullptr) return spillway::Misuse(out);
  const spillway::MultiLimiter& object = *limiter->object;
  const spillway::LimiterDecision decision = limiter->object->TryAcquire(now_ns, n);
  if (refuser != nullptr && decision.reason > 0) *refuser = object.Refuser(decision);
  return spillway::Answer(decision, out, [&] { return object.Describe(decision, now_ns, n); });
}

spillway_decision spillway_multi_limiter_try_acquire(spillway_multi_limiter* limiter, int64_t n,
                                                     size_t* refuser,
                                                     spillway_limit_status* out) noexcept {
  return spillway_multi_limiter_try_acquire_at(limiter, n, SteadyNow(), refuser, out);
}

// ---- looking

spillway_status spillway_multi_limiter_snapshot_at(const spillway_multi_limiter* limiter,
                                                   int64_t now_ns,
                                                   spillway_multi_limiter_snapshot* out) noexcept {
  return spillway::TellSnapshot(limiter, now_ns, out);
}

const char* spillway_multi_limiter_name(const spillway_multi_limiter* limiter,
                                        size_t* length) noexcept {
  return spillway::TellName(limiter, length);
}

// ---- changing

spillway_status spillway_multi_limiter_reconfigure(spillway_multi_limiter* limiter,
                                                   const spillway_multi_limiter_options* options,
                                                   spillway_error* error) noexcept {
  return spillway::Reconfigure(
      limiter, options, error,
      [](spillway::MultiLimiter& object, const spillway::MultiLimiterSettings& settings,
         spillway::Error* problem) { return object.Reconfigure(settings, problem); });
}

spillway_status spillway_multi_limiter_options_get(const spillway_multi_limiter* limiter,
                                                   spillway_multi_limiter_options* out) noexcept {
  return spillway::TellOptions(limiter, out);
}
