// SAFE products: what GDAL's reader of them sees, what their metadata says, bytes, failures.

#include <gdal/cpl_error.h>
#include <gdal/cpl_minixml.h>
#include <gdal/gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <map>
#include <memory>
#include <thread>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/products/product_name.hpp"
#include "pipeline/io/products/safe_writer.hpp"
#include "tests/unit/io/products/granule_support.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::MadeGranule;
using test::message_of;
using test::read_text;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Dataset = std::unique_ptr<void, void (*)(GDALDatasetH)>;

Dataset open(const std::string& name) {
  initialise_gdal(16 << 20);
  CPLPushErrorHandler(CPLQuietErrorHandler);  // it warns of each layer that it knows and does not find
  Dataset dataset(GDALOpenEx(name.c_str(), GDAL_OF_RASTER, nullptr, nullptr, nullptr), &GDALClose);
  CPLPopErrorHandler();
  if (!dataset) throw std::runtime_error("GDAL does not open " + name);
  return dataset;
}

template <typename T>
void expect_pixels(GDALRasterBandH band, PlaneView<const T> plane, GDALDataType type) {
  ASSERT_EQ(GDALGetRasterBandXSize(band), plane.width);
  ASSERT_EQ(GDALGetRasterBandYSize(band), plane.height);
  std::vector<T> row(static_cast<std::size_t>(plane.width));
  for (int y = 0; y < plane.height; ++y) {
    ASSERT_EQ(GDALRasterIO(band, GF_Read, 0, y, plane.width, 1, row.data(), plane.width, 1, type, 0, 0), CE_None);
    ASSERT_TRUE(std::equal(row.begin(), row.end(), plane.row(y))) << "row " << y;
  }
}

void expect_georeference(GDALDatasetH dataset, double pixel_size_m) {
  std::array<double, 6> transform{};
  EXPECT_EQ(GDALGetGeoTransform(dataset, transform.data()), CE_None);
  EXPECT_EQ(transform, (std::array<double, 6>{600000, pixel_size_m, 0, 4700040, 0, -pixel_size_m}));
  EXPECT_THAT(GDALGetProjectionRef(dataset), HasSubstr("\"EPSG\",\"32638\""));
}

/// GDAL calls bands "B4" and "B8A".
std::string gdal_name(Band band) {
  std::string text(name(band));
  if (text[1] == '0') text.erase(1, 1);
  return text;
}

std::map<std::string, GDALRasterBandH> bands_by_name(GDALDatasetH dataset) {
  std::map<std::string, GDALRasterBandH> bands;
  for (int i = 1; i <= GDALGetRasterCount(dataset); ++i) {
    const GDALRasterBandH band = GDALGetRasterBand(dataset, i);
    const char* const band_name = GDALGetMetadataItem(band, "BANDNAME", nullptr);
    bands[band_name == nullptr ? "" : band_name] = band;
  }
  return bands;
}

/// An XML file; values are found by their path, "General_Info.Product_Info.PROCESSING_LEVEL".
class Xml {
 public:
  explicit Xml(const std::string& path) : tree_(CPLParseXMLFile(path.c_str()), &CPLDestroyXMLNode) {
    if (!tree_) throw std::runtime_error("not XML: " + path);
    CPLStripXMLNamespace(tree_.get(), nullptr, 1);
  }
  std::string at(const std::string& path) const { return CPLGetXMLValue(tree_.get(), ("=" + path).c_str(), "(none)"); }
  std::vector<const CPLXMLNode*> all(const std::string& parent, const std::string& element) const {
    std::vector<const CPLXMLNode*> found;
    const CPLXMLNode* const node = CPLGetXMLNode(tree_.get(), ("=" + parent).c_str());
    for (const CPLXMLNode* child = node != nullptr ? node->psChild : nullptr; child != nullptr; child = child->psNext) {
      if (child->eType == CXT_Element && element == child->pszValue) found.push_back(child);
    }
    return found;
  }

