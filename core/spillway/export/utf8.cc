#include "spillway/export/utf8.h"

#include <cstddef>
#include <cstdint>

namespace spillway {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Which bytes begin a character, how many follow, and what the first of those may be: its range
// keeps out the longer ways to write a short character, surrogates, and what lies above U+10FFFF.
struct Lead {
  uint8_t first;
  uint8_t last;
  uint8_t followers;
  uint8_t least;
  uint8_t most;
};

constexpr Lead kLeads[] = {
    {0x00, 0x7F, 0, 0x00, 0x00}, {0xC2, 0xDF, 1, 0x80, 0xBF}, {0xE0, 0xE0, 2, 0xA0, 0xBF},
    {0xE1, 0xEC, 2, 0x80, 0xBF}, {0xED, 0xED, 2, 0x80, 0x9F}, {0xEE, 0xEF, 2, 0x80, 0xBF},
    {0xF0, 0xF0, 3, 0x90, 0xBF}, {0xF1, 0xF3, 3, 0x80, 0xBF}, {0xF4, 0xF4, 3, 0x80, 0x8F},
};

struct Piece {
  size_t length;
  bool valid;
};

Piece FirstPiece(std::string_view bytes) {
  const auto at = [&](size_t place) { return static_cast<uint8_t>(bytes[place]); };
  for (const Lead& lead : kLeads) {
    if (at(0) < lead.first || at(0) > lead.last) continue;
    size_t length = 1;
    while (length <= lead.followers && length < bytes.size()) {
      const uint8_t least = length == 1 ? lead.least : 0x80;
      const uint8_t most = length == 1 ? lead.most : 0xBF;
      if (at(length) < least || at(length) > most) break;
      ++length;
    }
    return {.length = length, .valid = length == lead.followers + size_t{1}};
  }
  return {.length = 1, .valid = false};
}

}  // namespace

std::string ToUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Piece piece = FirstPiece(bytes);
    text += piece.valid ? bytes.substr(0, piece.length) : kReplacement;
    bytes.remove_prefix(piece.length);
  }
  return text;
}

}  // namespace spillway
