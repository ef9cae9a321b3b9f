#include "pipeline/acquisition/checks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "pipeline/acquisition/site_band.hpp"
#include "pipeline/align/band_agreement.hpp"
#include "pipeline/align/class_agreement.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/gate/scene_gate.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

constexpr int decimated_px = 512;
constexpr const char* no_offset_given = "none given";  // OffsetBasis::rule of a STAC item that is silent
constexpr std::int64_t gate_pixels = std::int64_t{4} << 20;

std::string joined(const std::vector<std::string>& texts) {
  std::string result;
  for (const std::string& text : texts) result.append(result.empty() ? "" : "; ").append(text);
  return result;
}

void refuse(const std::vector<std::string>& findings) {
  if (!findings.empty()) throw DataError("unfit for use: " + joined(findings));
}

std::vector<Band> telling_bands(const Scene& scene) {
  std::vector<Band> bands;
  for (const Band band : {Band::B04, scene.has(Band::B08) ? Band::B08 : Band::B8A, Band::B11, Band::B12}) {
    if (scene.has(band)) bands.push_back(band);
  }
  return bands;
}

bool differ(double a, double b) { return std::abs(a - b) > 1e-5 * std::max(std::abs(a), std::abs(b)); }

std::string number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", number);
  return text.data();
}

/// "B02 -0.1, B04 0" where bands of one product have different offsets, or scales; empty where all have the same. JPEG
/// 2000 files and others are products of their own: a catalogue that has applied the offset to its own files links to
/// ESA's.
std::string different_numbers(const Scene& scene, float Calibration::*member) {
  std::array<std::optional<Band>, 2> first;
  for (const auto& [band, asset] : scene.bands) {
    if (!is_reflectance(band) || asset.layer.coding != PixelCoding::as_stored) continue;
    std::optional<Band>& known = first[asset.path.find(".jp2") == std::string::npos ? 0 : 1];
    if (!known) known = band;
    const float one = scene.bands.at(*known).calibration.*member;
    const float other = asset.calibration.*member;
    if (!differ(one, other)) continue;
    const auto text = [](Band of, float number) { return std::string(name(of)) + " " + number_text(number); };
    return text(*known, one) + ", " + text(band, other);
  }
  return {};
}

OffsetReport report_on(const Scene& scene, OffsetFinding finding, OffsetCheck check) {
  OffsetReport report;
  report.decision = decide_on_offsets(scene.offsets, finding, check);
  const auto object = [&](const std::string& found) {
    if (check == OffsetCheck::off) return;
    if (check == OffsetCheck::warn) {
      report.decision.warnings.push_back(found);
    } else {
      report.decision.use = false;
      report.decision.reason = found;
    }
  };
  if (const std::string different = different_numbers(scene, &Calibration::scale); !different.empty()) {
    object("scales differ between bands, and products have one: " + different);
  }
  if (const std::string different = different_numbers(scene, &Calibration::offset); !different.empty()) {
    object("offsets by " + scene.offsets.rule + " differ between bands, and products have one: " + different);
  }
  if (check == OffsetCheck::refuse && report.decision.use && !scene.offsets.is_declared &&
      finding.verdict != OffsetVerdict::agrees) {
    report.decision.use = false;
    report.decision.reason = "the metadata do not tell the offsets (" + scene.offsets.rule +
                             (scene.processing_baseline.empty() ? "" : ", baseline " + scene.processing_baseline) +
                             "), and the pixels do not show them: " + finding.text;
  }
  report.finding = std::move(finding);
  return report;
}

std::string file_of(const Scene& scene, Band band) {
  return std::string(name(band)) + ": " + redacted(scene.bands.at(band).path);
}

/// What the files say of their own numbers, held against what the metadata say or leave open.
void compare_with_file(const Scene& scene, Band band, const BandFile& file, OffsetCheck check, OffsetReport& report) {
  const BandAsset& asset = scene.bands.at(band);
  const std::optional<OwnScale> own = file.own_scale();
  if (!own || asset.layer.coding != PixelCoding::as_stored || !report.decision.use) return;
  const double scale{asset.calibration.scale};
  const double offset{asset.calibration.offset};
  const bool is_other_scale = differ(own->scale, scale);
  if (!is_other_scale && std::abs(own->offset - offset) < 1e-6) return;
  const std::string found = file_of(scene, band) + ": says of itself scale " + number_text(own->scale) +
                            " and offset " + number_text(own->offset) + ", but is read by scale " + number_text(scale) +
                            " and offset " + number_text(offset) + " (" + scene.offsets.rule + ")";
  const bool is_known = !is_other_scale && scene.offsets.rule.find(no_offset_given) == std::string::npos;
  if (is_known || check == OffsetCheck::warn) {
    report.decision.warnings.push_back(found);
  } else {
    report.decision.use = false;
    report.decision.reason = found;
  }
}

