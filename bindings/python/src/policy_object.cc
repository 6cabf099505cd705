#include "policy_object.h"

#include "guarded.h"

namespace spillway::python {
namespace {

PyObject* Call(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  auto* self = Initialised<PolicyObject>(object);
  if (self == nullptr) return nullptr;
  if (count == 0) {
    PyErr_SetString(PyExc_TypeError, "call() needs the function to call");
    return nullptr;
  }
  // A function that runs only when its result is iterated cannot be guarded by calling it.
  PyObject* function = PyMethod_Check(args[0]) ? PyMethod_GET_FUNCTION(args[0]) : args[0];
  if (PyFunction_Check(function)) {
    const auto* code = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function));
    if ((code->co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR)) != 0) [[unlikely]] {
      const auto refused =
          py::reinterpret_steal<py::object>(PyObject_CallOneArg(globals.check_callable, args[0]));
      if (!refused) return nullptr;
    }
  }
  return self->call(self, args[0], args + 1, static_cast<size_t>(count - 1), keywords);
}

PyObject* GuardFunction(PyObject* object, PyObject* function) {
  auto* self = Initialised<PolicyObject>(object);
  return self == nullptr ? nullptr : NewGuarded(self, function);
}

PyMethodDef kMethods[] = {
    {"call", AsCFunction(Call), METH_FASTCALL | METH_KEYWORDS,
     "call(self, function: collections.abc.Callable[..., typing.Any], /, *args: typing.Any, "
     "**kwargs: typing.Any) -> typing.Any\n\n"
     "Calls the function under the policy and returns its result; for an async function, a\n"
     "coroutine that does. Raises the policy's exception when it refuses."},
    {"_guard", GuardFunction, METH_O,
     "_guard(self, function: collections.abc.Callable[..., typing.Any], /) -> "
     "collections.abc.Callable[..., typing.Any]\n\n"
     "The function under this policy."},
    {}};

PyObject* GetName(PyObject* object, void*) {
  PyObject* name = reinterpret_cast<PolicyObject*>(object)->name;
  return Py_NewRef(name == nullptr ? Py_None : name);
}

PyGetSetDef kProperties[] = {
    {"name", GetName, nullptr,
     "(self) -> str | None\n\nThe name it was made with; None: it is not exported.", nullptr},
    {}};

constexpr char kDoc[] = "What every policy has.";

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_methods, kMethods},
                        {Py_tp_getset, kProperties},
                        {0, nullptr}};

PyType_Spec kSpec = {"spillway._core.Policy", sizeof(PolicyObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE |
                         Py_TPFLAGS_DISALLOW_INSTANTIATION,
                     kSlots};

}  // namespace

void AddPolicyType(py::module_& module) { globals.policy_type = AddType(module, kSpec); }

void TakePolicy(PolicyObject* self, PyObject* core, PyObject* name, PyObject* rejected,
                PyObject* reasons) {
  self->core = Py_NewRef(core);
  self->name = Py_NewRef(name);
  self->rejected = Py_NewRef(rejected);
  self->reasons = Py_NewRef(reasons);
}

void ReleasePolicy(PolicyObject* self) {
  Py_XDECREF(self->name);
  Py_XDECREF(self->rejected);
  Py_XDECREF(self->reasons);
  Py_XDECREF(self->core);
}

PyObject* RaiseUninitialised(PyObject* object) {
  PyErr_Format(PyExc_RuntimeError, "this %s was not initialised: its __init__ did not run",
               Py_TYPE(object)->tp_name);
  return nullptr;
}

PyObject* RaiseRejected(const PolicyObject* self, int32_t reason, Nanos retry_after) {
  const auto seconds = py::reinterpret_steal<py::object>(RoundedUpSeconds(retry_after));
  const auto nanos = py::reinterpret_steal<py::object>(NanosOrNone(retry_after));
  if (!seconds || !nanos) return nullptr;
  PyObject* arguments[] = {ReasonOf(self->reasons, reason), seconds.ptr(), self->name, nanos.ptr()};
  const auto error =
      py::reinterpret_steal<py::object>(PyObject_Vectorcall(self->rejected, arguments, 4, nullptr));
  if (error) PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  return nullptr;
}

}  // namespace spillway::python
