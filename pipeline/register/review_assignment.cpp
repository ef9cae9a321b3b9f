#include "pipeline/register/review_assignment.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double least_overlap = 0.5;  // of the smaller of two areas
constexpr double least_cover = 0.5;    // of an alert that others merged into
constexpr double cell_degrees = 0.01;
constexpr double most_cells = 1024;  // of one shape; larger ones are looked at always

struct Box {
  LonLat low{1000, 1000};
  LonLat high{-1000, -1000};
};

Box box_of(const LonLatMultiPolygon& shape) {
  Box box;
  for (const LonLatPolygon& part : shape) {
    for (const LonLat& place : part.outer) {
      box.low = {std::min(box.low.lon, place.lon), std::min(box.low.lat, place.lat)};
      box.high = {std::max(box.high.lon, place.lon), std::max(box.high.lat, place.lat)};
    }
  }
  return box;
}

bool touch(const Box& a, const Box& b) {
  return a.low.lon <= b.high.lon && b.low.lon <= a.high.lon && a.low.lat <= b.high.lat && b.low.lat <= a.high.lat;
}

/// Cells of the grid that a box touches.
struct Cells {
  std::int64_t left, right, bottom, top;
  explicit Cells(const Box& box)
      : left(std::llround(std::floor(box.low.lon / cell_degrees))),
        right(std::llround(std::floor(box.high.lon / cell_degrees))),
        bottom(std::llround(std::floor(box.low.lat / cell_degrees))),
        top(std::llround(std::floor(box.high.lat / cell_degrees))) {}
  bool too_many() const {
    return static_cast<double>(right - left + 1) * static_cast<double>(top - bottom + 1) > most_cells;
  }
  template <typename Visit>
  void for_each(const Visit& visit) const {
    constexpr std::int64_t columns = 1'000'000;
    for (std::int64_t y = bottom; y <= top; ++y) {
      for (std::int64_t x = left; x <= right; ++x) visit(y * columns + x);
    }
  }
};

/// One that stands for an alert that is superseded.
struct Heir {
  OutlinedAlert* alert = nullptr;
  bool is_merged = false;  // in no other way than by merging: of its ground the other may be a small part
};

/// Alerts by id, and which of them stand for one that is superseded.
class Heirs {
 public:
  explicit Heirs(std::span<OutlinedAlert> alerts) {
    for (OutlinedAlert& outlined : alerts) by_id_.emplace(outlined.alert.id, &outlined);
  }
  OutlinedAlert* find(const std::string& id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  }
  /// In order of ids.
  std::vector<Heir> of(const std::string& id) const {
    const std::map<std::string, OutlinedAlert*> unmerged = reached_from(id, false);
    std::vector<Heir> heirs;
    for (const auto& [of_id, alert] : reached_from(id, true)) {
      if (!alert->alert.superseded) heirs.push_back({alert, !unmerged.contains(of_id)});
    }
    return heirs;
  }

 private:
  std::map<std::string, OutlinedAlert*> reached_from(const std::string& id, bool by_merging) const {
    std::map<std::string, OutlinedAlert*> reached;
    std::vector<std::string> open{id};
    while (!open.empty()) {
      OutlinedAlert* const at = find(open.back());
      open.pop_back();
      if (at == nullptr || !reached.emplace(at->alert.id, at).second || !at->alert.superseded) continue;
      if (!by_merging && at->alert.superseded->why == SupersededWhy::merged) continue;
      open.insert(open.end(), at->alert.superseded->by.begin(), at->alert.superseded->by.end());
    }
    return reached;
  }

  std::unordered_map<std::string, OutlinedAlert*> by_id_;
};

void give(OutlinedAlert& outlined, const RegisteredReview& review) {
  outlined.alert.review = review.review;
  outlined.alert.review->by_overlap = true;
}

/// Reviews and alerts of one neighbourhood, as places in their lists.
struct Neighbourhood {
  std::vector<std::size_t> reviews;
  std::set<std::size_t> alerts;
};

