#include "pipeline/accuracy/bootstrap.hpp"

#include <algorithm>
#include <cmath>

namespace pitwatch {
namespace {

constexpr double normal_97_5 = 1.959963984540054;  // quantile of the normal distribution

}  // namespace

std::uint64_t SplitMix64::operator()() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

double quantile(std::span<const double> ascending, double p) {
  const double place = p * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] + (place - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

std::vector<std::optional<Interval>> bootstrap_intervals(std::size_t count, const Statistics& statistics,
                                                         const BootstrapOptions& options) {
  std::vector<std::size_t> sample(count);
  for (std::size_t i = 0; i < count; ++i) sample[i] = i;
  const std::size_t figures = statistics(sample).size();
  std::vector<std::optional<Interval>> intervals(figures);
  if (count < 2) return intervals;

  std::vector<std::vector<double>> drawn(figures);
  SplitMix64 random(options.seed);
  for (int draw = 0; draw < options.draws; ++draw) {
    for (std::size_t& unit : sample) unit = static_cast<std::size_t>(random() % count);
    const std::vector<double> values = statistics(sample);
    for (std::size_t k = 0; k < figures; ++k) {
      if (!std::isnan(values[k])) drawn[k].push_back(values[k]);
    }
  }
  for (std::size_t k = 0; k < figures; ++k) {
    if (drawn[k].empty()) continue;
    std::sort(drawn[k].begin(), drawn[k].end());
    intervals[k] = {quantile(drawn[k], 0.025), quantile(drawn[k], 0.975)};
  }
  return intervals;
}

std::optional<Interval> wilson_interval(std::size_t successes, std::size_t trials) {
  if (trials == 0) return std::nullopt;
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n;
  const double z2 = normal_97_5 * normal_97_5;
  const double middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double reach = normal_97_5 / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return Interval{std::max(0.0, middle - reach), std::min(1.0, middle + reach)};
}

}  // namespace pitwatch
