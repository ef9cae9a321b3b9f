#include "pipeline/compare/pair_inputs.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/acquisition/site_band.hpp"
#include "pipeline/align/alignment.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

constexpr double largest_sentinel_pixel_m = 20;

/// "30", "10.5".
std::string metres(double length) {
  std::string text = fixed_text(length, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string_view title(Date date) { return date == Date::before ? "BEFORE" : "AFTER"; }

std::string label(Date date, Band band) { return std::string(title(date)) + " band " + std::string(name(band)); }

template <class Bands>
bool holds(const Bands& bands, Band band) {
  return std::find(bands.begin(), bands.end(), band) != bands.end();
}

[[noreturn]] void refuse_without(Band band, const Scene& scene, Date date, const std::string& whose) {
  throw DataError(std::string(title(date)) + " " + redacted(scene.source) + ": no asset for band " +
                  std::string(name(band)) + " (" + std::string(info(band).common_name) + ")" + whose);
}

/// Throws DataError for a scene that lacks a band without which there is no comparison, or no feature.
void check_bands(const Scene& scene, Date date, const ExtraFeatures& features) {
  for (const Band band : required_bands) {
    if (!scene.has(band)) refuse_without(band, scene, date, "");
  }
  for (std::size_t k = 0; k < features.size(); ++k) {
    const std::string text = features[k].name + "=" + features[k].formula;
    const ExtraFeatures alone(std::span(&text, 1));
    for (const Band band : alone.bands()) {
      if (!scene.has(band)) refuse_without(band, scene, date, ", which --feature " + text + " takes");
    }
  }
}

bool rests_on(const EvidenceBands& bands, Date date, Band band) {
  return band == bands.blue || band == bands.red || band == bands.swir || band == Band::SCL ||
         (band == bands.nir && date == Date::before);
}

/// Pixel centres of the grid as positions in a raster: see AxisMap.
BandPlace place_of(const PairInput& input, const Grid& grid) {
  const Grid& native = input.file->grid();
  const double scale = grid.pixel_size_m / native.pixel_size_m;
  BandPlace place;
  place.calibration = input.asset.calibration;
  place.width = native.width;
  place.height = native.height;
  place.x = {(grid.origin.x - native.origin.x) / native.pixel_size_m + 0.5 * scale - 0.5, scale};
  place.y = {(native.origin.y - grid.origin.y) / native.pixel_size_m + 0.5 * scale - 0.5, scale};
  return place;
}

/// The pixels of a grid of which at least the centre lies on a raster.
Window covered(const Grid& grid, const Grid& raster) {
  const double left = (raster.origin.x - grid.origin.x) / grid.pixel_size_m;
  const double top = (grid.origin.y - raster.origin.y) / grid.pixel_size_m;
  const double size = raster.pixel_size_m / grid.pixel_size_m;
  const auto whole = [](double value) { return static_cast<int>(std::clamp(std::ceil(value - 0.5), -1e6, 1e6)); };
  const int x0 = whole(left);
  const int y0 = whole(top);
  const int x1 = whole(left + size * raster.width);
  const int y1 = whole(top + size * raster.height);
  return intersection(grid.extent(), {x0, y0, x1 - x0, y1 - y0});
}

double share_covered(const Grid& grid, const Grid& raster) {
  const Window window = covered(grid, raster);
  return static_cast<double>(window.width) * window.height / (static_cast<double>(grid.width) * grid.height);
}

/// Files of one product may end a pixel of 60 m apart.
constexpr double nearly_all = 0.99;

std::string percent(double share) { return fixed_text(100 * share, 0) + " %"; }

/// Pixels of the sizes that Sentinel-2 has are brought together. What was averaged over larger ones has other edges
/// than what was not, and each of them would be a change.
void refuse_other_pixels(const PairInput& before, const PairInput& after) {
  constexpr double relative = 0.01;
  const double own = before.file->grid().pixel_size_m;
  const double theirs = after.file->grid().pixel_size_m;
  if (std::max(own, theirs) <= largest_sentinel_pixel_m || std::abs(own - theirs) <= relative * own) return;
  throw DataError("BEFORE has pixels of " + metres(own) + " m, AFTER of " + metres(theirs) +
                  " m: only images of like pixels can be compared");
}

}  // namespace

bool is_read_anyway(Band band) { return holds(required_bands, band) || holds(optional_bands, band); }

PairInputs::PairInputs(const Scene& before, const Scene& after, const ExtraFeatures& features) {
  const auto both_have = [&](Band band) { return before.has(band) && after.has(band); };
  const EvidenceBands bands(both_have(Band::B02), both_have(Band::B11));
  check_bands(before, Date::before, features);
  check_bands(after, Date::after, features);
  for (const Date date : both_dates) {
    const Scene& scene = date == Date::before ? before : after;
    for (const BandInfo& band : band_infos) {
      const bool is_of_feature = holds(features.bands(), band.band);
      if (!is_read_anyway(band.band) && !is_of_feature) continue;
      const bool used = band.band == Band::SCL ? scene.has(band.band) : both_have(band.band);
      const bool is_evidence = is_of_feature || rests_on(bands, date, band.band);
      if (used) inputs_.push_back(open_band(scene, date, band.band, is_evidence));
    }
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    index_[position(inputs_[i].date, inputs_[i].band)] = static_cast<int>(i);
  }
  const PairInput& reference = this->reference();
  const PairInput& other = inputs_[static_cast<std::size_t>(*find(Date::after, Band::B04))];
  for (const PairInput& input : inputs_) {
    if (input.file->grid().crs != reference.file->grid().crs) {
      throw DataError(label(input.date, input.band) + " " + redacted(input.asset.path) + ": its CRS " +
                      input.file->grid().crs + " is not that of " + label(reference.date, reference.band) + ", " +
                      reference.file->grid().crs);
    }
  }
  const Grid& own = reference.file->grid();
  const Grid& theirs = other.file->grid();
  refuse_other_pixels(reference, other);
  grid_ = own;
  const Window shared = covered(own, theirs);
  if (shared.empty()) {
    throw DataError("the scenes do not overlap: BEFORE " + redacted(reference.asset.path) + ", AFTER " +
                    redacted(other.asset.path));
  }
  crop(shared);
  for (const PairInput& input : inputs_) {
    if (covered(grid_, input.file->grid()).empty()) {
      throw DataError(label(input.date, input.band) + " " + redacted(input.asset.path) +
                      ": lies elsewhere than the ground that B04 of both dates shows");
    }
  }
}

PairInput PairInputs::open_band(const Scene& scene, Date date, Band band, bool is_evidence) const {
  const BandAsset& asset = scene.bands.at(band);
  try {
    const BandFile& file = files_.at(asset);
    check_kind_of(band, file);
    return {date, band, is_evidence, asset, &file};
  } catch (...) {
    rethrow_with_context(label(date, band));
  }
}

void PairInputs::crop(const Window& window) {
  grid_.origin = grid_.to_map(window.x, window.y);
  grid_.width = window.width;
  grid_.height = window.height;
}

std::vector<std::string> PairInputs::limits() const {
  const auto has = [&](Date date, Band band) { return find(date, band).has_value(); };
  const bool has_blue = has(Date::before, Band::B02);
  const bool has_swir = has(Date::before, Band::B11);
  std::vector<std::string> limits;
  if (!has_blue) {
    limits.emplace_back(
        "no B02 on both dates: the evidence is the brightness of red alone; change of colour is not seen, nor shadow "
        "and "
        "haze told from change");
  }
  if (!has_swir) {
    limits.emplace_back(
        "no B11 on both dates: water is told by B08 alone; roofs and concrete are not told from bare ground, nor "
        "turbid "
        "water from soil");
  }
  if (!has(Date::before, Band::B12)) {
    limits.emplace_back("no B12 on both dates: burnt ground is not told from bared ground");
  }
  if (!EvidenceBands(has_blue, has_swir).tells_cloud) {
    for (const Date date : both_dates) {
      if (has(date, Band::SCL)) continue;
      limits.emplace_back("nothing tells cloud in " + std::string(title(date)) +
                          " (no SCL, and not both of B02 and B11): cloud and its shadow raise alerts");
    }
  }
  if (grid_.pixel_size_m > largest_sentinel_pixel_m) {
    const double pixel_ha = grid_.pixel_size_m * grid_.pixel_size_m / 1e4;
    limits.push_back("pixels of " + metres(grid_.pixel_size_m) + " m, " + fixed_text(pixel_ha, 2) +
                     " ha each: smaller changes are not seen; the limits of scores are measured on pixels of 10 m");
  }
  return limits;
}

std::vector<std::string> PairInputs::gaps() const {
  std::vector<std::string> gaps;
  const auto add = [&](const PairInput& input, double share, const std::string& ground, const std::string& rest) {
    gaps.push_back(label(input.date, input.band) + " " + redacted(input.asset.path) + " covers " + percent(share) +
                   " of the ground that " + ground + ": the rest " + rest);
  };
  for (const PairInput& input : inputs_) {
    const double share = share_covered(grid_, input.file->grid());
    if (share >= nearly_all) continue;
    add(input, share, "is compared", input.is_evidence ? "cannot be judged" : "is classified without it");
  }
  for (const Date date : both_dates) {
    const PairInput& red = inputs_[static_cast<std::size_t>(*find(date, Band::B04))];
    const auto cut = std::find_if(inputs_.begin(), inputs_.end(), [&](const PairInput& input) {
      return input.date == date && share_covered(input.file->grid(), red.file->grid()) < nearly_all;
    });
    if (cut == inputs_.end()) continue;
    add(red, share_covered(cut->file->grid(), red.file->grid()), std::string(name(cut->band)) + " does",
        "is not compared");
  }
  return gaps;
}

PairGeometry PairInputs::geometry() const {
  PairGeometry geometry;
  for (const PairInput& input : inputs_) geometry.find(input.date, input.band) = place_of(input, grid_);
  return geometry;
}

std::vector<BlockSource> PairInputs::block_sources() const {
  std::vector<BlockSource> sources;
  for (const PairInput& input : inputs_) sources.push_back({input.file, label(input.date, input.band)});
  return sources;
}

std::vector<Window> PairInputs::native_windows(const Window& window, int margin_px) const {
  constexpr int filter_px = 3;  // what interpolation reaches
  std::vector<Window> windows;
  for (const PairInput& input : inputs_) {
    const Window wide = window.grown(input.is_evidence ? margin_px : std::min(margin_px, 2 * max_shift_px));
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
  const int pitch = inputs_->inputs()[static_cast<std::size_t>(source)].file->block_width();
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
  const Grid& grid = inputs_->inputs()[static_cast<std::size_t>(source)].file->grid();
  const int row = std::clamp(y, 0, grid.height - 1);
  if (x0 >= grid.width || x1 <= 0) {  // no block is leased there
    std::fill(dn, dn + (x1 - x0), std::uint16_t{0});
    return;
  }
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
