#include "pipeline/acquisition/reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "pipeline/acquisition/masks.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/packed_text.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr double unknown_cloud = 50;          // percent, of a scene whose metadata do not tell
constexpr double enough_clear = 0.9;          // share of its ground that a reference shows
constexpr double least_clear = 0.5;           // where none has that
constexpr int shift_margin_px = 50;           // around the site, where shifts are measured
constexpr double most_shift_sigma_px = 0.25;  // of one that is believed
constexpr std::array shift_bands{Band::B04};
constexpr std::array bands_of_ground{Band::B04, Band::B02, Band::B03, Band::B08, Band::B11, Band::B12, Band::SCL};

/// Digital numbers of one scene around a site. Thread-safe for add().
class SitePixels {
 public:
  void add(const Scene& scene, Band band, PlaneView<const std::uint16_t> dn) {
    Plane<std::uint16_t> copy(dn.width, dn.height);
    for (int y = 0; y < dn.height; ++y) std::copy_n(dn.row(y), dn.width, copy.row(y));
    const std::scoped_lock lock(mutex_);
    bands_[band] = {scene.bands.at(band).calibration, std::move(copy)};
  }

  std::vector<BandPixels> pixels() const {
    std::vector<BandPixels> result;
    for (const auto& [band, one] : bands_) result.push_back({band, one.dn.view(), one.calibration});
    return result;
  }

 private:
  struct BandDn {
    Calibration calibration;
    Plane<std::uint16_t> dn;
  };
  std::mutex mutex_;
  std::map<Band, BandDn> bands_;
};

/// The planes of watched_bands, in their order.
std::array<Plane<float>*, watched_bands.size()> planes_of(ObservationPlanes& planes) {
  return {&planes.blue, &planes.green, &planes.red, &planes.nir, &planes.swir16, &planes.swir22};
}

std::string name_of(const Scene& scene) { return scene.source + "\n" + scene.id; }

/// What a shift follows from: the files of the red band and of the classification, the ground and the reference.
/// Nothing where one of the files is not a local one that has rested.
std::optional<std::string> shift_grounds(const std::vector<Scene>& parts, const Grid& grid,
                                         const std::string& reference_hash, const FileMemory& memory) {
  if (!memory.is_on()) return std::nullopt;
  Packer packer;
  packer.add(reference_hash);
  packer.add(grid.crs);
  packer.add(grid.origin.x);
  packer.add(grid.origin.y);
  packer.add(grid.pixel_size_m);
  packer.add(grid.width);
  packer.add(grid.height);
  for (const Scene& part : parts) {
    for (const Band band : {Band::B04, Band::SCL}) {
      if (!part.has(band)) continue;
      const BandAsset& asset = part.bands.at(band);
      const std::optional<FileIdentity> identity = file_identity(asset.path);
      if (!identity || !has_rested(*identity, memory.rest())) return std::nullopt;
      const auto& [scale, offset, nodata, saturated] = asset.calibration;
      packer.add(text_of(*identity));
      packer.add(scale);
      packer.add(offset);
      packer.add(nodata);
      packer.add(saturated);
    }
  }
  return packer.take();
}

std::string packed_shift(const std::optional<MosaicShift>& shift) {
  Packer packer;
  packer.add(shift.has_value());
  if (shift) {
    packer.add(shift->x_px);
    packer.add(shift->y_px);
    packer.add(shift->sigma_px);
    packer.add(shift->windows);
  }
  return packer.take();
}

/// False where the text is none.
bool unpack_shift(std::string_view text, std::optional<MosaicShift>& shift) {
  try {
    Unpacker unpacker(text);
    bool is_measured = false;
    unpacker.get(is_measured);
    shift.reset();
    if (is_measured) {
      MosaicShift& it = shift.emplace();
      unpacker.get(it.x_px);
      unpacker.get(it.y_px);
      unpacker.get(it.sigma_px);
      unpacker.get(it.windows);
    }
    return unpacker.at_end();
  } catch (const DataError&) {
    return false;
  }
}

/// Throws DataError, naming where it lies, for a scene that is refused.
void take_decision(const Scene& scene, const OffsetReport& report, ReadAcquisition& acquisition) {
  if (!report.decision.use) throw DataError(redacted(scene.source) + ": " + report.decision.reason);
  for (const std::string& doubt : report.decision.warnings) acquisition.warnings.emplace_back(scene.id, doubt);
}

}  // namespace

