// Token buckets of the C interface, and settings that the reference can follow.
#ifndef SPILLWAY_TESTS_FUZZ_C_TOKEN_BUCKET_H_
#define SPILLWAY_TESTS_FUZZ_C_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "generated/token_bucket.h"
#include "spillway/base/option.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/token_bucket.h"
#include "spillway/limiter/warm_up_word.h"
#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/c_policy.h"

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
  SPILLWAY_FUZZ_NOUN(token_bucket, TokenBucket)
  static constexpr auto New = spillway_token_bucket_new;

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

using CTokenBucket = CPolicy<TokenBucketNoun>;

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_C_TOKEN_BUCKET_H_
