// The metadata of real products, all generations of them: against a table that is kept, and against what another
// converter (stactools) makes of the same files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/safe_product.hpp"
#include "pipeline/io/scenes/scene_reader.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::read_text;
using test::shared_data;
using test::write_text;

fs::path trees() { return shared_data() / "safe_metadata"; }

/// Every product, tile and granule there, by name.
std::vector<std::string> references() {
  std::set<std::string> found;
  const auto add = [&](const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename() == "l1c") continue;
      const std::vector<std::string> granules =
          is_safe_product(entry.path()) ? safe_granules(entry.path()) : std::vector{entry.path().string()};
      found.insert(granules.begin(), granules.end());
    }
  };
  add(trees());
  for (const char* kind : {"safe", "compact_safe", "zipped_safe"}) add(trees() / "l1c" / kind);
  return {found.begin(), found.end()};
}

template <typename... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string number(const std::optional<double>& value) { return value ? formatted("%.6g", *value) : "-"; }

std::string angles(const std::optional<ViewAngles>& angles) {
  return angles ? formatted("%.4f/%.4f", angles->zenith, angles->azimuth) : "-";
}

std::string orbit(const std::optional<int>& value) { return value ? std::to_string(*value) : "-"; }

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

template <class Values>
std::string joined(const Values& values, const char* between) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : between) + value;
  return or_dash(text);
}

