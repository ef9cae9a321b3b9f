// STAC items and their collection: what the schemas require, what our own reader makes of them, bytes, failures.

#include <gdal/gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <thread>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/products/product_name.hpp"
#include "pipeline/io/products/stac_writer.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/scenes/scene_reader.hpp"
#include "tests/unit/io/products/granule_support.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::MadeGranule;
using test::message_of;
using test::read_text;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::StartsWith;

json item_in(const TemporaryFolder& folder, const std::string& id) {
  return json::parse(read_text(folder / (id + "/" + id + ".json")));
}

void expect_time(const json& value) {
  ASSERT_TRUE(value.is_string());
  EXPECT_TRUE(
      std::regex_match(value.get<std::string>(), std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z")))
      << value;
}

void expect_range(const json& value, double low, double high) {
  ASSERT_TRUE(value.is_number()) << value;
  EXPECT_GE(value.get<double>(), low);
  EXPECT_LE(value.get<double>(), high);
}

/// item.json and basics.json, datetime.json, instrument.json of STAC 1.0.0.
void expect_core_item(const json& item) {
  EXPECT_EQ(item.at("type"), "Feature");
  EXPECT_EQ(item.at("stac_version"), "1.0.0");
  EXPECT_FALSE(item.at("id").get<std::string>().empty());
  std::set<std::string> extensions;
  for (const json& uri : item.at("stac_extensions")) EXPECT_TRUE(extensions.insert(uri.get<std::string>()).second);
  for (const char* needed : {"eo/v1.1.0", "projection/v1.1.0", "raster/v1.1.0", "view/v1.0.0", "grid/v1.1.0",
                             "mgrs/v1.0.0", "sentinel-2/v1.0.0"}) {
    EXPECT_TRUE(extensions.contains(std::string("https://stac-extensions.github.io/") + needed + "/schema.json"));
  }
  const json& geometry = item.at("geometry");
  EXPECT_EQ(geometry.at("type"), "Polygon");
  const json& ring = geometry.at("coordinates").at(0);
  ASSERT_GE(ring.size(), 4U);
  EXPECT_EQ(ring.front(), ring.back());
  ASSERT_EQ(item.at("bbox").size(), 4U);
  double twice_area = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    expect_range(ring[i].at(0), item.at("bbox")[0], item.at("bbox")[2]);
    expect_range(ring[i].at(1), item.at("bbox")[1], item.at("bbox")[3]);
    if (i > 0) {
      twice_area += ring[i - 1][0].get<double>() * ring[i][1].get<double>() -
                    ring[i][0].get<double>() * ring[i - 1][1].get<double>();
    }
  }
  EXPECT_GT(twice_area, 0) << "RFC 7946: counter-clockwise";
  const json& properties = item.at("properties");
  ASSERT_TRUE(properties.is_object());
  for (const char* time : {"datetime", "created", "updated"}) expect_time(properties.at(time));
  for (const char* text : {"platform", "constellation", "description"}) EXPECT_TRUE(properties.at(text).is_string());
  EXPECT_EQ(properties.at("instruments"), json::parse("[\"msi\"]"));
  std::set<std::string> relations;
  for (const json& link : item.at("links")) {
    EXPECT_FALSE(link.at("href").get<std::string>().empty());
    EXPECT_TRUE(link.at("type").is_string());
    relations.insert(link.at("rel").get<std::string>());
  }
  EXPECT_EQ(relations, (std::set<std::string>{"root", "parent", "collection"}));
  EXPECT_TRUE(item.at("collection").is_string()) << "required where there is a link to a collection";
}

/// What the eo 1.1.0, projection 1.1.0 and raster 1.1.0 schemas ask of an asset; gsd and roles of STAC 1.0.0.
void expect_asset(const std::string& key, const json& asset) {
  SCOPED_TRACE(key);
  for (const char* text : {"href", "title"}) EXPECT_TRUE(asset.at(text).is_string());
  EXPECT_EQ(asset.at("type"), "image/tiff; application=geotiff; profile=cloud-optimized");
  ASSERT_TRUE(asset.at("roles").is_array());
  EXPECT_EQ(asset.at("roles").at(0), "data");
  EXPECT_GT(asset.at("gsd").get<double>(), 0);
  ASSERT_EQ(asset.at("proj:shape").size(), 2U);
  for (const json& side : asset.at("proj:shape")) EXPECT_TRUE(side.is_number_integer());
  ASSERT_EQ(asset.at("proj:transform").size(), 6U);
  for (const json& number : asset.at("proj:transform")) EXPECT_TRUE(number.is_number());
  ASSERT_EQ(asset.at("raster:bands").size(), 1U);
  const json& raster = asset.at("raster:bands").at(0);
  EXPECT_TRUE(raster.at("nodata").is_number());
  EXPECT_TRUE(raster.at("data_type") == "uint16" || raster.at("data_type") == "uint8");
  EXPECT_GT(raster.at("spatial_resolution").get<double>(), 0);
  if (asset.contains("eo:bands")) {
    ASSERT_EQ(asset.at("eo:bands").size(), 1U);
    static const std::set<std::string> common_names{"coastal", "blue",  "green", "red",    "rededge",
                                                    "nir",     "nir08", "nir09", "swir16", "swir22"};
    const json& band = asset.at("eo:bands").at(0);
    EXPECT_TRUE(band.at("name").is_string());
    EXPECT_TRUE(common_names.contains(band.at("common_name").get<std::string>()));
    expect_range(band.at("center_wavelength"), 0.4, 2.5);
    EXPECT_TRUE(raster.at("scale").is_number());
    EXPECT_TRUE(raster.at("offset").is_number());
  }
}

template <typename T>
void expect_pixels(const std::string& path, PlaneView<const T> plane, GDALDataType type, double nodata) {
  initialise_gdal(16 << 20);
  const std::unique_ptr<void, void (*)(GDALDatasetH)> file(GDALOpen(path.c_str(), GA_ReadOnly), &GDALClose);
  ASSERT_NE(file, nullptr) << path;
  const GDALRasterBandH band = GDALGetRasterBand(file.get(), 1);
  EXPECT_EQ(GDALGetRasterDataType(band), type);
  EXPECT_EQ(GDALGetRasterNoDataValue(band, nullptr), nodata);
  EXPECT_STREQ(GDALGetMetadataItem(file.get(), "LAYOUT", "IMAGE_STRUCTURE"), "COG");
  EXPECT_STREQ(GDALGetMetadataItem(file.get(), "SYNTHETIC", nullptr), "Pitwatch <1.0> & -- seed 7");
  ASSERT_EQ(GDALGetRasterXSize(file.get()), plane.width);
  ASSERT_EQ(GDALGetRasterYSize(file.get()), plane.height);
  std::vector<T> row(static_cast<std::size_t>(plane.width));
  for (int y = 0; y < plane.height; ++y) {
    ASSERT_EQ(GDALRasterIO(band, GF_Read, 0, y, plane.width, 1, row.data(), plane.width, 1, type, 0, 0), CE_None);
    ASSERT_TRUE(std::equal(row.begin(), row.end(), plane.row(y))) << path << " row " << y;
  }
}

TEST(StacWriter, OurReaderReadsItBack) {
  for (const int offset : {0, -1000}) {
    SCOPED_TRACE(offset);
    const TemporaryFolder folder;
    MadeGranule made;
    made.granule.boa_add_offset = offset;
    made.granule.processing_baseline = offset == 0 ? "03.01" : "04.00";
    const StacSummary summary = write_stac(folder.path(), made.granule);
    EXPECT_EQ(summary.id, "S2A_38TPK_20220605_0_L2A");
    EXPECT_EQ(folder.count(), 1U);

    const Scene scene = read_scene(folder / (summary.id + "/" + summary.id + ".json"));
    EXPECT_EQ(scene.id, summary.id);
    EXPECT_EQ(scene.acquired, made.granule.acquired);
    EXPECT_EQ(scene.platform, "sentinel-2a");
    EXPECT_EQ(scene.level, "L2A");
    EXPECT_EQ(scene.processing_baseline, made.granule.processing_baseline);
    EXPECT_EQ(scene.tile, "T38TPK");
    EXPECT_EQ(scene.bands.size(), 13U);
    for (const Granule::BandPixels& band : made.granule.bands) {
      SCOPED_TRACE(name(band.band));
      const BandAsset& asset = scene.bands.at(band.band);
      EXPECT_EQ(asset.calibration.scale, 1e-4F);
      EXPECT_EQ(asset.calibration.offset, static_cast<float>(offset) / 10000.0F);
      EXPECT_EQ(asset.calibration.nodata, 0);
      EXPECT_EQ(BandFile(asset.path).grid(), band.grid);
      expect_pixels(asset.path, band.dn, GDT_UInt16, 0);
    }
    expect_pixels(scene.bands.at(Band::SCL).path, made.granule.scl, GDT_Byte, 0);
    EXPECT_EQ(BandFile(scene.bands.at(Band::SCL).path).grid(), made.granule.classification_grid);
    expect_pixels(folder / (summary.id + "/CLD.tif"), made.granule.cloud_probability, GDT_Byte, 255);
    expect_pixels(folder / (summary.id + "/SNW.tif"), made.granule.snow_probability, GDT_Byte, 255);
  }
}

TEST(StacWriter, HasWhatTheSchemasRequire) {
  const TemporaryFolder folder;
  const MadeGranule made;
  const json item = item_in(folder, write_stac(folder.path(), made.granule).id);
  expect_core_item(item);
  std::set<std::string> keys;
  for (const auto& [key, asset] : item.at("assets").items()) {
    keys.insert(key);
    expect_asset(key, asset);
    EXPECT_TRUE(
        fs::is_regular_file(folder / (item.at("id").get<std::string>() + "/" + asset.at("href").get<std::string>())));
  }
  EXPECT_EQ(keys, (std::set<std::string>{"coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir",
                                         "nir08", "nir09", "swir16", "swir22", "scl", "cloud", "snow"}));

  const json& properties = item.at("properties");
  EXPECT_TRUE(properties.at("proj:epsg").is_number_integer());
  EXPECT_EQ(properties.at("proj:epsg"), 32638);
  expect_range(properties.at("eo:cloud_cover"), 12.5, 12.5);
  expect_range(properties.at("view:sun_azimuth"), 140.25, 140.25);
  expect_range(properties.at("view:sun_elevation"), 65.5, 65.5);
  expect_range(properties.at("view:azimuth"), 103.5, 103.5);
  expect_range(properties.at("view:incidence_angle"), 5.125, 5.125);
  EXPECT_EQ(properties.at("grid:code"), "MGRS-38TPK");
  EXPECT_EQ(properties.at("mgrs:utm_zone"), 38);
  EXPECT_EQ(properties.at("mgrs:latitude_band"), "T");
  EXPECT_EQ(properties.at("mgrs:grid_square"), "PK");
  EXPECT_EQ(properties.at("s2:product_uri"), product_name(made.granule) + ".SAFE");
  EXPECT_EQ(properties.at("s2:processing_baseline"), "04.00");
  EXPECT_EQ(properties.at("s2:snow_ice_percentage"), 0.25);
  EXPECT_EQ(properties.at("earthsearch:boa_offset_applied"), false);
  EXPECT_EQ(properties.at("synthetic"), true);
  EXPECT_THAT(properties.at("description").get<std::string>(), HasSubstr("Pitwatch <1.0> & -- seed 7"));
  const json& red = item.at("assets").at("red");
  EXPECT_EQ(red.at("proj:transform"), json::parse("[10, 0, 600000, 0, -10, 4700040]"));
  EXPECT_EQ(red.at("proj:shape"), json::parse("[180, 180]"));
  EXPECT_EQ(red.at("raster:bands")[0].at("offset"), -0.1);
}

/// Every property that the sentinel-2, mgrs, grid, view, eo and proj extensions may hold has its name from Earth
/// Search.
TEST(StacWriter, NamesAsEarthSearch) {
  std::set<std::string> known;
  const fs::path recorded = test::shared_data() / "stac/earth-search-v1";
  if (!fs::exists(recorded)) GTEST_SKIP() << "no reference data";
  for (const auto& entry : fs::directory_iterator(recorded)) {
    const json document = json::parse(read_text(entry.path().string()));
    const json features = document.contains("features") ? document["features"] : json::array({document});
    for (const json& item : features) {
      if (!item.contains("properties")) continue;
      for (const auto& [key, value] : item["properties"].items()) known.insert(key);
      for (const auto& [key, asset] : item["assets"].items()) {
        known.insert("assets." + key);
        for (const auto& [member, value] : asset.items()) known.insert("asset." + member);
      }
    }
  }
  const TemporaryFolder folder;
  const MadeGranule made;
  const json item = item_in(folder, write_stac(folder.path(), made.granule).id);
  for (const auto& [key, value] : item.at("properties").items()) {
    EXPECT_TRUE(known.contains(key) || key == "synthetic" || key == "description") << key;
  }
  for (const auto& [key, asset] : item.at("assets").items()) {
    EXPECT_TRUE(known.contains("assets." + key)) << key;
    for (const auto& [member, value] : asset.items()) EXPECT_TRUE(known.contains("asset." + member)) << member;
  }
}

TEST(StacWriter, OnlyWhatTheGranuleHas) {
  const TemporaryFolder folder;
  MadeGranule made;
  made.granule.bands = {made.band(Band::B11), made.band(Band::B08)};
  made.granule.scl = made.granule.cloud_probability = made.granule.snow_probability = {};
  made.granule.site = "north";
  const std::string id = write_stac(folder.path(), made.granule).id;
  EXPECT_EQ(id, "S2A_38TPK_20220605_0_L2A_north");
  const json assets = item_in(folder, id).at("assets");
  EXPECT_EQ(assets.size(), 2U);
  EXPECT_TRUE(assets.contains("swir16") && assets.contains("nir"));
}

TEST(StacWriter, Collection) {
  const TemporaryFolder folder;
  MadeGranule made(180);
  std::vector<StacSummary> items{write_stac(folder.path(), made.granule)};
  made.granule.spacecraft = 'B';
  made.granule.acquired = parse_instant("2021-07-01T07:56:10Z");
  items.push_back(write_stac(folder.path(), made.granule));
  write_stac_collection(folder.path(), items, "two made-up dates");
  const std::string text = read_text(folder / "collection.json");
  const json collection = json::parse(text);
  EXPECT_EQ(collection.at("type"), "Collection");
  EXPECT_EQ(collection.at("stac_version"), "1.0.0");
  EXPECT_EQ(collection.at("description"), "two made-up dates");
  EXPECT_TRUE(collection.at("license").is_string());
  const json& extent = collection.at("extent");
  EXPECT_EQ(extent.at("temporal").at("interval"),
            json::parse(R"([["2021-07-01T07:56:10Z", "2022-06-05T07:56:11.024Z"]])"));
  const json& bbox = extent.at("spatial").at("bbox").at(0);
  EXPECT_NEAR(bbox.at(0).get<double>(), 46.2158, 0.001);
  EXPECT_NEAR(bbox.at(3).get<double>(), 42.4462, 0.001);
  EXPECT_EQ(collection.at("summaries").at("platform"), json::parse(R"(["sentinel-2a", "sentinel-2b"])"));
  std::vector<std::string> linked;
  for (const json& link : collection.at("links")) {
    const std::string path = folder / link.at("href").get<std::string>();
    EXPECT_TRUE(fs::exists(path)) << path;
    if (link.at("rel") != "item") continue;
    const json item = json::parse(read_text(path));
    linked.push_back(item.at("id").get<std::string>());
    EXPECT_EQ(item.at("collection"), collection.at("id"));
    for (const json& up : item.at("links")) {
      EXPECT_TRUE(fs::exists(fs::path(path).parent_path() / up.at("href").get<std::string>()));
    }
  }
  EXPECT_EQ(linked, (std::vector<std::string>{"S2A_38TPK_20220605_0_L2A", "S2B_38TPK_20210701_0_L2A"}));
  const json catalog = json::parse(read_text(folder / "catalog.json"));
  EXPECT_EQ(catalog.at("type"), "Catalog");
  for (const char* member : {"stac_version", "id", "description", "links"}) EXPECT_TRUE(catalog.contains(member));

  std::swap(items[0], items[1]);
  write_stac_collection(folder.path(), items, "two made-up dates");
  EXPECT_EQ(read_text(folder / "collection.json"), text);
  EXPECT_THROW(write_stac_collection(folder.path(), {}, ""), DataError);
  EXPECT_THAT(message_of<IoError>([&] { write_stac_collection(folder / "none", items, ""); }),
              StartsWith(folder / "none/collection.json"));
}

TEST(StacWriter, SameBytesWhateverTheThreads) {
  const TemporaryFolder folder;
  const MadeGranule made;
  const auto files = [&](const ParallelFor& parallel_for) {
    std::map<std::string, std::string> contents;
    for (const auto& entry :
         fs::directory_iterator(folder / write_stac(folder.path(), made.granule, parallel_for).id)) {
      contents[entry.path().filename().string()] = read_text(entry.path().string());
    }
    return contents;
  };
  const auto first = files(serial_for);
  const auto again = files([](int count, const std::function<void(int)>& body) {
    std::thread thread([&] {
      for (int i = count / 2; i < count; ++i) body(i);
    });
    for (int i = count / 2; i-- > 0;) body(i);
    thread.join();
  });
  EXPECT_EQ(first.size(), 16U);
  EXPECT_TRUE(first == again);
}

TEST(StacWriter, FullDiskLeavesTheOlderItem) {
  const TemporaryFolder folder;
  const MadeGranule made;
  const std::string item = folder / write_stac(folder.path(), made.granule).id;
  test::write_text(item + "/older", "x");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  for (const rlim_t limit : {rlim_t{100}, rlim_t{2000}, rlim_t{20'000}}) {
    SCOPED_TRACE(limit);
    const rlimit small{limit, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string message;
    try {
      write_stac(folder.path(), made.granule);
    } catch (const IoError& error) {
      message = error.what();
    }
    ::setrlimit(RLIMIT_FSIZE, &old);
    EXPECT_THAT(message, StartsWith(item + ": "));
    EXPECT_TRUE(fs::exists(item + "/older"));
    EXPECT_EQ(folder.count(), 1U);
  }
}

TEST(StacWriter, BadRequests) {
  const TemporaryFolder folder;
  MadeGranule made(180);
  EXPECT_THAT(message_of<IoError>([&] { write_stac(folder / "none", made.granule); }),
              StartsWith(folder / "none/S2A_"));
  for (auto& band : made.granule.bands) band.grid.crs = "nonsense";
  made.granule.classification_grid.crs = "nonsense";
  EXPECT_THAT(message_of<DataError>([&] { write_stac(folder.path(), made.granule); }), HasSubstr("'nonsense'"));
  made.granule.bands.clear();
  EXPECT_THAT(message_of<DataError>([&] { write_stac(folder.path(), made.granule); }), HasSubstr("no bands"));
  EXPECT_EQ(folder.count(), 0U);
}

}  // namespace
}  // namespace pitwatch
