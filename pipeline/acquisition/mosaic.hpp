#pragma once
// One overflight over one site: reflectances of several bands on the site's own grid, and why pixels are not to be
// judged.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/acquisition/open_bands.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/mask.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/core/site.hpp"
#include "pipeline/io/raster/block_cache.hpp"

namespace pitwatch {

/// What a class of the scene classification says against a pixel (Sen2Cor; ESA, Level-2A Algorithm Overview): 0 no
/// data, 1 saturated or defective, 3 cloud shadow, 8 and 9 cloud of medium and high probability, 10 thin cirrus, 11
/// snow. Dark areas, vegetation, bare soil, water and unclassified pixels (2, 4 to 7) are judged.
inline constexpr std::array<MaskBits, 12> scl_reasons{
    mask_nodata, mask_saturated, mask_clear, mask_cloud_shadow, mask_clear,  mask_clear,
    mask_clear,  mask_clear,     mask_cloud, mask_cloud,        mask_cirrus, mask_snow,
};

struct MosaicOptions {
  std::array<MaskBits, 12> class_reasons = scl_reasons;
  double cloud_growth_m = 40;   // by which cloud is grown, between pixel centres of the classification
  double shadow_growth_m = 20;  // by which cloud shadow is grown
  /// Smaller cloud objects, three pixels of 20 m, are masked but not grown: over bright ground they are false.
  double smallest_growing_cloud_m2 = 1200;
  /// What lies at (x, y) on the site's grid is found at (x + shift_x_px, y + shift_y_px) in the scenes, pixels of the
  /// site's grid, by their georeferencing: see estimate_shift.
  double shift_x_px = 0;
  double shift_y_px = 0;
  /// Through which files are read; nothing: past any.
  BlockCache* blocks = nullptr;
  /// Which keeps files open from one reading of an overflight to the next; nothing: they are opened anew.
  OpenBands* files = nullptr;
  bool keep_classes = false;  // Mosaic::classes
  /// Bands that scenes may lack: all of such a plane is NaN, and no pixel is masked for it.
  std::span<const Band> dispensable = {};
  /// Called with the pixels of each band, as they lie in the file around the site, from several threads at once; what
  /// it throws, read_mosaic() throws.
  std::function<void(const Scene&, Band, PlaneView<const std::uint16_t>)> see_pixels;
};

/// All planes have the grid's size.
struct Mosaic {
  Grid grid;
  /// NaN where the band has no measurement. Not clamped: dark pixels may be negative.
  std::map<Band, Plane<float>> reflectance;
  /// Of all bands together: nodata or saturated where any band is.
  Plane<MaskBits> mask;
  /// The classification as it is in its files, 0 where there is none; empty unless MosaicOptions::keep_classes.
  Plane<std::uint8_t> classes = {};
};

/// The 10 m grid of a site: its bounds and so much ground around them, widened to whole pixels of 20 m, whose lattice
/// all Sentinel-2 tiles of a UTM zone share.
Grid site_grid(const Site& site, double buffer_m = 0);

/// The box of longitude and latitude around a grid. Throws DataError for a CRS that is unknown.
DegreeBox degree_box(const Grid& grid);

/// Reads scenes of one datatake over a site. `parts`, at least one, are mosaicked: a pixel is taken, in all bands, from
/// the first part that has all of them there. `bands` may not hold SCL; where it is empty, only the mask is read.
///
/// Bands of the grid's pixel size are copied where the lattices agree and interpolated by cubic convolution (Keys 1981)
/// where they do not, or where a shift has a fraction; bands of other pixel sizes are interpolated bilinearly between
/// pixel centres. Rasters in another CRS, of a neighbouring UTM zone, are interpolated likewise where GridMapping finds
/// the grid's pixels. A pixel is NaN when the raster pixel that holds its centre is no measurement; neighbours that are
/// none take no part in the interpolation, and beyond the raster's edge its edge is repeated.
///
/// The mask: see MosaicOptions. The classification is mosaicked in the same order, grown on its own pixels, and taken
/// to the site's grid by the nearest one; where the first is in another CRS, they are gathered on pixels of its size
/// over the site's grid. Where a part has no SCL, its pixels are judged unless they are no measurement.
///
/// Throws DataError naming scene, band and file: a band that a scene lacks, a file that cannot be read, a CRS without a
/// way from the grid's. Thread-safe.
Mosaic read_mosaic(std::span<const Scene> parts, const Grid& grid, std::span<const Band> bands,
                   const MosaicOptions& options = {});

/// Shares of pixels by reason, 0..1; the reasons overlap. `clear`: without any.
struct MaskShares {
  double nodata = 0;
  double cloud = 0;  // cloud or cirrus, of the pixels with data
  double shadow = 0;
  double snow = 0;
  double clear = 0;  // of all pixels
};

MaskShares mask_shares(PlaneView<const MaskBits> mask);

/// How far an acquisition is displaced.
struct MosaicShift {
  double x_px = 0;  // to be used as MosaicOptions::shift_x_px and shift_y_px
  double y_px = 0;
  double sigma_px = 0;  // standard error of each, at least 0.05
  int windows = 0;      // on which it rests
  friend bool operator==(const MosaicShift&, const MosaicShift&) = default;
};

/// Measures where a plane of the same site and band lies against a reference, by phase correlation (pipeline/align).
/// All planes have one size; pixels that are masked in either, or NaN, are not looked at. Nothing where fewer than two
/// windows of 96 px are nine tenths clear and agree that they show one ground, or where they disagree on the shift.
/// Windows are 24 px apart, or 16 along the longer side.
/// Sites hardly larger than a window do well to be read with more of their surroundings for this.
/// The reference and the acquisition must have been read without a shift, or with a known one that is to be added.
/// Thread-safe.
std::optional<MosaicShift> estimate_shift(PlaneView<const float> reference, PlaneView<const MaskBits> reference_mask,
                                          PlaneView<const float> acquisition,
                                          PlaneView<const MaskBits> acquisition_mask);

}  // namespace pitwatch
