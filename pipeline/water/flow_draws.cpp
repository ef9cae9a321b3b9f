#include "pipeline/water/flow_draws.hpp"

#include <algorithm>
#include <map>

#include "pipeline/hydrology/elevation_error.hpp"

namespace pitwatch {
namespace {

constexpr std::uint64_t seed = 0x5069747761746368;  // any number: the same errors in every run

struct Count {
  std::uint32_t any = 0;
  std::uint64_t cells = 0;
  std::uint64_t first = 0;
};

/// Of one question, in one draw or in all.
struct Tally {
  std::map<std::uint32_t, Count> places;
  std::vector<std::uint32_t> upstream;
  std::uint64_t lost = 0;

  void add(const Tally& other) {
    for (const auto& [place, count] : other.places) {
      Count& sum = places[place];
      sum.any += count.any;
      sum.cells += count.cells;
      sum.first += count.first;
    }
    upstream.resize(other.upstream.size());
    for (std::size_t i = 0; i < upstream.size(); ++i) upstream[i] += other.upstream[i];
    lost += other.lost;
  }
};

std::vector<FlowCell> thinned(const std::vector<FlowCell>& cells) {
  if (cells.size() <= most_sources) return cells;
  std::vector<FlowCell> kept;
  for (std::size_t i = 0; i < most_sources; ++i) kept.push_back(cells[i * cells.size() / most_sources]);
  return kept;
}

/// Follows flow in one draw.
class Follower {
 public:
  Follower(const WaterGround& ground, const std::vector<FlowPlace>& places, const Plane<FlowDirection>& directions)
      : ground_(ground),
        places_(places),
        directions_(directions.view()),
        alert_at_(directions.width(), directions.height()) {
    for (int y = 0; y < directions.height(); ++y) std::fill_n(alert_at_.row(y), directions.width(), 0U);
  }

  /// `number` is another for each question, and not 0.
  Tally answer(const FlowQuestion& question, const std::vector<FlowCell>& sources,
               const std::vector<std::vector<FlowCell>>& upstream_cells, std::uint32_t number) {
    Tally tally;
    for (const FlowCell& source : sources) follow_down(source, tally);
    for (auto& [place, count] : tally.places) count.any = 1;
    for (const FlowCell& cell : question.cells) alert_at_.at(cell.x, cell.y) = number;
    for (const std::vector<FlowCell>& cells : upstream_cells) {
      const bool comes =
          std::any_of(cells.begin(), cells.end(), [&](const FlowCell& cell) { return comes_to_alert(cell, number); });
      tally.upstream.push_back(comes ? 1 : 0);
    }
    return tally;
  }

 private:
  bool on_grid(int x, int y) const { return x >= 0 && y >= 0 && x < directions_.width && y < directions_.height; }

  void follow_down(FlowCell source, Tally& tally) {
    met_.clear();
    bool in_water = false;
    bool at_void = false;
    int x = source.x;
    int y = source.y;
    while (true) {
      const FlowDirection direction = directions_.at(x, y);
      at_void = at_void || ground_.beside_void.at(x, y) != 0;
      if (direction == flow_void) break;
      const std::uint32_t set = ground_.places.sets.at(x, y);
      if (set != 0) {
        const bool was_in_water = in_water;
        for (const std::uint32_t place : ground_.places.members[set]) {
          if (std::find(met_.begin(), met_.end(), place) != met_.end()) continue;
          met_.push_back(place);
          Count& count = tally.places[place];
          ++count.cells;
          if (places_[place].role != LayerRole::surface_water) continue;
          if (!was_in_water) ++count.first;
          in_water = true;
        }
      }
      if (!flows_on(direction)) break;
      const int nx = x + flow_steps[direction].x;
      const int ny = y + flow_steps[direction].y;
      if (!on_grid(nx, ny)) break;
      x = nx;
      y = ny;
    }
    if (!in_water && at_void) ++tally.lost;
  }

  bool comes_to_alert(FlowCell from, std::uint32_t number) const {
    int x = from.x;
    int y = from.y;
    while (directions_.at(x, y) != flow_void) {
      if (alert_at_.at(x, y) == number) return true;
      if (!flows_on(directions_.at(x, y))) return false;
      const FlowStep step = flow_steps[directions_.at(x, y)];
      if (!on_grid(x + step.x, y + step.y)) return false;
      x += step.x;
      y += step.y;
    }
    return false;
  }

  const WaterGround& ground_;
  const std::vector<FlowPlace>& places_;
  PlaneView<const FlowDirection> directions_;
  Plane<std::uint32_t> alert_at_;
  std::vector<std::uint32_t> met_;
};

FlowAnswer answer_of(const Tally& tally, int draws, std::size_t sources) {
  FlowAnswer answer;
  answer.draws = draws;
  const double all = static_cast<double>(draws) * static_cast<double>(std::max<std::size_t>(sources, 1));
  for (const auto& [place, count] : tally.places) {
    answer.reached.push_back({place, static_cast<double>(count.any) / draws, static_cast<double>(count.cells) / all,
                              static_cast<double>(count.first) / all});
  }
  for (const std::uint32_t count : tally.upstream) {
    answer.upstream_shares.push_back(static_cast<double>(count) / draws);
  }
  answer.lost_share = static_cast<double>(tally.lost) / all;
  return answer;
}

}  // namespace

std::vector<FlowAnswer> follow_draws(const WaterGround& ground, const ElevationOptions& options,
                                     const std::vector<FlowPlace>& places, std::span<const FlowQuestion> questions,
                                     const ParallelFor& parallel_for) {
  const int draws = options.rmse_m > 0 ? options.draws : 1;
  std::vector<std::vector<FlowCell>> sources;
  std::vector<std::vector<std::vector<FlowCell>>> upstream_cells;
  for (const FlowQuestion& question : questions) {
    sources.push_back(thinned(question.cells));
    upstream_cells.emplace_back();
    for (const std::uint32_t place : question.upstream) {
      upstream_cells.back().push_back(thinned(ground.places.cells[place]));
    }
  }
  const ElevationError error{options.rmse_m, options.correlation_length_m / ground.cells.cell_m, seed};
  std::vector<std::vector<Tally>> tallies(static_cast<std::size_t>(draws));
  parallel_for(draws, [&](int draw) {
    const Plane<float>& elevation = ground.elevation;
    Plane<float> drawn(elevation.width(), elevation.height());
    for (int y = 0; y < elevation.height(); ++y) std::copy_n(elevation.row(y), elevation.width(), drawn.row(y));
    if (options.rmse_m > 0) {
      add_error(drawn.view(), error, static_cast<std::uint32_t>(draw), ground.cells.window.x, ground.cells.window.y);
    }
    const Plane<FlowDirection> directions = flow_over(ground, options, drawn.view());
    Follower follower(ground, places, directions);
    std::vector<Tally>& mine = tallies[static_cast<std::size_t>(draw)];
    for (std::size_t i = 0; i < questions.size(); ++i) {
      mine.push_back(follower.answer(questions[i], sources[i], upstream_cells[i], static_cast<std::uint32_t>(i + 1)));
    }
  });
  std::vector<FlowAnswer> answers;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    Tally sum;
    for (const std::vector<Tally>& tally : tallies) sum.add(tally[i]);
    answers.push_back(answer_of(sum, draws, sources[i].size()));
  }
  return answers;
}

}  // namespace pitwatch
