#include "permit_object.h"

#include <utility>

namespace spillway::python {
namespace {

struct RejectionObject {
  PyObject ob_base;
  PermitPolicyObject* policy;
  int32_t reason;
  Nanos retry_after;
};

PermitObject* AsPermit(PyObject* object) { return reinterpret_cast<PermitObject*>(object); }
RejectionObject* AsRejection(PyObject* object) {
  return reinterpret_cast<RejectionObject*>(object);
}

// ---- Permit

PyObject* SettleMethod(PyObject* object, PyObject* const* args, Py_ssize_t count,
                       PyObject* keywords) {
  static constexpr const char* kNames[] = {"outcome", "now_ns"};
  PyObject* values[2] = {};
  Outcome outcome = Outcome::kIgnored;
  Nanos now = kReadClock;
  if (!ParseArguments("settle", kNames, 1, args, count, keywords, values) ||
      !ReadOutcome(values[0], "outcome", &outcome) || !ReadNow(values[1], &now))
    return nullptr;
  PermitObject* self = AsPermit(object);
  const PermitFields fields = std::exchange(self->fields, {});
  return PyBool_FromLong(Settle(self->policy, fields, outcome, now) == Settlement::kCounted);
}

PyObject* SettleResultMethod(PyObject* object, PyObject* result) {
  PermitObject* self = AsPermit(object);
  const PermitFields fields = std::exchange(self->fields, {});
  return SettleResult(self->policy, fields, result) ? Py_NewRef(result) : nullptr;
}

PyObject* GetSettled(PyObject* object, void*) {
  return PyBool_FromLong(AsPermit(object)->settled());
}

PyObject* ReprPermit(PyObject* object) {
  const PermitObject* self = AsPermit(object);
  return PyUnicode_FromFormat("<Permit of %R%s>", self->policy->name,
                              self->settled() ? ", settled" : "");
}

// Nobody can settle it any more: it is given back, and the mistake is said aloud.
void FinalizePermit(PyObject* object) {
  PermitObject* self = AsPermit(object);
  if (self->settled()) return;
  const ExceptionSaver saver;
  // Without Notice: this may run in the middle of anything, and giving back changes no state.
  self->policy->policy->Settle(std::exchange(self->fields, {}), Outcome::kIgnored, kReadClock);
  if (PyErr_ResourceWarning(object, 1,
                            "a permit of policy %R was never settled; it counts as ignored",
                            self->policy->name) < 0)
    PyErr_WriteUnraisable(object);
}

int TraversePermit(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(AsPermit(object)->policy);
  return 0;
}

void DeallocPermit(PyObject* object) {
  if (!AsPermit(object)->settled() && PyObject_CallFinalizerFromDealloc(object) < 0) return;
  PyObject_GC_UnTrack(object);
  Py_DECREF(AsPermit(object)->policy);
  FreeObject(object);
}

int PermitTruth(PyObject*) { return 1; }
PyObject* PermitBool(PyObject*, PyObject*) { Py_RETURN_TRUE; }

PyMethodDef kPermitMethods[] = {
    // Beside the slot, which has no place for the type: checkers tell permits from rejections by
    // it.
    {"__bool__", PermitBool, METH_NOARGS | METH_COEXIST, "__bool__(self) -> typing.Literal[True]"},
    {"settle", AsCFunction(SettleMethod), METH_FASTCALL | METH_KEYWORDS,
     "settle(self, outcome: spillway._outcome.Outcome, now_ns: int | None = None) -> bool\n\n"
     "Tells how the call ended. True when that was counted.\n\n"
     "False when the permit was settled before, or when the state it was issued in has ended: "
     "both\n"
     "change nothing but a counter. Thread-safe; never blocks."},
    {"settle_result", SettleResultMethod, METH_O,
     "settle_result(self, result: typing.Any) -> typing.Any\n\n"
     "Settles by what the policy's `classify` and `on_result` say of a result, and returns it."},
    {}};

PyGetSetDef kPermitProperties[] = {
    {"settled", GetSettled, nullptr, "(self) -> bool\n\nWhether it was settled.", nullptr}, {}};

constexpr char kPermitDoc[] =
    "The right to make one call, to be settled once with what became of it.\n\n"
    "It keeps its policy alive and may be settled in another thread. One that is collected\n"
    "unsettled counts as ignored, with a ResourceWarning.";

PyType_Slot kPermitSlots[] = {{Py_tp_doc, const_cast<char*>(kPermitDoc)},
                              {Py_tp_dealloc, reinterpret_cast<void*>(DeallocPermit)},
                              {Py_tp_finalize, reinterpret_cast<void*>(FinalizePermit)},
                              {Py_tp_traverse, reinterpret_cast<void*>(TraversePermit)},
                              {Py_tp_repr, reinterpret_cast<void*>(ReprPermit)},
                              {Py_nb_bool, reinterpret_cast<void*>(PermitTruth)},
                              {Py_tp_methods, kPermitMethods},
                              {Py_tp_getset, kPermitProperties},
                              {0, nullptr}};

PyType_Spec kPermitSpec = {"spillway._core.Permit", sizeof(PermitObject), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                               Py_TPFLAGS_DISALLOW_INSTANTIATION,
                           kPermitSlots};

// ---- Rejection

PyObject* GetReason(PyObject* object, void*) {
  const RejectionObject* self = AsRejection(object);
  return Py_NewRef(ReasonOf(self->policy->reasons, self->reason));
}

PyObject* GetRetryAfter(PyObject* object, void*) {
  return RoundedUpSeconds(AsRejection(object)->retry_after);
}

PyObject* GetRetryAfterNs(PyObject* object, void*) {
  return PyLong_FromLongLong(AsRejection(object)->retry_after);
}

PyObject* ReprRejection(PyObject* object) {
  const RejectionObject* self = AsRejection(object);
  return PyUnicode_FromFormat("<Rejection by %R: %S, retry after %lld ns>", self->policy->name,
                              ReasonOf(self->policy->reasons, self->reason),
                              static_cast<long long>(self->retry_after));
}

int RejectionTruth(PyObject*) { return 0; }
PyObject* RejectionBool(PyObject*, PyObject*) { Py_RETURN_FALSE; }

int TraverseRejection(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(AsRejection(object)->policy);
  return 0;
}

void DeallocRejection(PyObject* object) {
  PyObject_GC_UnTrack(object);
  Py_DECREF(AsRejection(object)->policy);
  FreeObject(object);
}

PyMethodDef kRejectionMethods[] = {{"__bool__", RejectionBool, METH_NOARGS | METH_COEXIST,
                                    "__bool__(self) -> typing.Literal[False]"},
                                   {}};

PyGetSetDef kRejectionProperties[] = {
    {"reason", GetReason, nullptr, "(self) -> enum.StrEnum\n\nWhy the policy refused.", nullptr},
    {"retry_after", GetRetryAfter, nullptr,
     "(self) -> float\n\nHow long to wait before asking again, in seconds, rounded up.", nullptr},
    {"retry_after_ns", GetRetryAfterNs, nullptr, "(self) -> int\n\nThe same in nanoseconds, exact.",
     nullptr},
    {}};

constexpr char kRejectionDoc[] = "The answer no, with its reason. It is false.";

PyType_Slot kRejectionSlots[] = {{Py_tp_doc, const_cast<char*>(kRejectionDoc)},
                                 {Py_tp_dealloc, reinterpret_cast<void*>(DeallocRejection)},
                                 {Py_tp_traverse, reinterpret_cast<void*>(TraverseRejection)},
                                 {Py_tp_repr, reinterpret_cast<void*>(ReprRejection)},
                                 {Py_nb_bool, reinterpret_cast<void*>(RejectionTruth)},
                                 {Py_tp_methods, kRejectionMethods},
                                 {Py_tp_getset, kRejectionProperties},
                                 {0, nullptr}};

PyType_Spec kRejectionSpec = {"spillway._core.Rejection", sizeof(RejectionObject), 0,
                              Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                                  Py_TPFLAGS_DISALLOW_INSTANTIATION,
                              kRejectionSlots};

}  // namespace

void AddPermitTypes(py::module_& module) {
  globals.permit_type = AddType(module, kPermitSpec);
  globals.rejection_type = AddType(module, kRejectionSpec);
}

PyObject* NewPermit(PermitPolicyObject* policy, const PermitFields& fields) {
  auto* permit = PyObject_GC_New(PermitObject, globals.permit_type);
  if (permit == nullptr) {
    const ExceptionSaver saver;
    Settle(policy, fields, Outcome::kIgnored);
    return nullptr;
  }
  Py_INCREF(policy);
  permit->policy = policy;
  permit->fields = fields;
  auto* object = reinterpret_cast<PyObject*>(permit);
  PyObject_GC_Track(object);
  return object;
}

PyObject* NewRejection(PermitPolicyObject* policy, const DecisionFields& decision) {
  auto* rejection = PyObject_GC_New(RejectionObject, globals.rejection_type);
  if (rejection == nullptr) return nullptr;
  Py_INCREF(policy);
  rejection->policy = policy;
  rejection->reason = decision.reason;
  rejection->retry_after = decision.retry_after;
  auto* object = reinterpret_cast<PyObject*>(rejection);
  PyObject_GC_Track(object);
  return object;
}

}  // namespace spillway::python
