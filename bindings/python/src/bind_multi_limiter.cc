// Making, changing and looking at a multi limiter. The calls of each request come in through
// Limiter.
#include <vector>

#include "bind_limiters.h"
#include "limiter_object.h"
#include "limiter_of.h"
#include "spillway/limiter/multi_limiter.h"

namespace spillway::python {
namespace {

using Policies = py::typing::Tuple<py::object, py::ellipsis>;

ReservingLimiter* BucketOfPolicy(py::handle policy) {
  if (!PyObject_TypeCheck(policy.ptr(), globals.reserving_limiter_type))
    throw py::type_error("a member is " + py::repr(policy).cast<std::string>() +
                         "; it must be a TokenBucket or a LeakyBucket");
  const auto* self = Initialised<LimiterObject>(policy.ptr());
  if (self == nullptr) throw py::error_already_set();
  return self->As<ReservingLimiter>();
}

std::vector<MultiLimiterMember> MembersOf(const Policies& policies) {
  std::vector<MultiLimiterMember> members;
  for (const py::handle policy : policies) members.push_back(BucketOfPolicy(policy)->AsMember());
  return members;
}

class MembersLimiter final : public LimiterOf<MultiLimiter, Limiter> {
 public:
  MembersLimiter(const std::string& name, const Fields& options, const Policies& policies)
      : LimiterOf(name, options, MembersOf(policies)), policies_(policies) {}

  LimiterDecision TryAcquire(Nanos now, int64_t n) noexcept override {
    return policy_->TryAcquire(now, n);
  }
  LimiterDecision Peek(Nanos now, int64_t n) noexcept override {
    for (size_t i = 0; i < policy_->members(); ++i) {
      auto* bucket = reinterpret_cast<LimiterObject*>(PolicyAt(i))->As<ReservingLimiter>();
      const int32_t reason = bucket->Peek(now, n).reason;
      if (reason == 0 || bucket->IsDryRun()) continue;  // a dry run lets calls pass here too
      const bool never = reason == static_cast<int32_t>(TokenBucketRejection::kExceedsBurst);
      const auto told =
          never ? MultiLimiterRejection::kExceedsMember : MultiLimiterRejection::kExhausted;
      return {.detail = i, .reason = static_cast<int32_t>(told)};
    }
    return {};
  }
  PyObject* RefusedBy(const LimiterDecision& decision) const noexcept override {
    return decision.reason == 0 ? nullptr : PolicyAt(MultiLimiter::Refuser(decision));
  }

  void Reconfigure(const Fields& options) {
    Error error;
    if (!policy_->Reconfigure(SettingsFrom<MultiLimiterSettings>(options), &error)) Raise(error);
  }

 private:
  PyObject* PolicyAt(size_t place) const noexcept {
    return PyTuple_GET_ITEM(policies_.ptr(), static_cast<Py_ssize_t>(place));
  }

  py::tuple policies_;  // its members, kept alive
};

}  // namespace

void BindMultiLimiter(py::module_& module) {
  BindLimiter<MembersLimiter, Policies>(
      module, "MultiLimiterCore", "The multi limiter itself: made, changed and looked at here.",
      "members")
      .def("reconfigure", &MembersLimiter::Reconfigure, py::arg("options"));
}

}  // namespace spillway::python
