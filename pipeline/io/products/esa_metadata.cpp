#include "pipeline/io/products/esa_metadata.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/xml_tree.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/products/esa_names.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t most_granules = 10'000;

/// Nothing for a text that is not a finite number.
std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> number_at(const XmlElement& element, std::string_view name) {
  return number_of(element.text_of(name));
}

std::optional<double> percentage_at(const XmlElement& element, std::string_view name) {
  const auto value = number_at(element, name);
  return value && *value >= 0 && *value <= 100 ? value : std::nullopt;
}

std::optional<Instant> instant_at(const XmlElement& element, std::string_view name) {
  try {
    const std::string text = element.text_of(name);
    return text.empty() ? std::nullopt : std::optional(parse_instant(text));
  } catch (const DataError&) {
    return std::nullopt;
  }
}

/// Only what a 16-bit pixel can hold can mark one.
std::optional<std::uint16_t> pixel_at(const XmlElement& element, std::string_view name) {
  const auto value = number_at(element, name);
  if (!value || *value < 0 || *value > 65535 || *value != std::floor(*value)) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

std::string level_of_root(const XmlElement& root, std::string_view kind) {
  for (const std::string level : {"1C", "2A"}) {
    if (root.name == "Level-" + level + std::string(kind)) return "L" + level;
  }
  throw DataError("'" + root.name + "' is not the root of a Sentinel-2 Level-1C or Level-2A " +
                  (kind == "_Tile_ID" ? "tile" : "product"));
}

/// bandId and band_id count the bands in the order of `Band`.
std::optional<Band> band_of_id(const XmlElement& element) {
  std::string id = element.attribute("band_id");
  if (id.empty()) id = element.attribute("bandId");
  const auto number = number_of(id);
  if (!number || *number < 0 || *number > 12 || *number != std::floor(*number)) return std::nullopt;
  return static_cast<Band>(static_cast<int>(*number));
}

StatedCalibration calibration_of(const XmlElement& root, const std::string& level) {
  StatedCalibration stated;
  stated.offset_name = level == "L1C" ? "RADIO_ADD_OFFSET" : "BOA_ADD_OFFSET";
  for (const char* name : {"BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE", "QUANTIFICATION_VALUE"}) {
    const std::string text = root.text_of(name);
    if (text.empty()) continue;
    const auto value = number_of(text);
    if (!value || *value < 1 || *value > 1e6) throw DataError(std::string(name) + " is not 1 to 1e6: '" + text + "'");
    stated.quantification = *value;
    break;
  }
  for (const XmlElement* entry : root.find_all(stated.offset_name)) {
    const auto band = band_of_id(*entry);
    const auto offset = number_of(entry->text);
    if (!band || !offset || std::abs(*offset) > 65535) throw DataError(stated.offset_name + " is broken");
    stated.offsets[*band] = *offset;
  }
  for (const XmlElement* special : root.find_all("Special_Values")) {
    const std::string kind = special->text_of("SPECIAL_VALUE_TEXT");
    const auto value = pixel_at(*special, "SPECIAL_VALUE_INDEX");
    if (value && kind == "NODATA") stated.nodata = *value;
    if (value && kind == "SATURATED") stated.saturated = *value;
  }
  return stated;
}

std::vector<ListedGranule> granules_of(const XmlElement& root) {
  std::vector<ListedGranule> granules;
  for (const char* name : {"Granule", "Granules"}) {
    for (const XmlElement* entry : root.find_all(name)) {
      if (granules.size() == most_granules) throw DataError("lists more than 10 000 granules");
      const bool is_tiff = entry->attribute("imageFormat") == "GeoTIFF";
      ListedGranule granule{entry->attribute("granuleIdentifier"), {}, is_tiff ? ".tif" : ".jp2"};
      for (const XmlElement& image : entry->children) {
        if (image.name.starts_with("IMAGE_FILE") || image.name.starts_with("IMAGE_ID")) {
          granule.images.push_back(image.text);
        }
      }
      granules.push_back(std::move(granule));
    }
  }
  return granules;
}

/// EXT_POS_LIST: "latitude longitude latitude longitude ...".
std::optional<DegreeBox> footprint_of(const XmlElement& root) {
  std::vector<std::pair<double, double>> places;
  for (const XmlElement* list : root.find_all("EXT_POS_LIST")) {
    std::vector<double> numbers;
    const std::string_view text = list->text;
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t end = std::min(text.find_first_of(" \t\r\n", start), text.size());
      if (end > start) {
        const auto number = number_of(text.substr(start, end - start));
        if (!number) return std::nullopt;
        numbers.push_back(*number);
      }
      start = end + 1;
    }
    for (std::size_t i = 0; i + 1 < numbers.size(); i += 2) places.emplace_back(numbers[i + 1], numbers[i]);
  }
  return box_of(places);
}

