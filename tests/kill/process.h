// Child processes that cannot be left behind, the memory they share, and a ban on system calls.
#ifndef SPILLWAY_TESTS_KILL_PROCESS_H_
#define SPILLWAY_TESTS_KILL_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <vector>

namespace spillway::testing {

// Zeroed memory that forks share.
class SharedMemory {
 public:
  explicit SharedMemory(size_t bytes);
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory();

  void* get() const { return at_; }
  std::vector<char> Copy() const {
    const char* begin = static_cast<const char*>(at_);
    return {begin, begin + bytes_};
  }
  void Restore(const std::vector<char>& copy) const { std::memcpy(at_, copy.data(), bytes_); }

 private:
  size_t bytes_;
  void* at_;
};

// A value in such memory.
template <typename T>
class Shared {
 public:
  Shared() : memory_(sizeof(T)), value_(new (memory_.get()) T()) {}
  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  SharedMemory memory_;
  T* value_;
};

// A forked process: killed and reaped when this goes, and killed by the kernel when the parent
// dies.
class Child {
 public:
  explicit Child(const std::function<void()>& work);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t id() const { return id_; }
  bool ended() const { return id_ == 0; }

  // The next stop or the end, as waitpid says it. Not for one that has ended.
  int Wait();

  bool Stop();  // false: it had ended
  void GoOn();
  void Kill();  // and waits until it is dead

  // Sleeps in the kernel, as one does who waits for another.
  bool IsAsleep() const;

 private:
  pid_t id_;
};

// From now on every system call but the end of the process kills it with SIGSYS.
void ForbidSystemCalls();

// How a child ended that worked under that ban.
enum class Ending { kFinished, kBlocked, kCrashed };

// `attach` may use the kernel, the function that it returns may not. Blocked is who asks the kernel
// for anything, or has not finished after many seconds: nobody else is running, so whoever has to
// wait waits for ever.
Ending RunWithoutKernel(const std::function<std::function<void()>()>& attach);

// Why the kernel does not let this process trace its children, or ban their system calls; empty
// when it does.
std::string WhyNoTracing();
std::string WhyNoBan();

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_PROCESS_H_
