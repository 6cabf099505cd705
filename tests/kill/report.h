// What the tests of this program found, printed at its end as tables in Markdown.
#ifndef SPILLWAY_TESTS_KILL_REPORT_H_
#define SPILLWAY_TESTS_KILL_REPORT_H_

#include <cstdint>
#include <string>

#include "tests/kill/every_instruction.h"
#include "tests/kill/storm.h"

namespace spillway::testing {

void Report(const std::string& name, const EveryInstruction& result);
void Report(const std::string& name, const StormResult& result);
void ReportCalls(const std::string& name, uint64_t calls, const std::string& verdict);
void ReportRate(const std::string& name, int64_t admitted, int64_t most);

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_REPORT_H_
