// SAFE products, tiles as AWS has them and plain band images, made here: read back, in every form of reference, broken
// and hostile.

#include "pipeline/io/products/safe_product.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/aws_tile.hpp"
#include "pipeline/io/products/band_images.hpp"
#include "pipeline/io/products/product_name.hpp"
#include "pipeline/io/products/safe_writer.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/scenes/scene_reader.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "tests/unit/io/products/granule_support.hpp"
#include "tests/unit/io/products/zip_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::MadeGranule;
using test::members_of;
using test::message_of;
using test::read_text;
using test::TemporaryFolder;
using test::write_text;
using test::zip_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string product_id = "S2A_MSIL2A_20220605T075611_N0400_R035_T38TPK_20220605T103012";
const std::string granule_name = "L2A_T38TPK_A036311_20220605T075611";
const std::string named_tile = "S2A_OPER_MSI_L2A_TL_SYNT_20220605T103012_A036311_T38TPK_N04.00";

void replace_in(const std::string& path, const std::string& what, const std::string& with) {
  std::string text = read_text(path);
  const std::size_t place = text.find(what);
  ASSERT_NE(place, std::string::npos) << what;
  for (std::size_t at = place; at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  write_text(path, text);
}

void remove_between(const std::string& path, const std::string& first, const std::string& last) {
  std::string text = read_text(path);
  const std::size_t start = text.find(first);
  const std::size_t end = text.find(last, start);
  ASSERT_NE(end, std::string::npos) << first;
  write_text(path, text.erase(start, end + last.size() - start));
}

void make_old(const std::string& path) {
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::recursive_directory_iterator(path)) fs::last_write_time(entry.path(), long_ago);
  }
  fs::last_write_time(path, long_ago);
}

/// A small product of our own writer, and its parts.
class SafeProduct : public ::testing::Test {
 protected:
  std::string metadata() const { return product_ + "/MTD_MSIL2A.xml"; }
  std::string granule() const { return product_ + "/GRANULE/" + granule_name; }
  Scene read() const { return read_scene(product_); }
  std::string refusal(const std::string& reference) const {
    return message_of<DataError>([&] { read_scene(reference); });
  }
  /// Another granule of the product, on the tile to the east.
  void add_granule() const {
    const std::string second = product_ + "/GRANULE/L2A_T38TQK_A036311_20220605T075611";
    fs::copy(granule(), second, fs::copy_options::recursive);
    replace_in(second + "/MTD_TL.xml", "T38TPK", "T38TQK");
    std::vector<fs::path> images;
    for (const auto& entry : fs::recursive_directory_iterator(second + "/IMG_DATA")) {
      if (entry.path().filename().string().starts_with("T38TPK")) images.push_back(entry.path());
    }
    for (const fs::path& image : images) {
      fs::rename(image, image.parent_path() / ("T38TQK" + image.filename().string().substr(6)));
    }
  }

  const TemporaryFolder folder_;
  const MadeGranule made_{600};
  const std::string product_ = write_safe(folder_.path(), made_.granule);
};

void expect_the_made_scene(const Scene& scene, const Granule& granule) {
  EXPECT_EQ(scene.acquired, granule.acquired);
  EXPECT_EQ(scene.processed, granule.processed);
  EXPECT_EQ(scene.platform, "sentinel-2a");
  EXPECT_EQ(scene.level, "L2A");
  EXPECT_EQ(scene.processing_baseline, "04.00");
  EXPECT_EQ(scene.tile, "T38TPK");
  EXPECT_EQ(scene.datastrip_start, "20220605T075611");
  EXPECT_EQ(scene.absolute_orbit, 36311);
  EXPECT_EQ(scene.cloud_cover, granule.quality.cloud);
  EXPECT_EQ(scene.nodata, granule.quality.nodata);
  ASSERT_TRUE(scene.sun && scene.view && scene.bbox);
  EXPECT_EQ(scene.sun->zenith, 24.5);
  EXPECT_EQ(scene.sun->azimuth, 140.25);
  EXPECT_NEAR(scene.view->zenith, 5.125, 1e-9);
  EXPECT_NEAR(scene.view->azimuth, 103.5, 1e-9);
  EXPECT_NEAR(scene.bbox->west, 46.22, 0.01);
  EXPECT_NEAR(scene.bbox->north, 42.44, 0.01);
  EXPECT_THAT(scene.offsets.contradictions, IsEmpty());
  EXPECT_THAT(scene.quality_flags, IsEmpty());
  ASSERT_THAT(scene.bands, SizeIs(15));
  for (const auto& [band, asset] : scene.bands) {
    const Calibration& calibration = asset.calibration;
    EXPECT_EQ(calibration.scale, is_reflectance(band) ? 1e-4F : 1.0F) << name(band);
    EXPECT_EQ(calibration.offset, is_reflectance(band) ? -0.1F : 0.0F) << name(band);
    EXPECT_EQ(calibration.nodata.has_value(), band <= Band::SCL) << name(band);
    EXPECT_EQ(calibration.saturated.has_value(), is_reflectance(band)) << name(band);
  }
}

