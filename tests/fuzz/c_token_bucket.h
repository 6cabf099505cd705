// Token buckets of the C interface, and settings that the reference can follow.
#ifndef SPILLWAY_TESTS_FUZZ_C_TOKEN_BUCKET_H_
#define SPILLWAY_TESTS_FUZZ_C_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "generated/token_bucket.h"
#include "spillway/base/option.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/warm_up_word.h"
#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/guarded.h"
#include "tests/fuzz/target.h"

namespace spillway::fuzz {

using COptions = spillway_token_bucket_options;
using CSnapshot = spillway_token_bucket_snapshot;
using CReservation = spillway_reservation;

inline constexpr size_t kOptionsEnd = SPILLWAY_SIZE_TO_END(COptions, cold_factor);
inline constexpr size_t kSnapshotEnd = SPILLWAY_SIZE_TO_END(CSnapshot, total_dry_run);

// Rates whose tokens are whole nanoseconds, and as many of them as leave the unit at one.
inline Nanos AnyToken(ByteReader& input) {
  return input.Of<Nanos>({1, 2, 3, 7, 333, 1000, 1'000'000, 100'000'000, kNanosPerSecond,
                          7 * kNanosPerSecond, 86'400 * kNanosPerSecond});
}
inline int32_t AnyBurst(ByteReader& input, Nanos token) {
  const auto most = static_cast<int32_t>(std::min<Nanos>((Nanos{1} << 59) / token, 1'000'000'000));
  return 1 + (input.OneIn(2) ? input.Below(8) : input.Below(most)) % most;
}

struct TokenBucketNoun {
  using Options = COptions;
  using Settings = TokenBucketSettings;
  static constexpr std::span<const size_t> kEnds = kTokenBucketOptionsEnds;
  static Settings Random(ByteReader& input) {
    const Nanos token = AnyToken(input);
    return {.rate = 1e9 / static_cast<double>(token),
            .burst = AnyBurst(input, token),
            .initial_tokens = input.OneIn(2) ? 1'000'000'000 : input.Below(10),
            .dry_run = input.OneIn(8),
            .counted = !input.OneIn(8)};
  }
  static bool IsGood(const Settings& settings) {
    const auto& [rate, burst, initial, dry_run, counted, warm_up, factor] = settings;
    return CheckOptions(kTokenBucketOptions, &settings, nullptr) &&
           (warm_up == 0 ||
            (initial >= burst && WarmUp::MostUnits(rate, burst, warm_up, factor) != 0));
  }
};

class CTokenBucket {
 public:
  explicit CTokenBucket(const TokenBucketSettings& settings) : handle_(nullptr) {
    COptions options = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
    ToC(settings, &options);
    const GuardedStruct<COptions> guarded(options);
    const spillway_status status =
        spillway_token_bucket_new(&handle_, nullptr, 0, guarded.get(), nullptr);
    Require(status == SPILLWAY_OK && handle_ != nullptr, "valid options are refused");
  }
  // Takes over a reference.
  explicit CTokenBucket(spillway_token_bucket* handle) : handle_(handle) {}
  CTokenBucket(const CTokenBucket&) = delete;
  CTokenBucket& operator=(const CTokenBucket&) = delete;
  ~CTokenBucket() { spillway_token_bucket_unref(handle_); }

  spillway_token_bucket* handle() const { return handle_; }

  COptions Options() const {
    Guarded out(kOptionsEnd);
    out.get<COptions>()->struct_size = kOptionsEnd;
    Require(spillway_token_bucket_options_get(handle_, out.get<COptions>()) == SPILLWAY_OK,
            "the options are not told");
    out.Check();
    COptions told;
    std::memcpy(&told, out.bytes(), kOptionsEnd);
    return told;
  }

  CSnapshot Snapshot(Nanos now) const {
    Guarded out(kSnapshotEnd);
    out.get<CSnapshot>()->struct_size = kSnapshotEnd;
    Require(spillway_token_bucket_snapshot_at(handle_, now, out.get<CSnapshot>()) == SPILLWAY_OK,
            "no snapshot");
    // Volatile: the optimiser must not take the write away.
    if (Planted("overrun"))
      *static_cast<volatile std::byte*>(out.bytes() + kSnapshotEnd) = std::byte{0};
    out.Check();
    CSnapshot told;
    std::memcpy(&told, out.bytes(), kSnapshotEnd);
    return told;
  }

 private:
  spillway_token_bucket* handle_;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_C_TOKEN_BUCKET_H_
