#include "spillway/export/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace spillway {
namespace {

using std::literals::operator""sv;

TEST(Utf8Test, LeavesWhatIsUtf8AsItIs) {
  for (const std::string_view text :
       {""sv, "a"sv, "a\0b\n\x7F"sv, "\xC2\x80\xDF\xBF"sv, "\xE0\xA0\x80\xED\x9F\xBF\xEF\xBF\xBF"sv,
        "\xEE\x80\x80"sv, "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"sv,
        "\xF0\x9F\x98\x80 \xE2\x82\xAC"sv}) {
    EXPECT_EQ(ToUtf8(text), text);
  }
}

struct Broken {
  std::string_view bytes;
  std::string_view text;  // with ? for U+FFFD
};

// The texts are what Python's bytes.decode("utf-8", "replace") makes of the bytes.
TEST(Utf8Test, ReplacesEachPieceThatIsNoCharacter) {
  for (const auto& [bytes, text] : {
           Broken{"a\xFFz"sv, "a?z"},
           Broken{"\x80\xBF"sv, "??"},              // followers of nothing
           Broken{"\xC0\xAF"sv, "??"},              // a longer way to write '/'
           Broken{"\xE0\x9F\xBF"sv, "???"},         // the same in three bytes
           Broken{"\xF0\x8F\xBF\xBF"sv, "????"},    // and in four
           Broken{"\xED\xA0\x80"sv, "???"},         // a surrogate
           Broken{"\xF4\x90\x80\x80"sv, "????"},    // above U+10FFFF
           Broken{"\xF5\x80"sv, "??"},              // begins nothing
           Broken{"\xE2\x82"sv, "?"},               // broken off by the end
           Broken{"\xE2\x82z"sv, "?z"},             // by another character
           Broken{"\xF0\x9F\x98\xF0\x9F"sv, "??"},  // by the next beginning
           Broken{"\xC3\xA9\xC3"sv, "\xC3\xA9?"},
       }) {
    std::string wanted;
    for (const char character : text) {
      wanted += character == '?' ? "\xEF\xBF\xBD" : std::string(1, character);
    }
    EXPECT_EQ(ToUtf8(bytes), wanted) << text;
  }
}

}  // namespace
}  // namespace spillway
