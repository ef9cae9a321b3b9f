// What is read from every recorded answer of the public STAC APIs, one line per Sentinel-2 item.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::string text_of(const std::optional<ViewAngles>& angles) {
  return angles ? rounded(angles->zenith) + "/" + rounded(angles->azimuth) : "-";
}

std::string text_of(const std::optional<int>& number) { return number ? std::to_string(*number) : "-"; }

std::string joined(const std::vector<std::string>& texts) {
  std::string result;
  for (const std::string& text : texts) result.append(result.empty() ? "" : "; ").append(text);
  return result.empty() ? "-" : result;
}

std::string offset_of(const Scene& scene, Band band) {
  return scene.has(band) ? rounded(scene.bands.at(band).calibration.offset) : "-";
}

std::string line_of(const json& item, const std::string& file) {
  std::string line = file + " | " + item.at("id").get<std::string>();
  try {
    const Scene scene = parse_stac_item(item.dump(), "/items/item.json");
    const auto add = [&](const std::string& text) { line += " | " + (text.empty() ? "-" : text); };
    add(scene.level);
    add(scene.processing_baseline);
    add(scene.tile);
    add(format_instant(scene.acquired));
    add(scene.platform);
    add("sun " + text_of(scene.sun));
    add("view " + text_of(scene.view));
    add("orbits " + text_of(scene.relative_orbit) + " " + text_of(scene.absolute_orbit));
    add(joined(scene.quality_flags));
    add(scene.offsets.rule);
    add("B04 " + offset_of(scene, Band::B04) + " SCL " + offset_of(scene, Band::SCL));
    add(joined(scene.offsets.contradictions));
    add(std::to_string(scene.bands.size()) + " bands");
    add(redacted(scene.bands.begin()->second.path));
    const RemotePolicy policy = default_remote_policy();
    for (const auto& [band, asset] : scene.bands) gdal_path(asset.path, policy);
    return line;
  } catch (const DataError& error) {
    return line + " | refused: " + error.what();
  }
}

TEST(StacScenes, AllRecordedAnswers) {
  const fs::path folder = test::shared_data() / "stac";
  if (!fs::exists(folder)) GTEST_SKIP() << "no reference data at " << test::shared_data();
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> lines;
  for (const fs::path& file : files) {
    const json document = json::parse(test::read_text(file));
    const std::string type = document.value("type", "");
    const std::string name = fs::relative(file, folder).string();
    if (type == "Feature") lines.push_back(line_of(document, name));
    if (type == "FeatureCollection") {
      for (const json& item : document.at("features")) lines.push_back(line_of(item, name));
    }
  }
  const std::string made = ::testing::TempDir() + "stac_scenes.txt";
  std::ofstream made_now(made);
  for (const std::string& line : lines) made_now << line << "\n";

  std::ifstream golden(PITWATCH_SOURCE_DIR "/tests/golden/stac_scenes.txt");
  std::size_t count = 0;
  for (std::string line; std::getline(golden, line); ++count) {
    ASSERT_LT(count, lines.size()) << "all lines as they are now: " << made;
    EXPECT_EQ(lines[count], line) << "all lines as they are now: " << made;
  }
  EXPECT_EQ(count, lines.size()) << "all lines as they are now: " << made;
}

}  // namespace
}  // namespace pitwatch
