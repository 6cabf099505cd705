// Bursts of calls on one token bucket or leaky bucket, held against token_bucket_model.h.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_TOKEN_BUCKET_BURSTS_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_TOKEN_BUCKET_BURSTS_H_

#include <gtest/gtest.h>

#include <atomic>
#include <concepts>
#include <string>
#include <vector>

#include "tests/linearizability/recorder.h"
#include "tests/linearizability/refutation.h"
#include "tests/linearizability/token_bucket_calls.h"
#include "tests/linearizability/token_bucket_model.h"

namespace spillway::testing {

using BucketHistory = HistoryOf<TokenBucketModel>;

template <class Bucket>
struct BucketScenario {
  std::string name;
  typename Bucket::Settings settings;
  TokenBucketUse use;
  size_t calls = 120;  // of each thread

  friend std::ostream& operator<<(std::ostream& out, const BucketScenario& scenario) {
    return out << scenario.name;
  }
};

template <class Bucket>
BucketHistory RecordBurst(const BucketScenario<Bucket>& scenario, BucketUnderTest<Bucket>* subject,
                          uint64_t seed) {
  constexpr size_t kThreads = 4;
  constexpr Nanos kStart = 1000 * kNanosPerSecond;
  using Client = BucketClient<Bucket>;
  Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
  std::atomic<Nanos> clock{kStart};
  std::vector<Client> clients;
  for (size_t i = 0; i < kThreads; ++i) clients.emplace_back(subject, scenario.use, &clock, i == 0);
  BucketHistory history = Burst<Client>(&stamper, seed).Run(&clients, scenario.calls);
  Client last(subject, scenario.use, &clock);
  history.emplace_back();
  stamper.Record(&last, {.kind = TokenBucketCall::Kind::kLook, .now = clock}, &history.back());
  return history;
}

// What is counted beside the word agrees with the answers once all have returned.
template <class Snapshot>
void ExpectTotals(const BucketHistory& history, const Snapshot& snapshot) {
  using Kind = TokenBucketCall::Kind;
  uint64_t admitted = 0;
  uint64_t refused = 0;
  for (const auto& thread : history) {
    for (const auto& [call, answer, invoked, returned] : thread) {
      if (call.kind == Kind::kTakeUpTo) {
        ++(answer->code != 0 ? admitted : refused);
      } else if (call.kind <= Kind::kReserve) {
        ++(answer->code == 0 ? admitted : refused);
      }
    }
  }
  EXPECT_EQ(snapshot.total_admitted, admitted);
  EXPECT_EQ(snapshot.total_refused, refused);
}

template <class Subject>
std::string FirstRefutedBurst(const BucketScenario<typename Subject::Bucket>& scenario,
                              uint64_t bursts) {
  using Bucket = typename Subject::Bucket;
  const TokenBucketModel model(scenario.settings);
  return FirstRefuted(scenario.name, model, bursts, [&](uint64_t seed) {
    Subject subject(scenario.settings);
    BucketHistory history = RecordBurst<Bucket>(scenario, &subject, seed);
    if constexpr (std::same_as<Subject, BucketUnderTest<Bucket>>)
      ExpectTotals(history, subject.Snapshot(0));
    return history;
  });
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_TOKEN_BUCKET_BURSTS_H_
