#pragma once
// Data as scripts: a page that was opened as a file may load scripts of its folder, and nothing else.

#include <string>
#include <string_view>

namespace pitwatch {

/// PITWATCH.data['KEY'] = JSON.parse('...'); of a JSON text in UTF-8. Whatever texts it holds, none ends the string,
/// the script or the element that may hold it: quotes, < > & and the separators U+2028 and U+2029 are written as JSON's
/// escapes. The key is of letters, digits, "-", "_" and "."; std::invalid_argument for another.
std::string data_script(std::string_view key, std::string_view json);

/// A relative path as a URL: what is neither unreserved (RFC 3986, 2.3) nor "/" as %XX.
std::string url_of_path(std::string_view path);

}  // namespace pitwatch
