// The multi limiter behind the C interface: it takes from all members or from none, as is seen from
// twins of them, and calls that no caller should make answer as documented and change nothing.
//
// Faults that can be planted (target.h): here `half_taken`, in c_limiter.h `retry_after` and in
// c_policy.h `overrun`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "generated/multi_limiter.h"
#include "spillway/base/option.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/multi_limiter.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/c_limiter.h"
#include "tests/fuzz/c_policy.h"
#include "tests/fuzz/multi_limiter_members.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 100;

using CMember = spillway_multi_limiter_member;

struct MultiLimiterNoun {
  SPILLWAY_FUZZ_NOUN(multi_limiter, MultiLimiter)

  // One with a member of its own.
  static spillway_status New(Handle** out, const char* name, size_t length, const Options* options,
                             spillway_error* error) {
    const CTokenBucket bucket({.rate = 1, .burst = 1});
    const CMember member{bucket.handle(), nullptr};
    return spillway_multi_limiter_new(out, name, length, &member, 1, options, error);
  }
  static Settings Random(ByteReader& input) {
    return {.dry_run = input.OneIn(8), .counted = !input.OneIn(8)};
  }
  static bool IsGood(const Settings& settings) {
    return CheckOptions(kMultiLimiterOptions, &settings, nullptr);
  }
};

using Policy = CPolicy<MultiLimiterNoun>;

std::vector<std::unique_ptr<Member>> AnyMembers(ByteReader& input) {
  std::vector<std::unique_ptr<Member>> members;
  const size_t count = 1 + input.Below(input.OneIn(8) ? MultiLimiter::kMostMembers : 3);
  for (size_t i = 0; i < count; ++i) {
    if (input.OneIn(2)) {
      members.push_back(
          std::make_unique<MemberOf<TokenBucketCalls>>(TokenBucketNoun::Random(input)));
    } else {
      members.push_back(
          std::make_unique<MemberOf<LeakyBucketCalls>>(LeakyBucketNoun::Random(input)));
    }
  }
  return members;
}

class Fuzz {
 public:
  explicit Fuzz(ByteReader& input)
      : input_(input),
        members_(AnyMembers(input)),
        settings_(MultiLimiterNoun::Random(input)),
        real_(Make()) {}