/// The pixels of a band by its path in the scene.
void expect_pixels_of(const Scene& scene, Band band, const MadeGranule& made) {
  const BandFile file(scene.bands.at(band).path);
  const Granule::BandPixels& pixels = made.band(band);
  EXPECT_EQ(file.grid(), pixels.grid);
  Plane<std::uint16_t> found(file.grid().width, file.grid().height);
  file.read_window({0, 0, file.grid().width, file.grid().height}, found.view());
  for (int y = 0; y < found.height(); ++y) {
    ASSERT_TRUE(std::equal(found.row(y), found.row(y) + found.width(), pixels.dn.row(y))) << "row " << y;
  }
}

TEST_F(SafeProduct, OfOurWriterIsReadBack) {
  const Scene scene = read();
  EXPECT_EQ(scene.id, product_id);
  EXPECT_EQ(scene.source, product_);
  EXPECT_EQ(scene.datatake, "GS2A_20220605T075611_036311");
  EXPECT_EQ(scene.relative_orbit, 35);
  EXPECT_EQ(scene.offsets.rule, "BOA_ADD_OFFSET");
  expect_the_made_scene(scene, made_.granule);
  for (const Band band : {Band::B02, Band::B8A, Band::B01}) expect_pixels_of(scene, band, made_);
  EXPECT_EQ(fs::path(scene.bands.at(Band::CLD).path).filename(), "MSK_CLDPRB_20m.jp2");
  EXPECT_EQ(BandFile(scene.bands.at(Band::SNW).path).grid().pixel_size_m, 20);
}

TEST_F(SafeProduct, IsReadByEveryReferenceToIt) {
  fs::copy(product_, folder_ / "renamed", fs::copy_options::recursive);
  for (const std::string& reference : {product_ + "/", metadata(), product_ + "/manifest.safe", granule(),
                                       granule() + "/MTD_TL.xml", folder_ / "renamed"}) {
    SCOPED_TRACE(reference);
    const Scene scene = read_scene(reference);
    EXPECT_EQ(scene.id, product_id);
    EXPECT_EQ(scene.source, reference);
    EXPECT_EQ(scene.offsets.rule, "BOA_ADD_OFFSET");
    expect_the_made_scene(scene, made_.granule);
    EXPECT_TRUE(fs::exists(scene.bands.at(Band::B04).path));
  }
}

TEST_F(SafeProduct, InArchivesIsReadInPlace) {
  write_text(folder_ / "nested.zip", zip_of(members_of(product_, product_id + ".SAFE/")));
  write_text(folder_ / "flat.ZIP", zip_of(members_of(product_, "")));
  write_text(folder_ / "granule.zip", zip_of(members_of(granule(), granule_name + "/")));
  for (const std::string& reference :
       {folder_ / "nested.zip", folder_ / "nested.zip/" + product_id + ".SAFE", folder_ / "flat.ZIP",
        folder_ / "nested.zip/" + product_id + ".SAFE/GRANULE/" + granule_name, folder_ / "granule.zip"}) {
    SCOPED_TRACE(reference);
    const Scene scene = read_scene(reference);
    expect_the_made_scene(scene, made_.granule);
    expect_pixels_of(scene, Band::B04, made_);
  }
  EXPECT_EQ(read_scene(folder_ / "granule.zip").offsets.rule, "processing baseline");
  EXPECT_THAT(refusal(folder_ / "nested.zip/" + product_id + ".SAFE/GRANULE/L2A_T38TQK"), HasSubstr("no granule"));
  EXPECT_THAT(refusal(folder_ / "nested.zip/x"), HasSubstr("not a granule"));
}

TEST_F(SafeProduct, ArchivesWithoutOneProductAreRefused) {
  write_text(folder_ / "none.zip", zip_of({{"a/readme.txt", "x", {}}}));
  EXPECT_THAT(refusal(folder_ / "none.zip"), HasSubstr("holds no Sentinel-2 product"));
  auto members = members_of(product_, "A.SAFE/");
  for (const auto& member : members_of(product_, "B.SAFE/")) members.push_back(member);
  write_text(folder_ / "two.zip", zip_of(members));
  EXPECT_THAT(refusal(folder_ / "two.zip"), HasSubstr("holds 2 products"));
  write_text(folder_ / "cut.zip", zip_of(members).substr(0, 5000));
  EXPECT_THAT(refusal(folder_ / "cut.zip"), AllOf(StartsWith(folder_ / "cut.zip"), HasSubstr("not a zip archive")));
  write_text(folder_ / "out.zip", zip_of({{"P.SAFE/MTD_MSIL2A.xml", read_text(metadata()), {}}, {"../x", "", {}}}));
  EXPECT_THAT(refusal(folder_ / "out.zip"), HasSubstr("leaves its folder"));
}

