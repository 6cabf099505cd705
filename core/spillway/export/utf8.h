// Names are bytes of the caller; what leaves the process as text must be UTF-8.
#ifndef SPILLWAY_EXPORT_UTF8_H_
#define SPILLWAY_EXPORT_UTF8_H_

#include <string>
#include <string_view>

namespace spillway {

// The text, with U+FFFD in place of what is no UTF-8: one for each longest beginning of a character
// that breaks off, and for each byte that begins none. Python and browsers decode so too.
std::string ToUtf8(std::string_view bytes);

}  // namespace spillway

#endif  // SPILLWAY_EXPORT_UTF8_H_
