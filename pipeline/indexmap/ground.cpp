#include "pipeline/indexmap/ground.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "pipeline/acquisition/choice.hpp"
#include "pipeline/acquisition/editions.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

/// An item names all bands of its product, and people fetch those that they need: of bands that are not read, those are
/// left out whose files are not there.
void leave_out_absent(Scene& scene, std::span<const Band> bands) {
  std::erase_if(scene.bands, [&](const auto& one) {
    const auto& [band, asset] = one;
    if (!is_reflectance(band) || std::find(bands.begin(), bands.end(), band) != bands.end()) return false;
    std::error_code none;
    return !is_url(asset.path) && !asset.path.starts_with("/vsi") && !std::filesystem::exists(asset.path, none);
  });
}

constexpr std::array<Band, 5> bands_of_the_sky{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11};

/// Throws DataError for an acquisition in which clouds cannot be told by the pixels.
void refuse_without_sky(const IndexAcquisition& acquisition) {
  for (const Band band : bands_of_the_sky) {
    const auto lacks = [&](const Scene& scene) { return !scene.has(band); };
    const auto found = std::find_if(acquisition.parts.begin(), acquisition.parts.end(), lacks);
    if (found == acquisition.parts.end()) continue;
    throw DataError(redacted(found->source) + ": neither SCL nor " + std::string(name(band)) +
                    ", without which cloud and snow cannot be told; --no-masks does without");
  }
}

constexpr double rounding_px = 0.01;  // of map coordinates

/// Bounds in pixels of a ground, counted from its upper left corner.
struct PixelBox {
  double left = std::numeric_limits<double>::infinity();
  double top = std::numeric_limits<double>::infinity();
  double right = -std::numeric_limits<double>::infinity();
  double bottom = -std::numeric_limits<double>::infinity();

  /// Within what a ground can have of pixels.
  bool is_somewhere() const {
    constexpr double farthest_px = 1e8;
    return left < right && top < bottom && left > -farthest_px && top > -farthest_px && right < farthest_px &&
           bottom < farthest_px;
  }
};

/// Of another grid; infinite where a corner of it has no place in the CRS.
PixelBox bounds_on(const Grid& ground, const Grid& other) {
  PixelBox box;
  std::optional<Reprojection> to_ground;
  if (other.crs != ground.crs) to_ground.emplace(other.crs, ground.crs);
  // Straight edges of one map are curved on another.
  const int steps = to_ground ? 16 : 1;
  for (int down = 0; down <= steps; ++down) {
    for (int across = 0; across <= steps; ++across) {
      MapPoint point = other.to_map(1.0 * other.width * across / steps, 1.0 * other.height * down / steps);
      if (to_ground) point = (*to_ground)(point);
      const double x = (point.x - ground.origin.x) / ground.pixel_size_m;
      const double y = (ground.origin.y - point.y) / ground.pixel_size_m;
      if (!std::isfinite(x) || !std::isfinite(y)) return {};
      box.left = std::min(box.left, x);
      box.right = std::max(box.right, x);
      box.top = std::min(box.top, y);
      box.bottom = std::max(box.bottom, y);
    }
  }
  return box;
}

}  // namespace

std::vector<IndexAcquisition> choose_acquisitions(SourceListing listing, const std::optional<Instant>& from,
                                                  const std::optional<Instant>& until, std::span<const Band> bands,
                                                  const std::optional<DegreeBox>& place, SkippedScenes& skipped,
                                                  const std::string& crs) {
  for (const RejectedItem& item : listing.rejected) skipped.emplace_back(item.path, item.reason);
  std::erase_if(listing.scenes, [&](const ListedScene& listed) {
    const Scene& scene = listed.scene;
    if ((from && scene.acquired < *from) || (until && scene.acquired > *until)) return true;
    if (place && scene.bbox && !overlap(*scene.bbox, *place)) return true;
    // What lacks a band must not stand in the way of another edition that has it.
    const std::string missing = missing_bands(scene, bands);
    if (!missing.empty()) skipped.emplace_back(scene.id, "no asset for" + missing);
    return !missing.empty();
  });
  std::vector<IndexAcquisition> acquisitions;
  for (Datatake& datatake : choose_one_per_datatake(std::move(listing.scenes)).datatakes) {
    if (!crs.empty()) prefer_zone(datatake, crs);
    std::vector<Scene> parts = scenes_of(datatake);
    for (Scene& part : parts) leave_out_absent(part, bands);
    acquisitions.push_back({datatake.acquired, std::move(parts)});
  }
  return acquisitions;
}

Grid whole_ground(const Scene& scene, std::span<const Band> bands) {
  const auto is_finer = [](Band a, Band b) { return info(a).pixel_size_m < info(b).pixel_size_m; };
  const Band finest = *std::min_element(bands.begin(), bands.end(), is_finer);
  const BandAsset& asset = scene.bands.at(finest);
  Grid grid = BandFile(asset.path, asset.layer).grid();
  // What is coarser than Sentinel-2's bands, as HLS is, stays as it is.
  const bool is_coarse = grid.pixel_size_m > 20;
  const double pixel_m = is_coarse ? grid.pixel_size_m : 10;
  const auto length = [&](int pixels) {
    return is_coarse ? pixels : static_cast<int>(std::floor(pixels * grid.pixel_size_m / pixel_m + rounding_px));
  };
  grid.width = length(grid.width);
  grid.height = length(grid.height);
  grid.pixel_size_m = pixel_m;
  if (grid.extent().empty()) throw DataError(redacted(scene.source) + ": smaller than a pixel of 10 m");
  return grid;
}