/// Metres of a map.
struct MapBox {
  double west = 0;
  double south = 0;
  double east = 0;
  double north = 0;

  double least_side() const { return std::min(east - west, north - south); }
};

MapBox box_of(const Grid& grid) {
  const MapPoint corner = grid.to_map(grid.width, grid.height);
  return {grid.origin.x, corner.y, corner.x, grid.origin.y};
}

/// Of boxes that share nothing a side is 0 or less.
MapBox common(const MapBox& a, const MapBox& b) {
  return {std::max(a.west, b.west), std::max(a.south, b.south), std::min(a.east, b.east), std::min(a.north, b.north)};
}

void refuse_misclassified(const Scene& scene, const Mosaic& acquisition) {
  const auto plane = [&](Band band) { return acquisition.reflectance.find(band); };
  const auto there = [&](Band band) { return plane(band) != acquisition.reflectance.end(); };
  if (acquisition.classes.width() == 0 || !scene.has(Band::SCL) || !there(Band::B02) || !there(Band::B04) ||
      !there(Band::B08)) {
    return;
  }
  const ClassifiedPixels pixels{plane(Band::B02)->second.view(), plane(Band::B04)->second.view(),
                                plane(Band::B08)->second.view(), acquisition.classes.view()};
  const std::string finding = misclassified(class_agreement(pixels), acquisition.grid.pixel_size_m);
  if (!finding.empty()) refuse({file_of(scene, Band::SCL) + ": " + finding});
}

/// Whether two bands are the same wherever both were measured, on ground that is not the same everywhere. Most often
/// the first pixels tell that they are not.
bool is_copy(const Mosaic& acquisition, const Plane<float>& one, const Plane<float>& other) {
  constexpr std::int64_t fewest = 400;
  std::int64_t count = 0;
  float least = std::numeric_limits<float>::max();
  float most = std::numeric_limits<float>::lowest();
  for (int y = 0; y < one.height(); ++y) {
    for (int x = 0; x < one.width(); ++x) {
      const float value = one.at(x, y);
      if (acquisition.mask.at(x, y) != mask_clear || std::isnan(value) || std::isnan(other.at(x, y))) continue;
      if (value != other.at(x, y)) return false;
      ++count;
      least = std::min(least, value);
      most = std::max(most, value);
    }
  }
  return count >= fewest && least < most;
}

/// Bands that are one image under two names.
void refuse_copies(const Scene& scene, const Mosaic& acquisition) {
  const auto& planes = acquisition.reflectance;
  for (auto one = planes.begin(); one != planes.end(); ++one) {
    for (auto other = std::next(one); other != planes.end(); ++other) {
      const bool is_narrow = one->first == Band::B08 && other->first == Band::B8A;  // may stand for it
      if (is_narrow || !scene.has(one->first) || !scene.has(other->first)) continue;
      if (!is_copy(acquisition, one->second, other->second)) continue;
      refuse({file_of(scene, other->first) + ": has the pixels of " + file_of(scene, one->first)});
    }
  }
}

/// Where a large scene is looked at: in the one of nine windows where its bands tell most, and in the one where its
/// classification does.
struct TellingWindows {
  Grid of_bands;
  Grid of_classes;
};

/// How much clear ground differs within a window: its mean difference from its mean, times its share of the window.
double contrast(const Mosaic& acquisition, const Plane<float>& plane) {
  double sum = 0;
  std::int64_t count = 0;
  const auto for_each_clear = [&](const auto& visit) {
    for (int y = 0; y < plane.height(); ++y) {
      for (int x = 0; x < plane.width(); ++x) {
        if (acquisition.mask.at(x, y) == mask_clear && !std::isnan(plane.at(x, y)))
          visit(static_cast<double>(plane.at(x, y)));
      }
    }
  };
  for_each_clear([&](double value) {
    sum += value;
    ++count;
  });
  if (count == 0) return 0;
  const double mean = sum / static_cast<double>(count);
  double differences = 0;
  for_each_clear([&](double value) { differences += std::abs(value - mean); });
  return differences / (static_cast<double>(plane.width()) * plane.height());
}

