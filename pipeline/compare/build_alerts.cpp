#include "pipeline/compare/build_alerts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "pipeline/compare/run_record.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/polygons/clean.hpp"
#include "pipeline/polygons/measure.hpp"
#include "pipeline/polygons/simplify.hpp"
#include "pipeline/polygons/trace.hpp"
#include "pipeline/report/versions.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t id_digits = 12;

std::map<Band, Calibration> calibrations(const PairInputs& inputs, Date date) {
  std::map<Band, Calibration> result;
  for (const PairInput& input : inputs.inputs()) {
    if (input.date == date && is_reflectance(input.band)) result.emplace(input.band, input.asset.calibration);
  }
  return result;
}

/// Calls body(0) ... body(count - 1), in parallel by the hundred.
void for_each_block(std::size_t count, const std::function<void(std::size_t)>& body) {
  constexpr std::size_t block = 256;
  in_parallel(static_cast<int>((count + block - 1) / block), [&](int i) {
    const std::size_t first = static_cast<std::size_t>(i) * block;
    for (std::size_t k = first; k < std::min(first + block, count); ++k) body(k);
  });
}

/// The same place, date and scene give the same name, whoever computes it.
std::string alert_id(const Region& region, const Grid& grid, const CompareReport& report) {
  const MapPoint corner = grid.to_map(region.runs.front().begin, region.runs.front().row);
  const std::string key = grid.crs + "|" + std::to_string(std::llround(corner.x)) + "|" +
                          std::to_string(std::llround(corner.y)) + "|" + format_instant(report.before.acquired) + "|" +
                          format_instant(report.after.acquired);
  return "PW-" + sha256_text(key).substr(0, id_digits);
}

}  // namespace

std::vector<RegionSums> sum_regions(const std::vector<Component>& components, const PairPixels& pixels,
                                    const PairGeometry& geometry, PlaneView<const std::uint8_t> score,
                                    const Window& tile) {
  // Pixels weigh by the odds that they changed: those on the rim, mixed with what did not change, hardly count.
  static const std::array<int, 256> weights = [] {
    std::array<int, 256> table{};
    for (std::size_t code = 0; code <= score_max; ++code) {
      const double odds = static_cast<double>(code) / (score_max + 0.5 - static_cast<double>(code));
      table[code] = std::max(1, static_cast<int>(std::lround(16 * odds)));
    }
    return table;
  }();
  struct Layer {
    Date date;
    Band band;
    BandPlace place;
  };
  std::vector<Layer> layers;
  for (const Date date : both_dates) {
    for (const BandInfo& band : band_infos) {
      const auto& place = geometry.find(date, band.band);
      // What a change is called does not depend on features that are asked for.
      if (place && is_reflectance(band.band) && is_read_anyway(band.band)) layers.push_back({date, band.band, *place});
    }
  }
  std::vector<RegionSums> result;
  result.reserve(components.size());
  std::vector<std::uint16_t> dn;
  std::vector<int> run_weights;
  for (const Component& component : components) {
    RegionSums sums;
    sums.first = component.runs.front();
    for (const Run& run : component.runs) {
      run_weights.clear();
      for (int x = run.begin; x < run.end; ++x) {
        const std::uint8_t code = score.at(x - tile.x, run.row - tile.y);
        sums.score += code;
        run_weights.push_back(weights[code]);
      }
      sums.pixels += run.end - run.begin;
      for (const auto& [date, band, place] : layers) {
        // A band may cover less ground than the evidence: beyond its raster it tells nothing.
        const int row = place.y.nearest(run.row);
        const int first = std::max(0, place.x.nearest(run.begin));
        const int last = std::min(place.width - 1, place.x.nearest(run.end - 1));
        if (row < 0 || row >= place.height || first > last) continue;
        dn.resize(static_cast<std::size_t>(last - first + 1));
        pixels.read_row(date, band, row, first, last + 1, dn.data());
        BandSums& of_date = date == Date::before ? sums.before : sums.after;
        for (int x = run.begin; x < run.end; ++x) {
          const int column = place.x.nearest(x);
          if (column < first || column > last) continue;
          const std::uint16_t value = dn[static_cast<std::size_t>(column - first)];
          if (!is_measurement(place.calibration, value)) continue;
          of_date.add(band, value, run_weights[static_cast<std::size_t>(x - run.begin)]);
        }
      }
    }
    result.push_back(sums);
  }
  return result;
}

/// The mean score of its pixels, 0..1.
double confidence_of(const RegionSums& sums) {
  return static_cast<double>(sums.score) / static_cast<double>(std::max<std::int64_t>(sums.pixels, 1)) / score_max;
}

