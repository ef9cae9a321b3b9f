#pragma once
// Names in formulas: bands, and constants of the catalogue.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// The band of reflectance that a name stands for: ESA's ("B08", "b8", "B8A"), STAC's common one ("nir", "swir16",
/// "rededge1"), or a letter of Awesome Spectral Indices (A, B, G, R, RE1, RE2, RE3, N, N2, WV, S1, S2); nothing for
/// another.
std::optional<Band> band_in_formula(std::string_view name);

struct FormulaConstant {
  std::string_view name;
  std::optional<double> value;  // nothing: it has to be given
  std::string_view meaning;
};

/// Those of Awesome Spectral Indices with their values there. Wavelengths are those of Sentinel-2A; those of 2B and 2C
/// are within 17 nm in B12 and 4 nm elsewhere.
std::span<const FormulaConstant> formula_constants();
const FormulaConstant* constant_in_formula(std::string_view name);

/// Values that somebody gives to constants, or to names of his own.
using GivenConstants = std::map<std::string, double, std::less<>>;

/// "L=0.5" as name and value, into `constants`. Throws ConfigError for what is no name (letters, digits and _, a letter
/// first), for the name of a band, for a value that is no finite number, and for a name given twice.
void add_constant(std::string_view text, GivenConstants& constants);

/// Those of `candidates` that differ from a name in few characters (Levenshtein's distance, without case), the nearest
/// first, three at most.
std::vector<std::string> similar_names(std::string_view name, std::span<const std::string> candidates);

/// "; did you mean B8A, B08?", or nothing where no name is similar.
std::string suggestion(std::string_view name, std::span<const std::string> candidates);

}  // namespace pitwatch
