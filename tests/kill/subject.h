// What a policy brings to the proofs in this folder: how to attach to memory that processes share,
// the calls to interrupt, and what must hold afterwards. A policy needs one file that makes a
// Subject (breaker_subject.cc is the model) and its name in subjects.h.
#ifndef SPILLWAY_TESTS_KILL_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_SUBJECT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "spillway/base/time.h"
#include "tests/support/random_settings.h"

namespace spillway::testing {

// What one operation adds to the counters of its policy.
struct Done {
  uint64_t refused = 0;  // calls not admitted
  uint64_t settled = 0;  // outcomes told, whatever became of them
  uint64_t changes = 0;  // generations begun
};

// What a counter may show while an operation may have been cut off before or after its step.
struct Bounds {
  uint64_t least = 0;
  uint64_t most = 0;

  void Add(uint64_t n) {
    least += n;
    most += n;
  }
  bool Hold(uint64_t count) const { return least <= count && count <= most; }
};

// How many different states Survive leaves the policy in, one after the other.
inline constexpr int kRests = 2;

// What the processes themselves know of the calls they made, to hold against what the policy says.
struct Books {
  Nanos now = 0;  // of the newest call
  int rest = 0;   // the state, of kRests, that Survive leaves behind: whoever is late meets it
  Bounds refused = {};
  Bounds settled = {};
  Bounds changes = {};

  void Add(const Done& done) {
    refused.Add(done.refused);
    settled.Add(done.settled);
    changes.Add(done.changes);
  }
  // An operation begins, and nobody knows whether it will end.
  void MayAdd(const Done& done) {
    refused.most += done.refused;
    settled.most += done.settled;
    changes.most += done.changes;
  }
  // It did end, after others had used the policy.
  void Ended(const Done& done) {
    refused = {refused.least + done.refused, refused.least + done.refused};
    settled = {settled.least + done.settled, settled.least + done.settled};
    changes.most += done.changes;
  }
};

// The first thing that was found wrong. Lies in shared memory and is filled in where no system call
// is allowed, so it keeps the literal alone: forks have it at the same address.
class Findings {
 public:
  void Expect(bool holds, const char* invariant) {
    if (!holds && broken_ == nullptr) broken_ = invariant;
  }
  const char* broken() const { return broken_; }

 private:
  const char* broken_ = nullptr;
};

// A policy object of one process on the memory. Run, Survive and Hammer are called where a system
// call ends the process: what they need from the kernel (memory) is got when attaching.
class Attachment {
 public:
  virtual ~Attachment() = default;

  // Brings all-zero memory to where the operation begins.
  virtual void Prepare(Books& books) = 0;

  // The operation. Called again when the memory has been put back to where it began. What it says
  // that it changed is what it was told to change by hand: a call on which others overtook it
  // changes the state no more.
  virtual Done Run() = 0;

  // A process that comes later: makes 100 calls and more, and finds out whether all is as it must
  // be. Adds its own calls to the books, in which one that was cut off stays open.
  virtual void Survive(Books& books, Findings& findings) = 0;

  // Any call at `now`, in whatever state the policy is: at most one refusal and one outcome.
  virtual Done Hammer(Random& random, Nanos now) = 0;
};

struct Operation {
  std::string name;
  size_t bytes;  // of memory
  std::function<std::unique_ptr<Attachment>(void* memory)> attach;
  Done whole;  // what it adds when nobody interrupts it

  // What it asks of the machine, which some machines answer without the kernel (vDSO) and others
  // do not; null for the operations that ask nothing.
  void (*asks)() = nullptr;
};

// For messages of tests.
inline void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }

struct Subject {
  std::string name;
  std::vector<Operation> operations;
  Operation storm;  // quick to change its state; only Hammer and Survive are used
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_SUBJECT_H_
