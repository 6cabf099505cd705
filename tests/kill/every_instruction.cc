#include "tests/kill/every_instruction.h"

#include <sched.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/kill/process.h"
#include "tests/kill/victim.h"

namespace spillway::testing {
namespace {

// What the processes tell each other beside the memory of the policy.
struct Page {
  Books books;
  Findings findings;
  Done done;
};

struct Verdict {
  bool reached = true;  // the point where it was to be cut off
  bool blocked = false;
  std::string broken = {};  // what was wrong; empty when nothing was

  bool fine() const { return !blocked && broken.empty(); }
};

void Add(const Verdict& verdict, size_t step, Verdicts* sum) {
  if (!verdict.reached) return;
  ++sum->points;
  sum->blocked += verdict.blocked;
  sum->broken += !verdict.broken.empty();
  if (!sum->first.empty() || verdict.fine()) return;
  sum->first = "after " + std::to_string(step) +
               " instructions: " + (verdict.blocked ? "blocked" : "not so: " + verdict.broken);
}

class Scene {
 public:
  explicit Scene(const Operation& operation)
      : operation_(operation),
        memory_(operation.bytes),
        attachment_(operation.attach(memory_.get())) {
    attachment_->Prepare(books_);
    start_ = memory_.Copy();
    // Not yet looked up symbols and the like are looked up here, once for all forks.
    attachment_->Run();
    memory_.Restore(start_);
    trace_ = NewVictim().Record();
  }

  size_t instructions() const { return trace_.size() - 1; }

  // Not cut off: exactly what it should have done was done.
  Verdict AfterAll() {
    memory_.Restore(start_);
    attachment_->Run();
    page_->books = books_;
    page_->books.Add(operation_.whole);
    return Survivor();
  }

  Verdict AfterKill(size_t step) {
    Victim victim = StartOver();
    if (!victim.RunTo(trace_, step)) return {.reached = false};
    victim.Kill();
    return Survivor();
  }

  // While it is stopped, and after it went on.
  std::pair<Verdict, Verdict> AfterStop(size_t step, int rest) {
    Victim victim = StartOver();
    page_->books.rest = rest;
    if (!victim.RunTo(trace_, step)) return {{.reached = false}, {.reached = false}};
    const Verdict stopped = Survivor();
    if (!stopped.fine()) return {stopped, stopped};
    if (!victim.Finish()) return {stopped, {.broken = "the stopped process finishes"}};
    page_->books.Ended(page_->done);
    return {stopped, Survivor()};
  }

 private:
  Victim NewVictim() {
    return Victim([this] { page_->done = attachment_->Run(); }, cpu_);
  }

  Victim StartOver() {
    memory_.Restore(start_);
    page_->books = books_;
    page_->books.MayAdd(operation_.whole);
    return NewVictim();
  }

  // A fresh process, which uses the memory as it is.
  Verdict Survivor() {
    page_->findings = {};
    std::unique_ptr<Attachment> survivor;  // of the child
    const Ending ending = RunWithoutKernel([&] {
      survivor = operation_.attach(memory_.get());
      return [&] { survivor->Survive(page_->books, page_->findings); };
    });
    if (ending == Ending::kBlocked) return {.blocked = true};
    if (ending == Ending::kCrashed) return {.broken = "the others do not crash"};
    const char* broken = page_->findings.broken();
    return {.broken = broken == nullptr ? "" : broken};
  }

  const Operation& operation_;
  int cpu_ = sched_getcpu();
  SharedMemory memory_;
  std::unique_ptr<Attachment> attachment_;
  Books books_;
  std::vector<char> start_;
  Shared<Page> page_;
  Trace trace_;
};

}  // namespace

void Verdicts::operator+=(const Verdicts& other) {
  points += other.points;
  blocked += other.blocked;
  broken += other.broken;
  if (first.empty()) first = other.first;
}

void EveryInstruction::operator+=(const EveryInstruction& other) {
  instructions += other.instructions;
  killed += other.killed;
  stopped += other.stopped;
  resumed += other.resumed;
}

EveryInstruction CutOffEverywhere(const Operation& operation) {
  Scene scene(operation);
  if (const Verdict whole = scene.AfterAll(); !whole.fine())
    throw std::runtime_error("not cut off, and yet not so: " + whole.broken);
  EveryInstruction result{.instructions = scene.instructions()};
  for (size_t step = 0; step <= scene.instructions(); ++step) {
    Add(scene.AfterKill(step), step, &result.killed);
    for (int rest = 0; rest < kRests; ++rest) {
      const auto [stopped, resumed] = scene.AfterStop(step, rest);
      if (rest == 0) Add(stopped, step, &result.stopped);
      Add(resumed, step, &result.resumed);
    }
  }
  return result;
}

}  // namespace spillway::testing
