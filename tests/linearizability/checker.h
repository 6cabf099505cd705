// Is a recorded history linearizable? That is: can each call be given one instant between its
// invocation and its return such that a sequential model, taking the calls in that order, answers
// as the real object did?
//
// The search is that of Wing and Gong with Lowe's memory: it tries every order that the stamps
// allow, one call at a time, and never looks twice at the same set of calls done in the same state
// of the model.
//
// Some methods promise less than one instant for everything they do. Their models split a call
// into steps, each with an instant of its own, all between invocation and return, in order.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_CHECKER_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_CHECKER_H_

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tests/linearizability/history.h"

namespace spillway::testing {

// What every model has: types that can be printed, and a state that can be compared and hashed. A
// state is a plain struct without padding, or its model has `size_t Hash(const State&) const`.
template <typename Model>
concept SequentialModel = requires(const Model& model, std::ostream& out,
                                   const typename Model::State& state,
                                   const typename Model::Operation& operation,
                                   const typename Model::Answer& answer) {
  { model.Initial() } -> std::same_as<typename Model::State>;
  { state == state } -> std::convertible_to<bool>;
  out << state << operation << answer;
};

// A model of one step a call: applies the call and says the one answer it may have.
template <typename Model>
concept AtomicModel = SequentialModel<Model> &&
    requires(const Model& model, typename Model::State* state,
             const typename Model::Operation& call) {
  { model.Apply(state, call) } -> std::equality_comparable_with<typename Model::Answer>;
};

// How far a call is: 0 before its first step, then whatever its model notes between two steps.
using Progress = uint64_t;

// What the model says can happen next. `Done` is a last step, after which the call may return with
// that answer; `Goes` is one after which the call has steps left.
template <typename State, typename Answer>
class Next {
 public:
  struct Way {
    State state;
    Progress progress;
    bool done;
  };

  // `wanted` is null for a call that never returned: any answer will do.
  explicit Next(const Answer* wanted) : wanted_(wanted) {}

  void Done(const State& state, const Answer& answer) {
    if (wanted_ == nullptr || answer == *wanted_) ways_.push_back({state, 0, true});
    answers_.push_back(answer);
  }
  void Goes(const State& state, Progress progress) { ways_.push_back({state, progress, false}); }

  const std::vector<Way>& ways() const { return ways_; }
  const std::vector<Answer>& answers() const { return answers_; }

 private:
  const Answer* wanted_;
  std::vector<Way> ways_;
  std::vector<Answer> answers_;  // also those that were not given
};

template <typename Model>
using NextOf = Next<typename Model::State, typename Model::Answer>;

// A model of calls in steps: adds to `next` every way the call may go on from `state`.
template <typename Model>
concept SteppedModel = SequentialModel<Model> &&
    requires(const Model& model, const typename Model::State& state,
             const typename Model::Operation& call, NextOf<Model>* next) {
  model.Step(state, call, Progress{}, next);
};

struct Verdict {
  bool linearizable = false;
  std::string counterexample;  // for people; empty when linearizable
  size_t looked_at = 0;        // how many configurations the search has seen
};

template <typename Model>
requires AtomicModel<Model> || SteppedModel<Model>
class Checker {
 public:
  using State = typename Model::State;
  using Record = CallOf<Model>;

  static constexpr size_t kMaxThreads = 8;
  static constexpr size_t kMostMoments = 1'000'000;  // some hundred megabytes

  Checker(const Model& model, const HistoryOf<Model>& history) : model_(model), history_(history) {
    if (history.size() > kMaxThreads) throw std::invalid_argument("too many threads");
  }

  Verdict Run() {
    const bool found = Search({.state = model_.Initial()});
    return {found, found ? "" : Explain(), seen_.size()};
  }

 private:
  // A moment of the search: how many calls of each thread are done, how far the ones are that are
  // not, and the model's state.
  struct Moment {
    State state;
    std::array<uint16_t, kMaxThreads> done{};
    std::array<Progress, kMaxThreads> progress{};

    friend bool operator==(const Moment&, const Moment&) = default;
  };

  struct Hash {
    const Model* model;

