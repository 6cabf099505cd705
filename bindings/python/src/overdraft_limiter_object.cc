#include "decision_object.h"
#include "limiter_object.h"

namespace spillway::python {
namespace {

PyObject* AcquireUpTo(PyObject* object, PyObject* const* args, Py_ssize_t count,
                      PyObject* keywords) {
  int64_t n = 1;
  Nanos now = kReadClock;
  auto* self = ReadCall("acquire_up_to", 1, object, args, count, keywords, &n, &now);
  if (self == nullptr) return nullptr;
  return PyLong_FromLongLong(self->As<OverdraftLimiter>()->AcquireUpTo(now, n));
}

PyObject* ForceAcquire(PyObject* object, PyObject* const* args, Py_ssize_t count,
                       PyObject* keywords) {
  int64_t n = 1;
  Nanos now = kReadClock;
  auto* self = ReadCall("force_acquire", 1, object, args, count, keywords, &n, &now);
  if (self == nullptr) return nullptr;
  auto* limiter = self->As<OverdraftLimiter>();
  return NewDecision(self->core, limiter, limiter->ForceAcquire(now, n), now, n);
}

PyMethodDef kMethods[] = {
    {"acquire_up_to", AsCFunction(AcquireUpTo), METH_FASTCALL | METH_KEYWORDS,
     "acquire_up_to(self, n: int, now_ns: int | None = None) -> int\n\n"
     "Takes what is there, n at most; returns how many."},
    {"force_acquire", AsCFunction(ForceAcquire), METH_FASTCALL | METH_KEYWORDS,
     "force_acquire(self, n: int, now_ns: int | None = None) -> Decision\n\n"
     "Takes n whether they are there or not: what is not is owed, and later calls wait for it.\n\n"
     "Refused only when decades would be owed."},
    {}};

constexpr char kDoc[] = "What a limiter offers that has a balance.";

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_new, reinterpret_cast<void*>(PyType_GenericNew)},
                        {Py_tp_init, reinterpret_cast<void*>(InitLimiterOf<OverdraftLimiter>)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(DeallocLimiter)},
                        {Py_tp_methods, kMethods},
                        {0, nullptr}};

PyType_Spec kSpec = {"spillway._core.OverdraftLimiter", sizeof(LimiterObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, kSlots};

}  // namespace

void AddOverdraftLimiterType(py::module_& module) {
  AddType(module, kSpec, globals.reserving_limiter_type);
}

}  // namespace spillway::python
