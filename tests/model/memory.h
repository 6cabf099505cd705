// The memory of the explorer: histories of values, and what each thread may still read of them.
#ifndef SPILLWAY_TESTS_MODEL_MEMORY_H_
#define SPILLWAY_TESTS_MODEL_MEMORY_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <vector>

#include "tests/model/explorer.h"

namespace spillway::model {

inline constexpr int kMaxLocations = 96;

inline bool Acquires(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}
inline bool Releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

// For each location, the index in its history of the oldest value that may still be read.
struct View {
  uint16_t oldest[kMaxLocations] = {};

  void Join(const View& other) {
    for (int i = 0; i < kMaxLocations; ++i) oldest[i] = std::max(oldest[i], other.oldest[i]);
  }
};

// Only what one thread writes and another one uses matters. Which locations these are is found out
// on the way: `Use` tells when there is a new one, and the exploration begins again with it. All
// other operations commute with those of the other threads, so nobody need run before them.
class Memory {
 public:
  // The shared location's number, or -1.
  int Use(const void* location, int thread, bool writes) {
    const auto known = shared_.find(location);
    if (known != shared_.end()) return known->second;
    Users& users = users_[location];
    const unsigned bit = 1u << thread;
    (writes ? users.writers : users.readers) |= bit;
    const unsigned all = users.writers | users.readers;
    if (users.writers != 0 && (all & (all - 1)) != 0) {
      if (shared_.size() == kMaxLocations) {
        std::fprintf(stderr, "model: more than %d shared locations\n", kMaxLocations);
        std::abort();
      }
      shared_.emplace(location, static_cast<int>(shared_.size()));
      grown_ = true;
    }
    return -1;
  }

  bool grown() const { return grown_; }

  void Reset() {
    users_.clear();
    grown_ = false;
    for (auto& history : histories_) history.clear();
    for (View& view : views_) view = {};
    sequential_ = {};
  }

  // How many values a load may choose from; 0 is the newest.
  int Choices(int id, int thread, std::memory_order order, uint64_t newest) {
    auto& history = HistoryOf(id, newest);
    uint16_t oldest = views_[thread].oldest[id];
    if (order == std::memory_order_seq_cst) oldest = std::max(oldest, sequential_.oldest[id]);
    return static_cast<int>(history.size()) - oldest;
  }

  uint64_t Peek(int id, int age) const { return histories_[id].rbegin()[age].value; }

  uint64_t Read(int id, int thread, std::memory_order order, int age) {
    const auto& history = histories_[id];
    const size_t index = history.size() - 1 - static_cast<size_t>(age);
    View& view = views_[thread];
    view.oldest[id] = std::max(view.oldest[id], static_cast<uint16_t>(index));
    if (Acquires(order)) view.Join(history[index].released);
    return history[index].value;
  }

  // `continues`: a read-modify-write, which hands on what the value it replaces released.
  void Write(int id, int thread, std::memory_order order, uint64_t value, uint64_t replaced,
             bool continues) {
    auto& history = HistoryOf(id, replaced);
    View& view = views_[thread];
    view.oldest[id] = static_cast<uint16_t>(history.size());
    Message message{value, {}};
    if (continues) message.released = history.back().released;
    if (Releases(order)) message.released.Join(view);
    history.push_back(message);
    if (order == std::memory_order_seq_cst) sequential_.oldest[id] = view.oldest[id];
  }

 private:
  struct Users {
    unsigned writers = 0;
    unsigned readers = 0;
  };
  struct Message {
    uint64_t value;
    View released;
  };

  // Begins with what the memory held when the threads began.
  std::vector<Message>& HistoryOf(int id, uint64_t now) {
    auto& history = histories_[id];
    if (history.empty()) history.push_back({now, {}});
    return history;
  }

  std::unordered_map<const void*, int> shared_;
  std::unordered_map<const void*, Users> users_;
  std::vector<Message> histories_[kMaxLocations];
  View views_[kMaxThreads];
  View sequential_;  // of the last seq_cst write of each location
  bool grown_ = false;
};

}  // namespace spillway::model

#endif  // SPILLWAY_TESTS_MODEL_MEMORY_H_