    size_t operator()(const Moment& moment) const {
      return (Bytes(moment.done) * 31 + Bytes(moment.progress)) * 31 + OfState(moment.state);
    }
    size_t OfState(const State& state) const {
      if constexpr (requires { model->Hash(state); }) {
        return model->Hash(state);
      } else {
        return Bytes(state);
      }
    }
    template <typename Value>
    static size_t Bytes(const Value& value) {
      static_assert(std::has_unique_object_representations_v<Value>, "the model needs a Hash");
      return std::hash<std::string_view>()({reinterpret_cast<const char*>(&value), sizeof(Value)});
    }
  };

  struct Step {
    size_t thread;
    size_t call;
    bool last;
  };

  const Record* Current(const Moment& moment, size_t thread) const {
    const auto& calls = history_[thread];
    return moment.done[thread] < calls.size() ? &calls[moment.done[thread]] : nullptr;
  }

  // The next step happens before every call that is not done returns. kNeverReturned: all are.
  uint64_t FirstReturn(const Moment& moment) const {
    uint64_t first = kNeverReturned;
    for (size_t thread = 0; thread < history_.size(); ++thread) {
      if (const Record* call = Current(moment, thread)) first = std::min(first, call->returned);
    }
    return first;
  }

  NextOf<Model> Ways(const Moment& moment, size_t thread) const {
    const Record& call = *Current(moment, thread);
    NextOf<Model> next(call.answer ? &*call.answer : nullptr);
    if constexpr (AtomicModel<Model>) {
      State after = moment.state;
      const typename Model::Answer answer = model_.Apply(&after, call.operation);
      next.Done(after, answer);
    } else {
      model_.Step(moment.state, call.operation, moment.progress[thread], &next);
    }
    return next;
  }

  bool Search(const Moment& moment) {
    const uint64_t first_return = FirstReturn(moment);
    if (first_return == kNeverReturned) return true;
    if (!seen_.insert(moment).second) return false;
    if (seen_.size() > kMostMoments) throw std::runtime_error("gave up: too many orders to try");
    for (size_t thread = 0; thread < history_.size(); ++thread) {
      const Record* call = Current(moment, thread);
      if (call == nullptr || call->invoked > first_return) continue;
      const NextOf<Model> next = Ways(moment, thread);
      for (const auto& way : next.ways()) {
        Moment after = moment;
        after.state = way.state;
        after.done[thread] = static_cast<uint16_t>(after.done[thread] + way.done);
        after.progress[thread] = way.progress;
        path_.push_back({thread, moment.done[thread], way.done});
        if (Search(after)) return true;
        path_.pop_back();
      }
    }
    if (!deepest_ || path_.size() > deepest_path_.size()) {
      deepest_ = moment;
      deepest_path_ = path_;
    }
    return false;
  }

  // ---- for people

  std::string Explain() const {
    std::ostringstream text;
    text << "not linearizable\nthe longest way that the model can follow:\n";
    for (const Step& step : deepest_path_) {
      text << "  " << Describe(step.thread, step.call) << (step.last ? "\n" : "  (a step)\n");
    }
    text << "then the model is at: " << deepest_->state << "\nand these calls are not done:\n";
    const uint64_t first_return = FirstReturn(*deepest_);
    for (size_t thread = 0; thread < history_.size(); ++thread) {
      const Record* call = Current(*deepest_, thread);
      if (call == nullptr) continue;
      text << "  " << Describe(thread, deepest_->done[thread]);
      if (deepest_->progress[thread] != 0) text << "  (under way)";
      if (call->invoked > first_return) {
        text << "  comes later\n";
        continue;
      }
      const NextOf<Model> next = Ways(*deepest_, thread);
      text << (next.ways().empty() ? "  cannot go on" : "  leads nowhere");
      for (const auto& answer : next.answers()) text << "; the model answers " << answer;
      text << "\n";
    }
    return text.str();
  }

  std::string Describe(size_t thread, size_t index) const {
    const Record& call = history_[thread][index];
    std::ostringstream text;
    text << "thread " << thread << " [" << call.invoked << ", ";
    if (call.returned == kNeverReturned) {
      text << "never] " << call.operation;
    } else {
      text << call.returned << "] " << call.operation << " -> " << *call.answer;
    }
    return text.str();
  }

  const Model& model_;
  const HistoryOf<Model>& history_;
  std::unordered_set<Moment, Hash> seen_{1024, Hash{&model_}};
  std::vector<Step> path_;
  std::vector<Step> deepest_path_;
  std::optional<Moment> deepest_;
};

template <typename Model>
Verdict Check(const Model& model, const HistoryOf<Model>& history) {
  return Checker<Model>(model, history).Run();
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_CHECKER_H_