  void Run() {
    for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
      TakeStep();
      CompareLooks();
    }
  }

  std::string Story() const { return story_; }

 private:
  spillway_multi_limiter* Make() const {
    const Policy::COptions options = Policy::CFrom(settings_);
    const std::vector<CMember> members = CMembers();
    spillway_multi_limiter* limiter = nullptr;
    Require(spillway_multi_limiter_new(&limiter, "x", 1, members.data(), members.size(), &options,
                                       nullptr) == SPILLWAY_OK,
            "good members are refused");
    return limiter;
  }
  std::vector<CMember> CMembers() const {
    std::vector<CMember> members;
    for (const auto& member : members_) members.push_back(member->told());
    return members;
  }

  void Note(const char* what, int64_t number) {
    story_ += std::string(what) + " " + std::to_string(number) + "\n";
  }

  Member& AnyMember() { return *members_[input_.Below(members_.size())]; }
  int64_t AnyCountOfMember() { return AnyCount(input_, AnyMember().most()); }

  void TakeStep() {
    switch (input_.Below(16)) {
      case 0:
        now_ = AnyTime(input_, now_);
        return Note("clock", now_);
      case 1:
      case 2:
      case 3:
        now_ = SaturatingAdd(now_, input_.Below<Nanos>(Nanos{1} << input_.Below(36)));
        return Note("wait", now_);
      case 4:
        return AnyMember().TakeAlone(now_, AnyCountOfMember());
      case 5:
        return AnyMember().RefundAlone(now_, 1 + input_.Below(4));
      case 6:
        return Change();
      case 7:
        return MisuseAny(input_, real_, now_);
      case 8:
        return MakeWrongly();
      case 9:
        return MakeAnyhow<MultiLimiterNoun>(input_, [this](const Policy& policy, const auto&) {
          for (int i = 0; i < 4; ++i) {
            spillway_multi_limiter_try_acquire_at(policy.handle(), AnyCount(input_, 1),
                                                  AnyTime(input_, now_), nullptr, nullptr);
          }
        });
      default:
        return TryAcquire();
    }
  }

  // What a dry run of a member does not let pass.
  static bool Refuses(const Member& member, Nanos now, int64_t n) {
    return !member.dry_run() && (n > member.most() || n > member.Room(now));
  }

  void TryAcquire() {
    const int64_t n = AnyCountOfMember();
    Note("take", n);
    Note("  at", now_);
    const auto refuses = [&](const auto& member) { return Refuses(*member, now_, n); };
    const auto refuser = std::find_if(members_.begin(), members_.end(), refuses);
    const bool refused = n > 0 && refuser != members_.end();
    int32_t expected = n < 0 ? int32_t{SPILLWAY_E_MISUSE} : 0;
    if (refused && !settings_.dry_run) {
      expected = n > (*refuser)->most() ? SPILLWAY_MULTI_LIMITER_REJECTION_EXCEEDS_MEMBER
                                        : SPILLWAY_MULTI_LIMITER_REJECTION_EXHAUSTED;
    }
    size_t told_refuser = 77;
    const Told told = AskLimiter([&](spillway_limit_status* out) {
      return spillway_multi_limiter_try_acquire_at(real_.handle(), n, now_, &told_refuser, out);
    });
    Require(told.decision == expected, "another decision");
    const auto place = static_cast<size_t>(refuser - members_.begin());
    Require(told_refuser == (expected > 0 ? place : 0), "another refuser");
    if (n < 0) return;
    if (n > 0) {
      admitted_ += !refused;
      (settings_.dry_run ? dry_run_ : refused_) += refused;
    }
    expected > 0 ? RequireRefusal(told.status, place, n)
                 : RequireAdmission(told.status, n, refused);
  }

  // How long until all members have enough.
  void RequireRefusal(const LimitStatus& told, size_t place, int64_t n) {
    LimitStatus expected;
    Nanos retry_after = 0;
    for (size_t i = 0; i < members_.size(); ++i) {
      Member& member = *members_[i];
      // Of a refusal, which takes nothing.
      const int64_t asked = Refuses(member, now_, n) ? n : 0;
      const LimiterDecision decision = member.Take(now_, asked);
      const LimitStatus status = member.Describe(decision, now_, asked);
      retry_after = std::max(retry_after, status.retry_after);
      if (i == place) expected = status;
    }
    expected.retry_after = retry_after;
    Require(told == expected, "of a refusal is told otherwise");
  }

  void RequireAdmission(const LimitStatus& told, int64_t n, bool let_pass) {
    LimitStatus expected{.remaining = kForever};
    for (size_t i = 0; i < members_.size(); ++i) {
      Member& member = *members_[i];
      const bool lost = Planted("half_taken") && i == 1;
      member.Take(now_, let_pass || lost ? 0 : n);
      const LimitStatus status = member.Describe(member.Take(now_, 0), now_, 0);
      if (status.remaining < expected.remaining) expected = status;
    }
    Require(told == expected, "of an admission is told otherwise");
  }

  void Change() {
    MultiLimiterSettings wanted = settings_;
    wanted.dry_run = input_.OneIn(4);
    const bool fixed = input_.OneIn(4);
    if (fixed) wanted.counted = !wanted.counted;
    const Policy::COptions options = Policy::CFrom(wanted);
    Note("reconfigure", wanted.dry_run);
    Require(spillway_multi_limiter_reconfigure(real_.handle(), &options, nullptr) ==
                (fixed ? SPILLWAY_E_INVALID_ARGUMENT : SPILLWAY_OK),
            "reconfigure answers otherwise");
    if (!fixed) settings_ = wanted;
  }

  // Of members of which one is none, or there twice, or warms up; or of too many, or none.
  void MakeWrongly() {
    const CTokenBucket warm({.rate = 1000, .burst = 1000, .warm_up_ns = kNanosPerSecond});
    const CTokenBucket cold({.rate = 1});
    const auto leaky = CLeakyBucket({.rate = 1});
    std::vector<CMember> members = CMembers();
    spillway_status expected = SPILLWAY_E_INVALID_ARGUMENT;
    size_t count = members.size();
    switch (input_.Below(5)) {
      case 0:
        members.push_back(input_.OneIn(2) ? CMember{} : CMember{cold.handle(), leaky.handle()});
        count = members.size();
        expected = SPILLWAY_E_MISUSE;
        break;
      case 1:
        members.push_back(members[input_.Below(members.size())]);
        count = members.size();
        break;
      case 2:
        members[input_.Below(members.size())] = {warm.handle(), nullptr};
        expected = SPILLWAY_E_UNSUPPORTED;
        break;
      case 3:
        count = input_.OneIn(2) ? 0 : SIZE_MAX;
        members.resize(MultiLimiter::kMostMembers + 1, {cold.handle(), nullptr});
        break;
      default: {
        spillway_multi_limiter* none = nullptr;
        return MustBeMisuse(
            spillway_multi_limiter_new(&none, "x", 1, nullptr, count, nullptr, nullptr));
      }
    }
    AnyError error(input_);
    if (!error.usable()) expected = SPILLWAY_E_MISUSE;
    GuardedStruct<spillway_multi_limiter*> out(real_.handle());
    const spillway_status status =
        spillway_multi_limiter_new(out.get(), "x", 1, members.data(), count, nullptr, error.get());
    out.Check();
    Require(status == expected, "wrong members are judged otherwise");
    error.Check(status);
    Require(*out == nullptr, "a failed new leaves no NULL");
  }

  void CompareLooks() const {
    for (const auto& member : members_) member->Compare(now_);
    const auto told = real_.Snapshot(now_);
    const uint64_t counted = settings_.counted;
    Require(told.total_admitted == admitted_ * counted, "another total_admitted");
    Require(told.total_refused == refused_ * counted, "another total_refused");
    Require(told.total_dry_run == dry_run_ * counted, "another total_dry_run");
    Require(told.total_given_back == 0, "nobody else was there to lose a race to");
    real_.RequireOptions(settings_);
  }

  ByteReader& input_;
  std::vector<std::unique_ptr<Member>> members_;
  MultiLimiterSettings settings_;
  Policy real_;
  Nanos now_ = 0;
  uint64_t admitted_ = 0;
  uint64_t refused_ = 0;
  uint64_t dry_run_ = 0;
  std::string story_;
};

}  // namespace

void RunInput(ByteReader& input) { RunAndTell<Fuzz>(input); }

}  // namespace spillway::fuzz
