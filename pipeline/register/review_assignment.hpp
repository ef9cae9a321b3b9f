#pragma once
// Which review counts for which alert.

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/alerts/register_rows.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// Clocks differ; a review dated further ahead than that is refused, or does not count yet.
inline constexpr std::chrono::minutes review_ahead{5};

/// Gives each alert the newest review of its id; `reviews` are sorted as sort_reviews() does, and those dated more than
/// review_ahead after `now` do not count. The newest review of an alert that is superseded goes on to those without one
/// of their own that stand for it, if need be by way of others; to one that it merged into only where the outline
/// reviewed covers at least half of that one's area: a review of a small part says nothing of the whole. Where none
/// stands for it, and of an id that no alert has, it
/// goes to those without one whose outline has at least half of the smaller of both areas in common with the outline
/// reviewed. The time goes with the number of alerts, reviews, and overlaps.
void assign_reviews(std::span<OutlinedAlert> alerts, std::span<const RegisteredReview> reviews, Instant now);

/// Shapes that may touch a box, found by a grid.
class BoxIndex {
 public:
  /// The shapes are not kept.
  explicit BoxIndex(std::span<const LonLatMultiPolygon* const> shapes);
  ~BoxIndex();
  BoxIndex(const BoxIndex&) = delete;
  BoxIndex& operator=(const BoxIndex&) = delete;

  /// Indices, in order, of shapes whose boxes touch that of the shape.
  std::vector<std::size_t> touching(const LonLatMultiPolygon& shape) const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace pitwatch
