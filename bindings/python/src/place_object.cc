#include "place_object.h"

#include <structmember.h>

#include <algorithm>
#include <utility>

#include "clock.h"

namespace spillway::python {
namespace {

// A wake-up is a hint: who sleeps looks again after so long without one.
constexpr Nanos kLongestSleep = kNanosPerSecond;

PlaceObject* AsPlace(PyObject* object) { return reinterpret_cast<PlaceObject*>(object); }

// Nearly always at the end: another call may have come between the ticket and its place.
void Enqueue(PlaceObject* place) {
  QueueingPolicy* queue = place->queue;
  PlaceObject* before = queue->last;
  while (before != nullptr && queue->IsBefore(place->permit, before->permit))
    before = before->previous;
  place->previous = before;
  place->next = before == nullptr ? queue->first : before->next;
  (place->previous == nullptr ? queue->first : place->previous->next) = place;
  (place->next == nullptr ? queue->last : place->next->previous) = place;
}

void Dequeue(PlaceObject* place, PlaceState state) {
  QueueingPolicy* queue = place->queue;
  (place->previous == nullptr ? queue->first : place->previous->next) = place->next;
  (place->next == nullptr ? queue->last : place->next->previous) = place->previous;
  place->state = state;
}

// False: whoever slept there will not come back, because its event loop is closed.
bool Wake(PlaceObject* place) {
  if (place->wake == nullptr) return true;
  const auto wake = py::reinterpret_steal<py::object>(std::exchange(place->wake, nullptr));
  const auto done = py::reinterpret_steal<py::object>(PyObject_CallNoArgs(wake.ptr()));
  if (done) return true;
  const bool is_closed = PyErr_ExceptionMatches(PyExc_RuntimeError) != 0;
  if (is_closed) {
    PyErr_Clear();
  } else {
    PyErr_WriteUnraisable(wake.ptr());  // it looks again by itself
  }
  return !is_closed;
}

void GiveBack(PlaceObject* place) {
  place->queue->Settle(std::exchange(place->permit, {}), Outcome::kIgnored, kReadClock);
}

// Whether it need not wait any longer.
bool IsDecided(PlaceObject* place) {
  ServeQueue(place->queue);
  if (place->state == PlaceState::kWaiting && PreciseNow() >= place->deadline) {
    Dequeue(place, PlaceState::kExpired);
    GiveBack(place);
  }
  return place->state != PlaceState::kWaiting;
}

// Whether its sleeps are those of virtual time, which take none and so need not be cut.
bool SleepsVirtually(const PlaceObject* place) {
  return place->deadline != kForever && virtual_now.load(std::memory_order_relaxed) != kReadClock;
}

// In seconds.
PyObject* NextSleep(const PlaceObject* place) {
  const Nanos left = std::max(place->deadline - PreciseNow(), Nanos{0});
  return RoundedUpSeconds(SleepsVirtually(place) ? left : std::min(left, kLongestSleep));
}

// As spillway::python::Sleep, unless somebody gives back the lock before.
bool SleepUntilWoken(const PlaceObject* place, PyObject* lock) {
  PyObject* seconds = NextSleep(place);
  if (seconds == nullptr) return false;
  if (SleepsVirtually(place)) return Sleep(seconds);
  PyObject* woken = PyObject_CallMethod(lock, "acquire", "OO", Py_True, seconds);
  Py_DECREF(seconds);
  Py_XDECREF(woken);
  return woken != nullptr;
}

// A lock that is held, until the turn of the place comes.
PyObject* LockUntilWoken(PlaceObject* place) {
  auto lock = py::reinterpret_steal<py::object>(PyObject_CallNoArgs(globals.allocate_lock));
  if (!lock) return nullptr;
  const auto held =
      py::reinterpret_steal<py::object>(PyObject_CallMethod(lock.ptr(), "acquire", nullptr));
  PyObject* wake = held ? PyObject_GetAttrString(lock.ptr(), "release") : nullptr;
  if (wake == nullptr) return nullptr;
  Py_XSETREF(place->wake, wake);
  return lock.release().ptr();
}

// ---- the type

PyObject* DecidedMethod(PyObject* object, PyObject*) {
  return PyBool_FromLong(IsDecided(AsPlace(object)));
}

PyObject* GetNextSleep(PyObject* object, void*) { return NextSleep(AsPlace(object)); }

PyObject* GetSleepsVirtually(PyObject* object, void*) {
  return PyBool_FromLong(SleepsVirtually(AsPlace(object)));
}

PyObject* WakeBy(PyObject* object, PyObject* wake) {
  Py_XSETREF(AsPlace(object)->wake, Py_NewRef(wake));
  Py_RETURN_NONE;
}

void FinalizePlace(PyObject* object) { Leave(AsPlace(object)); }

int TraversePlace(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(AsPlace(object)->policy);
  Py_VISIT(AsPlace(object)->wake);
  return 0;
}

int ClearPlace(PyObject* object) {
  Py_CLEAR(AsPlace(object)->wake);
  return 0;
}

void DeallocPlace(PyObject* object) {
  if (PyObject_CallFinalizerFromDealloc(object) < 0) return;
  PyObject_GC_UnTrack(object);
  ClearPlace(object);
  Py_DECREF(AsPlace(object)->policy);
  FreeObject(object);
}

PyMethodDef kPlaceMethods[] = {
    {"decided", DecidedMethod, METH_NOARGS,
     "decided(self) -> bool\n\nWhether its turn has come, or it has waited long enough."},
    {"wake_by", WakeBy, METH_O,
     "wake_by(self, wake: collections.abc.Callable[[], object], /) -> None\n\n"
     "What to call when its turn comes, in any thread. RuntimeError from it says that nobody is\n"
     "left to take the turn: the event loop is closed."},
    {}};

PyGetSetDef kPlaceProperties[] = {
    {"next_sleep", GetNextSleep, nullptr,
     "(self) -> float\n\nFor how many seconds to sleep at most before asking again.", nullptr},
    {"sleeps_virtually", GetSleepsVirtually, nullptr,
     "(self) -> bool\n\nWhether these are seconds of virtual time.", nullptr},
    {}};

PyType_Slot kPlaceSlots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(DeallocPlace)},
                             {Py_tp_finalize, reinterpret_cast<void*>(FinalizePlace)},
                             {Py_tp_traverse, reinterpret_cast<void*>(TraversePlace)},
                             {Py_tp_clear, reinterpret_cast<void*>(ClearPlace)},
                             {Py_tp_methods, kPlaceMethods},
                             {Py_tp_getset, kPlaceProperties},
                             {0, nullptr}};