TEST_F(SafeProduct, AGranuleByItselfHasTheOffsetOfItsBaseline) {
  fs::copy(granule(), folder_ / "alone", fs::copy_options::recursive);
  Scene scene = read_scene(folder_ / "alone");
  EXPECT_EQ(scene.id, named_tile);
  EXPECT_EQ(scene.offsets.rule, "processing baseline");
  expect_the_made_scene(scene, made_.granule);

  replace_in(folder_ / "alone/MTD_TL.xml", "_N04.00", "_N03.01");
  scene = read_scene(folder_ / "alone");
  EXPECT_EQ(scene.processing_baseline, "03.01");
  EXPECT_EQ(scene.bands.at(Band::B04).calibration.offset, 0);
  EXPECT_EQ(scene.offsets.rule, "processing baseline");

  replace_in(folder_ / "alone/MTD_TL.xml", "_N03.01", "");
  scene = read_scene(folder_ / "alone");
  EXPECT_EQ(scene.processing_baseline, "");
  EXPECT_EQ(scene.bands.at(Band::B04).calibration.offset, 0);
  EXPECT_EQ(scene.offsets.rule, "unknown");
}

TEST_F(SafeProduct, StatedOffsetsGoByBand) {
  replace_in(metadata(), "band_id=\"3\">-1000", "band_id=\"3\">-900");
  replace_in(metadata(), "<BOA_QUANTIFICATION_VALUE unit=\"none\">10000",
             "<BOA_QUANTIFICATION_VALUE unit=\"none\">5000");
  replace_in(metadata(), "<SPECIAL_VALUE_INDEX>65535", "<SPECIAL_VALUE_INDEX>65534");
  const Scene scene = read();
  const Calibration& red = scene.bands.at(Band::B04).calibration;
  EXPECT_FLOAT_EQ(red.offset, -0.18F);
  EXPECT_FLOAT_EQ(red.scale, 2e-4F);
  EXPECT_EQ(red.saturated, 65534);
  EXPECT_FLOAT_EQ(scene.bands.at(Band::B03).calibration.offset, -0.2F);
  EXPECT_THAT(scene.offsets.contradictions,
              ElementsAre("baseline 04.00 has an offset of -1000, but BOA_ADD_OFFSET of B04 is -900"));
}

TEST_F(SafeProduct, WhatContradictsItselfIsSaid) {
  const std::string whole = read_text(metadata());
  remove_between(metadata(), "<BOA_ADD_OFFSET_VALUES_LIST>", "</BOA_ADD_OFFSET_VALUES_LIST>");
  Scene scene = read();
  EXPECT_EQ(scene.offsets.rule, "no BOA_ADD_OFFSET");
  EXPECT_EQ(scene.bands.at(Band::B04).calibration.offset, 0);
  EXPECT_THAT(scene.offsets.contradictions, ElementsAre("baseline 04.00 has an offset of -1000, but the product's "
                                                        "metadata have no BOA_ADD_OFFSET"));

  write_text(metadata(), whole);
  replace_in(metadata(), "<PROCESSING_BASELINE>04.00", "<PROCESSING_BASELINE>03.01");
  scene = read();
  EXPECT_EQ(scene.processing_baseline, "03.01");
  EXPECT_EQ(scene.bands.at(Band::B04).calibration.offset, -0.1F);
  EXPECT_THAT(scene.offsets.contradictions,
              ElementsAre("processing baseline 03.01 by PROCESSING_BASELINE, but 04.00 by TILE_ID",
                          "processing baseline 03.01 by PROCESSING_BASELINE, but 04.00 by DATASTRIP_ID",
                          "processing baseline 03.01 by PROCESSING_BASELINE, but 04.00 by the product's name",
                          "baseline 03.01 has an offset of 0, but BOA_ADD_OFFSET of B01 is -1000"));

  // Sen2Cor run by anyone writes 99.99, which is no edition of ESA's.
  replace_in(metadata(), "<PROCESSING_BASELINE>03.01", "<PROCESSING_BASELINE>99.99");
  EXPECT_THAT(read().offsets.contradictions, IsEmpty());
  for (const char* text : {"4.00", "N0400", " 04.00 "}) {
    write_text(metadata(), whole);
    replace_in(metadata(), "<PROCESSING_BASELINE>04.00", std::string("<PROCESSING_BASELINE>") + text);
    EXPECT_EQ(read().processing_baseline, "04.00") << text;
  }
  write_text(metadata(), whole);
  replace_in(metadata(), "<PROCESSING_BASELINE>04.00", "<PROCESSING_BASELINE>xx");
  EXPECT_THAT(message_of<DataError>([&] { read(); }),
              EndsWith("MTD_MSIL2A.xml: PROCESSING_BASELINE is no processing baseline: 'xx'"));

  write_text(metadata(), whole);
  remove_between(metadata(), "<BOA_ADD_OFFSET band_id=\"3\">", "</BOA_ADD_OFFSET>");
  EXPECT_THAT(read().offsets.contradictions, ElementsAre(HasSubstr("B04 is missing")));
}

