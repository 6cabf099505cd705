#include "spillway/export/prometheus_text.h"

#include <charconv>
#include <cstddef>
#include <string_view>
#include <utility>

namespace spillway {
namespace {

// The longest double in fixed notation is a tiny negative one: sign, "0.", 307 zeros, 17 digits.
constexpr size_t kMostDigits = 330;

class TextSink final : public MetricSink {
 public:
  void Family(const MetricFamily& family) override {
    Add("# HELP ", family.name, " ");
    Escape(family.help, /*quotes=*/false);
    Add("\n# TYPE ", family.name, " ");
    Add(family.type == MetricType::kCounter ? "counter\n" : "gauge\n");
  }

  void Sample(const MetricFamily& family, std::string_view name, std::string_view label_value,
              double value) override {
    Add(family.name);
    AddLabel("{name=\"", name);
    if (*family.label != '\0') {
      Add(",", family.label);
      AddLabel("=\"", label_value);
    }
    Add("} ");
    char digits[kMostDigits];
    const auto end = std::to_chars(digits, digits + kMostDigits, value, std::chars_format::fixed);
    text_.append(digits, end.ptr);
    Add("\n");
  }

  std::string Take() { return std::move(text_); }

 private:
  template <class... Parts>
  void Add(const Parts&... parts) {
    (text_.append(parts), ...);
  }

  void AddLabel(std::string_view before, std::string_view value) {
    Add(before);
    Escape(value, /*quotes=*/true);
    Add("\"");
  }

  // The format escapes these and no others; in a help, quotes stay as they are.
  void Escape(std::string_view text, bool quotes) {
    const std::string_view special = quotes ? "\\\n\"" : "\\\n";
    for (size_t place = 0; (place = text.find_first_of(special)) != text.npos;) {
      Add(text.substr(0, place), "\\", text[place] == '\n' ? "n" : text.substr(place, 1));
      text.remove_prefix(place + 1);
    }
    Add(text);
  }

  std::string text_;
};

}  // namespace

std::string PrometheusText(const MetricSet& metrics, Nanos now) {
  TextSink sink;
  metrics.Read(now, &sink);
  return sink.Take();
}

}  // namespace spillway
