// A token bucket of one process on memory that it shares with others, and the books of its calls.
#ifndef SPILLWAY_TESTS_KILL_TOKEN_BUCKET_ATTACHMENT_H_
#define SPILLWAY_TESTS_KILL_TOKEN_BUCKET_ATTACHMENT_H_

#include <cstdint>
#include <memory>

#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/token_bucket.h"
#include "tests/kill/subject.h"

namespace spillway::testing {

class TokenBucketAttachment : public ScriptedAttachment<TokenBucketAttachment> {
 public:
  // A token must take a whole number of nanoseconds.
  TokenBucketAttachment(const TokenBucketSettings& settings,
                        const Script<TokenBucketAttachment>& script, void* memory);

  void Prepare(Books& books) override;

  // For the scripts.
  TokenBucket& bucket() { return *bucket_; }
  // The same memory as that of a leaky bucket, in which one may wait.
  LeakyBucket& leaky() { return *leaky_; }
  Word& word() { return memory_->word; }
  Nanos token() const { return token_; }  // how long one takes to flow in
  void StartAt(Nanos start);              // before any call
  bool Take(int64_t n);
  void Reserve(int64_t n, Nanos max_wait);

  // Longer than the word of one that warms up can tell.
  static constexpr Nanos kLongIdle = Nanos{1} << 56;

  LimiterReservation reservation;

 private:
  void CheckAll() override;
  void CallAny(Random& random) override;
  Bounds Untouched() const;  // before any call
  int64_t Flowed() const { return now / token_; }
  // Of a bucket that warms up, what is owed: when it is open there is nothing to be counted.
  int64_t Tokens() const {
    const TokenBucketSnapshot at = bucket_->Snapshot(now);
    return warms_up() ? -((at.time_to_full_ns + token_ - 1) / token_) : at.tokens;
  }
  bool warms_up() const { return settings_.warm_up_ns != 0; }
  void CheckTotals(const char* admitted, const char* refused);
  void CheckArrival();
  void CheckWhatIsThere();
  void CheckFlow();
  void CheckGivingBack();
  void CheckFull();
  void CheckGate();

  TokenBucketSettings settings_;
  Nanos token_;
  BucketMemory* memory_;
  std::unique_ptr<TokenBucket> bucket_;
  std::unique_ptr<LeakyBucket> leaky_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_TOKEN_BUCKET_ATTACHMENT_H_
