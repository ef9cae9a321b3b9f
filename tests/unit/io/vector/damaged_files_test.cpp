// Of a vector file that is damaged in the middle GDAL gives the features before the damage: every reader refuses it.

#include <gdal/gdal.h>
#include <gdal/ogr_api.h>
#include <gdal/ogr_srs_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/vector/aoi.hpp"
#include "pipeline/io/vector/layer_features.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/io/vector/vector_features.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int features = 200;

class DamagedVectorFile : public ::testing::Test {
 protected:
  DamagedVectorFile() { initialise_gdal(1 << 24); }

  /// 200 squares with an id and a name; the number of features that OGR says to be there is right.
  std::string write(const char* driver, const std::string& name) const {
    const std::string path = folder_ / name;
    const OGRSFDriverH made_by = OGRGetDriverByName(driver);
    const OGRDataSourceH file = OGR_Dr_CreateDataSource(made_by, path.c_str(), nullptr);
    const OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
    OSRImportFromEPSG(crs, 4326);
    OSRSetAxisMappingStrategy(crs, OAMS_TRADITIONAL_GIS_ORDER);
    std::array<char*, 2> options{const_cast<char*>("SPATIAL_INDEX=NO"), nullptr};  // whose damage would do no harm
    const OGRLayerH layer = OGR_DS_CreateLayer(file, "sites", crs, wkbPolygon,
                                               driver == std::string("ESRI Shapefile") ? nullptr : options.data());
    for (const char* const column : {"id", "name"}) {
      const OGRFieldDefnH field = OGR_Fld_Create(column, OFTString);
      OGR_L_CreateField(layer, field, 1);
      OGR_Fld_Destroy(field);
    }
    for (int i = 0; i < features; ++i) {
      const OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
      OGR_F_SetFieldString(feature, 0, ("s" + std::to_string(i)).c_str());
      OGR_F_SetFieldString(feature, 1, std::string(60, 'n').c_str());
      std::string wkt = "POLYGON ((46.61 40.14, 46.62 40.14, 46.62 40.15, 46.61 40.14))";
      char* text = wkt.data();
      OGRGeometryH shape = nullptr;
      OGR_G_CreateFromWkt(&text, nullptr, &shape);
      OGR_F_SetGeometryDirectly(feature, shape);
      EXPECT_EQ(OGR_L_CreateFeature(layer, feature), OGRERR_NONE);
      OGR_F_Destroy(feature);
    }
    OGR_DS_Destroy(file);
    OSRDestroySpatialReference(crs);
    return path;
  }

  static void cut(const std::string& path, double share) {
    const auto size = static_cast<double>(std::filesystem::file_size(path));
    std::filesystem::resize_file(path, static_cast<std::uintmax_t>(size * share));
  }

  /// Which of the readers takes the file, and how many features it then gives.
  static std::vector<std::pair<std::string, std::size_t>> taken(const std::string& path) {
    std::vector<std::pair<std::string, std::size_t>> by;
    const auto attempt = [&](const char* name, const std::function<std::size_t()>& read) {
      try {
        by.emplace_back(name, read());
      } catch (const DataError& error) {
        EXPECT_THAT(error.what(), StartsWith(path + ": ")) << name;
        EXPECT_THAT(error.what(), AnyOf(HasSubstr(" read"), HasSubstr("cannot open"), HasSubstr(".dbf"))) << name;
      }
    };
    attempt("sites", [&] {
      std::vector<RejectedSite> rejected;
      return read_sites(path, rejected).size() + rejected.size();
    });
    attempt("outlines", [&] { return read_site_outlines(path).size(); });
    attempt("features", [&] { return read_vector_features(path).features.size(); });
    attempt("layer", [&] {
      LayerSource source;
      source.target = path;
      source.columns.id = "id";
      try {
        return read_layer(source).features.size();
      } catch (const DataError& error) {
        throw DataError(path + ": " + error.what());  // as the caller has it
      }
    });
    attempt("aoi", [&] {
      Aoi(path, {"EPSG:4326", {46, 41}, 0.01, 100, 100});
      return std::size_t{features};
    });
    return by;
  }