std::vector<std::string> failed_checks_of(const XmlElement& root) {
  std::vector<std::string> failed;
  for (const XmlElement* inspections : root.find_all("Quality_Inspections")) {
    for (const XmlElement& check : inspections->children) {
      if (check.text != "FAILED") continue;
      std::string name = check.attribute("checkType");
      if (name.empty()) name = check.name.substr(0, check.name.rfind("_FLAG"));
      failed.push_back(name + " check failed");
    }
  }
  return failed;
}

std::optional<ViewAngles> angles_of(const XmlElement& element) {
  const auto zenith = number_at(element, "ZENITH_ANGLE");
  const auto azimuth = number_at(element, "AZIMUTH_ANGLE");
  if (!zenith || !azimuth || *zenith < 0 || *zenith > 180 || *azimuth < -360 || *azimuth > 360) return std::nullopt;
  return ViewAngles{*zenith, *azimuth};
}

/// Azimuths are averaged as directions, by themselves: below the satellite they differ by half a circle between bands,
/// and around north some products give means of 1 and 359 degrees as 180.
std::optional<ViewAngles> mean_of(const std::vector<ViewAngles>& views) {
  if (views.empty()) return std::nullopt;
  constexpr double radians = std::numbers::pi / 180;
  double zenith = 0;
  double east = 0;
  double north = 0;
  for (const ViewAngles& view : views) {
    zenith += view.zenith / static_cast<double>(views.size());
    east += std::sin(view.azimuth * radians);
    north += std::cos(view.azimuth * radians);
  }
  const double azimuth = std::atan2(east, north) / radians;
  return ViewAngles{zenith, azimuth < 0 ? azimuth + 360 : azimuth};
}

std::optional<ViewAngles> view_of(const XmlElement& root) {
  std::vector<ViewAngles> views;
  for (const XmlElement* entry : root.find_all("Mean_Viewing_Incidence_Angle")) {
    const auto band = band_of_id(*entry);
    const auto angles = angles_of(*entry);
    if (band && angles && info(*band).pixel_size_m == 10) views.push_back(*angles);
  }
  return mean_of(views);
}