 private:
  std::unique_ptr<CPLXMLNode, void (*)(CPLXMLNode*)> tree_;
};

std::string granule_of(const std::string& product, const Granule& granule) {
  return product + "/GRANULE/" + granule_folder_name(granule);
}

/// Path within the folder, and content.
std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[fs::relative(entry.path(), folder).string()] = read_text(entry.path().string());
    }
  }
  return files;
}

void backwards_on_a_thread(int count, const std::function<void(int)>& body) {
  std::thread thread([&] {
    for (int i = count / 2; i < count; ++i) body(i);
  });
  for (int i = count / 2; i-- > 0;) body(i);
  thread.join();
}

TEST(SafeWriter, GdalReadsItAsLevel2A) {
  for (const int offset : {0, -1000}) {
    SCOPED_TRACE(offset);
    const TemporaryFolder folder;
    MadeGranule made;
    made.granule.boa_add_offset = offset;
    if (offset == 0) made.granule.processing_baseline = "03.01";
    const std::string product = write_safe(folder.path(), made.granule);
    EXPECT_EQ(product, folder / product_name(made.granule) + ".SAFE");
    EXPECT_EQ(folder.count(), 1U);

    const std::string metadata = product + "/MTD_MSIL2A.xml";
    const Dataset all = open(metadata);
    EXPECT_STREQ(GDALGetDriverShortName(GDALGetDatasetDriver(all.get())), "SENTINEL2");
    const auto subdataset = [&](int i) {
      const std::string key = "SUBDATASET_" + std::to_string(i) + "_NAME";
      const char* const found = GDALGetMetadataItem(all.get(), key.c_str(), "SUBDATASETS");
      return std::string(found != nullptr ? found : "");
    };
    const std::array<int, 3> resolutions{10, 20, 60};
    std::size_t bands_seen = 0;
    for (std::size_t i = 0; i < resolutions.size(); ++i) {
      const int resolution = resolutions[i];
      const std::string named = subdataset(static_cast<int>(i) + 1);
      EXPECT_EQ(named, "SENTINEL2_L2A:" + metadata + ":" + std::to_string(resolution) + "m:EPSG_32638");
      const Dataset dataset = open(named);
      expect_georeference(dataset.get(), resolution);
      const auto bands = bands_by_name(dataset.get());
      for (const Granule::BandPixels& band : made.granule.bands) {
        if (band.grid.pixel_size_m != resolution) continue;
        SCOPED_TRACE(name(band.band));
        ASSERT_TRUE(bands.contains(gdal_name(band.band)));
        expect_pixels(bands.at(gdal_name(band.band)), band.dn, GDT_UInt16);
        ++bands_seen;
      }
      if (resolution != 20) continue;
      expect_pixels(bands.at("SCL"), made.granule.scl, GDT_Byte);
      expect_pixels(bands.at("CLD"), made.granule.cloud_probability, GDT_Byte);
      expect_pixels(bands.at("SNW"), made.granule.snow_probability, GDT_Byte);
    }
    EXPECT_EQ(bands_seen, 12U);
  }
}

TEST(SafeWriter, EachFileIsGeoreferencedJpeg2000) {
  const TemporaryFolder folder;
  const MadeGranule made;
  const std::string product = write_safe(folder.path(), made.granule);
  const std::string images = granule_of(product, made.granule) + "/IMG_DATA/";
  for (const auto& [layer, resolution] : {std::pair{"B02", 10}, {"B08", 10}, {"B8A", 20}, {"SCL", 20}, {"B01", 60}}) {
    SCOPED_TRACE(layer);
    const Dataset file =
        open(images + "R" + std::to_string(resolution) + "m/" + image_name(made.granule, layer, resolution) + ".jp2");
    EXPECT_STREQ(GDALGetDriverShortName(GDALGetDatasetDriver(file.get())), "JP2OpenJPEG");
    expect_georeference(file.get(), resolution);
    const char* const bits = GDALGetMetadataItem(GDALGetRasterBand(file.get(), 1), "NBITS", "IMAGE_STRUCTURE");
    EXPECT_EQ(bits == nullptr ? "" : std::string(bits), layer[0] == 'B' ? "15" : "");
  }
}