std::vector<Band> more_bands_of(const ExtraFeatures& extra) {
  std::vector<Band> bands;
  for (const Band band : extra.bands()) {
    if (std::find(watched_bands.begin(), watched_bands.end(), band) == watched_bands.end()) bands.push_back(band);
  }
  return bands;
}

AcquisitionReader::AcquisitionReader(ReadingOptions options, Grid grid, OffsetMemory& offsets, BlockCache& blocks)
    : options_(std::move(options)),
      grid_(std::move(grid)),
      offsets_(offsets),
      blocks_(blocks),
      light_(options_.light, grid_) {}

/// Phase correlation wants more ground than a small site has.
Grid AcquisitionReader::shift_grid() const {
  Grid wide = grid_;
  wide.origin = grid_.to_map(-shift_margin_px, -shift_margin_px);
  wide.width += 2 * shift_margin_px;
  wide.height += 2 * shift_margin_px;
  return wide;
}

/// How scenes are read: what is garbage is refused.
MosaicOptions AcquisitionReader::mosaic_options(OpenBands& files) const {
  MosaicOptions how;
  how.blocks = &blocks_;
  how.files = &files;
  how.dispensable = dispensable_;
  if (options_.checks.gate) {
    how.see_pixels = [](const Scene& scene, Band band, PlaneView<const std::uint16_t> dn) {
      refuse_garbage(scene, band, dn);
    };
  }
  return how;
}

std::optional<ReferencePixels> AcquisitionReader::find_reference(const AcquisitionPlan& plan) const {
  struct Candidate {
    bool is_resampled;  // of another UTM zone
    double cloud;
    std::size_t number;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < plan.acquisitions.size() && plan.acquisitions[i].record.acquired < plan.learn_until;
       ++i) {
    if (!plan.acquisitions[i].is_readable()) continue;
    const Scene& scene = plan.acquisitions[i].datatake.parts.front().scene;
    const std::string zone = crs_of_tile(scene.tile);
    candidates.push_back({!zone.empty() && zone != grid_.crs, scene.cloud_cover.value_or(unknown_cloud), i});
  }
  std::sort(candidates.begin(), candidates.end());
  std::optional<ReferencePixels> best;
  double best_clear = least_clear;
  for (const Candidate& candidate : candidates) {
    try {
      const Datatake& datatake = plan.acquisitions[candidate.number].datatake;
      const std::vector<Scene> parts = scenes_of(datatake);
      for (const Scene& part : parts) offsets_.refuse_damaged(part);
      OpenBands files;
      const MosaicOptions how = mosaic_options(files);
      Mosaic red = read_mosaic(parts, shift_grid(), shift_bands, how);
      complete_mask(parts, how, options_.masks, red);
      const double clear = mask_shares(red.mask.view()).clear;
      if (clear < best_clear) continue;
      best = packed(datatake, red, how);
      best_clear = std::nextafter(clear, 2.0);  // of equal ones the first
      if (clear >= enough_clear) break;
    } catch (const DataError&) {  // the acquisition is reported as unusable in its turn
    }
  }
  if (best) best->bands = bands_of_history(plan);
  return best;
}

ReferencePixels AcquisitionReader::packed(const Datatake& datatake, const Mosaic& red, const MosaicOptions& how) const {
  ReferencePixels pixels;
  pixels.scene = datatake.parts.front().scene.id;
  pixels.width = red.mask.width();
  pixels.height = red.mask.height();
  const Plane<float>& plane = red.reflectance.at(Band::B04);
  for (int y = 0; y < pixels.height; ++y) {
    for (int x = 0; x < pixels.width; ++x) {
      pixels.red.push_back(keep_reflectance(plane.at(x, y)));
      pixels.mask.push_back(red.mask.at(x, y));
    }
  }
  if (!light_.wants_reference()) return pixels;
  const std::vector<Scene> parts = light_.to_read(scenes_of(datatake));
  Mosaic level = read_mosaic(parts, grid_, watched_bands, how);
  light_.correct(parts, datatake.acquired, level);
  for (int y = 0; y < grid_.height; ++y) {
    for (int x = 0; x < grid_.width; ++x) {
      auto& pixel = pixels.level.emplace_back();
      for (std::size_t band = 0; band < watched_bands.size(); ++band) {
        pixel[band] = keep_reflectance(level.reflectance.at(watched_bands[band]).at(x, y));
      }
      pixels.level_mask.push_back(level.mask.at(x, y));
    }
  }
  return pixels;
}

