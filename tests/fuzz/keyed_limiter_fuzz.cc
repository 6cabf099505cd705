// The keyed limiter behind the C interface: every answer to any key is that of the reference, and
// calls that no caller should make answer as documented and change nothing.
//
// Faults that can be planted (target.h): `retry_after`, `lost_refusal` and `another_key`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "generated/keyed_limiter.h"
#include "spillway/base/option.h"
#include "spillway/c_api.h"
#include "tests/fuzz/any_options.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/guarded.h"
#include "tests/fuzz/target.h"
#include "tests/support/exact_keys.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 300;
constexpr size_t kLongestKey = 40;

using COptions = spillway_keyed_limiter_options;
using CSnapshot = spillway_keyed_limiter_snapshot;

struct KeyedLimiterNoun {
  using Options = COptions;
  using Settings = KeyedLimiterSettings;
  static constexpr std::span<const size_t> kEnds = kKeyedLimiterOptionsEnds;
  // Few enough keys that there always is a cell.
  static Settings Random(ByteReader& input) {
    return {.rate = input.Of<double>({1e9, 1e6, 1000, 10, 3, 1, 0.1, 1.0 / 3, 1e-10}),
            .burst = 1 + (input.OneIn(2) ? input.Below(8) : input.Below(16'777'216)),
            .max_keys = 1024,
            .seed = 1 + input.Below<uint64_t>(100),
            .counted = !input.OneIn(8)};
  }
  static bool IsGood(const Settings& settings) {
    return CheckOptions(kKeyedLimiterOptions, &settings, nullptr);
  }
};

struct Unref {
  void operator()(spillway_keyed_limiter* limiter) const { spillway_keyed_limiter_unref(limiter); }
};
using Limiter = std::unique_ptr<spillway_keyed_limiter, Unref>;

Limiter Make(const KeyedLimiterSettings& settings) {
  COptions options = SPILLWAY_KEYED_LIMITER_OPTIONS_INIT;
  ToC(settings, &options);
  const GuardedStruct<COptions> guarded(options);
  spillway_keyed_limiter* limiter = nullptr;
  Require(spillway_keyed_limiter_new(&limiter, "x", 1, guarded.get(), nullptr) == SPILLWAY_OK,
          "valid options are refused");
  return Limiter(limiter);
}

class Fuzz {
 public:
  explicit Fuzz(ByteReader& input)
      : input_(input),
        settings_(KeyedLimiterNoun::Random(input)),
        exact_(settings_),
        real_(Make(settings_)),
        now_(input.OneIn(2) ? 0 : input.Below(Nanos{1} << 60)) {}

