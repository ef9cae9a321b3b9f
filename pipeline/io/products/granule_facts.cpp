#include "pipeline/io/products/granule_facts.hpp"

#include <algorithm>
#include <set>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

template <typename T>
void check_layer(const std::string& name, const Granule& granule, const Grid& grid, PlaneView<const T> plane,
                 int pixel_size_m) {
  const Grid& first = granule.bands.front().grid;
  const std::string start = "granule on " + granule.tile + ", " + name + ": ";
  if (plane.width != grid.width || plane.height != grid.height || grid.extent().empty()) {
    throw DataError(start + "the plane does not have the size of its grid");
  }
  if (grid.pixel_size_m != pixel_size_m) throw DataError(start + "the grid is not at the native resolution");
  if (grid.crs != first.crs || grid.origin.x != first.origin.x || grid.origin.y != first.origin.y) {
    throw DataError(start + "the grid has another corner than the first band's");
  }
}

}  // namespace

void check_granule(const Granule& granule) {
  if (granule.bands.empty()) throw DataError("granule on " + granule.tile + ": no bands");
  std::set<Band> seen;
  for (const Granule::BandPixels& band : granule.bands) {
    const std::string band_name(name(band.band));
    if (!is_reflectance(band.band) || band.band == Band::B10 || !seen.insert(band.band).second) {
      throw DataError("granule on " + granule.tile + ": " + band_name + " is not a band of Level-2A, or given twice");
    }
    check_layer(band_name, granule, band.grid, band.dn, info(band.band).pixel_size_m);
  }
  for (const auto& [layer, plane] : {std::pair{"SCL", granule.scl},
                                     {"cloud probability", granule.cloud_probability},
                                     {"snow probability", granule.snow_probability}}) {
    if (plane.data != nullptr) check_layer(layer, granule, granule.classification_grid, plane, 20);
  }
}

const Grid& finest_grid(const Granule& granule) {
  return std::min_element(granule.bands.begin(), granule.bands.end(),
                          [](const auto& a, const auto& b) { return a.grid.pixel_size_m < b.grid.pixel_size_m; })
      ->grid;
}

std::array<LonLat, 4> corners(const Grid& grid) {
  ToWgs84 to_wgs84(grid.crs);
  const double width = grid.width;
  const double height = grid.height;
  return {to_wgs84(grid.to_map(0, height)), to_wgs84(grid.to_map(width, height)), to_wgs84(grid.to_map(width, 0)),
          to_wgs84(grid.to_map(0, 0))};
}

std::array<double, 12> class_percentages(const Granule& granule) {
  std::array<std::int64_t, 256> counts{};
  for (int y = 0; y < granule.scl.height; ++y) {
    for (int x = 0; x < granule.scl.width; ++x) ++counts[granule.scl.at(x, y)];
  }
  std::int64_t classified = 0;
  for (std::size_t i = 1; i < counts.size(); ++i) classified += counts[i];
  std::array<double, 12> percentages{};
  if (classified == 0) return percentages;
  for (std::size_t i = 1; i < percentages.size(); ++i) {
    percentages[i] = 100 * static_cast<double>(counts[i]) / static_cast<double>(classified);
  }
  return percentages;
}

}  // namespace pitwatch
