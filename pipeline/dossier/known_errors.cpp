#include "pipeline/dossier/known_errors.hpp"

namespace pitwatch {
namespace {

constexpr std::array<KnownDetection, 7> detections{{{0, .05, 23, .61, .52, 120, 22.62},
                                                    {.05, .1, 12, .75, .75, 56, 2.45},
                                                    {.1, .25, 34, .94, .94, 34, 1.81},
                                                    {.25, .5, 26, .92, .88, 27, .81},
                                                    {.5, 1, 28, 1.00, 1.00, 33, .49},
                                                    {1, 5, 69, .97, .97, 32, .27},
                                                    {5, 0, 22, 1.00, 1.00, 29, -.07}}};

}  // namespace

std::span<const KnownDetection> known_detections() { return detections; }

const KnownDetection& known_detection(double area_ha) {
  for (const KnownDetection& one : detections) {
    if (one.to_ha == 0 || area_ha < one.to_ha) return one;
  }
  return detections.back();
}

}  // namespace pitwatch
