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
#include "tests/support/policies.h"

namespace spillway::testing {

inline std::unique_ptr<TokenBucket> MakeBucket(const TokenBucketSettings& settings,
                                               void* memory = nullptr, bool shared = false) {
  return MakePolicy<TokenBucket>(settings, memory, shared);
}
inline std::unique_ptr<LeakyBucket> MakeLeakyBucket(const LeakyBucketSettings& settings,
                                                    void* memory = nullptr, bool shared = false) {
  return MakePolicy<LeakyBucket>(settings, memory, shared);
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
