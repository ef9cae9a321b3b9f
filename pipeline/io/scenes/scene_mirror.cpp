#include "pipeline/io/scenes/scene_mirror.hpp"

#include <cpl_vsi.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/atomic_folder.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/memory_file.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/sparse_raster.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::int64_t largest_checked_bytes = 1 << 20;

// ---- checksums -------------------------------------------------------------------------------------------------

/// Whether the bytes have a checksum (https://multiformats.io/multihash, hexadecimal); nothing where it is of a kind
/// that is not known here.
std::optional<bool> has_checksum(const std::string& bytes, const std::string& multihash) {
  struct Kind {
    const char* prefix;  // code and length
    const EVP_MD* digest;
  };
  const std::array<Kind, 6> kinds{{{"1114", EVP_sha1()},
                                   {"1220", EVP_sha256()},
                                   {"1340", EVP_sha512()},
                                   {"1440", EVP_sha3_512()},
                                   {"1620", EVP_sha3_256()},
                                   {"d50110", EVP_md5()}}};
  for (const Kind& kind : kinds) {
    if (!multihash.starts_with(kind.prefix)) continue;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, kind.digest, nullptr) != 1) return std::nullopt;
    return multihash == kind.prefix + hex_text(digest.data(), length);
  }
  return std::nullopt;
}

// ---- the original's item ---------------------------------------------------------------------------------------

json parse_item(const std::string& text) {
  // It was parsed before, with a bound on its depth.
  json item = json::parse(text, nullptr, false);
  if (!item.is_object()) throw DataError("not a STAC item");
  return item;
}

/// The asset that a path of the scene comes from; null where none is known.
json asset_of(const json& item, const std::string& source, const std::string& path) {
  const auto assets = item.find("assets");
  if (assets == item.end() || !assets->is_object()) return {};
  for (const json& asset : *assets) {
    if (!asset.is_object() || !asset.contains("href") || !asset["href"].is_string()) continue;
    const auto href = asset["href"].get<std::string>();
    try {
      const std::string resolved =
          is_url(source) ? resolve_url(source, href) : (fs::path(source).parent_path() / href).string();
      if (href == path || resolved == path) return asset;
    } catch (const DataError&) {  // the reader passed it over, too
    }
  }
  return {};
}

/// The bytes of a small file, whole; nothing where there is no checksum to hold them against, or it is larger.
std::optional<std::string> read_checked(const json& asset, const std::string& name) {
  if (!asset.is_object() || !asset.contains("file:checksum") || !asset["file:checksum"].is_string()) return {};
  const auto size = asset.find("file:size");
  if (size == asset.end()) return {};
  const auto bytes = whole_number_in<std::uint64_t>(*size).value_or(0);
  if (bytes == 0 || bytes > static_cast<std::uint64_t>(largest_checked_bytes)) return {};
  const GdalErrorCapture errors;
  const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenL(name.c_str(), "rb"), &VSIFCloseL);
  if (!file) throw DataError(errors.explain("cannot open"));
  // One more than there should be: a file that is longer is another one.
  std::string content(bytes + 1, '\0');
  content.resize(VSIFReadL(content.data(), 1, content.size(), file.get()));
  if (errors.failed()) throw DataError(errors.explain("cannot read"));
  const auto fits = has_checksum(content, asset["file:checksum"].get<std::string>());
  if (fits && !*fits) throw DataError("does not have the checksum that its item gives");
  return content;
}

void write_whole(const std::string& path, const std::string& content) {
  const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenL(path.c_str(), "wb"), &VSIFCloseL);
  if (!file || VSIFWriteL(content.data(), 1, content.size(), file.get()) != content.size()) throw std::bad_alloc();
}

// ---- rasters ---------------------------------------------------------------------------------------------------

/// Copies what there is of the ground to `path`. Returns the grid; nothing, and no file, where no ground is there.
std::optional<Grid> try_copy_band(Band band, const BandAsset& original, const json& asset, std::span<const Grid> ground,
                                  const std::string& gdal_name, const std::string& path) {
  std::optional<MemoryFile> whole;
  if (const auto content = read_checked(asset, gdal_name)) {
    whole.emplace(std::string(name(band)));
    write_whole(whole->path(), *content);
  }
  const BandFile file(whole ? whole->path() : gdal_name, original.layer);
  const SparsePixels pixels = band == Band::SCL ? SparsePixels::bytes : SparsePixels::numbers;
  if (!copy_ground(file, ground, pixels, original.calibration.nodata.value_or(0), path)) return std::nullopt;
  return file.grid();
}