TEST_F(SafeProduct, MetadataOfAnotherSceneAreRefused) {
  const struct {
    bool of_tile;
    std::string from;
    std::string to;
    std::string expected;
  } cases[] = {
      {true, "EPSG:32638", "EPSG:32637", "the CRS is EPSG:32637 by HORIZONTAL_CS_CODE, but EPSG:32638 by TILE_ID"},
      {true, "_T38TPK_", "_T38TPL_", "the tile is T38TPK by PRODUCT_URI, but T38TPL by TILE_ID"},
      {true, "<SENSING_TIME metadataLevel=\"Standard\">2022", "<SENSING_TIME metadataLevel=\"Standard\">2019",
       "the time is 2022-06-05T07:56:11.024Z by PRODUCT_START_TIME, but 2019-06-05T"},
      {false, "Sentinel-2A", "Sentinel-2C",
       "the spacecraft is sentinel-2c by SPACECRAFT_NAME, but sentinel-2a by TILE_ID"}};
  for (const auto& c : cases) {
    const std::string path = c.of_tile ? granule() + "/MTD_TL.xml" : metadata();
    const std::string whole = read_text(path);
    replace_in(path, c.from, c.to);
    EXPECT_THAT(message_of<DataError>([&] { read(); }), HasSubstr(c.expected));
    write_text(path, whole);
  }
  EXPECT_THAT(read().assumptions, IsEmpty());
}

TEST_F(SafeProduct, QualityIsFlagged) {
  replace_in(granule() + "/MTD_TL.xml", "<DEGRADED_MSI_DATA_PERCENTAGE>0.000000",
             "<DEGRADED_MSI_DATA_PERCENTAGE>1.500000");
  const std::string datastrip = product_ + "/DATASTRIP/" + datastrip_folder_name(made_.granule) + "/MTD_DS.xml";
  replace_in(datastrip, "<n1:General_Info>", "<Image_Refining flag=\"NOT_REFINED\"/><n1:General_Info>");
  write_text(granule() + "/QI_DATA/GENERAL_QUALITY.xml",
             "<report><check><inspection id=\"Data_Loss\" status=\"FAILED\"/></check>"
             "<check><inspection id=\"checkMetadata\" status=\"PASSED\"/></check></report>");
  EXPECT_THAT(read().quality_flags,
              ElementsAre("degraded MSI data 1.5 %", "geometry not refined", "Data_Loss check failed"));
  write_text(datastrip, "<broken");
  EXPECT_THAT(read().quality_flags, testing::Contains(HasSubstr("MTD_DS.xml: not XML")));
}

TEST_F(SafeProduct, MissingPartsAreDoneWithout) {
  fs::remove(granule() + "/MTD_TL.xml");
  Scene scene = read();
  EXPECT_EQ(scene.tile, "T38TPK");
  EXPECT_FALSE(scene.sun.has_value());
  EXPECT_THAT(scene.bands, SizeIs(15));
  fs::remove(granule() + "/IMG_DATA/R20m/" + image_name(made_.granule, "SCL", 20) + ".jp2");
  EXPECT_FALSE(read().has(Band::SCL));
  fs::remove_all(granule() + "/IMG_DATA");
  scene = read();
  EXPECT_TRUE(scene.has(Band::SCL));
  EXPECT_THAT(message_of<DataError>([&] { BandFile file(scene.bands.at(Band::SCL).path); }), HasSubstr("SCL_20m.jp2"));
  fs::remove(metadata());
  EXPECT_THAT(refusal(product_), AllOf(StartsWith(product_ + ": "), HasSubstr("neither the product's nor")));
  fs::remove_all(product_ + "/GRANULE");
  EXPECT_THAT(refusal(product_), HasSubstr("neither a product's metadata"));
}

TEST_F(SafeProduct, ImagesOfAnotherTimeTileOrSizeTakeNoBandsPlace) {
  const Scene own = read();
  const std::string images = granule() + "/IMG_DATA/R10m/";
  const std::string red = images + "T38TPK_20220605T075611_B04_10m.jp2";
  ASSERT_EQ(own.bands.at(Band::B04).path, red);
  for (const char* const other : {"T38TPK_20200101T074426_B04_10m.jp2", "T38TAA_20220605T075611_B04_10m.jp2"}) {
    fs::copy_file(red, images + other);
    const Scene scene = read();
    EXPECT_EQ(scene.bands, own.bands);
    EXPECT_THAT(scene.assumptions, ElementsAre(AllOf(HasSubstr(other), HasSubstr("passed over"))));
    fs::remove(images + other);
  }
  fs::copy_file(red, images + "T38TPK_20220605T075611_B04_5m.jp2");
  EXPECT_EQ(read().bands, own.bands);
}

