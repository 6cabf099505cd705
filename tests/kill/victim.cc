#include "tests/kill/victim.h"

#include <sched.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <system_error>

namespace spillway::testing {
namespace {

// Traps of two kinds, so that the end is told from one more step.
void MarkBegin() { asm volatile("int3" ::: "memory"); }
void MarkEnd() { asm volatile("ud2" ::: "memory"); }
constexpr int kSignalOfEnd = SIGILL;
constexpr uintptr_t kBytesOfEnd = 2;

constexpr size_t kCounter = offsetof(user_regs_struct, rip);

void Poke(pid_t process, size_t offset, uintptr_t value) {
  if (ptrace(PTRACE_POKEUSER, process, offset, value) != 0)
    throw std::system_error(errno, std::generic_category(), "ptrace");
}

uintptr_t ProgramCounter(pid_t process) {
  return static_cast<uintptr_t>(ptrace(PTRACE_PEEKUSER, process, kCounter, nullptr));
}

// One breakpoint of the CPU; none at address 0.
void BreakAt(pid_t process, uintptr_t address) {
  Poke(process, offsetof(user, u_debugreg[0]), address);
  Poke(process, offsetof(user, u_debugreg[7]), address != 0);
}

}  // namespace

Victim::Victim(const std::function<void()>& work, int cpu)
    : child_([&] {
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(static_cast<size_t>(cpu), &only);
        sched_setaffinity(0, sizeof only, &only);
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        MarkBegin();
        work();
        MarkEnd();
      }) {
  child_.Wait();
  if (ptrace(PTRACE_SETOPTIONS, child_.id(), 0, PTRACE_O_EXITKILL) != 0)
    throw std::system_error(errno, std::generic_category(), "ptrace");
}

Trace Victim::Record() {
  Trace trace{ProgramCounter(child_.id())};
  while (Resume(PTRACE_SINGLESTEP)) {
    const uintptr_t next = ProgramCounter(child_.id());
    // The rounds of a string instruction (rep) are one instruction, as they are for a breakpoint.
    if (next != trace.back()) trace.push_back(next);
  }
  return trace;
}

bool Victim::RunTo(const Trace& trace, size_t steps) {
  // At full speed from one time that it comes by this address to the next: a single step takes
  // thousands of times as long as an instruction.
  const auto times =
      std::count(trace.begin(), trace.begin() + static_cast<ptrdiff_t>(steps) + 1, trace[steps]);
  BreakAt(child_.id(), trace[steps]);
  for (ptrdiff_t i = 0; i < times; ++i) {
    if (!Resume(PTRACE_CONT)) return false;
  }
  BreakAt(child_.id(), 0);
  return true;
}

bool Victim::Finish() {
  if (!at_end_ && Resume(PTRACE_CONT)) return false;
  if (child_.ended()) return false;
  Poke(child_.id(), kCounter, ProgramCounter(child_.id()) + kBytesOfEnd);
  ptrace(PTRACE_DETACH, child_.id(), nullptr, nullptr);
  return child_.Wait() == 0;
}

// False when the operation ended.
bool Victim::Resume(int request) {
  ptrace(static_cast<__ptrace_request>(request), child_.id(), nullptr, nullptr);
  const int status = child_.Wait();
  at_end_ = child_.ended() || WSTOPSIG(status) != SIGTRAP;
  return !at_end_;
}

}  // namespace spillway::testing
