#pragma once
// Pixels drawn as text, for the unit tests of pipeline/polygons.

#include <string>
#include <vector>

#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// The pixels of a picture that are '#', with its upper left character as pixel (0, 0).
inline std::vector<Run> runs_of(const std::vector<std::string>& picture) {
  std::vector<Run> runs;
  for (int y = 0; y < static_cast<int>(picture.size()); ++y) {
    const std::string& line = picture[static_cast<std::size_t>(y)];
    for (int x = 0; x < static_cast<int>(line.size()); ++x) {
      if (line[static_cast<std::size_t>(x)] != '#') continue;
      if (!runs.empty() && runs.back().row == y && runs.back().end == x) {
        ++runs.back().end;
      } else {
        runs.push_back({y, x, x + 1});
      }
    }
  }
  return runs;
}

/// The picture of the size of `like` that shows the runs.
inline std::vector<std::string> picture_of(const std::vector<Run>& runs, const std::vector<std::string>& like) {
  std::vector<std::string> picture(like.size(), std::string(like.front().size(), '.'));
  for (const Run& run : runs) {
    for (int x = run.begin; x < run.end; ++x)
      picture.at(static_cast<std::size_t>(run.row)).at(static_cast<std::size_t>(x)) = '#';
  }
  return picture;
}

}  // namespace pitwatch