/// Pixels that are of another class than most.
std::int64_t variety(const Plane<std::uint8_t>& classes) {
  std::array<std::int64_t, 256> counts{};
  for (int y = 0; y < classes.height(); ++y) {
    for (int x = 0; x < classes.width(); ++x) ++counts[classes.at(x, y)];
  }
  counts[0] = 0;  // no data
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) -
         *std::max_element(counts.begin(), counts.end());
}

TellingWindows telling_windows(std::span<const Scene> parts, const Grid& grid, std::span<const Band> bands,
                               const MosaicOptions& options) {
  const int width = std::min(grid.width, agreement_window_px);
  const int height = std::min(grid.height, agreement_window_px);
  std::vector<Grid> windows;
  for (const double down : {0.5, 1.0 / 6, 5.0 / 6}) {
    for (const double across : {0.5, 1.0 / 6, 5.0 / 6}) {
      Grid window = grid;
      window.width = width;
      window.height = height;
      window.origin = grid.to_map(std::round((grid.width - width) * across), std::round((grid.height - height) * down));
      if (std::find(windows.begin(), windows.end(), window) == windows.end()) windows.push_back(window);
    }
  }
  TellingWindows best{windows.front(), windows.front()};
  if (windows.size() == 1 || std::find(bands.begin(), bands.end(), Band::B04) == bands.end()) return best;
  constexpr std::array red{Band::B04};
  double most_contrast = 0;
  std::int64_t most_variety = 0;
  for (const Grid& window : windows) {
    const Mosaic acquisition = read_mosaic(parts, window, red, options);
    if (const double found = contrast(acquisition, acquisition.reflectance.at(Band::B04)); found > most_contrast) {
      most_contrast = found;
      best.of_bands = window;
    }
    if (!options.keep_classes) continue;
    if (const std::int64_t found = variety(acquisition.classes); found > most_variety) {
      most_variety = found;
      best.of_classes = window;
    }
  }
  return best;
}

/// Columns or rows of a file.
struct Stretch {
  int begin = 0;
  int length = 0;
};

/// All, or where these are many three of them spread evenly, of whole blocks where those are small.
std::vector<Stretch> stretches_of(const Stretch& all, int block) {
  constexpr int pieces = 3;
  constexpr int piece_px = 512;
  constexpr int largest_block_px = 1024;
  if (all.length <= pieces * std::max(piece_px, block <= largest_block_px ? block : 0)) return {all};
  const int unit = block <= largest_block_px ? block : 1;
  const int length = std::max(1, piece_px / unit) * unit;
  std::vector<Stretch> some;
  for (int i = 0; i < pieces; ++i) {
    const int middle = all.begin + (2 * i + 1) * (all.length / (2 * pieces));
    const int begin =
        std::clamp((middle - length / 2 + unit / 2) / unit * unit, all.begin, all.begin + all.length - length);
    some.push_back({begin, length});
  }
  return some;
}

int together(const std::vector<Stretch>& stretches) {
  int length = 0;
  for (const Stretch& one : stretches) length += one.length;
  return length;
}

/// Of a file the pixels over a grid.
Window window_of(const Grid& grid, const BandFile& file) {
  if (file.grid().crs == grid.crs) return window_under(axes_between(grid, file.grid()), grid, 0);
  return window_under(GridMapping(grid, lattice_of(file.grid())), grid, file.grid(), 0);
}

/// The reflectance that so many of the pixels do not reach; nothing where none is a measurement.
std::optional<double> quantile(const BandPixels& band, double share) {
  std::vector<std::uint16_t> numbers;
  for (int y = 0; y < band.dn.height; ++y) {
    std::copy_if(band.dn.row(y), band.dn.row(y) + band.dn.width, std::back_inserter(numbers),
                 [&](std::uint16_t dn) { return is_measurement(band.calibration, dn); });
  }
  if (numbers.empty()) return std::nullopt;
  const auto place = numbers.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(numbers.size() - 1));
  std::nth_element(numbers.begin(), place, numbers.end());
  return static_cast<double>(*place) * double{band.calibration.scale} + double{band.calibration.offset};
}

/// Of plain images the user says the scale. With 0.0001 for reflectances of 0 to 1 all would be as dark as no ground is
/// in red and infrared together, and nothing would ever change; a scale that is too large leaves no measurement, which
/// garbage_in() tells.
void refuse_given_scale(const Scene& scene, std::span<const BandPixels> bands) {
  if (!scene.offsets.rule.starts_with("--scale")) return;
  constexpr double darkest = 0.005;
  constexpr double nearly_all = 0.99;
  double brightest = 0;
  for (const BandPixels& band : bands) {
    const std::optional<double> reflectance = quantile(band, nearly_all);
    if (!reflectance) return;
    brightest = std::max(brightest, *reflectance);
  }
  if (bands.empty() || brightest >= darkest) return;
  throw DataError(
      "by the --scale that is given nearly all ground is darker than 0.005 in every band: its numbers have "
      "another scale");
}

}  // namespace

