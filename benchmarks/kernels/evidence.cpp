// The kernels of the evidence. evidence_row is the one that the requirements on speed are about (benchmarks/README.md).

#include "kernels/evidence.hpp"

#include <algorithm>
#include <memory>

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/evidence.hpp"
#include "pipeline/core/large_buffer.hpp"

namespace pitwatch::kernels::bench {
namespace {

constexpr PerBand<RelativeGain> gains{{{1.1F, -0.01F}, {0.9F, 0.02F}}};
constexpr GroundEdges ground_edges{0.15F, 0.3F, 0.5F};

class DifferenceRows {
 public:
  static constexpr std::size_t bytes_per_pixel = 2 * evidence_band_count * 2 * sizeof(float);
  explicit DifferenceRows(std::size_t n)
      : n_(n),
        before_{reflectance(n, 1), reflectance(n, 2)},
        after_{reflectance(n, 3), reflectance(n, 4)},
        difference_{std::vector<float>(n), std::vector<float>(n)},
        mean_{std::vector<float>(n), std::vector<float>(n)} {}
  void run() { run(kernels::difference_rows); }
  void run_reference() { run(reference::difference_rows); }
  bool same_result(const DifferenceRows& other) const {
    return same_bytes(difference_[0], other.difference_[0]) && same_bytes(difference_[1], other.difference_[1]) &&
           same_bytes(mean_[0], other.mean_[0]) && same_bytes(mean_[1], other.mean_[1]);
  }

 private:
  template <class Function>
  void run(Function function) {
    function({before_[0].data(), before_[1].data()}, {after_[0].data(), after_[1].data()}, gains, n_,
             {difference_[0].data(), difference_[1].data()}, {mean_[0].data(), mean_[1].data()});
  }

  std::size_t n_;
  PerBand<std::vector<float>> before_;
  PerBand<std::vector<float>> after_;
  PerBand<std::vector<float>> difference_;
  PerBand<std::vector<float>> mean_;
};
PITWATCH_KERNEL_BENCHMARK("difference_rows", DifferenceRows);

class EdgeEnergyRows {
 public:
  static constexpr std::size_t bytes_per_pixel = (3 * evidence_band_count + channel_count) * sizeof(float);
  explicit EdgeEnergyRows(std::size_t n) : n_(n) {
    for (std::uint32_t b = 0; b < evidence_band_count; ++b) {
      rows_[b] = {reflectance(n, 3 * b + 1), reflectance(n + 2, 3 * b + 2), reflectance(n, 3 * b + 3)};
    }
    for (auto& row : out_) row.resize(n);
  }
  void run() { run(kernels::edge_energy_rows); }
  void run_reference() { run(reference::edge_energy_rows); }
  bool same_result(const EdgeEnergyRows& other) const {
    return same_bytes(out_[0], other.out_[0]) && same_bytes(out_[1], other.out_[1]) &&
           same_bytes(out_[2], other.out_[2]);
  }

 private:
  template <class Function>
  void run(Function function) {
    const auto stencil = [&](std::size_t band) {
      return Stencil{rows_[band][0].data(), rows_[band][1].data(), rows_[band][2].data()};
    };
    function({stencil(0), stencil(1)}, n_, {out_[0].data(), out_[1].data(), out_[2].data()});
  }

  std::size_t n_;
  PerBand<std::array<std::vector<float>, 3>> rows_;
  PerChannel<std::vector<float>> out_;
};
PITWATCH_KERNEL_BENCHMARK("edge_energy_rows", EdgeEnergyRows);

// A "pixel" of the benchmarks below is a cell's width, cell_px pixels.

/// Four sampled rows to a cell, as in pipeline/evidence.
class AddToCells {
 public:
  static constexpr std::size_t row_count = 4;
  static constexpr std::size_t planes = 2 * cloud_band_count + 1;
  static constexpr std::size_t bytes_per_pixel =
      row_count * cell_px * (planes * sizeof(float) + sizeof(std::uint8_t)) + sizeof(CellSums);
  explicit AddToCells(std::size_t cells) : cells_(cells), sums_(cells) {
    const std::size_t n = cells * cell_px;
    parameters_.gains = gains;
    parameters_.ground_edges = ground_edges;
    for (auto& bounds : parameters_.lowest) bounds = {-0.1F, -0.12F};
    for (auto& bounds : parameters_.highest) bounds = {0.1F, 0.13F};
    for (std::uint32_t r = 0; r < row_count; ++r) {
      for (std::uint32_t p = 0; p < planes; ++p) reflectance_[r][p] = reflectance(n, 7 * r + p + 1);
      masks_[r] = mask(n, r + 1);
      const auto plane = [&](std::size_t p) { return reflectance_[r][p].data(); };
      rows_[r] = {{plane(0), plane(1), plane(2)}, {plane(3), plane(4), plane(5)}, plane(6), masks_[r].data()};
    }
  }
  void run() { run(kernels::add_to_cells); }
  void run_reference() { run(reference::add_to_cells); }
  bool same_result(const AddToCells& other) const { return same_bytes(sums_, other.sums_); }

