#include "pipeline/io/scenes/kept_scenes.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/atomic_folder.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/files/write_refusal.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/sparse_raster.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/scenes/scene_mirror.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int format = 1;
constexpr const char* description = "scene.json";
constexpr std::uintmax_t most_description_bytes = std::uintmax_t{4} << 20;
constexpr std::string_view removed_mark = ".removed-";

/// Of the rasters beside a description.
struct KeptRaster {
  std::uintmax_t bytes = 0;
  std::string sha256;
};
using KeptRasters = std::map<Band, KeptRaster>;

std::string raster_name(Band band) { return std::string(name(band)) + ".tif"; }

std::string kept_name(const Scene& scene) {
  const std::string processed = scene.processed ? format_instant(*scene.processed) : "";
  std::string identity;
  for (const std::string& part : {scene.id, scene.tile, scene.processing_baseline, processed}) {
    identity += std::to_string(part.size()) + ":" + part;
  }
  return mirror_name(scene.id) + "-" + sha256_text(identity).substr(0, 16);
}

// ---- values as JSON: of what JSON cannot hold, texts and numbers come back, too ----------------------------------

bool is_utf8(const std::string& text) {
  try {
    return json(text).dump().size() > 0;
  } catch (const json::exception&) {
    return false;
  }
}

/// A text; where it is not UTF-8, as paths may be, {"hex": ...}.
json json_of(const std::string& text) {
  if (is_utf8(text)) return text;
  const std::vector<unsigned char> bytes(text.begin(), text.end());
  return {{"hex", hex_text(bytes.data(), bytes.size())}};
}

json json_of(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  return number;
}

json json_of(float number) { return json_of(std::isfinite(number) ? shortest_decimal(number) : double{number}); }
json json_of(int number) { return number; }
json json_of(std::uint16_t number) { return number; }
json json_of(Instant instant) { return format_instant(instant); }
json json_of(const DegreeBox& box) {
  return json::array({json_of(box.west), json_of(box.south), json_of(box.east), json_of(box.north)});
}
json json_of(const ViewAngles& angles) {
  return {{"zenith", json_of(angles.zenith)}, {"azimuth", json_of(angles.azimuth)}};
}

template <typename T>
json json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : json();
}

json json_of(const std::vector<std::string>& texts) {
  json list = json::array();
  for (const std::string& text : texts) list.push_back(json_of(text));
  return list;
}

[[noreturn]] void refuse(const std::string& what) { throw DataError("not a description of a scene: " + what); }

const json& member(const json& object, const char* key) {
  if (!object.is_object()) refuse("no object");
  const auto found = object.find(key);
  if (found == object.end()) refuse(std::string("no ") + key);
  return *found;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  refuse("a broken text");
}

void read(const json& value, std::string& text) {
  if (value.is_string()) {
    text = value.get<std::string>();
    return;
  }
  const json& hex = member(value, "hex");
  if (!hex.is_string() || hex.get_ref<const std::string&>().size() % 2 != 0) refuse("a broken text");
  const auto& digits = hex.get_ref<const std::string&>();
  text.clear();
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    text += static_cast<char>(digit_of(digits[i]) * 16 + digit_of(digits[i + 1]));
  }
}

void read(const json& value, double& number) {
  if (value == "nan") {
    number = std::numeric_limits<double>::quiet_NaN();
  } else if (value == "inf" || value == "-inf") {
    number = value == "inf" ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
  } else if (value.is_number()) {
    number = value.get<double>();
  } else {
    refuse("no number where one belongs");
  }
}

void read(const json& value, float& number) {
  double wide = 0;
  read(value, wide);
  if (std::isfinite(wide) && std::abs(wide) > double{std::numeric_limits<float>::max()}) refuse("too large a number");
  number = static_cast<float>(wide);
}

void read(const json& value, int& number) { number = whole_number<int>(value); }
void read(const json& value, std::uint16_t& number) { number = whole_number<std::uint16_t>(value); }

