#include "spillway/base/error.h"

#include <cstdarg>
#include <cstdio>

namespace spillway {

void SetError(Error* error, StatusCode code, const char* format, ...) noexcept {
  if (error == nullptr) return;
  error->code = code;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(error->message, sizeof(error->message), format, arguments);
  va_end(arguments);
}

}  // namespace spillway
