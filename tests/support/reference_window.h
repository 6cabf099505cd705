// What the reference keeps of calls: all of them, as a list.
#ifndef SPILLWAY_TESTS_SUPPORT_REFERENCE_WINDOW_H_
#define SPILLWAY_TESTS_SUPPORT_REFERENCE_WINDOW_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "spillway/base/time.h"
#include "spillway/breaker/circuit_breaker_settings.h"

namespace spillway::testing {

// What was recorded since the window was last emptied.
class ReferencePeriod {
 public:
  struct Counts {
    uint64_t by_class[2][2] = {};  // [failed][slow]

    uint64_t failed() const { return by_class[1][0] + by_class[1][1]; }
    uint64_t slow() const { return by_class[0][1] + by_class[1][1]; }
    uint64_t total() const { return by_class[0][0] + by_class[0][1] + failed(); }
  };

  explicit ReferencePeriod(const CircuitBreakerSettings& settings)
      : bucket_((settings.window_ns + settings.buckets - 1) / settings.buckets),
        buckets_(settings.buckets),
        window_(settings.window_ns),
        start_bucket_(
            std::max(settings.window_ns / settings.buckets, (settings.slow_call_ns + 7) / 8)),
        slow_call_(settings.slow_call_ns) {
    if (settings.window_kind == WindowKind::kConsecutive) {
      calls_in_window_ = static_cast<uint64_t>(settings.window_failures);
    } else if (settings.window_kind != WindowKind::kTime) {
      calls_in_window_ = static_cast<uint64_t>(settings.window_size);
    }
  }

  // 0 for a window of time.
  uint64_t calls_in_window() const { return calls_in_window_; }

  // Adds a settled call and says how many of its class its bucket held before.
  uint64_t Record(bool failed, bool slow, Nanos now) {
    Nanos bucket = now / bucket_;
    for (const Call& call : calls_) {
      if (call.failed == failed && call.slow == slow) bucket = std::max(bucket, call.bucket);
    }
    uint64_t alike = 0;
    for (const Call& call : calls_) {
      alike += call.failed == failed && call.slow == slow && call.bucket == bucket;
    }
    calls_.push_back({failed, slow, bucket});
    return alike;
  }

  Counts Window(Nanos now) const {
    Nanos last = now / bucket_;
    for (const Call& call : calls_) last = std::max(last, call.bucket);
    Counts counts;
    for (size_t i = 0; i < calls_.size(); ++i) {
      const Call& call = calls_[i];
      const bool inside = calls_in_window_ != 0 ? i + calls_in_window_ >= calls_.size()
                                                : call.bucket > last - buckets_;
      if (inside) ++counts.by_class[call.failed][call.slow];
    }
    return counts;
  }

  // Whether it is the first of its bucket.
  bool RecordStart(Nanos now) { return started_[now / start_bucket_].started++ == 0; }

  void RecordEnd(Nanos start, bool ignored, bool slow) {
    Started& bucket = started_[start / start_bucket_];
    if (ignored) {
      ++bucket.ignored;
    } else if (!slow) {
      ++bucket.on_time;
    }
  }

  // With in_flight: how many calls are judged by their age, and how many are slow.
  std::pair<uint64_t, uint64_t> Judged(Nanos now) const {
    uint64_t calls = 0;
    uint64_t slow = 0;
    for (const auto& [number, bucket] : started_) {
      const Nanos over_for = now - (number + 1) * start_bucket_;
      if (over_for <= slow_call_ || over_for > slow_call_ + window_) continue;
      const uint64_t of_bucket = bucket.started - std::min(bucket.ignored, bucket.started);
      calls += of_bucket;
      slow += of_bucket - std::min(bucket.on_time, of_bucket);
    }
    return {calls, slow};
  }

 private:
  struct Call {
    bool failed;
    bool slow;
    Nanos bucket;
  };
  struct Started {
    uint64_t started = 0;
    uint64_t on_time = 0;
    uint64_t ignored = 0;
  };

  Nanos bucket_;
  Nanos buckets_;
  Nanos window_;
  Nanos start_bucket_;
  Nanos slow_call_;
  uint64_t calls_in_window_ = 0;
  std::vector<Call> calls_;
  std::map<Nanos, Started> started_;  // by the number of the bucket a call started in
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_REFERENCE_WINDOW_H_