void read(const json& value, bool& truth) {
  if (!value.is_boolean()) refuse("neither true nor false where one belongs");
  truth = value.get<bool>();
}

void read(const json& value, Instant& instant) {
  std::string text;
  read(value, text);
  instant = parse_instant(text);
}

void read(const json& value, DegreeBox& box) {
  if (!value.is_array() || value.size() != 4) refuse("a box without four sides");
  read(value[0], box.west);
  read(value[1], box.south);
  read(value[2], box.east);
  read(value[3], box.north);
}

void read(const json& value, ViewAngles& angles) {
  read(member(value, "zenith"), angles.zenith);
  read(member(value, "azimuth"), angles.azimuth);
}

template <typename T>
void read(const json& value, std::optional<T>& optional) {
  optional.reset();
  if (!value.is_null()) read(value, optional.emplace());
}

void read(const json& value, std::vector<std::string>& texts) {
  if (!value.is_array()) refuse("no list where one belongs");
  texts.clear();
  for (const json& text : value) read(text, texts.emplace_back());
}

// ---- the description ---------------------------------------------------------------------------------------------

json json_of(const Calibration& calibration) {
  return {{"scale", json_of(calibration.scale)},
          {"offset", json_of(calibration.offset)},
          {"nodata", json_of(calibration.nodata)},
          {"saturated", json_of(calibration.saturated)}};
}

void read(const json& value, Calibration& calibration) {
  read(member(value, "scale"), calibration.scale);
  read(member(value, "offset"), calibration.offset);
  read(member(value, "nodata"), calibration.nodata);
  read(member(value, "saturated"), calibration.saturated);
}

/// Calls `visit(key, member)` for each member of a scene but its bands and offsets: the one list of them, for writing
/// and for reading.
template <typename SceneType, typename Visit>
void visit_members(SceneType& scene, const Visit& visit) {
  visit("id", scene.id);
  visit("source", scene.source);
  visit("acquired", scene.acquired);
  visit("platform", scene.platform);
  visit("level", scene.level);
  visit("processing_baseline", scene.processing_baseline);
  visit("tile", scene.tile);
  visit("processed", scene.processed);
  visit("bbox", scene.bbox);
  visit("cloud_cover", scene.cloud_cover);
  visit("nodata", scene.nodata);
  visit("datatake", scene.datatake);
  visit("datastrip_start", scene.datastrip_start);
  visit("sun", scene.sun);
  visit("view", scene.view);
  visit("relative_orbit", scene.relative_orbit);
  visit("absolute_orbit", scene.absolute_orbit);
  visit("quality_flags", scene.quality_flags);
}

/// `originals`: where the pixels came from, for people; it is not read again.
std::string description_of(const Scene& scene, const KeptRasters& rasters, const std::map<Band, BandAsset>& originals) {
  json kept;
  visit_members(scene, [&](const char* key, const auto& value) { kept[key] = json_of(value); });
  kept["offsets"] = {{"rule", json_of(scene.offsets.rule)},
                     {"contradictions", json_of(scene.offsets.contradictions)},
                     {"is_declared", scene.offsets.is_declared}};
  if (!scene.assumptions.empty()) kept["assumptions"] = json_of(scene.assumptions);
  kept["bands"] = json::object();
  for (const auto& [band, raster] : rasters) {
    json entry = json_of(scene.bands.at(band).calibration);
    entry["original"] = json_of(redacted(originals.at(band).path));
    entry["bytes"] = raster.bytes;
    entry["sha256"] = raster.sha256;
    kept["bands"][std::string(name(band))] = std::move(entry);
  }
  const json whole{{"format", format}, {"sha256", sha256_text(kept.dump())}, {"scene", std::move(kept)}};
  return whole.dump(2) + "\n";
}

struct Description {
  Scene scene;
  KeptRasters rasters;
};

KeptRaster raster_from(const json& entry) {
  KeptRaster raster;
  raster.bytes = whole_number<std::uintmax_t>(member(entry, "bytes"));
  read(member(entry, "sha256"), raster.sha256);
  return raster;
}

