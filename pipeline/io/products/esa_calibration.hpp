#pragma once
// How a digital number of ESA's products becomes reflectance: (DN + offset) / quantification. The offset, -1000, came
// with processing baseline 04.00 (25 January 2022); reprocessed products have it for older acquisitions too. Used
// inside this folder only.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// The rule of a scene whose offsets nothing tells: they are 0 in its bands, and wrong if the product has some.
inline constexpr const char* unknown_offsets = "unknown";

/// What the metadata of a product state for all its bands.
struct StatedCalibration {
  double quantification = 10000;
  std::string offset_name;         // "BOA_ADD_OFFSET" or "RADIO_ADD_OFFSET"
  std::map<Band, double> offsets;  // digital numbers; empty: there is no list of them
  std::uint16_t nodata = 0;
  std::uint16_t saturated = 65535;
};

/// A place in the metadata that names the processing baseline; the baseline is empty where it does not.
struct BaselineSource {
  std::string place;
  std::string baseline;
};

/// Without an offset: reflectance times 10000; classes and percentages as they are.
Calibration plain_calibration(Band band);

/// The scene's processing baseline is the first that a source names; contradictions are those that differ from
/// it. 99.99 is that of programs outside ESA's processing: it is no baseline to compare with.
void set_baseline(Scene& scene, const std::vector<BaselineSource>& sources);

/// Calibrates the scene's bands and says by which rule: as the product's metadata state; where there are none (null),
/// by the baseline; where that is not known either, not at all (unknown_offsets). Where what is stated is not what the
/// baseline has, that is a contradiction. The scene's baseline must have been set.
void calibrate(Scene& scene, const StatedCalibration* stated);

}  // namespace pitwatch
