// The extension module of the Python package. What is called for each request is a hand-written
// type with fast calls; pybind11 makes, changes and inspects.
#include "bind_limiters.h"
#include "bind_permit_policies.h"
#include "clock.h"
#include "decision_object.h"
#include "guard.h"
#include "guarded.h"
#include "limiter.h"
#include "limiter_object.h"
#include "permit_object.h"
#include "permit_policy.h"
#include "permit_policy_object.h"
#include "place_object.h"
#include "policy_object.h"
#include "ready.h"
#include "support.h"

namespace spillway::python {
namespace {

// Kept for the life of the process, as all of Globals.
PyObject* Attribute(py::handle owner, const char* name) {
  return py::object(owner.attr(name)).release().ptr();
}

void LoadGlobals() {
  const py::object outcome = py::module_::import("spillway._outcome").attr("Outcome");
  globals.outcomes[static_cast<int>(Outcome::kSuccess)] = Attribute(outcome, "SUCCESS");
  globals.outcomes[static_cast<int>(Outcome::kFailure)] = Attribute(outcome, "FAILURE");
  globals.outcomes[static_cast<int>(Outcome::kIgnored)] = Attribute(outcome, "IGNORED");
  const py::object callables = py::module_::import("spillway._callables");
  globals.settle_after = Attribute(callables, "settle_after");
  globals.is_async = Attribute(callables, "is_async");
  globals.check_callable = Attribute(callables, "check_callable");
  const py::object waiting = py::module_::import("spillway._waiting");
  globals.enter_in_turn = Attribute(waiting, "enter_in_turn");
  globals.under_guard = Attribute(waiting, "under_guard");
  globals.allocate_lock = Attribute(py::module_::import("_thread"), "allocate_lock");
  globals.time = py::module_::import("time").release().ptr();
}

void SetVirtualTime(const OrNone<py::int_>& value) {
  Nanos now = 0;
  if (!ReadNow(value.ptr(), &now)) throw py::error_already_set();
  virtual_now.store(now, std::memory_order_relaxed);
}

}  // namespace
}  // namespace spillway::python

namespace py = pybind11;

// Not marked py::mod_gil_not_used(): the types here rely on the GIL for "settled once", and no
// build without a GIL has been tested, so such an interpreter turns its GIL on. Sub-interpreters
// are refused: there is one set of Globals.
PYBIND11_MODULE(_core, module, py::multiple_interpreters::not_supported()) {
  using namespace spillway::python;
  module.doc() = "The compiled part of spillway. Use the names that spillway itself offers.";
  LoadGlobals();
  AddReadyType(module);
  AddPermitTypes(module);
  AddPlaceType(module);
  AddGuardType(module);
  AddDecisionTypes(module);
  AddPolicyType(module);
  AddPermitPolicyTypes(module);
  AddLimiterType(module);
  AddReservingLimiterType(module);
  AddOverdraftLimiterType(module);
  AddGuardedType(module);
  py::class_<PermitPolicy>(module, "PermitPolicyCore",
                           "What a policy that gives permits is made around.");
  py::class_<DecidingLimiter>(module, "LimiterCore", "What a limiter is made around.");
  BindAdaptiveLimiter(module);
  BindBulkhead(module);
  BindCircuitBreaker(module);
  BindClientThrottle(module);
  BindKeyedLimiter(module);
  BindLeakyBucket(module);
  BindMultiLimiter(module);
  BindSlidingWindowLimiter(module);
  BindTokenBucket(module);
  module.def("set_virtual_time", &SetVirtualTime, py::arg("now_ns"),
             "Sets the clock of every policy of this process by hand; None: the real one again.");
}