std::optional<std::array<MapPoint, 2>> corners_of(const XmlElement& root) {
  for (const XmlElement* place : root.find_all("Geoposition")) {
    for (const XmlElement* size : root.find_all("Size")) {
      if (size->attribute("resolution") != place->attribute("resolution")) continue;
      const auto left = number_at(*place, "ULX");
      const auto top = number_at(*place, "ULY");
      const auto step = number_at(*place, "XDIM");
      const auto rows = number_at(*size, "NROWS");
      const auto columns = number_at(*size, "NCOLS");
      if (left && top && step && rows && columns && *step > 0 && *rows > 0 && *columns > 0) {
        return std::array{MapPoint{*left, *top}, MapPoint{*left + *step * *columns, *top - *step * *rows}};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

ProductFacts parse_product_metadata(std::string_view xml) {
  const XmlElement root = parse_xml(xml);
  ProductFacts facts;
  facts.level = level_of_root(root, "_User_Product");
  facts.uri = root.text_of("PRODUCT_URI");
  if (facts.level == "L2A" && facts.uri.empty()) facts.uri = root.text_of("PRODUCT_URI_2A");
  auto start = instant_at(root, "PRODUCT_START_TIME");
  if (!start) start = instant_at(root, "DATATAKE_SENSING_START");
  if (!start) throw DataError("has no PRODUCT_START_TIME");
  facts.start = *start;
  facts.generated = instant_at(root, "GENERATION_TIME");
  if (const std::string text = root.text_of("PROCESSING_BASELINE"); !text.empty()) {
    facts.baseline = baseline_of_text(text);
    if (facts.baseline.empty()) {
      throw DataError("PROCESSING_BASELINE is no processing baseline: '" + abridged(printable(text), 80) + "'");
    }
  }
  facts.platform = root.text_of("SPACECRAFT_NAME");
  std::transform(facts.platform.begin(), facts.platform.end(), facts.platform.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (!facts.platform.empty() && !facts.platform.starts_with("sentinel-2")) {
    throw DataError("not Sentinel-2, the spacecraft is '" + facts.platform + "'");
  }
  if (const XmlElement* datatake = root.find("Datatake")) facts.datatake = datatake->attribute("datatakeIdentifier");
  if (const auto orbit = number_at(root, "SENSING_ORBIT_NUMBER"); orbit && *orbit >= 1 && *orbit <= 143) {
    facts.relative_orbit = static_cast<int>(*orbit);
  }
  facts.calibration = calibration_of(root, facts.level);
  facts.granules = granules_of(root);
  facts.footprint = footprint_of(root);
  facts.cloud_cover = percentage_at(root, "Cloud_Coverage_Assessment");
  facts.nodata = percentage_at(root, "NODATA_PIXEL_PERCENTAGE");
  facts.degraded = percentage_at(root, "DEGRADED_MSI_DATA_PERCENTAGE");
  facts.failed_checks = failed_checks_of(root);
  return facts;
}

TileFacts parse_tile_metadata(std::string_view xml) {
  const XmlElement root = parse_xml(xml);
  TileFacts facts;
  facts.level = level_of_root(root, "_Tile_ID");
  facts.id = root.text_of("TILE_ID");
  if (facts.id.empty()) facts.id = root.text_of("TILE_ID_2A");
  if (facts.id.empty()) throw DataError("has no TILE_ID");
  facts.datastrip = root.text_of("DATASTRIP_ID");
  const auto sensed = instant_at(root, "SENSING_TIME");
  if (!sensed) throw DataError("has no SENSING_TIME");
  facts.sensed = *sensed;
  facts.crs = root.text_of("HORIZONTAL_CS_CODE");
  facts.corners = corners_of(root);
  if (const XmlElement* sun = root.find("Mean_Sun_Angle")) facts.sun = angles_of(*sun);
  facts.view = view_of(root);
  facts.cloud_cover = percentage_at(root, "CLOUDY_PIXEL_PERCENTAGE");
  facts.nodata = percentage_at(root, "NODATA_PIXEL_PERCENTAGE");
  facts.degraded = percentage_at(root, "DEGRADED_MSI_DATA_PERCENTAGE");
  return facts;
}

void describe_by_tile(Scene& scene, const TileFacts& tile) {
  scene.level = tile.level;
  scene.tile = tile_of_name(tile.id);
  scene.datastrip_start = datastrip_start_of_name(tile.datastrip);
  scene.sun = tile.sun;
  scene.view = tile.view;
  if (tile.cloud_cover) scene.cloud_cover = tile.cloud_cover;
  if (tile.nodata) scene.nodata = tile.nodata;
  if (scene.acquired == Instant{}) scene.acquired = tile.sensed;
  if (!scene.processed) scene.processed = instant_in_name(tile.id);
  if (scene.platform.empty()) scene.platform = platform_of_name(tile.id);
  if (!scene.absolute_orbit) scene.absolute_orbit = absolute_orbit_of_name(tile.id);
  if (!scene.bbox && tile.corners) {
    const auto& [upper_left, lower_right] = *tile.corners;
    scene.bbox =
        box_of(tile.crs, {upper_left, {lower_right.x, upper_left.y}, lower_right, {upper_left.x, lower_right.y}});
  }
  add_degraded_share(scene, tile.degraded);
}

void add_flags(Scene& scene, const std::vector<std::string>& flags) {
  for (const std::string& flag : flags) {
    if (std::find(scene.quality_flags.begin(), scene.quality_flags.end(), flag) == scene.quality_flags.end()) {
      scene.quality_flags.push_back(flag);
    }
  }
}

void add_degraded_share(Scene& scene, std::optional<double> percent) {
  if (!percent || *percent == 0) return;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", *percent);
  add_flags(scene, {std::string("degraded MSI data ") + text.data() + " %"});
}

std::vector<std::string> parse_quality_flags(std::string_view xml) {
  const XmlElement root = parse_xml(xml);
  std::vector<std::string> flags;
  for (const XmlElement* refining : root.find_all("Image_Refining")) {
    if (refining->attribute("flag") == "NOT_REFINED") flags.emplace_back("geometry not refined");
  }
  for (const XmlElement* check : root.find_all("check")) {
    const XmlElement* const inspection = check->find("inspection");
    if (inspection == nullptr) continue;
    const std::string id = inspection->attribute("id");
    if (inspection->attribute("status") == "FAILED") flags.push_back(id + " check failed");
    // The check passes where it finds that nothing was refined: only its message tells.
    if (id == "Geometric_Refining_Image_Refining" &&
        check->text_of("message").find("not been refined") != std::string::npos) {
      flags.emplace_back("geometry not refined");
    }
  }
  return flags;
}

std::optional<DegreeBox> box_of(const std::vector<std::pair<double, double>>& lon_lat) {
  if (lon_lat.empty()) return std::nullopt;
  double west = 360;
  double east = -360;
  double south = 90;
  double north = -90;
  const double first = lon_lat.front().first;
  for (const auto& [lon, lat] : lon_lat) {
    if (!(std::abs(lon) <= 180) || !(std::abs(lat) <= 90)) return std::nullopt;
    const double beside = first + std::remainder(lon - first, 360);  // on the first one's side of the antimeridian
    west = std::min(west, beside);
    east = std::max(east, beside);
    south = std::min(south, lat);
    north = std::max(north, lat);
  }
  const auto on_the_globe = [](double lon) { return lon < -180 ? lon + 360 : lon > 180 ? lon - 360 : lon; };
  return DegreeBox{on_the_globe(west), south, on_the_globe(east), north};
}

std::optional<DegreeBox> box_of(const std::string& crs, const std::vector<MapPoint>& points) {
  if (points.empty() || !crs.starts_with("EPSG:32")) return std::nullopt;
  try {
    std::vector<std::pair<double, double>> places;
    for (const LonLat& place : ToWgs84(crs)(points)) places.emplace_back(place.lon, place.lat);
    return box_of(places);
  } catch (const DataError&) {
    return std::nullopt;
  }
}

}  // namespace pitwatch
