// A policy behind the C interface, whichever it is, and what any of them is asked for alike.
//
// `Noun` has what any_options.h asks for, SPILLWAY_FUZZ_NOUN, and New, which makes one.
#ifndef SPILLWAY_TESTS_FUZZ_C_POLICY_H_
#define SPILLWAY_TESTS_FUZZ_C_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "tests/fuzz/any_options.h"
#include "tests/fuzz/guarded.h"
#include "tests/fuzz/sized_struct.h"
#include "tests/fuzz/target.h"

// What the core and the C interface call a noun and what belongs to it, which differs from noun to
// noun by the name alone.
#define SPILLWAY_FUZZ_NOUN(noun, Class)                                            \
  using Object = Class;                                                            \
  using Settings = Class##Settings;                                                \
  using Handle = spillway_##noun;                                                  \
  using Options = spillway_##noun##_options;                                       \
  using Snapshot = spillway_##noun##_snapshot;                                     \
  static constexpr std::span<const size_t> kEnds = k##Class##OptionsEnds;          \
  static constexpr std::span<const size_t> kSnapshotEnds = k##Class##SnapshotEnds; \
  static constexpr auto kRef = spillway_##noun##_ref;                              \
  static constexpr auto kUnref = spillway_##noun##_unref;                          \
  static constexpr auto kInit = spillway_##noun##_options_init;                    \
  static constexpr auto kTellOptions = spillway_##noun##_options_get;              \
  static constexpr auto kSnapshotAt = spillway_##noun##_snapshot_at;               \
  static constexpr auto kName = spillway_##noun##_name;                            \
  static constexpr auto kRejectionName = spillway_##noun##_rejection_name;         \
  static constexpr auto kReconfigure = spillway_##noun##_reconfigure;

namespace spillway::fuzz {

// Whether the core makes one of such settings.
template <class Noun>
bool IsMade(const typename Noun::Settings& settings) {
  return Noun::Object::Make("", settings, nullptr) != nullptr;
}

template <class Noun>
class CPolicy {
 public:
  using Handle = typename Noun::Handle;
  using Settings = typename Noun::Settings;
  using COptions = typename Noun::Options;
  using CSnapshot = typename Noun::Snapshot;

  static constexpr size_t kOptionsEnd = Noun::kEnds.back();
  static constexpr size_t kSnapshotEnd = Noun::kSnapshotEnds.back();

  explicit CPolicy(const Settings& settings) : handle_(nullptr) {
    const GuardedStruct<COptions> options(CFrom(settings));
    const spillway_status status = Noun::New(&handle_, nullptr, 0, options.get(), nullptr);
    Require(status == SPILLWAY_OK && handle_ != nullptr, "valid options are refused");
  }
  // Takes over a reference.
  explicit CPolicy(Handle* handle) : handle_(handle) {}
  CPolicy(const CPolicy&) = delete;
  CPolicy& operator=(const CPolicy&) = delete;
  ~CPolicy() { Noun::kUnref(handle_); }

  Handle* handle() const { return handle_; }

  static COptions CFrom(const Settings& settings) {
    COptions options = {};
    options.struct_size = kOptionsEnd;
    ToC(settings, &options);
    return options;
  }

  COptions Options() const {
    Guarded out(kOptionsEnd);
    out.get<COptions>()->struct_size = kOptionsEnd;
    Require(Noun::kTellOptions(handle_, out.get<COptions>()) == SPILLWAY_OK,
            "the options are not told");
    out.Check();
    COptions told = {};
    std::memcpy(&told, out.bytes(), kOptionsEnd);
    return told;
  }

  CSnapshot Snapshot(Nanos now) const {
    Guarded out(kSnapshotEnd);
    out.get<CSnapshot>()->struct_size = kSnapshotEnd;
    Require(Noun::kSnapshotAt(handle_, now, out.get<CSnapshot>()) == SPILLWAY_OK, "no snapshot");
    // Volatile: the optimiser must not take the write away.
    if (Planted("overrun"))
      *static_cast<volatile std::byte*>(out.bytes() + kSnapshotEnd) = std::byte{0};
    out.Check();
    CSnapshot told = {};
    std::memcpy(&told, out.bytes(), kSnapshotEnd);
    return told;
  }

  void RequireOptions(const Settings& settings) const {
    const COptions expected = CFrom(settings);
    const COptions told = Options();
    Require(SameFields(&told, &expected, Noun::kEnds, kOptionsEnd), "other options");
  }

