#include "tests/kill/storm.h"

#include <unistd.h>

#include <array>
#include <ctime>
#include <functional>
#include <limits>
#include <memory>

#include "spillway/sync/atomic.h"
#include "tests/kill/process.h"

namespace spillway::testing {
namespace {

constexpr size_t kWorkers = 6;
constexpr size_t kMostStopped = 3;

// Far longer than a process ever has to wait for its turn.
constexpr std::time_t kPatienceSeconds = 20;

struct Worker {
  Books books;
  Word operations;
};

struct Page {
  Word now;
  std::array<Worker, kWorkers> workers;
  Books all;
  Findings findings;
};

class Weather {
 public:
  Weather(const Operation& operation, uint64_t seed)
      : operation_(operation), random_(seed), memory_(operation.bytes) {
    operation_.attach(memory_.get())->Prepare(start_);
    page_->now.store(static_cast<uint64_t>(start_.now), std::memory_order_relaxed);
    for (size_t i = 0; i < kWorkers; ++i) Spawn(i);
  }

  StormResult Blow(uint64_t kills, uint64_t stops) {
    StormResult result;
    while (!result.blocked && (result.kills < kills || result.stops < stops)) {
      const size_t victim = random_.Below(kWorkers);
      if (random_.OneIn(2) ? result.kills < kills : result.stops >= stops) {
        Kill(victim);
        ++result.kills;
      } else if (!stopped_[victim]) {
        if (!Stop(victim)) return {.broken = "the others do not crash"};
        ++result.stops;
      }
      result.blocked = !OthersGoOn();
    }
    for (std::unique_ptr<Child>& worker : workers_) worker.reset();
    for (Worker& worker : page_->workers) {
      result.operations += worker.operations.load(std::memory_order_relaxed);
    }
    if (!result.blocked) result.broken = Aftermath();
    return result;
  }

 private:
  void Spawn(size_t i) {
    stopped_[i] = false;
    const uint64_t seed = random_.Below(std::numeric_limits<uint64_t>::max());
    workers_[i] = std::make_unique<Child>([=, this] {
      const std::unique_ptr<Attachment> attachment = operation_.attach(memory_.get());
      Work(*attachment, seed, page_->workers[i]);
    });
  }

  // Says what it may do before it does it, and afterwards what it did: a call of a virtual function
  // in between, so the compiler leaves the order alone, and a death leaves what was written.
  [[noreturn]] void Work(Attachment& attachment, uint64_t seed, Worker& worker) {
    Random random(seed);
    for (;;) {
      const Nanos step = random.Below<Nanos>(20'000);
      const auto now = static_cast<Nanos>(
          page_->now.fetch_add(static_cast<uint64_t>(step), std::memory_order_relaxed));
      const Books before = worker.books;
      worker.books.MayAdd(operation_.whole);
      const Done done = attachment.Hammer(random, now);
      Books after = before;
      after.Add(done);
      worker.books = after;
      worker.operations.fetch_add(1, std::memory_order_relaxed);
    }
  }

  void Kill(size_t i) {
    workers_[i]->Kill();
    Spawn(i);
  }

  bool Stop(size_t i) {
    while (CountStopped() >= kMostStopped) GoOn(random_.Below(kWorkers));
    return stopped_[i] = workers_[i]->Stop();
  }

  void GoOn(size_t i) {
    if (stopped_[i]) workers_[i]->GoOn();
    stopped_[i] = false;
  }

  size_t CountStopped() const {
    size_t count = 0;
    for (const bool stopped : stopped_) count += stopped;
    return count;
  }

  // Whether each process that is neither dead nor stopped makes another call.
  bool OthersGoOn() {
    const std::array<uint64_t, kWorkers> before = Operations();
    const std::time_t begin = time(nullptr);
    for (int asleep = 0; asleep < 20 && time(nullptr) - begin < kPatienceSeconds;) {
      const std::array<uint64_t, kWorkers> now = Operations();
      if (ForAllRunning([&](size_t i) { return now[i] != before[i]; })) return true;
      // Those who all sleep while nobody is there to wake them sleep for ever.
      const bool all = ForAllRunning([&](size_t i) { return workers_[i]->IsAsleep(); });
      asleep = all && Operations() == now ? asleep + 1 : 0;
      usleep(200);
    }
    return false;
  }

  bool ForAllRunning(const std::function<bool(size_t)>& holds) const {
    bool all = true;
    for (size_t i = 0; i < kWorkers; ++i) all = all && (stopped_[i] || holds(i));
    return all;
  }

  std::array<uint64_t, kWorkers> Operations() const {
    std::array<uint64_t, kWorkers> operations;
    for (size_t i = 0; i < kWorkers; ++i) {
      operations[i] = page_->workers[i].operations.load(std::memory_order_relaxed);
    }
    return operations;
  }

  // All are dead. Who comes now finds what they did, and a policy that works.
  std::string Aftermath() {
    page_->all = start_;
    page_->all.now = static_cast<Nanos>(page_->now.load(std::memory_order_relaxed));
    page_->all.changes = {0, std::numeric_limits<int64_t>::max() / 2};
    for (const Worker& worker : page_->workers) page_->all.Merge(worker.books);
    std::unique_ptr<Attachment> survivor;
    const Ending ending = RunWithoutKernel([&] {
      survivor = operation_.attach(memory_.get());
      return [&] { survivor->Survive(page_->all, page_->findings); };
    });
    if (ending != Ending::kFinished) return "who comes later finishes";
    const char* broken = page_->findings.broken();
    return broken == nullptr ? "" : broken;
  }

  const Operation& operation_;
  Random random_;
  SharedMemory memory_;
  Shared<Page> page_;
  Books start_;
  std::array<std::unique_ptr<Child>, kWorkers> workers_;
  std::array<bool, kWorkers> stopped_{};
};

}  // namespace

StormResult Storm(const Operation& operation, uint64_t kills, uint64_t stops, uint64_t seed) {
  return Weather(operation, seed).Blow(kills, stops);
}

}  // namespace spillway::testing
