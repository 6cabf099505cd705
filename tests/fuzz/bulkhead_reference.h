// A bulkhead told simply, one call after the other: what the real one must answer to any permit,
// forged and repeated ones too.
#ifndef SPILLWAY_TESTS_FUZZ_BULKHEAD_REFERENCE_H_
#define SPILLWAY_TESTS_FUZZ_BULKHEAD_REFERENCE_H_

#include <cmath>
#include <cstdint>
#include <deque>

#include "spillway/base/priority.h"
#include "spillway/c_api.h"
#include "spillway/concurrency/bulkhead_settings.h"
#include "spillway/concurrency/bulkhead_word.h"

namespace spillway::fuzz {

class ReferenceBulkhead {
 public:
  explicit ReferenceBulkhead(const BulkheadSettings& settings) : settings_(settings) {}

  const BulkheadSettings& settings() const { return settings_; }

  int32_t Ask(Priority priority, bool may_wait) {
    const int32_t reason = Reason(priority, may_wait);
    if (reason == 0) {
      ++in_flight_;
      ++totals_.total_admitted;
    } else if (reason == SPILLWAY_BULKHEAD_REJECTION_QUEUED) {
      left_.push_back(false);
      ++totals_.total_queued;
    } else {
      totals_.total_full += reason == SPILLWAY_BULKHEAD_REJECTION_FULL;
      totals_.total_queue_full += reason == SPILLWAY_BULKHEAD_REJECTION_QUEUE_FULL;
      totals_.total_shed += reason == SPILLWAY_BULKHEAD_REJECTION_SHED;
      totals_.total_refused_normal += priority == Priority::kNormal;
      totals_.total_refused_critical += priority == Priority::kCritical;
      totals_.total_refused_sheddable += priority == Priority::kSheddable;
    }
    return reason;
  }

  // The token of the last who joined.
  uint64_t LastPlace() const {
    const auto ticket = head_ + static_cast<uint32_t>(left_.size()) - 1;
    return BulkheadWord(ticket, 1, 0).bits();
  }

  // `own`: it says that this bulkhead gave it.
  int32_t Poll(bool own, uint64_t token) {
    const BulkheadWord held(token);
    if (own && HoldsSlot(held)) return SPILLWAY_ADMITTED;
    if (own && HoldsPlace(held)) {
      if (!Waits(held.head())) return SPILLWAY_ADMITTED;
      if (!left_[held.head() - head_]) return SPILLWAY_BULKHEAD_REJECTION_QUEUED;
    }
    return Misused();
  }

  int32_t Settle(bool own, uint64_t token) {
    const BulkheadWord held(token);
    if (own && HoldsPlace(held) && Waits(held.head())) {
      bool& left = left_[held.head() - head_];
      if (left) return Misused();
      left = true;
      ++totals_.total_left;
      Promote();
      return SPILLWAY_SETTLEMENT_COUNTED;
    }
    // A place that is not in the queue became a slot; whose slot it is nobody can tell.
    if (!own || !(HoldsSlot(held) || HoldsPlace(held)) || in_flight_ == 0) return Misused();
    --in_flight_;
    Promote();
    return SPILLWAY_SETTLEMENT_COUNTED;
  }

  void Reconfigure(const BulkheadSettings& settings) {
    settings_ = settings;
    Promote();
  }

  BulkheadSnapshot Snapshot() const {
    BulkheadSnapshot told;
    if (settings_.counted) told = totals_;
    told.in_flight = in_flight_;
    told.max_concurrent = settings_.max_concurrent;
    told.queued = static_cast<int32_t>(left_.size());
    told.max_queue = settings_.max_queue;
    told.total_misused = totals_.total_misused;
    return told;
  }

 private:
  static bool HoldsPlace(BulkheadWord token) { return token.queued() == 1 && token.in_use() == 0; }
  static bool HoldsSlot(BulkheadWord token) { return token.queued() == 0 && token.in_use() != 0; }

  bool Waits(uint32_t ticket) const { return ticket - head_ < left_.size(); }

  int32_t Misused() {
    ++totals_.total_misused;
    return SPILLWAY_E_MISUSE;
  }

  int64_t UnitsOf(Priority priority) const {
    if (priority == Priority::kCritical) return kWhole;
    const bool sheddable = priority == Priority::kSheddable;
    return std::lround((sheddable ? settings_.sheddable_share : settings_.normal_share) *
                       static_cast<double>(kWhole));
  }

  int32_t Reason(Priority priority, bool may_wait) const {
    const int64_t units = UnitsOf(priority);
    if (left_.empty()) {
      if (in_flight_ * kWhole < units * settings_.max_concurrent) return SPILLWAY_ADMITTED;
      if (in_flight_ < settings_.max_concurrent) return SPILLWAY_BULKHEAD_REJECTION_SHED;
    }
    if (!may_wait || settings_.max_queue == 0 || units != kWhole)
      return SPILLWAY_BULKHEAD_REJECTION_FULL;
    return left_.size() < static_cast<size_t>(settings_.max_queue)
               ? SPILLWAY_BULKHEAD_REJECTION_QUEUED
               : SPILLWAY_BULKHEAD_REJECTION_QUEUE_FULL;
  }

  void Promote() {
    while (!left_.empty() && (left_.front() || in_flight_ < settings_.max_concurrent)) {
      if (!left_.front()) {
        ++in_flight_;
        ++totals_.total_admitted;
      }
      left_.pop_front();
      ++head_;
    }
  }

  static constexpr int64_t kWhole = 10'000;

  BulkheadSettings settings_;
  int32_t in_flight_ = 0;
  uint32_t head_ = 0;      // the ticket of the first in the queue
  std::deque<bool> left_;  // of those in the queue: who has left it
  BulkheadSnapshot totals_;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_BULKHEAD_REFERENCE_H_
