#include "pipeline/io/products/maja_product.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/xml_tree.hpp"
#include "pipeline/io/products/esa_names.hpp"
#include "pipeline/io/products/product_files.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr double usual_quantification = 10000;
constexpr double usual_nodata = -10000;

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// Milliseconds of "074458-000", after midnight.
std::optional<std::chrono::milliseconds> time_of(std::string_view text) {
  if (text.size() != 10 || text[6] != '-') return std::nullopt;
  std::array<int, 4> parts{};
  const std::array<std::pair<std::size_t, std::size_t>, 4> places{{{0, 2}, {2, 2}, {4, 2}, {7, 3}}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string_view part = text.substr(places[i].first, places[i].second);
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), parts[i]);
    if (error != std::errc() || end != part.data() + part.size() || parts[i] < 0) return std::nullopt;
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  return std::chrono::hours(parts[0]) + std::chrono::minutes(parts[1]) + std::chrono::seconds(parts[2]) +
         std::chrono::milliseconds(parts[3]);
}

/// Nothing for an angle that is none.
std::optional<ViewAngles> sun_of(const XmlElement& root) {
  const XmlElement* const sun = root.find("Sun_Angles");
  if (sun == nullptr) return std::nullopt;
  const auto zenith = number_of(sun->text_of("ZENITH_ANGLE"));
  const auto azimuth = number_of(sun->text_of("AZIMUTH_ANGLE"));
  if (!zenith || !azimuth || *zenith < 0 || *zenith > 180 || *azimuth < 0 || *azimuth > 360) return std::nullopt;
  return ViewAngles{*zenith, *azimuth};
}

/// The product's files: of the folder or archive of its name.
struct Product {
  MajaName name;
  ProductFiles files;
};

/// The folder or archive that holds a reference.
fs::path root_of(const std::string& reference) {
  fs::path path(reference);
  if (!path.has_filename()) path = path.parent_path();
  std::error_code none;
  const bool is_archive = lower_ascii(path.extension().string()) == ".zip";
  if (fs::is_directory(path, none) || is_archive) return path;
  const fs::path parent = path.parent_path();
  return parent.filename() == "MASKS" ? parent.parent_path() : parent;
}

std::optional<MajaName> name_at(const fs::path& root) {
  // "." and links have names of their own: what the files are called counts then.
  std::error_code error;
  if (const auto name = maja_name(root.filename().string())) return name;
  if (!fs::is_directory(root, error)) return std::nullopt;
  for (fs::directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const auto found = maja_name(name);
    std::error_code none;
    if (found && name.starts_with(found->product + "_") && name.ends_with(".tif") && entry->is_regular_file(none)) {
      return found;
    }
  }
  return std::nullopt;
}

Product product_at(const std::string& reference) {
  const fs::path root = root_of(reference);
  std::optional<MajaName> name = name_at(root);
  if (!name) throw DataError("no product of MAJA by its name");
  std::error_code none;
  if (fs::is_directory(root, none)) return {*std::move(name), ProductFiles::of_folder(root.string())};
  const ProductFiles archive = ProductFiles::of_zip(root.string());
  return {*name, archive.below(name->product)};
}

/// Empty where there is none.
std::string file_of(const Product& product, const std::string& ending) {
  for (const std::string& folder : {std::string(), std::string("MASKS/")}) {
    const std::string file = folder + product.name.product + ending;
    if (product.files.has(file)) return file;
  }
  return {};
}

void add_bands(const Product& product, const MajaFacts& facts, Scene& scene) {
  for (const char* const kind : {"_FRE_", "_SRE_"}) {
    for (const BandInfo& band : band_infos) {
      if (!is_reflectance(band.band)) continue;
      std::string short_name(band.name);  // B4, B8A, B11
      if (short_name[1] == '0') short_name.erase(1, 1);
      const std::string file = file_of(product, kind + short_name + ".tif");
      if (file.empty()) continue;
      BandAsset& asset = scene.bands[band.band];
      asset.path = product.files.gdal_path(file);
      asset.calibration = reflectance_calibration;
      asset.layer.coding = PixelCoding::reflectance;
      asset.layer.scale = 1 / facts.quantification.value_or(usual_quantification);
      asset.layer.nodata = facts.nodata.value_or(usual_nodata);
    }
    scene.offsets.rule = std::string("MAJA ") + std::string(kind).substr(1, 3);
    if (!scene.bands.empty()) return;  // one kind of reflectance in all bands
  }
  throw DataError("no band (_FRE_B4.tif, _SRE_B4.tif) in it");
}

void add_classes(const Product& product, Scene& scene) {
  for (const char* const grid : {"_R1.tif", "_R2.tif"}) {
    const std::string clouds = file_of(product, std::string("_CLM") + grid);
    if (clouds.empty()) continue;
    BandAsset& asset = scene.bands[Band::SCL];
    asset.path = product.files.gdal_path(clouds);
    asset.calibration = {1, 0, std::nullopt, std::nullopt};
    asset.layer.coding = PixelCoding::maja;
    const std::string others = file_of(product, std::string("_MG2") + grid);
    if (!others.empty()) asset.layer.beside = product.files.gdal_path(others);
    return;
  }
}

