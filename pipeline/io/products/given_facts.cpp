#include "pipeline/io/products/given_facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/inner_path.hpp"

namespace pitwatch {
namespace {

constexpr int most_bands = 64;

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// "B04=3", "B04=red.tif", "B04=rest.tif:2".
GivenBand parse_one(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    throw ConfigError("'" + std::string(text) + "' is not BAND=NUMBER or BAND=FILE");
  }
  const std::string_view name = trimmed(text.substr(0, equals));
  std::string_view value = trimmed(text.substr(equals + 1));
  GivenBand given;
  const std::optional<NamedBand> what = named_band(name);
  if (!what) throw ConfigError("'" + std::string(name) + "' is no band (B01..B12, B8A, SCL, CLD, SNW, QA60, Fmask)");
  given.what = *what;
  std::optional<int> number = whole_number(value);
  if (!number) {
    const std::size_t colon = value.rfind(':');
    if (colon != std::string_view::npos) number = whole_number(value.substr(colon + 1));
    if (number) value = value.substr(0, colon);
    given.file = value;
    try {
      check_name_in_folder(given.file);
    } catch (const DataError& error) {
      throw ConfigError(error.what());
    }
  }
  given.number = number.value_or(1);
  if (given.number < 1 || given.number > most_bands) {
    throw ConfigError("the band of a file is 1 to " + std::to_string(most_bands) + ", not " +
                      std::to_string(given.number));
  }
  return given;
}

}  // namespace

std::optional<NamedBand> named_band(std::string_view text) {
  struct Other {
    std::string_view name;
    NamedBand what;
  };
  constexpr std::array<Other, 7> others{{{"qa60", {Band::SCL, PixelCoding::qa60}},
                                         {"fmask", {Band::SCL, PixelCoding::fmask}},
                                         {"msk_cldprb", {Band::CLD}},
                                         {"msk_snwprb", {Band::SNW}},
                                         {"cld", {Band::CLD}},
                                         {"snw", {Band::SNW}},
                                         {"nir08", {Band::B8A}}}};
  constexpr std::size_t longest = 16;
  if (text.empty() || text.size() > longest) return std::nullopt;
  const std::string lower = lower_ascii(text);
  const auto* const other =
      std::find_if(others.begin(), others.end(), [&](const Other& one) { return one.name == lower; });
  if (other != others.end()) return other->what;
  std::optional<Band> band = band_from_name(lower);
  if (!band) band = band_from_common_name(lower);
  if (!band) return std::nullopt;
  return NamedBand{*band};
}

std::vector<GivenBand> parse_given_bands(std::string_view text) {
  std::vector<GivenBand> bands;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    GivenBand one = parse_one(text.substr(start, comma - start));
    start = comma + 1;
    const auto same = [&](const GivenBand& other) { return other.what.band == one.what.band; };
    if (std::any_of(bands.begin(), bands.end(), same)) {
      throw ConfigError(std::string(name(one.what.band)) + " is named twice");
    }
    bands.push_back(std::move(one));
  }
  return bands;
}

}  // namespace pitwatch
