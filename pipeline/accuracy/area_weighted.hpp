#pragma once
// Accuracy and areas from a stratified sample, after Olofsson et al. (2014), "Good practices for estimating area and
// assessing accuracy of land change", Remote Sensing of Environment 148, 42-57, doi:10.1016/j.rse.2014.02.015. Strata
// are the classes of the map.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pitwatch {

struct MapStratum {
  std::string map_class;
  double area_ha = 0;  // > 0
};

/// What a column `count` of sample units is often called: passed over, each row would be one unit.
inline constexpr std::array<std::string_view, 4> other_names_of_count{"n", "number", "points", "samples"};

/// How many sample units were mapped as one class and are another on the ground.
struct SampleCount {
  std::string map_class;
  std::string reference_class;
  double count = 0;
};

/// A figure with its standard error; the 95 % interval is value -+ 1.96 standard errors.
struct SampledFigure {
  double value = 0;
  double standard_error = 0;
};

struct ClassAccuracy {
  std::string name;
  double mapped_ha = 0;
  double samples = 0;                      // of the stratum
  SampledFigure users;                     // eqs. 2 and 6: 1 - commission error
  std::optional<SampledFigure> producers;  // eqs. 3 and 7: 1 - omission error; nothing where the class was not met
  SampledFigure area_ha;                   // eqs. 9 to 11
};

struct AreaWeightedAccuracy {
  std::vector<ClassAccuracy> classes;                 // in the order of the strata
  std::vector<std::vector<double>> sample_counts;     // n_ij: rows map, columns reference
  std::vector<std::vector<double>> area_proportions;  // p_ij = W_i n_ij / n_i. (eq. 4)
  SampledFigure overall;                              // eqs. 1 and 5
};

/// Throws DataError: no strata, a class twice, an area that is not positive, a sample of a class that is no stratum, a
/// count that is negative or not whole, a stratum with fewer than two samples, whose variance is unknown.
AreaWeightedAccuracy area_weighted_accuracy(std::span<const MapStratum> strata, std::span<const SampleCount> samples);

}  // namespace pitwatch
