// The circuit breaker behind the C interface: rightful calls answer as the reference says, and
// calls that no caller should make answer as documented and change nothing but total_misused.
//
// Faults that can be planted (target.h): in c_circuit_breaker.h `retry_after`, `lost_settle` and
// `overrun`, here `taken_misuse`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "spillway/breaker/circuit_breaker_validate.h"
#include "tests/fuzz/any_circuit_breaker_options.h"
#include "tests/fuzz/any_time.h"
#include "tests/fuzz/c_circuit_breaker.h"
#include "tests/fuzz/sized_struct.h"
#include "tests/support/circuit_breaker_duel.h"

namespace spillway::fuzz {
namespace {

constexpr int kMostSteps = 400;

class Fuzz {
 public:
  explicit Fuzz(ByteReader& input)
      : input_(input),
        settings_(testing::RandomSettings(input)),
        real_(settings_),
        stranger_(CircuitBreakerSettings()),
        duel_(real_, settings_, input) {}

  void Run() {
    for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
      if (input_.OneIn(4)) {
        DoAnything();
      } else {
        Require(duel_.TakeStep(), "the reference answers otherwise");
      }
      Require(duel_.Agree(), "the reference looks otherwise");
    }
  }

  std::string Story() const { return duel_.Story(); }

 private:
  void DoAnything() {
    switch (input_.Below(10)) {
      case 0:
        return duel_.SetClock(AnyTime(input_, duel_.now()));
      case 1:
        return Unchanged("null", 0, [&] { PassNull(); });
      case 2:
        return SettleWrongly();
      case 3:
        return SettleForged();
      case 4:
        return Unchanged("struct of any size", 0,
                         [&] { input_.OneIn(4) ? InitInAnySize() : TellInAnySize(); });
      case 5:
        return Unchanged("events", 0, [&] { ReadEvents(); });
      case 6:
        return Unchanged("new", 0, [&] { MakeAnother(); });
      case 7:
        return Reconfigure();
      case 8:
        return Unchanged("names", 0, [&] { AskNames(); });
      default:
        return Unchanged("references", 0, [&] { CountReferences(); });
    }
  }

  // Requires that `call` changes nothing but total_misused, by `misused`.
  template <class Call>
  void Unchanged(const char* what, uint64_t misused, Call call) {
    duel_.Note(what);
    CircuitBreakerSnapshot expected = real_.Snapshot(duel_.now());
    const COptions options = real_.Options();
    call();
    expected.total_misused += misused;
    Require(expected == real_.Snapshot(duel_.now()), "a call that must change nothing did");
    const COptions after = real_.Options();
    Require(SameFields(&options, &after, kCircuitBreakerOptionsEnds, kOptionsEnd),
            "an option has changed");
    for (uint64_t i = 0; i < misused; ++i) duel_.Misuse();
  }

  // ---- NULL where something must be

  void PassNull() {
    Guarded out(sizeof(spillway_acquire_result));
    auto* const result = out.get<spillway_acquire_result>();
    spillway_circuit_breaker* const breaker = real_.handle();
    const Nanos now = duel_.now();
    MustBeMisuse(spillway_circuit_breaker_try_acquire_at(nullptr, now, result));
    Require(out.IsFilled(0, std::byte{0}), "out is not emptied");
    MustBeMisuse(spillway_circuit_breaker_try_acquire(nullptr, result));
    MustBeMisuse(spillway_circuit_breaker_try_acquire_at(breaker, now, nullptr));
    MustBeMisuse(spillway_circuit_breaker_try_acquire(breaker, nullptr));
    MustBeMisuse(spillway_circuit_breaker_settle_at(breaker, nullptr, 0, now));
    MustBeMisuse(spillway_circuit_breaker_settle_at(nullptr, &result->permit, 0, now));
    MustBeMisuse(spillway_circuit_breaker_settle(nullptr, nullptr, 0));
    MustBeMisuse(spillway_circuit_breaker_snapshot_at(breaker, now, nullptr));
    MustBeMisuse(spillway_circuit_breaker_snapshot_at(nullptr, now, nullptr));
    MustBeMisuse(spillway_circuit_breaker_state(nullptr));
    Require(spillway_circuit_breaker_generation(nullptr) == 0, "NULL has a generation");
    MustBeMisuse(spillway_circuit_breaker_events(breaker, nullptr));
    MustBeMisuse(spillway_circuit_breaker_events(nullptr, nullptr));
    MustBeMisuse(spillway_circuit_breaker_reconfigure(breaker, nullptr, nullptr));
    MustBeMisuse(spillway_circuit_breaker_options_get(breaker, nullptr));
    MustBeMisuse(spillway_circuit_breaker_options_init(nullptr, kOptionsEnd));
    for (const auto change :
         {spillway_circuit_breaker_force_open_at, spillway_circuit_breaker_disable_at,
          spillway_circuit_breaker_metrics_only_at, spillway_circuit_breaker_reset_at}) {
      MustBeMisuse(change(nullptr, now));
    }
    Require(spillway_circuit_breaker_ref(nullptr) == nullptr, "a reference to NULL");
    spillway_circuit_breaker_unref(nullptr);
    out.Check();
  }

