// Making, changing and looking at a bulkhead. The calls of each request come in through
// QueueingPolicy.
#include "bind_permit_policies.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "permit_policy.h"
#include "place_object.h"
#include "settings.h"
#include "spillway/concurrency/bulkhead.h"

namespace spillway::python {
namespace {

using Settings = BulkheadSettings;

constexpr int32_t Number(BulkheadRejection reason) { return static_cast<int32_t>(reason); }

// A bulkhead does not look at the time, so none is read. It wakes nobody either: who was granted a
// slot is found at the head of the queue, which is served after whatever may have granted one.
class BulkheadPolicy final : public QueueingPolicy {
 public:
  BulkheadPolicy(const std::string& name, const Fields& options)
      : made_(SettingsFrom<Settings>(options)), bulkhead_(MakeOne(name, made_)) {}

  DecisionFields Decide(Nanos now, Priority priority) noexcept override {
    BulkheadGrants granted;
    const DecisionFields decision = bulkhead_->Decide(TimeOf(now), priority, &granted);
    Serve(granted);
    return decision;
  }
  DecisionFields DecideOrQueue(Nanos now, Priority priority) noexcept override {
    BulkheadGrants granted;
    DecisionFields decision = bulkhead_->DecideOrQueue(TimeOf(now), priority, &granted);
    if (decision.reason == Number(BulkheadRejection::kQueued)) decision.reason = kQueued;
    Serve(granted);
    return decision;
  }
  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) noexcept override {
    BulkheadGrants granted;
    const Settlement settlement = bulkhead_->Settle(permit, outcome, TimeOf(now), &granted);
    Serve(granted);
    return settlement;
  }
  bool Poll(PermitFields* permit, Nanos now) noexcept override {
    BulkheadGrants granted;
    return bulkhead_->Poll(permit, TimeOf(now), &granted) == BulkheadPoll::kGranted;
  }
  bool IsBefore(const PermitFields& permit, const PermitFields& other) const noexcept override {
    return static_cast<int32_t>(Bulkhead::TicketOf(permit) - Bulkhead::TicketOf(other)) < 0;
  }
  Nanos max_wait() const noexcept override { return bulkhead_->max_wait(); }
  int32_t timed_out() const noexcept override { return Number(BulkheadRejection::kTimedOut); }

  void Reconfigure(const Fields& options) {
    Error error;
    BulkheadGrants granted;
    if (!bulkhead_->Reconfigure(SettingsFrom<Settings>(options), &error, &granted)) Raise(error);
    Serve(granted);
  }

  // Another one takes its place: to that one, the permits that are out are foreign. It has as many
  // places as this one was made with.
  void Reset() {
    const Settings settings = bulkhead_->settings();
    auto fresh = MakeOne(std::string(bulkhead_->name()), made_);
    Error error;
    if (!fresh->Reconfigure(settings, &error)) Raise(error);
    bulkhead_ = std::move(fresh);
    EmptyQueue(this);
  }

  Fields Snapshot() const { return FieldsOf(bulkhead_->Snapshot(0)); }

 private:
  static std::unique_ptr<Bulkhead> MakeOne(const std::string& name, const Settings& settings) {
    Error error;
    auto made = Bulkhead::Make(name, settings, &error);
    if (!made) Raise(error);
    return made;
  }
  static Nanos TimeOf(Nanos now) noexcept { return std::max(now, Nanos{0}); }

  void Serve(const BulkheadGrants& granted) noexcept {
    if (!granted.empty()) [[unlikely]]
      ServeQueue(this);
  }

  Settings made_;
  std::unique_ptr<Bulkhead> bulkhead_;
};

}  // namespace

void BindBulkhead(py::module_& module) {
  using Self = BulkheadPolicy;
  py::class_<Self, PermitPolicy>(module, "BulkheadCore",
                                 "The bulkhead itself: made, changed and looked at here.")
      .def(py::init<const std::string&, const Fields&>(), py::arg("name"), py::arg("options"))
      .def("reconfigure", &Self::Reconfigure, py::arg("options"))
      .def("reset", &Self::Reset)
      .def("snapshot", &Self::Snapshot);
}

}  // namespace spillway::python
