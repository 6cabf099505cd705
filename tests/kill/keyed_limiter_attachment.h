// A keyed limiter of one process on memory that it shares with others, and the books of its calls.
#ifndef SPILLWAY_TESTS_KILL_KEYED_LIMITER_ATTACHMENT_H_
#define SPILLWAY_TESTS_KILL_KEYED_LIMITER_ATTACHMENT_H_

#include <cstdint>
#include <memory>

#include "spillway/limiter/keyed_limiter.h"
#include "tests/kill/subject.h"

namespace spillway::testing {

class KeyedLimiterAttachment : public ScriptedAttachment<KeyedLimiterAttachment> {
 public:
  // One set of cells, in which all keys lie; a burst of 3.
  KeyedLimiterAttachment(const KeyedLimiterSettings& settings,
                         const Script<KeyedLimiterAttachment>& script, void* memory);

  void Prepare(Books& books) override;

  static constexpr KeyHash Key(uint64_t number) { return {number}; }  // from 1 on
  static constexpr uint64_t kKeys = 12;
  static constexpr int64_t kCells = 8;

  // For the scripts.
  KeyedLimiter& limiter() { return *limiter_; }
  Nanos token() const { return token_; }  // how long one takes to come back
  bool Take(uint64_t key, int64_t n);
  void FillTable(int64_t n);  // each of the keys from 1 on takes so many, until there is no cell
  void LeaveClaim(uint64_t key);
  void MayLose(int64_t tokens) { books().taken.MayAdd(-tokens); }

 private:
  void CheckAll() override;
  void CallAny(Random& random) override;
  int64_t Taken() const;
  void CheckTotals(const char* admitted, const char* refused);
  void CheckKeys();
  void CheckTable();

  KeyedLimiterSettings settings_;
  Nanos token_;
  KeyedLimiterMemory* memory_;
  std::unique_ptr<KeyedLimiter> limiter_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_KEYED_LIMITER_ATTACHMENT_H_
