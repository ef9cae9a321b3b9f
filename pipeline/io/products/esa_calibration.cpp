#include "pipeline/io/products/esa_calibration.hpp"

#include <cmath>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double offset_since_baseline_04 = -1000;
constexpr const char* baseline_of_other_programs = "99.99";

std::optional<double> offset_of_baseline(const std::string& baseline) {
  if (baseline.empty() || baseline == baseline_of_other_programs) return std::nullopt;
  return baseline >= "04.00" ? offset_since_baseline_04 : 0;
}

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// Of the stated offsets, the first that the baseline does not have.
void compare_with_baseline(Scene& scene, const StatedCalibration& stated) {
  const auto expected = offset_of_baseline(scene.processing_baseline);
  if (!expected) return;
  const std::string has = "baseline " + scene.processing_baseline + " has an offset of " + number(*expected);
  if (stated.offsets.empty() && *expected != 0) {
    scene.offsets.contradictions.push_back(has + ", but the product's metadata have no " + stated.offset_name);
  }
  for (const auto& [band, offset] : stated.offsets) {
    if (offset == *expected) continue;
    scene.offsets.contradictions.push_back(has + ", but " + stated.offset_name + " of " + std::string(name(band)) +
                                           " is " + number(offset));
    return;
  }
}

}  // namespace

Calibration plain_calibration(Band band) {
  if (is_reflectance(band)) return {};
  Calibration codes{1, 0, std::uint16_t{0}, std::nullopt};
  if (band != Band::SCL) codes.nodata = std::nullopt;  // 0 percent is a probability
  return codes;
}

void set_baseline(Scene& scene, const std::vector<BaselineSource>& sources) {
  const BaselineSource* chosen = nullptr;
  for (const BaselineSource& source : sources) {
    if (source.baseline.empty()) continue;
    if (chosen == nullptr) {
      chosen = &source;
    } else if (source.baseline != chosen->baseline && source.baseline != baseline_of_other_programs &&
               chosen->baseline != baseline_of_other_programs) {
      scene.offsets.contradictions.push_back("processing baseline " + chosen->baseline + " by " + chosen->place +
                                             ", but " + source.baseline + " by " + source.place);
    }
  }
  if (chosen != nullptr) scene.processing_baseline = chosen->baseline;
}

void calibrate(Scene& scene, const StatedCalibration* stated) {
  const auto by_baseline = offset_of_baseline(scene.processing_baseline);
  if (stated != nullptr) {
    scene.offsets.rule = stated->offsets.empty() ? "no " + stated->offset_name : stated->offset_name;
    // Lists of other programs than ESA's say all that there is.
    scene.offsets.is_declared =
        !stated->offsets.empty() || (!scene.processing_baseline.empty() && by_baseline.value_or(0) == 0);
    compare_with_baseline(scene, *stated);
  } else {
    scene.offsets.rule = by_baseline ? "processing baseline" : unknown_offsets;
    scene.offsets.is_declared = by_baseline.has_value();
  }
  for (auto& [band, asset] : scene.bands) {
    asset.calibration = plain_calibration(band);
    if (!is_reflectance(band)) continue;
    double offset = stated == nullptr ? by_baseline.value_or(0) : 0;
    if (stated != nullptr) {
      asset.calibration.scale = static_cast<float>(1 / stated->quantification);
      asset.calibration.nodata = stated->nodata;
      asset.calibration.saturated = stated->saturated;
      if (const auto found = stated->offsets.find(band); found != stated->offsets.end()) {
        offset = found->second;
      } else if (!stated->offsets.empty()) {
        scene.offsets.contradictions.push_back(stated->offset_name + " of " + std::string(name(band)) +
                                               " is missing beside those of other bands");
      }
    }
    asset.calibration.offset = static_cast<float>(offset / (stated == nullptr ? 10000 : stated->quantification));
  }
}

}  // namespace pitwatch
