#pragma once
// From components of the score to alerts: clean shapes, spectra, classes, outlines, areas, names.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/classify/classify.hpp"
#include "pipeline/classify/course.hpp"
#include "pipeline/compare/compare.hpp"
#include "pipeline/compare/pair_inputs.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/evidence/pair_pixels.hpp"
#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// Sums over the pixels of a component of one tile: `first` identifies the component.
struct RegionSums {
  Run first;
  std::int64_t score = 0;  // codes
  std::int64_t pixels = 0;
  BandSums before;
  BandSums after;
};

/// A finished piece of disturbed ground.
struct Region {
  std::vector<Run> runs;
  RegionSums sums;
  ChangeClass change_class{};
  Spectrum before;
  Spectrum after;
};

/// Sums digital numbers of both dates (the nearest pixel of each band, weighted by the odds of change) and scores over
/// each component of a tile.
std::vector<RegionSums> sum_regions(const std::vector<Component>& components, const PairPixels& pixels,
                                    const PairGeometry& geometry, PlaneView<const std::uint8_t> score,
                                    const Window& tile);

/// Fills small holes, gathers each component's sums from its tiles, and classifies it. This and build_alerts() run on
/// the threads of the calling arena.
std::vector<Region> build_regions(const std::vector<Component>& components,
                                  const std::vector<std::vector<RegionSums>>& sums_by_tile, const PairInputs& inputs,
                                  const CompareOptions& options);

/// One alert per region, in the same order.
std::vector<Alert> build_alerts(const std::vector<Region>& regions, const PairInputs& inputs,
                                const CompareReport& report, const CompareOptions& options);

/// Turns scores into the difference mask: the class where a region lies, 0 elsewhere, 255 where not judged.
void burn_classes(const std::vector<Region>& regions, PlaneView<std::uint8_t> score);

/// "pitwatch 0.1.0 1a2b3c4d5e6f": version and hash of the options that change results.
std::string algorithm_name(const CompareOptions& options);

}  // namespace pitwatch
