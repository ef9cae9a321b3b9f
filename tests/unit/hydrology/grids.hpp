#pragma once
// Small grids of the hydrology tests.

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/flow_direction.hpp"

namespace pitwatch::test {

inline constexpr float no_elevation = std::numeric_limits<float>::quiet_NaN();

template <typename T>
Plane<T> plane_of(const std::vector<std::vector<T>>& rows) {
  Plane<T> plane(static_cast<int>(rows.at(0).size()), static_cast<int>(rows.size()));
  for (int y = 0; y < plane.height(); ++y) {
    for (int x = 0; x < plane.width(); ++x) {
      plane.at(x, y) = rows[static_cast<std::size_t>(y)].at(static_cast<std::size_t>(x));
    }
  }
  return plane;
}

template <typename T>
std::vector<std::vector<T>> rows_of(const Plane<T>& plane) {
  std::vector<std::vector<T>> rows(static_cast<std::size_t>(plane.height()));
  for (int y = 0; y < plane.height(); ++y) {
    rows[static_cast<std::size_t>(y)].assign(plane.row(y), plane.row(y) + plane.width());
  }
  return rows;
}

template <typename T>
Plane<T> copy_of(const Plane<T>& plane) {
  return plane_of(rows_of(plane));
}

/// An ESRI ASCII grid of whole numbers; `nodata` gets what its header calls so.
inline std::vector<std::vector<int>> read_ascii_grid(const std::filesystem::path& path, int& nodata) {
  std::ifstream file(path);
  std::string name;
  int columns = 0;
  int rows = 0;
  double skipped = 0;
  file >> name >> columns >> name >> rows >> name >> skipped >> name >> skipped >> name >> skipped >> name >> nodata;
  std::vector<std::vector<int>> grid(static_cast<std::size_t>(rows),
                                     std::vector<int>(static_cast<std::size_t>(columns)));
  for (std::vector<int>& row : grid) {
    for (int& value : row) file >> value;
  }
  EXPECT_TRUE(file) << path;
  return grid;
}

}  // namespace pitwatch::test
