#pragma once
// Data out of a script again, as a browser has it.

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace pitwatch::test {

/// The document of PITWATCH.data['KEY'] = JSON.parse('...'); whose string knows no other escape than of a backslash.
inline nlohmann::json document_of(const std::string& script, const std::string& key) {
  const std::string head = "PITWATCH.data['" + key + "'] = JSON.parse('";
  const std::string tail = "');\n";
  if (!script.starts_with(head) || !script.ends_with(tail)) throw std::runtime_error("no script of data: " + script);
  std::string text;
  for (std::size_t i = head.size(); i < script.size() - tail.size(); ++i) {
    if (script[i] == '\\' && script.at(++i) != '\\') throw std::runtime_error("another escape");
    if (script[i] == '\'') throw std::runtime_error("the string ends early");
    text += script[i];
  }
  return nlohmann::json::parse(text);
}

}  // namespace pitwatch::test
