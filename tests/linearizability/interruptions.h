// Stops the calling thread again and again between two instructions, wherever it happens to be, for
// long enough that others go on. Calls of a few dozen nanoseconds hardly ever meet otherwise, least
// of all where CPUs are few.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_INTERRUPTIONS_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_INTERRUPTIONS_H_

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

namespace spillway::testing {

// For as long as it lives, in the thread that made it; one a thread.
class Interruptions {
 public:
  explicit Interruptions(uint64_t seed) {
    [[maybe_unused]] static const int installed = Install();
    self_ = this;
    random_ = seed;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = Signal();
    event._sigev_un._tid = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0)
      throw std::runtime_error("timer_create failed");
    Arm();
  }
  ~Interruptions() {
    self_ = nullptr;
    timer_delete(timer_);
  }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;

 private:
  static int Signal() { return SIGRTMIN + 1; }

  static int Install() {
    struct sigaction action {};
    action.sa_handler = &Stop;
    action.sa_flags = SA_RESTART;
    return sigaction(Signal(), &action, nullptr);
  }

  // Once more after each stop: a timer that ran on meanwhile would leave no time between stops.
  static void Stop(int) {
    if (self_ == nullptr) return;
    constexpr timespec kShort{0, 1};
    nanosleep(&kShort, nullptr);
    self_->Arm();
  }

  // In 1 to 16 us.
  void Arm() {
    random_ = random_ * 6364136223846793005 + 1442695040888963407;
    const auto delay = static_cast<long>(1000 + (random_ >> 33) % 15'000);
    const itimerspec once{{0, 0}, {0, delay}};
    timer_settime(timer_, 0, &once, nullptr);
  }

  static inline constinit thread_local Interruptions* self_ = nullptr;

  timer_t timer_{};
  uint64_t random_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_INTERRUPTIONS_H_
