// Feeds a target without libFuzzer, so that any compiler and ctest can: each file that is named
// (all files of a folder), then inputs drawn from a seed, half of them mutated from those files.
//
//   fuzz_<noun> [--runs=N] [--seed=S] [file or folder ...]
//
// An input that ends the program is kept in ./crash-<noun> and its path is said.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// A sanitizer's report ends the program as a finding does.
extern "C" const char* __asan_default_options() { return "abort_on_error=1"; }
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

using Input = std::vector<uint8_t>;

constexpr size_t kLongestInput = 1024;

// Seconds: an input takes a millisecond, so this one hangs.
constexpr unsigned kLongestRun = 60;

// What the signal handler needs. It may call nothing that allocates.
const Input* running = nullptr;
std::string crash_path;
std::string crash_text;

void KeepInput(int signal) {
  const int file = open(crash_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (running != nullptr && file >= 0 && write(file, running->data(), running->size()) >= 0 &&
      write(STDERR_FILENO, crash_text.data(), crash_text.size()) >= 0) {
    close(file);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void Run(const Input& input) {
  running = &input;
  alarm(kLongestRun);
  LLVMFuzzerTestOneInput(input.data(), input.size());
  running = nullptr;
}

Input ReadInput(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Input> ReadInputs(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {ReadInput(path)};
  // Sorted: the inputs that follow from a seed must not depend on the order of a folder.
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(path)) files.push_back(file.path());
  std::sort(files.begin(), files.end());
  std::vector<Input> inputs;
  for (const auto& file : files) inputs.push_back(ReadInput(file));
  return inputs;
}

class Generator {
 public:
  Generator(uint64_t seed, const std::vector<Input>& corpus) : random_(seed), corpus_(corpus) {}

  Input Next() {
    if (corpus_.empty() || Below(2) == 0) return Fresh(Below(kLongestInput));
    Input input = Any();
    for (size_t changes = 1 + Below(4); changes > 0; --changes) Change(&input);
    if (input.size() > kLongestInput) input.resize(kLongestInput);
    return input;
  }

 private:
  size_t Below(size_t below) { return random_() % below; }
  const Input& Any() { return corpus_[Below(corpus_.size())]; }

  Input Fresh(size_t size) {
    Input input(size);
    for (uint8_t& byte : input) byte = static_cast<uint8_t>(random_());
    return input;
  }

  void Change(Input* input) {
    const auto at = input->begin() + static_cast<ptrdiff_t>(Below(input->size() + 1));
    switch (Below(4)) {
      case 0:
        if (at != input->end()) *at = static_cast<uint8_t>(random_());
        break;
      case 1: {
        const Input more = Fresh(Below(16));
        input->insert(at, more.begin(), more.end());
        break;
      }
      case 2:
        input->erase(at, std::min(at + static_cast<ptrdiff_t>(Below(16)), input->end()));
        break;
      default: {  // the end of another one
        const Input& other = Any();
        input->erase(at, input->end());
        const auto from = other.begin() + static_cast<ptrdiff_t>(Below(other.size() + 1));
        input->insert(input->end(), from, other.end());
      }
    }
  }

  std::mt19937_64 random_;
  const std::vector<Input>& corpus_;
};

bool ReadNumber(std::string_view argument, std::string_view name, uint64_t* number) {
  if (!argument.starts_with(name)) return false;
  *number = std::strtoull(argument.data() + name.size(), nullptr, 10);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t runs = 0;
  uint64_t seed = 1;
  std::vector<Input> corpus;
  for (int i = 1; i < argc; ++i) {
    if (ReadNumber(argv[i], "--runs=", &runs) || ReadNumber(argv[i], "--seed=", &seed)) continue;
    for (Input& input : ReadInputs(argv[i])) corpus.push_back(std::move(input));
  }
  const std::string name = std::filesystem::path(argv[0]).filename();
  crash_path = std::filesystem::absolute("crash-" + name);
  crash_text =
      "The input is kept. To run it again:\n  " + std::string(argv[0]) + " " + crash_path + "\n";
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM, SIGTERM}) {
    std::signal(signal, KeepInput);
  }
  for (const Input& input : corpus) Run(input);
  Generator generator(seed, corpus);
  for (uint64_t run = 0; run < runs; ++run) Run(generator.Next());
  std::printf("%zu files and %llu inputs of seed %llu: nothing found\n", corpus.size(),
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(seed));
  return 0;
}
