// What every noun of the C interface does alike: making, telling and changing an object. Beside its
// own functions a noun says only what it consists of, as NounOf of its handle.
#ifndef SPILLWAY_C_NOUN_H_
#define SPILLWAY_C_NOUN_H_

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "guard.h"
#include "handle.h"
#include "sized_struct.h"
#include "spillway/base/error.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"

namespace spillway {

// template <> struct NounOf<Handle>, with
//   Object          the class of the core, with Settings, Make and settings()
//   Options         the struct of c_api.h that the settings are told in
//   Snapshot        the one that Object::Snapshot is told in
//   kOptionsEnds    where the fields of each end (generated, as are ToC and FromC)
//   kSnapshotEnds
//   kArgument       what c_api.h calls the argument that is the handle
template <class Handle>
struct NounOf;

template <class Handle>
using ObjectOf = typename NounOf<Handle>::Object;
template <class Handle>
using SettingsOf = typename NounOf<Handle>::Object::Settings;
template <class Handle>
using OptionsOf = typename NounOf<Handle>::Options;
template <class Handle>
using SnapshotOf = typename NounOf<Handle>::Snapshot;

// Fields that the struct does not have stay as they are in `settings`.
template <class Handle>
bool ReadOptions(const OptionsOf<Handle>* from, SettingsOf<Handle>* settings, Error* error) {
  OptionsOf<Handle> known = {};
  ToC(*settings, &known);
  return ReadSized(from, NounOf<Handle>::kOptionsEnds, &known, error) &&
         FromC(known, settings, error);
}

// Writes the options into a struct of `size` bytes.
template <class Handle>
spillway_status WriteOptions(const SettingsOf<Handle>& settings, size_t size,
                             OptionsOf<Handle>* out) noexcept {
  if (!CheckSize(size, NounOf<Handle>::kOptionsEnds, nullptr)) return SPILLWAY_E_MISUSE;
  OptionsOf<Handle> options = {};
  ToC(settings, &options);
  out->struct_size = size;
  WriteSized(&options, NounOf<Handle>::kOptionsEnds, out);
  return SPILLWAY_OK;
}

template <class Handle>
spillway_status InitOptions(OptionsOf<Handle>* options, size_t size) noexcept {
  if (options == nullptr) return SPILLWAY_E_MISUSE;
  return WriteOptions<Handle>(SettingsOf<Handle>(), size, options);
}

template <class Handle>
spillway_status TellOptions(const Handle* handle, OptionsOf<Handle>* out) noexcept {
  if (handle == nullptr || out == nullptr) return SPILLWAY_E_MISUSE;
  return WriteOptions<Handle>(handle->object->settings(), out->struct_size, out);
}

template <class Handle>
spillway_status TellSnapshot(const Handle* handle, Nanos now, SnapshotOf<Handle>* out) noexcept {
  if (handle == nullptr || out == nullptr) return SPILLWAY_E_MISUSE;
  SnapshotOf<Handle> snapshot = {};
  ToC(handle->object->Snapshot(now), &snapshot);
  return WriteSized(&snapshot, NounOf<Handle>::kSnapshotEnds, out) ? SPILLWAY_OK
                                                                   : SPILLWAY_E_MISUSE;
}

template <class Handle>
const char* TellName(const Handle* handle, size_t* length) noexcept {
  const std::string_view name = handle == nullptr ? std::string_view() : handle->object->name();
  if (length != nullptr) *length = name.size();
  return name.data();
}

template <class Handle>
spillway_status New(Handle** out, const char* name, size_t name_length,
                    const OptionsOf<Handle>* options, spillway_error* error) noexcept {
  // Before the guard: an error that it refuses is a failure too.
  if (out != nullptr) *out = nullptr;
  return Guard(error, [=](Error* problem) {
    if (out == nullptr) return Refuse(problem, "out is NULL");
    if (name == nullptr && name_length != 0)
      return Refuse(problem, "name is NULL, but has a length");
    SettingsOf<Handle> settings;
    if (options != nullptr && !ReadOptions<Handle>(options, &settings, problem)) return false;
    auto object = ObjectOf<Handle>::Make(std::string_view(name, name_length), settings, problem);
    if (object == nullptr) return false;
    *out = std::make_unique<Handle>(std::move(object)).release();
    return true;
  });
}

// `change(object, settings, error)` makes the change, or says what is wrong with it.
template <class Handle, class Change>
spillway_status Reconfigure(Handle* handle, const OptionsOf<Handle>* options, spillway_error* error,
                            Change change) noexcept {
  return Guard(error, [=](Error* problem) {
    if (handle == nullptr) return Refuse(problem, NounOf<Handle>::kArgument, " is NULL");
    if (options == nullptr) return Refuse(problem, "options is NULL");
    SettingsOf<Handle> settings = handle->object->settings();
    return ReadOptions<Handle>(options, &settings, problem) &&
           change(*handle->object, settings, problem);
  });
}

}  // namespace spillway

#endif  // SPILLWAY_C_NOUN_H_
