#pragma once
// The nearest of many features.

#include <cstddef>
#include <optional>
#include <vector>

#include "pipeline/context/coverage.hpp"

namespace pitwatch {

/// Points, lines and areas of a feature on a grid.
struct NearFeature {
  std::vector<GridPoint> points;
  std::vector<std::vector<GridPoint>> lines;
  GridShape areas;
};

struct Nearest {
  std::size_t feature = 0;
  double distance_px = 0;  // 0 where they touch or overlap
  GridPoint from;          // of the shape asked about
  GridPoint to;            // of the feature
};

/// Features that can be asked many times which of them is nearest. Edges are kept in boxes of a few, so that most are
/// never looked at.
class NearestFinder {
 public:
  explicit NearestFinder(const std::vector<NearFeature>& features);

  /// The nearest feature to a shape, of equally near ones the first; nothing where there are no features or the shape
  /// has no vertex.
  std::optional<Nearest> find(const GridShape& shape) const;

 private:
  struct Edge {
    GridPoint a;
    GridPoint b;  // a again for a point
  };
  struct Pack {
    GridBox box;
    std::size_t feature = 0;
    std::size_t first = 0;  // of edges_
    std::size_t last = 0;
  };

  void add_path(std::size_t feature, const std::vector<GridPoint>& path, bool closed);
  void add_pack(std::size_t feature, std::size_t first);

  std::vector<Edge> edges_;
  std::vector<Pack> packs_;
  std::vector<std::pair<std::size_t, GridShape>> areas_;
};

}  // namespace pitwatch
