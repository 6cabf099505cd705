// What the end of a guarded call says of the callee.
#ifndef SPILLWAY_PYTHON_RULES_H_
#define SPILLWAY_PYTHON_RULES_H_

#include "spillway/base/outcome.h"
#include "support.h"

namespace spillway::python {

// In this order:
// - What is raised and no Exception (a cancellation, KeyboardInterrupt, GeneratorExit) is ignored:
//   it says nothing of the callee.
// - classify(result, error), where it does not return None.
// - An error is ignored when it matches `ignore` or does not match `on`; else it is a failure.
// - A result is a failure when on_result(result) is true; else it is a success.
//
// When a callback raises, its exception goes to the caller. The call then has the outcome it would
// have had without callbacks, if it raised; otherwise it is ignored, since nobody knows.
struct Rules {
  PyObject* on = nullptr;         // tuple of exception types
  PyObject* ignore = nullptr;     // tuple of exception types
  PyObject* on_result = nullptr;  // null: none
  PyObject* classify = nullptr;   // null: none

  bool no_callbacks() const { return on_result == nullptr && classify == nullptr; }

  // False with an exception set when a callback raised. `outcome` is set in any case.
  bool JudgeResult(PyObject* result, Outcome* outcome) const;
  bool JudgeError(PyObject* error, Outcome* outcome) const;

  // Takes the four options from Python, where None stands for no callback.
  void Take(PyObject* on_types, PyObject* ignore_types, PyObject* result_callback,
            PyObject* classify_callback);
  int Traverse(visitproc visit, void* arg) const;
  void Clear();

 private:
  bool Classify(PyObject* result, PyObject* error, Outcome* outcome, bool* decided) const;
};

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_RULES_H_
