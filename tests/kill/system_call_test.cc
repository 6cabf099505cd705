// No call on a policy enters the kernel: each is made many times by a process whose first system
// call is its last.
#include <gtest/gtest.h>
#include <pthread.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "spillway/sync/atomic.h"
#include "tests/kill/control_subjects.h"
#include "tests/kill/process.h"
#include "tests/kill/report.h"
#include "tests/kill/subjects.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kTimes = 100'000;

// How often `operation` was made before the process ended. `prepare` comes before the ban.
struct Trial {
  uint64_t calls;
  Ending ending;
};

Trial Try(const Operation& operation, uint64_t times, void (*hold)(void* memory) = nullptr) {
  const SharedMemory memory(operation.bytes);
  const Shared<Word> calls;
  std::unique_ptr<Attachment> attachment;
  std::vector<char> start;
  const Ending ending = RunWithoutKernel([&] {
    Books books;
    attachment = operation.attach(memory.get());
    attachment->Prepare(books);
    start = memory.Copy();
    if (hold != nullptr) hold(memory.get());
    return [&] {
      for (uint64_t i = 0; i < times; ++i) {
        attachment->Run();
        if (hold == nullptr) memory.Restore(start);
        calls->fetch_add(1, std::memory_order_relaxed);
      }
    };
  });
  return {calls->load(std::memory_order_relaxed), ending};
}

// Whether the machine answers what the operation asks of it without the kernel.
bool IsAnsweredWithoutKernel(void (*asks)()) {
  return RunWithoutKernel([asks] { return asks; }) == Ending::kFinished;
}

uint64_t TryAll(bool of_those_that_ask, std::vector<std::string>* skipped) {
  uint64_t sum = 0;
  for (const Operation& operation : AllOperations()) {
    if ((operation.asks != nullptr) != of_those_that_ask) continue;
    if (operation.asks != nullptr && !IsAnsweredWithoutKernel(operation.asks)) {
      skipped->push_back(operation.name);
      continue;
    }
    const Trial trial = Try(operation, kTimes);
    EXPECT_EQ(trial.ending, Ending::kFinished) << operation.name;
    EXPECT_EQ(trial.calls, kTimes) << operation.name;
    sum += trial.calls;
  }
  return sum;
}

TEST(SystemCallTest, NoCallAtATimeThatIsGivenMakesOne) {
  if (const std::string why = WhyNoBan(); !why.empty()) GTEST_SKIP() << why;
  const uint64_t calls = TryAll(false, nullptr);
  EXPECT_GT(calls, 0u);
  ReportCalls("all operations at a given time", calls, "by itself");
}

TEST(SystemCallTest, NoCallThatReadsTheClockOrTheCpuMakesOne) {
  if (const std::string why = WhyNoBan(); !why.empty()) GTEST_SKIP() << why;
  std::vector<std::string> skipped;
  const uint64_t calls = TryAll(true, &skipped);
  if (calls != 0) ReportCalls("operations that read the clock or the CPU", calls, "by themselves");
  for (const std::string& name : skipped) {
    GTEST_SKIP() << "this machine has no clock or CPU number without the kernel (vDSO, rseq): "
                 << name << ", and " << skipped.size() - 1 << " more";
  }
}

TEST(SystemCallControlTest, AMutexMakesOneAsSoonAsAnotherHoldsIt) {
  if (const std::string why = WhyNoBan(); !why.empty()) GTEST_SKIP() << why;
  const Trial alone = Try(PlainMutex(), kTimes);
  EXPECT_EQ(alone.ending, Ending::kFinished);
  EXPECT_EQ(alone.calls, kTimes);
  ReportCalls("plain mutex that nobody else wants", alone.calls, "by itself");
  const Trial contended = Try(PlainMutex(), kTimes, HoldPlainMutex);
  EXPECT_EQ(contended.ending, Ending::kBlocked);
  EXPECT_EQ(contended.calls, 0u);
  ReportCalls("plain mutex that another process holds", contended.calls, "killed in futex");
}

}  // namespace
}  // namespace spillway::testing
