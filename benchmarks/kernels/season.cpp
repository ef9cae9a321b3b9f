#include "kernels/season.hpp"

#include <memory>
#include <random>

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/season.hpp"
#include "kernels/reference/season_fit.hpp"
#include "kernels/season_fit.hpp"
#include "tests/unit/kernels/season_rows.hpp"

namespace pitwatch::kernels::bench {
namespace {

using test::FittedRows;
using test::ModelRows;
using test::RandomHistory;
using test::Rows;

constexpr std::size_t features = 6;

/// Direction and expectation of a row.
class Expectation {
 public:
  static constexpr std::size_t bytes_per_pixel = 4 * (features * (season_terms + 3) + season_parts + season_terms) + 1;
  explicit Expectation(std::size_t n)
      : n_(n),
        generator_(1),
        models_(features, n, generator_),
        direction_(season_terms, n),
        value_(features, n),
        deviation_(features, n) {}
  void run() {
    season_direction(models_.rows(), n_, day_, information_, direction_.pointers());
    season_expectation(models_.rows(), features, n_, day_, direction_.pointers(), 1, 5, value_.pointers(),
                       deviation_.pointers());
  }
  void run_reference() {
    reference::season_direction(models_.rows(), n_, day_, information_, direction_.pointers());
    reference::season_expectation(models_.rows(), features, n_, day_, direction_.pointers(), 1, 5, value_.pointers(),
                                  deviation_.pointers());
  }
  bool same_result(const Expectation& other) const { return value_ == other.value_ && deviation_ == other.deviation_; }

 private:
  std::size_t n_;
  std::mt19937 generator_;
  ModelRows models_;
  SeasonDay day_ = test::season_day(100);
  SeasonInformation information_ = test::season_information();
  Rows direction_;
  Rows value_;
  Rows deviation_;
};
PITWATCH_KERNEL_BENCHMARK("season_expectation", Expectation);

/// Three years of history, some 200 observations.
class SeasonFit {
 public:
  static constexpr std::size_t observations = 200;
  static constexpr std::size_t bytes_per_pixel = observations * (2 * features + 1);
  explicit SeasonFit(std::size_t n)
      : n_(n),
        generator_(1),
        history_(n, observations, features, generator_),
        fitted_(features, n),
        workspace_(new (std::align_val_t{64}) std::byte[season_fit_workspace(observations, features)]) {}
  void run() { season_fit(history_.history(), options_, n_, workspace_.get(), fitted_.rows()); }
  void run_reference() { reference::season_fit(history_.history(), options_, n_, nullptr, fitted_.rows()); }
  bool same_result(const SeasonFit& other) const { return fitted_ == other.fitted_; }

 private:
  struct Free {
    void operator()(std::byte* memory) const { operator delete[](memory, std::align_val_t{64}); }
  };
  std::size_t n_;
  std::mt19937 generator_;
  RandomHistory history_;
  SeasonFitOptions options_ = test::fit_options();
  FittedRows fitted_;
  std::unique_ptr<std::byte[], Free> workspace_;
};
PITWATCH_KERNEL_BENCHMARK("season_fit", SeasonFit);

}  // namespace
}  // namespace pitwatch::kernels::bench
