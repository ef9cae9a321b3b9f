#include "kernels/row_program.hpp"

#include <array>

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/row_program.hpp"

namespace pitwatch::kernels::bench {
namespace {

/// (nir - red) / (nir + red), as a formula.
class NdviProgram {
 public:
  static constexpr std::size_t bytes_per_pixel = 12;
  explicit NdviProgram(std::size_t n) : n_(n), red_(reflectance(n, 1)), nir_(reflectance(n, 2)), out_(n) {
    steps_[0].op = RowOp::load_difference;
    steps_[0].a.row = 0;
    steps_[0].b.row = 1;
    steps_[1].op = RowOp::store;
    steps_[1].a.row = 0;
  }
  void run() {
    run_row_program(steps_, std::array{InputRow{nir_.data()}, InputRow{red_.data()}}, nullptr, n_, scratch_.data(),
                    std::array{out_.data()});
  }
  void run_reference() {
    reference::run_row_program(steps_, std::array{InputRow{nir_.data()}, InputRow{red_.data()}}, nullptr, n_,
                               scratch_.data(), std::array{out_.data()});
  }
  bool same_result(const NdviProgram& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> red_;
  std::vector<float> nir_;
  std::vector<float> out_;
  std::array<RowStep, 2> steps_{};
  alignas(64) std::array<double, row_program_chunk> scratch_{};
};
PITWATCH_KERNEL_BENCHMARK("ndvi_program", NdviProgram);

}  // namespace
}  // namespace pitwatch::kernels::bench
