#include "pipeline/context/attribution.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "pipeline/context/pixel_division.hpp"

namespace pitwatch {
namespace {

using Members = std::vector<std::size_t>;

constexpr double whole = 1 - 1e-9;        // a share from which a pixel counts as covered
constexpr double none = 1e-9;             // and up to which as not covered
constexpr double least_part_ha = 0.5e-4;  // half a square metre
constexpr double sliver_px = 0.05;        // half a metre: neighbours that lie no farther apart touch
constexpr double piece_px = 0.25;         // of an edge, whose sides are looked at

/// A feature near the alert.
struct Near {
  std::size_t number = 0;
  const GroundFeature* feature = nullptr;
  double tolerance_px = 0;
  Plane<double> shares;
  std::vector<GridEdge> edges;                  // as near to the alert as the tolerance
  std::vector<GridEdge> beside;                 // those that decide whether a point near the alert lies in it
  std::optional<std::vector<GridEdge>> border;  // of `edges` what bounds all features as one, once it was asked for
};

bool is_within(const std::vector<GridEdge>& edges, GridPoint point) {
  bool inside = false;
  for (const auto& [a, b] : edges) {
    if ((a.y > point.y) == (b.y > point.y)) continue;
    if (point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x)) inside = !inside;
  }
  return inside;
}

enum class Side : std::uint8_t { inside, outside, either };

Side side_of(const Near& near, int x, int y, GridPoint middle) {
  if (distance_to(near.edges, middle) <= near.tolerance_px) return Side::either;
  return near.shares.at(x, y) > 0.5 ? Side::inside : Side::outside;
}

/// What certainly lies inside and outside, in pixels.
struct Sides {
  double inside = 0;
  double outside = 0;
  void add(Side side, double share) {
    inside += side == Side::inside ? share : 0;
    outside += side == Side::outside ? share : 0;
  }
};

/// Of all pixels `covered` are covered; a certain side that most of the ground does not lie on says nothing.
BoundaryVerdict verdict_of(const Sides& sides, double all, double covered, double least) {
  const bool inside = sides.inside > least;
  const bool outside = sides.outside > least;
  if (inside && outside) return BoundaryVerdict::straddles;
  if (inside && std::min(sides.inside, covered) > all / 2) return BoundaryVerdict::inside;
  if (outside && std::min(sides.outside, all - covered) > all / 2) return BoundaryVerdict::outside;
  return BoundaryVerdict::cannot_tell;
}

class Attributor {
 public:
  Attributor(const AlertPixels& alert, const std::vector<GroundFeature>& features, const BoundaryTolerance& tolerance)
      : alert_(alert) {
    for (int y = 0; y < alert.window.height; ++y) {
      for (int x = 0; x < alert.window.width; ++x) pixels_ += alert.shares.at(x, y);
    }
    double reach = 0;
    for (const GroundFeature& feature : features) reach = std::max(reach, tolerance.of(feature.accuracy_px));
    const Window& window = alert.window;
    around_ = {window.x - reach, window.y - reach, window.right() + reach, window.bottom() + reach};
    // A ray to the right meets all edges that may decide.
    const GridBox beside{around_.left - 1, around_.top - 1, std::numeric_limits<double>::infinity(),
                         around_.bottom + 1};
    for (std::size_t i = 0; i < features.size(); ++i) {
      const GridBox& box = features[i].box;
      if (box.right < around_.left || box.left > around_.right || box.bottom < around_.top ||
          box.top > around_.bottom) {
        continue;
      }
      near_.push_back({i,
                       &features[i],
                       tolerance.of(features[i].accuracy_px),
                       coverage(features[i].shape, window),
                       edges_in(features[i].shape, around_),
                       edges_in(features[i].shape, beside),
                       {}});
    }
    sides_.resize(near_.size());
    inside_px_.resize(near_.size());
  }

  Attribution run(double least_ha) {
    for (int y = 0; y < alert_.window.height; ++y) {
      for (int x = 0; x < alert_.window.width; ++x) {
        if (alert_.shares.at(x, y) <= none) continue;
        const double share = alert_.shares.at(x, y);
        const double before = nobodys_px_;
        divide(x, y, share);
        take_sides(x, y, share, (nobodys_px_ - before) / share);
      }
    }
    return result(least_ha);
  }

 private:
  /// Adds the pixel's ground to the parts that it belongs to.
  void divide(int x, int y, double share) {
    Members wholly;  // places in near_
    Members partly;
    std::vector<const GridShape*> shapes;
    for (std::size_t i = 0; i < near_.size(); ++i) {
      const double within = near_[i].shares.at(x, y);
      if (within >= whole) {
        wholly.push_back(i);
      } else if (within > none) {
        partly.push_back(i);
        shapes.push_back(&near_[i].feature->shape);
      }
    }
    for (const auto& [places, part] : divide_pixel(shapes, alert_.window.x + x, alert_.window.y + y)) {
      Members members = wholly;
      for (const std::size_t place : places) members.push_back(partly[place]);
      std::sort(members.begin(), members.end());
      const double within = share * part;
      parts_[members] += within;
      if (members.empty()) nobodys_px_ += within;
      for (const std::size_t i : members) inside_px_[i] += within;
    }
  }

