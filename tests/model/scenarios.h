// The list of scenarios. One is about a page of code in *_scenarios.cc: a class with what the
// threads share, Run and Check, and a line that registers it.
//
//   struct LostUpdate final : Scenario {
//     void Run(int) override { counter.fetch_add(1, std::memory_order_relaxed); }
//     void Check() override { Require(counter.load(std::memory_order_relaxed) == 2, "both count");
//     } Word counter;
//   };
//   const Registered<LostUpdate> lost_update("counter: no addition is lost", 2);
#ifndef SPILLWAY_TESTS_MODEL_SCENARIOS_H_
#define SPILLWAY_TESTS_MODEL_SCENARIOS_H_

#include <new>
#include <string>
#include <vector>

#include "tests/model/explorer.h"

namespace spillway::model {

struct Entry {
  std::string name;
  int threads;
  Bounds bounds;
  Factory make;
};

inline std::vector<Entry>& Scenarios() {
  static std::vector<Entry> all;
  return all;
}

template <class T>
class Registered {
 public:
  template <class... Arguments>
  explicit Registered(std::string name, int threads, Bounds bounds = {}, Arguments... arguments) {
    static_assert(sizeof(T) <= kScenarioBytes);
    Scenarios().push_back({std::move(name), threads, bounds, [=](void* storage) -> Scenario* {
                             return new (storage) T(arguments...);
                           }});
  }
};

}  // namespace spillway::model

#endif  // SPILLWAY_TESTS_MODEL_SCENARIOS_H_
