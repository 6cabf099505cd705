// Making, changing and looking at a circuit breaker. The calls of each request come in through
// PermitPolicy.
#include "bind_permit_policies.h"

#include <pybind11/typing.h>

#include <memory>
#include <span>
#include <string>
#include <utility>

#include "clock.h"
#include "permit_policy.h"
#include "settings.h"
#include "spillway/breaker/circuit_breaker.h"

namespace spillway::python {
namespace {

using Settings = CircuitBreakerSettings;

// Whether the kernel's last tick is as good a time as a precise one, while the breaker is closed:
// no bucket and no limit is so short that a tick would show.
bool CoarseTimeDoes(const Settings& settings) {
  const bool by_time = settings.window_kind == WindowKind::kTime;
  return OutlastsTicks(by_time ? settings.window_ns / settings.buckets : 0) &&
         OutlastsTicks(settings.slow_call_ns) && OutlastsTicks(settings.ramp_ns);
}

class CircuitBreakerPolicy final : public PermitPolicy {
 public:
  CircuitBreakerPolicy(const std::string& name, const Fields& options) {
    Error error;
    breaker_ = CircuitBreaker::Make(name, SettingsFrom<Settings>(options), &error);
    if (!breaker_) Raise(error);
    coarse_ = CoarseTimeDoes(breaker_->settings());
  }

  DecisionFields Decide(Nanos now, Priority) noexcept override {
    return breaker_->Decide(now == kReadClock ? Now() : now);
  }
  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) noexcept override {
    return breaker_->Settle(permit, outcome, now == kReadClock ? Now() : now);
  }
  uint32_t generation() const noexcept override { return breaker_->generation(); }

  void Reconfigure(const Fields& options) {
    Error error;
    if (!breaker_->Reconfigure(SettingsFrom<Settings>(options), &error)) Raise(error);
    coarse_ = CoarseTimeDoes(breaker_->settings());
  }

  CircuitBreaker& breaker() { return *breaker_; }

 private:
  // Only a closed breaker is lenient: all that leaves another state is decided to the nanosecond.
  Nanos Now() const noexcept {
    return coarse_ && breaker_->state() == CircuitBreakerState::kClosed ? NearNow() : PreciseNow();
  }

  std::unique_ptr<CircuitBreaker> breaker_;
  bool coarse_;
};

using EventFields = py::typing::Tuple<py::int_, py::str, py::str, py::str, Rate, py::int_>;
using Events = py::typing::Tuple<py::typing::List<EventFields>, py::int_, py::int_>;

// The events after generation `since` and up to `until`, how many were lost, and the next `since`.
Events ReadEvents(CircuitBreakerPolicy& self, uint32_t since, uint32_t until) {
  Event buffer[EventRing::kSlots];
  const EventBatch batch = self.breaker().Events(since, buffer);
  py::typing::List<EventFields> events;
  for (const Event& event : std::span(buffer, batch.count)) {
    if (IsLaterGeneration(event.generation, until)) {
      return py::make_tuple(std::move(events), batch.lost, until);
    }
    events.append(py::make_tuple(event.generation,
                                 NameOf(static_cast<CircuitBreakerState>(event.from)),
                                 NameOf(static_cast<CircuitBreakerState>(event.to)),
                                 NameOf(static_cast<CircuitBreakerEventReason>(event.reason)),
                                 RateOrNone(event.rate), event.time));
  }
  return py::make_tuple(std::move(events), batch.lost, batch.generation);
}

}  // namespace

void BindCircuitBreaker(py::module_& module) {
  using Self = CircuitBreakerPolicy;
  const auto now = py::arg("now_ns") = py::none();
  py::class_<Self, PermitPolicy>(module, "CircuitBreakerCore",
                                 "The circuit breaker itself: made, changed and looked at here.")
      .def(py::init<const std::string&, const Fields&>(), py::arg("name"), py::arg("options"))
      .def("reconfigure", &Self::Reconfigure, py::arg("options"))
      .def(
          "snapshot",
          [](Self& self, const Time& at) {
            return FieldsOf(self.breaker().Snapshot(PreciseTime(at)));
          },
          now)
      .def("events", &ReadEvents, py::arg("since"), py::arg("until"))
      .def_property_readonly("state", [](Self& self) { return NameOf(self.breaker().state()); })
      .def_property_readonly("generation", &Self::generation)
      .def_property_readonly("seed", [](Self& self) { return self.breaker().settings().seed; })
      .def(
          "force_open",
          [](Self& self, const Time& at) { return self.breaker().ForceOpen(PreciseTime(at)); }, now)
      .def(
          "disable",
          [](Self& self, const Time& at) { return self.breaker().Disable(PreciseTime(at)); }, now)
      .def(
          "metrics_only",
          [](Self& self, const Time& at) { return self.breaker().MetricsOnly(PreciseTime(at)); },
          now)
      .def(
          "reset", [](Self& self, const Time& at) { self.breaker().Reset(PreciseTime(at)); }, now);
}

}  // namespace spillway::python
