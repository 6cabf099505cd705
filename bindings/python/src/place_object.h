// A place in the queue of a policy: how a call of Python waits for its turn, in a thread or in
// asyncio.
//
// All who wait for a policy stand in one list, threads and tasks, in the order of the queue.
// Whatever may have made it somebody's turn is followed by ServeQueue(), which looks at the head of
// the list and wakes whose turn it is: so all wake-ups happen in one place, and under the GIL. A
// turn that nobody is left to take goes to the next.
#ifndef SPILLWAY_PYTHON_PLACE_OBJECT_H_
#define SPILLWAY_PYTHON_PLACE_OBJECT_H_

#include "permit_policy_object.h"

namespace spillway::python {

enum class PlaceState : uint8_t { kWaiting, kGranted, kExpired, kGone };

struct PlaceObject {
  PyObject ob_base;
  PermitPolicyObject* policy;
  QueueingPolicy* queue;
  PlaceObject* previous;  // in the list, while waiting
  PlaceObject* next;
  PermitFields permit;  // while waiting and once granted
  Nanos deadline;
  PyObject* wake;  // called when its turn comes; null: nobody sleeps
  PlaceState state;
};

void AddPlaceType(py::module_& module);

// For a call that was told kQueued and got this permit, and waits from now on for so long. Leaves
// the queue when there is no memory for the place.
PyObject* NewPlace(PermitPolicyObject* policy, const PermitFields& permit, Nanos wait);

// Blocks until the place has waited long enough, one way or the other. False with an exception set
// when a signal handler raised one: the place has left the queue. As with Sleep(), no caller may
// hold a reference that a destructor would give back.
bool AwaitTurn(PlaceObject* place);

// Waits no longer. A turn that has come is given to the next. Keeps the exception that is set.
void Leave(PlaceObject* place);

// The permit of a place whose turn has come. False with the policy's exception set when it has not.
bool TakeTurn(PlaceObject* place, PermitFields* permit);

// Gives permits to those whose turn it is, and wakes them. Keeps the exception that is set.
void ServeQueue(QueueingPolicy* queue) noexcept;

// Sends all away as if they had waited long enough, but wakes nobody. They have no permits any
// more.
void EmptyQueue(QueueingPolicy* queue) noexcept;

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_PLACE_OBJECT_H_