OffsetReport check_offsets_of(const Scene& scene, OpenBands& files, OffsetCheck check, BlockCache* blocks) {
  if (check == OffsetCheck::off) return check_offsets_without_pixels(scene, check, "not looked at");
  const std::vector<Band> bands = telling_bands(scene);
  std::vector<Plane<std::uint16_t>> planes;
  std::vector<BandPixels> pixels;
  for (const Band band : bands) {
    const BandAsset& asset = scene.bands.at(band);
    try {
      const BandFile& file = files.at(asset);
      check_kind_of(band, file);
      BandFile::WindowReader by_blocks;
      if (blocks != nullptr) {
        by_blocks = [&](const Window& window, PlaneView<std::uint16_t> into) {
          blocks->read_window(file, window, into);
        };
      }
      planes.push_back(file.read_decimated(decimated_px, by_blocks));
    } catch (...) {
      rethrow_with_context("band " + std::string(name(band)));
    }
  }
  for (std::size_t i = 0; i < bands.size(); ++i) {
    pixels.push_back({bands[i], std::as_const(planes[i]).view(), scene.bands.at(bands[i]).calibration});
  }
  refuse_given_scale(scene, pixels);
  OffsetReport report = check_offsets_on(scene, pixels, check);
  for (const Band band : bands) compare_with_file(scene, band, files.at(scene.bands.at(band)), check, report);
  return report;
}

OffsetReport check_offsets_on(const Scene& scene, std::span<const BandPixels> pixels, OffsetCheck check) {
  return report_on(scene, check_offsets(pixels), check);
}

OffsetReport check_offsets_without_pixels(const Scene& scene, OffsetCheck check, const std::string& why) {
  return report_on(scene, {OffsetVerdict::cannot_tell, why}, check);
}

void refuse_damaged(const Scene& scene) {
  for (const auto& [band, asset] : scene.bands) {
    if (asset.sha256.empty() || sha256_file(asset.path) == asset.sha256) continue;
    throw DataError("band " + std::string(name(band)) + ": " + redacted(asset.path) +
                    ": is not as it was fetched: its SHA-256 is another than its item has; fetch it again");
  }
}

void OffsetMemory::refuse_damaged(const Scene& scene) {
  const auto is_checked = [](const auto& band) { return !band.second.sha256.empty(); };
  if (std::none_of(scene.bands.begin(), scene.bands.end(), is_checked)) return;
  const std::string key = scene.source + "\n" + scene.id;
  std::optional<std::string> damage;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = damage_.find(key); found != damage_.end()) damage = found->second;
  }
  if (!damage) {
    damage.emplace();
    try {
      pitwatch::refuse_damaged(scene);
    } catch (const DataError& error) {
      damage = error.what();
    }
    const std::lock_guard lock(mutex_);
    damage_.emplace(key, *damage);
  }
  if (!damage->empty()) throw DataError(*damage);
}

OffsetReport OffsetMemory::check(const Scene& scene, OpenBands& files, OffsetCheck check, BlockCache* blocks) {
  refuse_damaged(scene);
  const std::string key = scene.source + "\n" + scene.id;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
  }
  OffsetReport report = check_offsets_of(scene, files, check, blocks);
  const std::lock_guard lock(mutex_);
  return known_.emplace(key, std::move(report)).first->second;
}

void refuse_garbage(const Scene& scene, Band band, PlaneView<const std::uint16_t> dn) {
  if (is_reflectance(band)) refuse(garbage_in({band, dn, scene.bands.at(band).calibration}));
}

void refuse_garbage(const Scene& scene, Band band, const BandFile& file) {
  if (!is_reflectance(band)) return;
  const Plane<std::uint16_t> dn = file.read_spread(gate_pixels);
  refuse_garbage(scene, band, dn.view());
}

