#pragma once
// A site that has been watched for two years.

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/integration/process.hpp"

namespace pitwatch::test {

/// A small site and two years of it, made once.
class Series {
 public:
  Series() {
    write_text(folder_ / "site.geojson", R"({"type": "FeatureCollection", "features": [{"type": "Feature",
      "properties": {"id": "small", "name": "Small"}, "geometry": {"type": "Polygon", "coordinates":
      [[[46.610, 40.146], [46.617, 40.146], [46.617, 40.152], [46.610, 40.152], [46.610, 40.146]]]}}]})");
    const Outcome made = run_process({PITWATCH_PROGRAM, "simulate", "--sites", sites(), "--from", "2021-01-01",
                                      "--until", "2022-12-31", "--every-days", "10", "--size-km", "1.8", "--bands",
                                      "B02,B03,B04,B08,B11,B12", "--seed", "5", "--out", folder_ / "series"});
    if (made.exit_code != 0) throw std::runtime_error(made.err);
    for (const std::string& name : names_in(scenes())) {
      if (name.rfind("S2", 0) == 0) names_.push_back(name);
    }
    // By date: the third part of S2A_38TPK_20210106_0_L2A_small.
    std::sort(names_.begin(), names_.end(),
              [](const std::string& a, const std::string& b) { return a.substr(10) < b.substr(10); });
  }
  std::string sites() const { return folder_ / "site.geojson"; }
  std::string scenes() const { return folder_ / "series/small"; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  TemporaryFolder folder_;
  std::vector<std::string> names_;
};

inline const Series& series() {
  static const Series made;
  return made;
}

}  // namespace pitwatch::test
