#include "tests/model/explorer.h"

#include <ucontext.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "tests/model/memory.h"

namespace spillway::model {
namespace {

constexpr size_t kStackBytes = 256 * 1024;

// No scenario is near that many: a thread that still runs then will never end.
constexpr uint64_t kMaxOperations = 20'000;

// The lists of choices, one after the other.
class Choices {
 public:
  int Choose(int count) {
    if (count == 1) return 0;
    if (next_ == made_.size()) made_.push_back({0, count});
    const Choice& choice = made_[next_++];
    if (choice.count != count) {
      std::fprintf(stderr, "model: a scenario is not the same each time it is made\n");
      std::abort();
    }
    return choice.chosen;
  }

  void Rewind() { next_ = 0; }
  void Clear() { made_.clear(); }

  // The next list in order; false after the last.
  bool Advance() {
    while (!made_.empty() && made_.back().chosen + 1 == made_.back().count) made_.pop_back();
    if (made_.empty()) return false;
    ++made_.back().chosen;
    return true;
  }

 private:
  struct Choice {
    int chosen;
    int count;
  };
  std::vector<Choice> made_;
  size_t next_ = 0;
};

// A thread-local variable of the code under test, and where each fiber's value is kept meanwhile.
struct ThreadLocal {
  uint32_t* variable;
  uint32_t initial;
  uint32_t kept[kMaxThreads];
};

class Explorer {
 public:
  Explorer(const Factory& make, int threads, const Mutation* mutation)
      : make_(make), threads_(threads), mutation_(mutation) {
    for (int i = 0; i < threads; ++i) stacks_.push_back(std::make_unique<char[]>(kStackBytes));
  }

  // All executions within the bounds, up to the first that fails.
  void Explore(Bounds bounds) {
    bounds_ = bounds;
    do {
      choices_.Clear();
      result_.executions = result_.operations = 0;
      do {
        Execute();
      } while (failure_.empty() && !memory_.grown() && choices_.Advance());
    } while (memory_.grown());  // from the beginning, with one more shared location
    if (!failure_.empty()) Retell();
  }

  Result TakeResult() {
    result_.accesses.assign(accesses_.begin(), accesses_.end());
    return std::move(result_);
  }

  bool failed() const { return !failure_.empty(); }
  bool running() const { return current_ >= 0; }

  void Fail(const char* what) {
    if (failure_.empty()) failure_ = what;
  }

  void Keep(uint32_t* variable) { thread_locals_.push_back({variable, *variable, {}}); }

  uint64_t OnLoad(const Access& access, uint64_t newest) {
    const int id = Begin(access, false);
    if (id < 0) return newest;
    const std::memory_order order = Mutated(access).order;
    const int age = Surprise(memory_.Choices(id, current_, order, newest));
    const uint64_t value = memory_.Read(id, current_, order, age);
    Tell(access, age == 0 ? "loads" : "loads what was", value);
    return value;
  }

  void BeforeWrite(const Access& access) { Begin(access, true); }

  void BetweenHalves(const Access& access) {
    if (mutation_ != nullptr && mutation_->split && mutation_->place == access.place)
      LetOthersRun();
  }

  void OnWrite(const Access& access, uint64_t value, uint64_t replaced) {
    const int id = memory_.Use(access.location, current_, true);
    if (id < 0) return;
    const std::memory_order order = Mutated(access).order;
    const bool updates = access.kind != Kind::kStore;
    if (updates) {
      memory_.Choices(id, current_, std::memory_order_relaxed, replaced);
      memory_.Read(id, current_, order, 0);
    }
    memory_.Write(id, current_, order, value, replaced, updates);
    Tell(access, updates ? "replaces by" : "stores", value);
  }

