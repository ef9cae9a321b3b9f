#include "kernels/difference.hpp"

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/difference.hpp"

namespace pitwatch::kernels::bench {
namespace {

class Difference {
 public:
  static constexpr std::size_t bytes_per_pixel = 12;
  explicit Difference(std::size_t n) : n_(n), before_(reflectance(n, 1)), after_(reflectance(n, 2)), out_(n) {}
  void run() { kernels::difference(before_.data(), after_.data(), n_, out_.data()); }
  void run_reference() { reference::difference(before_.data(), after_.data(), n_, out_.data()); }
  bool same_result(const Difference& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> before_;
  std::vector<float> after_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("difference", Difference);

class StandardisedDifference {
 public:
  static constexpr std::size_t bytes_per_pixel = 16;
  explicit StandardisedDifference(std::size_t n)
      : n_(n), before_(reflectance(n, 1)), after_(reflectance(n, 2)), noise_(reflectance(n, 3)), out_(n) {}
  void run() { kernels::standardised_difference(before_.data(), after_.data(), noise_.data(), n_, out_.data()); }
  void run_reference() {
    reference::standardised_difference(before_.data(), after_.data(), noise_.data(), n_, out_.data());
  }
  bool same_result(const StandardisedDifference& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> before_;
  std::vector<float> after_;
  std::vector<float> noise_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("standardised_difference", StandardisedDifference);

class Affine {
 public:
  static constexpr std::size_t bytes_per_pixel = 8;
  explicit Affine(std::size_t n) : n_(n), in_(reflectance(n)), out_(n) {}
  void run() { kernels::affine(in_.data(), n_, 1.7F, -0.3F, out_.data()); }
  void run_reference() { reference::affine(in_.data(), n_, 1.7F, -0.3F, out_.data()); }
  bool same_result(const Affine& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> in_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("affine", Affine);

}  // namespace
}  // namespace pitwatch::kernels::bench
