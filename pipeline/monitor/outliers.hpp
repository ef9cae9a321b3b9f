#pragma once
// Observations that do not show the ground, where there are too few bands to know cloud and shadow by their spectra: in
// tables of one index. What came and went in a pixel's history comes again; what agrees with what came just before, and
// is not like that, is the ground.

#include <array>
#include <cstddef>
#include <span>

#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/options.hpp"

namespace pitwatch {

/// Outliers of one pixel, as its history showed them: which share of its observations they are, and their values.
struct Outliers {
  float share = 0.05F;     // of the observations
  float alike = 0;         // share of them that are as those of the history were; the others may have any value
  FeatureVector mean{};    // of those of the history, in the feature's unit
  FeatureVector spread{};  // their standard deviation, and the noise
};

/// Outliers from observations of the history that lie far from the model, of `observations` in all. `noise`: of the
/// pixel, 0 where a feature is not monitored.
Outliers outliers_of(std::span<const FeatureVector> values, std::size_t observations, const FeatureVector& noise);

/// An observation as it is weighed: its whitened residual, and the log density, in its units, of an outlier there.
struct OutlyingResidual {
  FeatureVector whitened{};
  float log_outlier = 0;  // log(share of outliers x density)
};

/// `log_scale`: log of the volume that a unit of whitened residuals has in those of the features.
float log_outlier_density(const Outliers& outliers, const FeatureVector& values, const FeatureVector& noise,
                          float log_scale);

/// Log Bayes factor of "the last k observations are shifted by the same, a normal of shift_sigma" against "by no more
/// than the model's lasting error", and that shift.
struct OutlierShift {
  float log_factor = 0;
  FeatureVector shift{};  // whitened
};

/// What that log factor is at most, whichever of the observations are outliers: by the lengths of their residuals, as
/// if all pointed one way. Where it is below 0, as on most ground on most dates, the factor need not be worked out.
float most_shift_among_outliers(std::span<const OutlyingResidual> recent, float directions, float lasting_error,
                                const MonitorOptions& options);

/// Under either hypothesis an observation is regular, normal of variance 1 around the shift, or an outlier (mixture of
/// the two). The shift is integrated out by Laplace's method around the means that two steps of expectation and
/// maximisation from each observation lead to. `directions`: features that are monitored.
OutlierShift shift_among_outliers(std::span<const OutlyingResidual> recent, const Outliers& outliers, float directions,
                                  float lasting_error, const MonitorOptions& options);

}  // namespace pitwatch
