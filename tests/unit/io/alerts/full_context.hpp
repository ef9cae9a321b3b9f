#pragma once
// An alert's context of which everything is known.

#include "pipeline/core/alert_context.hpp"

namespace pitwatch::test {

inline AlertContext full_context() {
  AlertContext context;
  context.site_share = 0.25;
  context.licence = LicenceFacts{BoundaryVerdict::straddles,
                                 Validity::expired,
                                 {"LIC-1", "LIC \"2\""},
                                 {"A, B & Sons"},
                                 1.2345,
                                 0.8,
                                 parse_instant("2023-01-14T08:06:01.024Z"),
                                 parse_instant("2024-06-01T02:00:00.5Z")};
  context.parcel = ParcelFacts{{"P-1"}, 0.0001, parse_instant("2024-06-02")};
  context.protected_area = ProtectedFacts{
      BoundaryVerdict::inside,    {"pa-1", "pa-2"}, {"reserve"}, 2, parse_instant("2023-02-03T08:06:01.024Z"),
      parse_instant("2024-06-03")};
  WaterFacts& water = context.water.emplace();
  water.surface = NearWater{"river", 120.5, FlowSide::downstream};
  water.spring = NearWater{"spring-1", 3000, FlowSide::cannot_tell};
  water.well = NearWater{"well", 0, FlowSide::upstream};
  water.flow = WaterFlow{"river", 512.3, 41, 0.97, 12.5, -4.25, 0.0312, {"village", "spring-1"}};
  water.surface_risk = RiskLevel::high;
  water.ground_risk = RiskLevel::cannot_tell;
  water.worked_out = parse_instant("2024-06-04");
  return context;
}

}  // namespace pitwatch::test