std::optional<Grid> copy_band(Band band, const BandAsset& original, const json& asset, std::span<const Grid> ground,
                              const std::string& path, RemoteFiles& files) {
  const auto since = std::chrono::steady_clock::now();
  for (int attempt = 1;; ++attempt) {
    const std::string gdal_name = files.gdal_name(original.path);
    try {
      return try_copy_band(band, original, asset, ground, gdal_name, path);
    } catch (const DataError& failure) {
      if (!files.may_try_again(gdal_name, failure.what(), attempt, since)) throw;
    }
  }
}

// ---- the mirror's item -----------------------------------------------------------------------------------------

/// What the item says of the ground that is there.
struct Record {
  std::string fingerprint;
  std::vector<Grid> ground;  // of one pixel
};

ordered_json json_of(const Grid& ground) {
  const MapPoint end = ground.to_map(ground.width, ground.height);
  return {{"crs", ground.crs}, {"bbox", {ground.origin.x, end.y, end.x, ground.origin.y}}};
}

bool holds(const Grid& outer, const Grid& inner) {
  const MapPoint outer_end = outer.to_map(outer.width, outer.height);
  const MapPoint inner_end = inner.to_map(inner.width, inner.height);
  return outer.crs == inner.crs && outer.origin.x <= inner.origin.x && outer.origin.y >= inner.origin.y &&
         outer_end.x >= inner_end.x && outer_end.y <= inner_end.y;
}

/// A box as a grid of whole metres; nothing for what is none.
std::optional<Grid> ground_from(const json& entry) {
  if (!entry.is_object() || !entry.contains("crs") || !entry["crs"].is_string() || !entry.contains("bbox")) return {};
  const json& box = entry["bbox"];
  const bool numbers = box.is_array() && box.size() == 4 &&
                       std::all_of(box.begin(), box.end(), [](const json& side) { return side.is_number(); });
  if (!numbers) return {};
  const auto side = [&](std::size_t i) { return box[i].get<double>(); };
  const double width = side(2) - side(0);
  const double height = side(3) - side(1);
  if (!(width > 0 && width < 1e7 && height > 0 && height < 1e7)) return {};
  return Grid{
      entry["crs"].get<std::string>(), {side(0), side(3)}, 1, static_cast<int>(width), static_cast<int>(height)};
}

/// Of a mirror that is there and whole, with all of `bands`; nothing where it must be made anew.
std::optional<Record> read_record(const std::string& item_path, std::span<const Band> bands) {
  try {
    const json item = parse_item(read_json_text(item_path));
    const json& own = item.at("pitwatch:mirror");
    Record record;
    record.fingerprint = own.at("fingerprint").get<std::string>();
    for (const json& entry : own.at("ground")) {
      if (auto ground = ground_from(entry)) record.ground.push_back(std::move(*ground));
    }
    for (const Band band : bands) {
      const json& asset = item.at("assets").at(std::string(name(band)));
      const fs::path file = fs::path(item_path).parent_path() / (std::string(name(band)) + ".tif");
      if (fs::file_size(file) != whole_number<std::uintmax_t>(asset.at("file:size"))) return {};
      if ("1220" + sha256_file(file.string()) != asset.at("file:checksum").get<std::string>()) return {};
    }
    return record;
  } catch (const json::exception&) {
    return {};
  } catch (const DataError&) {
    return {};
  } catch (const fs::filesystem_error&) {
    return {};
  }
}

struct CopiedBand {
  Band band = Band::B02;
  Grid grid;
};