  // ---- permits

  // An empty permit, one of another breaker, garbage, or an outcome that is none.
  void SettleWrongly() {
    PermitFields permit;
    auto outcome = static_cast<Outcome>(input_.Below(3));
    switch (input_.Below(4)) {
      case 0:
        break;
      case 1:
        permit = stranger_.Decide(duel_.now()).permit;
        break;
      case 2:
        permit = {input_.Take<uint64_t>() | uint64_t{1} << 63, input_.Take<Nanos>(),
                  input_.Take<uint64_t>()};
        break;
      default: {
        if (!duel_.held().empty()) permit = duel_.held().back().real;
        const auto any = input_.Take<int32_t>();
        outcome = static_cast<Outcome>(any >= 0 && any <= 2 ? -1 : any);
      }
    }
    const Nanos now = input_.OneIn(2) ? duel_.now() : AnyTime(input_, duel_.now());
    Unchanged("settle wrongly", 1, [&] {
      Settlement settlement = real_.Settle(permit, outcome, now);
      if (Planted("taken_misuse") && permit.owner != 0) settlement = Settlement::kCounted;
      Require(settlement == Settlement::kMisused, "a wrong settlement is taken");
    });
  }

  // A permit of this breaker with other contents: a documented miscount at most. The reference
  // cannot tell what it counts as.
  void SettleForged() {
    if (duel_.held().empty()) return;
    PermitFields permit = duel_.held().back().real;
    (input_.OneIn(2) ? permit.token : reinterpret_cast<uint64_t&>(permit.start)) ^=
        input_.OneIn(2) ? uint64_t{1} << input_.Below(64) : input_.Take<uint64_t>();
    duel_.StopComparing();
    duel_.Note("settle forged", permit.start, static_cast<int64_t>(permit.token));
    real_.Settle(permit, static_cast<Outcome>(input_.Below(3)), AnyTime(input_, duel_.now()));
  }

  // ---- structs of any size

  void TellInAnySize() {
    const bool snapshot = input_.OneIn(2);
    const std::span<const size_t> ends = snapshot
                                             ? std::span<const size_t>(kCircuitBreakerSnapshotEnds)
                                             : std::span<const size_t>(kCircuitBreakerOptionsEnds);
    const size_t size = AnySize(input_, ends);
    Guarded out(BytesFor(size));
    std::memcpy(out.bytes(), &size, sizeof size);
    const spillway_status status =
        snapshot ? spillway_circuit_breaker_snapshot_at(real_.handle(), duel_.now(),
                                                        out.get<CSnapshot>())
                 : spillway_circuit_breaker_options_get(real_.handle(), out.get<COptions>());
    const CSnapshot whole = real_.SnapshotInC(duel_.now());
    const COptions options = real_.Options();
    RequireTold(status, out, size, snapshot ? static_cast<const void*>(&whole) : &options, ends);
  }

  void InitInAnySize() {
    const size_t size = AnySize(input_, kCircuitBreakerOptionsEnds);
    Guarded out(BytesFor(size));
    const spillway_status status = spillway_circuit_breaker_options_init(out.get<COptions>(), size);
    if (!IsSize(size, kCircuitBreakerOptionsEnds)) {
      Require(out.IsUntouched(), "a struct of a wrong size was written");
    }
    const COptions defaults = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
    RequireTold(status, out, size, &defaults, kCircuitBreakerOptionsEnds);
  }

