#include "pipeline/io/scenes/remembered_scene.hpp"

#include <filesystem>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "pipeline/io/files/packed_text.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// Adds a value to a Packer or gets it from an Unpacker: one list of members for both ways.
template <typename T>
void take(Packer& packer, const T& value) {
  packer.add(value);
}
template <typename T>
void take(Unpacker& unpacker, T& value) {
  unpacker.get(value);
}

void take(Packer& packer, const Instant& when) { packer.add(std::int64_t{when.time_since_epoch().count()}); }
void take(Unpacker& unpacker, Instant& when) {
  std::int64_t count = 0;
  unpacker.get(count);
  when = Instant(Instant::duration(count));
}

void take(Packer& packer, const std::vector<std::string>& texts) {
  packer.add(std::uint64_t{texts.size()});
  for (const std::string& text : texts) packer.add(text);
}
void take(Unpacker& unpacker, std::vector<std::string>& texts) {
  texts.resize(unpacker.count());
  for (std::string& text : texts) unpacker.get(text);
}

// The members are named one by one, so that a new one does not compile before it is taken along.

template <typename Way, typename Box>
void take_box(Way& way, Box& box) {
  auto& [west, south, east, north] = box;
  take(way, west);
  take(way, south);
  take(way, east);
  take(way, north);
}

template <typename Way, typename Angles>
void take_angles(Way& way, Angles& angles) {
  auto& [zenith, azimuth] = angles;
  take(way, zenith);
  take(way, azimuth);
}

template <typename Way, typename Basis>
void take_offsets(Way& way, Basis& basis) {
  auto& [rule, contradictions, is_declared] = basis;
  take(way, rule);
  take(way, contradictions);
  take(way, is_declared);
}

template <typename Way, typename OfBand>
void take_calibration(Way& way, OfBand& calibration) {
  auto& [scale, offset, nodata, saturated] = calibration;
  take(way, scale);
  take(way, offset);
  take(way, nodata);
  take(way, saturated);
}

/// What may be there or not, by its own function.
template <typename T, typename TakeOne>
void take_optional(Packer& packer, const std::optional<T>& value, const TakeOne& take_one) {
  packer.add(value.has_value());
  if (value) take_one(packer, *value);
}
template <typename T, typename TakeOne>
void take_optional(Unpacker& unpacker, std::optional<T>& value, const TakeOne& take_one) {
  bool has_value = false;
  unpacker.get(has_value);
  value.reset();
  if (has_value) take_one(unpacker, value.emplace());
}

/// All but the bands, and the source, which is the item's path.
template <typename Way, typename OfItem>
void take_facts(Way& way, OfItem& scene) {
  auto& [id, source, acquired, platform, level, processing_baseline, tile, bands, processed, bbox, cloud_cover, nodata,
         datatake, datastrip_start, offsets, sun, view, relative_orbit, absolute_orbit, quality_flags, assumptions] =
      scene;
  static_cast<void>(source);
  static_cast<void>(bands);
  const auto box = [](auto& to, auto& one) { take_box(to, one); };
  const auto angles = [](auto& to, auto& one) { take_angles(to, one); };
  const auto instant = [](auto& to, auto& one) { take(to, one); };
  take(way, id);
  take(way, acquired);
  take(way, platform);
  take(way, level);
  take(way, processing_baseline);
  take(way, tile);
  take_optional(way, processed, instant);
  take_optional(way, bbox, box);
  take(way, cloud_cover);
  take(way, nodata);
  take(way, datatake);
  take(way, datastrip_start);
  take_offsets(way, offsets);
  take_optional(way, sun, angles);
  take_optional(way, view, angles);
  take(way, relative_orbit);
  take(way, absolute_orbit);
  take(way, quality_flags);
  take(way, assumptions);
}

/// As hrefs of items are joined to it (products/asset_path.hpp).
std::string folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

/// The name of a file below the item's folder; empty for URLs and other absolute paths.
std::string inner_name(const std::string& file, const std::string& folder) {
  const std::string begin = folder.ends_with('/') ? folder : folder + "/";
  return file.starts_with(begin) ? file.substr(begin.size()) : std::string();
}

}  // namespace

std::optional<std::string> packed_scene(const ListedScene& listed, const std::string& path) {
  if (listed.scene.source != redacted(path)) return std::nullopt;
  Packer packer;
  packer.add(listed.fingerprint);
  take_facts(packer, listed.scene);
  packer.add(std::uint64_t{listed.scene.bands.size()});
  const std::string folder = folder_of(path);
  for (const auto& [band, asset] : listed.scene.bands) {
    const auto& [file, calibration, sha256, layer] = asset;
    if (layer != RasterLayer{}) return std::nullopt;  // none that an item tells of
    const std::string inner = inner_name(file, folder);
    const bool is_inner = !inner.empty();
    if (is_inner && inner.find('%') != std::string::npos) return std::nullopt;
    if (!is_inner && !is_url(file) && !file.starts_with('/')) return std::nullopt;
    packer.add(static_cast<int>(band));
    packer.add(is_inner);
    packer.add(is_inner ? inner : file);
    take_calibration(packer, calibration);
    packer.add(sha256);
  }
  return packer.take();
}

std::optional<ListedScene> unpacked_scene(std::string_view text, const std::string& path) {
  try {
    Unpacker unpacker(text);
    ListedScene listed;
    unpacker.get(listed.fingerprint);
    take_facts(unpacker, listed.scene);
    listed.scene.source = redacted(path);
    const fs::path folder = folder_of(path);
    for (std::size_t left = unpacker.count(); left > 0; --left) {
      int band = 0;
      bool is_inner = false;
      unpacker.get(band);
      unpacker.get(is_inner);
      if (band < 0 || static_cast<std::size_t>(band) >= band_infos.size()) return std::nullopt;
      BandAsset& asset = listed.scene.bands[static_cast<Band>(band)];
      unpacker.get(asset.path);
      if (is_inner) {
        std::optional<std::string> joined = path_inside(folder, asset.path);
        if (!joined) return std::nullopt;
        asset.path = *std::move(joined);
      }
      take_calibration(unpacker, asset.calibration);
      unpacker.get(asset.sha256);
    }
    return unpacker.at_end() ? std::optional(std::move(listed)) : std::nullopt;
  } catch (const DataError&) {
    return std::nullopt;
  }
}

}  // namespace pitwatch