std::string box(const std::optional<DegreeBox>& box) {
  return box ? formatted("%.4f,%.4f,%.4f,%.4f", box->west, box->south, box->east, box->north) : "-";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The offsets of the reflectance bands, each once: "-0.1".
std::string offsets(const Scene& scene) {
  std::set<std::string> values;
  for (const auto& [band, asset] : scene.bands) {
    if (is_reflectance(band)) values.insert(formatted("%g", asset.calibration.offset));
  }
  return joined(values, ",");
}

std::string line_of(const std::string& reference) {
  const std::string name = fs::path(reference).lexically_relative(trees()).string();
  try {
    const Scene scene = read_scene(reference);
    std::ostringstream line;
    line << name << " | " << scene.level << " " << or_dash(scene.processing_baseline) << " " << scene.tile << " "
         << scene.platform << " " << format_instant(scene.acquired) << " processed "
         << (scene.processed ? format_instant(*scene.processed) : "-") << " | " << scene.id << " | sun "
         << angles(scene.sun) << " view " << angles(scene.view) << " | orbits " << orbit(scene.relative_orbit) << " "
         << orbit(scene.absolute_orbit) << " " << or_dash(scene.datatake) << " " << or_dash(scene.datastrip_start)
         << " | " << scene.offsets.rule << ": " << offsets(scene) << " (" << joined(scene.offsets.contradictions, "; ")
         << ") | nodata " << number(scene.nodata) << " cloud " << number(scene.cloud_cover) << " | "
         << joined(scene.quality_flags, "; ") << " | " << scene.bands.size() << " bands | " << box(scene.bbox);
    return line.str();
  } catch (const DataError& error) {
    std::string reason = error.what();
    return name + " | refused: " + reason.erase(0, reason.find(reference) == 0 ? reference.size() + 2 : 0);
  }
}

TEST(SafeScenes, AreAsInTheTable) {
  if (!fs::exists(trees())) GTEST_SKIP() << "no reference data at " << shared_data();
  const std::string table = PITWATCH_SOURCE_DIR "/tests/golden/safe_scenes.txt";
  std::string text;
  for (const std::string& reference : references()) text += line_of(reference) + "\n";
  if (std::getenv("PITWATCH_WRITE_GOLDEN") != nullptr) write_text(table, text);
  const std::vector<std::string> expected = lines_of(read_text(table));
  const std::vector<std::string> found = lines_of(text);
  ASSERT_GE(found.size(), 30U);
  for (std::size_t i = 0; i < std::min(expected.size(), found.size()); ++i) EXPECT_EQ(found[i], expected[i]);
  EXPECT_EQ(found.size(), expected.size());
}

double longitudes_apart(double a, double b) { return std::abs(std::remainder(a - b, 360)); }

/// "-0.1" of STAC's raster:bands.
double offset_of(const json& asset) { return asset.at("raster:bands").at(0).at("offset").get<double>(); }

/// Without the resolution: the converter takes B01 at 60 m where there is one of 20 m.
std::string image_of(const std::string& path) {
  const std::string stem = fs::path(path).stem().string();
  return (stem.ends_with('m') ? stem.substr(0, stem.rfind('_')) : stem) + fs::path(path).extension().string();
}

void expect_as_converted(const Scene& scene, const json& item) {
  const json& properties = item.at("properties");
  const auto text = [&](const char* key) { return properties.value(key, std::string()); };
  const auto near = [&](const char* key, const std::optional<double>& value, double tolerance) {
    if (!properties.contains(key)) return;
    ASSERT_TRUE(value.has_value()) << key;
    EXPECT_NEAR(*value, properties.at(key).get<double>(), tolerance) << key;
  };
  EXPECT_EQ(scene.acquired, parse_instant(text("datetime").substr(0, 23) + "Z"));
  EXPECT_EQ(scene.platform, text("platform"));
  EXPECT_EQ(scene.processing_baseline, text("s2:processing_baseline"));
  EXPECT_EQ(scene.level == "L1C" ? "S2MSI1C" : "S2MSI2A", text("s2:product_type"));
  EXPECT_EQ("MGRS-" + scene.tile.substr(1), text("grid:code"));
  if (properties.contains("sat:relative_orbit")) {
    EXPECT_EQ(scene.relative_orbit, properties.at("sat:relative_orbit").get<int>());
  }
  if (properties.contains("s2:generation_time")) {
    EXPECT_EQ(scene.processed, parse_instant(text("s2:generation_time").substr(0, 23) + "Z"));
  }
  if (properties.contains("s2:datatake_id")) {
    EXPECT_EQ(scene.datatake, text("s2:datatake_id").substr(0, text("s2:datatake_id").rfind("_N")));
  }
  near("eo:cloud_cover", scene.cloud_cover, 1e-9);
  near("s2:nodata_pixel_percentage", scene.nodata, 1e-9);
  near("view:sun_azimuth", scene.sun ? std::optional(scene.sun->azimuth) : std::nullopt, 1e-9);
  near("view:sun_elevation", scene.sun ? std::optional(90 - scene.sun->zenith) : std::nullopt, 1e-9);
  // That of the converter is a mean over all bands, whose angles differ by a degree.
  near("view:incidence_angle", scene.view ? std::optional(scene.view->zenith) : std::nullopt, 0.6);

  ASSERT_TRUE(scene.bbox.has_value());
  const json& box = item.at("bbox");
  EXPECT_LT(longitudes_apart(scene.bbox->west, box[0]), 0.02) << scene.bbox->west;
  EXPECT_NEAR(scene.bbox->south, box[1].get<double>(), 0.02);
  EXPECT_LT(longitudes_apart(scene.bbox->east, box[2]), 0.02) << scene.bbox->east;
  EXPECT_NEAR(scene.bbox->north, box[3].get<double>(), 0.02);

  for (const auto& [band, asset] : scene.bands) {
    const std::string common_name(info(band).common_name);
    if (!is_reflectance(band) || !item.at("assets").contains(common_name)) continue;
    const json& converted = item.at("assets").at(common_name);
    EXPECT_FLOAT_EQ(asset.calibration.offset, static_cast<float>(offset_of(converted))) << name(band);
    EXPECT_FLOAT_EQ(asset.calibration.scale, converted.at("raster:bands").at(0).at("scale").get<float>());
    EXPECT_EQ(image_of(asset.path), image_of(converted.at("href").get<std::string>())) << name(band);
  }
}

TEST(SafeScenes, SayWhatAnotherConverterSays) {
  if (!fs::exists(trees())) GTEST_SKIP() << "no reference data at " << shared_data();
  int compared = 0;
  for (const std::string& reference : references()) {
    const std::string converted = reference + "/expected_output.json";
    if (!fs::exists(converted)) continue;
    SCOPED_TRACE(reference);
    ++compared;
    expect_as_converted(read_scene(reference), json::parse(read_text(converted)));
  }
  EXPECT_GE(compared, 15);
}

}  // namespace
}  // namespace pitwatch
