#include "pipeline/acquisition/scene_views.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/packed_text.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

/// A view, and whether all files that were asked for could be read.
struct Looked {
  SceneView view;
  bool is_whole = true;
};

/// Of the pixels of a shape.
MaskShares shares_within(const Plane<MaskBits>& mask, const BurntShape& shape) {
  std::vector<MaskBits> bits;
  for (int y = 0; y < shape.window.height; ++y) {
    for (int x = 0; x < shape.window.width; ++x) {
      if (shape.inside.at(x, y) != 0) bits.push_back(mask.at(shape.window.x + x, shape.window.y + y));
    }
  }
  const auto count = static_cast<int>(bits.size());
  return mask_shares({bits.data(), count, 1, count});
}

std::optional<MaskShares> shares_over(const Scene& scene, const ViewedPlace& place, OpenBands& files) {
  if (!scene.has(Band::SCL)) return std::nullopt;
  MosaicOptions as_it_is;
  as_it_is.cloud_growth_m = 0;
  as_it_is.shadow_growth_m = 0;
  as_it_is.files = &files;
  const Mosaic mosaic = read_mosaic({&scene, 1}, place.grid, {}, as_it_is);
  return place.shape ? shares_within(mosaic.mask, *place.shape) : mask_shares(mosaic.mask.view());
}

void look_at_places(const Scene& scene, std::span<const ViewedPlace> places, OpenBands& files, Looked& looked) {
  std::string error;
  for (const ViewedPlace& place : places) {
    if (scene.bbox && !overlap(*scene.bbox, place.box)) continue;
    try {
      const auto shares = shares_over(scene, place, files);
      if (shares && shares->nodata == 1) continue;
      looked.view.places.push_back({place.id, shares});
    } catch (const DataError& problem) {
      error = "site " + place.id + ": " + error_chain(problem);
      looked.is_whole = false;
    }
  }
  if (looked.view.places.empty()) looked.view.reason = error.empty() ? "shows none of the sites" : error;
}

/// What the pixels say, where they can be had.
OffsetReport offsets_of(const Scene& scene, OffsetCheck check, OpenBands& files, Looked& looked) {
  const bool remote =
      std::any_of(scene.bands.begin(), scene.bands.end(), [](const auto& band) { return is_url(band.second.path); });
  if (remote && check != OffsetCheck::off) {
    return check_offsets_without_pixels(scene, check, "files on the network are looked at with --sites alone");
  }
  try {
    return check_offsets_of(scene, files, check);
  } catch (const DataError& unreadable) {
    looked.is_whole = false;
    return check_offsets_without_pixels(scene, check, error_chain(unreadable));
  }
}

Looked look_at(const Scene& scene, std::span<const ViewedPlace> places, OffsetCheck check) {
  Looked looked;
  OpenBands files;
  if (!places.empty()) look_at_places(scene, places, files, looked);
  looked.view.offsets = offsets_of(scene, check, files, looked);
  if (looked.view.reason.empty()) looked.view.reason = looked.view.offsets.decision.reason;
  return looked;
}

// ---- what is remembered ----

std::string packed(const SceneView& view) {
  Packer packer;
  packer.add(std::uint64_t{view.places.size()});
  for (const auto& [place, shares] : view.places) {
    packer.add(place);
    packer.add(shares.has_value());
    if (!shares) continue;
    const auto& [nodata, cloud, shadow, snow, clear] = *shares;
    for (const double share : {nodata, cloud, shadow, snow, clear}) packer.add(share);
  }
  packer.add(view.reason);
  const auto& [finding, decision] = view.offsets;
  packer.add(static_cast<int>(finding.verdict));
  packer.add(finding.text);
  packer.add(decision.use);
  packer.add(decision.reason);
  packer.add(std::uint64_t{decision.warnings.size()});
  for (const std::string& warning : decision.warnings) packer.add(warning);
  return packer.take();
}

