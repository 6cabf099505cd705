// What every type of this module needs of the C API.
#ifndef SPILLWAY_PYTHON_SUPPORT_H_
#define SPILLWAY_PYTHON_SUPPORT_H_

#include <pybind11/pybind11.h>

#include <cstddef>
#include <span>

#include "spillway/base/outcome.h"
#include "spillway/base/time.h"

namespace spillway::python {

namespace py = pybind11;

// Set once, when the module is loaded, and kept for the life of the process: the module refuses
// sub-interpreters, so there is one of each.
struct Globals {
  PyTypeObject* policy_type = nullptr;
  PyTypeObject* limiter_type = nullptr;
  PyTypeObject* reserving_limiter_type = nullptr;
  PyTypeObject* permit_type = nullptr;
  PyTypeObject* rejection_type = nullptr;
  PyTypeObject* guard_type = nullptr;
  PyTypeObject* place_type = nullptr;
  PyTypeObject* ready_type = nullptr;
  PyTypeObject* guarded_type = nullptr;
  PyTypeObject* decision_type = nullptr;
  PyTypeObject* reservation_type = nullptr;
  PyObject* outcomes[3] = {};          // the members of spillway.Outcome, by number
  PyObject* settle_after = nullptr;    // async: awaits under a guard
  PyObject* enter_in_turn = nullptr;   // async: enters a guard that has a place in a queue
  PyObject* under_guard = nullptr;     // an async function, to be called once under a guard
  PyObject* is_async = nullptr;        // whether a call returns a coroutine
  PyObject* check_callable = nullptr;  // raises for what cannot be guarded
  PyObject* allocate_lock = nullptr;   // what sleeping threads are woken by
  PyObject* time = nullptr;            // the module; its sleep() is another one in virtual time
};
inline constinit Globals globals;

inline bool IsAnything(PyObject*) { return true; }

// T or None in signatures; holds any object, which is checked where it is read. In place of
// py::typing::Optional, whose check (in pybind11 3.1) leaks a reference to the type of the object.
template <class T>
class OrNone : public py::object {
 public:
  PYBIND11_OBJECT_DEFAULT(OrNone, object, IsAnything)
  using py::object::object;
};

// Makes a type and adds it to the module, under the last part of its name.
PyTypeObject* AddType(py::module_& module, PyType_Spec& spec, PyTypeObject* base = nullptr);

// Frees an object of a heap type, once its references are released.
void FreeObject(PyObject* object);

template <class Function>
PyCFunction AsCFunction(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

// The arguments of a METH_FASTCALL | METH_KEYWORDS method, in the order of `names`; those that were
// not given are null. False, with TypeError set, when one of the first `required` is missing or one
// is not known.
bool ParseArguments(const char* method, std::span<const char* const> names, size_t required,
                    PyObject* const* args, Py_ssize_t positional, PyObject* keywords,
                    PyObject** values);

// An argument `now_ns`: kReadClock for null and None. False with an error set when it is no integer
// of 64 bits.
bool ReadNow(PyObject* value, Nanos* now);

// An argument `n`: how many at once; 1 for null. False with an error set when it is no integer from
// 0 to 2^63 - 1.
bool ReadCount(PyObject* value, int64_t* count);

// How long somebody waits at most, in seconds: kForever for null and None. False with an error set
// that names it for what is no time or below 0.
bool ReadWait(PyObject* value, const char* name, Nanos* wait);

// time.sleep(), which lets other threads run and runs the handlers of signals. Takes the reference.
// False with an exception set when a handler raised one. A daemon thread that sleeps here when the
// interpreter ends is unwound without the GIL (up to Python 3.13): no caller may hold a reference
// that a destructor would give back.
bool Sleep(PyObject* seconds);

// A span of time as the float of seconds that is not below it: who waits for it has waited long
// enough. Infinity for kForever.
PyObject* RoundedUpSeconds(Nanos time);

// A span of time as an int; None for kForever.
PyObject* NanosOrNone(Nanos time);

// A member of the tuple of a policy's reasons, borrowed; None for what is no reason.
PyObject* ReasonOf(PyObject* reasons, int32_t reason);

// A member of spillway.Outcome. False with TypeError set for anything else; `whose` is named.
bool ReadOutcome(PyObject* value, const char* whose, Outcome* outcome);

// Takes the exception that is set, to be set again with SetException.
PyObject* TakeException();
void SetException(PyObject* exception);

// Keeps the exception that is set, if any, out of the way of other Python code.
class ExceptionSaver {
 public:
  ExceptionSaver() : saved_(PyErr_Occurred() == nullptr ? nullptr : TakeException()) {}
  ExceptionSaver(const ExceptionSaver&) = delete;
  ExceptionSaver& operator=(const ExceptionSaver&) = delete;
  ~ExceptionSaver() {
    if (saved_ != nullptr) SetException(saved_);
  }

 private:
  PyObject* saved_;
};

}  // namespace spillway::python

template <class T>
struct pybind11::detail::handle_type_name<spillway::python::OrNone<T>> {
  static constexpr auto name = make_caster<T>::name + const_name(" | None");
};

#endif  // SPILLWAY_PYTHON_SUPPORT_H_