  // ---- events

  void ReadEvents() {
    constexpr size_t kEnd[] = {SPILLWAY_SIZE_TO_END(spillway_event_batch, generation)};
    const size_t size = input_.OneIn(2) ? kEnd[0] : AnySize(input_, kEnd);
    const size_t step =
        input_.OneIn(2)
            ? sizeof(spillway_event)
            : input_.Of<size_t>({0, 1, 4, 8, 16, 33, 48, 4096, 4104, SIZE_MAX, SIZE_MAX - 7});
    const size_t capacity = input_.OneIn(8) ? SIZE_MAX : input_.Below<size_t>(12);
    const bool none = input_.OneIn(8);
    const bool stepped = step != 0 && step % 8 == 0 && step <= kLongest;
    const size_t room = std::min<size_t>(capacity, 8);
    Guarded array(stepped ? room * step : 0);
    const spillway_event_batch asked = {.struct_size = size,
                                        .events = none ? nullptr : array.get<spillway_event>(),
                                        .event_size = step,
                                        .capacity = capacity,
                                        .count = 77,
                                        .lost = 77,
                                        .generation = input_.OneIn(4)
                                                          ? input_.Take<uint32_t>()
                                                          : real_.generation() - input_.Below(20u)};
    Guarded memory(BytesFor(size));
    std::memcpy(memory.bytes(), &asked, std::min(memory.size(), sizeof asked));
    const spillway_status status =
        spillway_circuit_breaker_events(real_.handle(), memory.get<spillway_event_batch>());
    memory.Check();
    array.Check();
    if (!IsSize(size, kEnd) || !stepped || (none && capacity != 0)) {
      MustBeMisuse(status);
      Require(std::memcmp(&asked, memory.bytes(), std::min(memory.size(), kEnd[0])) == 0,
              "a refused batch was written");
      return Require(array.IsUntouched(), "events of a refused batch were written");
    }
    Require(status == SPILLWAY_OK, "a good batch is refused");
    const auto& told = *memory.get<spillway_event_batch>();
    if (duel_.exact()) CompareEvents(asked.generation, room, step, told, array);
  }

  void CompareEvents(uint32_t since, size_t room, size_t step, const spillway_event_batch& batch,
                     const Guarded& array) const {
    const std::deque<Event>& known = duel_.model().events();
    const uint32_t current = duel_.model().generation();
    const uint32_t behind = (current - since) % kGenerations;
    // Of the last eight, those that there were.
    const uint32_t kept = std::min(behind, 8u);
    uint64_t lost = behind - kept;
    uint32_t generation = (current - kept) % kGenerations;
    size_t count = 0;
    while (generation != current && count < room) {
      const uint32_t next = (generation + 1) % kGenerations;
      const auto is_next = [=](const Event& event) { return event.generation == next; };
      const auto found = std::find_if(known.begin(), known.end(), is_next);
      // A fresh breaker's state was begun by no event, and a reader waits for it.
      if (found == known.end() && next == current) break;
      generation = next;
      if (found == known.end()) {
        ++lost;
        continue;
      }
      spillway_event told = {};
      const std::byte* at = array.bytes() + count++ * step;
      std::memcpy(&told, at, std::min(step, sizeof told));
      Require(step < sizeof told || CCircuitBreaker::FromC(told) == *found, "another event");
      Require(told.generation == found->generation, "an event of another generation");
      Require(step <= sizeof told ||
                  std::all_of(at + sizeof told, at + step, [](auto b) { return b == std::byte{}; }),
              "the rest of an event is not zero");
    }
    Require(batch.count == count, "another number of events");
    Require(batch.lost == lost, "another number of lost events");
    Require(batch.generation == generation, "the reader is somewhere else");
    Require(array.IsUntouched(count * step), "more events were written than told");
  }

  // ---- options

