// The calls that are made for each request allocate nothing, through C as little as in C++, and nor
// does what looks or changes.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>

#include "spillway/c_api.h"
#include "tests/support/allocations.h"

namespace spillway {
namespace {

template <class Body>
uint64_t AllocationsOf(Body body) {
  const uint64_t before = testing::allocations;
  body();
  return testing::allocations - before;
}

TEST(CAllocationTest, AllocationsInTheLibraryAreSeen) {
  spillway_circuit_breaker* breaker = nullptr;
  EXPECT_GE(
      AllocationsOf([&] { spillway_circuit_breaker_new(&breaker, nullptr, 0, nullptr, nullptr); }),
      1u);
  spillway_circuit_breaker_unref(breaker);
}

void UseAll(spillway_circuit_breaker* breaker) {
  spillway_circuit_breaker_snapshot snapshot;
  snapshot.struct_size = sizeof snapshot;
  spillway_acquire_result result;
  for (int64_t now = 0; now < 100; ++now) {
    spillway_circuit_breaker_try_acquire_at(breaker, now, &result);
    spillway_circuit_breaker_settle_at(breaker, &result.permit, SPILLWAY_OUTCOME_FAILURE, now);
  }
  EXPECT_EQ(spillway_circuit_breaker_try_acquire_at(breaker, 100, &result),
            SPILLWAY_CIRCUIT_BREAKER_REJECTION_OPEN);
  spillway_circuit_breaker_snapshot_at(breaker, 100, &snapshot);
}

TEST(CAllocationTest, ACallOfABreakerAllocatesNothing) {
  spillway_circuit_breaker* breaker = nullptr;
  ASSERT_EQ(spillway_circuit_breaker_new(&breaker, nullptr, 0, nullptr, nullptr), SPILLWAY_OK);
  UseAll(breaker);  // A thread's first refusal may: it registers the return of the thread's slot.
  spillway_circuit_breaker_reset_at(breaker, 100);
  EXPECT_EQ(AllocationsOf([&] { UseAll(breaker); }), 0u);
  spillway_circuit_breaker_unref(breaker);
}

void UseAll(spillway_bulkhead* bulkhead) {
  spillway_acquire_result slot;
  spillway_acquire_result place;
  spillway_acquire_result none;
  spillway_bulkhead_snapshot snapshot;
  spillway_bulkhead_options options;
  snapshot.struct_size = sizeof snapshot;
  options.struct_size = sizeof options;
  EXPECT_EQ(spillway_bulkhead_try_acquire_at(bulkhead, 0, 0, &slot), SPILLWAY_ADMITTED);
  EXPECT_EQ(spillway_bulkhead_try_acquire_at(bulkhead, 0, 0, &none),
            SPILLWAY_BULKHEAD_REJECTION_FULL);
  EXPECT_EQ(spillway_bulkhead_acquire(bulkhead, 0, 1, &none),
            SPILLWAY_BULKHEAD_REJECTION_TIMED_OUT);
  EXPECT_EQ(spillway_bulkhead_enqueue_at(bulkhead, 0, 0, &place),
            SPILLWAY_BULKHEAD_REJECTION_QUEUED);
  EXPECT_EQ(spillway_bulkhead_enqueue_at(bulkhead, 0, 0, &none),
            SPILLWAY_BULKHEAD_REJECTION_QUEUE_FULL);
  EXPECT_EQ(spillway_bulkhead_settle_at(bulkhead, &slot.permit, 0, 0), 0);
  EXPECT_EQ(spillway_bulkhead_poll_at(bulkhead, &place.permit, 0), SPILLWAY_ADMITTED);
  EXPECT_EQ(spillway_bulkhead_settle_at(bulkhead, &place.permit, 0, 0), 0);
  EXPECT_EQ(spillway_bulkhead_snapshot_at(bulkhead, 0, &snapshot), SPILLWAY_OK);
  EXPECT_EQ(snapshot.in_flight, 0);
  EXPECT_EQ(spillway_bulkhead_options_get(bulkhead, &options), SPILLWAY_OK);
  options.sheddable_share /= 2;
  EXPECT_EQ(spillway_bulkhead_reconfigure(bulkhead, &options, nullptr), SPILLWAY_OK);
}

TEST(CAllocationTest, ACallOfABulkheadAllocatesNothing) {
  spillway_bulkhead_options options = SPILLWAY_BULKHEAD_OPTIONS_INIT;
  options.max_concurrent = 1;
  options.max_queue = 1;
  spillway_bulkhead* bulkhead = nullptr;
  ASSERT_EQ(spillway_bulkhead_new(&bulkhead, nullptr, 0, &options, nullptr), SPILLWAY_OK);
  UseAll(bulkhead);  // A thread's first call may, as above.
  EXPECT_EQ(AllocationsOf([&] { UseAll(bulkhead); }), 0u);
  spillway_bulkhead_unref(bulkhead);
}

// At one moment, which leaves the bucket as it was.
void UseAll(spillway_token_bucket* bucket) {
  spillway_limit_status status;
  spillway_reservation reservation;
  spillway_token_bucket_snapshot snapshot;
  spillway_token_bucket_options options;
  snapshot.struct_size = sizeof snapshot;
  options.struct_size = sizeof options;
  EXPECT_EQ(spillway_token_bucket_try_acquire_at(bucket, 1, 0, &status), SPILLWAY_ADMITTED);
  EXPECT_EQ(spillway_token_bucket_try_acquire_at(bucket, 9, 0, &status),
            SPILLWAY_TOKEN_BUCKET_REJECTION_EXHAUSTED);
  EXPECT_EQ(spillway_token_bucket_try_acquire_at(bucket, 10, 0, nullptr),
            SPILLWAY_TOKEN_BUCKET_REJECTION_EXCEEDS_BURST);
  EXPECT_EQ(spillway_token_bucket_acquire_up_to_at(bucket, 20, 0), 8);
  EXPECT_EQ(spillway_token_bucket_acquire_up_to_at(bucket, 20, 0), 0);
  EXPECT_EQ(spillway_token_bucket_reserve_at(bucket, 2, 0, 0, &reservation, &status),
            SPILLWAY_TOKEN_BUCKET_REJECTION_EXHAUSTED);
  EXPECT_EQ(spillway_token_bucket_reserve_at(bucket, 2, INT64_MAX, 0, &reservation, &status),
            SPILLWAY_ADMITTED);
  EXPECT_EQ(spillway_token_bucket_cancel_at(bucket, &reservation, 0), SPILLWAY_OK);
  EXPECT_EQ(spillway_token_bucket_force_acquire_at(bucket, 5, 0), SPILLWAY_ADMITTED);
  EXPECT_EQ(spillway_token_bucket_refund_at(bucket, 100, 0), SPILLWAY_OK);
  EXPECT_EQ(spillway_token_bucket_snapshot_at(bucket, 0, &snapshot), SPILLWAY_OK);
  EXPECT_EQ(snapshot.tokens, 9);
  EXPECT_EQ(spillway_token_bucket_options_get(bucket, &options), SPILLWAY_OK);
  options.rate += 1;
  EXPECT_EQ(
      spillway_token_bucket_reconfigure_at(bucket, &options, SPILLWAY_INHERITANCE_KEEP, 0, nullptr),
      SPILLWAY_OK);
}

TEST(CAllocationTest, ACallOfATokenBucketAllocatesNothing) {
  spillway_token_bucket_options options = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
  options.rate = 10;
  options.burst = 9;
  spillway_token_bucket* bucket = nullptr;
  ASSERT_EQ(spillway_token_bucket_new(&bucket, nullptr, 0, &options, nullptr), SPILLWAY_OK);
  UseAll(bucket);  // A thread's first call may, as above.
  EXPECT_EQ(AllocationsOf([&] { UseAll(bucket); }), 0u);
  spillway_token_bucket_unref(bucket);
}

// A multi limiter of both kinds of bucket, and the calls of the one beside it.
struct Multi {
  spillway_leaky_bucket* leaky;
  spillway_multi_limiter* limiter;
};

void UseAll(const Multi& multi) {
  spillway_limit_status status;
  spillway_reservation reservation;
  spillway_leaky_bucket_snapshot level;
  spillway_multi_limiter_snapshot counts;
  size_t refuser = 0;
  level.struct_size = sizeof level;
  counts.struct_size = sizeof counts;
  EXPECT_EQ(spillway_multi_limiter_try_acquire_at(multi.limiter, 1, 0, &refuser, &status),
            SPILLWAY_ADMITTED);
  EXPECT_EQ(spillway_leaky_bucket_try_acquire_at(multi.leaky, 1, 0, &status), SPILLWAY_ADMITTED);
  EXPECT_EQ(spillway_multi_limiter_try_acquire_at(multi.limiter, 1, 0, &refuser, &status),
            SPILLWAY_MULTI_LIMITER_REJECTION_EXHAUSTED);
  EXPECT_EQ(refuser, 1u);
  EXPECT_EQ(spillway_leaky_bucket_reserve_at(multi.leaky, 1, INT64_MAX, 0, &reservation, &status),
            SPILLWAY_ADMITTED);
  EXPECT_EQ(spillway_leaky_bucket_cancel_at(multi.leaky, &reservation, 0), SPILLWAY_OK);
  EXPECT_EQ(spillway_leaky_bucket_refund_at(multi.leaky, 2, 0), SPILLWAY_OK);
  EXPECT_EQ(spillway_leaky_bucket_snapshot_at(multi.leaky, 0, &level), SPILLWAY_OK);
  EXPECT_EQ(level.level, 0);
  EXPECT_EQ(spillway_multi_limiter_snapshot_at(multi.limiter, 0, &counts), SPILLWAY_OK);
}

TEST(CAllocationTest, ACallOfALeakyBucketOrAMultiLimiterAllocatesNothing) {
  spillway_token_bucket_options of_tokens = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
  spillway_leaky_bucket_options of_leaky = SPILLWAY_LEAKY_BUCKET_OPTIONS_INIT;
  of_tokens.rate = of_leaky.rate = 10;
  of_tokens.burst = 9;
  of_leaky.capacity = 3;
  of_leaky.free = 2;
  spillway_multi_limiter_member members[2] = {};
  Multi multi{};
  ASSERT_EQ(spillway_token_bucket_new(&members[0].token_bucket, nullptr, 0, &of_tokens, nullptr),
            SPILLWAY_OK);
  ASSERT_EQ(spillway_leaky_bucket_new(&multi.leaky, nullptr, 0, &of_leaky, nullptr), SPILLWAY_OK);
  members[1].leaky_bucket = multi.leaky;
  ASSERT_EQ(spillway_multi_limiter_new(&multi.limiter, nullptr, 0, members, 2, nullptr, nullptr),
            SPILLWAY_OK);
  UseAll(multi);  // A thread's first call may, as above.
  EXPECT_EQ(AllocationsOf([&] { UseAll(multi); }), 0u);
  spillway_multi_limiter_unref(multi.limiter);
  spillway_leaky_bucket_unref(multi.leaky);
  spillway_token_bucket_unref(members[0].token_bucket);
}

// Leaves it as it was, for a clock that stands still.
void UseAll(spillway_sliding_window_limiter* limiter) {
  spillway_limit_status status;
  spillway_sliding_window_limiter_snapshot snapshot;
  spillway_sliding_window_limiter_options options;
  snapshot.struct_size = sizeof snapshot;
  options.struct_size = sizeof options;
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(spillway_sliding_window_limiter_try_acquire_at(limiter, 1, 0, &status),
              SPILLWAY_ADMITTED);
  }
  EXPECT_EQ(spillway_sliding_window_limiter_try_acquire_at(limiter, 1, 0, &status),
            SPILLWAY_SLIDING_WINDOW_LIMITER_REJECTION_EXHAUSTED);
  EXPECT_EQ(spillway_sliding_window_limiter_snapshot_at(limiter, 0, &snapshot), SPILLWAY_OK);
  EXPECT_EQ(snapshot.in_window, 9);
  EXPECT_EQ(spillway_sliding_window_limiter_options_get(limiter, &options), SPILLWAY_OK);
  EXPECT_EQ(spillway_sliding_window_limiter_reconfigure(limiter, &options, nullptr), SPILLWAY_OK);
  EXPECT_EQ(spillway_sliding_window_limiter_reset(limiter), SPILLWAY_OK);
}

TEST(CAllocationTest, ACallOfASlidingWindowLimiterAllocatesNothing) {
  spillway_sliding_window_limiter_options options = SPILLWAY_SLIDING_WINDOW_LIMITER_OPTIONS_INIT;
  options.limit = 9;
  options.per_ns = 1'000'000'000;
  spillway_sliding_window_limiter* limiter = nullptr;
  ASSERT_EQ(spillway_sliding_window_limiter_new(&limiter, nullptr, 0, &options, nullptr),
            SPILLWAY_OK);
  UseAll(limiter);  // A thread's first call may, as above.
  EXPECT_EQ(AllocationsOf([&] { UseAll(limiter); }), 0u);
  spillway_sliding_window_limiter_unref(limiter);
}

void UseAll(spillway_keyed_limiter* limiter) {
  spillway_limit_status status;
  spillway_keyed_limiter_snapshot snapshot;
  snapshot.struct_size = sizeof snapshot;
  for (char key = 0; key < 20; ++key) {
    spillway_keyed_limiter_try_acquire_at(limiter, &key, 1, 2, 0, &status);
    spillway_keyed_limiter_try_acquire_at(limiter, &key, 1, 2, 0, &status);
    spillway_keyed_limiter_refund_at(limiter, &key, 1, 1, 0);
  }
  EXPECT_EQ(spillway_keyed_limiter_forget(limiter, "x", 1), SPILLWAY_OK);
  EXPECT_EQ(spillway_keyed_limiter_snapshot_at(limiter, 0, &snapshot), SPILLWAY_OK);
  EXPECT_GT(spillway_keyed_limiter_count_live_keys_at(limiter, 0), 0);
  EXPECT_EQ(spillway_keyed_limiter_reset(limiter), SPILLWAY_OK);
}

TEST(CAllocationTest, ACallOfAKeyedLimiterAllocatesNothing) {
  spillway_keyed_limiter_options options = SPILLWAY_KEYED_LIMITER_OPTIONS_INIT;
  options.rate = 10;
  options.burst = 3;
  options.max_keys = 4;
  spillway_keyed_limiter* limiter = nullptr;
  ASSERT_EQ(spillway_keyed_limiter_new(&limiter, nullptr, 0, &options, nullptr), SPILLWAY_OK);
  UseAll(limiter);  // A thread's first call may, as above.
  EXPECT_EQ(AllocationsOf([&] { UseAll(limiter); }), 0u);
  spillway_keyed_limiter_unref(limiter);
}

}  // namespace
}  // namespace spillway
