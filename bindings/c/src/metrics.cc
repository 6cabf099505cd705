// Metrics for C: a set of the core, which shares the objects with their other owners.
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "guard.h"
#include "handle.h"
#include "spillway/base/time.h"
#include "spillway/export/metric_set.h"
#include "spillway/export/prometheus_text.h"

struct spillway_metrics : spillway::Counted<spillway::MetricSet> {
  using Counted::Counted;
};

namespace spillway {
namespace {

bool New(spillway_metrics** out, Error* error) {
  if (out == nullptr) return Refuse(error, "out is NULL");
  *out = nullptr;
  *out = new spillway_metrics(std::make_unique<MetricSet>());
  return true;
}

// For every noun: the set takes a reference to the handle.
template <class Handle>
spillway_status Add(spillway_metrics* metrics, Handle* handle, spillway_error* error) {
  return Guard(error, [=](Error* problem) {
    if (metrics == nullptr) return Refuse(problem, "metrics is NULL");
    if (handle == nullptr) return Refuse(problem, "the object to add is NULL");
    const std::shared_ptr<const void> owner(Ref(handle), Unref<Handle>);
    return metrics->object->AddSource(MetricSourceOf(*handle->object, owner), problem);
  });
}

template <class Handle>
spillway_status Remove(spillway_metrics* metrics, const Handle* handle) {
  if (metrics == nullptr || handle == nullptr) return SPILLWAY_E_MISUSE;
  const bool removed = metrics->object->Remove(handle->object.get());
  return removed ? SPILLWAY_OK : SPILLWAY_E_INVALID_ARGUMENT;
}

spillway_status Tell(const std::string& text, char* buffer, size_t capacity, size_t* length) {
  *length = text.size();
  const bool fits = text.size() < capacity;
  if (fits) {
    std::memcpy(buffer, text.c_str(), text.size() + 1);
  } else if (capacity > 0) {
    *buffer = '\0';
  }
  return fits ? SPILLWAY_OK : SPILLWAY_E_BUFFER_TOO_SHORT;
}

}  // namespace
}  // namespace spillway

spillway_status spillway_metrics_new(spillway_metrics** out, spillway_error* error) noexcept {
  return spillway::Guard(error, [&](spillway::Error* problem) { spillway::New(out, problem); });
}

spillway_metrics* spillway_metrics_ref(spillway_metrics* metrics) noexcept {
  return spillway::Ref(metrics);
}

void spillway_metrics_unref(spillway_metrics* metrics) noexcept { spillway::Unref(metrics); }

spillway_status spillway_metrics_add_bulkhead(spillway_metrics* metrics,
                                              spillway_bulkhead* bulkhead,
                                              spillway_error* error) noexcept {
  return spillway::Add(metrics, bulkhead, error);
}

spillway_status spillway_metrics_remove_bulkhead(spillway_metrics* metrics,
                                                 const spillway_bulkhead* bulkhead) noexcept {
  return spillway::Remove(metrics, bulkhead);
}

spillway_status spillway_metrics_add_circuit_breaker(spillway_metrics* metrics,
                                                     spillway_circuit_breaker* breaker,
                                                     spillway_error* error) noexcept {
  return spillway::Add(metrics, breaker, error);
}

spillway_status spillway_metrics_remove_circuit_breaker(
    spillway_metrics* metrics, const spillway_circuit_breaker* breaker) noexcept {
  return spillway::Remove(metrics, breaker);
}

spillway_status spillway_metrics_add_adaptive_limiter(spillway_metrics* metrics,
                                                      spillway_adaptive_limiter* limiter,
                                                      spillway_error* error) noexcept {
  return spillway::Add(metrics, limiter, error);
}

spillway_status spillway_metrics_remove_adaptive_limiter(
    spillway_metrics* metrics, const spillway_adaptive_limiter* limiter) noexcept {
  return spillway::Remove(metrics, limiter);
}

spillway_status spillway_metrics_add_client_throttle(spillway_metrics* metrics,
                                                     spillway_client_throttle* throttle,
                                                     spillway_error* error) noexcept {
  return spillway::Add(metrics, throttle, error);
}

spillway_status spillway_metrics_remove_client_throttle(
    spillway_metrics* metrics, const spillway_client_throttle* throttle) noexcept {
  return spillway::Remove(metrics, throttle);
}

spillway_status spillway_metrics_add_keyed_limiter(spillway_metrics* metrics,
                                                   spillway_keyed_limiter* limiter,
                                                   spillway_error* error) noexcept {
  return spillway::Add(metrics, limiter, error);
}

spillway_status spillway_metrics_remove_keyed_limiter(
    spillway_metrics* metrics, const spillway_keyed_limiter* limiter) noexcept {
  return spillway::Remove(metrics, limiter);
}

spillway_status spillway_metrics_add_leaky_bucket(spillway_metrics* metrics,
                                                  spillway_leaky_bucket* bucket,
                                                  spillway_error* error) noexcept {
  return spillway::Add(metrics, bucket, error);
}

spillway_status spillway_metrics_remove_leaky_bucket(spillway_metrics* metrics,
                                                     const spillway_leaky_bucket* bucket) noexcept {
  return spillway::Remove(metrics, bucket);
}

spillway_status spillway_metrics_add_multi_limiter(spillway_metrics* metrics,
                                                   spillway_multi_limiter* limiter,
                                                   spillway_error* error) noexcept {
  return spillway::Add(metrics, limiter, error);
}

spillway_status spillway_metrics_remove_multi_limiter(
    spillway_metrics* metrics, const spillway_multi_limiter* limiter) noexcept {
  return spillway::Remove(metrics, limiter);
}

spillway_status spillway_metrics_add_sliding_window_limiter(
    spillway_metrics* metrics, spillway_sliding_window_limiter* limiter,
    spillway_error* error) noexcept {
  return spillway::Add(metrics, limiter, error);
}

spillway_status spillway_metrics_remove_sliding_window_limiter(
    spillway_metrics* metrics, const spillway_sliding_window_limiter* limiter) noexcept {
  return spillway::Remove(metrics, limiter);
}

spillway_status spillway_metrics_add_token_bucket(spillway_metrics* metrics,
                                                  spillway_token_bucket* bucket,
                                                  spillway_error* error) noexcept {
  return spillway::Add(metrics, bucket, error);
}

spillway_status spillway_metrics_remove_token_bucket(spillway_metrics* metrics,
                                                     const spillway_token_bucket* bucket) noexcept {
  return spillway::Remove(metrics, bucket);
}

spillway_status spillway_metrics_text_at(const spillway_metrics* metrics, int64_t now_ns,
                                         char* buffer, size_t capacity, size_t* length) noexcept {
  if (length == nullptr) return SPILLWAY_E_MISUSE;
  *length = 0;
  if (metrics == nullptr || (buffer == nullptr && capacity > 0)) return SPILLWAY_E_MISUSE;
  spillway_status status = SPILLWAY_OK;
  const spillway_status guarded = spillway::Guard(nullptr, [&](spillway::Error*) {
    const std::string text = spillway::PrometheusText(*metrics->object, now_ns);
    status = spillway::Tell(text, buffer, capacity, length);
  });
  return guarded == SPILLWAY_OK ? status : guarded;
}

spillway_status spillway_metrics_text(const spillway_metrics* metrics, char* buffer,
                                      size_t capacity, size_t* length) noexcept {
  return spillway_metrics_text_at(metrics, spillway::SteadyNow(), buffer, capacity, length);
}
