// Reading test vectors: tests/vectors/README.md says what they look like.
#ifndef SPILLWAY_TESTS_SUPPORT_VECTORS_H_
#define SPILLWAY_TESTS_SUPPORT_VECTORS_H_

#include <concepts>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "spillway/base/option.h"
#include "spillway/base/time.h"

namespace spillway::testing {

using Json = nlohmann::json;

// What is wrong with a vector itself, not with the policy.
[[noreturn]] inline void Malformed(const std::string& what, const Json& where) {
  throw std::runtime_error(what + " in " + where.dump());
}

// An object of which each key must be taken: Done() refuses those that nobody asked for.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {
    if (!object.is_object()) Malformed("not an object", object);
  }

  bool Has(const std::string& key) const { return object_.contains(key); }

  const Json& Take(const std::string& key) {
    if (!Has(key)) Malformed("no " + key, object_);
    taken_.insert(key);
    return object_.at(key);
  }
  template <typename T>
  T Take(const std::string& key) {
    return Take(key).get<T>();
  }
  template <typename T>
  T Take(const std::string& key, T when_missing) {
    return Has(key) ? Take<T>(key) : when_missing;
  }

  void Done() const {
    for (const auto& item : object_.items()) {
      if (!taken_.contains(item.key())) Malformed("unknown " + item.key(), object_);
    }
  }

 private:
  const Json& object_;
  std::set<std::string> taken_;
};

// The value of `field`'s choice that is called `name`.
template <typename Enum>
Enum ChoiceOf(const std::string& name) {
  for (const Choice& choice : ChoicesOf(Enum{})) {
    if (choice.name == name) return static_cast<Enum>(choice.value);
  }
  throw std::runtime_error("unknown choice " + name);
}

template <typename T>
void Decode(const Json& json, T* value) {
  if constexpr (std::is_enum_v<T>) {
    *value = ChoiceOf<T>(json.get<std::string>());
  } else {
    *value = json.get<T>();
  }
}

// Sets the options that `json` names and leaves the others as they are.
template <typename Settings>
void DecodeOptions(const Json& json, Settings* settings) {
  Fields fields(json);
  ForEachOption(*settings, [&](const OptionSpec& spec, auto& field) {
    std::string key(spec.name);
    if (spec.kind == OptionKind::kDuration) key += "_ns";
    if (fields.Has(key)) Decode(fields.Take(key), &field);
  });
  fields.Done();
}

// One scenario of a vector file, not yet read by its noun.
struct Vector {
  std::string noun;
  std::string name;
  Json options;
  std::vector<Nanos> origins;
  Json steps;

  friend void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.name; }
};

inline std::vector<Vector> ReadVectors(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  const Json json = Json::parse(file);
  Fields top(json);
  const std::string noun = top.Take<std::string>("noun");
  std::vector<Vector> vectors;
  for (const Json& entry : top.Take("vectors")) {
    Fields fields(entry);
    fields.Take("source");
    if (fields.Has("note")) fields.Take("note");
    Vector vector{.noun = noun,
                  .name = fields.Take<std::string>("name"),
                  .options = fields.Take("options"),
                  .origins = {},
                  .steps = fields.Take("steps")};
    for (const Json& origin : fields.Take("origins")) {
      vector.origins.push_back(std::stoll(origin.get<std::string>()));
    }
    fields.Done();
    vectors.push_back(std::move(vector));
  }
  top.Done();
  return vectors;
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_VECTORS_H_
