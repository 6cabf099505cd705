// What a policy brings to the proofs in this folder: how to attach to memory that processes share,
// the calls to interrupt, and what must hold afterwards. A policy needs one file that makes a
// Subject (token_bucket_subject.cc is the shortest) and its name in subjects.h.
#ifndef SPILLWAY_TESTS_KILL_SUBJECT_H_
#define SPILLWAY_TESTS_KILL_SUBJECT_H_

#include <concepts>
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

// What one operation adds to the counts of its policy, which has some of these.
struct Done {
  int64_t refused = 0;   // calls not admitted
  int64_t admitted = 0;  // calls that took what they asked for
  int64_t settled = 0;   // outcomes told, whatever became of them
  int64_t changes = 0;   // generations begun
  int64_t taken = 0;     // tokens; below 0: given back
};

// What a count may be while an operation may have been cut off before or after its step.
struct Bounds {
  int64_t least = 0;
  int64_t most = 0;

  void Add(int64_t n) {
    least += n;
    most += n;
  }
  void MayAdd(int64_t n) { (n < 0 ? least : most) += n; }
  bool Hold(std::integral auto count) const {
    return least <= static_cast<int64_t>(count) && static_cast<int64_t>(count) <= most;
  }
};

// How many different states Survive leaves the policy in, one after the other.
inline constexpr int kRests = 2;

// What the processes themselves know of the calls they made, to hold against what the policy says.
struct Books {
  Nanos now = 0;  // of the newest call
  int rest = 0;   // the state, of kRests, that Survive leaves behind: whoever is late meets it
  Bounds refused = {};
  Bounds admitted = {};
  Bounds settled = {};
  // Survive finds out what these are, also where an operation was cut off.
  Bounds changes = {};
  Bounds taken = {};

  void Add(const Done& done) {
    EachTotal(done, [](Bounds& total, int64_t n) { total.Add(n); });
    EachState(done, [](Bounds& state, int64_t n) { state.Add(n); });
  }
  // An operation begins, and nobody knows whether it will end.
  void MayAdd(const Done& done) {
    EachTotal(done, [](Bounds& total, int64_t n) { total.MayAdd(n); });
    EachState(done, [](Bounds& state, int64_t n) { state.MayAdd(n); });
  }
  // It did end, after others had used the policy.
  void Ended(const Done& done) {
    EachTotal(done, [](Bounds& total, int64_t n) { total = {total.least + n, total.least + n}; });
    EachState(done, [](Bounds& state, int64_t n) { state.MayAdd(n); });
  }
  // What the calls were, when none was cut off.
  Done Calls() const {
    return {.refused = refused.least,
            .admitted = admitted.least,
            .settled = settled.least,
            .changes = changes.least,
            .taken = taken.least};
  }
  // Adds those of another process.
  void Merge(const Books& other) {
    const auto add = [](Bounds& mine, const Bounds& its) {
      mine = {mine.least + its.least, mine.most + its.most};
    };
    EachTotal(other, add);
    EachState(other, add);
  }

 private:
  // `of` is a Done or other Books.
  template <class Of, class Visit>
  void EachTotal(const Of& of, const Visit& visit) {
    visit(refused, of.refused);
    visit(admitted, of.admitted);
    visit(settled, of.settled);
  }
  template <class Of, class Visit>
  void EachState(const Of& of, const Visit& visit) {
    visit(changes, of.changes);
    visit(taken, of.taken);
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

  // Any call at `now`, in whatever state the policy is; what it did. At most `whole` of its
  // operation.
  virtual Done Hammer(Random& random, Nanos now) = 0;
};

struct Operation {
  std::string name;
  size_t bytes;  // of memory
  std::function<std::unique_ptr<Attachment>(void* memory)> attach;
  Done whole;  // what it adds when nobody interrupts it; of a storm, the most that Hammer adds

  // What it asks of the machine, which some machines answer without the kernel (vDSO) and others
  // do not; null for the operations that ask nothing.
  void (*asks)() = nullptr;
};

// An operation of an Attachment made of settings, a script and the memory: what comes before the
// operation, and itself. Plain functions, so that nothing but the policy's own code lies between
// the marks.
template <class Attachment>
struct Script {
  void (*prepare)(Attachment& on);
  Done (*run)(Attachment& on);
};

// An Attachment that runs such a script, and keeps the books of its calls.
template <class Derived>
class ScriptedAttachment : public Attachment {
 public:
  void Prepare(Books& books) override {
    books_ = &books;
    script_.prepare(static_cast<Derived&>(*this));
    books.now = now;
  }
  Done Run() final { return script_.run(static_cast<Derived&>(*this)); }
  void Survive(Books& books, Findings& findings) final {
    books_ = &books;
    findings_ = &findings;
    now = books.now;
    CheckAll();
    books.now = now;
  }
  Done Hammer(Random& random, Nanos at) final {
    Books mine;
    books_ = &mine;
    now = at;
    CallAny(random);
    return mine.Calls();
  }

  Nanos now = 1000 * kNanosPerSecond;  // of the next call

 protected:
  explicit ScriptedAttachment(const Script<Derived>& script) : script_(script) {}

  // What Survive and Hammer do, with `now` and the books in place.
  virtual void CheckAll() = 0;
  virtual void CallAny(Random& random) = 0;

  void Expect(bool holds, const char* invariant) { findings_->Expect(holds, invariant); }
  Books& books() { return *books_; }

 private:
  Script<Derived> script_;
  Books* books_ = nullptr;
  Findings* findings_ = nullptr;
};

template <class Attachment, class Settings>
Operation MakeOperation(const char* name, size_t bytes, const Settings& settings,
                        const Script<Attachment>& script, const Done& whole,
                        void (*asks)() = nullptr) {
  return {.name = name,
          .bytes = bytes,
          .attach =
              [=](void* memory) { return std::make_unique<Attachment>(settings, script, memory); },
          .whole = whole,
          .asks = asks};
}

// For messages of tests.
inline void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }

struct Subject {
  std::string name;
  std::vector<Operation> operations;
  Operation storm;  // quick to change its state; only Hammer and Survive are used
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_SUBJECT_H_
