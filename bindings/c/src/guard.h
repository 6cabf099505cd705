// The wall between C++ and the C callers of set-up calls: no exception passes it, and what went
// wrong reaches the caller's error. The calls of the hot path do without: nothing in them can
// throw.
#ifndef SPILLWAY_C_GUARD_H_
#define SPILLWAY_C_GUARD_H_

#include <cstring>
#include <exception>
#include <new>

#include "sized_struct.h"
#include "spillway/base/error.h"
#include "spillway/c_api.h"

namespace spillway {

inline bool CanHold(const spillway_error* error) noexcept {
  constexpr size_t kShortest = SPILLWAY_SIZE_TO_END(spillway_error, message);
  return error == nullptr ||
         (error->struct_size >= kShortest && error->struct_size <= kLongestStruct);
}

// What SetError said, or that all is well.
inline spillway_status Report(const Error& problem, spillway_error* error) noexcept {
  static_assert(sizeof error->message == sizeof problem.message);
  if (error != nullptr) {
    error->code = static_cast<spillway_status>(problem.code);
    std::memcpy(error->message, problem.message, sizeof problem.message);
  }
  return static_cast<spillway_status>(problem.code);
}

// Runs `body(Error*)`, which fails by filling the error or by throwing.
template <class Body>
spillway_status Guard(spillway_error* error, Body&& body) noexcept {
  if (!CanHold(error)) return SPILLWAY_E_MISUSE;
  Error problem;
  try {
    body(&problem);
  } catch (const std::bad_alloc&) {
    SetError(&problem, StatusCode::kNoMemory, "out of memory");
  } catch (const std::exception& exception) {
    SetError(&problem, StatusCode::kInternal, "%s", exception.what());
  } catch (...) {
    SetError(&problem, StatusCode::kInternal, "an exception of unknown type");
  }
  return Report(problem, error);
}

}  // namespace spillway

#endif  // SPILLWAY_C_GUARD_H_