ordered_json asset_json(const CopiedBand& copied, const BandAsset& original, const json& original_asset,
                        const std::string& path) {
  const Calibration& calibration = original.calibration;
  const bool is_classes = copied.band == Band::SCL;
  ordered_json raster{{"data_type", is_classes ? "uint8" : "uint16"},
                      {"spatial_resolution", copied.grid.pixel_size_m},
                      {"nodata", calibration.nodata ? ordered_json(*calibration.nodata) : ordered_json("nan")}};
  if (!is_classes) {
    raster["scale"] = shortest_decimal(calibration.scale);
    raster["offset"] = shortest_decimal(calibration.offset);
  }
  ordered_json asset{{"href", "./" + std::string(name(copied.band)) + ".tif"},
                     {"type", "image/tiff; application=geotiff"},
                     {"roles", {"data"}},
                     {"gsd", copied.grid.pixel_size_m},
                     {"raster:bands", ordered_json::array({raster})},
                     {"file:size", fs::file_size(path)},
                     {"file:checksum", "1220" + sha256_file(path)}};
  if (original_asset.is_object()) {
    for (const auto& [key, value] : original_asset.items()) {
      if (key.starts_with("view:")) asset[key] = value;  // where bands were seen from may differ between them
    }
  }
  if (is_url(original.path)) asset["alternate"] = {{"original", {{"href", redacted(original.path)}}}};
  if (!is_classes) {
    ordered_json band{{"name", name(copied.band)}};
    if (!info(copied.band).common_name.empty()) band["common_name"] = info(copied.band).common_name;
    asset["eo:bands"] = ordered_json::array({band});
  }
  return asset;
}

/// What the scene has from its collection is written into the item, which stands alone from now on.
void keep_inherited(const Scene& scene, ordered_json& properties) {
  const auto keep = [&](std::initializer_list<const char*> members, const std::string& value) {
    const bool is_said = std::any_of(members.begin(), members.end(), [&](const char* member) {
      const auto found = properties.find(member);
      return found != properties.end() && !found->is_null();
    });
    if (!is_said && !value.empty()) properties[*members.begin()] = value;
  };
  keep({"product:type", "s2:product_type"}, scene.level.empty() ? "" : "S2MSI" + scene.level.substr(1));
  keep({"s2:processing_baseline", "sentinel:processing_baseline", "processing:version"}, scene.processing_baseline);
  keep({"platform"}, scene.platform);
}

ordered_json item_json(const OriginalScene& original, const std::vector<CopiedBand>& copied,
                       std::span<const Grid> ground, const AtomicFolder& folder) {
  const json item = parse_item(original.item);
  ordered_json mirror{{"type", "Feature"}, {"stac_version", "1.0.0"}};
  mirror["stac_extensions"] = ordered_json::array();
  if (item.contains("stac_extensions") && item["stac_extensions"].is_array()) {
    for (const json& extension : item["stac_extensions"]) {
      if (!extension.is_string()) continue;
      const auto url = extension.get<std::string>();
      const auto is_ours = [&](const char* part) { return url.find(part) != std::string::npos; };
      if (!is_ours("/eo/") && !is_ours("/raster/") && !is_ours("/file/") && !is_ours("/alternate-assets/")) {
        mirror["stac_extensions"].push_back(url);
      }
    }
  }
  for (const char* own : {"eo/v1.1.0", "raster/v1.1.0", "file/v2.1.0", "alternate-assets/v1.1.0"}) {
    mirror["stac_extensions"].push_back("https://stac-extensions.github.io/" + std::string(own) + "/schema.json");
  }
  mirror["id"] = original.scene.id;
  for (const char* member : {"geometry", "bbox"}) {
    if (item.contains(member)) mirror[member] = item[member];
  }
  mirror["properties"] = item.at("properties");
  keep_inherited(original.scene, mirror["properties"]);
  const bool has_offset = std::any_of(copied.begin(), copied.end(), [&](const CopiedBand& one) {
    return one.band != Band::SCL && original.scene.bands.at(one.band).calibration.offset != 0;
  });
  if (has_offset) {
    for (const char* flag : {"earthsearch:boa_offset_applied", "sentinel:boa_offset_applied"}) {
      mirror["properties"].erase(flag);
    }
  }
  mirror["links"] = ordered_json::array(
      {{{"rel", "derived_from"}, {"href", redacted(original.scene.source)}, {"type", "application/geo+json"}}});
  mirror["assets"] = ordered_json::object();
  for (const CopiedBand& one : copied) {
    const std::string key(name(one.band));
    const BandAsset& asset = original.scene.bands.at(one.band);
    mirror["assets"][key] =
        asset_json(one, asset, asset_of(item, original.scene.source, asset.path), folder / (key + ".tif"));
  }
  ordered_json places = ordered_json::array();
  for (const Grid& one : ground) places.push_back(json_of(one));
  mirror["pitwatch:mirror"] = {{"fingerprint", original.fingerprint}, {"ground", places}};
  return mirror;
}

