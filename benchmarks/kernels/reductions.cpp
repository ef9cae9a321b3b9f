#include "kernels/reductions.hpp"

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/reductions.hpp"

namespace pitwatch::kernels::bench {
namespace {

class MomentsOfRow {
 public:
  static constexpr std::size_t bytes_per_pixel = 5;
  explicit MomentsOfRow(std::size_t n) : n_(n), values_(reflectance(n)), mask_(mask(n)), out_(3) {}
  void run() { set(kernels::moments(values_.data(), mask_.data(), n_)); }
  void run_reference() { set(reference::moments(values_.data(), mask_.data(), n_)); }
  bool same_result(const MomentsOfRow& other) const { return same_bytes(out_, other.out_); }

 private:
  void set(const Moments& m) { out_ = {static_cast<double>(m.count), m.sum, m.sum_of_squares}; }
  std::size_t n_;
  std::vector<float> values_;
  std::vector<std::uint8_t> mask_;
  std::vector<double> out_;
};
PITWATCH_KERNEL_BENCHMARK("moments", MomentsOfRow);

class Histogram {
 public:
  static constexpr std::size_t bytes_per_pixel = 5;
  explicit Histogram(std::size_t n) : n_(n), values_(reflectance(n)), mask_(mask(n)), out_(256) {}
  void run() {
    out_.assign(256, 0);
    kernels::histogram(values_.data(), mask_.data(), n_, 0.0F, 0.6F, out_);
  }
  void run_reference() {
    out_.assign(256, 0);
    reference::histogram(values_.data(), mask_.data(), n_, 0.0F, 0.6F, out_);
  }
  bool same_result(const Histogram& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> values_;
  std::vector<std::uint8_t> mask_;
  std::vector<std::uint32_t> out_;
};
PITWATCH_KERNEL_BENCHMARK("histogram_256", Histogram);

}  // namespace
}  // namespace pitwatch::kernels::bench