/// By degree: a layer costs much more to make than a polygon in it, and is true to shape for as far.
std::map<std::pair<int, int>, Neighbourhood> neighbourhoods(std::span<OutlinedAlert* const> alerts,
                                                            std::span<const RegisteredReview* const> reviews) {
  std::vector<const LonLatMultiPolygon*> shapes;
  for (const OutlinedAlert* alert : alerts) shapes.push_back(&alert->outline);
  const BoxIndex index(shapes);
  std::map<std::pair<int, int>, Neighbourhood> result;
  for (std::size_t i = 0; i < reviews.size(); ++i) {
    const std::vector<std::size_t> near = index.touching(reviews[i]->outline);
    if (near.empty()) continue;
    const Box box = box_of(reviews[i]->outline);
    Neighbourhood& of_review =
        result[{static_cast<int>(std::floor(box.low.lon)), static_cast<int>(std::floor(box.low.lat))}];
    of_review.reviews.push_back(i);
    of_review.alerts.insert(near.begin(), near.end());
  }
  return result;
}

/// Those of some shapes that have an area, and which they are.
struct PlacedLayer {
  PolygonLayer layer;
  std::vector<std::size_t> places;

  explicit PlacedLayer(LonLat centre) : layer(centre) {}
  void add(std::size_t place, const std::string& id, const LonLatMultiPolygon& shape) {
    try {
      layer.add(id, shape);
      places.push_back(place);
    } catch (const DataError&) {
      return;  // overlaps nothing
    }
  }
};

/// What a review's outline and an alert have in common.
struct CommonGround {
  std::size_t review = 0;  // places in their lists
  std::size_t alert = 0;
  double common_m2 = 0;
  double review_m2 = 0;
  double alert_m2 = 0;
};

std::vector<CommonGround> common_ground(std::span<OutlinedAlert* const> alerts,
                                        std::span<const RegisteredReview* const> reviews) {
  std::vector<CommonGround> result;
  for (const auto& [degree, near] : neighbourhoods(alerts, reviews)) {
    const LonLat centre{degree.first + 0.5, degree.second + 0.5};
    PlacedLayer of_reviews(centre);
    PlacedLayer of_alerts(centre);
    for (const std::size_t i : near.reviews) of_reviews.add(i, reviews[i]->alert_id, reviews[i]->outline);
    for (const std::size_t i : near.alerts) of_alerts.add(i, alerts[i]->alert.id, alerts[i]->outline);
    for (const PolygonOverlap& common : overlaps(of_reviews.layer, of_alerts.layer)) {
      result.push_back({of_reviews.places[common.first], of_alerts.places[common.second], common.intersection_m2,
                        of_reviews.layer.area_m2(common.first), of_alerts.layer.area_m2(common.second)});
    }
  }
  return result;
}

/// Gives reviews, the newest first, to those of the alerts that have none and have least_overlap of the smaller area in
/// common with the outline reviewed.
void give_by_ground(std::span<OutlinedAlert* const> alerts, std::span<const RegisteredReview* const> reviews) {
  std::vector<std::vector<std::size_t>> same_ground(reviews.size());
  for (const CommonGround& common : common_ground(alerts, reviews)) {
    if (common.common_m2 < least_overlap * std::min(common.review_m2, common.alert_m2)) continue;
    same_ground[common.review].push_back(common.alert);
  }
  for (std::size_t i = 0; i < reviews.size(); ++i) {
    for (const std::size_t alert : same_ground[i]) {
      if (!alerts[alert]->alert.review) give(*alerts[alert], *reviews[i]);
    }
  }
}

/// Leaves of the heirs by merging those of whose area the outline reviewed covers enough. `inherited`: of each review.
void drop_small_parts(const Heirs& heirs, std::span<const RegisteredReview* const> reviews,
                      std::vector<std::vector<Heir>>& inherited) {
  std::map<OutlinedAlert*, std::size_t> places;
  std::vector<OutlinedAlert*> alerts;
  for (const std::vector<Heir>& of_review : inherited) {
    for (const Heir& heir : of_review) {
      if (heir.is_merged && places.emplace(heir.alert, alerts.size()).second) alerts.push_back(heir.alert);
    }
  }
  if (alerts.empty()) return;
  std::set<std::pair<std::size_t, std::size_t>> covered;
  for (const CommonGround& common : common_ground(alerts, reviews)) {
    if (common.common_m2 >= least_cover * common.alert_m2) covered.emplace(common.review, common.alert);
  }
  for (std::size_t i = 0; i < reviews.size(); ++i) {
    const OutlinedAlert* const own = heirs.find(reviews[i]->alert_id);
    std::erase_if(inherited[i], [&](const Heir& heir) {
      if (!heir.is_merged) return false;
      // Whoever wrote a review without an outline saw the alert.
      if (reviews[i]->outline.empty() || heir.alert->outline.empty()) {
        return own == nullptr || own->alert.area_ha < least_cover * heir.alert->alert.area_ha;
      }
      return !covered.contains({i, places.at(heir.alert)});
    });
  }
}

}  // namespace