  void Run() {
    for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
      TakeStep();
      CompareTotals();
    }
  }

  std::string Story() const { return story_; }

 private:
  // A key of the caller's, in memory of its own length.
  struct Key {
    std::unique_ptr<Guarded> memory;
    uint64_t hash;
  };

  void Note(const char* what, int64_t number) {
    story_ += std::string(what) + " " + std::to_string(number) + "\n";
  }

  // One of a few short ones, or any.
  Key AnyKey() {
    const size_t length = input_.OneIn(4) ? input_.Below(kLongestKey) : 1;
    auto memory = std::make_unique<Guarded>(length);
    if (length == 1) {
      *memory->bytes() = static_cast<std::byte>(input_.Below(6));
    } else {
      input_.TakeBytes(memory->bytes(), length);
    }
    const uint64_t hash =
        spillway_keyed_limiter_hash_of(real_.get(), memory->get(), memory->size());
    Note("key", static_cast<int64_t>(hash));
    return {std::move(memory), hash};
  }

  int64_t AnyCount() {
    if (!input_.OneIn(4)) return 1 + input_.Below(std::min(settings_.burst, 3));
    return input_.Of<int64_t>({0, settings_.burst, settings_.burst + int64_t{1}, -1, kForever,
                               int64_t{1} << 52, std::numeric_limits<int64_t>::min()});
  }

  // Forward by tokens at most, so that no cell comes to a turn of its clock; back by any time.
  Nanos AnyMoment() {
    if (input_.OneIn(3)) {
      const double period = std::min(1e9 / settings_.rate, 1e15);
      now_ = SaturatingAdd(now_, input_.Below(static_cast<Nanos>(period) + 1));
    }
    return input_.OneIn(6) ? std::min(AnyTime(input_, now_), now_) : now_;
  }

  void TakeStep() {
    switch (input_.Below(10)) {
      case 0:
        return Refund();
      case 1:
        return Forget();
      case 2:
        return CountKeys();
      case 3:
        return DoWhatNobodyShould();
      default:
        return TryAcquire();
    }
  }

  int32_t Expected(int64_t n, bool fits) const {
    if (n < 0) return SPILLWAY_E_MISUSE;
    if (n > settings_.burst) return SPILLWAY_KEYED_LIMITER_REJECTION_EXCEEDS_BURST;
    if (n == 0 || fits) return SPILLWAY_ADMITTED;
    return SPILLWAY_KEYED_LIMITER_REJECTION_EXHAUSTED;
  }

  void TryAcquire() {
    const Key key = AnyKey();
    const int64_t n = AnyCount();
    const Nanos at = AnyMoment();
    Note("take", n);
    Note("  at", at);
    const bool fits = n >= 0 && n <= settings_.burst && exact_.Has(key.hash, at, n);
    const int32_t expected = Expected(n, fits);
    if (Planted("lost_refusal") && expected > 0) {
      ++refused_;
      return;
    }
    Guarded out(sizeof(spillway_limit_status));
    auto* const status = out.get<spillway_limit_status>();
    const uint64_t hash = key.hash + (Planted("another_key") ? 1 : 0);
    const spillway_decision got =
        input_.OneIn(2) || Planted("another_key")
            ? spillway_keyed_limiter_try_acquire_hash_at(real_.get(), hash, n, at, status)
            : spillway_keyed_limiter_try_acquire_at(real_.get(), key.memory->get(),
                                                    key.memory->size(), n, at, status);
    Require(got == expected, "another decision");
    out.Check();
    if (expected < 0) return Require(out.IsFilled(0, std::byte{0}), "out is not emptied");
    if (fits && n > 0) exact_.Take(key.hash, at, n);
    admitted_ += expected == 0 && n > 0;
    refused_ += expected > 0;
    RequireTold(*status, key.hash, at, n, expected);
  }

  void RequireTold(spillway_limit_status told, uint64_t key, Nanos at, int64_t n,
                   int32_t decision) const {
    if (Planted("retry_after") && decision > 0 && told.retry_after_ns != kForever)
      ++told.retry_after_ns;
    const int64_t ahead = exact_.Ahead(key, at);
    const int64_t there = std::max<int64_t>(exact_.capacity() - ahead, 0);
    Require(told.remaining == there / exact_.token(), "another remaining");
    Require(told.limit == settings_.burst, "another limit");
    RequireWait(told.reset_after_ns, at, ahead, "another reset_after");
    if (decision == 0) return Require(told.retry_after_ns == 0, "admitted, and told to retry");
    if (n > settings_.burst) return Require(told.retry_after_ns == kForever, "it never fits");
    RequireWait(told.retry_after_ns, at, ahead + n * exact_.token() - exact_.capacity(),
                "another retry_after");
  }

  // It ends when the clock shows so much more, and no nanosecond before.
  void RequireWait(Nanos wait, Nanos at, int64_t units, const char* what) const {
    const Nanos from = std::max<Nanos>(at, 0);
    const int64_t end = exact_.TimeOf(at) + units;
    if (units == 0 || wait == 0) return Require(units == 0 && wait == 0, what);
    if (wait != kForever) Require(exact_.Units(from + wait) >= end, what);
    const Nanos before = wait == kForever ? kForever : from + wait - 1;
    Require(exact_.Units(before) < end, what);
  }

  void Refund() {
    const Key key = AnyKey();
    const int64_t n = AnyCount();
    const Nanos at = AnyMoment();
    Note("refund", n);
    Require(spillway_keyed_limiter_refund_at(real_.get(), key.memory->get(), key.memory->size(), n,
                                             at) == (n < 0 ? SPILLWAY_E_MISUSE : SPILLWAY_OK),
            "another status");
    if (n >= 0) exact_.Refund(key.hash, at, std::min(n, int64_t{1} << 40));
  }

  void Forget() {
    const Key key = AnyKey();
    Require(spillway_keyed_limiter_forget(real_.get(), key.memory->get(), key.memory->size()) ==
                SPILLWAY_OK,
            "another status");
    exact_.Forget(key.hash);
  }

  void CompareTotals() const {
    CSnapshot told;
    told.struct_size = sizeof told;
    Require(spillway_keyed_limiter_snapshot_at(real_.get(), now_, &told) == SPILLWAY_OK,
            "no snapshot");
    Require(told.total_admitted == (settings_.counted ? admitted_ : 0), "another total_admitted");
    Require(told.total_refused == (settings_.counted ? refused_ : 0), "another total_refused");
    Require(told.total_evicted + told.total_admitted_without_cell +
                    told.total_refused_without_cell + told.total_dry_run ==
                0,
            "a key without a cell");
  }

  void CountKeys() {
    const Nanos at = AnyMoment();
    Require(spillway_keyed_limiter_count_live_keys_at(real_.get(), at) == exact_.Live(at),
            "another number of keys");
  }

  // ---- what nobody should do; CompareTotals finds what it changed

  void DoWhatNobodyShould() {
    switch (input_.Below(3)) {
      case 0:
        return PassNull();
      case 1:
        return MakeAnother();
      default:
        return ChangeWrongly();
    }
  }

  void PassNull() {
    Guarded out(sizeof(spillway_limit_status));
    auto* const status = out.get<spillway_limit_status>();
    const size_t length = size_t{1} + input_.Take<uint32_t>();
    Require(spillway_keyed_limiter_try_acquire_at(real_.get(), nullptr, length, 1, now_, status) ==
                SPILLWAY_E_MISUSE,
            "a NULL key is taken");
    Require(out.IsFilled(0, std::byte{0}), "out is not emptied");
    Require(spillway_keyed_limiter_refund_at(real_.get(), nullptr, length, 1, now_) ==
                SPILLWAY_E_MISUSE,
            "a NULL key is given back to");
    Require(spillway_keyed_limiter_forget(real_.get(), nullptr, length) == SPILLWAY_E_MISUSE,
            "a NULL key is forgotten");
  }

  // One of any options is good for any key at any time, and admits no more than a burst of it.
  void MakeAnother() {
    const AnyOptions<KeyedLimiterNoun> options(input_, settings_);
    // A gigabyte is no better than a megabyte.
    if (options.status() == SPILLWAY_OK && options.settings().max_keys > 1 << 16) return;
    AnyError error(input_);
    spillway_keyed_limiter* another = nullptr;
    const spillway_status status =
        spillway_keyed_limiter_new(&another, "y", 1, options.get(), error.get());
    const Limiter owner(another);
    Require(status == (error.usable() ? options.status() : SPILLWAY_E_MISUSE),
            "new answers otherwise");
    error.Check(status);
    Require((status == SPILLWAY_OK) == (another != nullptr), "a failed new leaves no NULL");
    for (int i = 0; i < 8 && another != nullptr; ++i) {
      const Nanos at = AnyTime(input_, now_);
      const auto hash = input_.Take<uint64_t>();
      spillway_keyed_limiter_try_acquire_hash_at(another, hash, AnyCount(), at, nullptr);
      spillway_keyed_limiter_refund_hash_at(another, hash, AnyCount(), at);
    }
  }

  // With options that are refused, or fixed.
  void ChangeWrongly() {
    KeyedLimiterSettings wanted = settings_;
    wanted.burst = wanted.burst == 1 ? 2 : 1;
    COptions options = SPILLWAY_KEYED_LIMITER_OPTIONS_INIT;
    ToC(wanted, &options);
    if (input_.OneIn(2)) options.when_full = 3 + input_.Below(100);
    Require(spillway_keyed_limiter_reconfigure(real_.get(), &options, nullptr) ==
                SPILLWAY_E_INVALID_ARGUMENT,
            "a fixed option is changed");
  }

  ByteReader& input_;
  KeyedLimiterSettings settings_;
  testing::ExactKeys exact_;
  Limiter real_;
  Nanos now_;
  uint64_t admitted_ = 0;
  uint64_t refused_ = 0;
  std::string story_;
};

}  // namespace

void RunInput(ByteReader& input) { RunAndTell<Fuzz>(input); }

}  // namespace spillway::fuzz