/// An acquisition's scenes without the bands that the site is not watched by.
std::vector<Scene> AcquisitionReader::scenes_by_bands(const Datatake& datatake) const {
  std::vector<Scene> parts = scenes_of(datatake);
  for (Scene& part : parts) {
    for (const Band band : unused_) part.bands.erase(band);
  }
  return parts;
}

void AcquisitionReader::use_reference(const ReferencePixels& reference) {
  const Grid wide = shift_grid();
  if (reference.width != wide.width || reference.height != wide.height) {
    throw DataError("the reference of the state is of another size");
  }
  unused_.clear();
  dispensable_.assign({Band::B03, Band::B12});
  if (!reference.bands.empty()) {
    const auto is_used = [&](Band band) {
      return std::find(reference.bands.begin(), reference.bands.end(), band) != reference.bands.end();
    };
    std::copy_if(watched_bands.begin(), watched_bands.end(), std::back_inserter(unused_), std::not_fn(is_used));
    dispensable_ = unused_;
  }
  Mosaic red{wide, {}, {}};
  red.mask.reshape(wide.width, wide.height);
  Plane<float> plane(wide.width, wide.height);
  std::size_t i = 0;
  for (int y = 0; y < wide.height; ++y) {
    for (int x = 0; x < wide.width; ++x, ++i) {
      plane.at(x, y) = kept_reflectance(reference.red[i]);
      red.mask.at(x, y) = reference.mask[i];
    }
  }
  red.reflectance.emplace(Band::B04, std::move(plane));
  reference_ = std::move(red);
  if (shifts_ != nullptr) {
    Sha256 hash;
    hash.add(reference.red.data(), reference.red.size() * sizeof(reference.red[0]));
    hash.add(reference.mask.data(), reference.mask.size() * sizeof(reference.mask[0]));
    reference_hash_ = hash.hex();
  }
  if (!light_.wants_reference() || reference.level.empty()) return;
  Mosaic level{grid_, {}, {}};
  level.mask.reshape(grid_.width, grid_.height);
  for (std::size_t band = 0; band < watched_bands.size(); ++band) {
    Plane<float> of_band(grid_.width, grid_.height);
    i = 0;
    for (int y = 0; y < grid_.height; ++y) {
      for (int x = 0; x < grid_.width; ++x, ++i) {
        of_band.at(x, y) = kept_reflectance(reference.level[i][band]);
        level.mask.at(x, y) = reference.level_mask[i];
      }
    }
    level.reflectance.emplace(watched_bands[band], std::move(of_band));
  }
  light_.take_reference(std::move(level));
}

std::vector<Grid> AcquisitionReader::ground_of(const PlannedAcquisition& acquisition) const {
  // Interpolation, growing clouds and the shift itself reach beyond.
  constexpr int reach_px = 20;
  Grid wide = shift_grid();
  wide.origin = wide.to_map(-reach_px, -reach_px);
  wide.width += 2 * reach_px;
  wide.height += 2 * reach_px;
  std::vector<Grid> ground{wide};
  const std::vector<Scene> parts = scenes_by_bands(acquisition.datatake);
  if (uses_spectral_masks(parts, options_.masks)) {
    Grid sky = sky_grid(shift_grid(), parts.front().sun);
    sky.origin = sky.to_map(-reach_px, -reach_px);
    sky.width += 2 * reach_px;
    sky.height += 2 * reach_px;
    ground.push_back(std::move(sky));
  }
  return ground;
}

/// How the bands of an acquisition are read, but for checks of its pixels.
MosaicOptions AcquisitionReader::unchecked_options(OpenBands& files) const {
  MosaicOptions how = mosaic_options(files);
  how.see_pixels = {};
  how.cloud_growth_m = 0;  // the monitor has margins of its own
  how.shadow_growth_m = 0;
  how.class_reasons = class_reasons(options_.masks);
  return how;
}

std::optional<MosaicShift> AcquisitionReader::measured_shift(const std::vector<Scene>& parts, OpenBands* files) const {
  MosaicOptions plain;
  plain.blocks = &blocks_;
  plain.cloud_growth_m = 0;  // what clouds blur is not in the reference, and so moves nothing
  plain.shadow_growth_m = 0;
  plain.files = files;
  const Mosaic as_delivered = read_mosaic(parts, shift_grid(), shift_bands, plain);
  return estimate_shift(reference_->reflectance.at(Band::B04).view(), reference_->mask.view(),
                        as_delivered.reflectance.at(Band::B04).view(), as_delivered.mask.view());
}

