// Making, changing and looking at a token bucket. The calls of each request come in through
// Limiter.
#include "bind_token_bucket.h"

#include <memory>
#include <string>

#include "limiter.h"
#include "settings.h"
#include "spillway/limiter/token_bucket.h"

namespace spillway::python {
namespace {

class TokenBucketLimiter final : public Limiter {
 public:
  TokenBucketLimiter(const std::string& name, const Fields& options) {
    Error error;
    bucket_ = TokenBucket::Make(name, SettingsFrom<TokenBucketSettings>(options), &error);
    if (!bucket_) Raise(error);
  }

  LimiterDecision TryAcquire(Nanos now, int64_t n) noexcept override {
    return bucket_->TryAcquire(now, n);
  }
  int64_t AcquireUpTo(Nanos now, int64_t n) noexcept override {
    return bucket_->AcquireUpTo(now, n);
  }
  LimiterDecision ForceAcquire(Nanos now, int64_t n) noexcept override {
    return bucket_->ForceAcquire(now, n);
  }
  void Refund(Nanos now, int64_t n) noexcept override { bucket_->Refund(now, n); }
  LimiterDecision Peek(Nanos now, int64_t n) noexcept override {
    LimiterDecision decision = bucket_->TryAcquire(now, 0);
    const LimitStatus status = bucket_->Describe(decision, now, 0);
    if (n > status.limit) {
      decision.reason = static_cast<int32_t>(TokenBucketRejection::kExceedsBurst);
    } else if (n > status.remaining) {
      decision.reason = static_cast<int32_t>(TokenBucketRejection::kExhausted);
    }
    return decision;
  }
  LimiterReservation Reserve(Nanos now, int64_t n, Nanos max_wait) noexcept override {
    return bucket_->Reserve(now, n, max_wait);
  }
  void Cancel(const LimiterReservation& reservation, Nanos now) noexcept override {
    bucket_->Cancel(reservation, now);
  }
  LimitStatus Describe(const LimiterDecision& decision, Nanos now, int64_t n,
                       Nanos max_wait) const noexcept override {
    return bucket_->Describe(decision, now, n, max_wait);
  }

  void Reconfigure(const Fields& options, const std::string& inheritance, const Time& at) {
    Error error;
    const auto inherits = EnumFrom<Inheritance>("inheritance", kInheritanceChoices, inheritance);
    if (!bucket_->Reconfigure(SettingsFrom<TokenBucketSettings>(options), inherits, PreciseTime(at),
                              &error))
      Raise(error);
  }
  Fields Snapshot(const Time& at) { return FieldsOf(bucket_->Snapshot(PreciseTime(at))); }

 private:
  std::unique_ptr<TokenBucket> bucket_;
};

}  // namespace

void BindTokenBucket(py::module_& module) {
  using Self = TokenBucketLimiter;
  const auto now = py::arg("now_ns") = py::none();
  py::class_<Self, Limiter>(module, "TokenBucketCore",
                            "The token bucket itself: made, changed and looked at here.")
      .def(py::init<const std::string&, const Fields&>(), py::arg("name"), py::arg("options"))
      .def("reconfigure", &Self::Reconfigure, py::arg("options"), py::arg("inheritance"), now)
      .def("snapshot", &Self::Snapshot, now);
}

}  // namespace spillway::python