  void take_sides(int x, int y, double share, double nobodys) {
    const GridPoint middle{alert_.window.x + x + 0.5, alert_.window.y + y + 0.5};
    Side of_all = Side::outside;
    Members either;
    for (std::size_t i = 0; i < near_.size(); ++i) {
      const Side side = side_of(near_[i], x, y, middle);
      sides_[i].add(side, share);
      if (side == Side::inside) of_all = Side::inside;
      if (side != Side::either) continue;
      either.push_back(i);
      if (of_all == Side::outside) of_all = Side::either;
    }
    // Where one area ends and the next begins there is no boundary of all.
    if (of_all == Side::either && either.size() > 1 && nobodys < 0.5 && is_within_all(middle, either)) {
      of_all = Side::inside;
    }
    all_sides_.add(of_all, share);
  }

  /// Whether no boundary of all features as one is as near as the tolerance, of those that have one of their own there.
  bool is_within_all(GridPoint middle, const Members& either) {
    return std::all_of(either.begin(), either.end(), [&](std::size_t i) {
      if (!near_[i].border) near_[i].border = border_of(near_[i]);
      return distance_to(*near_[i].border, middle) > near_[i].tolerance_px;
    });
  }

  /// The pieces of a feature's edges beside which there is ground of none.
  std::vector<GridEdge> border_of(const Near& near) const {
    std::vector<GridEdge> border;
    for (const GridEdge& whole_edge : near.edges) {
      const std::optional<GridEdge> edge = clipped(whole_edge, around_);
      if (!edge) continue;
      const GridPoint& start = edge->first;
      const double dx = edge->second.x - start.x;
      const double dy = edge->second.y - start.y;
      const double length = std::hypot(dx, dy);
      if (!(length > 0)) continue;
      const GridPoint aside{-dy / length * sliver_px, dx / length * sliver_px};
      const double pieces = std::ceil(length / piece_px);
      const auto at = [&](double t) { return GridPoint{start.x + t * dx, start.y + t * dy}; };
      bool goes_on = false;
      for (double piece = 0; piece < pieces; ++piece) {
        const GridPoint on = at((piece + 0.5) / pieces);
        const GridPoint end = at((piece + 1) / pieces);
        if (is_any({on.x + aside.x, on.y + aside.y}) && is_any({on.x - aside.x, on.y - aside.y})) {
          goes_on = false;
          continue;
        }
        if (goes_on) {
          border.back().second = end;
        } else {
          border.emplace_back(at(piece / pieces), end);
        }
        goes_on = true;
      }
    }
    return border;
  }

  bool is_any(GridPoint point) const {
    return std::any_of(near_.begin(), near_.end(), [&](const Near& near) { return is_within(near.beside, point); });
  }

  Attribution result(double least_ha) {
    Attribution attribution;
    const double pixel_ha = pixels_ > 0 ? alert_.area_ha / pixels_ : 0;
    const double least_px = pixel_ha > 0 ? least_ha / pixel_ha : 0;
    double crumbs = 0;
    for (const auto& [members, px] : parts_) {
      const double area_ha = px * pixel_ha;
      if (area_ha < least_part_ha) {
        crumbs += area_ha;
        continue;
      }
      GroundPart& part = attribution.parts.emplace_back();
      for (const std::size_t i : members) part.features.push_back(near_[i].number);
      part.area_ha = area_ha;
    }
    if (attribution.parts.empty()) attribution.parts.push_back({});
    std::max_element(attribution.parts.begin(), attribution.parts.end(), [](const GroundPart& a, const GroundPart& b) {
      return a.area_ha < b.area_ha;
    })->area_ha += crumbs;
    for (const GroundPart& part : attribution.parts) {
      attribution.inside_ha += part.features.empty() ? 0 : part.area_ha;
      attribution.overlap_ha += part.features.size() > 1 ? part.area_ha : 0;
    }
    for (std::size_t i = 0; i < near_.size(); ++i) {
      const BoundaryVerdict verdict = verdict_of(sides_[i], pixels_, inside_px_[i], least_px);
      const double area_ha = inside_px_[i] * pixel_ha;
      if (verdict == BoundaryVerdict::outside && area_ha < least_part_ha) continue;
      attribution.features.push_back({near_[i].number, area_ha, pixels_ > 0 ? inside_px_[i] / pixels_ : 0, verdict});
    }
    attribution.verdict = verdict_of(all_sides_, pixels_, pixels_ - nobodys_px_, least_px);
    return attribution;
  }

  const AlertPixels& alert_;
  double pixels_ = 0;
  GridBox around_;         // the alert and what the tolerance reaches
  double nobodys_px_ = 0;  // in no feature
  std::vector<Near> near_;
  std::map<Members, double> parts_;  // pixels, by places in near_
  std::vector<double> inside_px_;
  std::vector<Sides> sides_;
  Sides all_sides_;
};

}  // namespace

double BoundaryTolerance::of(double accuracy_px) const { return std::hypot(accuracy_px, registration_px) + blur_px; }

Attribution attribute_ground(const AlertPixels& alert, const std::vector<GroundFeature>& features,
                             const BoundaryTolerance& tolerance, double least_ha) {
  return Attributor(alert, features, tolerance).run(least_ha);
}

Validity validity_at(const std::optional<Instant>& valid_from, const std::optional<Instant>& valid_to,
                     Instant onset_after, Instant onset_before) {
  if (valid_from && onset_before < *valid_from) return Validity::not_yet;
  if (valid_to && onset_after > *valid_to) return Validity::expired;
  if (valid_from && valid_to && onset_after >= *valid_from && onset_before <= *valid_to) return Validity::valid;
  return Validity::unknown;
}

}  // namespace pitwatch
