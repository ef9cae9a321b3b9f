#include "kernels/calibrate.hpp"

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/calibrate.hpp"

namespace pitwatch::kernels::bench {
namespace {

constexpr DnCalibration calibration{.scale = 1e-4F, .offset = -0.1F, .nodata_bit = 1, .saturated_bit = 2};

class DnToReflectance {
 public:
  static constexpr std::size_t bytes_per_pixel = 8;
  explicit DnToReflectance(std::size_t n) : n_(n), dn_(n), mask_(n), out_(n) {
    const std::vector<float> values = reflectance(n);
    for (std::size_t i = 0; i < n; ++i) dn_[i] = static_cast<std::uint16_t>(values[i] * 10000 + 1000);
    for (std::size_t i = 0; i < n; i += 17) dn_[i] = 0;
  }
  void run() { kernels::dn_to_reflectance(dn_.data(), n_, calibration, out_.data(), mask_.data()); }
  void run_reference() { reference::dn_to_reflectance(dn_.data(), n_, calibration, out_.data(), mask_.data()); }
  bool same_result(const DnToReflectance& other) const {
    return same_bytes(out_, other.out_) && same_bytes(mask_, other.mask_);
  }

 private:
  std::size_t n_;
  std::vector<std::uint16_t> dn_;
  std::vector<std::uint8_t> mask_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("dn_to_reflectance", DnToReflectance);

}  // namespace
}  // namespace pitwatch::kernels::bench