TEST(SafeWriter, SixteenBitsWhereAPixelNeedsThem) {
  const TemporaryFolder folder;
  MadeGranule made;
  Plane<std::uint16_t> saturated(180, 180);
  for (int y = 0; y < 180; ++y) {
    for (int x = 0; x < 180; ++x) saturated.at(x, y) = x == y ? std::uint16_t{65535} : std::uint16_t{3000};
  }
  made.granule.bands = {{Band::B04, made.band(Band::B04).grid, std::as_const(saturated).view()}};
  made.granule.scl = made.granule.cloud_probability = made.granule.snow_probability = {};
  const std::string product = write_safe(folder.path(), made.granule);
  const Dataset file =
      open(granule_of(product, made.granule) + "/IMG_DATA/R10m/" + image_name(made.granule, "B04", 10) + ".jp2");
  expect_pixels(GDALGetRasterBand(file.get(), 1), made.granule.bands[0].dn, GDT_UInt16);
  EXPECT_TRUE(fs::is_empty(granule_of(product, made.granule) + "/QI_DATA"));
}

TEST(SafeWriter, ProductMetadata) {
  const TemporaryFolder folder;
  const MadeGranule made;
  const std::string product = write_safe(folder.path(), made.granule);
  const Xml xml(product + "/MTD_MSIL2A.xml");
  const std::string info = "Level-2A_User_Product.General_Info.Product_Info.";
  EXPECT_EQ(xml.at(info + "PRODUCT_START_TIME"), "2022-06-05T07:56:11.024Z");
  EXPECT_EQ(xml.at(info + "PRODUCT_URI"), fs::path(product).filename().string());
  EXPECT_EQ(xml.at(info + "PROCESSING_LEVEL"), "Level-2A");
  EXPECT_EQ(xml.at(info + "PRODUCT_TYPE"), "S2MSI2A");
  EXPECT_EQ(xml.at(info + "PROCESSING_BASELINE"), "04.00");
  EXPECT_EQ(xml.at(info + "GENERATION_TIME"), "2022-06-05T10:30:12.000000Z");
  EXPECT_EQ(xml.at(info + "Datatake.SPACECRAFT_NAME"), "Sentinel-2A");
  EXPECT_EQ(xml.at(info + "Datatake.DATATAKE_SENSING_START"), "2022-06-05T07:56:11.024Z");
  EXPECT_EQ(xml.at(info + "Datatake.SENSING_ORBIT_NUMBER"), "35");
  EXPECT_EQ(xml.at(info + "Datatake.SENSING_ORBIT_DIRECTION"), "DESCENDING");
  const auto images = xml.all(info + "Product_Organisation.Granule_List.Granule", "IMAGE_FILE");
  EXPECT_EQ(images.size(), 13U);
  for (const CPLXMLNode* image : images) {
    const std::string path = CPLGetXMLValue(image, nullptr, "");
    EXPECT_TRUE(fs::is_regular_file(product + "/" + path + ".jp2")) << path;
  }

  const std::string image = "Level-2A_User_Product.General_Info.Product_Image_Characteristics.";
  EXPECT_EQ(xml.at(image + "QUANTIFICATION_VALUES_LIST.BOA_QUANTIFICATION_VALUE"), "10000");
  const auto offsets = xml.all(image + "BOA_ADD_OFFSET_VALUES_LIST", "BOA_ADD_OFFSET");
  ASSERT_EQ(offsets.size(), 13U);
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    EXPECT_EQ(CPLGetXMLValue(offsets[i], "band_id", ""), std::to_string(i));
    EXPECT_STREQ(CPLGetXMLValue(offsets[i], nullptr, ""), "-1000");
  }
  EXPECT_EQ(xml.all(image + "Spectral_Information_List", "Spectral_Information").size(), 13U);
  const std::vector<const CPLXMLNode*> special =
      xml.all("Level-2A_User_Product.General_Info.Product_Image_Characteristics", "Special_Values");
  ASSERT_EQ(special.size(), 2U);
  EXPECT_STREQ(CPLGetXMLValue(special[0], "SPECIAL_VALUE_INDEX", ""), "0");
  EXPECT_STREQ(CPLGetXMLValue(special[1], "SPECIAL_VALUE_INDEX", ""), "65535");
  EXPECT_THAT(xml.at("Level-2A_User_Product.Geometric_Info.Product_Footprint.Product_Footprint.Global_Footprint."
                     "EXT_POS_LIST"),
              StartsWith("42.446"));

  const std::string quality = "Level-2A_User_Product.Quality_Indicators_Info.";
  EXPECT_EQ(xml.at(quality + "Cloud_Coverage_Assessment"), "12.500000");
  EXPECT_EQ(xml.at(quality + "Image_Content_QI.WATER_PERCENTAGE"), "2.000000");
  EXPECT_THAT(read_text(product + "/MTD_MSIL2A.xml"),
              HasSubstr("Synthetic, not observed: Pitwatch <1.0> & - - seed 7"));
}

