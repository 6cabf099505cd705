// A token bucket of one process on memory that it shares with others, and the books of its calls.
#ifndef SPILLWAY_TESTS_KILL_TOKEN_BUCKET_ATTACHMENT_H_
#define SPILLWAY_TESTS_KILL_TOKEN_BUCKET_ATTACHMENT_H_

#include <cstdint>
#include <memory>

#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/token_bucket.h"
#include "tests/kill/subject.h"

namespace spillway::testing {

class TokenBucketAttachment : public Attachment {
 public:
  // A token must take a whole number of nanoseconds.
  TokenBucketAttachment(const TokenBucketSettings& settings,
                        const Script<TokenBucketAttachment>& script, void* memory);

  void Prepare(Books& books) override;
  Done Run() override { return script_.run(*this); }
  void Survive(Books& books, Findings& findings) override;
  Done Hammer(Random& random, Nanos now) override;

  // For the scripts.
  TokenBucket& bucket() { return *bucket_; }
  // The same memory as that of a leaky bucket, in which one may wait.
  LeakyBucket& leaky() { return *leaky_; }
  Word& word() { return memory_->word; }
  Nanos token() const { return token_; }  // how long one takes to flow in
  void StartAt(Nanos start);              // before any call
  bool Take(int64_t n);
  void Reserve(int64_t n, Nanos max_wait);

  Nanos now;
  LimiterReservation reservation;

 private:
  int64_t Flowed() const { return now / token_; }
  int64_t Tokens() const { return bucket_->Snapshot(now).tokens; }
  void CheckTotals(const char* admitted, const char* refused);
  void CheckArrival();
  void CheckWhatIsThere();
  void CheckFlow();
  void CheckGivingBack();
  void CheckFull();
  void Expect(bool holds, const char* invariant) { findings_->Expect(holds, invariant); }

  TokenBucketSettings settings_;
  Script<TokenBucketAttachment> script_;
  Nanos token_;
  TokenBucketMemory* memory_;
  std::unique_ptr<TokenBucket> bucket_;
  std::unique_ptr<LeakyBucket> leaky_;
  Books* books_ = nullptr;
  Findings* findings_ = nullptr;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_TOKEN_BUCKET_ATTACHMENT_H_