TEST_F(SafeProduct, ImagesOfSeveralTimesAreRefusedWhereNothingTellsWhichAreItsOwn) {
  fs::remove(metadata());
  const std::string images = granule() + "/IMG_DATA/R10m/";
  const std::string red = "T38TPK_20220605T075611_B04_10m.jp2";
  ASSERT_EQ(read_scene(granule()).bands.at(Band::B04).path, images + red);
  const std::string other = "T38TPK_20200101T074426_B04_10m.jp2";
  fs::copy_file(images + red, images + other);
  EXPECT_THAT(refusal(granule()), AllOf(HasSubstr(other), HasSubstr("T38TPK_20220605T075611_B"), HasSubstr("times")));
}

TEST_F(SafeProduct, ADatastripByItselfIsRefused) {
  EXPECT_THAT(refusal(product_ + "/DATASTRIP/" + datastrip_folder_name(made_.granule)), HasSubstr("a datastrip"));
}

TEST_F(SafeProduct, BrokenMetadataIsRefused) {
  const std::string whole = read_text(metadata());
  const auto refused = [&](const std::string& text) {
    write_text(metadata(), text);
    const std::string reason = refusal(product_);
    EXPECT_THAT(reason, StartsWith(product_ + ": "));
    return reason;
  };
  EXPECT_THAT(refused(""), HasSubstr("empty"));
  EXPECT_THAT(refused(whole.substr(0, whole.size() / 2)), HasSubstr("MTD_MSIL2A.xml: not XML"));
  EXPECT_THAT(refused("<html/>"), HasSubstr("'html' is not the root of a Sentinel-2"));
  EXPECT_THAT(refused("<!DOCTYPE a [<!ENTITY b \"c\">]>" + whole.substr(whole.find("<n1:Level"))),
              HasSubstr("DOCTYPE"));
  const auto changed = [&](const std::string& what, const std::string& with) {
    write_text(metadata(), whole);
    replace_in(metadata(), what, with);
    return refused(read_text(metadata()));
  };
  EXPECT_THAT(changed("BOA_QUANTIFICATION_VALUE unit=\"none\">10000", "BOA_QUANTIFICATION_VALUE unit=\"none\">0"),
              HasSubstr("not 1 to 1e6: '0'"));
  EXPECT_THAT(changed(">-1000<", ">many<"), HasSubstr("BOA_ADD_OFFSET is broken"));
  EXPECT_THAT(changed("band_id=\"3\"", "band_id=\"30\""), HasSubstr("BOA_ADD_OFFSET is broken"));
  EXPECT_THAT(changed("Sentinel-2A", "Landsat-8"), HasSubstr("not Sentinel-2"));
  EXPECT_THAT(changed("Level-2A_User_Product", "Level-1C_User_Product"),
              HasSubstr("a granule of L2A in a product of L1C"));
  write_text(metadata(), whole);
  replace_in(granule() + "/MTD_TL.xml", "Level-2A_Tile_ID", "Level-2A_DataStrip_ID");
  EXPECT_THAT(refusal(product_), HasSubstr("Sentinel-2 Level-1C or Level-2A tile"));
}

TEST_F(SafeProduct, ImagesBeyondTheProductAreRefused) {
  const std::string whole = read_text(metadata());
  const std::string image = "GRANULE/" + granule_name + "/IMG_DATA/R10m/" + image_name(made_.granule, "B04", 10);
  for (const std::string& other : {std::string("../../B04"), std::string("/etc/T38TPK_20220605T075611_B04_10m"),
                                   std::string("GRANULE/../../x_B04_10m"), std::string("/vsicurl/http://x/B04_10m"),
                                   std::string("GRANULE\\x_B04_10m")}) {
    write_text(metadata(), whole);
    replace_in(metadata(), image, other);
    EXPECT_THAT(refusal(product_), HasSubstr("'" + other + "'"));
  }
  write_text(metadata(), whole);
  write_text(folder_ / "outside.jp2", "x");
  fs::remove(product_ + "/" + image + ".jp2");
  fs::create_symlink(folder_ / "outside.jp2", product_ + "/" + image + ".jp2");
  EXPECT_THAT(refusal(product_), HasSubstr("is a link that leaves the folder"));
}

