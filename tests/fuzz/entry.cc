// The entry that libFuzzer and driver.cc call.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/target.h"

namespace spillway::fuzz {

bool Planted(std::string_view fault) {
  static const char* const planted = std::getenv("SPILLWAY_FUZZ_PLANT");
  return planted != nullptr && fault == planted;
}

}  // namespace spillway::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spillway::fuzz::ByteReader input({data, size});
  try {
    spillway::fuzz::RunInput(input);
  } catch (const spillway::fuzz::Finding& finding) {
    std::fprintf(stderr, "\nfinding: %s\n", finding.what());
    std::abort();
  }
  return 0;
}
