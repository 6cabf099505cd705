// Runs the scenarios.
//
//   model_test --list                  their names
//   model_test <scenario>              explores it; exit status 1 with a counterexample
//   model_test --refute <scenario>     the same; exit status 1 when there is none
//   model_test --mutations             each order and each read-modify-write of the source, spoilt:
//                                      which scenario notices (mutations.cc)
//   model_test --table                 a line for each scenario, for the README
#include <cstdio>
#include <string>

#include "tests/model/mutations.h"
#include "tests/model/scenarios.h"

namespace spillway::model {
namespace {

const Entry* Find(const std::string& name) {
  for (const Entry& entry : Scenarios()) {
    if (entry.name == name) return &entry;
  }
  std::fprintf(stderr, "no such scenario: %s\n", name.c_str());
  return nullptr;
}

Result Report(const Entry& entry) {
  const Result result = Explore(entry.make, entry.threads, entry.bounds);
  std::printf("%-64s %d threads, %d preemptions, %d surprises: %9llu executions, %s\n",
              entry.name.c_str(), entry.threads, entry.bounds.preemptions, entry.bounds.surprises,
              static_cast<unsigned long long>(result.executions),
              result.refuted() ? "refuted" : "all good");
  return result;
}

int RunOne(const std::string& name, bool refute) {
  const Entry* entry = Find(name);
  if (entry == nullptr) return 2;
  const Result result = Report(*entry);
  if (result.refuted()) std::printf("%s", result.counterexample.c_str());
  return result.refuted() == refute ? 0 : 1;
}

int RunAll() {
  int refuted = 0;
  for (const Entry& entry : Scenarios()) refuted += Report(entry).refuted();
  return refuted == 0 ? 0 : 1;
}

int Main(int count, char** arguments) {
  const std::string first = count > 1 ? arguments[1] : "";
  if (first == "--list") {
    for (const Entry& entry : Scenarios()) std::printf("%s\n", entry.name.c_str());
    return 0;
  }
  if (first == "--table") return RunAll();
  if (first == "--mutations") return RunMutations();
  if (first == "--refute" && count == 3) return RunOne(arguments[2], true);
  if (count == 2) return RunOne(first, false);
  std::fprintf(stderr, "usage: see the beginning of tests/model/main.cc\n");
  return 2;
}

}  // namespace
}  // namespace spillway::model

int main(int count, char** arguments) { return spillway::model::Main(count, arguments); }
