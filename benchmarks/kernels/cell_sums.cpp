#include "kernels/cell_sums.hpp"

#include <algorithm>

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/cell_sums.hpp"

namespace pitwatch::kernels::bench {
namespace {

/// Four rows of pixels on a row of cells.
class KindCells {
 public:
  static constexpr std::size_t features = 6;
  static constexpr std::size_t bytes_per_pixel = 2 * features * 4 + 2 + (features + 1) * kind_lanes;
  explicit KindCells(std::size_t n)
      : n_(n),
        kind_(mask(n, 9)),
        tells_(n, 1),
        centre_(features * kind_lanes),
        counts_((n / kind_cell_px + 1) * kind_lanes) {
    for (std::uint32_t f = 0; f < features; ++f) {
      residual_.push_back(reflectance(n, f + 1));
      deviation_.push_back(reflectance(n, f + 20));
      sums_.emplace_back(counts_.size());
    }
    for (std::uint8_t& kind : kind_) kind %= 13;
  }
  void run() { run_with(kernels::add_to_kind_cells); }
  void run_reference() { run_with(reference::add_to_kind_cells); }
  bool same_result(const KindCells& other) const {
    for (std::size_t f = 0; f < features; ++f) {
      if (!same_bytes(sums_[f], other.sums_[f])) return false;
    }
    return same_bytes(counts_, other.counts_);
  }

 private:
  template <typename Add>
  void run_with(const Add& add) {
    std::array<const float*, features> residual{}, deviation{};
    std::array<std::int32_t*, features> sums{};
    for (std::size_t f = 0; f < features; ++f) {
      residual[f] = residual_[f].data();
      deviation[f] = deviation_[f].data();
      sums[f] = sums_[f].data();
      std::fill(sums_[f].begin(), sums_[f].end(), 0);
    }
    std::fill(counts_.begin(), counts_.end(), 0);
    add({residual, deviation, kind_.data(), tells_.data()}, {centre_.data(), 2.5F, 8, 16384}, n_, sums, counts_.data());
  }

  std::size_t n_;
  std::vector<std::vector<float>> residual_, deviation_;
  std::vector<std::uint8_t> kind_, tells_;
  std::vector<float> centre_;
  std::vector<std::vector<std::int32_t>> sums_;
  std::vector<std::int32_t> counts_;
};
PITWATCH_KERNEL_BENCHMARK("kind_cells", KindCells);

/// As many numbers as samples of a kind have.
class Ranked {
 public:
  static constexpr std::size_t bytes_per_pixel = 4;
  explicit Ranked(std::size_t n) : values_(reflectance(n, 5)) {}
  void run() { run_with(kernels::ranked); }
  void run_reference() { run_with(reference::ranked); }
  bool same_result(const Ranked& other) const { return same_bytes(medians_, other.medians_); }

 private:
  template <typename RankedOf>
  void run_with(const RankedOf& ranked_of) {
    constexpr std::size_t sample = 1500;
    medians_.clear();
    for (std::size_t i = 0; i < values_.size(); i += sample) {
      const std::size_t n = std::min(sample, values_.size() - i);
      medians_.push_back(ranked_of(values_.data() + i, n, n / 2));
    }
  }
  std::vector<float> values_, medians_;
};
PITWATCH_KERNEL_BENCHMARK("ranked", Ranked);

}  // namespace
}  // namespace pitwatch::kernels::bench
