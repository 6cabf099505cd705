// Threads that use one bulkhead: what they call and what they get, in a form that a model can
// compare. Nobody sleeps here: who waits asks again.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_BULKHEAD_CALLS_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_BULKHEAD_CALLS_H_

#include <cstdint>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include "spillway/concurrency/bulkhead.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"

namespace spillway::testing {

struct BulkheadCall {
  enum class Kind { kTake, kJoin, kPoll, kSettle, kChange, kLook };

  Kind kind;
  Priority priority = Priority::kNormal;
  PermitFields permit = {};  // of kPoll and kSettle
  uint64_t to = 0;           // of kChange: which of the settings

  bool holds_place() const { return BulkheadWord(permit.token).queued() != 0; }
  uint64_t ticket() const { return Bulkhead::TicketOf(permit); }

  friend std::ostream& operator<<(std::ostream& out, const BulkheadCall& call) {
    static constexpr const char* kNames[] = {"take", "join", "poll", "settle", "change", "look"};
    out << kNames[static_cast<size_t>(call.kind)];
    if (call.kind <= Kind::kJoin) return out << " " << NameOf(call.priority);
    if (call.kind == Kind::kChange) return out << " to " << call.to;
    if (call.kind == Kind::kLook) return out;
    return call.holds_place() ? out << " ticket " << call.ticket() : out << " a slot";
  }

 private:
  static const char* NameOf(Priority priority) {
    return priority == Priority::kNormal     ? "normal"
           : priority == Priority::kCritical ? "critical"
                                             : "sheddable";
  }
};

struct BulkheadAnswer {
  int64_t code = 0;     // why refused, what was found, how settled, or whether it changed
  uint64_t ticket = 0;  // of who waits
  int64_t in_flight = 0;
  int64_t queued = 0;

  friend bool operator==(const BulkheadAnswer&, const BulkheadAnswer&) = default;
  friend std::ostream& operator<<(std::ostream& out, const BulkheadAnswer& answer) {
    return out << "code " << answer.code << " ticket " << answer.ticket << " in flight "
               << answer.in_flight << " queued " << answer.queued;
  }
};

// The bulkhead, or one with a mistake of its own.
class BulkheadUnderTest {
 public:
  explicit BulkheadUnderTest(const BulkheadSettings& settings)
      : bulkhead_(MakePolicy<Bulkhead>(settings)) {}
  virtual ~BulkheadUnderTest() = default;

  virtual DecisionFields Ask(Priority priority, bool may_wait) {
    BulkheadGrants granted;
    return may_wait ? bulkhead_->DecideOrQueue(0, priority, &granted)
                    : bulkhead_->Decide(0, priority, &granted);
  }
  virtual BulkheadPoll Poll(PermitFields* permit) {
    BulkheadGrants granted;
    return bulkhead_->Poll(permit, 0, &granted);
  }
  virtual Settlement Settle(const PermitFields& permit) {
    BulkheadGrants granted;
    return bulkhead_->Settle(permit, Outcome::kSuccess, 0, &granted);
  }
  virtual BulkheadSnapshot Snapshot() { return bulkhead_->Snapshot(0); }

  Bulkhead& bulkhead() { return *bulkhead_; }

 private:
  std::unique_ptr<Bulkhead> bulkhead_;
};

class BulkheadClient {
 public:
  using Operation = BulkheadCall;
  using Answer = BulkheadAnswer;
  using Kind = BulkheadCall::Kind;

  // `settings`: those it is made with, then those it is changed to, by one client that `changes`
  // it.
  BulkheadClient(BulkheadUnderTest* subject, const std::vector<BulkheadSettings>* settings,
                 bool changes = false)
      : subject_(subject), settings_(settings), changes_(changes && settings->size() > 1) {}

  BulkheadCall Next(Random& random) {
    if (changes_ && random.OneIn(4))
      return {.kind = Kind::kChange, .to = random.Below(settings_->size())};
    if (random.OneIn(6)) return {.kind = Kind::kLook};
    if (held_.empty() || (held_.size() < 3 && random.OneIn(2))) {
      return {.kind = random.OneIn(3) ? Kind::kTake : Kind::kJoin,
              .priority = static_cast<Priority>(random.Below(kPriorities))};
    }
    const size_t which = random.Below(held_.size());
    BulkheadCall call{.kind = Kind::kSettle, .permit = held_[which]};
    if (call.holds_place() && !random.OneIn(3)) call.kind = Kind::kPoll;
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    return call;
  }

  BulkheadAnswer Run(const BulkheadCall& call) {
    switch (call.kind) {
      case Kind::kTake:
      case Kind::kJoin:
        return Ask(call);
      case Kind::kPoll: {
        PermitFields permit = call.permit;
        const BulkheadPoll found = subject_->Poll(&permit);
        held_.push_back(permit);
        return {.code = static_cast<int64_t>(found)};
      }
      case Kind::kSettle:
        return {.code = static_cast<int64_t>(subject_->Settle(call.permit))};
      case Kind::kChange:
        return {.code = subject_->bulkhead().Reconfigure((*settings_)[call.to], nullptr)};
      default: {
        const BulkheadSnapshot seen = subject_->Snapshot();
        return {.in_flight = seen.in_flight, .queued = seen.queued};
      }
    }
  }

  // What it still holds, to be settled by others.
  std::vector<PermitFields> TakeAll() { return std::exchange(held_, {}); }

 private:
  BulkheadAnswer Ask(const BulkheadCall& call) {
    const DecisionFields decision = subject_->Ask(call.priority, call.kind == Kind::kJoin);
    BulkheadAnswer answer{.code = decision.reason};
    if (decision.permit.owner == 0) return answer;
    held_.push_back(decision.permit);
    if (decision.reason != 0) answer.ticket = Bulkhead::TicketOf(decision.permit);
    return answer;
  }

  BulkheadUnderTest* subject_;
  const std::vector<BulkheadSettings>* settings_;
  bool changes_;
  std::vector<PermitFields> held_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_BULKHEAD_CALLS_H_
