// Runs the benchmarks, then prints what the C library adds to each C++ call.
#include <cstdio>
#include <string>

#include "bench/least_times.h"

namespace {

constexpr double kMostAdded = 3.0;  // ns, for one call

struct Operation {
  const char* name;
  int calls;  // into the library
};

void PrintAdded(const spillway::bench::LeastTimes& least) {
  std::printf("\nfloors in ns: fetch_add %.2f, a call into the library %.2f\n",
              least.of("Floor_FetchAdd"), least.of("Floor_LibraryCall"));
  std::printf("%-26s %8s %8s %8s %6s %10s %8s\n", "least CPU ns", "C++", "C", "C adds", "calls",
              "adds/call", "at most");
  for (const Operation operation :
       {Operation{"TryAcquire", 1}, Operation{"AcquireSettle", 2},
        Operation{"AcquireSettle_InFlight", 2}, Operation{"Reject", 1},
        Operation{"TokenBucket_Allow", 1}, Operation{"TokenBucket_Reject", 1},
        Operation{"TokenBucket_Reject_Told", 1}, Operation{"TokenBucket_ReserveCancel", 2}}) {
    const std::string name = operation.name;
    const double cpp = least.of("Cpp_" + name);
    const double c = least.of("C_" + name);
    if (cpp == 0.0 || c == 0.0) continue;  // filtered out
    const double added = (c - cpp) / operation.calls;
    std::printf("%-26s %8.2f %8.2f %8.2f %6d %10.2f %8.2f%s\n", operation.name, cpp, c, c - cpp,
                operation.calls, added, kMostAdded, added <= kMostAdded ? "" : "  exceeded");
  }
}

}  // namespace

int main(int argc, char** argv) {
  spillway::bench::LeastTimes least;
  if (!least.RunAll(argc, argv)) return 1;
  PrintAdded(least);
}
