#include "kernels/filter.hpp"

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/filter.hpp"

namespace pitwatch::kernels::bench {
namespace {

constexpr float taps[] = {0.2F, 0.17F, 0.12F, 0.06F, 0.03F, 0.015F, 0.005F};  // like a Gaussian of sigma 2

template <int radius>
class ConvolveVertical {
 public:
  static constexpr std::size_t bytes_per_pixel = (2 * radius + 2) * sizeof(float);
  explicit ConvolveVertical(std::size_t n) : n_(n), out_(n) {
    for (std::uint32_t r = 0; r <= 2 * radius; ++r) {
      data_.push_back(reflectance(n, r + 1));
      rows_[r] = data_[r].data();
    }
  }
  void run() { kernels::convolve_vertical(rows_, taps, radius, n_, out_.data()); }
  void run_reference() { reference::convolve_vertical(rows_, taps, radius, n_, out_.data()); }
  bool same_result(const ConvolveVertical& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<std::vector<float>> data_;
  const float* rows_[2 * radius + 1];
  std::vector<float> out_;
};
using ConvolveVertical2 = ConvolveVertical<2>;
PITWATCH_KERNEL_BENCHMARK("convolve_vertical_radius2", ConvolveVertical2);
using ConvolveVertical6 = ConvolveVertical<6>;
PITWATCH_KERNEL_BENCHMARK("convolve_vertical_radius6", ConvolveVertical6);

template <int radius>
class ConvolveHorizontal {
 public:
  static constexpr std::size_t bytes_per_pixel = 2 * sizeof(float);
  explicit ConvolveHorizontal(std::size_t n) : n_(n), padded_(reflectance(n + 2 * radius)), out_(n) {}
  void run() { kernels::convolve_horizontal(padded_.data(), taps, radius, n_, out_.data()); }
  void run_reference() { reference::convolve_horizontal(padded_.data(), taps, radius, n_, out_.data()); }
  bool same_result(const ConvolveHorizontal& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> padded_;
  std::vector<float> out_;
};
using ConvolveHorizontal2 = ConvolveHorizontal<2>;
PITWATCH_KERNEL_BENCHMARK("convolve_horizontal_radius2", ConvolveHorizontal2);
using ConvolveHorizontal6 = ConvolveHorizontal<6>;
PITWATCH_KERNEL_BENCHMARK("convolve_horizontal_radius6", ConvolveHorizontal6);

class GradientMagnitude {
 public:
  static constexpr std::size_t bytes_per_pixel = 16;
  explicit GradientMagnitude(std::size_t n)
      : n_(n), above_(reflectance(n, 1)), padded_(reflectance(n + 2, 2)), below_(reflectance(n, 3)), out_(n) {}
  void run() { kernels::gradient_magnitude_row(above_.data(), padded_.data(), below_.data(), n_, out_.data()); }
  void run_reference() {
    reference::gradient_magnitude_row(above_.data(), padded_.data(), below_.data(), n_, out_.data());
  }
  bool same_result(const GradientMagnitude& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> above_;
  std::vector<float> padded_;
  std::vector<float> below_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("gradient_magnitude", GradientMagnitude);

}  // namespace
}  // namespace pitwatch::kernels::bench