std::optional<SceneView> unpacked(std::string_view text) {
  try {
    Unpacker unpacker(text);
    SceneView view;
    view.places.resize(unpacker.count());
    for (auto& [place, shares] : view.places) {
      unpacker.get(place);
      bool has_shares = false;
      unpacker.get(has_shares);
      if (!has_shares) continue;
      auto& [nodata, cloud, shadow, snow, clear] = shares.emplace();
      for (double* const share : {&nodata, &cloud, &shadow, &snow, &clear}) unpacker.get(*share);
    }
    unpacker.get(view.reason);
    int verdict = 0;
    unpacker.get(verdict);
    if (verdict < 0 || verdict > static_cast<int>(OffsetVerdict::cannot_tell)) return std::nullopt;
    auto& [finding, decision] = view.offsets;
    finding.verdict = static_cast<OffsetVerdict>(verdict);
    unpacker.get(finding.text);
    unpacker.get(decision.use);
    unpacker.get(decision.reason);
    decision.warnings.resize(unpacker.count());
    for (std::string& warning : decision.warnings) unpacker.get(warning);
    return unpacker.at_end() ? std::optional(std::move(view)) : std::nullopt;
  } catch (const DataError&) {
    return std::nullopt;
  }
}

/// What is asked of each scene, as a hash.
std::string question(std::span<const ViewedPlace> places, OffsetCheck check) {
  Packer packer;
  packer.add(offset_check_name(check));
  for (const ViewedPlace& place : places) {
    packer.add(place.id);
    packer.add(place.grid.crs);
    packer.add(place.grid.origin.x);
    packer.add(place.grid.origin.y);
    packer.add(place.grid.pixel_size_m);
    packer.add(place.grid.width);
    packer.add(place.grid.height);
    packer.add(place.shape != nullptr);
    if (!place.shape) continue;
    const auto& [window, inside] = *place.shape;
    for (const int number : {window.x, window.y, window.width, window.height}) packer.add(number);
    for (int y = 0; y < window.height; ++y) packer.add(std::string(inside.row(y), inside.row(y) + window.width));
  }
  return sha256_text(packer.take());
}

/// What a view of a scene follows from: its item, the files of all its bands, and what is asked. Nothing where one of
/// the files is not a local one that has rested.
std::optional<std::string> grounds_of(const ListedScene& listed, const std::string& asked, const FileMemory& memory) {
  if (!memory.is_on()) return std::nullopt;
  std::string grounds = asked + listed.fingerprint;
  for (const auto& [band, asset] : listed.scene.bands) {
    const std::optional<FileIdentity> identity = file_identity(asset.path);
    if (!identity || !has_rested(*identity, memory.rest())) return std::nullopt;
    grounds.append(name(band)).append(text_of(*identity));
  }
  return grounds;
}

}  // namespace

ViewedPlace viewed_place(const std::string& id, const Grid& grid, const LonLatMultiPolygon& outline) {
  ViewedPlace place{id, grid, degree_box(grid)};
  const LonLatMultiPolygon* const one = &outline;
  BurntShape shape = std::move(burn_shapes(std::span(&one, 1), grid).front());
  bool has_pixels = false;
  for (int y = 0; y < shape.window.height; ++y) {
    const std::uint8_t* const row = shape.inside.row(y);
    has_pixels = has_pixels || std::find(row, row + shape.window.width, 1) != row + shape.window.width;
  }
  if (has_pixels) place.shape = std::make_shared<const BurntShape>(std::move(shape));
  return place;
}

std::vector<SceneView> view_scenes(std::span<const ListedScene> scenes, std::span<const ViewedPlace> places,
                                   OffsetCheck check, FileMemory& memory, const SceneViewed& viewed) {
  std::vector<SceneView> views(scenes.size());
  std::atomic<std::size_t> done = 0;
  const std::string asked = question(places, check);
  in_parallel(static_cast<int>(scenes.size()), [&](int i) {
    const auto number = static_cast<std::size_t>(i);
    const ListedScene& listed = scenes[number];
    const std::string key = listed.scene.source + "\n" + listed.scene.id;
    const std::optional<std::string> grounds = grounds_of(listed, asked, memory);
    const auto text = grounds ? memory.recall(key, *grounds) : std::nullopt;
    std::optional<SceneView> known = text ? unpacked(*text) : std::nullopt;
    if (!known) {
      Looked looked = look_at(listed.scene, places, check);
      if (grounds && looked.is_whole && grounds_of(listed, asked, memory) == grounds) {
        memory.note(key, *grounds, packed(looked.view));
      }
      known = std::move(looked.view);
    }
    views[number] = *std::move(known);
    viewed(++done);
  });
  return views;
}

}  // namespace pitwatch