/// Of the text in a scene's folder. Throws DataError.
Description parse_description(std::string_view text, const fs::path& folder) {
  const json whole = parse_json(text);
  const json& number = member(whole, "format");
  if (number != format) throw DataError("of format " + number.dump() + ", which this version does not read");
  const json& kept = member(whole, "scene");
  if (member(whole, "sha256") != sha256_text(kept.dump())) throw DataError("does not say what was written");
  Description result;
  Scene& scene = result.scene;
  visit_members(scene, [&](const char* key, auto& value) { read(member(kept, key), value); });
  const json& offsets = member(kept, "offsets");
  read(member(offsets, "rule"), scene.offsets.rule);
  read(member(offsets, "contradictions"), scene.offsets.contradictions);
  read(member(offsets, "is_declared"), scene.offsets.is_declared);
  if (kept.contains("assumptions")) read(member(kept, "assumptions"), scene.assumptions);
  const json& bands = member(kept, "bands");
  if (!bands.is_object() || bands.empty()) refuse("no bands");
  for (const auto& [key, entry] : bands.items()) {
    const std::optional<Band> band = band_from_name(key);
    if (!band || name(*band) != key) refuse("a band of another name");
    BandAsset& asset = scene.bands[*band];
    read(entry, asset.calibration);
    asset.path = (folder / raster_name(*band)).string();  // whatever stands in the text, no other file
    result.rasters[*band] = raster_from(entry);
  }
  return result;
}

// ---- what is there -----------------------------------------------------------------------------------------------

/// The size of a plain file. Throws DataError for anything else.
std::uintmax_t plain_file_bytes(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(file, error);
  const std::string shown = file.filename().string();
  if (status.type() == fs::file_type::not_found) throw DataError(shown + " is missing");
  if (error || !fs::is_regular_file(status)) throw DataError(shown + " is no plain file");
  const std::uintmax_t bytes = fs::file_size(file, error);
  if (error) throw DataError(shown + ": cannot read: " + error.message());
  return bytes;
}

std::string description_text(const fs::path& file) {
  static_cast<void>(plain_file_bytes(file));  // whether it is one
  std::optional<std::string> text;
  try {
    text = read_regular_file(file.string(), most_description_bytes);
  } catch (const DataError& error) {
    throw DataError(std::string(description) + ": " + error.what());
  }
  if (!text) throw DataError(std::string(description) + " is missing");
  return std::move(*text);
}

/// Throws DataError, without the folder, for a scene that is damaged.
Scene kept_scene(const fs::path& folder, KeptCheck check) {
  const std::string text = description_text(folder / description);
  Description found = [&] {
    try {
      return parse_description(text, folder);
    } catch (const DataError& error) {
      throw DataError(std::string(description) + ": " + error.what());
    }
  }();
  if (kept_name(found.scene) != folder.filename()) throw DataError("the folder is named for another scene");
  for (const auto& [band, raster] : found.rasters) {
    const fs::path file = folder / raster_name(band);
    if (plain_file_bytes(file) != raster.bytes) throw DataError(raster_name(band) + " is of another size");
    if (check == KeptCheck::contents && sha256_file(file.string()) != raster.sha256) {
      throw DataError(raster_name(band) + " is of another content");
    }
  }
  return std::move(found.scene);
}

