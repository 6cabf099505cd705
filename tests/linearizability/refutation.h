// Many bursts held against one model.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_REFUTATION_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_REFUTATION_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/linearizability/checker.h"

namespace spillway::testing {

// Empty, or how the first burst that is not linearizable went. `record(seed)` gives a history, of
// bursts 1 to `bursts`.
template <typename Model, typename Record>
std::string FirstRefuted(const std::string& name, const Model& model, uint64_t bursts,
                         const Record& record) {
  size_t overlaps = 0;
  for (uint64_t seed = 1; seed <= bursts; ++seed) {
    const HistoryOf<Model> history = record(seed);
    overlaps += OverlapsIn(history);
    const Verdict verdict = Check(model, history);
    if (!verdict.linearizable)
      return name + " seed " + std::to_string(seed) + ": " + verdict.counterexample;
  }
  EXPECT_GT(overlaps, bursts) << "hardly any calls overlapped: this shows little";
  return "";
}

// The scenario of that name.
template <typename Scenario>
Scenario Named(const std::vector<Scenario>& scenarios, const std::string& name) {
  for (const Scenario& scenario : scenarios) {
    if (scenario.name == name) return scenario;
  }
  throw std::invalid_argument("no scenario is called " + name);
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_REFUTATION_H_
