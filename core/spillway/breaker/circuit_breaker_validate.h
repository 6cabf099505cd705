// Whether the settings of a circuit breaker make sense.
#ifndef SPILLWAY_BREAKER_CIRCUIT_BREAKER_VALIDATE_H_
#define SPILLWAY_BREAKER_CIRCUIT_BREAKER_VALIDATE_H_

#include "spillway/base/error.h"
#include "spillway/breaker/circuit_breaker_settings.h"

namespace spillway {

// True when every option is in its range and they fit together; else `error` (may be null) names
// the option, its value and what is accepted.
bool Validate(const CircuitBreakerSettings& settings, Error* error) noexcept;

// Whether `after` may take the place of `before` in a running breaker: valid, and no fixed option
// differs.
bool ValidateChange(const CircuitBreakerSettings& before, const CircuitBreakerSettings& after,
                    Error* error) noexcept;

}  // namespace spillway

#endif  // SPILLWAY_BREAKER_CIRCUIT_BREAKER_VALIDATE_H_
