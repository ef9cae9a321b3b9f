#include "pipeline/watch/checked_json.hpp"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/json_number.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& key, const char* why) { throw DataError("'" + key + "' " + why); }

std::string text_of(const json& value, const char* key) {
  if (!value.is_string()) refuse(key, "is no text");
  const auto& text = value.get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos) refuse(key, "holds a NUL");
  return text;
}

}  // namespace

CheckedObject::CheckedObject(const json& object) : object_(object) {
  if (!object.is_object()) throw DataError("is no object");
}

const json& CheckedObject::at(const char* key) const {
  const auto found = object_.find(key);
  if (found == object_.end()) refuse(key, "is missing");
  return *found;
}

std::string CheckedObject::text(const char* key) const { return text_of(at(key), key); }

std::int64_t CheckedObject::number(const char* key, std::int64_t most) const {
  const std::int64_t number = whole_number_in<std::int64_t>(at(key)).value_or(-1);
  if (number < 0 || number > most) refuse(key, "is no whole number that can be");
  return number;
}

double CheckedObject::seconds(const char* key) const {
  const json& value = at(key);
  if (!value.is_number() || !(value.get<double>() >= 0) || !std::isfinite(value.get<double>())) {
    refuse(key, "is no number of seconds");
  }
  return value.get<double>();
}

bool CheckedObject::flag(const char* key) const {
  if (!at(key).is_boolean()) refuse(key, "is neither true nor false");
  return at(key).get<bool>();
}

Instant CheckedObject::time(const char* key) const {
  try {
    return parse_instant(text(key));
  } catch (const DataError&) {
    refuse(key, "is no time");
  }
}

std::optional<Instant> CheckedObject::time_or_null(const char* key) const {
  return at(key).is_null() ? std::nullopt : std::optional(time(key));
}

const json& CheckedObject::list(const char* key) const {
  if (!at(key).is_array()) refuse(key, "is no list");
  return at(key);
}

std::vector<std::string> CheckedObject::texts(const char* key) const {
  std::vector<std::string> texts;
  for (const json& value : list(key)) texts.push_back(text_of(value, key));
  return texts;
}

TextPairs CheckedObject::text_pairs(const char* key) const {
  TextPairs pairs;
  for (const json& value : list(key)) {
    if (!value.is_array() || value.size() != 2) refuse(key, "holds what is no pair");
    pairs.emplace_back(text_of(value[0], key), text_of(value[1], key));
  }
  return pairs;
}

nlohmann::ordered_json pairs_json(const TextPairs& pairs) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& [first, second] : pairs) list.push_back({first, second});
  return list;
}

Instant instant_of_milliseconds(const json& value) {
  constexpr std::int64_t first = -62'167'219'200'000;  // 0000-01-01T00:00:00Z
  constexpr std::int64_t last = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z
  const auto milliseconds = whole_number_in<std::int64_t>(value);
  if (!milliseconds) throw DataError("a time is no whole number of milliseconds");
  if (*milliseconds < first || *milliseconds > last) throw DataError("a time is not of the years 0000 to 9999");
  return Instant(std::chrono::milliseconds(*milliseconds));
}

}  // namespace pitwatch
