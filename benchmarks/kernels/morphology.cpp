#include "kernels/morphology.hpp"

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/morphology.hpp"

namespace pitwatch::kernels::bench {
namespace {

class DilateSquare {
 public:
  static constexpr std::size_t bytes_per_pixel = 4;
  explicit DilateSquare(std::size_t n) : n_(n), above_(mask(n, 1)), row_(mask(n, 2)), below_(mask(n, 3)), out_(n) {}
  void run() {
    kernels::dilate3_row(above_.data(), row_.data(), below_.data(), n_, out_.data(), Neighbourhood::square);
  }
  void run_reference() {
    reference::dilate3_row(above_.data(), row_.data(), below_.data(), n_, out_.data(), Neighbourhood::square);
  }
  bool same_result(const DilateSquare& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<std::uint8_t> above_;
  std::vector<std::uint8_t> row_;
  std::vector<std::uint8_t> below_;
  std::vector<std::uint8_t> out_;
};
PITWATCH_KERNEL_BENCHMARK("dilate3_square", DilateSquare);

class DilateCross {
 public:
  static constexpr std::size_t bytes_per_pixel = 4;
  explicit DilateCross(std::size_t n) : n_(n), above_(mask(n, 1)), row_(mask(n, 2)), below_(mask(n, 3)), out_(n) {}
  void run() { kernels::dilate3_row(above_.data(), row_.data(), below_.data(), n_, out_.data(), Neighbourhood::cross); }
  void run_reference() {
    reference::dilate3_row(above_.data(), row_.data(), below_.data(), n_, out_.data(), Neighbourhood::cross);
  }
  bool same_result(const DilateCross& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<std::uint8_t> above_;
  std::vector<std::uint8_t> row_;
  std::vector<std::uint8_t> below_;
  std::vector<std::uint8_t> out_;
};
PITWATCH_KERNEL_BENCHMARK("dilate3_cross", DilateCross);

class ErodeSquare {
 public:
  static constexpr std::size_t bytes_per_pixel = 4;
  explicit ErodeSquare(std::size_t n) : n_(n), above_(mask(n, 1)), row_(mask(n, 2)), below_(mask(n, 3)), out_(n) {}
  void run() { kernels::erode3_row(above_.data(), row_.data(), below_.data(), n_, out_.data(), Neighbourhood::square); }
  void run_reference() {
    reference::erode3_row(above_.data(), row_.data(), below_.data(), n_, out_.data(), Neighbourhood::square);
  }
  bool same_result(const ErodeSquare& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<std::uint8_t> above_;
  std::vector<std::uint8_t> row_;
  std::vector<std::uint8_t> below_;
  std::vector<std::uint8_t> out_;
};
PITWATCH_KERNEL_BENCHMARK("erode3_square", ErodeSquare);

}  // namespace
}  // namespace pitwatch::kernels::bench
