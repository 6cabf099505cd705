#include "spillway/sync/parker.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <ctime>
#include <limits>

#include "spillway/sync/atomic.h"

namespace spillway {
namespace {

// The kernel waits on words of 32 bits.
using Flag = Atomic<uint32_t>;
static_assert(Flag::is_always_lock_free && sizeof(Flag) == sizeof(uint32_t));

// Until a wake-up, the time, a signal, or for no reason; not at all when `word`, of 32 bits, is not
// `value`.
void WaitOn(const void* word, uint32_t value, Nanos until) noexcept {
  until = std::max<Nanos>(until, 0);
  const timespec time{until / kNanosPerSecond, until % kNanosPerSecond};
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, &time, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

void WakeOn(const void* word) noexcept {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, std::numeric_limits<int>::max(), nullptr, nullptr,
          0);
}

const void* LowHalf(const Word& word) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&word);
  return std::endian::native == std::endian::little ? bytes : bytes + sizeof(uint32_t);
}

}  // namespace

bool ParkUntil(Nanos until, const std::stop_token& stop) noexcept {
  Flag stopped{0};
  // Leaving the scope waits for a callback that is running: the flag outlives it.
  const std::stop_callback on_stop(stop, [&] {
    // Relaxed: it says all there is to say, and the kernel orders it with the wait.
    stopped.store(1, std::memory_order_relaxed);
    WakeOn(&stopped);
  });
  for (;;) {
    if (stopped.load(std::memory_order_relaxed) != 0) return false;
    if (SteadyNow() >= until) return true;
    WaitOn(&stopped, 0, until);
  }
}

void ParkWhile(const Word& word, uint32_t value, Nanos until) noexcept {
  WaitOn(LowHalf(word), value, until);
}

void WakeAll(const Word& word) noexcept { WakeOn(LowHalf(word)); }

}  // namespace spillway