/// Makes a folder, with those it lies in, so that their names outlast a loss of power.
void make_folders(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return;
  make_folders(folder.parent_path());
  fs::create_directory(folder, error);
  if (error) expect_may_write(folder.string(), error.value());
  if (error) throw IoError(folder.string() + ": cannot create: " + error.message());
  make_name_durable(folder.string());
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    entries.push_back(it->path());
  }
  if (error == std::errc::no_such_file_or_directory) return {};
  if (error) throw DataError(folder.string() + ": cannot list: " + error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace

Scene keep_scene(const Scene& scene, std::span<const Grid> ground, std::span<const Band> bands,
                 const std::string& folder) {
  ensure_gdal();
  const fs::path target = fs::path(folder) / kept_name(scene);
  make_folders(folder);
  remove_folder_leftovers(folder);
  Scene kept = scene;
  kept.bands.clear();
  KeptRasters rasters;
  AtomicFolder parts(target.string());
  std::string at;  // the band
  try {
    for (const Band band : bands) {
      if (!scene.has(band) || kept.has(band)) continue;
      at = name(band);
      const BandAsset& original = scene.bands.at(band);
      const std::string path = parts / raster_name(band);
      const BandFile file(original.path, original.layer);
      // Of classes and percentages, too, nothing is known for certain but that BandFile reads them as numbers.
      // That a part of an acquisition shows none of the ground is to be known later, too.
      copy_ground(file, ground, SparsePixels::numbers, original.calibration.nodata.value_or(0), path);
      rasters[band] = {fs::file_size(path), sha256_file(path)};
      kept.bands[band] = {(target / raster_name(band)).string(), original.calibration, {}};
    }
    at.clear();
    if (rasters.empty()) throw DataError("has none of the bands that are to be kept");
    const std::string text = description_of(kept, rasters, scene.bands);
    const Description again = parse_description(text, target);
    if (text.size() > most_description_bytes || description_of(again.scene, again.rasters, scene.bands) != text) {
      throw DataError("cannot be described so that it reads the same again");
    }
    parts.write(description, text);
  } catch (const DataError& error) {
    throw DataError(redacted(scene.source) + ": " + (at.empty() ? "" : at + ": ") + redacted(error.what()));
  } catch (const IoError& error) {
    throw at.empty() ? error : IoError((target / (at + ".tif")).string() + ": " + error.what());
  }
  parts.commit();
  return kept;
}

std::vector<Scene> kept_scenes(const std::string& folder, std::vector<RejectedItem>& damaged, KeptCheck check) {
  std::vector<Scene> scenes;
  for (const fs::path& entry : entries_of(folder)) {
    // A hidden folder is one that is being written, or was when the process was killed.
    std::error_code ignored;
    if (entry.filename().string().starts_with('.') || !fs::is_directory(entry, ignored)) continue;
    try {
      scenes.push_back(kept_scene(entry, check));
    } catch (const DataError& error) {
      damaged.push_back({entry.string(), error.what()});
    }
  }
  const auto order = [](const Scene& a) {
    return std::tie(a.acquired, a.tile, a.id, a.processed, a.processing_baseline);
  };
  std::sort(scenes.begin(), scenes.end(), [&](const Scene& a, const Scene& b) { return order(a) < order(b); });
  return scenes;
}

void remove_kept_scenes(const std::string& folder) {
  const auto fail = [&](const std::string& why) { throw IoError(folder + ": cannot remove: " + why); };
  const fs::path lexical = fs::path(folder).lexically_normal();
  const fs::path path = lexical.has_filename() ? lexical : lexical.parent_path();
  std::error_code error;
  const fs::file_type type = fs::symlink_status(path, error).type();
  if (type == fs::file_type::none) fail(error.message());
  const bool is_there = type != fs::file_type::not_found;
  if (is_there && type != fs::file_type::directory) fail("not a folder");
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string prefix = "." + path.filename().string() + std::string(removed_mark);
  if (is_there) {
    const fs::path removed = parent / (prefix + std::to_string(::getpid()));
    fs::remove_all(removed, error);  // where it remains, the next step fails
    if (std::rename(path.c_str(), removed.c_str()) != 0) fail(std::strerror(errno));
    // Of a folder that comes back after a loss of power nothing may be missing.
    make_name_durable(path.string());
  }
  for (const fs::path& entry : entries_of(parent)) {
    if (!entry.filename().string().starts_with(prefix)) continue;
    fs::remove_all(entry, error);
    if (error) fail(error.message());
  }
}

}  // namespace pitwatch
