#include "kernels/resample.hpp"

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/resample.hpp"

namespace pitwatch::kernels::bench {
namespace {

// A pixel of the two upsamplings is a coarse one.
class Upsample2 {
 public:
  static constexpr std::size_t bytes_per_pixel = 16;
  explicit Upsample2(std::size_t n) : n_(n), above_(reflectance(n, 1)), below_(reflectance(n, 2)), out_(2 * n) {}
  void run() { kernels::upsample2_row(above_.data(), below_.data(), 0.25F, n_, out_.data()); }
  void run_reference() { reference::upsample2_row(above_.data(), below_.data(), 0.25F, n_, out_.data()); }
  bool same_result(const Upsample2& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> above_;
  std::vector<float> below_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("upsample2", Upsample2);

class Upsample2Mask {
 public:
  static constexpr std::size_t bytes_per_pixel = 4;
  explicit Upsample2Mask(std::size_t n) : n_(n), above_(mask(n, 1)), below_(mask(n, 2)), out_(2 * n) {}
  void run() { kernels::upsample2_mask_row(above_.data(), below_.data(), 0.25F, n_, out_.data()); }
  void run_reference() { reference::upsample2_mask_row(above_.data(), below_.data(), 0.25F, n_, out_.data()); }
  bool same_result(const Upsample2Mask& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<std::uint8_t> above_;
  std::vector<std::uint8_t> below_;
  std::vector<std::uint8_t> out_;
};
PITWATCH_KERNEL_BENCHMARK("upsample2_mask", Upsample2Mask);

class Bilinear {
 public:
  static constexpr std::size_t bytes_per_pixel = 12;
  explicit Bilinear(std::size_t n) : n_(n), row0_(reflectance(n + 1, 1)), row1_(reflectance(n + 1, 2)), out_(n) {}
  void run() { kernels::translate_bilinear_row(row0_.data(), row1_.data(), 0.3F, 0.8F, n_, out_.data()); }
  void run_reference() { reference::translate_bilinear_row(row0_.data(), row1_.data(), 0.3F, 0.8F, n_, out_.data()); }
  bool same_result(const Bilinear& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> row0_;
  std::vector<float> row1_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("translate_bilinear", Bilinear);

class Bicubic {
 public:
  static constexpr std::size_t bytes_per_pixel = 20;
  explicit Bicubic(std::size_t n) : n_(n), out_(n) {
    for (std::uint32_t r = 0; r < 4; ++r) {
      data_.push_back(reflectance(n + 3, r + 1));
      rows_[r] = data_[r].data();
    }
    bicubic_weights(0.3F, wx_);
    bicubic_weights(0.8F, wy_);
  }
  void run() { kernels::translate_bicubic_row(rows_, wx_, wy_, n_, out_.data()); }
  void run_reference() { reference::translate_bicubic_row(rows_, wx_, wy_, n_, out_.data()); }
  bool same_result(const Bicubic& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<std::vector<float>> data_;
  const float* rows_[4];
  float wx_[4];
  float wy_[4];
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("translate_bicubic", Bicubic);

class BicubicMask {
 public:
  static constexpr std::size_t bytes_per_pixel = 5;
  explicit BicubicMask(std::size_t n) : n_(n), out_(n) {
    for (std::uint32_t r = 0; r < 4; ++r) {
      data_.push_back(mask(n + 3, r + 1));
      rows_[r] = data_[r].data();
    }
    bicubic_weights(0.3F, wx_);
    bicubic_weights(0.8F, wy_);
  }
  void run() { kernels::translate_bicubic_mask_row(rows_, wx_, wy_, n_, out_.data()); }
  void run_reference() { reference::translate_bicubic_mask_row(rows_, wx_, wy_, n_, out_.data()); }
  bool same_result(const BicubicMask& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<std::vector<std::uint8_t>> data_;
  const std::uint8_t* rows_[4];
  float wx_[4];
  float wy_[4];
  std::vector<std::uint8_t> out_;
};
PITWATCH_KERNEL_BENCHMARK("translate_bicubic_mask", BicubicMask);

}  // namespace
}  // namespace pitwatch::kernels::bench
