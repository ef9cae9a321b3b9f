#pragma once
// One band of one scene on the grid of a site.

#include <functional>
#include <utility>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/mask.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/geo/grid_mapping.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/block_cache.hpp"

namespace pitwatch {

/// Along one axis: where the centres of a grid's pixels lie among those of a raster's.
struct Axis {
  double start = 0;  // position of the first centre
  double step = 1;
  int length = 0;  // of the raster

  /// To 1/1024 pixel, so that map coordinates with a rounded last place fall on the lattice all the same.
  double position(int i) const;
  /// The raster's pixel that holds the centre; may be outside.
  int nearest(int i) const;
  bool inside(int i) const { return nearest(i) >= 0 && nearest(i) < length; }
};

struct Axes {
  Axis x;
  Axis y;
};

/// Of two grids in one CRS. The shifts are in pixels of `grid`: what lies at x there is found at x + shift.
Axes axes_between(const Grid& grid, const Grid& raster, double shift_x_px = 0, double shift_y_px = 0);

/// The raster's pixels that a grid draws from, with `reach` more on all sides; empty where none is inside.
Window window_under(const Axes& axes, const Grid& grid, int reach);

/// The same of a raster in another CRS. Throws DataError where a projection tears the grid apart: no more is read than
/// a turned square and a change of scale ask for.
Window window_under(const GridMapping& mapping, const Grid& grid, const Grid& raster, int reach);

/// Throws DataError where a file cannot be that band: reflectance of 8 bits is a picture for the eye.
void check_kind_of(Band band, const BandFile& file);

/// Throws DataError where a classification has numbers that are no class of Sen2Cor (0..11, or 255 for none).
void check_classes(const BandFile& file, const Plane<std::uint16_t>& codes);

/// By way of the cache where there is one.
Plane<std::uint16_t> read_dn(const BandFile& file, const Window& window, BlockCache* blocks);

/// Reflectance, NaN where there is no measurement, and why there is none: mask_nodata, mask_saturated.
struct BandPlane {
  Plane<float> reflectance;
  Plane<MaskBits> bits;
};

/// A band of a scene on a grid; interpolation as read_mosaic() says; `blocks` as for read_dn(). `see` gets the pixels
/// as they lie in the file, and may be empty. Throws DataError for a file that cannot be read, a band whose pixels are
/// not of its kind (check_kind_of()), or a CRS without a way from the grid's.
BandPlane read_band(Band band, const BandFile& file, const Calibration& calibration, const Grid& grid,
                    double shift_x_px, double shift_y_px, BlockCache* blocks,
                    const std::function<void(PlaneView<const std::uint16_t>)>& see);

}  // namespace pitwatch
