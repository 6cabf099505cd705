// Runs a few threads through every order of their atomic operations, within bounds, and through
// every value that a load may return by the memory orders it was written with.
//
// The threads are fibers of one thread. Each atomic operation of the code under test comes here
// (include/spillway/sync/atomic.h), where another thread may be let run first. An execution is a
// list of choices; the explorer goes through all lists, depth first.
//
// Memory is that of C++20 without load buffering: each location has the history of its values, and
// each thread a view, the oldest value of each location that it may still read. A release stores
// the view beside the value, an acquire takes it over, seq_cst operations agree on one order. A new
// value always comes last in the history, so a store is never ordered before one that was made
// earlier, and no load returns a value that is stored later: what only those two could break is out
// of this explorer's reach, and ThreadSanitizer's and the comments' to argue.
#ifndef SPILLWAY_TESTS_MODEL_EXPLORER_H_
#define SPILLWAY_TESTS_MODEL_EXPLORER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace spillway::model {

inline constexpr int kMaxThreads = 4;

// What is run: a scenario is made anew for each execution, before the threads begin, and checked
// after they have ended. Its own fields are at the same address each time.
class Scenario {
 public:
  virtual ~Scenario() = default;
  // Concurrently, once for each thread.
  virtual void Run(int thread) = 0;
  // What must hold once all threads have ended, said by Require.
  virtual void Check() {}
};

// Fails the execution when `condition` does not hold. For scenarios, in Run and in Check.
void Require(bool condition, const char* what);

// A thread-local variable of the code under test: each thread of the scenario gets one of its own,
// with the value it has now. Called by a scenario when it is made.
void KeepForEachThread(uint32_t* variable);

// How far the exploration goes: all executions with at most so many of each.
struct Bounds {
  int preemptions = 2;  // a thread is stopped, before an operation, for another one
  int surprises = 1;    // a load returns less than the newest value, a weak exchange fails for
                        // no reason
};

// An atomic operation in the source.
struct Place {
  const char* file;
  uint32_t line;

  // From the folder of the core on: what comes before depends on how the compiler was called.
  std::string_view name() const {
    const std::string_view path = file;
    const size_t core = path.rfind("/core/");
    return core == path.npos ? path : path.substr(core + 6);
  }

  friend bool operator<(const Place& a, const Place& b) {
    return std::tuple(a.name(), a.line) < std::tuple(b.name(), b.line);
  }
  friend bool operator==(const Place& a, const Place& b) {
    return a.line == b.line && a.name() == b.name();
  }
};

enum class Kind { kLoad, kStore, kUpdate, kCompare };

struct Access {
  const void* location;
  Place place;
  Kind kind;
  std::memory_order order;
  std::memory_order failure = std::memory_order_relaxed;  // of a comparison

  auto SourceKey() const { return std::tuple(place, kind, order, failure); }
  friend bool operator<(const Access& a, const Access& b) { return a.SourceKey() < b.SourceKey(); }
};

// A seeded fault at one place: an order that is weaker than the source says, or a
// read-modify-write that others can come between.
struct Mutation {
  Place place{"", 0};
  std::memory_order order{};    // instead of the one there is
  std::memory_order failure{};  // the same, of a comparison
  bool split = false;           // only this; the orders stay
};

struct Result {
  uint64_t executions = 0;
  uint64_t operations = 0;
  std::string counterexample;    // empty: none was found
  std::vector<Access> accesses;  // the operations of the source that were met

  bool refuted() const { return !counterexample.empty(); }
};

// Makes the scenario in the given storage.
using Factory = std::function<Scenario*(void* storage)>;

inline constexpr size_t kScenarioBytes = 1 << 16;

// Few preemptions first, so that the counterexample is one of the simplest.
Result Explore(const Factory& make, int threads, Bounds bounds, const Mutation* mutation = nullptr);

// ---- What the atomics of the model call. Outside of Run they do what the plain operation does.

// The value that a load returns, where the memory itself holds `newest`.
uint64_t OnLoad(const Access& access, uint64_t newest);
// Before a store or a read-modify-write: others may run. Afterwards the memory is to be read.
void BeforeWrite(const Access& access);
// Between the two halves of a read-modify-write: others run when a mutation splits it.
void BetweenHalves(const Access& access);
// The write itself, of a store or of a read-modify-write.
void OnWrite(const Access& access, uint64_t value, uint64_t replaced);
// After BeforeWrite: whether a comparison fails. Then `expected` becomes what it saw.
bool Fails(const Access& access, uint64_t newest, uint64_t* expected, bool weak);

}  // namespace spillway::model

#endif  // SPILLWAY_TESTS_MODEL_EXPLORER_H_
