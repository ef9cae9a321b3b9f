#include "pipeline/evidence/feature_evidence.hpp"

#include <algorithm>

#include "kernels/filter.hpp"
#include "pipeline/evidence/rings.hpp"

namespace pitwatch {

std::int64_t FeatureEvidence::scratch_bytes(std::int64_t width, std::int64_t cells, const ExtraFeatures& features) {
  if (features.size() == 0) return 0;
  const auto count = static_cast<std::int64_t>(features.size());
  const auto bands = static_cast<std::int64_t>(features.bands().size());
  constexpr std::int64_t buffers =
      4 + 16;                         // values and errors of both dates here, and of four rows in the surroundings
  constexpr std::int64_t cubic = 10;  // rows that a sampler holds, and their masks
  const std::int64_t rows =
      count * (2 * ring_of_rows + ring_of_means + ring_of_edges + buffers) + 2 * bands * (cubic + 3) + 24;
  return width * rows * static_cast<std::int64_t>(sizeof(float)) +
         FeatureSurroundings::scratch_bytes(cells, features.size());
}

void FeatureEvidence::raise(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options,
                            const PairModel& model, const kernels::EvidenceParameters& parameters, const Window& area,
                            const Window& cells, PlaneView<const std::uint8_t> mask, PlaneView<float> evidence) {
  area_ = area;
  surroundings_.measure(pixels, geometry, options, model.features, cells);
  begin(pixels, geometry, options);
  // Row y brings the values; row y - 1 then has both neighbours and gets its edges; row y - 1 - edge_radius then has
  // all edges around it and is judged.
  for (int y = area_.y - edge_radius - 1; y < area_.bottom() + edge_radius + 1; ++y) {
    read(y, model);
    if (y < area_.y - edge_radius + 1) continue;
    find_edges(y - 1);
    const int done = y - 1 - edge_radius;
    if (done < area_.y) continue;
    judge(done, model, parameters, mask.row(done - area_.y), evidence.row(done - area_.y));
  }
}

void FeatureEvidence::begin(const PairPixels& pixels, const PairGeometry& geometry, const EvidenceOptions& options) {
  const ExtraFeatures& features = options.features;
  const int x0 = area_.x - stencil_margin;
  const int n = area_.width + 2 * stencil_margin;
  const auto width = static_cast<std::size_t>(area_.width);
  before_.begin(pixels, geometry, features, Date::before, x0, n);
  after_.begin(pixels, geometry, features, Date::after, x0, n);
  const EvidenceBands bands(geometry);
  red_before_.begin(pixels, geometry, Date::before, bands.red, area_.x, area_.width);
  nir_before_.begin(pixels, geometry, Date::before, bands.nir, area_.x, area_.width);
  swir_before_.begin(pixels, geometry, Date::before, bands.swir, area_.x, area_.width);
  swir_after_.begin(pixels, geometry, Date::after, bands.swir, area_.x, area_.width);
  for (FeatureBuffer* row : {&before_row_, &after_row_}) row->reshape(features.size(), static_cast<std::size_t>(n));
  rings_.resize(features.size());
  for (Rings& rings : rings_) {
    rings.difference.reshape(n, ring_of_rows);
    rings.variance.reshape(n, ring_of_rows);
    rings.mean.reshape(n, ring_of_means);
    rings.edges.reshape(n, ring_of_edges);
  }
  for (auto* row : {&red_, &nir_, &swir_before_row_, &swir_after_row_, &smooth_edges_}) row->resize(width);
  column_.resize(static_cast<std::size_t>(n));
  unused_mask_.resize(width);
}

/// Row y of all features into their rings, with stencil_margin columns left and right of the area.
void FeatureEvidence::read(int y, const PairModel& model) {
  before_.row(y, before_row_.values(), before_row_.errors());
  after_.row(y, after_row_.values(), after_row_.errors());
  for (std::size_t k = 0; k < rings_.size(); ++k) {
    Rings& rings = rings_[k];
    kernels::feature_difference_row({before_row_.values()[k], before_row_.errors()[k]},
                                    {after_row_.values()[k], after_row_.errors()[k]}, model.features[k].gain,
                                    column_.size(), ring_row(rings.difference, y), ring_row(rings.mean, y),
                                    ring_row(rings.variance, y));
  }
}

void FeatureEvidence::find_edges(int y) {
  for (Rings& rings : rings_) {
    const kernels::Stencil stencil{ring_row(rings.mean, y - 1) + 1, ring_row(rings.mean, y),
                                   ring_row(rings.mean, y + 1) + 1};
    kernels::feature_edge_row(stencil, column_.size() - 2, ring_row(rings.edges, y) + 1);
  }
}

void FeatureEvidence::judge(int y, const PairModel& model, const kernels::EvidenceParameters& parameters,
                            const std::uint8_t* mask, float* evidence) {
  const auto width = static_cast<std::size_t>(area_.width);
  // What these bands mask is in `mask` already.
  red_before_.row(y, red_.data(), unused_mask_.data());
  nir_before_.row(y, nir_.data(), unused_mask_.data());
  swir_before_.row(y, swir_before_row_.data(), unused_mask_.data());
  swir_after_.row(y, swir_after_row_.data(), unused_mask_.data());
  for (std::size_t k = 0; k < rings_.size(); ++k) {
    Rings& rings = rings_[k];
    std::array<const float*, 2 * edge_radius + 1> rows{};
    for (int r = -edge_radius; r <= edge_radius; ++r) {
      rows[static_cast<std::size_t>(r + edge_radius)] = ring_row(rings.edges, y + r) + stencil_margin - edge_radius;
    }
    kernels::convolve_vertical(rows.data(), edge_taps.data(), edge_radius, width + 2 * edge_radius, column_.data());
    kernels::convolve_horizontal(column_.data(), edge_taps.data(), edge_radius, width, smooth_edges_.data());
    surroundings_.row(k, y, centres_);
    kernels::FeatureEvidenceRow row;
    row.difference = ring_row(rings.difference, y) + stencil_margin;
    row.variance = ring_row(rings.variance, y) + stencil_margin;
    row.edge_energy = smooth_edges_.data();
    row.red = red_.data();
    row.nir = nir_.data();
    row.swir_before = swir_before_row_.data();
    row.swir_after = swir_after_row_.data();
    row.mask = mask;
    for (std::size_t ground = 0; ground < kernels::ground_count; ++ground) {
      row.surroundings[ground] = centres_[ground].data();
    }
    const float error = model.features[k].band_error;
    kernels::raise_evidence_row(row, parameters, {error * error, model.features[k].least_variance},
                                width / kernels::cell_px, evidence);
  }
}

}  // namespace pitwatch
