#pragma once
// How much an alert endangers water, by simple rules of which every part is shown. README.md has the rules.

#include <map>
#include <optional>
#include <string>

#include "pipeline/context/context_config.hpp"
#include "pipeline/core/alert_context.hpp"

namespace pitwatch {

struct Risk {
  RiskLevel level = RiskLevel::cannot_tell;
  std::map<std::string, double> figures;  // its parts by name, units in the names; what is not known is left out
};

/// Shares of the draws that leave open whether water is reached: between these, both excluded.
inline constexpr double seldom = 0.2;
inline constexpr double mostly = 0.8;

/// What the risk of surface water is worked out from. Nothing: not known.
struct SurfaceRiskParts {
  std::optional<double> share;  // of the draws, of the water that most come to; nothing: no waters or elevations
  double lost_share = 0;        // of flow that ends in voids before any water
  std::optional<double> length_m;
  std::optional<double> height_above_drainage_m;
  std::optional<double> slope;  // of the flow path
  double area_ha = 0;           // of the alert
};

/// Never falls when a share grows past `mostly`, the way becomes shorter or steeper, the height less or the area
/// larger; a part that is not known counts as the worst.
Risk surface_risk(const SurfaceRiskParts& parts);

/// After DRASTIC (Aller, Bennett, Lehr, Petty and Hackett 1987, EPA/600/2-87/035): published ratings, 1 to 10, times
/// published weights (D5 R4 A3 S2 T1 I5 C3), over those parts alone that are given, as a share of what they could be.
/// `slope` of the ground, metres a metre; `well_distance_m` of the nearest well or spring. Cannot tell where the given
/// parts have less than 11 of the 23 weights, or depth to water is not among them.
Risk ground_risk(const GroundwaterFacts& given, std::optional<double> slope, std::optional<double> well_distance_m);

}  // namespace pitwatch
