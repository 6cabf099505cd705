#include "tests/kill/process.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <system_error>
#include <utility>

namespace spillway::testing {
namespace {

// Far longer than any of this takes on the busiest machine: it tells who spins for ever.
constexpr unsigned kPatienceSeconds = 20;

void Check(bool fine, const char* what) {
  if (!fine) throw std::system_error(errno, std::generic_category(), what);
}

// Whether a child that does `work` ends with exit status 0.
bool Succeeds(const std::function<bool()>& work) {
  Child child([&] { _exit(work() ? 0 : 1); });
  return child.Wait() == 0;
}

bool TryToForbidSystemCalls() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const sock_fprog filter = {.len = sizeof code / sizeof code[0], .filter = code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

SharedMemory::SharedMemory(size_t bytes)
    : bytes_(bytes),
      at_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
  Check(at_ != MAP_FAILED, "mmap");
}

SharedMemory::~SharedMemory() { munmap(at_, bytes_); }

Child::Child(const std::function<void()>& work) {
  std::fflush(nullptr);  // or the child might print it again
  const pid_t parent = getpid();
  id_ = fork();
  Check(id_ >= 0, "fork");
  if (id_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == parent) work();
  _exit(0);
}

Child::Child(Child&& other) noexcept : id_(std::exchange(other.id_, 0)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(id_, other.id_);
  return *this;
}

Child::~Child() { Kill(); }

int Child::Wait() {
  int status = 0;
  while (waitpid(id_, &status, WUNTRACED) < 0) Check(errno == EINTR, "waitpid");
  if (!WIFSTOPPED(status)) id_ = 0;
  return status;
}

bool Child::Stop() {
  if (ended()) return false;
  kill(id_, SIGSTOP);
  Wait();
  return !ended();
}

void Child::GoOn() {
  if (!ended()) kill(id_, SIGCONT);
}

void Child::Kill() {
  if (ended()) return;
  kill(id_, SIGKILL);
  while (!ended()) Wait();
}

bool Child::IsAsleep() const {
  const std::string path = "/proc/" + std::to_string(id_) + "/stat";
  char state = '?';
  if (std::FILE* file = std::fopen(path.c_str(), "r")) {
    if (std::fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = '?';
    std::fclose(file);
  }
  return state == 'S';
}

void ForbidSystemCalls() {
  if (!TryToForbidSystemCalls()) _exit(1);
}

Ending RunWithoutKernel(const std::function<std::function<void()>()>& attach) {
  Child child([&] {
    alarm(kPatienceSeconds);
    const std::function<void()> work = attach();
    ForbidSystemCalls();
    work();
  });
  const int status = child.Wait();
  if (status == 0) return Ending::kFinished;
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return signal == SIGSYS || signal == SIGALRM ? Ending::kBlocked : Ending::kCrashed;
}

std::string WhyNoTracing() {
  if (!Succeeds([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }))
    return "the kernel permits no ptrace here";
  return "";
}

std::string WhyNoBan() {
  if (!Succeeds([] { return TryToForbidSystemCalls(); }))
    return "the kernel permits no seccomp filter here";
  return "";
}

}  // namespace spillway::testing