void refuse_garbage(const Scene& scene, const Grid& grid, std::span<const Band> bands, OpenBands& files,
                    BlockCache& blocks) {
  for (const Band band : bands) {
    if (!is_reflectance(band) || !scene.has(band)) continue;
    const BandFile& file = files.at(scene.bands.at(band));
    const Window window = window_of(grid, file);
    if (window.empty()) continue;
    const std::vector<Stretch> columns = stretches_of({window.x, window.width}, file.block_width());
    const std::vector<Stretch> rows = stretches_of({window.y, window.height}, file.block_height());
    Plane<std::uint16_t> dn(together(columns), together(rows));
    int y = 0;
    for (const Stretch& row : rows) {
      int x = 0;
      for (const Stretch& column : columns) {
        const PlaneView<std::uint16_t> piece{&dn.at(x, y), column.length, row.length, dn.stride()};
        blocks.read_window(file, {column.begin, row.begin, column.length, row.length}, piece);
        x += column.length;
      }
      y += row.length;
    }
    refuse_garbage(scene, band, std::as_const(dn).view());
  }
}

void refuse_misplaced(double shift_x_px, double shift_y_px, int windows) {
  refuse(misplaced(shift_x_px, shift_y_px, windows));
}

void refuse_elsewhere(const Scene& scene, const Grid& ground, std::span<const Band> bands, OpenBands& files) {
  constexpr double sliver_m = 120;  // files of one product may end a pixel of 60 m apart
  // Of a file that cannot be opened whoever reads it says so.
  const auto grid_of = [&](Band band) -> const Grid* {
    try {
      return scene.has(band) ? &files.at(scene.bands.at(band)).grid() : nullptr;
    } catch (const DataError&) {
      return nullptr;
    }
  };
  const auto shown_by = [&](Band band) {
    const Grid* const raster = grid_of(band);
    if (raster == nullptr) return MapBox{};
    return raster->crs == ground.crs ? common(box_of(*raster), box_of(ground)) : box_of(*raster);
  };
  const auto first =
      std::find_if(bands.begin(), bands.end(), [&](Band band) { return shown_by(band).least_side() > sliver_m; });
  if (first == bands.end()) return;
  const MapBox shown = shown_by(*first);
  for (const Band band : bands) {
    const Grid* const raster = grid_of(band);
    if (raster == nullptr) continue;
    if (raster->crs == grid_of(*first)->crs && common(shown, box_of(*raster)).least_side() > 0) continue;
    const std::string& own = raster->crs;
    const std::string& other = grid_of(*first)->crs;
    const bool have_codes = own.starts_with("EPSG:") && other.starts_with("EPSG:");  // else they are long
    const std::string zones = own != other && have_codes ? "; it lies in " + own + ", the other in " + other : "";
    refuse({file_of(scene, band) + ": shows other ground than " + file_of(scene, *first) + zones});
  }
}

void refuse_displaced(const Scene& scene, const Mosaic& acquisition) {
  refuse_copies(scene, acquisition);
  const auto red = acquisition.reflectance.find(Band::B04);
  if (red == acquisition.reflectance.end()) return;
  const BandEdges red_edges(red->second.view(), acquisition.mask.view());
  for (const auto& [band, plane] : acquisition.reflectance) {
    if (band == Band::B04) continue;
    const BandAgreement found = band_agreement(red_edges, BandEdges(plane.view(), acquisition.mask.view()));
    if (!is_elsewhere(found)) continue;
    const double metres = acquisition.grid.pixel_size_m;
    refuse({file_of(scene, band) + ": shows the ground " + std::to_string(std::lround(found.x_px * metres)) +
            " m east and " + std::to_string(std::lround(found.y_px * metres)) + " m south of where B04 has it"});
  }
  refuse_misclassified(scene, acquisition);
}

void refuse_displaced(const Scene& scene, const Grid& grid, std::span<const Band> bands, OpenBands& files,
                      BlockCache* blocks) {
  const std::array<Scene, 1> parts{scene};
  MosaicOptions options;
  options.files = &files;
  options.blocks = blocks;
  options.keep_classes = scene.has(Band::SCL);
  const TellingWindows windows = telling_windows(parts, grid, bands, options);
  refuse_displaced(scene, read_mosaic(parts, windows.of_bands, bands, options));
  if (options.keep_classes && !(windows.of_classes == windows.of_bands)) {
    refuse_misclassified(scene, read_mosaic(parts, windows.of_classes, bands, options));
  }
}

std::string verdict_name(OffsetVerdict verdict) {
  switch (verdict) {
    case OffsetVerdict::agrees:
      return "agrees";
    case OffsetVerdict::contradicts:
      return "contradicts";
    case OffsetVerdict::cannot_tell:
      return "cannot tell";
  }
  return {};
}

std::string offset_check_name(OffsetCheck check) {
  switch (check) {
    case OffsetCheck::refuse:
      return "refuse";
    case OffsetCheck::warn:
      return "warn";
    case OffsetCheck::off:
      return "off";
  }
  return {};
}

}  // namespace pitwatch
