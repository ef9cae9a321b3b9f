#include "pipeline/dossier/known_errors.hpp"

namespace pitwatch {
namespace {

constexpr std::array<KnownDetection, 7> detections{{{0, .05, 23, .39, .22, 168, 22.62},
                                                    {.05, .1, 11, .73, .73, 43, 2.45},
                                                    {.1, .25, 29, .97, .97, 36, 1.81},
                                                    {.25, .5, 17, .88, .88, 24, .81},
                                                    {.5, 1, 18, 1.00, .89, 28, .49},
                                                    {1, 5, 48, .96, .92, 31, .27},
                                                    {5, 0, 20, 1.00, 1.00, 26, -.07}}};

}  // namespace

std::span<const KnownDetection> known_detections() { return detections; }

const KnownDetection& known_detection(double area_ha) {
  for (const KnownDetection& one : detections) {
    if (one.to_ha == 0 || area_ha < one.to_ha) return one;
  }
  return detections.back();
}

}  // namespace pitwatch
