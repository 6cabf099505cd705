#include "tests/kill/report.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <vector>

namespace spillway::testing {
namespace {

// A title, a head and rows, of which nothing is printed when there are no rows.
struct Table {
  const char* title;
  const char* head;
  std::vector<std::string> rows = {};

  void Print() const {
    if (rows.empty()) return;
    std::printf("\n%s\n\n%s\n", title, head);
    for (const std::string& row : rows) std::printf("%s\n", row.c_str());
  }
};

Table cut_off{
    .title = "Cut off at every instruction. Points / blocked / broken:",
    .head =
        "| operation | instructions | killed | stopped | resumed later |\n|---|--:|--:|--:|--:|"};
Table storms{.title = "Killed and stopped at random, six processes:",
             .head =
                 "| what | operations | kills | stops | others blocked | broken |\n"
                 "|---|--:|--:|--:|---|---|"};
Table calls{.title = "Where every system call kills:",
            .head = "| what | operations | ended |\n|---|--:|---|"};
Table rates{.title = "Admitted by processes that share one token bucket:",
            .head = "| processes | admitted | burst + rate * time |\n|--:|--:|--:|"};

std::string Text(const Verdicts& verdicts) {
  return std::to_string(verdicts.points) + " / " + std::to_string(verdicts.blocked) + " / " +
         std::to_string(verdicts.broken);
}

class Printer : public ::testing::Environment {
  void TearDown() override {
    cut_off.Print();
    storms.Print();
    calls.Print();
    rates.Print();
  }
};

const auto* const printer = ::testing::AddGlobalTestEnvironment(new Printer);

}  // namespace

void Report(const std::string& name, const EveryInstruction& result) {
  cut_off.rows.push_back("| " + name + " | " + std::to_string(result.instructions) + " | " +
                         Text(result.killed) + " | " + Text(result.stopped) + " | " +
                         Text(result.resumed) + " |");
}

void Report(const std::string& name, const StormResult& result) {
  storms.rows.push_back("| " + name + " | " + std::to_string(result.operations) + " | " +
                        std::to_string(result.kills) + " | " + std::to_string(result.stops) +
                        " | " + (result.blocked ? "yes" : "no") + " | " +
                        (result.broken.empty() ? "no" : result.broken) + " |");
}

void ReportCalls(const std::string& name, uint64_t count, const std::string& verdict) {
  calls.rows.push_back("| " + name + " | " + std::to_string(count) + " | " + verdict + " |");
}

void ReportRate(const std::string& name, int64_t admitted, int64_t most) {
  rates.rows.push_back("| " + name + " | " + std::to_string(admitted) + " | " +
                       std::to_string(most) + " |");
}

}  // namespace spillway::testing