PyType_Spec kPlaceSpec = {"spillway._core._Place", sizeof(PlaceObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                              Py_TPFLAGS_DISALLOW_INSTANTIATION,
                          kPlaceSlots};

}  // namespace

void AddPlaceType(py::module_& module) { globals.place_type = AddType(module, kPlaceSpec); }

PyObject* NewPlace(PermitPolicyObject* policy, const PermitFields& permit, Nanos wait) {
  auto* place = PyObject_GC_New(PlaceObject, globals.place_type);
  if (place == nullptr) {
    const ExceptionSaver saver;
    policy->queue->Settle(permit, Outcome::kIgnored, kReadClock);
    return nullptr;
  }
  Py_INCREF(policy);
  place->policy = policy;
  place->queue = policy->queue;
  place->permit = permit;
  const Nanos now = PreciseNow();
  place->deadline = wait < kForever - now ? now + wait : kForever;
  place->wake = nullptr;
  place->state = PlaceState::kWaiting;
  Enqueue(place);
  auto* object = reinterpret_cast<PyObject*>(place);
  PyObject_GC_Track(object);
  return object;
}

bool AwaitTurn(PlaceObject* place) {
  if (place->state != PlaceState::kWaiting) return true;
  PyObject* lock = LockUntilWoken(place);  // first: from here on no wake-up is missed
  bool decided = false;
  while (lock != nullptr && !(decided = IsDecided(place))) {
    if (!SleepUntilWoken(place, lock)) break;
  }
  Py_XDECREF(lock);
  if (!decided) Leave(place);
  return decided;
}

void Leave(PlaceObject* place) {
  if (place->state == PlaceState::kWaiting) {
    Dequeue(place, PlaceState::kGone);
  } else if (std::exchange(place->state, PlaceState::kGone) != PlaceState::kGranted) {
    return;
  }
  const ExceptionSaver saver;
  GiveBack(place);
}

bool TakeTurn(PlaceObject* place, PermitFields* permit) {
  if (place->state == PlaceState::kGranted) {
    place->state = PlaceState::kGone;
    *permit = std::exchange(place->permit, {});
    return true;
  }
  RaiseRejected(place->policy, place->queue->timed_out(), 0);
  return false;
}

void ServeQueue(QueueingPolicy* queue) noexcept {
  if (queue->serving) return;  // the outer one goes on
  queue->serving = true;
  const ExceptionSaver saver;
  PlaceObject* place;
  while ((place = queue->first) != nullptr && queue->Poll(&place->permit, PreciseNow())) {
    const auto kept = py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(place));
    Dequeue(place, PlaceState::kGranted);
    if (!Wake(place)) Leave(place);
  }
  queue->serving = false;
}

void EmptyQueue(QueueingPolicy* queue) noexcept {
  while (PlaceObject* place = queue->first) {
    Dequeue(place, PlaceState::kExpired);
    place->permit = {};
  }
  queue->serving = false;  // in the child of a fork, another thread may have been at it
}

}  // namespace spillway::python
