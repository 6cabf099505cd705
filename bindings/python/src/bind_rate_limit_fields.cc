// The header fields of a limiter's answer.
#include "bind_rate_limit_fields.h"

#include <string>

#include "spillway/limiter/rate_limit_fields.h"

namespace spillway::python {
namespace {

py::tuple Fields(const std::string& name, bool admitted, int64_t remaining, int64_t limit,
                 const OrNone<py::int_>& next_after, const OrNone<py::int_>& retry_after,
                 Nanos window) {
  const auto span = [](const OrNone<py::int_>& nanos) {
    return nanos.is_none() ? kForever : nanos.cast<Nanos>();
  };
  const LimitStatus status{.remaining = remaining,
                           .limit = limit,
                           .retry_after = span(retry_after),
                           .next_after = span(next_after)};
  RateLimitFields fields;
  if (!Render(name, admitted, status, window, &fields))
    throw py::value_error("name is " + py::repr(py::str(name)).cast<std::string>() +
                          "; it must be 1 to " + std::to_string(RateLimitFields::kMostName) +
                          " characters of printable ASCII");
  return py::make_tuple(fields.policy, fields.limit, fields.retry_after);
}

}  // namespace

void BindRateLimitFields(py::module_& module) {
  module.def("rate_limit_fields", &Fields, py::arg("name"), py::arg("admitted"),
             py::arg("remaining"), py::arg("limit"), py::arg("next_after_ns"),
             py::arg("retry_after_ns"), py::arg("window_ns"),
             "RateLimit-Policy, RateLimit and Retry-After; empty: not to be sent.");
}

}  // namespace spillway::python
