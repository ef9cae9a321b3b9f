#pragma once
// What the map's page consists of, carried in the program: its own files, Leaflet, and texts in each language.

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace pitwatch {

/// "en", "az", "ru".
std::span<const std::string_view> map_languages();

/// Texts by key. Throws ConfigError for a language that is none of map_languages().
std::map<std::string, std::string> map_texts(std::string_view language);

/// The files that are the same for every state, by their path in the map's folder: index.html in that language, app/
/// and leaflet/.
std::map<std::string, std::string> page_files(std::string_view language);

/// By which a folder is known as one of a map: stands in its index.html.
inline constexpr std::string_view map_mark = R"(<meta name="generator" content="pitwatch map">)";

/// A template with each {{key}} replaced by its text, escaped for markup. Throws std::out_of_range for a key without a
/// text.
std::string filled_in(std::string_view markup, const std::map<std::string, std::string>& texts);

}  // namespace pitwatch
