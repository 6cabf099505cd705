// What try_acquire() answers in Python: a permit or a rejection.
#ifndef SPILLWAY_PYTHON_PERMIT_OBJECT_H_
#define SPILLWAY_PYTHON_PERMIT_OBJECT_H_

#include "policy_object.h"

namespace spillway::python {

struct PermitObject {
  PyObject ob_base;
  PolicyObject* policy;
  PermitFields fields;  // empty once settled

  bool settled() const { return fields.owner == 0; }
};

void AddPermitTypes(py::module_& module);

PyObject* NewPermit(PolicyObject* policy, const PermitFields& fields);
PyObject* NewRejection(PolicyObject* policy, const DecisionFields& decision);

// The float of seconds that is not below the time: who waits for it has waited long enough.
PyObject* RoundedUpSeconds(Nanos time);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_PERMIT_OBJECT_H_
