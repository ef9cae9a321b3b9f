#include "pipeline/io/json_values.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"

namespace pitwatch {

using nlohmann::json;

constexpr int deepest_nesting = 64;

json parse_json(std::string_view text) {
  const auto bound_depth = [](int depth, json::parse_event_t, json&) {
    if (depth > deepest_nesting) throw DataError("nested deeper than " + std::to_string(deepest_nesting) + " levels");
    return true;
  };
  try {
    return json::parse(text, bound_depth);
  } catch (const json::exception& error) {
    throw DataError(std::string("not JSON: ") + error.what());
  }
}

std::string text_member(const json& value, const char* key) {
  if (!value.is_object()) return {};
  const auto found = value.find(key);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double shortest_decimal(float value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double result = 0;
  std::from_chars(text.data(), end, result);
  return static_cast<float>(result) == value ? result : static_cast<double>(value);
}

}  // namespace pitwatch
