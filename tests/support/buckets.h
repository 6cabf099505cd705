// Buckets for tests: they fail the test rather than be null.
#ifndef SPILLWAY_TESTS_SUPPORT_BUCKETS_H_
#define SPILLWAY_TESTS_SUPPORT_BUCKETS_H_

#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/multi_limiter.h"
#include "spillway/limiter/token_bucket.h"

namespace spillway::testing {

template <class Bucket>
std::unique_ptr<Bucket> MakeBucketOf(const typename Bucket::Settings& settings,
                                     void* memory = nullptr, bool shared = false) {
  Error error;
  std::unique_ptr<Bucket> bucket = Bucket::Make("test", settings, &error, memory, shared);
  if (bucket == nullptr) throw std::runtime_error(error.message);
  return bucket;
}

inline std::unique_ptr<TokenBucket> MakeBucket(const TokenBucketSettings& settings,
                                               void* memory = nullptr, bool shared = false) {
  return MakeBucketOf<TokenBucket>(settings, memory, shared);
}
inline std::unique_ptr<LeakyBucket> MakeLeakyBucket(const LeakyBucketSettings& settings,
                                                    void* memory = nullptr, bool shared = false) {
  return MakeBucketOf<LeakyBucket>(settings, memory, shared);
}
inline std::unique_ptr<MultiLimiter> MakeMultiLimiter(std::span<const MultiLimiterMember> members,
                                                      const MultiLimiterSettings& settings = {}) {
  Error error;
  std::unique_ptr<MultiLimiter> limiter = MultiLimiter::Make("test", members, settings, &error);
  if (limiter == nullptr) throw std::runtime_error(error.message);
  return limiter;
}

// As the vectors name it.
template <class Rejection = TokenBucketRejection>
std::string AnswerOf(const LimiterDecision& decision) {
  if (decision) return "admitted";
  if (decision.reason < 0) return "misuse";
  return NameOf(static_cast<Rejection>(decision.reason));
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_BUCKETS_H_
