#include "pipeline/io/products/stac_members.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"

namespace pitwatch::stac {
namespace {

using nlohmann::json;

const json& required(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) throw DataError("not a STAC item: no '" + key + "'");
  return *member;
}

}  // namespace

const json* find(const json& object, const std::string& key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

[[noreturn]] void fail_type(const std::string& key, const char* expected) {
  throw DataError("'" + key + "' is not " + expected);
}

std::string text_of(const json& object, const std::string& key) {
  const json* member = find(object, key);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

std::optional<double> number_of(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) return std::nullopt;
  if (member->is_number()) return member->get<double>();
  if (!member->is_string()) fail_type(key, "a number");
  const std::string text = lower_ascii(member->get<std::string>());
  if (text == "nan" || text == "inf" || text == "-inf") return std::numeric_limits<double>::quiet_NaN();
  fail_type(key, "a number");
}

std::string required_text(const json& object, const std::string& key) {
  if (!required(object, key).is_string()) fail_type(key, "a text");
  return text_of(object, key);
}

const json& required_object(const json& object, const std::string& key) {
  const json& member = required(object, key);
  if (!member.is_object()) fail_type(key, "an object");
  return member;
}

std::optional<int> whole_number_of(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) return std::nullopt;
  if (member->is_number()) {
    const double value = member->get<double>();
    return value == std::floor(value) && std::abs(value) < 1e9 ? std::optional(static_cast<int>(value)) : std::nullopt;
  }
  if (!member->is_string()) return std::nullopt;
  const std::string text = member->get<std::string>();
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

const json* array_of_objects(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) return nullptr;
  if (!member->is_array()) fail_type(key, "an array");
  for (const json& element : *member) {
    if (!element.is_object()) fail_type(key, "an array of objects");
  }
  return member;
}

std::string first_text(const json& properties, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (const json* member = find(properties, key); member != nullptr && member->is_string()) {
      return member->get<std::string>();
    }
  }
  return {};
}

std::optional<double> number_within(const json& object, const std::string& key, double least, double most) {
  const json* member = find(object, key);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  const double value = member->get<double>();
  return value >= least && value <= most ? std::optional(value) : std::nullopt;
}

std::string short_number(double value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*g", digits, value);
  return text.data();
}

}  // namespace pitwatch::stac
