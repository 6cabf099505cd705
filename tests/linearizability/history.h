// What threads did to one object, as recorded: the input of the checks in this folder.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_HISTORY_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace spillway::testing {

// The `returned` of a call that never did.
inline constexpr uint64_t kNeverReturned = std::numeric_limits<uint64_t>::max();

// One call of one thread. A call that returned before another was invoked came before it; all
// others overlapped.
template <typename Operation, typename Answer>
struct Call {
  Operation operation;
  std::optional<Answer> answer;  // none when it never returned: it may have happened or not
  uint64_t invoked = 0;
  uint64_t returned = kNeverReturned;
};

// The calls of each thread, in its order.
template <typename Operation, typename Answer>
using History = std::vector<std::vector<Call<Operation, Answer>>>;

template <typename Model>
using CallOf = Call<typename Model::Operation, typename Model::Answer>;
template <typename Model>
using HistoryOf = History<typename Model::Operation, typename Model::Answer>;

// How many pairs of calls overlapped: a history without any shows nothing about concurrency.
template <typename Operation, typename Answer>
size_t OverlapsIn(const History<Operation, Answer>& history) {
  size_t overlaps = 0;
  for (size_t thread = 0; thread < history.size(); ++thread) {
    for (size_t other = thread + 1; other < history.size(); ++other) {
      for (const auto& a : history[thread]) {
        for (const auto& b : history[other]) {
          overlaps += a.invoked <= b.returned && b.invoked <= a.returned;
        }
      }
    }
  }
  return overlaps;
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_HISTORY_H_
