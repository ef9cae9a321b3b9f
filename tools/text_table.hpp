#pragma once
// Tables for people.

#include <string>
#include <vector>

namespace pitwatch::tools {

using TextTable = std::vector<std::vector<std::string>>;

/// Columns as wide as their widest cell, in characters; the last is not padded. Cells are made printable().
std::string aligned(const TextTable& table);

}  // namespace pitwatch::tools
