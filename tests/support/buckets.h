// Token buckets for tests: they fail the test rather than be null.
#ifndef SPILLWAY_TESTS_SUPPORT_BUCKETS_H_
#define SPILLWAY_TESTS_SUPPORT_BUCKETS_H_

#include <memory>
#include <stdexcept>
#include <string>

#include "spillway/limiter/token_bucket.h"

namespace spillway::testing {

inline std::unique_ptr<TokenBucket> MakeBucket(const TokenBucketSettings& settings,
                                               void* memory = nullptr, bool shared = false) {
  Error error;
  std::unique_ptr<TokenBucket> bucket = TokenBucket::Make("test", settings, &error, memory, shared);
  if (bucket == nullptr) throw std::runtime_error(error.message);
  return bucket;
}

// As the vectors name it.
inline std::string AnswerOf(const LimiterDecision& decision) {
  if (decision) return "admitted";
  if (decision.reason < 0) return "misuse";
  return NameOf(static_cast<TokenBucketRejection>(decision.reason));
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_BUCKETS_H_
