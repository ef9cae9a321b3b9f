#pragma once
// JSON from outside, which may hold anything. For .cpp files: no header of another room includes it.

#include <cstddef>
#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace pitwatch {

inline constexpr std::size_t most_json_values = 5'000'000;

/// Throws DataError for what is no JSON, nested deeper than 64 levels or of more values. Takes time in proportion to
/// the text.
nlohmann::json parse_json(std::string_view text, std::size_t most_values = most_json_values);

/// Of the outermost object the members that are texts. Throws as parse_json().
std::map<std::string, std::string> top_texts(std::string_view text);

/// The member, where the value is an object that has it as text; empty otherwise.
std::string text_member(const nlohmann::json& value, const char* key);

/// Of a configuration: throws ConfigError, starting with `where`, for what is no object or has a member that is not
/// known.
void check_members(const nlohmann::json& object, std::initializer_list<std::string_view> known,
                   const std::string& where);

/// The number to be written for a float: of the shortest decimal that reads as it, 0.0001 and not 0.0000999999974738.
/// As a float it is `value` again.
double shortest_decimal(float value);

}  // namespace pitwatch
