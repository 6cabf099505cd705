// Making a bucket that warms up. The calls themselves are in warm_up_bucket.cc.
#include "spillway/limiter/warm_up_bucket.h"

namespace spillway {

WarmUpBucket::WarmUpBucket(const TokenBucketSettings& settings, BucketMemory* memory,
                           const LimiterCounts* counts)
    : memory_(memory),
      counts_(counts),
      clock_(settings.rate, settings.burst, settings.burst, MostUnits(settings)),
      warm_up_(clock_.Units(settings.warm_up_ns), settings.cold_factor) {}

}  // namespace spillway