struct BoxIndex::State {
  std::vector<Box> boxes;
  std::unordered_map<std::int64_t, std::vector<std::size_t>> cells;
  std::vector<std::size_t> everywhere;
};

BoxIndex::BoxIndex(std::span<const LonLatMultiPolygon* const> shapes) : state_(std::make_unique<State>()) {
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    state_->boxes.push_back(box_of(*shapes[i]));
    if (shapes[i]->empty()) continue;
    const Cells cells(state_->boxes.back());
    if (cells.too_many()) {
      state_->everywhere.push_back(i);
    } else {
      cells.for_each([&](std::int64_t cell) { state_->cells[cell].push_back(i); });
    }
  }
}

BoxIndex::~BoxIndex() = default;

std::vector<std::size_t> BoxIndex::touching(const LonLatMultiPolygon& shape) const {
  std::vector<std::size_t> found;
  if (shape.empty()) return found;
  const Box box = box_of(shape);
  const Cells cells(box);
  const auto look_at = [&](std::size_t i) {
    if (touch(box, state_->boxes[i])) found.push_back(i);
  };
  if (cells.too_many()) {
    for (std::size_t i = 0; i < state_->boxes.size(); ++i) look_at(i);
  } else {
    std::for_each(state_->everywhere.begin(), state_->everywhere.end(), look_at);
    cells.for_each([&](std::int64_t cell) {
      const auto in_cell = state_->cells.find(cell);
      if (in_cell != state_->cells.end()) std::for_each(in_cell->second.begin(), in_cell->second.end(), look_at);
    });
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void assign_reviews(std::span<OutlinedAlert> alerts, std::span<const RegisteredReview> reviews, Instant now) {
  const Heirs heirs(alerts);
  std::map<std::string, const RegisteredReview*> newest;
  for (const RegisteredReview& review : reviews) {
    if (review.review.reviewed_at <= now + review_ahead) newest[review.alert_id] = &review;
  }
  std::vector<OutlinedAlert*> without;
  for (OutlinedAlert& outlined : alerts) {
    outlined.alert.review.reset();
    const auto found = newest.find(outlined.alert.id);
    if (found != newest.end()) outlined.alert.review = found->second->review;
    if (!outlined.alert.review && !outlined.alert.superseded) without.push_back(&outlined);
  }
  std::vector<const RegisteredReview*> going_on;
  for (const auto& [id, review] : newest) {
    const OutlinedAlert* const own = heirs.find(id);
    if (own == nullptr || own->alert.superseded) going_on.push_back(review);
  }
  std::stable_sort(going_on.begin(), going_on.end(), [](const RegisteredReview* a, const RegisteredReview* b) {
    return std::tie(a->review.reviewed_at, a->recorded_at) > std::tie(b->review.reviewed_at, b->recorded_at);
  });
  // By what the register says of who stands for whom, before what lies where.
  std::vector<const RegisteredReview*> by_ground;
  std::vector<std::vector<Heir>> inherited;
  for (const RegisteredReview* review : going_on) {
    inherited.push_back(heirs.of(review->alert_id));
    if (inherited.back().empty() && !review->outline.empty()) by_ground.push_back(review);
  }
  drop_small_parts(heirs, going_on, inherited);
  for (std::size_t i = 0; i < going_on.size(); ++i) {
    for (const Heir& heir : inherited[i]) {
      if (!heir.alert->alert.review) give(*heir.alert, *going_on[i]);
    }
  }
  if (!by_ground.empty()) give_by_ground(without, by_ground);
}

}  // namespace pitwatch