 private:
  Handle* handle_;
};

template <class Noun>
void TellInAnySize(ByteReader& input, const CPolicy<Noun>& policy, Nanos now) {
  const bool snapshot = input.OneIn(2);
  const std::span<const size_t> ends = snapshot ? Noun::kSnapshotEnds : Noun::kEnds;
  const size_t size = AnySize(input, ends);
  Guarded out(BytesFor(size));
  std::memcpy(out.bytes(), &size, sizeof size);
  const spillway_status status =
      snapshot ? Noun::kSnapshotAt(policy.handle(), now, out.get<typename Noun::Snapshot>())
               : Noun::kTellOptions(policy.handle(), out.get<typename Noun::Options>());
  const auto whole = policy.Snapshot(now);
  const auto options = policy.Options();
  RequireTold(status, out, size, snapshot ? static_cast<const void*>(&whole) : &options, ends);
}

template <class Noun>
void InitInAnySize(ByteReader& input) {
  const size_t size = AnySize(input, Noun::kEnds);
  Guarded out(BytesFor(size));
  const spillway_status status = Noun::kInit(out.get<typename Noun::Options>(), size);
  if (!IsSize(size, Noun::kEnds))
    Require(out.IsUntouched(), "a struct of a wrong size was written");
  const auto defaults = CPolicy<Noun>::CFrom({});
  RequireTold(status, out, size, &defaults, Noun::kEnds);
}

// The functions that every noun has.
template <class Noun>
void PassNullForAny(const CPolicy<Noun>& policy, Nanos now) {
  MustBeMisuse(Noun::New(nullptr, "x", 1, nullptr, nullptr));
  MustBeMisuse(Noun::kInit(nullptr, CPolicy<Noun>::kOptionsEnd));
  MustBeMisuse(Noun::kTellOptions(policy.handle(), nullptr));
  MustBeMisuse(Noun::kTellOptions(nullptr, nullptr));
  MustBeMisuse(Noun::kSnapshotAt(policy.handle(), now, nullptr));
  MustBeMisuse(Noun::kSnapshotAt(nullptr, now, nullptr));
  Require(Noun::kRef(nullptr) == nullptr, "a reference to NULL");
  Noun::kUnref(nullptr);
}

template <class Noun>
void CountReferences(ByteReader& input, const CPolicy<Noun>& policy) {
  Require(Noun::kRef(policy.handle()) == policy.handle(), "another handle");
  Noun::kUnref(policy.handle());
  const char* name = Noun::kRejectionName(input.Take<int32_t>());
  Require(name != nullptr && *name != '\0', "a constant without a name");
}

// Makes one of any options and name, and, if it is made, uses it: `use(policy, settings)`.
template <class Noun, class Use>
void MakeAnyhow(ByteReader& input, Use use) {
  const AnyOptions<Noun> options(input, {});
  const std::string name(input.Of<size_t>({0, 1, 255, 256}), 'x');
  AnyError error(input);
  GuardedStruct<typename Noun::Handle*> out(nullptr);
  std::memset(out.bytes(), 0x77, out.size());
  const spillway_status status =
      Noun::New(out.get(), name.data(), name.size(), options.get(), error.get());
  out.Check();
  spillway_status expected = options.status();
  if (expected == SPILLWAY_OK && name.size() > 255) expected = SPILLWAY_E_INVALID_ARGUMENT;
  if (!error.usable()) expected = SPILLWAY_E_MISUSE;
  Require(status == expected, "new answers otherwise");
  error.Check(expected);
  if (expected != SPILLWAY_OK) return Require(*out == nullptr, "a failed new leaves no NULL");
  CPolicy<Noun> policy(*out);
  size_t length = 0;
  const char* kept = Noun::kName(policy.handle(), &length);
  Require(std::string_view(kept, length) == name, "the name is another");
  use(policy, options.settings());
}

// Changes it to any options, by Noun::kReconfigure. `twin` is one of the core that was made and
// changed alike: it says what is to be answered and told.
template <class Noun>
void ReconfigureAnyhow(ByteReader& input, CPolicy<Noun>& policy, typename Noun::Object& twin) {
  using Settings = typename Noun::Settings;
  AnyError error(input);
  const AnyOptions<Noun> options(input, twin.settings(), [&](const Settings& settings) {
    return error.usable() && twin.Reconfigure(settings, nullptr);
  });
  const spillway_status status = Noun::kReconfigure(policy.handle(), options.get(), error.get());
  Require(status == (error.usable() ? options.status() : SPILLWAY_E_MISUSE),
          "reconfigure answers otherwise");
  error.Check(status);
  policy.RequireOptions(twin.settings());
}

// One of what nobody should do to any policy; who calls finds what it has changed.
template <class Noun>
void MisuseAny(ByteReader& input, const CPolicy<Noun>& policy, Nanos now) {
  switch (input.Below(4)) {
    case 0:
      return PassNullForAny(policy, now);
    case 1:
      return TellInAnySize(input, policy, now);
    case 2:
      return InitInAnySize<Noun>(input);
    default:
      return CountReferences(input, policy);
  }
}

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_C_POLICY_H_
