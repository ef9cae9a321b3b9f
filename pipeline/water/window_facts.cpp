#include "pipeline/water/window_facts.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/hydrology/d_infinity.hpp"
#include "pipeline/water/risk.hpp"
#include "pipeline/water/windows.hpp"

namespace pitwatch {
namespace {

constexpr std::array<double, 2> wide_times{4, 16};  // the windows of catchments, against that of flow
constexpr double most_wide_cells = 1e6;             // of each of them
constexpr double least_of_largest = 0.5;            // of the cell with most of an alert, what others must have

/// The part of a window that a box lies in.
Window window_of(const GridBox& box, const CellWindow& cells) {
  const double scale = alert_pixel_m / cells.cell_m;
  const int x = static_cast<int>(std::floor(box.left * scale));
  const int y = static_cast<int>(std::floor(box.top * scale));
  const int right = static_cast<int>(std::ceil(box.right * scale));
  const int bottom = static_cast<int>(std::ceil(box.bottom * scale));
  return intersection({x, y, right - x, bottom - y}, cells.window);
}

template <typename Value>
std::optional<double> mean_of(const std::vector<FlowCell>& cells, const Value& value) {
  double sum = 0;
  int count = 0;
  for (const FlowCell& cell : cells) {
    const std::optional<double> one = value(cell);
    if (!one || std::isnan(*one)) continue;
    sum += *one;
    ++count;
  }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

double share_to(const FlowAnswer& answer, std::uint32_t place) {
  const auto found = std::find_if(answer.reached.begin(), answer.reached.end(),
                                  [&](const PlaceReach& reach) { return reach.place == place; });
  return found == answer.reached.end() ? 0 : found->any_share;
}

void show_path(std::map<std::string, double>& figures, const FlowPath& path) {
  figures["length_m"] = path.length_m;
  figures["drop_m"] = path.drop_m;
  figures["slope"] = path.slope();
}

void show_reach(std::map<std::string, double>& figures, const PlaceReach& reach) {
  figures["share_of_draws"] = reach.any_share;
  figures["share_of_ground"] = reach.cells_share;
}

}  // namespace

Plane<float> disturbed_in(const std::vector<ZoneAlert>& alerts, const CellWindow& cells) {
  const Window& all = cells.window;
  Plane<float> disturbed(all.width, all.height);
  for (int y = 0; y < all.height; ++y) std::fill_n(disturbed.row(y), all.width, 0.0F);
  for (const ZoneAlert& alert : alerts) {
    const Window window = window_of(alert.box, cells);
    if (window.empty()) continue;
    const Plane<double> shares = coverage(on_cells(alert.shape, cells.cell_m), window);
    for (int y = 0; y < window.height; ++y) {
      for (int x = 0; x < window.width; ++x) {
        float& share = disturbed.at(window.x - all.x + x, window.y - all.y + y);
        share = std::min(1.0F, share + static_cast<float>(shares.at(x, y)));
      }
    }
  }
  return disturbed;
}

std::vector<FlowCell> cells_of(const ZoneAlert& alert, const CellWindow& cells) {
  const Window window = window_of(alert.box, cells);
  const Plane<double> shares = coverage(on_cells(alert.shape, cells.cell_m), window);
  double most = 0;
  for (int y = 0; y < window.height; ++y) {
    for (int x = 0; x < window.width; ++x) most = std::max(most, shares.at(x, y));
  }
  std::vector<FlowCell> result;
  for (int y = 0; y < window.height; ++y) {
    for (int x = 0; x < window.width; ++x) {
      if (shares.at(x, y) == 0 || shares.at(x, y) < least_of_largest * most) continue;
      result.push_back({static_cast<std::uint16_t>(window.x - cells.window.x + x),
                        static_cast<std::uint16_t>(window.y - cells.window.y + y)});
    }
  }
  return result;
}

WindowFacts::WindowFacts(const ElevationOptions& options, const std::string& crs, const std::vector<FlowPlace>& places,
                         const std::vector<ZoneAlert>& alerts, const CellWindow& cells)
    : options_(options),
      crs_(crs),
      places_(places),
      alerts_(alerts),
      ground_(read_ground(options, crs, cells, places)),
      flow_(flow_of(ground_, options)),
      disturbed_(disturbed_in(alerts, cells)),
      connectivity_(flow_.drained.view(), flow_.directions.view(), flow_.streams.view(), disturbed_.view(),
                    cells.cell_m) {}

std::vector<std::optional<double>> WindowFacts::add_to(const std::vector<std::size_t>& members,
                                                       const std::vector<ContextFacts*>& facts, Instant now,
                                                       const ParallelFor& parallel_for) {
  std::vector<FlowQuestion> questions;
  std::vector<Asked> asked;
  for (std::size_t i = 0; i < members.size(); ++i) {
    asked.push_back(nearest_places(*facts[i]));
    questions.push_back({cells_of(alerts_[members[i]], ground_.cells), {}});
    cells_[facts[i]->alert_id] = questions.back().cells;
    for (const auto& [role, place] : asked.back()) questions.back().upstream.push_back(place);
  }
  const std::vector<FlowAnswer> answers = follow_draws(ground_, options_, places_, questions, parallel_for);
  std::vector<std::optional<double>> slopes;
  for (std::size_t i = 0; i < members.size(); ++i) {
    ContextFacts& own = *facts[i];
    if (!own.context.water) own.context.water.emplace().worked_out = now;
    set_sides(own, asked[i], answers[i]);
    set_flow(own, alerts_[members[i]].area_ha, questions[i].cells, answers[i]);
    slopes.push_back(mean_of(questions[i].cells, [&](FlowCell cell) {
      return std::optional(ground_slope(ground_.elevation.view(), ground_.cells.cell_m, cell));
    }));
  }
  return slopes;
}

/// The places of the nearest surface water, spring and well that have cells in the window.
WindowFacts::Asked WindowFacts::nearest_places(const ContextFacts& facts) const {
  Asked asked;
  for (const LayerRole role : {LayerRole::surface_water, LayerRole::spring, LayerRole::well}) {
    const auto detail = std::find_if(facts.details.begin(), facts.details.end(), [&](const ContextDetail& one) {
      return one.subject == name(role) && one.distance_m.has_value();
    });
    if (detail == facts.details.end()) continue;
    const auto is_it = [&](const FlowPlace& place) {
      return place.role == role && place.layer == detail->layer &&
             std::find(place.ids.begin(), place.ids.end(), detail->feature_id) != place.ids.end();
    };
    const auto place = std::find_if(places_.begin(), places_.end(), is_it);
    const auto number = static_cast<std::uint32_t>(place - places_.begin());
    if (place != places_.end() && !ground_.places.cells[number].empty()) asked.emplace_back(role, number);
  }
  return asked;
}

void WindowFacts::set_sides(ContextFacts& facts, const Asked& asked, const FlowAnswer& answer) {
  const auto side_of = [&](LayerRole role, const NearWater& near) {
    if (near.distance_m == 0) return FlowSide::downstream;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (asked[i].first != role) continue;
      const double down = share_to(answer, asked[i].second);
      const double up = answer.upstream_shares[i];
      if (down >= mostly) return FlowSide::downstream;
      if (up >= mostly) return FlowSide::upstream;
      // Flow that was lost may have come there.
      return down + answer.lost_share <= seldom && up <= seldom ? FlowSide::neither : FlowSide::cannot_tell;
    }
    return FlowSide::cannot_tell;  // beyond the window
  };
  WaterFacts& water = *facts.context.water;
  if (water.surface) water.surface->side = side_of(LayerRole::surface_water, *water.surface);
  if (water.spring) water.spring->side = side_of(LayerRole::spring, *water.spring);
  if (water.well) water.well->side = side_of(LayerRole::well, *water.well);
}

/// The shortest way from cells to a target; where none arrives the way of the cell that most drains through.
WindowFacts::Way WindowFacts::way_to(const std::vector<FlowCell>& cells, PlaneView<const std::uint8_t> targets) const {
  Way best;
  std::uint32_t most = 0;
  for (const FlowCell& cell : cells) {
    FlowPath path = flow_path(ground_.elevation.view(), flow_.directions.view(), targets, ground_.cells.cell_m, cell);
    const bool arrives = path.end == PathEnd::target;
    const std::uint32_t drained = flow_.drained_cells.at(cell.x, cell.y);
    if (arrives ? best.arrives && path.length_m >= best.path.length_m : best.arrives || drained <= most) continue;
    most = drained;
    best = {std::move(path), arrives};
  }
  return best;
}

/// 1 where a place is.
Plane<std::uint8_t> WindowFacts::marked(std::uint32_t place) const {
  Plane<std::uint8_t> marks(ground_.elevation.width(), ground_.elevation.height());
  for (int y = 0; y < marks.height(); ++y) std::fill_n(marks.row(y), marks.width(), std::uint8_t{0});
  for (const FlowCell& cell : ground_.places.cells[place]) marks.at(cell.x, cell.y) = 1;
  return marks;
}

WindowFacts::Way WindowFacts::way_to_place(const std::vector<FlowCell>& cells, std::uint32_t place) const {
  const Plane<std::uint8_t> targets = marked(place);
  return way_to(cells, targets.view());
}

/// The share of an alert's flow that comes to a place where flow is shared between neighbours; once for each place and
/// all alerts.
double WindowFacts::spread_share(std::uint32_t place, const std::string& alert_id) {
  const auto [found, is_new] = spread_shares_.try_emplace(place);
  if (is_new) {
    const Plane<std::uint8_t> marks = marked(place);
    const Plane<double> shares = flow_share_to(flow_.angles.view(), flow_.directions.view(), marks.view());
    for (const auto& [id, cells] : cells_) {
      found->second[id] =
          mean_of(cells, [&](FlowCell cell) { return std::optional(shares.at(cell.x, cell.y)); }).value_or(0);
    }
  }
  return found->second.at(alert_id);
}

ContextDetail WindowFacts::detail_of(const char* subject, std::uint32_t place) const {
  ContextDetail detail;
  detail.subject = subject;
  detail.layer = places_[place].layer;
  detail.feature_id = places_[place].ids.front();
  detail.feature_name = places_[place].name;
  return detail;
}

/// Of surface waters the one that most draws come to; of equals the one that is first on the way.
const PlaceReach* WindowFacts::most_reached(const FlowAnswer& answer) const {
  const PlaceReach* most = nullptr;
  for (const PlaceReach& reach : answer.reached) {
    if (places_[reach.place].role != LayerRole::surface_water) continue;
    const auto rank = [](const PlaceReach& one) { return std::pair(one.any_share, one.first_share); };
    if (most == nullptr || rank(reach) > rank(*most)) most = &reach;
  }
  return most;
}

bool WindowFacts::has_waters() const {
  return std::any_of(places_.begin(), places_.end(),
                     [](const FlowPlace& place) { return place.role == LayerRole::surface_water; });
}

void WindowFacts::set_flow(ContextFacts& facts, double area_ha, const std::vector<FlowCell>& cells,
                           const FlowAnswer& answer) {
  WaterFlow& flow = facts.context.water->flow.emplace();
  flow.height_above_drainage_m =
      mean_of(cells, [&](FlowCell cell) { return std::optional<double>(flow_.heights.at(cell.x, cell.y)); });
  flow.connectivity = mean_of(cells, [&](FlowCell cell) { return connectivity_.at(cell); });
  Way way;
  if (const PlaceReach* const most = most_reached(answer)) {
    flow.to = places_[most->place].name;
    flow.share = most->any_share;
    way = way_to_place(cells, most->place);
    const Catchment& catchment = catchment_at(most->place);
    if (!catchment.is_cut && catchment.area_ha > 0) {
      flow.catchment_disturbed = catchment.disturbed_ha / catchment.area_ha;
    }
  } else {
    way = way_to(cells, {});
  }
  if (way.arrives) {
    flow.length_m = way.path.length_m;
    flow.drop_m = way.path.drop_m;
  }
  add_waters(facts, cells, answer);
  add_passed(facts, way.path, answer);
  set_risk(facts, area_ha, way, answer);
}

void WindowFacts::set_risk(ContextFacts& facts, double area_ha, const Way& way, const FlowAnswer& answer) {
  const WaterFlow& flow = *facts.context.water->flow;
  SurfaceRiskParts parts;
  if (has_waters()) parts.share = flow.share;
  parts.lost_share = answer.lost_share;
  if (way.arrives) {
    parts.length_m = way.path.length_m;
    parts.slope = way.path.slope();
  }
  parts.height_above_drainage_m = flow.height_above_drainage_m;
  parts.area_ha = area_ha;
  Risk risk = surface_risk(parts);
  facts.context.water->surface_risk = risk.level;
  ContextDetail& detail = facts.details.emplace_back();
  detail.subject = "water_risk_surface";
  detail.figures = std::move(risk.figures);
}

/// Every surface water that any draw comes to, and the nearest stream.
void WindowFacts::add_waters(ContextFacts& facts, const std::vector<FlowCell>& cells, const FlowAnswer& answer) {
  for (const PlaceReach& reach : answer.reached) {
    if (places_[reach.place].role != LayerRole::surface_water) continue;
    ContextDetail& detail = facts.details.emplace_back(detail_of("water_flow", reach.place));
    show_reach(detail.figures, reach);
    detail.figures["share_first"] = reach.first_share;
    const Way way = way_to_place(cells, reach.place);
    if (way.arrives) show_path(detail.figures, way.path);
    detail.figures["share_spread"] = spread_share(reach.place, facts.alert_id);
    const Catchment& catchment = catchment_at(reach.place);
    const std::string part = catchment.is_cut ? "catchment_seen_" : "catchment_";
    detail.figures[part + "ha"] = catchment.area_ha;
    detail.figures[part + "disturbed_ha"] = catchment.disturbed_ha;
    detail.figures["catchment_is_cut"] = catchment.is_cut ? 1 : 0;
  }
  ContextDetail& stream = facts.details.emplace_back();
  stream.subject = "water_flow";
  const WaterFlow& flow = *facts.context.water->flow;
  const Way way = way_to(cells, flow_.streams.view());
  if (way.arrives) show_path(stream.figures, way.path);
  if (flow.height_above_drainage_m) stream.figures["height_above_drainage_m"] = *flow.height_above_drainage_m;
  if (flow.connectivity) stream.figures["connectivity"] = *flow.connectivity;
  stream.figures["draws"] = answer.draws;
  stream.figures["cell_m"] = ground_.cells.cell_m;
  stream.figures["lost_share"] = answer.lost_share;
}

/// What lies on the path, in its order; details also of what other draws pass.
void WindowFacts::add_passed(ContextFacts& facts, const FlowPath& path, const FlowAnswer& answer) {
  std::vector<std::uint32_t> passed;
  for (const FlowCell& cell : path.cells) {
    for (const std::uint32_t place : ground_.places.members[ground_.places.sets.at(cell.x, cell.y)]) {
      if (places_[place].role == LayerRole::surface_water) continue;
      if (std::find(passed.begin(), passed.end(), place) == passed.end()) passed.push_back(place);
    }
  }
  std::vector<std::string>& names = facts.context.water->flow->passed;
  for (const std::uint32_t place : passed) names.push_back(places_[place].name);
  for (const PlaceReach& reach : answer.reached) {
    if (places_[reach.place].role == LayerRole::surface_water) continue;
    const bool is_on_way = std::find(passed.begin(), passed.end(), reach.place) != passed.end();
    if (!is_on_way && reach.any_share >= mostly) names.push_back(places_[reach.place].name);
    ContextDetail& detail = facts.details.emplace_back(detail_of("water_passed", reach.place));
    show_reach(detail.figures, reach);
    const auto found = std::find(passed.begin(), passed.end(), reach.place);
    if (found != passed.end()) detail.figures["order"] = static_cast<double>(found - passed.begin()) + 1;
  }
}

const WideGround& WindowFacts::wide_ground(std::size_t step) {
  std::optional<WideGround>& wide = wide_[step];
  if (wide) return *wide;
  wide.emplace();
  const CellWindow cells = wide_window(ground_.cells, wide_times[step], most_wide_cells);
  try {
    wide->ground = read_ground(options_, crs_, cells, places_);
    wide->flow = flow_of(wide->ground, options_);
    wide->disturbed = disturbed_in(alerts_, cells);
    wide->is_readable = true;
  } catch (const DataError&) {
    wide->is_readable = false;  // reported where the window of flow cannot be read either
  }
  return *wide;
}

/// In a wider window, once for each place; in a still wider one where that cuts it off and no void does. Where no
/// window can be read it is cut, of no size.
const Catchment& WindowFacts::catchment_at(std::uint32_t place) {
  const auto [found, is_new] = catchments_.try_emplace(place);
  if (!is_new) return found->second;
  found->second.is_cut = true;
  for (std::size_t step = 0; step < wide_.size(); ++step) {
    const WideGround& wide = wide_ground(step);
    if (!wide.is_readable) break;
    found->second =
        catchment_of(wide.ground, wide.flow.directions.view(), wide.ground.places.cells[place], wide.disturbed.view());
    if (!found->second.is_cut || found->second.ends_at_void) break;
  }
  return found->second;
}

}  // namespace pitwatch
