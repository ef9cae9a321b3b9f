#include "pipeline/indices/names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"

namespace pitwatch {
namespace {

constexpr std::array<std::pair<std::string_view, Band>, 12> letters{{
    {"A", Band::B01},
    {"B", Band::B02},
    {"G", Band::B03},
    {"R", Band::B04},
    {"RE1", Band::B05},
    {"RE2", Band::B06},
    {"RE3", Band::B07},
    {"N", Band::B08},
    {"N2", Band::B8A},
    {"WV", Band::B09},
    {"S1", Band::B11},
    {"S2", Band::B12},
}};

constexpr std::array<FormulaConstant, 28> constants{{
    {"C1", 6.0, "aerosol resistance of EVI, for red"},
    {"C2", 7.5, "aerosol resistance of EVI, for blue"},
    {"L", 1.0, "canopy background"},
    {"PAR", {}, "photosynthetically active radiation"},
    {"alpha", 0.1, "weight of WDRVI"},
    {"beta", 0.05, "calibration of NDSInw"},
    {"c", 1.0, "trade-off of the polynomial kernel"},
    {"cexp", 1.16, "exponent of OCVI"},
    {"epsilon", 1.0, "adjustment of EBI, WCI1 and WCI2"},
    {"eta", 0.5, "mix of green and red of GRARI"},
    {"fdelta", 0.581, "adjustment of SEVI"},
    {"g", 2.5, "gain of EVI"},
    {"gamma", 1.0, "weight of ARVI"},
    {"k", 0.0, "slope of the soil line of NIRvH2"},
    {"lambdaG", 559.8, "wavelength of green, nm"},
    {"lambdaN", 832.8, "wavelength of the near infrared, nm"},
    {"lambdaN2", 864.7, "wavelength of the narrow near infrared, nm"},
    {"lambdaR", 664.6, "wavelength of red, nm"},
    {"lambdaS1", 1613.7, "wavelength of the first short-wave infrared, nm"},
    {"lambdaS2", 2202.4, "wavelength of the second short-wave infrared, nm"},
    {"lmb", 1.0, "atmospheric correction of GRARI"},
    {"n", 5.0, "adjustment of RWI"},
    {"nexp", 2.0, "exponent of GDVI"},
    {"omega", 2.0, "weight of MBWI"},
    {"p", 2.0, "degree of the polynomial kernel"},
    {"sigma", 0.5, "length scale of the radial kernel"},
    {"sla", 1.0, "slope of the soil line"},
    {"slb", 0.0, "intercept of the soil line"},
}};

bool is_name(std::string_view text) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
         std::all_of(text.begin(), text.end(), fits);
}

/// Characters to insert, remove or replace (Levenshtein 1966).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<Band> band_in_formula(std::string_view name) {
  for (const auto& [letter, band] : letters) {
    if (letter == name) return band;
  }
  auto band = band_from_name(name);
  if (!band) band = band_from_common_name(lower_ascii(name));
  return band && is_reflectance(*band) ? band : std::nullopt;
}

std::span<const FormulaConstant> formula_constants() { return constants; }

const FormulaConstant* constant_in_formula(std::string_view name) {
  const auto* const found =
      std::find_if(constants.begin(), constants.end(), [&](const FormulaConstant& it) { return it.name == name; });
  return found == constants.end() ? nullptr : found;
}

void add_constant(std::string_view text, GivenConstants& given) {
  const std::size_t sign = text.find('=');
  const std::string quoted = "'" + std::string(text) + "'";
  if (sign == std::string_view::npos) throw ConfigError(quoted + " is not NAME=VALUE");
  const std::string_view name = text.substr(0, sign);
  if (!is_name(name)) throw ConfigError(quoted + ": no name of a constant before =");
  if (band_in_formula(name)) throw ConfigError(quoted + ": " + std::string(name) + " is a band");
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + sign + 1, end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value)) {
    throw ConfigError(quoted + ": no number after =");
  }
  if (!given.emplace(name, value).second) throw ConfigError(std::string(name) + " is given twice");
}

std::vector<std::string> similar_names(std::string_view name, std::span<const std::string> candidates) {
  constexpr std::size_t most = 3;
  constexpr std::size_t longest = 40;
  if (name.size() > longest) return {};
  const std::string wanted = lower_ascii(name);
  const std::size_t room = wanted.size() <= 2 ? 1 : 2;
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const std::string& candidate : candidates) {
    const std::size_t changes = distance(wanted, lower_ascii(candidate));
    if (changes <= room) found.emplace_back(changes, candidate);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> result;
  for (const auto& [changes, candidate] : found) {
    if (result.size() < most && (result.empty() || result.back() != candidate)) result.push_back(candidate);
  }
  return result;
}

std::string suggestion(std::string_view name, std::span<const std::string> candidates) {
  std::string text;
  for (const std::string& similar : similar_names(name, candidates)) {
    text += (text.empty() ? "; did you mean " : ", ") + similar;
  }
  return text.empty() ? text : text + "?";
}

}  // namespace pitwatch
