#include "pipeline/io/files/json_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"

namespace pitwatch {

using nlohmann::json;

constexpr int deepest_nesting = 64;

namespace {

constexpr std::size_t longest_reason = 400;  // bytes: the library quotes what it read last, whatever its length

/// What all readers of JSON here bound: depth and number of values, whatever the text's size.
class Bounds : public json::json_sax_t {
 public:
  explicit Bounds(std::size_t most_values = most_json_values) : most_values_(most_values) {}

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool start_object(std::size_t) override { return begin(); }
  bool key(string_t&) override { return true; }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override { return begin(); }
  bool end_array() override { return end(); }
  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    throw DataError("not JSON: " + abridged(error.what(), longest_reason));
  }

 protected:
  int depth() const { return depth_; }
  bool value() {
    if (++values_ > most_values_) throw DataError("more than " + std::to_string(most_values_) + " values");
    return true;
  }

 private:
  bool begin() {
    if (++depth_ > deepest_nesting) {
      throw DataError("nested deeper than " + std::to_string(deepest_nesting) + " levels");
    }
    return value();
  }
  bool end() {
    --depth_;
    return true;
  }

  std::size_t most_values_;
  int depth_ = 0;
  std::size_t values_ = 0;
};

/// Texts that are members of the outermost object.
class TopTexts final : public Bounds {
 public:
  bool key(string_t& name) override {
    if (depth() == 1) key_ = name;
    return true;
  }
  bool string(string_t& text) override {
    if (depth() == 1 && !key_.empty()) texts.emplace(key_, text);
    return Bounds::string(text);
  }
  std::map<std::string, std::string> texts;

 private:
  std::string key_;
};

}  // namespace

json parse_json(std::string_view text, std::size_t most_values) {
  try {
    // The library's own callback is quadratic in the elements of an array.
    Bounds bounds(most_values);
    json::sax_parse(text, &bounds);
    return json::parse(text);
  } catch (const json::exception& error) {
    throw DataError("not JSON: " + abridged(error.what(), longest_reason));
  }
}

std::map<std::string, std::string> top_texts(std::string_view text) {
  TopTexts top;
  try {
    json::sax_parse(text, &top);
  } catch (const json::exception& error) {
    throw DataError("not JSON: " + abridged(error.what(), longest_reason));
  }
  return std::move(top.texts);
}

std::string text_member(const json& value, const char* key) {
  if (!value.is_object()) return {};
  const auto found = value.find(key);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void check_members(const nlohmann::json& object, std::initializer_list<std::string_view> known,
                   const std::string& where) {
  if (!object.is_object()) throw ConfigError(where + ": is no object");
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw ConfigError(where + ": '" + printable(key) + "' is not known");
    }
  }
}

double shortest_decimal(float value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double result = 0;
  std::from_chars(text.data(), end, result);
  return static_cast<float>(result) == value ? result : static_cast<double>(value);
}

}  // namespace pitwatch
