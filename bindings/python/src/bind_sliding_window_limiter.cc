// Making, changing and looking at a sliding window limiter. The calls of each request come in
// through Limiter.
#include "bind_limiters.h"
#include "limiter_of.h"
#include "spillway/limiter/sliding_window_limiter.h"

namespace spillway::python {
namespace {

class SlidingWindow final : public LimiterOf<SlidingWindowLimiter, Limiter> {
 public:
  using LimiterOf::LimiterOf;

  LimiterDecision TryAcquire(Nanos now, int64_t n) noexcept override {
    return policy_->TryAcquire(now, n);
  }
  LimiterDecision Peek(Nanos now, int64_t n) noexcept override {
    using Reason = SlidingWindowLimiterRejection;
    return LookAt(now, [n](const LimitStatus& status) {
      return n > 1 ? Reason::kExceedsOne : n > status.remaining ? Reason::kExhausted : Reason{};
    });
  }

  void Reconfigure(const Fields& options) {
    Error error;
    if (!policy_->Reconfigure(SettingsFrom<SlidingWindowLimiterSettings>(options), &error))
      Raise(error);
  }
  void Reset() { policy_->Reset(); }
};

}  // namespace

void BindSlidingWindowLimiter(py::module_& module) {
  BindLimiter<SlidingWindow>(module, "SlidingWindowLimiterCore",
                             "The sliding window limiter itself: made, changed and looked at here.")
      .def("reconfigure", &SlidingWindow::Reconfigure, py::arg("options"))
      .def("reset", &SlidingWindow::Reset);
}

}  // namespace spillway::python
