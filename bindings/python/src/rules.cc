#include "rules.h"

namespace spillway::python {
namespace {

PyObject* NewRefUnlessNone(PyObject* callback) {
  return callback == Py_None ? nullptr : Py_NewRef(callback);
}

}  // namespace

bool Rules::Classify(PyObject* result, PyObject* error, Outcome* outcome, bool* decided) const {
  *decided = false;
  if (classify == nullptr) return true;
  PyObject* arguments[] = {result, error};
  const auto answer =
      py::reinterpret_steal<py::object>(PyObject_Vectorcall(classify, arguments, 2, nullptr));
  if (!answer) return false;
  if (answer.is_none()) return true;
  Outcome read;
  if (!ReadOutcome(answer.ptr(), "what classify() returned (None is accepted too)", &read))
    return false;
  *decided = true;
  *outcome = read;
  return true;
}

bool Rules::JudgeResult(PyObject* result, Outcome* outcome) const {
  *outcome = Outcome::kIgnored;
  bool decided = false;
  if (!Classify(result, Py_None, outcome, &decided)) return false;
  if (decided) return true;
  int failed = 0;
  if (on_result != nullptr) {
    const auto answer = py::reinterpret_steal<py::object>(PyObject_CallOneArg(on_result, result));
    failed = answer ? PyObject_IsTrue(answer.ptr()) : -1;
    if (failed < 0) return false;
  }
  *outcome = failed != 0 ? Outcome::kFailure : Outcome::kSuccess;
  return true;
}

bool Rules::JudgeError(PyObject* error, Outcome* outcome) const {
  *outcome = Outcome::kIgnored;
  if (!PyErr_GivenExceptionMatches(error, PyExc_Exception)) return true;
  const bool matches = PyErr_GivenExceptionMatches(error, on) != 0 &&
                       PyErr_GivenExceptionMatches(error, ignore) == 0;
  if (matches) *outcome = Outcome::kFailure;
  bool decided = false;
  return Classify(Py_None, error, outcome, &decided);
}

void Rules::Take(PyObject* on_types, PyObject* ignore_types, PyObject* result_callback,
                 PyObject* classify_callback) {
  on = Py_NewRef(on_types);
  ignore = Py_NewRef(ignore_types);
  on_result = NewRefUnlessNone(result_callback);
  classify = NewRefUnlessNone(classify_callback);
}

int Rules::Traverse(visitproc visit, void* arg) const {
  Py_VISIT(on);
  Py_VISIT(ignore);
  Py_VISIT(on_result);
  Py_VISIT(classify);
  return 0;
}

void Rules::Clear() {
  Py_CLEAR(on);
  Py_CLEAR(ignore);
  Py_CLEAR(on_result);
  Py_CLEAR(classify);
}

}  // namespace spillway::python
