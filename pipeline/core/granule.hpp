#pragma once
// A Level-2A granule as it is handed to a writer of products (SAFE, STAC): pixels, and what its metadata has to say.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// Shares of the granule's pixels that have data, in percent; those of `nodata` of all pixels.
struct GranuleQuality {
  double nodata = 0;
  double cloud = 0;
  double cloud_shadow = 0;
  double cirrus = 0;
  double snow = 0;
  double vegetation = 0;
  double not_vegetated = 0;
  double water = 0;
};

struct Granule {
  char spacecraft = 'A';   // Sentinel-2A, B, C
  Instant acquired{};      // start of the datatake, as product names have it
  Instant processed{};     // generation of the product
  int relative_orbit = 1;  // 1..143
  int absolute_orbit = 1;
  int sequence = 0;                 // tells granules of one tile and datatake apart: parts of it, and later editions
  std::string tile;                 // "T38TPK"
  std::string processing_baseline;  // "04.00"
  /// BOA_ADD_OFFSET of all bands: reflectance = (DN + offset) / 10000. -1000 from baseline 04.00 on, before it 0.
  int boa_add_offset = 0;
  ViewAngles sun;
  ViewAngles view;
  GranuleQuality quality;
  std::string site;     // what the granule was made for; names tell granules of one tile and date apart by it
  std::string made_by;  // program, version and seed: products say that they are synthetic, and of what

  /// A band at its native resolution. All bands share the upper left corner. DN 0 is no data.
  struct BandPixels {
    Band band = Band::B02;
    Grid grid;
    PlaneView<const std::uint16_t> dn;
  };
  std::vector<BandPixels> bands;

  /// 8-bit layers at 20 m, on one grid: scene classification, cloud probability and snow probability in percent.
  Grid classification_grid;
  PlaneView<const std::uint8_t> scl;
  PlaneView<const std::uint8_t> cloud_probability;
  PlaneView<const std::uint8_t> snow_probability;
};

}  // namespace pitwatch
