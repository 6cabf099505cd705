// Making, changing and looking at a client throttle. The calls of each request come in through
// PermitPolicy.
#include "bind_permit_policies.h"

#include <memory>
#include <string>

#include "clock.h"
#include "permit_policy.h"
#include "settings.h"
#include "spillway/concurrency/client_throttle.h"

namespace spillway::python {
namespace {

using Settings = ClientThrottleSettings;

class ClientThrottlePolicy final : public PermitPolicy {
 public:
  ClientThrottlePolicy(const std::string& name, const Fields& options)
      : throttle_(MakeOne(name, SettingsFrom<Settings>(options))) {
    coarse_ = OutlastsTicks(throttle_->settings().window_ns / ClientThrottleMemory::kBuckets);
  }

  DecisionFields Decide(Nanos now, Priority priority) noexcept override {
    return throttle_->Decide(TimeOf(now), priority);
  }
  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) noexcept override {
    return throttle_->Settle(permit, outcome, TimeOf(now));
  }

  void Reconfigure(const Fields& options) {
    Error error;
    if (!throttle_->Reconfigure(SettingsFrom<Settings>(options), &error)) Raise(error);
  }
  // Another one takes its place: to that one, the permits that are out are foreign.
  void Reset() { throttle_ = MakeOne(std::string(throttle_->name()), throttle_->settings()); }
  Fields Snapshot(const Time& at) const { return FieldsOf(throttle_->Snapshot(PreciseTime(at))); }

 private:
  static std::unique_ptr<ClientThrottle> MakeOne(const std::string& name,
                                                 const Settings& settings) {
    Error error;
    auto made = ClientThrottle::Make(name, settings, &error);
    if (!made) Raise(error);
    return made;
  }
  // Nothing is decided to the nanosecond here: the last tick of the kernel will do, unless buckets
  // are so short that it would show.
  Nanos TimeOf(Nanos now) const noexcept {
    if (now != kReadClock) return now;
    return coarse_ ? NearNow() : PreciseNow();
  }

  std::unique_ptr<ClientThrottle> throttle_;
  bool coarse_;
};

}  // namespace

void BindClientThrottle(py::module_& module) {
  using Self = ClientThrottlePolicy;
  const auto now = py::arg("now_ns") = py::none();
  py::class_<Self, PermitPolicy>(module, "ClientThrottleCore",
                                 "The client throttle itself: made, changed and looked at here.")
      .def(py::init<const std::string&, const Fields&>(), py::arg("name"), py::arg("options"))
      .def("reconfigure", &Self::Reconfigure, py::arg("options"))
      .def("reset", &Self::Reset)
      .def("snapshot", &Self::Snapshot, now);
}

}  // namespace spillway::python