TEST(SafeWriter, SunDistanceAsInARealProduct) {
  const TemporaryFolder folder;
  MadeGranule made(180);
  made.granule.acquired = parse_instant("2022-02-14T07:00:51.024Z");
  const Xml xml(write_safe(folder.path(), made.granule) + "/MTD_MSIL2A.xml");
  const std::string path = "Level-2A_User_Product.General_Info.Product_Image_Characteristics.Reflectance_Conversion.U";
  EXPECT_NEAR(std::stod(xml.at(path)), 1.02707118096323, 5e-4);
}

TEST(SafeWriter, NoOffsetsBeforeBaseline4) {
  const TemporaryFolder folder;
  MadeGranule made(180);
  made.granule.boa_add_offset = 0;
  made.granule.processing_baseline = "02.14";
  EXPECT_THAT(read_text(write_safe(folder.path(), made.granule) + "/MTD_MSIL2A.xml"), Not(HasSubstr("ADD_OFFSET")));
  // From then on readers take -1000 where nothing is said.
  made.granule.processing_baseline = "05.09";
  EXPECT_THAT(read_text(write_safe(folder.path(), made.granule) + "/MTD_MSIL2A.xml"),
              HasSubstr("<BOA_ADD_OFFSET band_id=\"12\">0<"));
}