  bool Fails(const Access& access, uint64_t newest, uint64_t* expected, bool weak) {
    const int id = memory_.Use(access.location, current_, true);
    if (id < 0) {
      if (newest == *expected) return false;
      *expected = newest;
      return true;
    }
    const std::memory_order order = Mutated(access).failure;
    const bool equal = newest == *expected;
    // A weak one may fail for no reason; each may fail for an old value that differs.
    std::vector<int> ages;
    const int count = memory_.Choices(id, current_, order, newest);
    for (int age = equal ? 1 : 0; age < count; ++age) {
      if (memory_.Peek(id, age) != *expected) ages.push_back(age);
    }
    const int for_no_reason = equal && weak ? 1 : 0;
    const int choice = Surprise((equal ? 1 : 0) + for_no_reason + static_cast<int>(ages.size()));
    if (equal && choice == 0) return false;
    if (equal && choice <= for_no_reason) {
      Tell(access, "fails though there is", newest);
      return true;
    }
    const int age = ages[static_cast<size_t>(choice - (equal ? 1 + for_no_reason : 0))];
    *expected = memory_.Read(id, current_, order, age);
    Tell(access, age == 0 ? "fails, there is" : "fails, sees what was", *expected);
    return true;
  }

 private:
  struct Orders {
    std::memory_order order;
    std::memory_order failure;
  };

  // ---- one execution

  void Execute() {
    memory_.Reset();
    choices_.Rewind();
    thread_locals_.clear();
    failure_.clear();
    preemptions_left_ = bounds_.preemptions;
    surprises_left_ = bounds_.surprises;
    operations_ = 0;
    unfinished_ = 0;
    scenario_ = make_(storage_);
    for (ThreadLocal& local : thread_locals_) {
      for (uint32_t& kept : local.kept) kept = local.initial;
    }
    for (int i = 0; i < threads_; ++i) Prepare(i);
    unfinished_ = (1u << threads_) - 1;
    SwitchTo(ChooseThread(unfinished_), &main_);
    current_ = -1;
    for (const ThreadLocal& local : thread_locals_) *local.variable = local.initial;
    if (failure_.empty()) scenario_->Check();
    scenario_->~Scenario();
    ++result_.executions;
    result_.operations += operations_;
  }

  void Prepare(int thread) {
    ucontext_t& context = contexts_[thread];
    getcontext(&context);
    context.uc_stack.ss_sp = stacks_[static_cast<size_t>(thread)].get();
    context.uc_stack.ss_size = kStackBytes;
    context.uc_link = nullptr;
    makecontext(&context, &Explorer::Enter, 0);
  }

  static void Enter();

  void RunCurrent() {
    scenario_->Run(current_);
    unfinished_ &= ~(1u << current_);
    if (unfinished_ == 0) Leave();
    SwitchTo(ChooseThread(unfinished_), &contexts_[current_]);
  }

  // Ends the execution, wherever the threads are.
  void Leave() { swapcontext(&contexts_[current_], &main_); }

  int ChooseThread(unsigned among) {
    int choice = choices_.Choose(__builtin_popcount(among));
    for (; choice > 0; --choice) among &= among - 1;
    return __builtin_ctz(among);
  }

  void SwitchTo(int thread, ucontext_t* from) {
    for (ThreadLocal& local : thread_locals_) {
      if (current_ >= 0) local.kept[current_] = *local.variable;
      *local.variable = local.kept[thread];
    }
    current_ = thread;
    swapcontext(from, &contexts_[thread]);
  }

  // ---- one operation

  // The number of the location when others share it; then they may have run.
  int Begin(const Access& access, bool writes) {
    if (met_.emplace(access.place.file, access.place.line).second)
      accesses_.insert({nullptr, access.place, access.kind, access.order, access.failure});
    if (++operations_ > kMaxOperations) {
      Fail("a thread never ends");
      Leave();
    }
    const int id = memory_.Use(access.location, current_, writes);
    if (id >= 0) LetOthersRun();
    return id;
  }

  void LetOthersRun() {
    const unsigned others = unfinished_ & ~(1u << current_);
    if (preemptions_left_ == 0 || others == 0) return;
    const int choice = choices_.Choose(1 + __builtin_popcount(others));
    if (choice == 0) return;
    --preemptions_left_;
    unsigned rest = others;
    for (int i = 1; i < choice; ++i) rest &= rest - 1;
    SwitchTo(__builtin_ctz(rest), &contexts_[current_]);
  }

