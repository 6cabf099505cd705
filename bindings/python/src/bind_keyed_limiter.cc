// The keyed limiter: what is called for each request, and making, changing and looking at one.
#include "bind_limiters.h"
#include "decision_object.h"
#include "limiter_object.h"
#include "limiter_of.h"
#include "spillway/limiter/keyed_limiter.h"

namespace spillway::python {
namespace {

class KeyedTable final : public LimiterOf<KeyedLimiter, DecidingLimiter> {
 public:
  using LimiterOf::LimiterOf;

  KeyedLimiter* operator->() const noexcept { return policy_.get(); }

  void Reconfigure(const Fields& options) {
    Error error;
    if (!policy_->Reconfigure(SettingsFrom<KeyedLimiterSettings>(options), &error)) Raise(error);
  }
  uint64_t seed() const { return policy_->settings().seed; }
  void Reset() { policy_->Reset(); }
  int64_t CountLiveKeys(const Time& at) { return policy_->CountLiveKeys(PreciseTime(at)); }
};

KeyedTable& TableOf(const LimiterObject* self) { return *self->As<KeyedTable>(); }

// ---- keys

bool RefuseKey(PyObject* type, PyObject* key, const char* wanted) {
  PyErr_Clear();
  PyErr_Format(type, "key is %R; it must be %s", key, wanted);
  return false;
}

bool ReadNumber(const KeyedTable& table, PyObject* key, KeyHash* hash) {
  const uint64_t number = PyLong_AsUnsignedLongLong(key);
  if (number == ~uint64_t{0} && PyErr_Occurred() != nullptr)
    return RefuseKey(PyExc_ValueError, key, "0 to 2**64 - 1, or as bytes");
  *hash = table->HashOf(number);
  return true;
}

bool ReadText(const KeyedTable& table, PyObject* key, KeyHash* hash) {
  Py_ssize_t length = 0;
  const char* text = PyUnicode_AsUTF8AndSize(key, &length);
  if (text == nullptr)  // a lone surrogate
    return RefuseKey(PyExc_ValueError, key, "a str that has a UTF-8 form");
  *hash = table->HashOf(std::string_view(text, static_cast<size_t>(length)));
  return true;
}

bool ReadBytes(const KeyedTable& table, PyObject* key, KeyHash* hash) {
  Py_buffer bytes;
  if (PyObject_GetBuffer(key, &bytes, PyBUF_SIMPLE) != 0)
    return RefuseKey(PyExc_ValueError, key, "bytes that stand side by side");
  *hash = table->HashOf(
      std::string_view(static_cast<const char*>(bytes.buf), static_cast<size_t>(bytes.len)));
  PyBuffer_Release(&bytes);
  return true;
}

// False with an error set for what is no key.
bool ReadKey(const KeyedTable& table, PyObject* key, KeyHash* hash) {
  if (PyUnicode_Check(key)) return ReadText(table, key, hash);
  if (PyLong_Check(key) && !PyBool_Check(key)) return ReadNumber(table, key, hash);
  if (PyBytes_Check(key) || PyByteArray_Check(key) || PyMemoryView_Check(key))
    return ReadBytes(table, key, hash);
  return RefuseKey(PyExc_TypeError, key, "a str, bytes or an int");
}

// ---- calls

struct KeyedCall {
  KeyHash key;
  int64_t n = 1;
  Nanos now = kReadClock;
};

bool ReadKeyedCall(const KeyedTable& table, const char* method, PyObject* const* args,
                   Py_ssize_t count, PyObject* keywords, KeyedCall* call) {
  static constexpr const char* kNames[] = {"key", "n", "now_ns"};
  PyObject* values[3] = {};
  if (!ParseArguments(method, kNames, 1, args, count, keywords, values) ||
      !ReadKey(table, values[0], &call->key) || !ReadCount(values[1], &call->n) ||
      !ReadNow(values[2], &call->now))
    return false;
  call->now = TimeOf(call->now);
  return true;
}

PyObject* TryAcquire(PyObject* object, PyObject* const* args, Py_ssize_t count,
                     PyObject* keywords) {
  const auto* self = Initialised<LimiterObject>(object);
  if (self == nullptr) return nullptr;
  const KeyedTable& table = TableOf(self);
  KeyedCall call;
  if (count == 1 && keywords == nullptr) [[likely]] {
    if (!ReadKey(table, args[0], &call.key)) return nullptr;
    call.now = PreciseNow();
  } else if (!ReadKeyedCall(table, "try_acquire", args, count, keywords, &call)) {
    return nullptr;
  }
  return NewDecision(self->core, self->limiter, table->TryAcquire(call.now, call.key, call.n),
                     call.now, call.n);
}

PyObject* Refund(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  const auto* self = Initialised<LimiterObject>(object);
  KeyedCall call;
  if (self == nullptr || !ReadKeyedCall(TableOf(self), "refund", args, count, keywords, &call))
    return nullptr;
  TableOf(self)->Refund(call.now, call.key, call.n);
  Py_RETURN_NONE;
}

PyObject* Forget(PyObject* object, PyObject* key) {
  const auto* self = Initialised<LimiterObject>(object);
  KeyHash hash;
  if (self == nullptr || !ReadKey(TableOf(self), key, &hash)) return nullptr;
  TableOf(self)->Forget(hash);
  Py_RETURN_NONE;
}

// Takes one of a key, for a guarded call.
PyObject* Take(PyObject* object, PyObject* key) {
  const auto* self = Initialised<LimiterObject>(object);
  KeyHash hash;
  if (self == nullptr || !ReadKey(TableOf(self), key, &hash)) return nullptr;
  const Nanos now = PreciseNow();
  const LimiterDecision decision = TableOf(self)->TryAcquire(now, hash, 1);
  if (decision.reason != 0) return RefuseCall(self, decision, now, 1, 0);
  Py_RETURN_NONE;
}

PyObject* CallWithoutKey(PolicyObject*, PyObject*, PyObject* const*, size_t, PyObject*) {
  PyErr_SetString(PyExc_TypeError,
                  "a keyed limiter must know the key of each call: use limiter.by(key_function)");
  return nullptr;
}

// ---- the type

int Init(PyObject* object, PyObject* args, PyObject* keywords) {
  return InitLimiterOf<KeyedTable, CallWithoutKey>(object, args, keywords);
}

// Beside the slot, which has no place for the types.
PyObject* InitMethod(PyObject* object, PyObject* args, PyObject* keywords) {
  if (Init(object, args, keywords) < 0) return nullptr;
  Py_RETURN_NONE;
}

PyMethodDef kMethods[] = {
    {"try_acquire", AsCFunction(TryAcquire), METH_FASTCALL | METH_KEYWORDS,
     "try_acquire(self, key: str | bytes | bytearray | memoryview | int, n: int = 1, now_ns: int | "
     "None = None) -> Decision\n\n"
     "Takes n of a key, all or none: a true Decision, or a false one that says when to ask again.\n"
     "\n"
     "0 takes none and tells what is left. now_ns is the time in nanoseconds of a clock of yours;\n"
     "None reads the monotonic clock. Thread-safe; never blocks."},
    {"refund", AsCFunction(Refund), METH_FASTCALL | METH_KEYWORDS,
     "refund(self, key: str | bytes | bytearray | memoryview | int, n: int = 1, now_ns: int | None "
     "= None) -> None\n\n"
     "Gives a key n back that were taken and not used; it never has more than `burst`."},
    {"forget", Forget, METH_O,
     "forget(self, key: str | bytes | bytearray | memoryview | int, /) -> None\n\n"
     "Makes a key as good as new: it has `burst` again."},
    {"_take", Take, METH_O,
     "_take(self, key: str | bytes | bytearray | memoryview | int, /) -> None\n\n"
     "Takes one of a key. Raises RateLimited when it is refused."},
    {"__init__", AsCFunction(InitMethod), METH_VARARGS | METH_KEYWORDS | METH_COEXIST,
     "__init__(self, core: LimiterCore, name: str | None, rejected: type[Exception], reasons: "
     "tuple[enum.StrEnum, ...]) -> None"},
    {}};

constexpr char kDoc[] = "What a keyed limiter offers for each request.";

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_new, reinterpret_cast<void*>(PyType_GenericNew)},
                        {Py_tp_init, reinterpret_cast<void*>(Init)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(DeallocLimiter)},
                        {Py_tp_methods, kMethods},
                        {0, nullptr}};

PyType_Spec kSpec = {"spillway._core.KeyedLimiter", sizeof(LimiterObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, kSlots};

}  // namespace

void BindKeyedLimiter(py::module_& module) {
  AddType(module, kSpec, globals.policy_type);
  BindLimiter<KeyedTable>(module, "KeyedLimiterCore",
                          "The keyed limiter itself: made, changed and looked at here.")
      .def("reconfigure", &KeyedTable::Reconfigure, py::arg("options"))
      .def_property_readonly("seed", &KeyedTable::seed)
      .def("reset", &KeyedTable::Reset)
      .def("count_live_keys", &KeyedTable::CountLiveKeys, py::arg("now_ns") = py::none());
}

}  // namespace spillway::python
