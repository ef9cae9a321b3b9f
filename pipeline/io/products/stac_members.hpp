#pragma once
// Members of STAC documents, which come from outside and may hold anything. Numbers and texts are taken as the
// specification has them and as catalogues write them.

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace pitwatch::stac {

/// The member, or null where it is absent or null.
const nlohmann::json* find(const nlohmann::json& object, const std::string& key);

/// Throws DataError: "'KEY' is not EXPECTED".
[[noreturn]] void fail_type(const std::string& key, const char* expected);

/// Empty where the member is absent, or something else: what may be missing may be odd.
std::string text_of(const nlohmann::json& object, const std::string& key);

/// Of the members of `keys`, in this order, the first that is a text; empty where none is.
std::string first_text(const nlohmann::json& properties, std::initializer_list<const char*> keys);

/// Nothing where the member is absent; raster:bands writes numbers that JSON has not as texts ("nan"), which give NaN.
/// Throws DataError for anything else.
std::optional<double> number_of(const nlohmann::json& object, const std::string& key);

/// The member if it is a number of the range; nothing otherwise.
std::optional<double> number_within(const nlohmann::json& object, const std::string& key, double least, double most);

/// A number, or a text that is one; nothing where the member is absent or something else.
std::optional<int> whole_number_of(const nlohmann::json& object, const std::string& key);

// Throw DataError where the member is absent or something else.
std::string required_text(const nlohmann::json& object, const std::string& key);
const nlohmann::json& required_object(const nlohmann::json& object, const std::string& key);

/// The array's elements; null where the member is absent. Throws DataError where it is no array of objects.
const nlohmann::json* array_of_objects(const nlohmann::json& object, const std::string& key);

/// `value` with up to `digits` significant digits.
std::string short_number(double value, int digits);

}  // namespace pitwatch::stac
