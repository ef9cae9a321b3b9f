#include "pipeline/hydrology/d_infinity.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <numbers>
#include <utility>
#include <vector>

#include "pipeline/hydrology/cells.hpp"

namespace pitwatch {
namespace {

constexpr double pi = std::numbers::pi;

// The neighbours counter-clockwise from east, an eighth of a turn apart; east again at the end.
constexpr std::array<FlowStep, 9> around{
    {{1, 0}, {1, -1}, {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}, {0, 1}, {1, 1}, {1, 0}}};

/// Tarboton's table 1: the facets between a straight neighbour and a diagonal one, e.g. east and north-east.
struct Facet {
  std::size_t straight;
  std::size_t diagonal;
};

/// The angle of the steepest facet; NaN where none falls.
double steepest_angle(PlaneView<const float> elevation, int x, int y) {
  const double here = elevation.at(x, y);
  std::array<double, 9> ground{};
  for (std::size_t i = 0; i < around.size(); ++i) ground[i] = elevation.at(x + around[i].x, y + around[i].y);
  double most = 0;
  double angle = std::nan("");
  for (std::size_t i = 0; i < 8; ++i) {
    const bool straight_first = i % 2 == 0;
    const Facet facet = straight_first ? Facet{i, i + 1} : Facet{i + 1, i};
    const double along = here - ground[facet.straight];                     // equation 1, in cells
    const double across = ground[facet.straight] - ground[facet.diagonal];  // equation 2
    double turn = std::atan2(across, along);                                // equation 3
    double fall = std::hypot(along, across);
    if (turn < 0) {
      turn = 0;
      fall = along;
    } else if (turn > pi / 4) {
      turn = pi / 4;
      fall = (here - ground[facet.diagonal]) / std::numbers::sqrt2;
    }
    if (!(fall > most)) continue;
    most = fall;
    const double start = static_cast<double>(facet.straight) * pi / 4;
    angle = straight_first ? start + turn : start - turn;
  }
  return angle;
}

/// The two neighbours that share a cell's flow, and their shares.
struct Shares {
  std::array<std::size_t, 2> neighbours{};
  std::array<double, 2> shares{};
};

Shares shares_of(double angle) {
  // A share below this is rounding of the angle.
  constexpr double least = 1e-6;
  const double eighths = angle / (pi / 4);
  const double whole = std::floor(eighths);
  double second = eighths - whole;
  std::size_t first_neighbour = static_cast<std::size_t>(whole) % 8;
  if (second > 1 - least) {
    first_neighbour = (first_neighbour + 1) % 8;
    second = 0;
  } else if (second < least) {
    second = 0;
  }
  return {{first_neighbour, (first_neighbour + 1) % 8}, {1 - second, second}};
}

}  // namespace

Plane<float> flow_angles(PlaneView<const float> elevation, PlaneView<const FlowDirection> directions) {
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  Plane<float> angles(elevation.width, elevation.height);
  for (int y = 0; y < elevation.height; ++y) {
    for (int x = 0; x < elevation.width; ++x) {
      const FlowDirection direction = directions.at(x, y);
      angles.at(x, y) = none;
      if (!flows_on(direction)) continue;
      const double angle = at_outside(elevation, x, y) ? std::nan("") : steepest_angle(elevation, x, y);
      // Directions count from north-east, angles from east.
      angles.at(x, y) = static_cast<float>(std::isnan(angle) ? (direction % 8) * pi / 4 : angle);
    }
  }
  return angles;
}

namespace {

/// Calls `visit(x, y, share)` for the cells that a cell's flow goes to.
template <typename Visit>
void each_share(PlaneView<const float> angles, PlaneView<const FlowDirection> directions, int x, int y,
                const Visit& visit) {
  if (std::isnan(angles.at(x, y))) return;
  const Shares shares = shares_of(angles.at(x, y));
  for (std::size_t i = 0; i < 2; ++i) {
    const int nx = x + around[shares.neighbours[i]].x;
    const int ny = y + around[shares.neighbours[i]].y;
    if (shares.shares[i] > 0 && on_grid(angles, nx, ny) && directions.at(nx, ny) != flow_void) {
      visit(nx, ny, shares.shares[i]);
    }
  }
}

/// Calls `visit` for each cell after all that drain to it.
template <typename Visit>
void each_downstream(PlaneView<const float> angles, PlaneView<const FlowDirection> directions, const Visit& visit) {
  Plane<std::uint8_t> awaited(angles.width, angles.height);  // neighbours that drain here, not visited yet
  for (int y = 0; y < angles.height; ++y) {
    std::memset(awaited.row(y), 0, static_cast<std::size_t>(angles.width));
  }
  for (int y = 0; y < angles.height; ++y) {
    for (int x = 0; x < angles.width; ++x) {
      each_share(angles, directions, x, y, [&](int nx, int ny, double) { ++awaited.at(nx, ny); });
    }
  }
  std::vector<FlowCell> ready;
  for (int y = 0; y < angles.height; ++y) {
    for (int x = 0; x < angles.width; ++x) {
      if (awaited.at(x, y) == 0) ready.push_back(flow_cell(x, y));
    }
  }
  while (!ready.empty()) {
    const FlowCell cell = ready.back();
    ready.pop_back();
    visit(cell);
    each_share(angles, directions, cell.x, cell.y, [&](int nx, int ny, double) {
      if (--awaited.at(nx, ny) == 0) ready.push_back(flow_cell(nx, ny));
    });
  }
}

}  // namespace

Plane<double> flow_accumulation(PlaneView<const float> angles, PlaneView<const FlowDirection> directions) {
  Plane<double> cells(angles.width, angles.height);
  for (int y = 0; y < angles.height; ++y) {
    for (int x = 0; x < angles.width; ++x) cells.at(x, y) = directions.at(x, y) == flow_void ? 0 : 1;
  }
  each_downstream(angles, directions, [&](FlowCell cell) {
    each_share(angles, directions, cell.x, cell.y,
               [&](int nx, int ny, double share) { cells.at(nx, ny) += share * cells.at(cell.x, cell.y); });
  });
  return cells;
}

Plane<double> flow_share_to(PlaneView<const float> angles, PlaneView<const FlowDirection> directions,
                            PlaneView<const std::uint8_t> targets) {
  Plane<double> shares(angles.width, angles.height);
  for (int y = 0; y < angles.height; ++y) {
    for (int x = 0; x < angles.width; ++x) {
      shares.at(x, y) = targets.at(x, y) != 0 && directions.at(x, y) != flow_void ? 1 : 0;
    }
  }
  std::vector<FlowCell> order;
  order.reserve(static_cast<std::size_t>(angles.width) * static_cast<std::size_t>(angles.height));
  each_downstream(angles, directions, [&](FlowCell cell) { order.push_back(cell); });
  for (auto cell = order.rbegin(); cell != order.rend(); ++cell) {
    double& own = shares.at(cell->x, cell->y);
    if (own != 0) continue;
    each_share(angles, directions, cell->x, cell->y,
               [&](int nx, int ny, double share) { own += share * shares.at(nx, ny); });
  }
  return shares;
}

}  // namespace pitwatch
