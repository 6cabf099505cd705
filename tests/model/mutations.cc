#include "tests/model/mutations.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/model/scenarios.h"

namespace spillway::model {
namespace {

using Order = std::memory_order;

struct Excuse {
  const char* mutation;  // as it is printed
  const char* why;
};

// What no scenario can notice, and why the source has it all the same.
constexpr Excuse kNotRefuted[] = {
    {"(6) acquire -> relaxed", "(8) finds the newest total all the same: here seq_cst loads do"},
    {"(7) split in two", "an older epoch there costs the next success a look, and no call"},
    {"(12) acquire -> relaxed", "(4) acquires from all who added before; the rest is out of reach"},
    {"(18) acquire -> relaxed", "what it guards is decided after (21), which loads the word again"},
    {"(19) acquire -> relaxed", "the call is judged after (21), which loads the word again"},
    {"(22) acquire -> relaxed", "an end of another opening sends the call the slow way, to (24)"},
    {"(23) split in two", "the end of the open time is then known to 134 ms only"},
    {"(27) acquire -> relaxed", "the event is then lost, and counted as lost"},
    {"(28) release -> relaxed", "needs a load that sees what is stored after it: out of reach"},
    {"(33) acquire -> relaxed", "(38) loads the word again, and then the clock is looked at again"},
    {"(76) release -> relaxed", "a mark taken for an older one's does harm after six preemptions"},
    {"adaptive_limiter_window.cc: "
     "memory->calls.fetch_add(CallTimes::One(static_cast<uint64_t>(now - start), busy), "
     "split in two",
     "the average is then that of the other calls of the window"},
    {"client_throttle.cc: memory_->spared.compare_exchange_strong(seen, cells_.Cell(epoch, newest "
     "+ "
     "most - counts.requests), split in two",
     "a hint: others look again, or new options hold from the next bucket on"},
    {"adaptive_limiter_window.cc: memory->windows.fetch_add(1, std::memory_order_relaxed); "
     "split in two",
     "two judges at the same time are those of two windows, of which one was stopped that long"},
};

const char* NameOf(Order order) {
  switch (order) {
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    case std::memory_order_seq_cst:
      return "seq_cst";
    default:
      return "relaxed";
  }
}

// The next weaker ones.
std::vector<Order> Weaker(Order order, Kind kind) {
  switch (order) {
    case std::memory_order_seq_cst:
      if (kind == Kind::kLoad) return {std::memory_order_acquire};
      if (kind == Kind::kStore) return {std::memory_order_release};
      return {std::memory_order_acq_rel};
    case std::memory_order_acq_rel:
      return {std::memory_order_acquire, std::memory_order_release};
    case std::memory_order_acquire:
    case std::memory_order_release:
      return {std::memory_order_relaxed};
    default:
      return {};
  }
}

std::vector<std::string> LinesOf(const Place& place) {
  const std::string path = SPILLWAY_MODEL_CORE "/" + std::string(place.name());
  std::ifstream stream(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  if (lines.empty()) {
    std::fprintf(stderr, "model: cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return lines;
}

// Where it stands, by what does not move with every edit: the number of its comment, or its text.
std::string NameOf(const Access& access) {
  const std::string path(access.place.name());
  const std::vector<std::string> lines = LinesOf(access.place);
  const size_t line = access.place.line - 1;
  const bool ordered = !Weaker(access.order, access.kind).empty();
  static const std::regex tag(R"(// (\(\d+\)) )");
  for (size_t i = line; ordered && i + 12 > line; --i) {
    std::smatch match;
    if (std::regex_search(lines[i], match, tag)) return match[1];
    if (i == 0) break;
  }
  const std::string& text = lines[line];
  return path.substr(path.rfind('/') + 1) + ": " + text.substr(text.find_first_not_of(' '));
}

std::vector<std::pair<std::string, Mutation>> MutationsOf(const Access& access) {
  std::vector<std::pair<std::string, Mutation>> all;
  const std::string name = NameOf(access);
  for (const Order weaker : Weaker(access.order, access.kind)) {
    all.emplace_back(name + " " + NameOf(access.order) + " -> " + NameOf(weaker),
                     Mutation{access.place, weaker, access.failure});
  }
  for (const Order weaker : Weaker(access.failure, Kind::kLoad)) {
    all.emplace_back(name + " failing, " + NameOf(access.failure) + " -> " + NameOf(weaker),
                     Mutation{access.place, access.order, weaker});
  }
  if (access.kind == Kind::kUpdate || access.kind == Kind::kCompare) {
    all.emplace_back(name + " split in two", Mutation{.place = access.place, .split = true});
  }
  return all;
}

const char* ExcuseFor(const std::string& mutation) {
  for (const Excuse& excuse : kNotRefuted) {
    if (mutation == excuse.mutation) return excuse.why;
  }
  return nullptr;
}

// True when all is as it should be.
bool Judge(const std::string& name, const std::string& refuted_by) {
  const char* excuse = ExcuseFor(name);
  if (!refuted_by.empty()) {
    std::printf("%-72s refuted by: %s\n", name.c_str(), refuted_by.c_str());
    if (excuse != nullptr) std::printf("  but it is among those that nothing refutes\n");
    return excuse == nullptr;
  }
  std::printf("%-72s NOT REFUTED%s%s\n", name.c_str(), excuse == nullptr ? "" : ": ",
              excuse == nullptr ? "" : excuse);
  return excuse != nullptr;
}

}  // namespace

int RunMutations() {
  std::map<Access, std::vector<const Entry*>> met_by;
  for (const Entry& entry : Scenarios()) {
    for (const Access& access : Explore(entry.make, entry.threads, entry.bounds).accesses) {
      // What a scenario does for itself is no fault of the core's.
      if (access.place.name().find("tests/model/") == std::string_view::npos)
        met_by[access].push_back(&entry);
    }
  }
  int wrong = 0;
  int refuted = 0;
  for (const auto& [access, entries] : met_by) {
    for (const auto& [name, mutation] : MutationsOf(access)) {
      std::string by;
      for (const Entry* entry : entries) {
        if (!by.empty()) break;
        const Result result = Explore(entry->make, entry->threads, entry->bounds, &mutation);
        if (result.refuted()) by = entry->name;
      }
      refuted += !by.empty();
      wrong += !Judge(name, by);
      std::fflush(stdout);
    }
  }
  std::printf("%d mutations refuted, %d not as they should be\n", refuted, wrong);
  return wrong == 0 && refuted > 0 ? 0 : 1;
}

}  // namespace spillway::model
