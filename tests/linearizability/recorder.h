// Lets a few threads use one object at the same time and records what each called, got and when.
//
// A client is one thread's side of it:
//
//   struct Client {
//     using Operation, Answer;
//     Operation Next(Random& random);       // what to call next; may depend on answers so far
//     Answer Run(const Operation& call);    // calls it, between two stamps
//   };
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_RECORDER_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_RECORDER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <latch>
#include <thread>
#include <vector>

#include "spillway/base/time.h"
#include "tests/linearizability/history.h"
#include "tests/linearizability/interruptions.h"
#include "tests/support/random_settings.h"

namespace spillway::testing {

// Where stamps come from.
enum class Stamps {
  // One counter, drawn from before and after each call. Sound by the rules of C++ on every machine:
  // a call that drew its last ticket before another drew its first happened before it. But for the
  // same reason it synchronises calls that did not overlap, so a sanitizer sees fewer races.
  kTickets,
  // The clock, as each thread reads it. Adds no synchronisation, so it hides none that the object
  // lacks. Needs clocks that agree across CPUs, which the kernel sees to, up to `kClockSlack`.
  kClock,
};

// A processor may begin a call before it has read the clock for it, by less than this. Calls that
// are closer count as overlapping.
inline constexpr uint64_t kClockSlack = 100;

class Stamper {
 public:
  explicit Stamper(Stamps stamps) : stamps_(stamps) {}

  // Runs one call and adds it to `calls`.
  template <typename Client>
  void Record(Client* client, const typename Client::Operation& operation,
              std::vector<Call<typename Client::Operation, typename Client::Answer>>* calls) {
    const uint64_t invoked = Now();
    const typename Client::Answer answer = client->Run(operation);
    const uint64_t slack = stamps_ == Stamps::kClock ? kClockSlack : 0;
    calls->push_back({operation, answer, invoked, Now() + slack});
  }

 private:
  uint64_t Now() {
    if (stamps_ == Stamps::kClock) return static_cast<uint64_t>(SteadyNow());
    return tickets_.fetch_add(1, std::memory_order_seq_cst);
  }

  Stamps stamps_;
  std::atomic<uint64_t> tickets_{0};
};

// How many bursts a test records: SPILLWAY_BURSTS=20 asks for twenty times the usual number. Under
// a sanitizer, which slows the calls and the search, a tenth.
inline uint64_t Bursts(uint64_t usual) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  usual /= 10;
#endif
  const char* times = std::getenv("SPILLWAY_BURSTS");
  return times == nullptr ? usual : usual * std::strtoull(times, nullptr, 10);
}

// Calls of threads that start together. Spins of random length between the calls, and now and then
// a yield, bring them together differently each time.
template <typename Client>
class Burst {
 public:
  Burst(Stamper* stamper, uint64_t seed) : stamper_(stamper), seed_(seed) {}

  // Each client makes so many calls in a thread of its own.
  History<typename Client::Operation, typename Client::Answer> Run(std::vector<Client>* clients,
                                                                   size_t calls) {
    History<typename Client::Operation, typename Client::Answer> history(clients->size());
    std::latch created(static_cast<ptrdiff_t>(clients->size()));
    std::vector<std::thread> threads;
    for (size_t i = 0; i < clients->size(); ++i) {
      history[i].reserve(calls);
      threads.emplace_back([&, i] {
        Random random(seed_ * 16 + i);
        created.arrive_and_wait();
        AwaitOthers(clients->size());
        const Interruptions interruptions(seed_ * 16 + i);
        for (size_t n = 0; n < calls; ++n) {
          Spin(random);
          stamper_->Record(&(*clients)[i], (*clients)[i].Next(random), &history[i]);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return history;
  }

 private:
  // Whoever the latch woke waits for the others, but not for long: there may be fewer CPUs.
  void AwaitOthers(size_t threads) {
    awake_.fetch_add(1, std::memory_order_relaxed);
    while (awake_.load(std::memory_order_relaxed) < threads) std::this_thread::yield();
  }

  static void Spin(Random& random) {
    if (random.OneIn(8)) std::this_thread::yield();
    for (volatile uint32_t turns = random.Below(64u); turns > 0;) turns = turns - 1;
  }

  Stamper* stamper_;
  uint64_t seed_;
  std::atomic<size_t> awake_{0};
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_RECORDER_H_