ProductScene scene_of(const std::string& reference) {
  const Product product = product_at(reference);
  const std::string metadata = file_of(product, "_MTD_ALL.xml");
  MajaFacts facts;
  ProductScene read;
  Scene& scene = read.scene;
  std::string record = product.name.product + "\n";
  if (!metadata.empty()) {
    const std::string xml = product.files.read(metadata);
    record += sha256_text(xml) + "\n";
    try {
      facts = parse_maja_metadata(xml);
    } catch (const DataError& error) {
      throw DataError(metadata + ": " + error.what());
    }
  }
  if (!facts.quantification || !facts.nodata) {
    scene.assumptions.emplace_back(
        "no " + product.name.product +
        "_MTD_ALL.xml that tells it: 10000 is taken for a reflectance of 1, -10000 for no data");
  }
  if (facts.acquired && format_day(*facts.acquired) != format_day(product.name.acquired)) {
    throw DataError(metadata + ": acquired " + format_day(*facts.acquired) + ", by its name " +
                    format_day(product.name.acquired));
  }
  scene.id = product.name.product;
  scene.source = reference;
  scene.acquired = facts.acquired.value_or(product.name.acquired);
  scene.platform = product.name.platform;
  scene.level = "L2A";
  scene.tile = product.name.tile;
  scene.sun = facts.sun;
  scene.relative_orbit = facts.relative_orbit;
  scene.cloud_cover = facts.cloud_cover;
  add_bands(product, facts, scene);
  add_classes(product, scene);
  for (const auto& [band, asset] : scene.bands) record += fs::path(asset.path).filename().string() + "\n";
  read.fingerprint = sha256_text(record);
  return read;
}

}  // namespace

std::optional<MajaName> maja_name(std::string_view name) {
  // SENTINEL2A _ 20210610-074458-000 _ L2A _ T38TPK _ C _ V2-2
  std::vector<std::string_view> parts;
  std::vector<std::size_t> ends;
  for (std::size_t start = 0; start <= name.size() && parts.size() < 6;) {
    const std::size_t end = std::min(name.find('_', start), name.size());
    parts.push_back(name.substr(start, end - start));
    ends.push_back(end);
    start = end + 1;
  }
  if (parts.size() < 6 || parts[0].size() != 10 || !parts[0].starts_with("SENTINEL2") || parts[2] != "L2A") return {};
  const char craft = parts[0][9];
  if (craft < 'A' || craft > 'D' || !is_tile_name(parts[3]) || parts[4].size() != 1) return {};
  // The version is followed by an ending, or by what a file of the product is.
  const std::size_t version_end = std::min(parts[5].find('.'), parts[5].size());
  const std::string_view version = parts[5].substr(0, version_end);
  if (version.size() < 2 || version.size() > 8 || version[0] != 'V') return {};
  constexpr std::size_t day_length = 8;
  if (parts[1].size() != 19 || parts[1][day_length] != '-') return {};
  MajaName found;
  try {
    found.acquired = parse_instant(parts[1].substr(0, day_length));
  } catch (const DataError&) {
    return {};
  }
  const auto time = time_of(parts[1].substr(day_length + 1));
  if (!time) return {};
  found.acquired += *time;
  found.product = name.substr(0, ends[4] + 1 + version.size());
  found.platform = std::string("sentinel-2") + static_cast<char>(craft - 'A' + 'a');
  found.tile = parts[3];
  return found;
}

MajaFacts parse_maja_metadata(std::string_view xml) {
  const XmlElement root = parse_xml(xml);
  if (root.name != "Muscate_Metadata_Document") {
    throw DataError("'" + root.name + "' is not the root of MAJA's metadata");
  }
  MajaFacts facts;
  if (const std::string text = root.text_of("REFLECTANCE_QUANTIFICATION_VALUE"); !text.empty()) {
    facts.quantification = number_of(text);
    if (!facts.quantification || *facts.quantification < 1 || *facts.quantification > 1e6) {
      throw DataError("REFLECTANCE_QUANTIFICATION_VALUE is not 1 to 1e6: '" + text.substr(0, 40) + "'");
    }
  }
  for (const XmlElement* special : root.find_all("SPECIAL_VALUE")) {
    if (special->attribute("name") == "nodata") facts.nodata = number_of(special->text);
  }
  try {
    const std::string acquired = root.text_of("ACQUISITION_DATE");
    if (!acquired.empty()) facts.acquired = parse_instant(acquired);
  } catch (const DataError&) {  // the name tells it
    facts.acquired.reset();
  }
  facts.sun = sun_of(root);
  const auto orbit = number_of(root.text_of("ORBIT_NUMBER"));
  if (orbit && *orbit >= 1 && *orbit <= 143 && *orbit == std::floor(*orbit)) {
    facts.relative_orbit = static_cast<int>(*orbit);
  }
  for (const XmlElement* index : root.find_all("QUALITY_INDEX")) {
    if (index->attribute("name") != "CloudPercent") continue;
    const auto percent = number_of(index->text);
    if (percent && *percent >= 0 && *percent <= 100) facts.cloud_cover = *percent;
  }
  return facts;
}

bool is_maja_product(const std::string& reference) {
  std::error_code error;
  if (!fs::exists(reference, error)) return false;
  const fs::path root = root_of(reference);
  const bool is_file = fs::is_regular_file(reference, error) && root != fs::path(reference);
  if (is_file && !maja_name(fs::path(reference).filename().string())) return false;
  return name_at(root).has_value();
}

ProductScene read_maja_product(const std::string& reference) {
  try {
    return scene_of(reference);
  } catch (const DataError& error) {
    throw DataError(reference + ": " + error.what());
  } catch (const fs::filesystem_error& error) {
    throw DataError(reference + ": " + error.code().message());
  }
}

}  // namespace pitwatch
