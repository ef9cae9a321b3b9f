#include "pipeline/evidence/tile_evidence.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "kernels/filter.hpp"
#include "pipeline/evidence/rings.hpp"

namespace pitwatch {

using kernels::cell_px;
using kernels::channel_count;
using kernels::evidence_band_count;

namespace {

constexpr int cell = static_cast<int>(cell_px);

// Margins. The area of raw evidence begins at the centre of a cell (8 modulo 16) on all sides; that lets the kernel
// interpolate between cell centres, and it is what the wide smoothing reaches.
constexpr int area_margin = 24;
static_assert(area_margin % cell == cell / 2);

// Evidence is smoothed at two scales: sigma 2 px, and sigma 6 px on cells of 4 px.
constexpr int fine_radius = 6;
constexpr int coarse_px = 4;
constexpr int coarse_radius = 4;
static_assert(area_margin >= (coarse_radius + 1) * coarse_px + outline_radius_px);
static_assert(area_margin >= fine_radius + outline_radius_px);

// Scores are computed with outline_radius_px around the tile, and this much more on the left, where a coarse cell has
// its centre.
constexpr int score_lead = coarse_px / 2;
constexpr std::uint8_t not_judged = 255;

template <int radius>
std::array<float, radius + 1> gaussian_taps(double sigma) {
  std::array<double, radius + 1> weight{};
  double sum = 0;
  for (int k = 0; k <= radius; ++k) {
    weight[static_cast<std::size_t>(k)] = std::exp(-0.5 * k * k / (sigma * sigma));
    sum += weight[static_cast<std::size_t>(k)] * (k == 0 ? 1 : 2);
  }
  std::array<float, radius + 1> taps{};
  for (std::size_t k = 0; k < taps.size(); ++k) taps[k] = static_cast<float>(weight[k] / sum);
  return taps;
}

// The mean over cells of 4 px and the interpolation between them smooth as well: together as a Gaussian of
// variance 15/12 + 16/6 px^2; the rest is left to the taps.
const auto fine_taps = gaussian_taps<fine_radius>(2.0);
const auto coarse_taps = gaussian_taps<coarse_radius>(std::sqrt(36.0 - 15.0 / 12 - 16.0 / 6) / coarse_px);

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

/// SCL classes that say why a pixel is not to be judged (Sen2Cor; ESA, Level-2A Algorithm Overview).
MaskBits scl_reason(std::uint16_t scl) {
  switch (scl) {
    case 0:
      return mask_nodata;
    case 1:
      return mask_saturated;
    case 3:
      return mask_cloud_shadow;
    case 8:
    case 9:
      return mask_cloud;
    case 10:
      return mask_cirrus;
    case 11:
      return mask_snow;
    default:
      return mask_clear;
  }
}

kernels::EvidenceParameters parameters_of(const EvidenceOptions& options, const PairModel& model) {
  kernels::EvidenceParameters parameters;
  parameters.ground_edges = options.ground_edges;
  for (std::size_t c = 0; c < channel_count; ++c) parameters.noise_variance[c] = model.noise[c] * model.noise[c];
  parameters.edge_weight = 2 * options.misregistration_px * options.misregistration_px;  // both dates
  parameters.cap = options.cap;
  parameters.water_swir = options.water_swir;
  parameters.land_swir = options.land_swir;
  parameters.water_floor = options.water_floor;
  return parameters;
}

}  // namespace

std::int64_t TileEvidence::scratch_bytes(int tile_width, int tile_height, const ExtraFeatures& features) {
  const std::int64_t width = round_up(tile_width, cell) + 2 * area_margin;
  const std::int64_t height = tile_height + 2 * area_margin;
  const std::int64_t rows = (ring_of_rows + ring_of_means + ring_of_edges) * 3 + 40;
  const std::int64_t cells = (width / cell + 8) * (height / cell + 8);
  return width * height * 5 + width * height / (coarse_px * coarse_px) * 8 + width * rows * 4 +
         cells * static_cast<std::int64_t>(2 * sizeof(kernels::CellSums) + 64) +
         FeatureEvidence::scratch_bytes(width, cells, features);
}

void TileEvidence::compute(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
                           const PairModel& model, const Window& tile, PlaneView<std::uint8_t> score,
                           MaskCounts& counts) {
  assert(tile.x % tile_alignment_px == 0 && tile.y % tile_alignment_px == 0);
  area_ = {tile.x - area_margin, tile.y - area_margin, round_up(tile.width, cell) + 2 * area_margin,
           round_up(tile.height, coarse_px) + 2 * area_margin};
  // Cells whose centres surround the area.
  const int cells_x = (area_.x - cell / 2) / cell;
  const int cells_y = (area_.y - cell / 2) / cell;
  assert(cells_x * cell + cell / 2 == area_.x);
  const Window cells{cells_x, cells_y, area_.width / cell + 1, round_up(area_.height, cell) / cell + 1};
  surroundings_.measure(pixels, geometry, options, model, cells);
  const kernels::EvidenceParameters parameters = parameters_of(options, model);
  gather_evidence(pixels, geometry, parameters, model);
  if (!model.features.empty()) {
    features_.raise(pixels, geometry, options, model, parameters, area_, cells, mask_.view(), evidence_.view());
  }
  smooth_coarse();
  write_scores(tile, half_evidence(options, model), score, counts);
}

/// Channels of row y into the rings, with a margin of stencil_margin columns left and right of the area.
void TileEvidence::read_channels(int y, const PairModel& model) {
  const auto width = static_cast<std::size_t>(area_.width + 2 * stencil_margin);
  float* blue_before = reflectance_.data();
  float* blue_after = blue_before + width;
  float* red_after = blue_after + width;
  float* red_before = ring_row(red_, y);
  std::uint8_t* mask = ring_row(row_mask_, y);
  std::fill_n(mask, width, std::uint8_t{0});
  blue_before_.row(y, blue_before, mask);
  red_before_.row(y, red_before, mask);
  nir_before_.row(y, ring_row(nir_, y), mask);
  blue_after_.row(y, blue_after, mask);
  red_after_.row(y, red_after, mask);
  const auto rows_of = [&](kernels::PerBand<Plane<float>>& rings) {
    return kernels::PerBand<float*>{ring_row(rings[0], y), ring_row(rings[1], y)};
  };
  kernels::difference_rows({blue_before, red_before}, {blue_after, red_after}, model.gains, width, rows_of(difference_),
                           rows_of(mean_));
}

void TileEvidence::classify_scene_pixels(int y, std::uint8_t* mask) {
  for (std::size_t date = 0; date < both_dates.size(); ++date) {
    if (!has_classes_[date]) continue;
    classes_[date].dn_row(y, class_row_.data());
    for (std::size_t i = 0; i < class_row_.size(); ++i) {
      mask[i] = static_cast<std::uint8_t>(mask[i] | scl_reason(class_row_[i]));
    }
  }
  if (!surroundings_.any_cloudy()) return;
  // Cloud found on the surroundings' cells: eight pixels, whole cells, eight pixels, as the area begins mid-cell.
  const int cell_y = static_cast<int>(std::floor(static_cast<double>(y) / cell));
  for (int x = 0; x < area_.width;) {
    const int cell_x = static_cast<int>(std::floor(static_cast<double>(area_.x + x) / cell));
    const int end = std::min((cell_x + 1) * cell - area_.x, area_.width);
    if (surroundings_.cloudy(cell_x, cell_y)) {
      for (int i = x; i < end; ++i) mask[i] |= mask_cloud;
    }
    x = end;
  }
}

void TileEvidence::gather_evidence(const PairPixels& pixels, const PairGeometry& geometry,
                                   const kernels::EvidenceParameters& parameters, const PairModel& model) {
  const int x0 = area_.x - stencil_margin;
  const int n = area_.width + 2 * stencil_margin;
  const auto width = static_cast<std::size_t>(n);
  const EvidenceBands bands(geometry);
  blue_before_.begin(pixels, geometry, Date::before, bands.blue, x0, n);
  red_before_.begin(pixels, geometry, Date::before, bands.red, x0, n);
  nir_before_.begin(pixels, geometry, Date::before, bands.nir, x0, n);
  blue_after_.begin(pixels, geometry, Date::after, bands.blue, x0, n);
  red_after_.begin(pixels, geometry, Date::after, bands.red, x0, n);
  swir_before_.begin(pixels, geometry, Date::before, bands.swir, area_.x, area_.width);
  swir_after_.begin(pixels, geometry, Date::after, bands.swir, area_.x, area_.width);
  for (std::size_t date = 0; date < both_dates.size(); ++date) {
    has_classes_[date] = geometry.find(both_dates[date], Band::SCL).has_value();
    if (has_classes_[date]) {
      classes_[date].begin(pixels, geometry, both_dates[date], Band::SCL, area_.x, area_.width);
    }
  }
  reflectance_.resize(3 * width);
  for (std::size_t b = 0; b < evidence_band_count; ++b) {
    difference_[b].reshape(n, ring_of_rows);
    mean_[b].reshape(n, ring_of_means);
  }
  for (std::size_t c = 0; c < channel_count; ++c) {
    edges_[c].reshape(n, ring_of_edges);
    smooth_edges_[c].resize(width);
  }
  red_.reshape(n, ring_of_rows);
  nir_.reshape(n, ring_of_rows);
  row_mask_.reshape(n, ring_of_rows);
  column_.resize(width);
  swir_before_row_.resize(static_cast<std::size_t>(area_.width));
  swir_after_row_.resize(static_cast<std::size_t>(area_.width));
  class_row_.resize(static_cast<std::size_t>(area_.width));
  evidence_.reshape(area_.width, area_.height);
  mask_.reshape(area_.width, area_.height);

  // Row y brings the channels; row y - 1 then has both neighbours and gets its edges; row y - 1 - edge_radius then has
  // all edges around it and gets its evidence.
  for (int y = area_.y - edge_radius - 1; y < area_.bottom() + edge_radius + 1; ++y) {
    read_channels(y, model);
    if (y < area_.y - edge_radius + 1) continue;
    const int edge_y = y - 1;
    kernels::PerBand<kernels::Stencil> stencils;
    for (std::size_t b = 0; b < evidence_band_count; ++b) {
      stencils[b] = {ring_row(mean_[b], edge_y - 1) + 1, ring_row(mean_[b], edge_y),
                     ring_row(mean_[b], edge_y + 1) + 1};
    }
    kernels::edge_energy_rows(
        stencils, width - 2,
        {ring_row(edges_[0], edge_y) + 1, ring_row(edges_[1], edge_y) + 1, ring_row(edges_[2], edge_y) + 1});
    const int done_y = edge_y - edge_radius;
    if (done_y < area_.y) continue;
    const int line = done_y - area_.y;

    kernels::EvidenceRow row;
    for (std::size_t c = 0; c < channel_count; ++c) {
      const float* rows[2 * edge_radius + 1];
      for (int k = -edge_radius; k <= edge_radius; ++k) {
        rows[k + edge_radius] = ring_row(edges_[c], done_y + k) + stencil_margin - edge_radius;
      }
      const auto wide = static_cast<std::size_t>(area_.width + 2 * edge_radius);
      kernels::convolve_vertical(rows, edge_taps.data(), edge_radius, wide, column_.data());
      kernels::convolve_horizontal(column_.data(), edge_taps.data(), edge_radius, static_cast<std::size_t>(area_.width),
                                   smooth_edges_[c].data());
      row.edge_energy[c] = smooth_edges_[c].data();
    }
    std::uint8_t* mask = mask_.row(line);
    std::copy_n(ring_row(row_mask_, done_y) + stencil_margin, area_.width, mask);
    swir_before_.row(done_y, swir_before_row_.data(), mask);
    swir_after_.row(done_y, swir_after_row_.data(), mask);
    classify_scene_pixels(done_y, mask);
    surroundings_.row(done_y, centres_);
    for (std::size_t b = 0; b < evidence_band_count; ++b) {
      row.difference[b] = ring_row(difference_[b], done_y) + stencil_margin;
      for (std::size_t ground = 0; ground < kernels::ground_count; ++ground) {
        row.surroundings[b][ground] = centres_[ground][b].data();
      }
    }
    row.red = ring_row(red_, done_y) + stencil_margin;
    row.nir = ring_row(nir_, done_y) + stencil_margin;
    row.swir_before = swir_before_row_.data();
    row.swir_after = swir_after_row_.data();
    row.mask = mask;
    kernels::evidence_row(row, parameters, static_cast<std::size_t>(area_.width) / cell_px, evidence_.row(line));
  }
}

/// The wide smoothing, on means of coarse_px x coarse_px pixels.
void TileEvidence::smooth_coarse() {
  const int width = area_.width / coarse_px;
  const int height = area_.height / coarse_px;
  coarse_.reshape(width, height);
  coarse_smooth_.reshape(width, height);
  for (int y = 0; y < height; ++y) {
    const float* rows[coarse_px];
    for (int k = 0; k < coarse_px; ++k) rows[k] = evidence_.row(y * coarse_px + k);
    for (int x = 0; x < width; ++x) {
      float sum = 0;
      for (const float* row : rows) {
        const float* p = row + x * coarse_px;
        sum += (p[0] + p[1]) + (p[2] + p[3]);
      }
      coarse_.at(x, y) = sum * (1.0F / (coarse_px * coarse_px));
    }
  }
  for (int y = coarse_radius; y < height - coarse_radius; ++y) {
    const float* rows[2 * coarse_radius + 1];
    for (int k = 0; k <= 2 * coarse_radius; ++k) rows[k] = coarse_.row(y + k - coarse_radius);
    kernels::convolve_vertical(rows, coarse_taps.data(), coarse_radius, static_cast<std::size_t>(width),
                               column_.data());
    kernels::convolve_horizontal(column_.data(), coarse_taps.data(), coarse_radius,
                                 static_cast<std::size_t>(width - 2 * coarse_radius),
                                 coarse_smooth_.row(y) + coarse_radius);
  }
}

void TileEvidence::write_scores(const Window& tile, float half, PlaneView<std::uint8_t> score, MaskCounts& counts) {
  // Rows of scores begin at the centre of a coarse cell, first_column pixels into the area.
  constexpr int first_column = area_margin - outline_radius_px - score_lead;
  static_assert(first_column % coarse_px == coarse_px / 2);
  const int n = round_up(score_lead + outline_radius_px + tile.width + outline_radius_px, cell);
  const auto width = static_cast<std::size_t>(n);
  assert(first_column + n + fine_radius <= area_.width);
  fine_row_.resize(width);
  wide_score_.reshape(n, tile.height + 2 * outline_radius_px);
  for (int line = 0; line < wide_score_.height(); ++line) {
    const int y = line + area_margin - outline_radius_px;  // of the area
    const float* rows[2 * fine_radius + 1];
    for (int k = 0; k <= 2 * fine_radius; ++k) {
      rows[k] = evidence_.row(y + k - fine_radius) + first_column - fine_radius;
    }
    kernels::convolve_vertical(rows, fine_taps.data(), fine_radius, width + 2 * fine_radius, column_.data());
    kernels::convolve_horizontal(column_.data(), fine_taps.data(), fine_radius, width, fine_row_.data());

    // Down between the centres of coarse cells, which lie at coarse_px * k + 1.5.
    const int above = (y - coarse_px / 2) / coarse_px;
    const float fraction = (static_cast<float>((y - coarse_px / 2) % coarse_px) + 0.5F) / coarse_px;
    kernels::score_row(fine_row_.data(), coarse_smooth_.row(above) + first_column / coarse_px,
                       coarse_smooth_.row(above + 1) + first_column / coarse_px, fraction, mask_.row(y) + first_column,
                       half, width, wide_score_.row(line));
  }
  for (int line = 0; line < tile.height; ++line) {
    std::copy_n(wide_score_.row(line + outline_radius_px) + score_lead + outline_radius_px, tile.width,
                score.row(line));
    const std::uint8_t* mask = mask_.row(line + area_margin) + area_margin;
    for (int i = 0; i < tile.width; ++i) ++counts[mask[i]];
  }
}

void TileEvidence::delineate(const EvidenceOptions& options, const Window& tile, std::uint8_t least_score,
                             PlaneView<std::uint8_t> outlined) const {
  // The evidence is to the power of 2.5 as p / (1 - p): for each score, the least that may stand beside it.
  const auto odds = [](std::size_t code) { return static_cast<float>(code) / (250.5F - static_cast<float>(code)); };
  const float share = options.outline_share * options.outline_share * std::sqrt(options.outline_share);
  std::array<std::uint8_t, 256> least{};
  for (std::size_t strongest = 0, code = 0; strongest <= 250; ++strongest) {
    while (odds(code) < share * odds(strongest)) ++code;
    least[strongest] = std::max(least_score, static_cast<std::uint8_t>(code));
  }
  constexpr int reach = 2 * outline_radius_px + 1;
  constexpr int stretch = 32;  // columns at a time; most have nothing to outline
  std::array<std::uint8_t, stretch + reach - 1> down;
  for (int line = 0; line < tile.height; ++line) {
    const std::uint8_t* own = wide_score_.row(line + outline_radius_px) + score_lead + outline_radius_px;
    std::uint8_t* out = outlined.row(line);
    for (int x = 0; x < tile.width; x += stretch) {
      const int n = std::min(stretch, tile.width - x);
      // Not judged counts as the highest code here; such stretches are looked at as well.
      if (*std::max_element(own + x, own + x + n) < least_score) {
        std::fill_n(out + x, n, std::uint8_t{0});
        continue;
      }
      down.fill(0);
      for (int k = 0; k < reach; ++k) {
        const std::uint8_t* row = wide_score_.row(line + k) + score_lead + x;
        for (int i = 0; i < n + reach - 1; ++i) {
          const std::uint8_t code = row[i] == not_judged ? std::uint8_t{0} : row[i];
          down[static_cast<std::size_t>(i)] = std::max(down[static_cast<std::size_t>(i)], code);
        }
      }
      for (int i = 0; i < n; ++i) {
        const std::uint8_t strongest =
            *std::max_element(&down[static_cast<std::size_t>(i)], &down[static_cast<std::size_t>(i)] + reach);
        out[x + i] = own[x + i] < least[strongest] ? std::uint8_t{0} : own[x + i];
      }
    }
  }
}

}  // namespace pitwatch
