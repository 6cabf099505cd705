// Memory for the windows, as their owners give it: all-zero words.
#ifndef SPILLWAY_TESTS_SUPPORT_CELLS_H_
#define SPILLWAY_TESTS_SUPPORT_CELLS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "spillway/stats/outcome_counts.h"
#include "spillway/sync/atomic.h"

namespace spillway::testing {

class Cells {
 public:
  explicit Cells(size_t words) : words_(std::make_unique<Word[]>(words)) {}
  Word* get() const { return words_.get(); }

 private:
  std::unique_ptr<Word[]> words_;
};

// In the order of CallClass.
inline std::vector<uint64_t> CountOfEach(const OutcomeCounts& counts) {
  return {counts.by_class, counts.by_class + kCallClasses};
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_CELLS_H_
