// A limiter of the core as what the code that runs for each request asks for.
#ifndef SPILLWAY_PYTHON_LIMITER_OF_H_
#define SPILLWAY_PYTHON_LIMITER_OF_H_

#include <memory>
#include <string>

#include "limiter.h"
#include "settings.h"
#include "spillway/limiter/token_bucket_settings.h"

namespace spillway::python {

// `Kind` is what it offers beside what is here.
template <class Policy, class Kind>
class LimiterOf : public Kind {
 public:
  // `parts` is what the policy is made of beside its settings.
  template <class... Parts>
  LimiterOf(const std::string& name, const Fields& options, const Parts&... parts) {
    Error error;
    policy_ =
        Policy::Make(name, parts..., SettingsFrom<typename Policy::Settings>(options), &error);
    if (!policy_) Raise(error);
  }

  LimitStatus Describe(const LimiterDecision& decision, Nanos now, int64_t n,
                       Nanos) const noexcept override {
    return policy_->Describe(decision, now, n);
  }
  Fields Snapshot(const Time& at) { return FieldsOf(policy_->Snapshot(PreciseTime(at))); }

 protected:
  // What TryAcquire would answer; `judge` says why not, by what is left when none are taken.
  template <class Judge>
  LimiterDecision LookAt(Nanos now, const Judge& judge) noexcept {
    LimiterDecision decision = policy_->TryAcquire(now, 0);
    decision.reason = static_cast<int32_t>(judge(policy_->Describe(decision, now, 0)));
    return decision;
  }

  std::unique_ptr<Policy> policy_;
};

// A bucket of the core: it reserves, and what it holds is inherited when its options change.
template <class Bucket, class Kind>
class BucketOf : public LimiterOf<Bucket, Kind> {
 public:
  using LimiterOf<Bucket, Kind>::LimiterOf;

  LimiterDecision TryAcquire(Nanos now, int64_t n) noexcept override {
    return this->policy_->TryAcquire(now, n);
  }
  LimitStatus Describe(const LimiterDecision& decision, Nanos now, int64_t n,
                       Nanos max_wait) const noexcept override {
    return this->policy_->Describe(decision, now, n, max_wait);
  }
  LimiterReservation Reserve(Nanos now, int64_t n, Nanos max_wait) noexcept override {
    return this->policy_->Reserve(now, n, max_wait);
  }
  void Cancel(const LimiterReservation& reservation, Nanos now) noexcept override {
    this->policy_->Cancel(reservation, now);
  }
  void Refund(Nanos now, int64_t n) noexcept override { this->policy_->Refund(now, n); }
  MultiLimiterMember AsMember() noexcept override { return *this->policy_; }
  bool IsDryRun() const noexcept override { return this->policy_->settings().dry_run; }

  void Reconfigure(const Fields& options, const std::string& inheritance, const Time& at) {
    Error error;
    const auto inherits = EnumFrom<Inheritance>("inheritance", kInheritanceChoices, inheritance);
    if (!this->policy_->Reconfigure(SettingsFrom<typename Bucket::Settings>(options), inherits,
                                    PreciseTime(at), &error))
      Raise(error);
  }
};

// Binds what every limiter has. `Parts` are the types, and `names` the names, of what it is made of
// beside its options.
template <class Self, class... Parts, class... Names>
py::class_<Self, DecidingLimiter> BindLimiter(py::module_& module, const char* name,
                                              const char* doc, const Names&... names) {
  return py::class_<Self, DecidingLimiter>(module, name, doc)
      .def(py::init<const std::string&, const Fields&, const Parts&...>(), py::arg("name"),
           py::arg("options"), py::arg(names)...)
      .def("snapshot", &Self::Snapshot, py::arg("now_ns") = py::none());
}

template <class Self>
void BindBucket(py::module_& module, const char* name, const char* doc) {
  BindLimiter<Self>(module, name, doc)
      .def("reconfigure", &Self::Reconfigure, py::arg("options"), py::arg("inheritance"),
           py::arg("now_ns") = py::none());
}

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_LIMITER_OF_H_