/// The same, measured only where it is not remembered of the same files.
std::optional<MosaicShift> AcquisitionReader::remembered_shift(const std::vector<Scene>& parts,
                                                               OpenBands* files) const {
  std::string key;
  for (const Scene& part : parts) key += name_of(part) + "\n";
  const std::optional<std::string> grounds = shift_grounds(parts, grid_, reference_hash_, *shifts_);
  if (!grounds) return measured_shift(parts, files);
  std::optional<MosaicShift> shift;
  if (const auto text = shifts_->recall(key, *grounds); text && unpack_shift(*text, shift)) return shift;
  shift = measured_shift(parts, files);
  if (shift_grounds(parts, grid_, reference_hash_, *shifts_) == grounds) {
    shifts_->note(std::move(key), *grounds, packed_shift(shift));
  }
  return shift;
}

/// Measures the shift against the reference into `how`. Returns its standard error.
double AcquisitionReader::take_shift(const std::vector<Scene>& parts, MosaicOptions& how, bool may_recall) const {
  if (reference_) {
    const auto shift =
        may_recall && shifts_ != nullptr ? remembered_shift(parts, how.files) : measured_shift(parts, how.files);
    if (shift && shift->sigma_px < most_shift_sigma_px) {
      if (options_.checks.gate) refuse_misplaced(shift->x_px, shift->y_px, shift->windows);
      how.shift_x_px = shift->x_px;
      how.shift_y_px = shift->y_px;
      return shift->sigma_px;
    }
  }
  return options_.shift_error_px;
}

ReadAcquisition AcquisitionReader::read(const PlannedAcquisition& planned) const {
  const Datatake& datatake = planned.datatake;
  const std::vector<Scene> parts = scenes_by_bands(datatake);
  OpenBands files;  // for the checks, the shift, the masks and the pixels themselves
  ReadAcquisition acquisition;
  // Where the scene as a whole does not tell its offsets, the site's own pixels may: of a mirror they are all there is.
  std::map<std::string, SitePixels> undecided;
  // As whole as they are: what is found of them is remembered, whoever watches by what.
  for (const Scene& part : scenes_of(datatake)) {
    if (planned.is_kept) break;  // they were checked when they were whole
    const OffsetReport report = offsets_.check(part, files, options_.checks.offsets);
    const bool ask_site =
        options_.checks.offsets != OffsetCheck::off && report.finding.verdict == OffsetVerdict::cannot_tell;
    if (ask_site) {
      undecided[name_of(part)];
    } else {
      take_decision(part, report, acquisition);
    }
  }
  MosaicOptions how = unchecked_options(files);
  how.see_pixels = mosaic_options(files).see_pixels;
  how.keep_classes = options_.checks.gate && !planned.is_kept;
  const double shift_error_px = take_shift(parts, how);
  how.see_pixels = [&, gate = how.see_pixels](const Scene& scene, Band band, PlaneView<const std::uint16_t> dn) {
    if (gate) gate(scene, band, dn);
    const auto found = undecided.find(name_of(scene));
    if (found == undecided.end()) return;
    // As its metadata have it, whatever it is read as.
    const auto is_it = [&](const Scene& part) { return name_of(part) == found->first; };
    found->second.add(*std::find_if(parts.begin(), parts.end(), is_it), band, dn);
  };
  Mosaic seen = read_mosaic(light_.to_read(parts), grid_, watched_bands, how);
  how.keep_classes = false;
  for (const Scene& part : parts) {
    if (!planned.is_kept) refuse_elsewhere(part, grid_, bands_of_ground, files);
    const auto found = undecided.find(name_of(part));
    if (found == undecided.end()) continue;
    take_decision(part, check_offsets_on(part, found->second.pixels(), options_.checks.offsets), acquisition);
  }
  complete_mask(parts, how, options_.masks, seen);
  if (options_.checks.gate && !planned.is_kept) refuse_displaced(parts.front(), seen);
  how.see_pixels = mosaic_options(files).see_pixels;
  read_more(parts, how, seen);
  light_.correct(parts, datatake.acquired, seen);
  ObservationPlanes& planes = acquisition.planes;
  planes.when = datatake.acquired;
  // The noise that was learnt has the typical error: only what is more than that is not in it.
  const double typical_px = options_.typical_shift_error_px;
  planes.position_error_px =
      static_cast<float>(std::sqrt(std::max(0.0, shift_error_px * shift_error_px - typical_px * typical_px)));
  for (std::size_t band = 0; band < watched_bands.size(); ++band) {
    *planes_of(planes)[band] = std::move(seen.reflectance.at(watched_bands[band]));
  }
  for (const Band band : options_.more_bands) planes.more.emplace(band, std::move(seen.reflectance.at(band)));
  planes.mask = std::move(seen.mask);
  if (!options_.write_masks.empty()) write_mask_of(datatake, planes);
  return acquisition;
}