TEST(SafeWriter, TileMetadata) {
  const TemporaryFolder folder;
  const MadeGranule made;
  const std::string product = write_safe(folder.path(), made.granule);
  const std::string path = granule_of(product, made.granule) + "/MTD_TL.xml";
  const Xml xml(path);
  const std::string root = "Level-2A_Tile_ID.";
  EXPECT_EQ(xml.at(root + "General_Info.TILE_ID"), tile_id(made.granule));
  EXPECT_EQ(xml.at(root + "General_Info.SENSING_TIME"), "2022-06-05T07:56:11.024000Z");
  const std::string geocoding = root + "Geometric_Info.Tile_Geocoding";
  EXPECT_EQ(xml.at(geocoding + ".HORIZONTAL_CS_NAME"), "WGS84 / UTM zone 38N");
  EXPECT_EQ(xml.at(geocoding + ".HORIZONTAL_CS_CODE"), "EPSG:32638");
  const auto sizes = xml.all(geocoding, "Size");
  const auto places = xml.all(geocoding, "Geoposition");
  ASSERT_EQ(sizes.size(), 3U);
  ASSERT_EQ(places.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const int resolution = std::array<int, 3>{10, 20, 60}[i];
    EXPECT_EQ(CPLGetXMLValue(sizes[i], "resolution", ""), std::to_string(resolution));
    EXPECT_EQ(CPLGetXMLValue(sizes[i], "NROWS", ""), std::to_string(1800 / resolution));
    EXPECT_EQ(CPLGetXMLValue(sizes[i], "NCOLS", ""), std::to_string(1800 / resolution));
    EXPECT_STREQ(CPLGetXMLValue(places[i], "ULX", ""), "600000");
    EXPECT_STREQ(CPLGetXMLValue(places[i], "ULY", ""), "4700040");
    EXPECT_EQ(CPLGetXMLValue(places[i], "YDIM", ""), std::to_string(-resolution));
  }
  const std::string angles = root + "Geometric_Info.Tile_Angles.";
  EXPECT_EQ(xml.at(angles + "Mean_Sun_Angle.ZENITH_ANGLE"), "24.5");
  EXPECT_EQ(xml.at(angles + "Mean_Sun_Angle.AZIMUTH_ANGLE"), "140.25");
  const auto views = xml.all(angles + "Mean_Viewing_Incidence_Angle_List", "Mean_Viewing_Incidence_Angle");
  ASSERT_EQ(views.size(), 13U);
  EXPECT_STREQ(CPLGetXMLValue(views[12], "ZENITH_ANGLE", ""), "5.125");
  const std::string content = root + "Quality_Indicators_Info.Image_Content_QI.";
  EXPECT_EQ(xml.at(content + "CLOUDY_PIXEL_PERCENTAGE"), "12.500000");
  EXPECT_EQ(xml.at(content + "CLOUD_SHADOW_PERCENTAGE"), "3.000000");
  // 2 of 3 squares of class 5; the granule's own shares do not say how likely the clouds are.
  EXPECT_NEAR(std::stod(xml.at(content + "HIGH_PROBA_CLOUDS_PERCENTAGE")), 33.3, 1.5);
  EXPECT_EQ(xml.at(content + "MEDIUM_PROBA_CLOUDS_PERCENTAGE"), "0.000000");
  for (const CPLXMLNode* mask : xml.all(root + "Quality_Indicators_Info.Pixel_Level_QI", "MASK_FILENAME")) {
    EXPECT_TRUE(fs::is_regular_file(product + "/" + CPLGetXMLValue(mask, nullptr, ""))) << path;
  }
}

TEST(SafeWriter, ManifestListsEveryFile) {
  const TemporaryFolder folder;
  const MadeGranule made;
  const std::string product = write_safe(folder.path(), made.granule);
  const Xml xml(product + "/manifest.safe");
  std::map<std::string, std::string> sizes;
  for (const CPLXMLNode* object : xml.all("XFDU.dataObjectSection", "dataObject")) {
    const std::string href = CPLGetXMLValue(object, "byteStream.fileLocation.href", "");
    EXPECT_THAT(href, StartsWith("./"));
    sizes[href.substr(2)] = CPLGetXMLValue(object, "byteStream.size", "");
  }
  std::map<std::string, std::string> expected;
  for (const auto& [path, content] : files_of(product)) expected[path] = std::to_string(content.size());
  expected.erase("manifest.safe");
  EXPECT_EQ(sizes, expected);
  EXPECT_THAT(read_text(product + "/manifest.safe"),
              HasSubstr("<safe:software name=\"Pitwatch &lt;1.0&gt; &amp; -- seed 7\""));
}

TEST(SafeWriter, SameBytesWhateverTheThreads) {
  const TemporaryFolder folder;
  const MadeGranule made;
  const auto first = files_of(write_safe(folder.path(), made.granule));
  const auto again = files_of(write_safe(folder.path(), made.granule, backwards_on_a_thread));  // replaces
  EXPECT_EQ(first.size(), 19U);
  EXPECT_TRUE(first == again);
  EXPECT_EQ(folder.count(), 1U);
}

