#include "guarded.h"

#include <structmember.h>

namespace spillway::python {
namespace {

struct GuardedObject {
  PyObject ob_base;
  vectorcallfunc vectorcall;
  PolicyObject* policy;
  PyObject* function;
  PyObject* dict;
  PyObject* weak_references;
};

GuardedObject* Self(PyObject* object) { return reinterpret_cast<GuardedObject*>(object); }

PyObject* Call(PyObject* object, PyObject* const* args, size_t count, PyObject* keywords) {
  const GuardedObject* self = Self(object);
  return self->policy->call(self->policy, self->function, args, count, keywords);
}

int Traverse(PyObject* object, visitproc visit, void* arg) {
  const GuardedObject* self = Self(object);
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->policy);
  Py_VISIT(self->function);
  Py_VISIT(self->dict);
  return 0;
}

// The policy stays: a call may still come, and every cycle through it has another link to cut.
int Clear(PyObject* object) {
  GuardedObject* self = Self(object);
  Py_SETREF(self->function, Py_NewRef(Py_None));
  Py_CLEAR(self->dict);
  return 0;
}

void Dealloc(PyObject* object) {
  GuardedObject* self = Self(object);
  PyObject_GC_UnTrack(object);
  if (self->weak_references != nullptr) PyObject_ClearWeakRefs(object);
  Py_DECREF(self->policy);
  Py_DECREF(self->function);
  Py_XDECREF(self->dict);
  FreeObject(object);
}

// As a function binds: what is found on an instance gets it as the first argument.
PyObject* Bind(PyObject* object, PyObject* instance, PyObject*) {
  if (instance == nullptr || instance == Py_None) return Py_NewRef(object);
  return PyMethod_New(object, instance);
}

PyObject* Repr(PyObject* object) {
  return PyUnicode_FromFormat("<%R guarded by %R>", Self(object)->function, Self(object)->policy);
}

// By name, as functions are: it pickles when it can be imported.
PyObject* Reduce(PyObject* object, PyObject*) {
  return PyObject_GetAttrString(object, "__qualname__");
}

PyMemberDef kMembers[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(GuardedObject, vectorcall), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(GuardedObject, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(GuardedObject, weak_references), READONLY, nullptr},
    {}};

PyMethodDef kMethods[] = {{"__reduce__", Reduce, METH_NOARGS, "__reduce__(self) -> str"}, {}};

PyGetSetDef kProperties[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr}, {}};

constexpr char kDoc[] = "A function that runs under a policy. Made by `@policy`.";

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                        {Py_tp_descr_get, reinterpret_cast<void*>(Bind)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
                        {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
                        {Py_tp_clear, reinterpret_cast<void*>(Clear)},
                        {Py_tp_repr, reinterpret_cast<void*>(Repr)},
                        {Py_tp_members, kMembers},
                        {Py_tp_methods, kMethods},
                        {Py_tp_getset, kProperties},
                        {0, nullptr}};

PyType_Spec kSpec = {"spillway._core.Guarded", sizeof(GuardedObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                         Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
                         Py_TPFLAGS_DISALLOW_INSTANTIATION,
                     kSlots};

}  // namespace

void AddGuardedType(py::module_& module) { globals.guarded_type = AddType(module, kSpec); }

PyObject* NewGuarded(PolicyObject* policy, PyObject* function) {
  auto* guarded = PyObject_GC_New(GuardedObject, globals.guarded_type);
  if (guarded == nullptr) return nullptr;
  Py_INCREF(policy);
  guarded->vectorcall = Call;
  guarded->policy = policy;
  guarded->function = Py_NewRef(function);
  guarded->dict = nullptr;
  guarded->weak_references = nullptr;
  auto* object = reinterpret_cast<PyObject*>(guarded);
  PyObject_GC_Track(object);
  return object;
}

}  // namespace spillway::python
