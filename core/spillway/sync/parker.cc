#include "spillway/sync/parker.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "spillway/sync/atomic.h"

namespace spillway {
namespace {

// The kernel waits on words of 32 bits.
using Flag = Atomic<uint32_t>;
static_assert(Flag::is_always_lock_free && sizeof(Flag) == sizeof(uint32_t));

// Until a wake-up, the time, a signal, or for no reason; not at all when `flag` is set.
void WaitOn(const Flag& flag, Nanos until) noexcept {
  const timespec time{until / kNanosPerSecond, until % kNanosPerSecond};
  syscall(SYS_futex, &flag, FUTEX_WAIT_BITSET_PRIVATE, 0, &time, nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

bool ParkUntil(Nanos until, const std::stop_token& stop) noexcept {
  Flag stopped{0};
  // Leaving the scope waits for a callback that is running: the flag outlives it.
  const std::stop_callback on_stop(stop, [&] {
    // Relaxed: it says all there is to say, and the kernel orders it with the wait.
    stopped.store(1, std::memory_order_relaxed);
    syscall(SYS_futex, &stopped, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  });
  for (;;) {
    if (stopped.load(std::memory_order_relaxed) != 0) return false;
    if (SteadyNow() >= until) return true;
    WaitOn(stopped, until);
  }
}

}  // namespace spillway
