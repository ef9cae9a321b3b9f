// pitwatch run over sites at the edge of a UTM zone: scenes of the neighbouring zone show the same ground.

#include <cpl_conv.h>
#include <gdal.h>
#include <gdal_alg.h>
#include <gdalwarper.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogr_srs_api.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/integration/process.hpp"
#include "tests/integration/series.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::series;

using Dataset = std::unique_ptr<void, void (*)(GDALDatasetH)>;

Dataset owned(GDALDatasetH dataset) {
  return {dataset, [](GDALDatasetH open) { GDALClose(open); }};
}

/// Resamples a raster onto the lattice of zone 39, as another tile has it.
void warp(const std::string& from, const std::string& to, GDALResampleAlg how) {
  const Dataset source = owned(GDALOpen(from.c_str(), GA_ReadOnly));
  ASSERT_TRUE(source);
  const OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
  OSRImportFromEPSG(crs, 32639);
  char* wkt = nullptr;
  OSRExportToWkt(crs, &wkt);
  void* const transformer = GDALCreateGenImgProjTransformer(source.get(), nullptr, nullptr, wkt, FALSE, 0, 1);
  double fit[6];
  int columns = 0;
  int rows = 0;
  ASSERT_EQ(GDALSuggestedWarpOutput(source.get(), GDALGenImgProjTransform, transformer, fit, &columns, &rows), CE_None);
  GDALDestroyGenImgProjTransformer(transformer);
  double own[6];
  GDALGetGeoTransform(source.get(), own);
  const double pixel_m = own[1];
  double transform[6] = {std::floor(fit[0] / 60) * 60, pixel_m, 0, std::ceil(fit[3] / 60) * 60, 0, -pixel_m};
  const auto length = [&](int count) {
    return static_cast<int>(std::ceil((count * fit[1] + 120) / 60) * 60 / pixel_m);
  };
  const GDALRasterBandH band = GDALGetRasterBand(source.get(), 1);
  const Dataset target = owned(GDALCreate(GDALGetDriverByName("GTiff"), to.c_str(), length(columns), length(rows), 1,
                                          GDALGetRasterDataType(band), nullptr));
  ASSERT_TRUE(target);
  GDALSetGeoTransform(target.get(), transform);
  GDALSetSpatialRef(target.get(), crs);
  GDALSetRasterNoDataValue(GDALGetRasterBand(target.get(), 1), 0);
  GDALWarpOptions* const options = GDALCreateWarpOptions();
  options->nBandCount = 1;
  options->panSrcBands = static_cast<int*>(CPLMalloc(sizeof(int)));
  options->panDstBands = static_cast<int*>(CPLMalloc(sizeof(int)));
  options->panSrcBands[0] = 1;
  options->panDstBands[0] = 1;
  options->padfSrcNoDataReal = static_cast<double*>(CPLCalloc(1, sizeof(double)));
  options->padfDstNoDataReal = static_cast<double*>(CPLCalloc(1, sizeof(double)));
  EXPECT_EQ(GDALReprojectImage(source.get(), nullptr, target.get(), wkt, how, 0, 0.01, nullptr, nullptr, options),
            CE_None);
  GDALDestroyWarpOptions(options);
  CPLFree(wkt);
  OSRDestroySpatialReference(crs);
}

std::string with(std::string text, const std::string& old, const std::string& now) {
  for (std::size_t at = text.find(old); at != std::string::npos; at = text.find(old, at + now.size())) {
    text.replace(at, old.size(), now);
  }
  return text;
}

/// The same product as a tile of zone 39 would have it.
void move_to_next_zone(const std::string& product, const std::string& folder) {
  const std::string name = fs::path(product).filename().string();
  const std::string moved = folder + "/" + with(name, "38TPK", "39TUE");
  fs::create_directories(moved);
  for (const std::string& file : test::names_in(product)) {
    const std::string from = product + "/" + file;
    if (fs::path(file).extension() == ".json") {
      std::string text = with(test::read_text(from), "38TPK", "39TUE");
      text = with(with(text, "32638", "32639"), "\"mgrs:utm_zone\": 38", "\"mgrs:utm_zone\": 39");
      test::write_text(moved + "/" + with(file, "38TPK", "39TUE"), with(text, "\"PK\"", "\"UE\""));
    } else if (file[0] == 'B') {
      warp(from, moved + "/" + file, GRA_Cubic);
    } else {
      warp(from, moved + "/" + file, GRA_NearestNeighbour);
    }
  }
}

class ZonesCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { GDALAllRegister(); }

  json run_over(const std::string& source, const std::string& state) {
    const test::Outcome run = test::run_process(
        {PITWATCH_PROGRAM, "run", "--sites", series().sites(), "--source", source, "--state", folder_ / state});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return json::parse(test::read_text(folder_ / (state + "/alerts.geojson")));
  }

  /// Names of the events of the truth that the alerts of a state found. Smaller ones, such as roads a pixel wide, may
  /// be blurred too far by resampling.
  std::set<std::string> found_by(const std::string& state) {
    const test::Outcome score =
        test::run_process({PITWATCH_PROGRAM, "score", "--truth", series().scenes() + "/truth.geojson", "--alerts",
                           folder_ / (state + "/alerts.geojson"), "--draws", "1", "--json"});
    EXPECT_EQ(score.exit_code, 0) << score.err;
    std::set<std::string> found;
    const json report = json::parse(score.out);
    for (const json& event : report.at("truth").at("events")) {
      const bool is_large = event.at("area_ha").get<double>() >= 0.2;
      if (is_large && !event.at("found").is_null()) found.insert(event.at("id").dump());
    }
    return found;
  }

  static double area_ha(const json& alerts) {
    double area = 0;
    for (const json& alert : alerts.at("features")) area += alert.at("properties").at("area_ha").get<double>();
    return area;
  }

  test::TemporaryFolder folder_;
};

TEST_F(ZonesCli, EveryOtherSceneInTheNextZoneShowsTheSamePits) {
  const std::string mixed = folder_ / "mixed";
  fs::create_directories(mixed);
  for (std::size_t i = 0; i < series().names().size(); ++i) {
    const std::string& name = series().names()[i];
    if (i % 2 == 0) {
      fs::copy(series().scenes() + "/" + name, mixed + "/" + name, fs::copy_options::recursive);
    } else {
      move_to_next_zone(series().scenes() + "/" + name, mixed);
    }
  }
  const json expected = run_over(series().scenes(), "expected");
  const json seen = run_over(mixed, "seen");
  EXPECT_EQ(found_by("seen"), found_by("expected"));
  EXPECT_GT(found_by("seen").size(), 0U);
  EXPECT_NEAR(area_ha(seen), area_ha(expected), 0.15 * area_ha(expected));
}

TEST_F(ZonesCli, FetchBringsTheNextZoneWhereTheOwnLacksGround) {
  const std::string source = folder_ / "source";
  fs::create_directories(source);
  const std::string& in_both = series().names().at(0);
  const std::string& in_next = series().names().at(1);
  fs::copy(series().scenes() + "/" + in_both, source + "/" + in_both, fs::copy_options::recursive);
  move_to_next_zone(series().scenes() + "/" + in_both, source);
  move_to_next_zone(series().scenes() + "/" + in_next, source);
  const test::Outcome fetched =
      test::run_process({PITWATCH_PROGRAM, "fetch", source, "--sites", series().sites(), "--out", folder_ / "mirror"});
  ASSERT_EQ(fetched.exit_code, 0) << fetched.err;
  std::vector<std::string> products;
  for (const std::string& name : test::names_in(folder_ / "mirror")) {
    if (name.rfind("S2", 0) == 0) products.push_back(name);
  }
  std::vector<std::string> expected{in_both, with(in_next, "38TPK", "39TUE")};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(products, expected);
}

TEST_F(ZonesCli, BothZonesOfAnOverflightAreOneAcquisition) {
  const std::string both = folder_ / "both";
  const std::string single = folder_ / "single";
  fs::create_directories(both);
  fs::create_directories(single);
  for (const std::string& name : series().names()) {
    fs::copy(series().scenes() + "/" + name, single + "/" + name, fs::copy_options::recursive);
    fs::copy(series().scenes() + "/" + name, both + "/" + name, fs::copy_options::recursive);
    move_to_next_zone(series().scenes() + "/" + name, both);
  }
  const json expected = run_over(single, "expected");
  const json seen = run_over(both, "seen");
  ASSERT_EQ(seen.at("features").size(), expected.at("features").size());
  for (std::size_t i = 0; i < seen.at("features").size(); ++i) {
    const json& one = seen.at("features")[i].at("properties");
    const json& other = expected.at("features")[i].at("properties");
    EXPECT_EQ(seen.at("features")[i].at("id"), expected.at("features")[i].at("id"));
    for (const char* same : {"first_detected", "confirmed_on", "observations", "status", "scenes"}) {
      EXPECT_EQ(one.at(same), other.at(same)) << same;
    }
  }
}

}  // namespace
}  // namespace pitwatch
