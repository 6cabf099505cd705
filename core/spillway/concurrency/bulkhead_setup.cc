// Making and changing a bulkhead: what allocates and validates. The calls themselves are in
// bulkhead.cc.
#include <algorithm>
#include <bit>
#include <cmath>
#include <new>

#include "spillway/base/cache_line.h"
#include "spillway/base/option.h"
#include "spillway/concurrency/bulkhead.h"
#include "spillway/sync/policy_id.h"

namespace spillway {
namespace {

constexpr auto kWhole = static_cast<double>(BulkheadLimits::kWhole);

uint32_t ShareUnits(double share) { return static_cast<uint32_t>(std::lround(share * kWhole)); }

uint64_t LimitsOf(const BulkheadSettings& settings) {
  return BulkheadLimits(static_cast<uint32_t>(settings.max_concurrent),
                        static_cast<uint32_t>(settings.max_queue),
                        ShareUnits(settings.normal_share), ShareUnits(settings.sheddable_share))
      .bits();
}

uint32_t PlacesFor(const BulkheadSettings& settings) {
  return std::bit_ceil(static_cast<uint32_t>(std::max(settings.max_queue, 1)));
}

bool Validate(const BulkheadSettings& settings, Error* error) {
  if (!CheckOptions(kBulkheadOptions, &settings, error)) return false;
  if (settings.sheddable_share <= settings.normal_share) return true;
  SetError(error, StatusCode::kInvalidArgument,
           "sheddable_share is %.9g; it must be at most normal_share, %.9g",
           settings.sheddable_share, settings.normal_share);
  return false;
}

}  // namespace

size_t Bulkhead::MemoryBytes(const Settings& settings) noexcept {
  const size_t bytes = sizeof(BulkheadMemory) + PlacesFor(settings) * sizeof(Word);
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

std::unique_ptr<Bulkhead> Bulkhead::Make(std::string_view name, const Settings& settings,
                                         Error* error, void* memory, bool shared) noexcept {
  if (!CheckName(name, error) || !Validate(settings, error)) return nullptr;
  if (shared) {
    SetError(error, StatusCode::kUnsupported, "processes cannot share a bulkhead yet");
    return nullptr;
  }
  PolicyMemory owned;
  memory = MemoryFor(memory, MemoryBytes(settings), &owned, error);
  if (memory == nullptr) return nullptr;
  try {
    std::unique_ptr<Bulkhead> bulkhead(new Bulkhead(name, settings, memory));
    bulkhead->owned_memory_ = std::move(owned);
    return bulkhead;
  } catch (const std::bad_alloc&) {
    SetError(error, StatusCode::kNoMemory, "no memory for a bulkhead");
    return nullptr;
  }
}

Bulkhead::Bulkhead(std::string_view name, const Settings& settings, void* memory)
    : memory_(static_cast<BulkheadMemory*>(memory)),
      id_(NextPolicyId()),
      limits_(LimitsOf(settings)),
      counted_(settings.counted),
      place_mask_(PlacesFor(settings) - 1),
      most_places_(settings.max_queue),
      max_wait_(settings.max_wait_ns),
      name_(name) {}

Bulkhead::~Bulkhead() = default;

BulkheadSettings Bulkhead::settings() const noexcept {
  const BulkheadLimits limits(limits_.load(std::memory_order_relaxed));
  return {.max_concurrent = static_cast<int32_t>(limits.slots()),
          .max_queue = static_cast<int32_t>(limits.queue()),
          .counted = counted_,
          .max_wait_ns = max_wait(),
          .normal_share = limits.share(Priority::kNormal) / kWhole,
          .sheddable_share = limits.share(Priority::kSheddable) / kWhole};
}

bool Bulkhead::Reconfigure(const Settings& settings, Error* error,
                           BulkheadGrants* granted) noexcept {
  const Settings before = this->settings();
  if (!Validate(settings, error) || !CheckFixed(kBulkheadOptions, &before, &settings, error))
    return false;
  if (settings.max_queue > most_places_) {
    SetError(error, StatusCode::kInvalidArgument,
             "max_queue is %d; it must be at most what the bulkhead was made with, %d",
             settings.max_queue, most_places_);
    return false;
  }
  max_wait_.store(settings.max_wait_ns, std::memory_order_relaxed);
  // (83) seq_cst: pairs with (82).
  limits_.store(LimitsOf(settings), std::memory_order_seq_cst);
  Promote(granted);
  return true;
}

}  // namespace spillway
