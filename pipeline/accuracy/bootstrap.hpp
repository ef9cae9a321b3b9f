#pragma once
// Intervals for figures whose distribution nobody knows.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace pitwatch {

/// A 95 % confidence interval.
struct Interval {
  double low = 0;
  double high = 0;
};

struct BootstrapOptions {
  int draws = 2000;
  std::uint64_t seed = 1;
};

/// The generator splitmix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"): the same
/// numbers on every machine.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()();

 private:
  std::uint64_t state_;
};

/// The p-quantile (0..1) of ascending values, linear between order statistics (type 7 of Hyndman and Fan 1996,
/// "Sample quantiles in statistical packages"). `ascending` is not empty.
double quantile(std::span<const double> ascending, double p);

/// Several figures of a sample of units, given by their indices; NaN for one that the sample does not define.
using Statistics = std::function<std::vector<double>(std::span<const std::size_t> sample)>;

/// Percentile bootstrap (Efron and Tibshirani 1993, ch. 13): units 0 ... count - 1 are drawn `count` times with
/// replacement, the figures computed for each draw, and the 2.5 % and 97.5 % quantiles taken of those that are defined.
/// One interval for each figure; nothing for one that no draw defines, and for fewer than two units. Same seed, same
/// intervals.
std::vector<std::optional<Interval>> bootstrap_intervals(std::size_t count, const Statistics& statistics,
                                                         const BootstrapOptions& options);

/// The interval of a share of few trials, where the bootstrap of 0 of n and n of n has no width (Wilson 1927, "Probable
/// inference, the law of succession, and statistical inference"). Nothing for no trials.
std::optional<Interval> wilson_interval(std::size_t successes, std::size_t trials);

}  // namespace pitwatch
