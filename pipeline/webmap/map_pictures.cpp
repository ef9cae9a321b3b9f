#include "pipeline/webmap/map_pictures.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/chips/chip_picture.hpp"
#include "pipeline/chips/observed_alert.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/raster/png_writer.hpp"

namespace pitwatch {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t ndvi = 0;  // of observed_features
constexpr int feature_decimals = 4;

std::string site_of(const MapAlert& alert) { return alert.outlined.alert.site.value_or(""); }

/// Upper left, upper right, lower left.
std::array<LonLat, 3> corners_of(const Grid& grid) {
  ToWgs84 to_wgs84(grid.crs);
  return {to_wgs84(grid.to_map(0, 0)), to_wgs84(grid.to_map(grid.width, 0)), to_wgs84(grid.to_map(0, grid.height))};
}

struct ReadChip {
  Chip chip;
  std::string name;
};

/// "seen_20210610T074458Z" of a path.
std::string stem_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  return name.substr(0, name.rfind('.'));
}

std::vector<ReadChip> read_chips(const std::string& state, const std::map<std::string, std::string>& due,
                                 const MapAlert& alert, int film,
                                 std::vector<std::pair<std::string, std::string>>& skipped) {
  const std::string& id = alert.outlined.alert.id;
  AlertChips of_alert = alert_chips(state, site_of(alert), id, due);
  // Who wants no pictures misses none.
  if (film <= 0) std::erase_if(of_alert.missing, [](const std::string& one) { return one != observations_name; });
  const std::string missing = missing_text(chips_folder(state, site_of(alert), id), of_alert);
  if (!missing.empty()) skipped.emplace_back("pictures of " + id, printable(missing));
  std::vector<ReadChip> chips;
  for (const KeptChip& kept : chips_shown(std::move(of_alert.chips), film)) {
    try {
      chips.push_back({read_chip(kept.path), stem_of(kept.path)});
    } catch (const DataError& error) {
      skipped.emplace_back("picture of " + id, printable(error.what()));
    }
  }
  std::stable_sort(chips.begin(), chips.end(),
                   [](const ReadChip& a, const ReadChip& b) { return a.chip.acquired < b.chip.acquired; });
  return chips;
}

ordered_json value_json(const std::optional<double>& value) {
  return value ? ordered_json(rounded_number(*value, feature_decimals)) : ordered_json(nullptr);
}

}  // namespace

std::vector<KeptChip> chips_shown(std::vector<KeptChip> chips, int film) {
  if (film <= 0) return {};
  const auto is_film = [](const KeptChip& chip) { return chip.role == ChipRole::seen; };
  const auto seen = static_cast<std::size_t>(std::count_if(chips.begin(), chips.end(), is_film));
  const auto most = static_cast<std::size_t>(film);
  std::vector<KeptChip> shown;
  std::size_t number = 0;
  for (KeptChip& chip : chips) {
    if (is_film(chip)) {
      // The k-th of so many that are shown is the last of its share of all: the last of all is the newest.
      ++number;
      if (seen > most && number * most / seen == (number - 1) * most / seen) continue;
    }
    shown.push_back(std::move(chip));
  }
  return shown;
}

std::vector<MapPicture> write_pictures(const std::string& state, const std::map<std::string, std::string>& due,
                                       const MapAlert& alert, const std::string& name, int film,
                                       const AtomicFolder& made,
                                       std::vector<std::pair<std::string, std::string>>& skipped) {
  std::vector<ReadChip> read = read_chips(state, due, alert, film, skipped);
  if (read.empty()) return {};
  std::vector<Chip> chips;
  for (ReadChip& one : read) chips.push_back(std::move(one.chip));
  const std::string folder = "chips/" + name;
  made.make_folder(folder);
  std::vector<MapPicture> pictures;
  for (std::size_t i = 0; i < chips.size(); ++i) {
    const Chip& chip = chips[i];
    pictures.push_back({std::string(pitwatch::name(chip.role)), read[i].name, chip.acquisition, chip.acquired,
                        folder + "/" + read[i].name, chip.grid.width, chip.grid.height, corners_of(chip.grid)});
  }
  for (const Composite composite : {Composite::true_colour, Composite::short_wave}) {
    const Stretch stretch = stretch_of(chips, composite);
    for (std::size_t i = 0; i < chips.size(); ++i) {
      const Picture picture = picture_of(chips[i], composite, stretch);
      const std::vector<std::uint8_t> png = png_of(picture.width, picture.height, picture.rgb);
      made.write(pictures[i].file + "-" + std::string(pitwatch::name(composite)) + ".png",
                 {reinterpret_cast<const char*>(png.data()), png.size()});
    }
  }
  return pictures;
}

std::string observations_of(const std::string& state, const MapAlert& alert,
                            std::vector<std::pair<std::string, std::string>>& skipped) {
  ordered_json rows = ordered_json::array();
  try {
    for (const ObservedAlert& row : read_observations(state, site_of(alert), alert.outlined.alert.id)) {
      const ObservedFeature& feature = row.features[ndvi];
      rows.push_back({{"acquired", format_instant(row.acquired)},
                      {"use", name(row.use)},
                      {"ndvi", value_json(feature.value)},
                      {"expected", value_json(feature.expected)},
                      {"sd", value_json(feature.sd)}});
    }
  } catch (const DataError& error) {
    skipped.emplace_back("observations of " + alert.outlined.alert.id, printable(error.what()));
    return "[]";
  }
  return rows.dump();
}

}  // namespace pitwatch