 private:
  template <class Function>
  void run(Function function) {
    std::fill(sums_.begin(), sums_.end(), CellSums{});
    function(rows_.data(), rows_.size(), parameters_, cells_, sums_.data());
  }

  std::size_t cells_;
  SurroundingsParameters parameters_;
  std::array<std::array<std::vector<float>, planes>, row_count> reflectance_;
  std::array<std::vector<std::uint8_t>, row_count> masks_;
  std::array<SurroundingsRow, row_count> rows_;
  std::vector<CellSums> sums_;
};
PITWATCH_KERNEL_BENCHMARK("add_to_cells", AddToCells);

/// The planes lie one after the other as in the pipeline's buffers, not in a vector each: those of the DRAM size would
/// all begin at the same place of a page, and a dozen streams would fight over one set of the first-level cache.
class Evidence {
 public:
  static constexpr std::size_t planes = evidence_band_count + channel_count + 4;
  static constexpr std::size_t centre_rows = evidence_band_count * ground_count;
  static constexpr std::size_t bytes_per_pixel =
      cell_px * ((planes + 1) * sizeof(float) + sizeof(std::uint8_t)) + centre_rows * sizeof(float);
  explicit Evidence(std::size_t cells) : cells_(cells), mask_(mask(cells * cell_px)) {
    const std::size_t n = cells * cell_px;
    parameters_.ground_edges = ground_edges;
    parameters_.noise_variance = {1e-4F, 2e-4F, 5e-5F};
    parameters_.edge_weight = 0.18F;
    parameters_.cap = 200.0F;
    parameters_.water_swir = 0.04F;
    parameters_.land_swir = 0.08F;
    parameters_.water_floor = 0.1F;
    // On round addresses, and each plane five cache lines further into its page than the one before.
    const std::size_t pitch = (n / page + 1) * page + 5 * line;
    storage_ = make_pixels<float>((planes + 1) * pitch);
    const auto plane = [&](std::size_t p) -> float* { return storage_.get() + p * pitch; };
    for (std::uint32_t p = 0; p < planes; ++p) {
      const std::vector<float> values = reflectance(n, p + 1);
      std::copy(values.begin(), values.end(), plane(p));
    }
    for (std::uint32_t p = 0; p < centre_rows; ++p) centres_[p] = reflectance(cells + 1, planes + p + 1);
    row_.difference = {{plane(0), plane(1)}};
    row_.edge_energy = {{plane(2), plane(3), plane(4)}};
    row_.red = plane(5);
    row_.nir = plane(6);
    row_.swir_before = plane(7);
    row_.swir_after = plane(8);
    row_.mask = mask_.data();
    for (std::size_t b = 0; b < evidence_band_count; ++b) {
      for (std::size_t ground = 0; ground < ground_count; ++ground) {
        row_.surroundings[b][ground] = centres_[b * ground_count + ground].data();
      }
    }
    evidence_ = plane(planes);
  }
  void run() { kernels::evidence_row(row_, parameters_, cells_, evidence_); }
  void run_reference() { reference::evidence_row(row_, parameters_, cells_, evidence_); }
  bool same_result(const Evidence& other) const {
    return std::memcmp(evidence_, other.evidence_, cells_ * cell_px * sizeof(float)) == 0;
  }

 private:
  static constexpr std::size_t line = 64 / sizeof(float);
  static constexpr std::size_t page = 4096 / sizeof(float);

  std::size_t cells_;
  PixelArray<float> storage_;  // huge pages, as in the pipeline
  std::array<std::vector<float>, centre_rows> centres_;
  std::vector<std::uint8_t> mask_;
  float* evidence_ = nullptr;
  EvidenceRow row_;
  EvidenceParameters parameters_;
};
PITWATCH_KERNEL_BENCHMARK("evidence_row", Evidence);

class Score {
 public:
  static constexpr std::size_t coarse_per_cell = cell_px / 4;
  static constexpr std::size_t bytes_per_pixel =
      cell_px * (sizeof(float) + 2 * sizeof(std::uint8_t)) + 2 * coarse_per_cell * sizeof(float);
  explicit Score(std::size_t cells)
      : n_(cells * cell_px),
        fine_(reflectance(n_, 1)),
        above_(reflectance(cells * coarse_per_cell + 1, 2)),
        below_(reflectance(cells * coarse_per_cell + 1, 3)),
        mask_(mask(n_)),
        score_(n_) {}
  void run() { run(kernels::score_row); }
  void run_reference() { run(reference::score_row); }
  bool same_result(const Score& other) const { return same_bytes(score_, other.score_); }

 private:
  template <class Function>
  void run(Function function) {
    constexpr float half = 0.25F;  // amid the values
    function(fine_.data(), above_.data(), below_.data(), 0.375F, mask_.data(), half, n_, score_.data());
  }

  std::size_t n_;
  std::vector<float> fine_;
  std::vector<float> above_;
  std::vector<float> below_;
  std::vector<std::uint8_t> mask_;
  std::vector<std::uint8_t> score_;
};
PITWATCH_KERNEL_BENCHMARK("score_row", Score);

}  // namespace
}  // namespace pitwatch::kernels::bench