TEST(SafeWriter, ReplacesWhatWasThere) {
  const TemporaryFolder folder;
  const MadeGranule made(180);
  const std::string product = write_safe(folder.path(), made.granule);
  test::write_text(product + "/stale", "x");
  // Of a process that is no more, and of one that lives.
  const std::string left = folder / ("." + fs::path(product).filename().string() + ".tmp-999999999-0");
  const std::string busy = folder / ("." + fs::path(product).filename().string() + ".tmp-1-0");
  for (const std::string& path : {left, busy}) {
    fs::create_directory(path);
    test::write_text(path + "/part", "x");
  }
  write_safe(folder.path(), made.granule);
  EXPECT_FALSE(fs::exists(product + "/stale"));
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(busy));
  EXPECT_EQ(folder.count(), 2U);
}

TEST(SafeWriter, FullDiskLeavesTheOlderProduct) {
  const TemporaryFolder folder;
  const MadeGranule made;
  const std::string product = write_safe(folder.path(), made.granule);
  test::write_text(product + "/older", "x");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  // In the head of an image, in its pixels, near its end, and where images fit but the metadata does not.
  const rlim_t largest = fs::file_size(granule_of(product, made.granule) + "/IMG_DATA/R10m/" +
                                       image_name(made.granule, "B02", 10) + ".jp2");
  for (const rlim_t limit : {rlim_t{100}, rlim_t{3000}, rlim_t{20'000}, largest - 1}) {
    SCOPED_TRACE(limit);
    const rlimit small{limit, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string message;
    try {
      write_safe(folder.path(), made.granule);
    } catch (const IoError& error) {
      message = error.what();
    }
    ::setrlimit(RLIMIT_FSIZE, &old);
    EXPECT_THAT(message, StartsWith(product + ": "));
    EXPECT_TRUE(fs::exists(product + "/older"));
    EXPECT_EQ(folder.count(), 1U);
  }
}

TEST(SafeWriter, BadRequests) {
  const TemporaryFolder folder;
  const auto rejects = [&](const std::function<void(Granule&)>& spoil, const std::string& reason) {
    MadeGranule made(180);
    spoil(made.granule);
    EXPECT_THAT(message_of<DataError>([&] { write_safe(folder.path(), made.granule); }), HasSubstr(reason));
  };
  rejects([](Granule& g) { g.tile = "x"; }, "not a tile");
  rejects([](Granule& g) { g.bands.clear(); }, "no bands");
  rejects([](Granule& g) { g.bands[1].band = Band::B03; }, "twice");
  rejects([](Granule& g) { g.bands[1].band = Band::B10; }, "B10 is not a band of Level-2A");
  rejects([](Granule& g) { g.bands[0].grid.width = 1; }, "B01: the plane does not have the size");
  rejects([](Granule& g) { g.bands[0].grid.pixel_size_m = 10; }, "native resolution");
  rejects([](Granule& g) { g.bands[1].grid.origin.x = 0; }, "another corner");
  rejects([](Granule& g) { g.classification_grid.crs = "EPSG:32637"; }, "SCL: the grid has another corner");
  rejects(
      [](Granule& g) {
        for (auto& band : g.bands) band.grid.crs = "EPSG:3857";
        g.classification_grid.crs = "EPSG:3857";
      },
      "not a UTM zone of WGS 84: 'EPSG:3857'");
  const MadeGranule made(180);
  EXPECT_THAT(message_of<IoError>([&] { write_safe(folder / "none", made.granule); }),
              StartsWith(folder / "none/S2A_"));
  const ParallelFor broken = [](int, const std::function<void(int)>&) { throw std::runtime_error("stopped"); };
  EXPECT_THROW(write_safe(folder.path(), made.granule, broken), std::runtime_error);
  EXPECT_EQ(folder.count(), 0U);
  test::write_text(folder / product_name(made.granule) + ".SAFE", "a file");
  EXPECT_THAT(message_of<IoError>([&] { write_safe(folder.path(), made.granule); }), HasSubstr("cannot rename"));
  EXPECT_EQ(folder.count(), 1U);
}

}  // namespace
}  // namespace pitwatch
