#include "support.h"

#include <algorithm>

#include "clock.h"

namespace spillway::python {

PyTypeObject* AddType(py::module_& module, PyType_Spec& spec) {
  PyObject* type = PyType_FromModuleAndSpec(module.ptr(), &spec, nullptr);
  if (type == nullptr || PyModule_AddType(module.ptr(), reinterpret_cast<PyTypeObject*>(type)) < 0)
    throw py::error_already_set();
  return reinterpret_cast<PyTypeObject*>(type);  // never given back: see Globals
}

void FreeObject(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  type->tp_free(object);
  Py_DECREF(type);
}

bool ParseArguments(const char* method, std::span<const char* const> names, size_t required,
                    PyObject* const* args, Py_ssize_t positional, PyObject* keywords,
                    PyObject** values) {
  const size_t given = static_cast<size_t>(positional);
  if (given > names.size()) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zu arguments, not %zu", method, names.size(),
                 given);
    return false;
  }
  std::copy_n(args, given, values);
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t i = 0; i < named; ++i) {
    PyObject* keyword = PyTuple_GET_ITEM(keywords, i);
    const auto found = std::find_if(names.begin(), names.end(), [=](const char* name) {
      return PyUnicode_CompareWithASCIIString(keyword, name) == 0;
    });
    if (found == names.end()) {
      PyErr_Format(PyExc_TypeError, "%s() has no argument %R", method, keyword);
      return false;
    }
    PyObject*& value = values[found - names.begin()];
    if (value != nullptr) {
      PyErr_Format(PyExc_TypeError, "%s() got its argument %R twice", method, keyword);
      return false;
    }
    value = args[positional + i];
  }
  for (size_t i = 0; i < required; ++i) {
    if (values[i] != nullptr) continue;
    PyErr_Format(PyExc_TypeError, "%s() needs its argument '%s'", method, names[i]);
    return false;
  }
  return true;
}

bool ReadNow(PyObject* value, Nanos* now) {
  if (value == nullptr || value == Py_None) {
    *now = kReadClock;
    return true;
  }
  if (!PyLong_Check(value) || PyBool_Check(value)) {
    PyErr_Format(PyExc_TypeError, "now_ns is %R; it must be an int or None", value);
    return false;
  }
  int overflow = 0;
  *now = std::max(PyLong_AsLongLongAndOverflow(value, &overflow), 0LL);  // before 0 reads as 0
  if (overflow == 0) return true;
  PyErr_Format(PyExc_ValueError, "now_ns is %R; it must be -2**63 to 2**63 - 1", value);
  return false;
}

bool ReadOutcome(PyObject* value, const char* whose, Outcome* outcome) {
  for (int32_t number = 0; number < 3; ++number) {
    if (value != globals.outcomes[number]) continue;
    *outcome = static_cast<Outcome>(number);
    return true;
  }
  PyErr_Format(PyExc_TypeError, "%s is %R; it must be a member of spillway.Outcome", whose, value);
  return false;
}

PyObject* TakeException() {
#if PY_VERSION_HEX >= 0x030C0000
  return PyErr_GetRaisedException();
#else
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return value;
#endif
}

void SetException(PyObject* exception) {
#if PY_VERSION_HEX >= 0x030C0000
  PyErr_SetRaisedException(exception);
#else
  PyErr_Restore(Py_NewRef(Py_TYPE(exception)), exception, PyException_GetTraceback(exception));
#endif
}

}  // namespace spillway::python