TEST_F(SafeProduct, OfSeveralGranulesNeedsOneNamed) {
  add_granule();
  EXPECT_THAT(refusal(product_), HasSubstr("has 2 granules: name one, " + product_ + "/GRANULE/" + granule_name));
  const std::vector<std::string> granules = safe_granules(product_);
  ASSERT_THAT(granules, SizeIs(2));
  EXPECT_EQ(granules[0], granule());
  const Scene second = read_scene(granules[1]);
  EXPECT_EQ(second.tile, "T38TQK");
  EXPECT_THAT(second.bands.at(Band::B04).path, StartsWith(granules[1] + "/IMG_DATA"));

  write_text(folder_ / "two.zip", zip_of(members_of(product_, "X.SAFE/")));
  const std::vector<std::string> archived = safe_granules(folder_ / "two.zip");
  ASSERT_THAT(archived, SizeIs(2));
  EXPECT_EQ(archived[1], folder_ / "two.zip/X.SAFE/GRANULE/L2A_T38TQK_A036311_20220605T075611");
  EXPECT_EQ(read_scene(archived[1]).tile, "T38TQK");
}

TEST_F(SafeProduct, FingerprintFollowsTheMetadata) {
  const std::string first = read_safe_product(product_).fingerprint;
  EXPECT_EQ(read_safe_product(product_).fingerprint, first);
  replace_in(granule() + "/MTD_TL.xml", "<CLOUDY_PIXEL_PERCENTAGE>12.5", "<CLOUDY_PIXEL_PERCENTAGE>13.5");
  EXPECT_NE(read_safe_product(product_).fingerprint, first);
}

// ---- tiles as AWS has them --------------------------------------------------------------------------------------

/// The product's granule, arranged as a tile of AWS.
class AwsTile : public SafeProduct {
 protected:
  AwsTile() {
    fs::create_directories(tile_ + "/qi");
    fs::create_directories(tile_ + "/preview");
    for (const auto& [band, asset] : read().bands) {
      const std::string resolution = "R" + std::to_string(info(band).pixel_size_m) + "m";
      fs::create_directories(tile_ + "/" + resolution);
      const bool is_mask = band > Band::SCL;
      const std::string file = band == Band::CLD   ? "qi/CLD_20m"
                               : band == Band::SNW ? "qi/SNW_20m"
                                                   : resolution + "/" + std::string(name(band));
      fs::copy(asset.path, tile_ + "/" + file + ".jp2");
      if (!is_mask) fs::copy(asset.path, tile_ + "/preview/" + std::string(name(band)) + ".jp2");
    }
    write_text(tile_ + "/qi/MSK_DETFOO_B02.jp2", "x");
    fs::copy(granule() + "/MTD_TL.xml", tile_ + "/metadata.xml");
    write_text(tile_ + "/tileInfo.json",
               R"({"productName": ")" + product_id + R"(", "dataCoveragePercentage": 40.0, "datastrip": {"id": ")" +
                   datastrip_id(made_.granule) + R"("}, "tileDataGeometry": {"type": "Polygon", "crs": {"type": "name",
                   "properties": {"name": "urn:ogc:def:crs:EPSG:8.8.1:32638"}}, "coordinates":
                   [[[600000, 4700040], [600600, 4700040], [600600, 4699440], [600000, 4700040]]]}})");
  }
  const std::string tile_ = folder_ / "tiles";
};

TEST_F(AwsTile, IsReadWithTheOffsetOfItsBaseline) {
  for (const std::string& reference : {tile_, tile_ + "/", tile_ + "/metadata.xml"}) {
    const Scene scene = read_scene(reference);
    EXPECT_EQ(scene.id, product_id);
    EXPECT_EQ(scene.source, reference);
    EXPECT_EQ(scene.relative_orbit, 35);
    EXPECT_EQ(scene.offsets.rule, "processing baseline");
    expect_the_made_scene(scene, made_.granule);
    expect_pixels_of(scene, Band::B02, made_);
    EXPECT_EQ(scene.bands.at(Band::B02).path, tile_ + "/R10m/B02.jp2");
    EXPECT_EQ(scene.bands.at(Band::CLD).path, tile_ + "/qi/CLD_20m.jp2");
  }
}

TEST_F(AwsTile, LessMetadataMakeLessOfAScene) {
  remove_between(tile_ + "/metadata.xml", "<NODATA_PIXEL_PERCENTAGE>", "</NODATA_PIXEL_PERCENTAGE>");
  EXPECT_EQ(read_scene(tile_).nodata, 60);
  replace_in(tile_ + "/metadata.xml", "_N04.00", "");
  EXPECT_EQ(read_scene(tile_).processing_baseline, "04.00");
  replace_in(tile_ + "/tileInfo.json", "N0400", "N0301");
  EXPECT_THAT(read_scene(tile_).offsets.contradictions, ElementsAre(HasSubstr("but 03.01 by the product's name")));
  fs::remove(tile_ + "/tileInfo.json");
  const Scene scene = read_scene(tile_);
  EXPECT_EQ(scene.offsets.rule, "unknown");
  EXPECT_EQ(scene.bands.at(Band::B02).calibration.offset, 0);
  ASSERT_TRUE(scene.bbox.has_value());
  EXPECT_NEAR(scene.bbox->west, 46.22, 0.01);
}