/// The item is what the scene is read by from now on: it must say the same of the scene and of its pixels.
void check_same_scene(const Scene& mirror, const OriginalScene& original) {
  const Scene& scene = original.scene;
  if (mirror.level != scene.level || mirror.processing_baseline != scene.processing_baseline ||
      mirror.platform != scene.platform) {
    throw DataError("its level, baseline or platform cannot be kept in the mirror's item");
  }
  for (const auto& [band, asset] : mirror.bands) {
    const Calibration& then = original.scene.bands.at(band).calibration;
    const Calibration& now = asset.calibration;
    if (now.scale != then.scale || now.offset != then.offset || now.nodata != then.nodata ||
        now.saturated != then.saturated) {
      throw DataError("band " + std::string(name(band)) + ": the calibration cannot be kept in the mirror's item");
    }
  }
}

}  // namespace

std::string mirror_name(const std::string& scene_id) {
  constexpr std::size_t longest = 150;
  std::string result;
  for (const char c : scene_id.substr(0, longest)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '-' || (c == '.' && !result.empty());
    result += plain ? c : '_';
  }
  return result == scene_id ? result : result + "-" + sha256_text(scene_id).substr(0, 8);
}

std::string local_item_text(const ListedScene& listed) {
  const std::string& source = listed.scene.source;
  const auto is_it = [&](const std::string& text) { return sha256_text(text) == listed.fingerprint; };
  try {
    // Of an ItemCollection the source is "path#id".
    std::error_code none;
    const std::string path = fs::exists(source, none) ? source : source.substr(0, source.rfind('#'));
    std::string text = read_json_text(path);
    if (is_it(text)) return text;
    const json collection = json::parse(text, nullptr, false);
    if (collection.is_object() && collection.contains("features")) {
      for (const json& feature : collection["features"]) {
        text = feature.dump();
        if (is_it(text)) return text;
      }
    }
  } catch (const DataError& error) {
    throw DataError(source + ": " + error.what());
  } catch (const json::exception&) {  // not what it was
  }
  throw DataError(source + ": has changed while it was read");
}

Mirrored mirror_scene(const OriginalScene& original, std::span<const Grid> ground, std::span<const Band> bands,
                      const std::string& folder, RemoteFiles& files) {
  ensure_gdal();
  const Scene& scene = original.scene;
  std::vector<Band> wanted;
  std::copy_if(bands.begin(), bands.end(), std::back_inserter(wanted), [&](Band band) { return scene.has(band); });
  const std::string scene_name = mirror_name(scene.id);
  const std::string target = (fs::path(folder) / scene_name).string();

  std::vector<Grid> all(ground.begin(), ground.end());
  if (const auto record = read_record(target + "/" + scene_name + ".json", wanted);
      record && record->fingerprint == original.fingerprint) {
    const auto is_there = [&](const Grid& one) {
      return std::any_of(record->ground.begin(), record->ground.end(),
                         [&](const Grid& has) { return holds(has, one); });
    };
    if (std::all_of(ground.begin(), ground.end(), is_there)) return Mirrored::was_there;
    for (const Grid& has : record->ground) {
      if (std::none_of(ground.begin(), ground.end(), [&](const Grid& one) { return holds(one, has); })) {
        all.push_back(has);
      }
    }
  }

  const json item = parse_item(original.item);
  AtomicFolder parts(target);
  std::vector<CopiedBand> copied;
  std::string band_name;
  try {
    for (const Band band : wanted) {
      band_name = name(band);
      const json asset = asset_of(item, scene.source, scene.bands.at(band).path);
      const std::optional<Grid> grid =
          copy_band(band, scene.bands.at(band), asset, all, parts / (band_name + ".tif"), files);
      if (!grid) return Mirrored::shows_none;
      copied.push_back({band, *grid});
    }
    band_name.clear();
    const ordered_json mirror = item_json(original, copied, all, parts);
    const std::string text = mirror.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
    parts.write(scene_name + ".json", text);
    check_same_scene(parse_stac_item(text, parts / (scene_name + ".json")), original);
  } catch (const DataError& error) {
    throw DataError((band_name.empty() ? "" : band_name + ": ") + redacted(error.what()));
  } catch (const IoError& error) {
    throw IoError(target + (band_name.empty() ? "" : "/" + band_name + ".tif") + ": " + error.what());
  }
  parts.commit();
  return Mirrored::fetched;
}

}  // namespace pitwatch
