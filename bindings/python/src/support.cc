#include "support.h"

#include <datetime.h>

#include <algorithm>
#include <cmath>

#include "clock.h"

namespace spillway::python {

PyTypeObject* AddType(py::module_& module, PyType_Spec& spec, PyTypeObject* base) {
  PyObject* type = PyType_FromModuleAndSpec(module.ptr(), &spec, reinterpret_cast<PyObject*>(base));
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

bool ReadCount(PyObject* value, int64_t* count) {
  *count = 1;
  if (value == nullptr) return true;
  if (!PyLong_Check(value) || PyBool_Check(value)) {
    PyErr_Format(PyExc_TypeError, "n is %R; it must be an int", value);
    return false;
  }
  int overflow = 0;
  *count = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow == 0 && *count >= 0) return true;
  PyErr_Format(PyExc_ValueError, "n is %R; it must be 0 to 2**63 - 1", value);
  return false;
}

namespace {

// False: it is neither a number nor a timedelta.
bool ReadSpan(PyObject* value, long double* nanos) {
  if (PyDateTimeAPI == nullptr) PyDateTime_IMPORT;
  if (PyDelta_Check(value)) {
    const auto days = static_cast<long double>(PyDateTime_DELTA_GET_DAYS(value));
    *nanos = (days * 86400 + PyDateTime_DELTA_GET_SECONDS(value)) * kNanosPerSecond +
             PyDateTime_DELTA_GET_MICROSECONDS(value) * 1000.0L;
    return true;
  }
  if (!PyFloat_Check(value) && (!PyLong_Check(value) || PyBool_Check(value))) return false;
  const double seconds = PyFloat_AsDouble(value);
  if (seconds == -1 && PyErr_Occurred() != nullptr) return false;
  *nanos = std::nearbyint(seconds * static_cast<double>(kNanosPerSecond));
  return true;
}

}  // namespace

bool ReadWait(PyObject* value, const char* name, Nanos* wait) {
  *wait = kForever;
  if (value == nullptr || value == Py_None) return true;
  long double nanos = 0;
  if (!ReadSpan(value, &nanos)) {
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError,
                 "%s is %R; it must be seconds as a number, a timedelta, or None (any wait)", name,
                 value);
    return false;
  }
  if (!(nanos >= 0)) {
    PyErr_Format(PyExc_ValueError, "%s is %R; it must be 0 or more", name, value);
    return false;
  }
  if (nanos < static_cast<long double>(kForever)) *wait = static_cast<Nanos>(nanos);
  return true;
}

bool Sleep(PyObject* seconds) {
  PyObject* slept = PyObject_CallMethod(globals.time, "sleep", "O", seconds);
  Py_DECREF(seconds);
  Py_XDECREF(slept);
  return slept != nullptr;
}

PyObject* RoundedUpSeconds(Nanos time) {
  if (time == kForever) return PyFloat_FromDouble(INFINITY);
  double seconds = static_cast<double>(time) / static_cast<double>(kNanosPerSecond);
  const auto back = static_cast<long double>(seconds) * kNanosPerSecond;
  if (back < static_cast<long double>(time)) seconds = std::nextafter(seconds, INFINITY);
  return PyFloat_FromDouble(seconds);
}

PyObject* NanosOrNone(Nanos time) {
  return time == kForever ? Py_NewRef(Py_None) : PyLong_FromLongLong(time);
}

PyObject* ReasonOf(PyObject* reasons, int32_t reason) {
  const Py_ssize_t index = reason - 1;
  const bool known = index >= 0 && index < PyTuple_GET_SIZE(reasons);
  return known ? PyTuple_GET_ITEM(reasons, index) : Py_None;
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
