#include "pipeline/water/risk.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace pitwatch {
namespace {

/// Values up to a bound, and what they count.
using Steps = std::span<const std::pair<double, int>>;

int rated(double value, Steps steps, int beyond) {
  for (const auto& [bound, rating] : steps) {
    if (value <= bound) return rating;
  }
  return beyond;
}

// Ranges of the published tables, feet, inches and gallons a day and square foot in metric units.
constexpr std::array<std::pair<double, int>, 6> depth_m{
    {{1.524, 10}, {4.572, 9}, {9.144, 7}, {15.24, 5}, {22.86, 3}, {30.48, 2}}};
constexpr std::array<std::pair<double, int>, 4> recharge_mm{{{50.8, 1}, {101.6, 3}, {177.8, 6}, {254, 8}}};
constexpr std::array<std::pair<double, int>, 4> slope_percent{{{2, 10}, {6, 9}, {12, 5}, {18, 3}}};
constexpr std::array<std::pair<double, int>, 5> conductivity_m_a_day{
    {{4.0746, 1}, {12.224, 2}, {28.522, 4}, {40.746, 6}, {81.492, 8}}};
constexpr std::array<int, soil_kind_names.size()> soil{10, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
// By RockKind, the typical ratings; the first two are no aquifers.
constexpr std::array<int, rock_kind_names.size()> aquifer{0, 0, 2, 3, 4, 5, 6, 6, 6, 8, 9, 10};
constexpr std::array<int, rock_kind_names.size()> vadose{1, 3, 3, 4, 4, 5, 6, 6, 6, 8, 9, 10};

constexpr int least_weight = 11;  // of 23
constexpr double medium_index = 0.45;
constexpr double high_index = 0.65;
constexpr double near_well_m = 500;

RiskLevel raised(RiskLevel level) { return level == RiskLevel::low ? RiskLevel::medium : RiskLevel::high; }

}  // namespace

Risk surface_risk(const SurfaceRiskParts& parts) {
  Risk risk;
  const auto show = [&](const char* name, const std::optional<double>& value) {
    if (value) risk.figures[name] = *value;
  };
  show("share_of_draws", parts.share);
  show("length_m", parts.length_m);
  show("height_above_drainage_m", parts.height_above_drainage_m);
  show("slope", parts.slope);
  risk.figures["lost_share"] = parts.lost_share;
  risk.figures["area_ha"] = parts.area_ha;
  if (!parts.share) return risk;
  if (*parts.share < mostly) {
    // Flow that was lost may have come to the water.
    if (*parts.share + parts.lost_share <= seldom) risk.level = RiskLevel::low;
    return risk;
  }
  const int way = parts.length_m ? (*parts.length_m <= 500 ? 2 : *parts.length_m <= 2000 ? 1 : 0) : 2;
  const int height = parts.height_above_drainage_m ? (*parts.height_above_drainage_m <= 5    ? 2
                                                      : *parts.height_above_drainage_m <= 20 ? 1
                                                                                             : 0)
                                                   : 2;
  const int slope = parts.slope ? (*parts.slope >= 0.1 ? 2 : *parts.slope >= 0.02 ? 1 : 0) : 2;
  const int area = parts.area_ha >= 5 ? 2 : parts.area_ha >= 1 ? 1 : 0;
  const int points = way + height + slope + area;
  risk.figures["way_points"] = way;
  risk.figures["height_points"] = height;
  risk.figures["slope_points"] = slope;
  risk.figures["area_points"] = area;
  risk.figures["points"] = points;
  risk.level = points >= 5 ? RiskLevel::high : points >= 3 ? RiskLevel::medium : RiskLevel::low;
  return risk;
}

Risk ground_risk(const GroundwaterFacts& given, std::optional<double> slope, std::optional<double> well_distance_m) {
  Risk risk;
  int weights = 0;
  int sum = 0;
  const auto add = [&](const char* name, int weight, int rating) {
    risk.figures[name] = rating;
    weights += weight;
    sum += weight * rating;
  };
  if (given.depth_m) {
    risk.figures["depth_m"] = *given.depth_m;
    add("depth_rating", 5, rated(*given.depth_m, depth_m, 1));
  }
  if (given.recharge_mm) {
    risk.figures["recharge_mm"] = *given.recharge_mm;
    add("recharge_rating", 4, rated(*given.recharge_mm, recharge_mm, 9));
  }
  if (given.aquifer) add("aquifer_rating", 3, aquifer[static_cast<std::size_t>(*given.aquifer)]);
  if (given.soil) add("soil_rating", 2, soil[static_cast<std::size_t>(*given.soil)]);
  if (slope) {
    risk.figures["ground_slope"] = *slope;
    add("slope_rating", 1, rated(*slope * 100, slope_percent, 1));
  }
  if (given.vadose) add("vadose_rating", 5, vadose[static_cast<std::size_t>(*given.vadose)]);
  if (given.conductivity_m_a_day) {
    risk.figures["conductivity_m_a_day"] = *given.conductivity_m_a_day;
    add("conductivity_rating", 3, rated(*given.conductivity_m_a_day, conductivity_m_a_day, 10));
  }
  if (well_distance_m) risk.figures["well_distance_m"] = *well_distance_m;
  risk.figures["weight_given"] = weights;
  if (weights == 0) return risk;
  const double index = (static_cast<double>(sum) / weights - 1) / 9;
  risk.figures["index"] = index;
  if (weights < least_weight || !given.depth_m) return risk;
  risk.level = index >= high_index ? RiskLevel::high : index >= medium_index ? RiskLevel::medium : RiskLevel::low;
  if (well_distance_m && *well_distance_m <= near_well_m) risk.level = raised(risk.level);
  return risk;
}

}  // namespace pitwatch
