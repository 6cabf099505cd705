#include "tests/kill/control_subjects.h"

#include <pthread.h>

#include <cerrno>
#include <memory>

#include "spillway/sync/atomic.h"
#include "tests/kill/process.h"

namespace spillway::testing {
namespace {

enum class Lock { kNone, kPlain, kRobust };

struct TwoWords {
  Word first;
  Word second;
  pthread_mutex_t mutex;
};

class Counter : public Attachment {
 public:
  Counter(Lock lock, void* memory) : lock_(lock), words_(static_cast<TwoWords*>(memory)) {}

  void Prepare(Books&) override {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(
        &attributes, lock_ == Lock::kRobust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED);
    pthread_mutex_init(&words_->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
  }

  Done Run() override {
    if (lock_ != Lock::kNone && pthread_mutex_lock(&words_->mutex) == EOWNERDEAD) {
      words_->second.store(words_->first.load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
      pthread_mutex_consistent(&words_->mutex);
    }
    words_->first.fetch_add(1, std::memory_order_relaxed);
    words_->second.fetch_add(1, std::memory_order_relaxed);
    if (lock_ != Lock::kNone) pthread_mutex_unlock(&words_->mutex);
    return {.settled = 1};
  }

  void Survive(Books& books, Findings& findings) override {
    for (int i = 0; i < 100; ++i) books.settled.Add(Run().settled);
    const uint64_t first = words_->first.load(std::memory_order_relaxed);
    const uint64_t second = words_->second.load(std::memory_order_relaxed);
    findings.Expect(first == second, "both words agree");
    findings.Expect(books.settled.Hold(first), "each addition is counted once");
  }

  Done Hammer(Random&, Nanos) override { return Run(); }

 private:
  Lock lock_;
  TwoWords* words_;
};

Operation Counting(const char* name, Lock lock) {
  return {.name = name,
          .bytes = sizeof(TwoWords),
          .attach = [lock](void* memory) { return std::make_unique<Counter>(lock, memory); },
          .whole = {.settled = 1}};
}

}  // namespace

void HoldPlainMutex(void* memory) {
  Child holder([memory] { pthread_mutex_lock(&static_cast<TwoWords*>(memory)->mutex); });
  holder.Wait();
}

Operation PlainMutex() { return Counting("plain process-shared mutex", Lock::kPlain); }
Operation RobustMutex() { return Counting("robust process-shared mutex", Lock::kRobust); }
Operation NoLock() { return Counting("no lock", Lock::kNone); }

}  // namespace spillway::testing
