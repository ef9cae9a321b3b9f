#include "tools/file_names.hpp"

namespace pitwatch::tools {

std::string file_part(const std::string& site, std::set<std::string>& taken) {
  std::string part;
  for (const char c : site.substr(0, 100)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    part += is_plain ? c : '_';
  }
  std::string name = part;
  for (int i = 2; !taken.insert(name).second; ++i) name = part + "_" + std::to_string(i);
  return name;
}

}  // namespace pitwatch::tools
