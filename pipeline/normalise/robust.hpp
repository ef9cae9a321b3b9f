#pragma once
// Statistics that real change in part of the pixels does not move, and the relative normalisation built on them.

#include <span>
#include <vector>

namespace pitwatch {

/// The middle value (the mean of the two middle ones for even counts); 0 without values. Takes a copy to sort in.
float median(std::vector<float> values);

/// Linear interpolation between order statistics, 0 <= q <= 1; 0 without values.
float quantile(std::vector<float> values, double q);

/// Median and robust standard deviation, 1.4826 x median absolute deviation (Hampel 1974).
struct Spread {
  float centre = 0;
  float sigma = 0;
};
Spread robust_spread(const std::vector<float>& values);

/// x * gain + offset
struct LinearGain {
  float gain = 1;
  float offset = 0;
};

/// Brings `after` to the level and contrast of `before`: gain is the ratio of the ranges between the 10 % and the 90 %
/// quantiles, offset makes the medians equal. Pixels need not correspond, so that misregistration and change do not
/// matter. Identity where a range is empty.
LinearGain relative_gain(const std::vector<float>& before, const std::vector<float>& after);

}  // namespace pitwatch
