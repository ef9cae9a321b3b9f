#include "kernels/features.hpp"

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/features.hpp"

namespace pitwatch::kernels::bench {
namespace {

class GroundFeatures {
 public:
  static constexpr std::size_t bytes_per_pixel = 6 * 4 + 13 * 4 + 1;
  explicit GroundFeatures(std::size_t n) : n_(n), planes_(13, std::vector<float>(n)), spectrum_(n) {
    for (std::uint32_t band = 0; band < 6; ++band) bands_.push_back(reflectance(n, band + 1));
  }
  void run() { kernels::feature_row(bands(), parameters, n_, rows()); }
  void run_reference() { reference::feature_row(bands(), parameters, n_, rows()); }
  bool same_result(const GroundFeatures& other) const {
    for (std::size_t p = 0; p < planes_.size(); ++p) {
      if (!same_bytes(planes_[p], other.planes_[p])) return false;
    }
    return same_bytes(spectrum_, other.spectrum_);
  }

 private:
  static constexpr FeatureParameters parameters{0.004F, 0.1F, 0.2F, 0.8F};
  BandRows bands() const {
    return {bands_[0].data(), bands_[1].data(), bands_[2].data(), bands_[3].data(), bands_[4].data(), bands_[5].data()};
  }
  FeatureRows rows() {
    FeatureRows rows{.values = {}, .errors = {}, .blue_to_red = planes_[12].data(), .spectrum = spectrum_.data()};
    for (std::size_t f = 0; f < ground_feature_count; ++f) {
      rows.values[f] = planes_[f].data();
      rows.errors[f] = planes_[ground_feature_count + f].data();
    }
    return rows;
  }

  std::size_t n_;
  std::vector<std::vector<float>> bands_;
  std::vector<std::vector<float>> planes_;
  std::vector<std::uint8_t> spectrum_;
};
PITWATCH_KERNEL_BENCHMARK("ground_features", GroundFeatures);

class PositionError {
 public:
  static constexpr std::size_t bytes_per_pixel = 5 * 4;
  explicit PositionError(std::size_t n)
      : n_(n),
        above_(reflectance(n, 1)),
        values_(reflectance(n, 2)),
        below_(reflectance(n, 3)),
        before_(n, 0.01F),
        errors_(n) {}
  void run() {
    errors_ = before_;
    kernels::add_position_error_row(above_.data(), values_.data(), below_.data(), n_, 0.2F, errors_.data());
  }
  void run_reference() {
    errors_ = before_;
    reference::add_position_error_row(above_.data(), values_.data(), below_.data(), n_, 0.2F, errors_.data());
  }
  bool same_result(const PositionError& other) const { return same_bytes(errors_, other.errors_); }

 private:
  std::size_t n_;
  std::vector<float> above_, values_, below_, before_, errors_;
};
PITWATCH_KERNEL_BENCHMARK("position_error", PositionError);

}  // namespace
}  // namespace pitwatch::kernels::bench
