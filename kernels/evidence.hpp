#pragma once
// Evidence that the ground changed, row by row: what differs between two dates, divided by the noise to be expected
// there. Same bytes on every target; reentrant; see README.md. The method as a whole: pipeline/evidence/README.md.
//
// Two bands carry the evidence, blue and red, in three channels: each of them, and their contrast red - blue. Disturbed
// ground shows in the visible, while near and short-wave infrared move with the seasons of plants and with moisture.

#include <array>
#include <cstddef>
#include <cstdint>

namespace pitwatch::kernels {

enum EvidenceBand : std::size_t { band_is_blue, band_is_red };
inline constexpr std::size_t evidence_band_count = 2;

enum Channel : std::size_t { channel_blue, channel_red, channel_contrast };
inline constexpr std::size_t channel_count = 3;

template <typename T>
using PerBand = std::array<T, evidence_band_count>;
template <typename T>
using PerChannel = std::array<T, channel_count>;

/// Kinds of ground that answer alike to season and weather: classes of the NDVI before.
inline constexpr std::size_t ground_count = 4;

/// The NDVI at which one stratum ends and the next begins, ascending: a pixel is of kind k, the number of edges
/// e with nir - red > e * (nir + red).
using GroundEdges = std::array<float, ground_count - 1>;

/// after * gain + offset has the level and contrast of before (relative normalisation of one band).
struct RelativeGain {
  float gain = 1.0F;
  float offset = 0.0F;
};

/// For each band b, with y = gain * after + offset: difference[b] = y - before, mean[b] = 0.5 * (before + y).
/// Reflectance; all rows hold n elements, any alignment; outputs overlap nothing.
void difference_rows(const PerBand<const float*>& before, const PerBand<const float*>& after,
                     const PerBand<RelativeGain>& gains, std::size_t n, const PerBand<float*>& difference,
                     const PerBand<float*>& mean) noexcept;

/// Rows of the mean of both dates around one row. `above` and `below` hold n elements, `padded` n + 2, with the pixel
/// itself at i + 1.
struct Stencil {
  const float* above = nullptr;
  const float* padded = nullptr;
  const float* below = nullptr;
};

/// Squared gradient of each channel by central differences: with gx = 0.5 * (right - left), gy = 0.5 * (below - above)
/// of the channel, out = gx^2 + gy^2. The contrast's gradient is that of red less that of blue.
void edge_energy_rows(const PerBand<Stencil>& mean, std::size_t n, const PerChannel<float*>& out) noexcept;

/// Pixels per side of a cell of the surroundings grid.
inline constexpr std::size_t cell_px = 16;

/// Differences are summed over cells in fixed point, so that the sum does not depend on its order.
inline constexpr float fixed_point_one = 1048576.0F;  // 2^20 per unit of reflectance

/// The bands whose rise over whole cells tells cloud from ground.
enum CloudBand : std::size_t { cloud_blue, cloud_red, cloud_swir };
inline constexpr std::size_t cloud_band_count = 3;
template <typename T>
using PerCloudBand = std::array<T, cloud_band_count>;

/// Sums over the clear pixels (mask 0) of one cell, in fixed point.
struct CellSums {
  /// [ground][band]: the difference as of difference_rows, clipped to that ground's bounds.
  std::array<PerBand<std::int32_t>, ground_count> difference{};
  std::array<std::int32_t, ground_count> count{};
  /// after - before as measured, clipped to +-1.
  PerCloudBand<std::int32_t> rise{};
};

/// One sampled row of a row of cells: reflectance.
struct SurroundingsRow {
  PerCloudBand<const float*> before;
  PerCloudBand<const float*> after;
  const float* nir = nullptr;  // before
  const std::uint8_t* mask = nullptr;
};

struct SurroundingsParameters {
  PerBand<RelativeGain> gains{};
  GroundEdges ground_edges{};
  /// [ground][band]: differences are clipped to this range, so that what changed does not weigh.
  std::array<PerBand<float>, ground_count> lowest{};
  std::array<PerBand<float>, ground_count> highest{};
};

/// Adds row_count sampled rows to cells[0..cell_count); the rows hold cell_count * cell_px elements, all finite. At
/// most 64 rows may be added to a cell altogether (int32).
void add_to_cells(const SurroundingsRow* rows, std::size_t row_count, const SurroundingsParameters& parameters,
                  std::size_t cell_count, CellSums* cells) noexcept;

struct EvidenceParameters {
  GroundEdges ground_edges{};
  PerChannel<float> noise_variance{};  // of the difference on unchanged, even ground
  float edge_weight = 0.0F;            // variance per squared gradient: that of the misregistration, pixels^2
  float cap = 0.0F;                    // no pixel counts for more than this
  float water_swir = 0.0F;  // at or below this short-wave infrared on both dates it is water, weight `floor`;
  float land_swir = 0.0F;   // at or above it is land, weight 1; linear in between
  float water_floor = 0.0F;
};

/// What evidence_row reads. The rows hold cells * cell_px elements and begin at the centre of a cell: pixel i lies
/// (i mod 16 + 0.5) / 16 of the way from the centre of cell i / 16 to that of the next.
struct EvidenceRow {
  PerBand<const float*> difference;
  PerChannel<const float*> edge_energy;
  const float* red = nullptr;          // before
  const float* nir = nullptr;          // before
  const float* swir_before = nullptr;  // B11
  const float* swir_after = nullptr;
  const std::uint8_t* mask = nullptr;
  /// [band][ground]: the mean difference of the surroundings at this row's height, one value per cell centre,
  /// cells + 1 of them.
  PerBand<std::array<const float*, ground_count>> surroundings;
};

/// With D of a band = difference - surroundings (of the pixel's stratum), D of the contrast = that of red less
/// that of blue: evidence = min(cap, 3 * max over channels of D^2 / (noise_variance + edge_weight * edge_energy)) *
/// land weight; 0 where masked. Dimensionless. All values finite, also squared; noise_variance > 0.
void evidence_row(const EvidenceRow& row, const EvidenceParameters& parameters, std::size_t cells,
                  float* evidence) noexcept;

/// The lowest code of a score that is written as such: 4 %. What is below is written as 0; it is noise, would only make
/// files large, and says no more than 0 does.
inline constexpr int smallest_score_code = 10;

/// Codes of the score: code = round(250 * p), p = y / (1 + y), y = x^2 * sqrt(x), x = e / half,
/// e = 0.5 * (fine + coarse): a logistic curve in the logarithm of the evidence, p = 1 / (1 + (half / e)^2.5). Codes
/// below smallest_score_code become 0; 255 where masked.
/// fine and mask hold n elements, n a multiple of 16. The coarse rows above and below hold n / 4 + 1 values each, at
/// cell centres 4 pixels apart: pixel i lies (i mod 4 + 0.5) / 4 of the way from value i / 4 to the next, and
/// weight_below of the way from above to below. `half` is the e at which the score is one half.
void score_row(const float* fine, const float* coarse_above, const float* coarse_below, float weight_below,
               const std::uint8_t* mask, float half, std::size_t n, std::uint8_t* score) noexcept;

}  // namespace pitwatch::kernels
