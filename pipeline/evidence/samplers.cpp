#include "pipeline/evidence/samplers.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/resample.hpp"
#include "pipeline/core/mask.hpp"

namespace pitwatch {
namespace {

int nearest(double position) { return static_cast<int>(std::floor(position + 0.5)); }

kernels::DnCalibration kernel_calibration(const Calibration& calibration) {
  kernels::DnCalibration result;
  const DnRange range = physical_range(calibration);
  result.lowest = range.lowest;
  result.highest = range.highest;
  result.scale = calibration.scale;
  result.offset = calibration.offset;
  result.nodata = calibration.nodata ? int{*calibration.nodata} : -1;
  result.saturated = calibration.saturated ? int{*calibration.saturated} : -1;
  result.nodata_bit = mask_nodata;
  result.saturated_bit = mask_saturated;
  return result;
}

/// Columns begin..end of 0..n whose centre the map puts into a raster of `size` pixels. The map is increasing.
std::pair<int, int> columns_inside(const AxisMap& map, int x0, int n, int size) {
  const auto first_at_least = [&](double bound) {  // the first column whose position is >= bound
    const double column = std::ceil((bound - map.offset) / map.scale - x0);
    return static_cast<int>(std::clamp(column, 0.0, static_cast<double>(n)));
  };
  const int begin = first_at_least(-0.5);
  return {begin, std::max(begin, first_at_least(size - 0.5))};
}

void mark_outside(std::uint8_t* mask, int begin, int end, int n) {
  for (int i = 0; i < begin; ++i) mask[i] |= mask_nodata;
  for (int i = end; i < n; ++i) mask[i] |= mask_nodata;
}

void mark_all(std::uint8_t* mask, int n) { mark_outside(mask, n, n, n); }

}  // namespace

void NearestSampler::begin(const PairPixels& pixels, const PairGeometry& geometry, Date date, Band band, int x0,
                           int n) {
  pixels_ = &pixels;
  place_ = &geometry.at(date, band);
  calibration_ = kernel_calibration(place_->calibration);
  date_ = date;
  band_ = band;
  n_ = n;
  std::tie(inside_begin_, inside_end_) = columns_inside(place_->x, x0, n, place_->width);
  native_begin_ = nearest(place_->x(x0));
  native_end_ = nearest(place_->x(x0 + n - 1)) + 1;
  // The two cases that nearly all bands are: on the grid, and of twice its pixel size.
  index_.clear();
  doubled_ = place_->x.scale == 0.5;
  doubled_lead_ = doubled_ && nearest(place_->x(x0)) != nearest(place_->x(x0 + 1));
  // Counted, not rounded once more, so that the columns read are those that fetch() uses.
  if (place_->x.scale == 1.0) native_end_ = native_begin_ + n;
  if (doubled_) native_end_ = native_begin_ + (doubled_lead_ ? 1 + n / 2 : (n + 1) / 2);
  if (!doubled_ && place_->x.scale != 1.0) {
    index_.resize(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) index_[static_cast<std::size_t>(i)] = nearest(place_->x(x0 + i)) - native_begin_;
  }
  native_.resize(static_cast<std::size_t>(native_end_ - native_begin_));
  dn_.resize(static_cast<std::size_t>(n));
}

/// Our columns' digital numbers; false where the whole row lies outside of the raster.
bool NearestSampler::fetch(int y, std::uint16_t* dn) {
  const double native_y = place_->y(y);
  if (native_y < -0.5 || native_y >= place_->height - 0.5 || inside_begin_ == inside_end_) return false;
  if (!doubled_ && index_.empty()) {
    pixels_->read_row(date_, band_, nearest(native_y), native_begin_, native_end_, dn);
    return true;
  }
  pixels_->read_row(date_, band_, nearest(native_y), native_begin_, native_end_, native_.data());
  if (doubled_) {
    const std::uint16_t* from = native_.data();
    int i = 0;
    if (doubled_lead_) dn[i++] = *from++;
    const int pairs = (n_ - i) / 2;
    for (int k = 0; k < pairs; ++k) dn[i + 2 * k] = dn[i + 2 * k + 1] = from[k];
    if (i + 2 * pairs < n_) dn[n_ - 1] = from[pairs];
  } else {
    for (std::size_t i = 0; i < index_.size(); ++i) dn[i] = native_[static_cast<std::size_t>(index_[i])];
  }
  return true;
}

void NearestSampler::row(int y, float* reflectance, std::uint8_t* mask) {
  if (row_in_place(y, reflectance, mask)) return;
  if (!fetch(y, dn_.data())) {
    std::fill_n(reflectance, n_, 0.0F);
    mark_all(mask, n_);
    return;
  }
  kernels::dn_to_reflectance(dn_.data(), static_cast<std::size_t>(n_), calibration_, reflectance, mask);
  mark_outside(mask, inside_begin_, inside_end_, n_);
}

/// Calibrates right from where the pixels lie: for rows of a band on the grid that lie within its raster.
bool NearestSampler::row_in_place(int y, float* reflectance, std::uint8_t* mask) {
  const double native_y = place_->y(y);
  if (doubled_ || !index_.empty() || native_begin_ < 0 || native_begin_ + n_ > place_->width || native_y < -0.5 ||
      native_y >= place_->height - 0.5) {
    return false;
  }
  for (int i = 0; i < n_;) {
    const auto found = pixels_->stretch(date_, band_, nearest(native_y), native_begin_ + i, native_begin_ + n_);
    if (found.empty()) return false;
    kernels::dn_to_reflectance(found.data(), found.size(), calibration_, reflectance + i, mask + i);
    i += static_cast<int>(found.size());
  }
  return true;
}

void NearestSampler::dn_row(int y, std::uint16_t* dn) {
  if (!fetch(y, dn)) {
    std::fill_n(dn, n_, std::uint16_t{0});
    return;
  }
  std::fill_n(dn, inside_begin_, std::uint16_t{0});
  std::fill(dn + inside_end_, dn + n_, std::uint16_t{0});
}

void CubicSampler::begin(const PairPixels& pixels, const PairGeometry& geometry, Date date, Band band, int x0, int n) {
  pixels_ = &pixels;
  place_ = &geometry.at(date, band);
  calibration_ = kernel_calibration(place_->calibration);
  date_ = date;
  band_ = band;
  n_ = n;
  std::tie(inside_begin_, inside_end_) = columns_inside(place_->x, x0, n, place_->width);
  const double first = place_->x(x0);
  native_begin_ = static_cast<int>(std::floor(first)) - 1;
  even_ = place_->x.scale == 1.0;
  if (even_) {
    // The fraction is taken where coordinates are small, so that all tiles agree on it.
    const double fraction = place_->x.offset - std::floor(place_->x.offset);
    kernels::bicubic_weights(static_cast<float>(fraction), weights_);
    native_begin_ = static_cast<int>(std::floor(place_->x.offset)) + x0 - 1;
    native_end_ = native_begin_ + n + 3;
  } else {
    index_.resize(static_cast<std::size_t>(n));
    column_weights_.resize(static_cast<std::size_t>(n) * 4);
    for (int i = 0; i < n; ++i) {
      const double position = place_->x(x0 + i);
      const double column = std::floor(position);
      index_[static_cast<std::size_t>(i)] = static_cast<int>(column) - 1 - native_begin_;
      kernels::bicubic_weights(static_cast<float>(position - column),
                               &column_weights_[static_cast<std::size_t>(i) * 4]);
    }
    native_end_ = native_begin_ + index_.back() + 4;
  }
  const auto width = static_cast<std::size_t>(native_end_ - native_begin_);
  dn_.resize(width);
  blended_.resize(width);
  blended_mask_.resize(width);
  for (NativeRow& row : rows_) {
    row.valid = false;
    row.reflectance.resize(width);
    row.mask.resize(width);
  }
}

const CubicSampler::NativeRow& CubicSampler::native_row(int y) {
  NativeRow& row = rows_[static_cast<unsigned>(y) % held_rows];
  if (row.valid && row.y == y) return row;
  std::fill(row.mask.begin(), row.mask.end(), std::uint8_t{0});
  const bool inside = y >= 0 && y < place_->height && native_begin_ >= 0 && native_end_ <= place_->width;
  std::size_t done = 0;
  while (inside && done < dn_.size()) {
    const auto found = pixels_->stretch(date_, band_, y, native_begin_ + static_cast<int>(done), native_end_);
    if (found.empty()) break;
    kernels::dn_to_reflectance(found.data(), found.size(), calibration_, &row.reflectance[done], &row.mask[done]);
    done += found.size();
  }
  if (done < dn_.size()) {
    std::fill(row.mask.begin(), row.mask.end(), std::uint8_t{0});
    pixels_->read_row(date_, band_, y, native_begin_, native_end_, dn_.data());
    kernels::dn_to_reflectance(dn_.data(), dn_.size(), calibration_, row.reflectance.data(), row.mask.data());
  }
  row.clear = std::all_of(row.mask.begin(), row.mask.end(), [](std::uint8_t bits) { return bits == 0; });
  row.y = y;
  row.valid = true;
  return row;
}

void CubicSampler::row(int y, float* reflectance, std::uint8_t* mask) {
  const double native_y = place_->y(y);
  if (native_y < -0.5 || native_y >= place_->height - 0.5 || inside_begin_ == inside_end_) {
    std::fill_n(reflectance, n_, 0.0F);
    mark_all(mask, n_);
    return;
  }
  const double line = std::floor(native_y);
  float down[4];
  kernels::bicubic_weights(static_cast<float>(native_y - line), down);
  const float* rows[4];
  const std::uint8_t* masks[4];
  bool clear = true;
  for (int k = 0; k < 4; ++k) {
    const NativeRow& row = native_row(static_cast<int>(line) - 1 + k);
    rows[k] = row.reflectance.data();
    masks[k] = row.mask.data();
    clear = clear && row.clear;
  }
  const auto n = static_cast<std::size_t>(n_);
  if (even_) {
    kernels::translate_bicubic_row(rows, weights_, down, n, reflectance);
    if (!clear) {
      kernels::translate_bicubic_mask_row(masks, weights_, down, n, blended_mask_.data());
      for (std::size_t i = 0; i < n; ++i) mask[i] |= blended_mask_[i];
    }
  } else {
    constexpr float here[4] = {1.0F, 0.0F, 0.0F, 0.0F};
    kernels::translate_bicubic_row(rows, here, down, blended_.size() - 3, blended_.data());
    kernels::translate_bicubic_mask_row(masks, here, down, blended_.size() - 3, blended_mask_.data());
    // The last three columns have no full neighbourhood to their right: blend them down by hand.
    for (std::size_t i = blended_.size() - 3; i < blended_.size(); ++i) {
      blended_[i] = (down[1] * rows[1][i] + down[2] * rows[2][i]) + (down[0] * rows[0][i] + down[3] * rows[3][i]);
      blended_mask_[i] = 0;
      for (std::size_t k = 0; k < 4; ++k) {
        if (down[k] != 0.0F) blended_mask_[i] = static_cast<std::uint8_t>(blended_mask_[i] | masks[k][i]);
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      const float* v = &blended_[static_cast<std::size_t>(index_[i])];
      const std::uint8_t* m = &blended_mask_[static_cast<std::size_t>(index_[i])];
      const float* w = &column_weights_[i * 4];
      reflectance[i] = (w[1] * v[1] + w[2] * v[2]) + (w[0] * v[0] + w[3] * v[3]);
      mask[i] = static_cast<std::uint8_t>(mask[i] | m[0] | m[1] | m[2] | m[3]);
    }
  }
  mark_outside(mask, inside_begin_, inside_end_, n_);
}

}  // namespace pitwatch