  // Of `count` ways to go on, the first is no surprise.
  int Surprise(int count) {
    if (surprises_left_ == 0) return 0;
    const int choice = choices_.Choose(count);
    surprises_left_ -= choice != 0;
    return choice;
  }

  Orders Mutated(const Access& access) const {
    const bool here = mutation_ != nullptr && !mutation_->split && mutation_->place == access.place;
    return here ? Orders{mutation_->order, mutation_->failure}
                : Orders{access.order, access.failure};
  }

  // ---- the counterexample

  // The last execution again, as a story.
  void Retell() {
    const std::string failure = failure_;
    story_ = std::make_unique<std::ostringstream>();
    Execute();
    result_.counterexample = story_->str() + failure + "\n";
    story_.reset();
    failure_ = failure;
  }

  void Tell(const Access& access, const char* what, uint64_t value) {
    if (story_ == nullptr) return;
    const std::string file = access.place.file;
    *story_ << "  thread " << current_ << "  " << file.substr(file.rfind('/') + 1) << ":"
            << access.place.line << "  " << what << " 0x" << std::hex << value << std::dec << "\n";
  }

  const Factory& make_;
  const int threads_;
  const Mutation* const mutation_;
  Bounds bounds_;
  Result result_;
  std::set<Access> accesses_;
  std::set<std::pair<const char*, uint32_t>> met_;  // by address, which is quicker to compare

  Memory memory_;
  Choices choices_;
  std::vector<ThreadLocal> thread_locals_;
  std::vector<std::unique_ptr<char[]>> stacks_;
  ucontext_t contexts_[kMaxThreads];
  ucontext_t main_;
  alignas(128) unsigned char storage_[kScenarioBytes];

  Scenario* scenario_ = nullptr;
  int current_ = -1;  // the thread that runs; -1 outside of Run
  unsigned unfinished_ = 0;
  int preemptions_left_ = 0;
  int surprises_left_ = 0;
  uint64_t operations_ = 0;
  std::string failure_;
  std::unique_ptr<std::ostringstream> story_;
};

// The one at work. Atomic operations come from anywhere, also before and after it.
Explorer* explorer = nullptr;

void Explorer::Enter() { explorer->RunCurrent(); }

bool IsRunning() { return explorer != nullptr && explorer->running(); }

}  // namespace

Result Explore(const Factory& make, int threads, Bounds bounds, const Mutation* mutation) {
  const auto owned = std::make_unique<Explorer>(make, threads, mutation);
  explorer = owned.get();
  for (int preemptions = 0; preemptions <= bounds.preemptions; ++preemptions) {
    explorer->Explore({preemptions, bounds.surprises});
    if (explorer->failed()) break;
  }
  Result result = explorer->TakeResult();
  explorer = nullptr;
  return result;
}

void Require(bool condition, const char* what) {
  if (!condition) explorer->Fail(what);
}

void KeepForEachThread(uint32_t* variable) { explorer->Keep(variable); }

uint64_t OnLoad(const Access& access, uint64_t newest) {
  return IsRunning() ? explorer->OnLoad(access, newest) : newest;
}

void BeforeWrite(const Access& access) {
  if (IsRunning()) explorer->BeforeWrite(access);
}

void BetweenHalves(const Access& access) {
  if (IsRunning()) explorer->BetweenHalves(access);
}

void OnWrite(const Access& access, uint64_t value, uint64_t replaced) {
  if (IsRunning()) explorer->OnWrite(access, value, replaced);
}

bool Fails(const Access& access, uint64_t newest, uint64_t* expected, bool weak) {
  if (IsRunning()) return explorer->Fails(access, newest, expected, weak);
  if (newest == *expected) return false;
  *expected = newest;
  return true;
}

}  // namespace spillway::model
