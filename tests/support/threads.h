// Threads for tests.
#ifndef SPILLWAY_TESTS_SUPPORT_THREADS_H_
#define SPILLWAY_TESTS_SUPPORT_THREADS_H_

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace spillway::testing {

// Runs `work` in so many threads at the same time and waits for them.
inline void InThreads(uint32_t count, const std::function<void(uint32_t thread)>& work) {
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < count; ++thread) threads.emplace_back(work, thread);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_THREADS_H_