/// Adds the bands that extra features need beside. Nothing is masked for them: where one has no measurement, or no
/// scene has the band, they are absent.
void AcquisitionReader::read_more(const std::vector<Scene>& parts, MosaicOptions how, Mosaic& seen) const {
  if (options_.more_bands.empty()) return;
  how.dispensable = options_.more_bands;
  how.keep_classes = false;
  Mosaic more = read_mosaic(light_.to_read(parts), seen.grid, options_.more_bands, how);
  for (auto& [band, plane] : more.reflectance) seen.reflectance.insert_or_assign(band, std::move(plane));
}

/// Whether each pixel of an acquisition follows from the ground around it.
bool AcquisitionReader::is_local(std::span<const Scene> parts) const {
  return options_.light == LightOptions{} && !uses_spectral_masks(parts, options_.masks);
}

ObservationPlanes AcquisitionReader::read_part(const PlannedAcquisition& planned, const Window& part) const {
  const Datatake& datatake = planned.datatake;
  const std::vector<Scene> parts = scenes_by_bands(datatake);
  const bool is_all = !is_local(parts);
  Grid grid = grid_;
  if (!is_all) {
    grid.origin = grid_.to_map(part.x, part.y);
    grid.width = part.width;
    grid.height = part.height;
  }
  OpenBands files;
  MosaicOptions how = unchecked_options(files);
  take_shift(parts, how, true);
  Mosaic seen = read_mosaic(light_.to_read(parts), grid, watched_bands, how);
  complete_mask(parts, how, options_.masks, seen);
  read_more(parts, how, seen);
  light_.correct(parts, datatake.acquired, seen);
  const auto cut = [&](auto& plane) {
    if (!is_all) return std::move(plane);
    std::remove_cvref_t<decltype(plane)> piece(part.width, part.height);
    for (int y = 0; y < part.height; ++y) {
      for (int x = 0; x < part.width; ++x) piece.at(x, y) = plane.at(part.x + x, part.y + y);
    }
    return piece;
  };
  ObservationPlanes planes;
  planes.when = datatake.acquired;
  for (std::size_t band = 0; band < watched_bands.size(); ++band) {
    *planes_of(planes)[band] = cut(seen.reflectance.at(watched_bands[band]));
  }
  for (const Band band : options_.more_bands) planes.more.emplace(band, cut(seen.reflectance.at(band)));
  planes.mask = cut(seen.mask);
  return planes;
}

void AcquisitionReader::write_mask_of(const Datatake& datatake, const ObservationPlanes& planes) const {
  std::error_code error;
  fs::create_directories(options_.write_masks, error);
  if (error) throw ConfigError("--write-masks " + options_.write_masks + ": cannot be made: " + error.message());
  std::string name = format_instant(datatake.acquired);
  std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
  write_mask(options_.write_masks + "/" + name + "_mask.tif", grid_, planes.mask.view(),
             datatake.parts.front().scene.id);
}

std::int64_t AcquisitionReader::bytes(const AcquisitionPlan& plan, int acquisitions_in_flight) const {
  std::int64_t spectral_masks = 0;
  for (const PlannedAcquisition& acquisition : plan.acquisitions) {
    spectral_masks =
        std::max(spectral_masks, spectral_mask_bytes(scenes_of(acquisition.datatake), options_.masks, grid_));
  }
  const std::int64_t pixels = std::int64_t{grid_.width} * grid_.height;
  return light_.bytes() + acquisitions_in_flight * (spectral_masks + light_.acquisition_pixel_bytes() * pixels);
}

}  // namespace pitwatch
