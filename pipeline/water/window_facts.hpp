#pragma once
// The facts of alerts that share a window of elevations.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/context/context_config.hpp"
#include "pipeline/context/coverage.hpp"
#include "pipeline/core/alert_context.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/io/files/parallel_for.hpp"
#include "pipeline/water/connectivity.hpp"
#include "pipeline/water/flow_draws.hpp"
#include "pipeline/water/ground.hpp"
#include "pipeline/water/places.hpp"

namespace pitwatch {

/// A window of catchments.
struct WideGround {
  bool is_readable = false;
  WaterGround ground;
  GroundFlow flow;
  Plane<float> disturbed;  // share of each cell
};

/// An alert on its zone's grid.
struct ZoneAlert {
  GridShape shape;
  GridBox box;
  double area_ha = 0;  // as published
};

/// The share of each cell of a window that alerts cover.
Plane<float> disturbed_in(const std::vector<ZoneAlert>& alerts, const CellWindow& cells);

/// The cells of a window that an alert lies on: those with half as much of it as the one with most, or more.
std::vector<FlowCell> cells_of(const ZoneAlert& alert, const CellWindow& cells);

/// Works out the alerts of one window. What it is made of must stay. One thread at a time.
class WindowFacts {
 public:
  /// `alerts` are all of the zone: each is disturbed ground. Throws as read_ground() does.
  WindowFacts(const ElevationOptions& options, const std::string& crs, const std::vector<FlowPlace>& places,
              const std::vector<ZoneAlert>& alerts, const CellWindow& cells);

  /// `members` are numbers of the zone's alerts, `facts` theirs in that order. Gives the slope of the ground of each,
  /// where there is any.
  std::vector<std::optional<double>> add_to(const std::vector<std::size_t>& members,
                                            const std::vector<ContextFacts*>& facts, Instant now,
                                            const ParallelFor& parallel_for);

  const FilledVoids& voids() const { return ground_.voids; }

 private:
  /// Places asked about, by the role in which they are the nearest.
  using Asked = std::vector<std::pair<LayerRole, std::uint32_t>>;

  /// Where flow leads on the elevations as they are.
  struct Way {
    FlowPath path;
    bool arrives = false;  // at what was asked for
  };

  Asked nearest_places(const ContextFacts& facts) const;
  static void set_sides(ContextFacts& facts, const Asked& asked, const FlowAnswer& answer);
  void set_flow(ContextFacts& facts, double area_ha, const std::vector<FlowCell>& cells, const FlowAnswer& answer);
  void set_risk(ContextFacts& facts, double area_ha, const Way& way, const FlowAnswer& answer);
  void add_waters(ContextFacts& facts, const std::vector<FlowCell>& cells, const FlowAnswer& answer);
  void add_passed(ContextFacts& facts, const FlowPath& path, const FlowAnswer& answer);
  Way way_to(const std::vector<FlowCell>& cells, PlaneView<const std::uint8_t> targets) const;
  Plane<std::uint8_t> marked(std::uint32_t place) const;
  Way way_to_place(const std::vector<FlowCell>& cells, std::uint32_t place) const;
  const PlaceReach* most_reached(const FlowAnswer& answer) const;
  ContextDetail detail_of(const char* subject, std::uint32_t place) const;
  bool has_waters() const;
  const WideGround& wide_ground(std::size_t step);
  const Catchment& catchment_at(std::uint32_t place);
  double spread_share(std::uint32_t place, const std::string& alert_id);

  const ElevationOptions& options_;
  std::string crs_;
  const std::vector<FlowPlace>& places_;
  const std::vector<ZoneAlert>& alerts_;
  WaterGround ground_;
  GroundFlow flow_;
  Plane<float> disturbed_;
  SedimentConnectivity connectivity_;
  std::array<std::optional<WideGround>, 2> wide_;                         // ever wider
  std::map<std::uint32_t, Catchment> catchments_;                         // by place
  std::map<std::string, std::vector<FlowCell>> cells_;                    // of the members, by id
  std::map<std::uint32_t, std::map<std::string, double>> spread_shares_;  // by place and member
};

}  // namespace pitwatch