std::vector<Region> build_regions(const std::vector<Component>& components,
                                  const std::vector<std::vector<RegionSums>>& sums_by_tile, const PairInputs& inputs,
                                  const CompareOptions& options) {
  // Which component a run of a tile belongs to: runs only grow together when tiles are joined.
  struct Place {
    Run run;
    std::size_t component;
  };
  std::vector<Place> places;
  for (std::size_t i = 0; i < components.size(); ++i) {
    for (const Run& run : components[i].runs) places.push_back({run, i});
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.run < b.run; });

  std::vector<Region> regions(components.size());
  const auto add = [&](const RegionSums& part) {
    // The last run that does not begin after the part's first run.
    const Run key{part.first.row, part.first.begin, std::numeric_limits<int>::max()};
    auto place = std::upper_bound(places.begin(), places.end(), key,
                                  [](const Run& run, const Place& candidate) { return run < candidate.run; });
    if (place == places.begin()) return;
    --place;
    if (place->run.row != part.first.row || place->run.end <= part.first.begin) return;  // its component was dropped
    RegionSums& of_region = regions[place->component].sums;
    of_region.score += part.score;
    of_region.pixels += part.pixels;
    of_region.before += part.before;
    of_region.after += part.after;
  };
  for (const std::vector<RegionSums>& of_tile : sums_by_tile) std::for_each(of_tile.begin(), of_tile.end(), add);
  const auto before = calibrations(inputs, Date::before);
  const auto after = calibrations(inputs, Date::after);
  const std::int64_t max_hole = min_pixels(options.min_area_ha, inputs.grid()) - 1;
  for_each_block(components.size(), [&](std::size_t i) {
    Region& region = regions[i];
    region.sums.first = components[i].runs.front();
    region.runs = fill_small_holes(components[i].runs, max_hole);
    region.before = mean_spectrum(region.sums.before, before);
    region.after = mean_spectrum(region.sums.after, after);
    region.change_class = classify_change(region.before, region.after);
  });
  std::erase_if(regions, [&](const Region& region) { return confidence_of(region.sums) < options.min_confidence; });
  return regions;
}

std::vector<Alert> build_alerts(const std::vector<Region>& regions, const PairInputs& inputs,
                                const CompareReport& report, const CompareOptions& options) {
  const Grid& grid = inputs.grid();
  std::vector<PixelMultiPolygon> shapes(regions.size());
  std::vector<double> uncertainties_px(regions.size());
  for_each_block(regions.size(), [&](std::size_t i) {
    shapes[i] = trace(regions[i].runs);
    uncertainties_px[i] = area_uncertainty_px(shapes[i]);
  });
  if (options.simplify_m > 0) simplify(shapes, options.simplify_m / grid.pixel_size_m);

  const std::string algorithm = algorithm_name(options);
  std::vector<Alert> alerts(regions.size());
  for_each_block(regions.size(), [&](std::size_t i) {
    const Region& region = regions[i];
    Alert& alert = alerts[i];
    alert.id = alert_id(region, grid, report);
    alert.change_class = region.change_class;
    const ClassProbabilities likely = class_probabilities(region.before, region.after);
    alert.class_probability = likely[index(region.change_class)];
    alert.class_probabilities = likely;
    const auto red = [](const Spectrum& spectrum) {
      return static_cast<double>(spectrum[static_cast<std::size_t>(Band::B04)].value_or(0.0F));
    };
    alert.natural_probability = natural_probability(likely, red(region.after) - red(region.before));
    alert.first_detected = report.after.acquired;
    alert.onset_after = report.before.acquired;
    alert.onset_before = report.after.acquired;
    alert.last_detected = report.after.acquired;
    alert.last_observed = report.after.acquired;
    alert.observations = 1;
    alert.confidence = confidence_of(region.sums);
    alert.change = index_change(region.before, region.after);
    alert.scenes_before = {report.before.id};
    alert.scenes_after = {report.after.id};
    alert.tile = report.after.tile.empty() ? report.before.tile : report.after.tile;
    alert.algorithm = algorithm;
    alert.shape = std::move(shapes[i]);
  });
  PixelAreas pixel_areas(grid);  // not for several threads
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const auto& [column, row] = middle_of(regions[i].runs);
    const double pixel_ha = pixel_areas.at_m2(column, row) / 1e4;
    alerts[i].area_ha = static_cast<double>(count_pixels(regions[i].runs)) * pixel_ha;
    alerts[i].area_uncertainty_ha = uncertainties_px[i] * pixel_ha;
  }
  return alerts;
}

void burn_classes(const std::vector<Region>& regions, PlaneView<std::uint8_t> score) {
  for (int y = 0; y < score.height; ++y) {
    std::uint8_t* row = score.row(y);
    for (int x = 0; x < score.width; ++x) row[x] = row[x] == score_not_judged ? mask_not_judged : mask_stable;
  }
  for (const Region& region : regions) {
    for (const Run& run : region.runs) {
      std::fill(&score.at(run.begin, run.row), score.row(run.row) + run.end,
                static_cast<MaskCode>(region.change_class));
    }
  }
}

std::string algorithm_name(const CompareOptions& options) {
  return "pitwatch " + program_version() + " " + sha256_text(options_json(options)).substr(0, id_digits);
}

}  // namespace pitwatch
