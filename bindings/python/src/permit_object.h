// What try_acquire() answers in Python: a permit or a rejection.
#ifndef SPILLWAY_PYTHON_PERMIT_OBJECT_H_
#define SPILLWAY_PYTHON_PERMIT_OBJECT_H_

#include "permit_policy_object.h"

namespace spillway::python {

struct PermitObject {
  PyObject ob_base;
  PermitPolicyObject* policy;
  PermitFields fields;  // empty once settled

  bool settled() const { return fields.owner == 0; }
};

void AddPermitTypes(py::module_& module);

PyObject* NewPermit(PermitPolicyObject* policy, const PermitFields& fields);
PyObject* NewRejection(PermitPolicyObject* policy, const DecisionFields& decision);

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_PERMIT_OBJECT_H_
