#include "pipeline/webmap/script_text.hpp"

#include <algorithm>
#include <stdexcept>

namespace pitwatch {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

std::string data_script(std::string_view key, std::string_view json) {
  if (key.empty() || !std::all_of(key.begin(), key.end(), [](char c) { return is_plain(c) || c == '.'; })) {
    throw std::invalid_argument("no key of data: " + std::string(key));
  }
  std::string script = "PITWATCH.data['" + std::string(key) + "'] = JSON.parse('";
  script.reserve(script.size() + json.size() + json.size() / 16);
  constexpr std::string_view line_separator = "\xe2\x80\xa8";
  constexpr std::string_view paragraph_separator = "\xe2\x80\xa9";
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string_view three = json.substr(i, line_separator.size());
    switch (json[i]) {
      case '\\':
        script += "\\\\";
        break;
      case '\'':
        script += "\\\\u0027";
        break;
      case '<':
        script += "\\\\u003c";
        break;
      case '>':
        script += "\\\\u003e";
        break;
      case '&':
        script += "\\\\u0026";
        break;
      case '\n':
      case '\r':
        script += ' ';
        break;
      default:
        if (three == line_separator || three == paragraph_separator) {
          script += three == line_separator ? "\\\\u2028" : "\\\\u2029";
          i += line_separator.size() - 1;
        } else {
          script += json[i];
        }
    }
  }
  return script + "');\n";
}

std::string url_of_path(std::string_view path) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string url;
  for (const char c : path) {
    if (is_plain(c) || c == '.' || c == '~' || c == '/') {
      url += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      url.append({'%', hex[byte / 16], hex[byte % 16]});
    }
  }
  return url;
}

}  // namespace pitwatch
