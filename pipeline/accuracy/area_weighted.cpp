#include "pipeline/accuracy/area_weighted.hpp"

#include <cmath>
#include <map>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

using Matrix = std::vector<std::vector<double>>;

std::map<std::string, std::size_t> numbers_of(std::span<const MapStratum> strata) {
  if (strata.empty()) throw DataError("there are no strata");
  std::map<std::string, std::size_t> numbers;
  for (const MapStratum& stratum : strata) {
    if (!(stratum.area_ha > 0) || !std::isfinite(stratum.area_ha)) {
      throw DataError("the area of stratum '" + stratum.map_class + "' is not positive");
    }
    if (!numbers.emplace(stratum.map_class, numbers.size()).second) {
      throw DataError("the stratum '" + stratum.map_class + "' is there twice");
    }
  }
  return numbers;
}

Matrix counts_of(std::span<const SampleCount> samples, const std::map<std::string, std::size_t>& numbers) {
  Matrix counts(numbers.size(), std::vector<double>(numbers.size()));
  const auto number = [&](const std::string& name) {
    const auto found = numbers.find(name);
    if (found == numbers.end()) throw DataError("a sample is of '" + name + "', which is no stratum");
    return found->second;
  };
  for (const SampleCount& sample : samples) {
    if (!(sample.count >= 0) || sample.count != std::floor(sample.count) || !std::isfinite(sample.count)) {
      throw DataError("a count of samples is not a whole number");
    }
    counts[number(sample.map_class)][number(sample.reference_class)] += sample.count;
  }
  return counts;
}

}  // namespace

// Names follow the paper: W_i share of the area mapped as i, n_ij counts, n_i the samples of stratum i, N_i its area.
AreaWeightedAccuracy area_weighted_accuracy(std::span<const MapStratum> strata, std::span<const SampleCount> samples) {
  AreaWeightedAccuracy result;
  result.sample_counts = counts_of(samples, numbers_of(strata));
  const Matrix& n = result.sample_counts;
  const std::size_t q = strata.size();
  double total_ha = 0;
  for (const MapStratum& stratum : strata) total_ha += stratum.area_ha;

  std::vector<double> n_i(q), W(q);
  Matrix& p = result.area_proportions;
  p.assign(q, std::vector<double>(q));
  for (std::size_t i = 0; i < q; ++i) {
    for (const double count : n[i]) n_i[i] += count;
    if (n_i[i] < 2) throw DataError("the stratum '" + strata[i].map_class + "' has fewer than two samples");
    W[i] = strata[i].area_ha / total_ha;
    for (std::size_t j = 0; j < q; ++j) p[i][j] = W[i] * n[i][j] / n_i[i];
  }

  double overall_variance = 0;
  for (std::size_t i = 0; i < q; ++i) {
    ClassAccuracy& of_class = result.classes.emplace_back();
    of_class.name = strata[i].map_class;
    of_class.mapped_ha = strata[i].area_ha;
    of_class.samples = n_i[i];
    const double U = n[i][i] / n_i[i];
    const double U_variance = U * (1 - U) / (n_i[i] - 1);
    of_class.users = {U, std::sqrt(U_variance)};
    result.overall.value += p[i][i];
    overall_variance += W[i] * W[i] * U_variance;
  }
  result.overall.standard_error = std::sqrt(overall_variance);

  for (std::size_t j = 0; j < q; ++j) {
    ClassAccuracy& of_class = result.classes[j];
    double proportion = 0, proportion_variance = 0, missed_variance = 0;
    for (std::size_t i = 0; i < q; ++i) {
      const double share = n[i][j] / n_i[i];
      proportion += p[i][j];
      proportion_variance += W[i] * W[i] * share * (1 - share) / (n_i[i] - 1);
      if (i != j) missed_variance += strata[i].area_ha * strata[i].area_ha * share * (1 - share) / (n_i[i] - 1);
    }
    of_class.area_ha = {total_ha * proportion, total_ha * std::sqrt(proportion_variance)};
    if (proportion > 0) {
      const double P = p[j][j] / proportion;
      const double U_variance = of_class.users.standard_error * of_class.users.standard_error;
      const double N_j = strata[j].area_ha;
      const double variance = (N_j * N_j * (1 - P) * (1 - P) * U_variance + P * P * missed_variance) /
                              (of_class.area_ha.value * of_class.area_ha.value);
      of_class.producers = {P, std::sqrt(variance)};
    }
  }
  return result;
}

}  // namespace pitwatch
