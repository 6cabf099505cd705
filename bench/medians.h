// Runs the benchmarks of a program often enough for medians and keeps these, to be set against each
// other.
#ifndef SPILLWAY_BENCH_MEDIANS_H_
#define SPILLWAY_BENCH_MEDIANS_H_

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace spillway::bench {

// The median CPU time of each benchmark, in ns for one iteration of one thread.
class Medians : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.aggregate_name == "median") medians_[run.run_name.str()] = run.GetAdjustedCPUTime();
    }
  }

  // 0 for one that was filtered out.
  double of(const std::string& name) const {
    const auto found = medians_.find(name);
    return found == medians_.end() ? 0.0 : found->second;
  }

  // False when the arguments are not those of a benchmark program. The repetitions of different
  // benchmarks take turns, so that a slow moment of the machine does not fall on one of them.
  bool RunAll(int argc, char** argv) {
    std::vector<std::string> defaults = {
        argv[0], "--benchmark_repetitions=9", "--benchmark_min_time=0.05",
        "--benchmark_report_aggregates_only=true", "--benchmark_enable_random_interleaving=true"};
    std::vector<char*> arguments;
    for (std::string& argument : defaults) arguments.push_back(argument.data());
    arguments.insert(arguments.end(), argv + 1, argv + argc);
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return false;
    benchmark::RunSpecifiedBenchmarks(this);
    return true;
  }

 private:
  std::map<std::string, double> medians_;
};

}  // namespace spillway::bench

#endif  // SPILLWAY_BENCH_MEDIANS_H_