  void MakeAnother() {
    const AnyCircuitBreakerOptions options(input_, {});
    const std::string name(input_.Of<size_t>({0, 1, 7, 254, 255, 256, 1 << 20}),
                           static_cast<char>(input_.Take<uint8_t>()));
    const bool no_name = input_.OneIn(8);
    AnyError error(input_);
    GuardedStruct<spillway_circuit_breaker*> out(real_.handle());
    const bool no_out = input_.OneIn(16);
    const spillway_status status =
        spillway_circuit_breaker_new(no_out ? nullptr : out.get(), no_name ? nullptr : name.data(),
                                     name.size(), options.get(), error.get());
    out.Check();
    spillway_status expected = options.status();
    if (expected == SPILLWAY_OK && name.size() > 255) expected = SPILLWAY_E_INVALID_ARGUMENT;
    if (!error.usable() || no_out || (no_name && !name.empty())) expected = SPILLWAY_E_MISUSE;
    Require(status == expected, "new answers otherwise");
    error.Check(expected);
    if (no_out) return;
    if (expected != SPILLWAY_OK) return Require(*out == nullptr, "a failed new leaves no NULL");
    UseAnother(*out, options.settings(), no_name ? "" : name);
  }

  // A breaker of any options is good for calls at any time.
  void UseAnother(spillway_circuit_breaker* breaker, const CircuitBreakerSettings& settings,
                  const std::string& name) {
    CCircuitBreaker another(breaker);
    size_t length = 0;
    const char* kept = spillway_circuit_breaker_name(breaker, &length);
    Require(std::string_view(kept, length) == name && kept[length] == '\0', "the name is another");
    RequireOptions(another, settings);
    Nanos now = duel_.now();
    for (int i = 0; i < 8; ++i) {
      now = AnyTime(input_, now);
      const DecisionFields decision = another.Decide(now);
      if (decision.reason != 0) continue;
      another.Settle(decision.permit, static_cast<Outcome>(input_.Below(3)), AnyTime(input_, now));
    }
  }

  void Reconfigure() {
    CircuitBreakerSettings before;
    FromC(real_.Options(), &before, nullptr);
    const AnyCircuitBreakerOptions options(input_, before);
    CircuitBreakerSettings wanted = options.settings();
    if (wanted.seed == 0) wanted.seed = before.seed;
    spillway_status expected = options.status();
    if (expected == SPILLWAY_OK && !ValidateChange(before, wanted, nullptr)) {
      expected = SPILLWAY_E_INVALID_ARGUMENT;
    }
    AnyError error(input_);
    if (!error.usable()) expected = SPILLWAY_E_MISUSE;
    const auto call = [&] {
      const spillway_status status =
          spillway_circuit_breaker_reconfigure(real_.handle(), options.get(), error.get());
      Require(status == expected, "reconfigure answers otherwise");
      error.Check(status);
    };
    if (expected != SPILLWAY_OK) return Unchanged("reconfigure wrongly", 0, call);
    duel_.Note("reconfigure anyhow");
    call();
    RequireOptions(real_, wanted);
    duel_.Adopt(wanted);
  }

  // ---- the rest

  void AskNames() {
    const auto number = input_.OneIn(2) ? input_.Take<int32_t>() : input_.Below(12) - 6;
    for (const auto name :
         {spillway_status_name, spillway_circuit_breaker_state_name,
          spillway_circuit_breaker_rejection_name, spillway_circuit_breaker_event_reason_name}) {
      const char* text = name(number);
      Require(text != nullptr && std::strlen(text) < 20, "a constant without a name");
    }
  }

  void CountReferences() {
    const uint32_t more = input_.Below(5u);
    for (uint32_t i = 0; i < more; ++i) {
      Require(spillway_circuit_breaker_ref(real_.handle()) == real_.handle(), "another handle");
    }
    for (uint32_t i = 0; i < more; ++i) spillway_circuit_breaker_unref(real_.handle());
  }

  ByteReader& input_;
  CircuitBreakerSettings settings_;
  CCircuitBreaker real_;
  CCircuitBreaker stranger_;
  testing::CircuitBreakerDuel<CCircuitBreaker, ByteReader> duel_;
};

}  // namespace

void RunInput(ByteReader& input) { RunAndTell<Fuzz>(input); }

}  // namespace spillway::fuzz
