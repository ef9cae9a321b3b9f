#include "pipeline/run/pair_inputs.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/align/alignment.hpp"
#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

std::string_view title(Date date) { return date == Date::before ? "BEFORE" : "AFTER"; }

std::string label(Date date, Band band) { return std::string(title(date)) + " band " + std::string(name(band)); }

void open_band(const Scene& scene, Date date, Band band, std::vector<PairInput>& inputs) {
  const BandAsset& asset = scene.bands.at(band);
  try {
    inputs.push_back({date, band, asset, BandFile(asset.path)});
  } catch (...) {
    rethrow_with_context(label(date, band));
  }
}

/// Pixel centres of the grid as positions in a raster: see AxisMap.
BandPlace place_of(const PairInput& input, const Grid& grid) {
  const Grid& native = input.file.grid();
  const double scale = grid.pixel_size_m / native.pixel_size_m;
  BandPlace place;
  place.calibration = input.asset.calibration;
  place.width = native.width;
  place.height = native.height;
  place.x = {(grid.origin.x - native.origin.x) / native.pixel_size_m + 0.5 * scale - 0.5, scale};
  place.y = {(native.origin.y - grid.origin.y) / native.pixel_size_m + 0.5 * scale - 0.5, scale};
  return place;
}

}  // namespace

PairInputs::PairInputs(const Scene& before, const Scene& after) {
  for (const Date date : both_dates) {
    const Scene& scene = date == Date::before ? before : after;
    for (const Band band : required_bands) {
      if (!scene.has(band)) {
        throw DataError(std::string(title(date)) + " " + scene.source + ": no asset for band " +
                        std::string(name(band)) + " (" + std::string(info(band).common_name) + ")");
      }
      open_band(scene, date, band, inputs_);
    }
    for (const Band band : optional_bands) {
      const bool used = scene.has(band) && (band == Band::SCL || (before.has(band) && after.has(band)));
      if (used) open_band(scene, date, band, inputs_);
    }
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    index_[position(inputs_[i].date, inputs_[i].band)] = static_cast<int>(i);
  }
  const PairInput& reference = this->reference();
  const PairInput& other = inputs_[static_cast<std::size_t>(*find(Date::after, Band::B04))];
  for (const PairInput& input : inputs_) {
    if (input.file.grid().crs != reference.file.grid().crs) {
      throw DataError(label(input.date, input.band) + " " + input.asset.path + ": its CRS " + input.file.grid().crs +
                      " is not that of " + label(reference.date, reference.band) + ", " + reference.file.grid().crs);
    }
  }
  const Grid& own = reference.file.grid();
  const Grid& theirs = other.file.grid();
  const double left = (theirs.origin.x - own.origin.x) / own.pixel_size_m;
  const double top = (own.origin.y - theirs.origin.y) / own.pixel_size_m;
  const double size = theirs.pixel_size_m / own.pixel_size_m;
  const auto whole = [](double value, double limit) { return static_cast<int>(std::clamp(value, -limit, limit)); };
  // Pixels of which at least the centre is covered.
  const int x0 = whole(std::ceil(left - 0.5), 1e6);
  const int y0 = whole(std::ceil(top - 0.5), 1e6);
  const int x1 = whole(std::ceil(left + size * theirs.width - 0.5), 1e6);
  const int y1 = whole(std::ceil(top + size * theirs.height - 0.5), 1e6);
  grid_ = own;
  const Window shared = intersection(own.extent(), {x0, y0, x1 - x0, y1 - y0});
  if (shared.empty()) {
    throw DataError("the scenes do not overlap: BEFORE " + reference.asset.path + ", AFTER " + other.asset.path);
  }
  crop(shared);
}

void PairInputs::crop(const Window& window) {
  grid_.origin = grid_.to_map(window.x, window.y);
  grid_.width = window.width;
  grid_.height = window.height;
}

PairGeometry PairInputs::geometry() const {
  PairGeometry geometry;
  for (const PairInput& input : inputs_) geometry.find(input.date, input.band) = place_of(input, grid_);
  return geometry;
}

std::vector<BlockSource> PairInputs::block_sources() const {
  std::vector<BlockSource> sources;
  for (const PairInput& input : inputs_) sources.push_back({&input.file, label(input.date, input.band)});
  return sources;
}

std::vector<Window> PairInputs::native_windows(const Window& window, int margin_px) const {
  constexpr int filter_px = 3;  // what interpolation reaches
  std::vector<Window> windows;
  for (const PairInput& input : inputs_) {
    const Window wide = window.grown(input.is_evidence() ? margin_px : std::min(margin_px, 2 * max_shift_px));
    const BandPlace place = place_of(input, grid_);
    const int x0 = static_cast<int>(std::floor(place.x(wide.x))) - filter_px;
    const int y0 = static_cast<int>(std::floor(place.y(wide.y))) - filter_px;
    const int x1 = static_cast<int>(std::ceil(place.x(wide.right()))) + filter_px;
    const int y1 = static_cast<int>(std::ceil(place.y(wide.bottom()))) + filter_px;
    windows.push_back({x0, y0, x1 - x0, y1 - y0});
  }
  return windows;
}

/// Rows are asked for one after the other, and lie further apart than the processor looks ahead by itself.
void LeasedPixels::look_ahead(int source, const std::uint16_t* pixels, int count) const {
  constexpr int line = 32;  // pixels of a cache line
  const int pitch = inputs_->inputs()[static_cast<std::size_t>(source)].file.block_width();
  for (int i = 0; i < count; i += line) __builtin_prefetch(pixels + pitch + i);
}

std::span<const std::uint16_t> LeasedPixels::stretch(Date date, Band band, int y, int x, int end) const {
  const int source = *inputs_->find(date, band);
  const auto found = lease_.stretch(source, y, x, end);
  look_ahead(source, found.data(), static_cast<int>(found.size()));
  return found;
}

void LeasedPixels::read_row(Date date, Band band, int y, int x0, int x1, std::uint16_t* dn) const {
  const int source = *inputs_->find(date, band);
  const Grid& grid = inputs_->inputs()[static_cast<std::size_t>(source)].file.grid();
  const int row = std::clamp(y, 0, grid.height - 1);
  const int begin = std::clamp(x0, 0, grid.width - 1);
  const int end = std::clamp(x1, begin + 1, grid.width);
  std::uint16_t* out = dn + (begin - x0);
  lease_.for_each_stretch(source, row, begin, end, [&](int x, const std::uint16_t* pixels, int count) {
    look_ahead(source, pixels, count);
    std::copy_n(pixels, count, out + (x - begin));
  });
  std::fill(dn, out, *out);
  std::fill(out + (end - begin), dn + (x1 - x0), out[end - begin - 1]);
}

}  // namespace pitwatch
