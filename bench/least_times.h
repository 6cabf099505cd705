// Runs the benchmarks of a program several times and keeps the least time of each, to be set
// against each other.
#ifndef SPILLWAY_BENCH_LEAST_TIMES_H_
#define SPILLWAY_BENCH_LEAST_TIMES_H_

#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace spillway::bench {

// The least CPU time of each benchmark, in ns for one iteration of one thread. The least, because
// whatever disturbs a measurement adds to it: on a shared machine medians swing, the least does
// not.
class LeastTimes : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> shown;
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Aggregate) {
        if (run.aggregate_name == "median") shown.push_back(run);
        continue;
      }
      const double time = run.GetAdjustedCPUTime();
      const auto [place, is_first] = least_.try_emplace(run.run_name.str(), time);
      if (!is_first) place->second = std::min(place->second, time);
    }
    if (!shown.empty()) ConsoleReporter::ReportRuns(shown);
  }

  // 0 for one that was filtered out.
  double of(const std::string& name) const {
    const auto found = least_.find(name);
    return found == least_.end() ? 0.0 : found->second;
  }

  // False when the arguments are not those of a benchmark program. The repetitions of different
  // benchmarks take turns, so that a slow moment of the machine does not fall on one of them.
  bool RunAll(int argc, char** argv) {
    std::vector<std::string> defaults = {argv[0], "--benchmark_repetitions=15",
                                         "--benchmark_min_time=0.05",
                                         "--benchmark_enable_random_interleaving=true"};
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
  std::map<std::string, double> least_;
};

}  // namespace spillway::bench

#endif  // SPILLWAY_BENCH_LEAST_TIMES_H_
