// Files of several layers: which of them is read, and how messages name it.

#include <gdal/gdal.h>
#include <gdal/ogr_api.h>
#include <gdal/ogr_srs_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
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

using ::testing::HasSubstr;

class SeveralLayers : public ::testing::Test {
 protected:
  SeveralLayers() { initialise_gdal(1 << 24); }

  /// One feature in each layer, whose id is the layer's name; `layer_styles` is a table of that form.
  std::string write(const std::vector<std::string>& layers) const {
    const std::string path = folder_ / "a.gpkg";
    const OGRDataSourceH file = OGR_Dr_CreateDataSource(OGRGetDriverByName("GPKG"), path.c_str(), nullptr);
    const OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
    OSRImportFromEPSG(crs, 4326);
    for (const std::string& name : layers) {
      const bool is_table = name == "layer_styles";
      const OGRLayerH layer =
          OGR_DS_CreateLayer(file, name.c_str(), is_table ? nullptr : crs, is_table ? wkbNone : wkbUnknown, nullptr);
      const OGRFieldDefnH field = OGR_Fld_Create(is_table ? "styleName" : "id", OFTString);
      OGR_L_CreateField(layer, field, 1);
      OGR_Fld_Destroy(field);
      const OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
      OGR_F_SetFieldString(feature, 0, name.c_str());
      std::string wkt =
          name == "gates" ? "POINT (46.61 40.14)" : "POLYGON ((46.61 40.14, 46.62 40.14, 46.62 40.15, 46.61 40.14))";
      char* text = wkt.data();
      OGRGeometryH shape = nullptr;
      OGR_G_CreateFromWkt(&text, nullptr, &shape);
      if (is_table) {
        OGR_G_DestroyGeometry(shape);
      } else {
        OGR_F_SetGeometryDirectly(feature, shape);
      }
      EXPECT_EQ(OGR_L_CreateFeature(layer, feature), OGRERR_NONE);
      OGR_F_Destroy(feature);
    }
    OGR_DS_Destroy(file);
    OSRDestroySpatialReference(crs);
    return path;
  }

  test::TemporaryFolder folder_;
};

TEST_F(SeveralLayers, StylesOfQgisAreNone) {
  const std::string path = write({"alpha", "layer_styles"});
  std::vector<RejectedSite> rejected;
  EXPECT_EQ(read_sites(path, rejected).size(), 1U);
  EXPECT_TRUE(rejected.empty());
  EXPECT_EQ(read_site_outlines(path).size(), 1U);
  EXPECT_EQ(read_vector_features(path).features.size(), 1U);
  LayerSource source;
  source.target = path;
  EXPECT_EQ(read_layer(source).features.size(), 1U);
}

TEST_F(SeveralLayers, MessagesNameTheLayer) {
  std::vector<RejectedSite> rejected;
  const std::string path = write({"alpha", "gates"});
  EXPECT_EQ(read_sites(path, rejected).size(), 1U);
  ASSERT_EQ(rejected.size(), 1U);
  EXPECT_EQ(rejected[0].what, path + ": layer 'gates': site 'gates'");
}

TEST_F(SeveralLayers, OfAlertsTheOneOfThatNameIsRead) {
  const auto features = read_vector_features(write({"runs", "alerts", "layer_styles"})).features;
  ASSERT_EQ(features.size(), 1U);
  EXPECT_EQ(features[0].id, "alerts");
}

TEST_F(SeveralLayers, OthersAreNamed) {
  const std::string path = write({"one", "two"});
  EXPECT_EQ(test::message_of<DataError>([&] { read_vector_features(path); }),
            path + ": has 2 layers, of which none is 'alerts': 'one', 'two'");
}

}  // namespace
}  // namespace pitwatch
