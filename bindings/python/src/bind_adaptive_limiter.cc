// Making, changing and looking at an adaptive limiter. The calls of each request come in through
// PermitPolicy.
#include <memory>
#include <string>

#include "bind_permit_policies.h"
#include "clock.h"
#include "permit_policy.h"
#include "settings.h"
#include "spillway/concurrency/adaptive_limiter.h"

namespace spillway::python {
namespace {

using Settings = AdaptiveLimiterSettings;

// Always at the precise time: how long calls take is what it decides by.
class AdaptiveLimiterPolicy final : public PermitPolicy {
 public:
  AdaptiveLimiterPolicy(const std::string& name, const Fields& options)
      : limiter_(MakeOne(name, SettingsFrom<Settings>(options))) {}

  DecisionFields Decide(Nanos now, Priority) noexcept override {
    return limiter_->Decide(TimeOf(now));
  }
  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) noexcept override {
    return limiter_->Settle(permit, outcome, TimeOf(now));
  }

  void Reconfigure(const Fields& options) {
    Error error;
    if (!limiter_->Reconfigure(SettingsFrom<Settings>(options), &error)) Raise(error);
  }
  // Another one takes its place: to that one, the permits that are out are foreign.
  void Reset() { limiter_ = MakeOne(std::string(limiter_->name()), limiter_->settings()); }
  Fields Snapshot(const Time& at) const { return FieldsOf(limiter_->Snapshot(PreciseTime(at))); }

 private:
  static std::unique_ptr<AdaptiveLimiter> MakeOne(const std::string& name,
                                                  const Settings& settings) {
    Error error;
    auto made = AdaptiveLimiter::Make(name, settings, &error);
    if (!made) Raise(error);
    return made;
  }
  static Nanos TimeOf(Nanos now) noexcept { return now == kReadClock ? PreciseNow() : now; }

  std::unique_ptr<AdaptiveLimiter> limiter_;
};

}  // namespace

void BindAdaptiveLimiter(py::module_& module) {
  using Self = AdaptiveLimiterPolicy;
  const auto now = py::arg("now_ns") = py::none();
  py::class_<Self, PermitPolicy>(module, "AdaptiveLimiterCore",
                                 "The adaptive limiter itself: made, changed and looked at here.")
      .def(py::init<const std::string&, const Fields&>(), py::arg("name"), py::arg("options"))
      .def("reconfigure", &Self::Reconfigure, py::arg("options"))
      .def("reset", &Self::Reset)
      .def("snapshot", &Self::Snapshot, now);
}

}  // namespace spillway::python