  static void expect_refused(const std::string& path) {
    for (const auto& [reader, count] : taken(path)) ADD_FAILURE() << path << ": " << reader << " took " << count;
  }

  test::TemporaryFolder folder_;
};

TEST_F(DamagedVectorFile, WholeOnesAreTaken) {
  for (const auto& [driver, name] :
       {std::pair{"GPKG", "a.gpkg"}, {"ESRI Shapefile", "a.shp"}, {"FlatGeobuf", "a.fgb"}, {"GeoJSON", "a.geojson"}}) {
    const auto by = taken(write(driver, name));
    ASSERT_EQ(by.size(), 5U) << name;
    for (const auto& [reader, count] : by) EXPECT_EQ(count, std::size_t{features}) << name << " " << reader;
  }
}

TEST_F(DamagedVectorFile, AFlatGeobufCutOff) {
  const std::string path = write("FlatGeobuf", "a.fgb");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 20);
  expect_refused(path);
}

TEST_F(DamagedVectorFile, APartOfAShapefileCutOff) {
  for (const std::string part : {"shp", "dbf", "shx"}) {
    const std::string path = write("ESRI Shapefile", part + ".shp");
    cut(folder_ / (part + "." + part), 0.6);
    expect_refused(path);
  }
}

TEST_F(DamagedVectorFile, ATableOfAnotherShapefile) {
  const std::string path = write("ESRI Shapefile", "a.shp");
  const std::string table = test::read_text(folder_ / "a.dbf");
  for (const int rows : {features - 1, features + 1}) {
    std::string other = table;
    other[4] = static_cast<char>(rows);
    test::write_text(folder_ / "a.dbf", other);
    expect_refused(path);
  }
}

// Rows that are deleted stay in the file until it is packed.
TEST_F(DamagedVectorFile, AShapefileWithDeletedRowsIsWhole) {
  const std::string path = write("ESRI Shapefile", "a.shp");
  const OGRDataSourceH file = OGROpen(path.c_str(), 1, nullptr);
  ASSERT_EQ(OGR_L_DeleteFeature(OGR_DS_GetLayer(file, 0), 7), OGRERR_NONE);
  OGR_DS_Destroy(file);
  std::vector<RejectedSite> rejected;
  EXPECT_EQ(read_sites(path, rejected).size(), std::size_t{features - 1});
}

TEST_F(DamagedVectorFile, APageOfAGeoPackage) {
  const std::string path = write("GPKG", "a.gpkg");
  const std::string whole = test::read_text(path);
  constexpr std::size_t page = 4096;
  int refused = 0;
  for (std::size_t at = 3 * page; at + page <= whole.size(); at += page) {
    std::string damaged = whole;
    damaged.replace(at, page, page, '\xff');
    test::write_text(path, damaged);
    const auto by = taken(path);
    for (const auto& [reader, count] : by) EXPECT_GE(count, std::size_t{features}) << reader << ", page at " << at;
    refused += by.empty() ? 1 : 0;
  }
  EXPECT_GT(refused, 5);
}

// As where somebody took rows out past OGR, or lost pages that held them.
TEST_F(DamagedVectorFile, AGeoPackageThatStatesMoreThanItHolds) {
  const std::string path = write("GPKG", "a.gpkg");
  const OGRDataSourceH file = OGROpen(path.c_str(), 1, nullptr);
  OGR_DS_ReleaseResultSet(
      file, OGR_DS_ExecuteSQL(file, "UPDATE gpkg_ogr_contents SET feature_count = 201", nullptr, nullptr));
  OGR_DS_Destroy(file);
  expect_refused(path);
}

}  // namespace
}  // namespace pitwatch
