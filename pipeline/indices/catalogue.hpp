#pragma once
// The indices that go by a name: Awesome Spectral Indices, and those of minerals and mines.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

struct ValueRange {
  double low = 0;
  double high = 0;
  friend bool operator==(const ValueRange&, const ValueRange&) = default;
};

struct CatalogueIndex {
  std::string name;
  std::string domain;               // "vegetation", "water", "minerals", ...
  std::optional<ValueRange> range;  // for reflectances of 0 to 1; nothing where there is no bound
  std::string lacking;              // bands that Sentinel-2 has not, by their letters; empty: it can be computed
  std::string formula;
  std::string meaning;
  std::string source;
};

/// All of them, by name without regard to case. Built at the first call; thread-safe.
std::span<const CatalogueIndex> index_catalogue();

/// The index of a name: the one that is spelt so, or else the only one that is but for upper and lower case; null where
/// there is none, or more than one.
const CatalogueIndex* find_index(std::string_view name);

/// Names of all indices that can be computed.
std::vector<std::string> index_names();

/// A table of indices as text: columns separated by tabs (name, domain, range, lacking bands, formula, meaning,
/// source), lines that begin with # left out. Throws DataError naming `where` and the line for another form.
std::vector<CatalogueIndex> parse_catalogue(std::string_view text, const std::string& where);

}  // namespace pitwatch