void widen(Grid& ground, const Grid& other) {
  const PixelBox box = bounds_on(ground, other);
  if (!box.is_somewhere()) return;
  const bool is_coarse = ground.pixel_size_m > 10;
  const auto whole = [&](double pixels) {
    return is_coarse ? static_cast<int>(std::floor(pixels)) : 2 * static_cast<int>(std::floor(pixels / 2));
  };
  const int left = std::min(0, whole(box.left + rounding_px));
  const int top = std::min(0, whole(box.top + rounding_px));
  const int right = std::max(ground.width, static_cast<int>(std::ceil(box.right - rounding_px)));
  const int bottom = std::max(ground.height, static_cast<int>(std::ceil(box.bottom - rounding_px)));
  ground.origin = ground.to_map(left, top);
  ground.width = right - left;
  ground.height = bottom - top;
}

bool meet(const Grid& ground, const Grid& other) {
  const PixelBox box = bounds_on(ground, other);
  if (!box.is_somewhere()) return false;
  return std::min(box.right, static_cast<double>(ground.width)) - std::max(box.left, 0.0) > rounding_px &&
         std::min(box.bottom, static_cast<double>(ground.height)) - std::max(box.top, 0.0) > rounding_px;
}

void check_acquisition(const IndexAcquisition& acquisition, const IndexReading& reading, OffsetMemory& offsets,
                       BlockCache& blocks, SkippedScenes& warnings) {
  for (const Scene& part : acquisition.parts) {
    OpenBands files;
    const OffsetReport report = offsets.check(part, files, reading.checks.offsets, &blocks);
    if (!report.decision.use) throw DataError(redacted(part.source) + ": " + report.decision.reason);
    for (const std::string& doubt : report.decision.warnings) warnings.emplace_back(part.id, doubt);
  }
}

void refuse_unfit_part(const Scene& part, const Grid& ground, std::span<const Band> bands, const IndexReading& reading,
                       BlockCache& blocks) {
  if (!reading.checks.gate) return;
  const auto has = [](const std::vector<Band>& some, Band band) {
    return std::find(some.begin(), some.end(), band) != some.end();
  };
  std::vector<Band> read(bands.begin(), bands.end());
  if (reading.masked && uses_spectral_masks({&part, 1}, reading.masks)) {
    for (const Band band : bands_of_the_sky) {
      if (!has(read, band)) read.push_back(band);
    }
  }
  std::vector<Band> looked_at(bands.begin(), bands.end());
  for (const Band band : {Band::B02, Band::B04, Band::B08}) {
    if (part.has(band) && !has(looked_at, band)) looked_at.push_back(band);
  }
  std::vector<Band> of_ground{Band::B04};  // against which the others are held where it is there
  of_ground.insert(of_ground.end(), looked_at.begin(), looked_at.end());
  of_ground.push_back(Band::SCL);
  OpenBands files;
  try {
    refuse_elsewhere(part, ground, of_ground, files);
    refuse_displaced(part, ground, looked_at, files, &blocks);
    refuse_garbage(part, ground, read, files, blocks);
  } catch (...) {
    rethrow_with_context(redacted(part.source));
  }
}

Mosaic read_ground(const IndexAcquisition& acquisition, const Grid& part, std::span<const Band> bands,
                   const IndexReading& reading, BlockCache& blocks, OpenBands* files) {
  MosaicOptions how;
  how.blocks = acquisition.decoded ? acquisition.decoded.get() : &blocks;
  how.files = files;
  how.class_reasons = class_reasons(reading.masks);
  if (!reading.masked) how.class_reasons.fill(mask_clear);
  if (reading.masked && uses_spectral_masks(acquisition.parts, reading.masks)) refuse_without_sky(acquisition);
  Mosaic ground = read_mosaic(acquisition.parts, part, bands, how);
  if (reading.masked) complete_mask(acquisition.parts, how, reading.masks, ground);
  return ground;
}

std::int64_t read_ground_bytes(const IndexAcquisition& acquisition, const Grid& part, std::size_t bands,
                               const IndexReading& reading) {
  // A band as it lies in the file, as reflectance and its bits; the mask, and the classification twice.
  constexpr std::int64_t bytes_per_band = 2 + 4 + 1;
  constexpr std::int64_t bytes_of_mask = 4;
  const std::int64_t pixels = std::int64_t{part.width} * part.height;
  const std::int64_t spectral = reading.masked ? spectral_mask_bytes(acquisition.parts, reading.masks, part) : 0;
  return pixels * (bytes_per_band * static_cast<std::int64_t>(bands) + bytes_of_mask) + spectral;
}

}  // namespace pitwatch