TEST_F(AwsTile, BrokenMetadataIsRefused) {
  write_text(tile_ + "/tileInfo.json", "{");
  EXPECT_THAT(refusal(tile_), AllOf(StartsWith(tile_ + ": "), HasSubstr("tileInfo.json: not JSON")));
  write_text(tile_ + "/tileInfo.json", std::string(100'000, '[') + std::string(100'000, ']'));
  EXPECT_THAT(refusal(tile_), HasSubstr("nested deeper"));
  write_text(tile_ + "/metadata.xml", "<metadata/>");
  EXPECT_THAT(refusal(tile_), HasSubstr("metadata.xml: 'metadata' is not the root"));
}

// ---- band images ------------------------------------------------------------------------------------------------

TEST(BandImages, NamesOfAllGenerations) {
  const auto one = [](const char* path) {
    const auto image = band_image(path);
    if (!image) return std::string("-");
    return std::string(name(image->band)) + " " + std::to_string(image->pixel_size_m) + " " + image->tile + " " +
           image->taken;
  };
  EXPECT_EQ(one("R10m/T38KQA_20220214T070051_B02_10m.jp2"), "B02 10 T38KQA 20220214T070051");
  EXPECT_EQ(one("L2A_T38KQA_20170214T070051_B8A_60m.jp2"), "B8A 60 T38KQA 20170214T070051");
  EXPECT_EQ(one("T32TNM_20170226T102021_B09.jp2"), "B09 60 T32TNM 20170226T102021");
  EXPECT_EQ(one("x/S2A_OPER_MSI_L1C_TL_SGS__20160905T073438_A006291_T53HLA_B12.jp2"), "B12 20 T53HLA ");
  // Taken first, made last, as the Planetary Computer names them; with a baseline, as products are named.
  EXPECT_EQ(one("S2A_MSIL2A_20210610T074458_R092_T38TPK_20230330T212711_B04.tif"), "B04 10 T38TPK 20210610T074458");
  EXPECT_EQ(one("S2B_MSIL1C_20210610T074458_N0300_R092_T38TPK_20210610T092711_B11.tif"),
            "B11 20 T38TPK 20210610T074458");
  EXPECT_EQ(band_image("S2B_MSIL1C_20210610T074458_N0300_R092_T38TPK_20210610T092711_B11.tif")->level, "L1C");
  EXPECT_EQ(band_image("S2C_MSIL2A_20210610T074458_R092_T38TPK_20230330T212711_B04.tif")->platform, "sentinel-2c");
  // What cannot be told is not guessed.
  EXPECT_EQ(one("x_T38TPK_20230330T212711_B04.tif"), "B04 10 T38TPK ");
  EXPECT_EQ(one("T38TPK_20210610T074458_20230330T212711_B04.tif"), "B04 10 T38TPK ");
  EXPECT_EQ(one("HLS.S30.T38TPK.2021161T074458.v2.0.B04.tif"), "-");
  EXPECT_EQ(one("R60m/B02.jp2"), "B02 60  ");
  EXPECT_EQ(one("B02.tif"), "B02 10  ");
  EXPECT_EQ(one("QI_DATA/MSK_CLDPRB_20m.jp2"), "CLDPRB 20  ");
  EXPECT_EQ(one("qi/SNW_20m.jp2"), "SNWPRB 20  ");
  for (const char* other :
       {"", ".jp2", "_.jp2", "_10m.jp2", "10m.jp2", "QI_DATA/MSK_DETFOO_B02.jp2", "T38KQA_20220214T070051_TCI_10m.jp2",
        "T38KQA_20220214T070051_AOT_20m.jp2", "T38KQA_20220214T070051_B02_10m.jp2.ovr", "B02", "B13.jp2"}) {
    EXPECT_EQ(one(other), "-") << other;
  }
}

TEST(BandImages, OfOneTimeAreAScene) {
  const fs::path pair = test::shared_data() / "swiss_pair/copernicus";
  if (!fs::exists(pair)) GTEST_SKIP() << "no reference data at " << test::shared_data();
  const std::string red = (pair / "T32TMT_20200807T102559_B04_10m.jp2").string();
  const Scene scene = read_scene(red);
  EXPECT_EQ(scene.id, "T32TMT_20200807T102559");
  EXPECT_EQ(scene.source, red);
  EXPECT_EQ(scene.tile, "T32TMT");
  EXPECT_EQ(scene.level, "L2A");
  EXPECT_EQ(format_instant(scene.acquired), "2020-08-07T10:25:59Z");
  EXPECT_EQ(scene.offsets.rule, "unknown");
  ASSERT_THAT(scene.bands, SizeIs(2));
  EXPECT_EQ(scene.bands.at(Band::B04).path, red);
  EXPECT_EQ(BandFile(scene.bands.at(Band::B08).path).grid().width, 429);
  EXPECT_THAT(message_of<DataError>([&] { read_scene(pair.string()); }),
              AllOf(StartsWith(pair.string() + ": "), HasSubstr("images of 2 acquisitions")));
}

// ---- listing ----------------------------------------------------------------------------------------------------

std::vector<std::string> sources(const SourceListing& listing) {
  std::vector<std::string> result;
  for (const ListedScene& listed : listing.scenes) {
    result.push_back(listed.scene.source);
    EXPECT_THAT(listed.fingerprint, SizeIs(64));
  }
  return result;
}

TEST_F(AwsTile, AllPackagingsAreListedAndNotSearched) {
  fs::create_directories(folder_ / "in/depth");
  fs::rename(product_, folder_ / "in/depth/" + product_id + ".SAFE");
  const std::string moved = folder_ / "in/depth/" + product_id + ".SAFE";
  write_text(moved + "/inside.json", R"({"type": "Feature", "stac_version": "1.0.0"})");
  write_text(folder_ / "in/" + product_id + ".zip", zip_of(members_of(moved, product_id + ".SAFE/")));
  // As the Copernicus Data Space names archives, and as unpacking may leave them.
  const std::string by_number = folder_ / "in/3f2a8e0c-5a47-4b0e-9d0e-0d4f3c2b1a00.zip";
  write_text(by_number, zip_of(members_of(moved, product_id + ".SAFE/")));
  const std::string wrapped = folder_ / "in/wrapped/" + product_id + ".SAFE/" + product_id + ".SAFE";
  fs::create_directories(fs::path(wrapped).parent_path());
  fs::copy(moved, wrapped, fs::copy_options::recursive);
  fs::create_directories(folder_ / "in/.partial.SAFE");
  make_old(folder_.path());
  const SourceListing listing = list_scenes(folder_.path());
  EXPECT_THAT(listing.rejected, IsEmpty());
  EXPECT_THAT(sources(listing),
              testing::UnorderedElementsAre(moved, wrapped, by_number, folder_ / "in/" + product_id + ".zip", tile_));
  EXPECT_THAT(sources(list_scenes(moved)), ElementsAre(moved));
  EXPECT_THAT(sources(list_scenes(folder_ / "in/" + product_id + ".zip")), SizeIs(1));
}

TEST_F(SafeProduct, EveryGranuleIsListed) {
  add_granule();
  write_text(product_ + "/GRANULE/L2A_T38TQK_A036311_20220605T075611/MTD_TL.xml", "<broken");
  make_old(product_);
  const SourceListing listing = list_scenes(folder_.path());
  EXPECT_THAT(sources(listing), ElementsAre(granule()));
  ASSERT_THAT(listing.rejected, SizeIs(1));
  EXPECT_EQ(listing.rejected[0].path, product_ + "/GRANULE/L2A_T38TQK_A036311_20220605T075611");
  EXPECT_THAT(listing.rejected[0].reason, HasSubstr("MTD_TL.xml: not XML"));
}

TEST_F(AwsTile, WhatMayStillBeWrittenIsLeftAlone) {
  // The manifest of the product tells that it is whole, though it is new; nothing tells it of tile and archive.
  write_text(folder_ / product_id + ".zip", zip_of(members_of(product_, "X.SAFE/")));
  SourceListing listing = list_scenes(folder_.path());
  EXPECT_THAT(sources(listing), ElementsAre(product_));
  ASSERT_THAT(listing.rejected, SizeIs(2));
  EXPECT_THAT(listing.rejected[1].reason, HasSubstr("not read before it has rested for 60 s"));

  replace_in(granule() + "/MTD_TL.xml", "<CLOUDY_PIXEL_PERCENTAGE>12.5", "<CLOUDY_PIXEL_PERCENTAGE>2.5");
  EXPECT_THAT(list_scenes(folder_.path()).scenes, IsEmpty());
  EXPECT_THAT(list_scenes(folder_.path(), {std::chrono::seconds(0)}).scenes, SizeIs(3));
  make_old(folder_.path());
  EXPECT_THAT(list_scenes(folder_.path()).scenes, SizeIs(3));
  write_text(granule() + "/new", "");
  EXPECT_THAT(sources(list_scenes(folder_.path())),
              testing::UnorderedElementsAre(tile_, folder_ / product_id + ".zip"));
}

}  // namespace
}  // namespace pitwatch
