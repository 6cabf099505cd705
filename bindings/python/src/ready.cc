#include "ready.h"

namespace spillway::python {
namespace {

struct ReadyObject {
  PyObject ob_base;
  PyObject* value;
};

ReadyObject* AsReady(PyObject* object) { return reinterpret_cast<ReadyObject*>(object); }

PySendResult SendReady(PyObject* object, PyObject*, PyObject** result) {
  *result = Py_NewRef(AsReady(object)->value);
  return PYGEN_RETURN;
}

PyObject* NextReady(PyObject* object) {
  // Made here, because PyErr_SetObject would take a tuple or an exception apart.
  PyObject* stop = PyObject_CallOneArg(PyExc_StopIteration, AsReady(object)->value);
  if (stop != nullptr) SetException(stop);
  return nullptr;
}

int TraverseReady(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(AsReady(object)->value);
  return 0;
}

void DeallocReady(PyObject* object) {
  PyObject_GC_UnTrack(object);
  Py_DECREF(AsReady(object)->value);
  FreeObject(object);
}

PyType_Slot kReadySlots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(DeallocReady)},
                             {Py_tp_traverse, reinterpret_cast<void*>(TraverseReady)},
                             {Py_am_await, reinterpret_cast<void*>(PyObject_SelfIter)},
                             {Py_am_send, reinterpret_cast<void*>(SendReady)},
                             {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                             {Py_tp_iternext, reinterpret_cast<void*>(NextReady)},
                             {0, nullptr}};

PyType_Spec kReadySpec = {"spillway._core._Ready", sizeof(ReadyObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                              Py_TPFLAGS_DISALLOW_INSTANTIATION,
                          kReadySlots};

}  // namespace

void AddReadyType(py::module_& module) { globals.ready_type = AddType(module, kReadySpec); }

PyObject* NewReady(PyObject* value) {
  if (value == nullptr) return nullptr;
  auto* ready = PyObject_GC_New(ReadyObject, globals.ready_type);
  if (ready == nullptr) {
    Py_DECREF(value);
    return nullptr;
  }
  ready->value = value;
  auto* object = reinterpret_cast<PyObject*>(ready);
  PyObject_GC_Track(object);
  return object;
}

}  // namespace spillway::python
