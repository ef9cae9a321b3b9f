// What names and metadata of other producers' images say: golden values, and names that come close.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/given_facts.hpp"
#include "pipeline/io/products/hls_product.hpp"
#include "pipeline/io/products/image_names.hpp"
#include "pipeline/io/products/maja_product.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::HasSubstr;

TEST(GivenFacts, NamesOfBands) {
  const auto band = [](std::string_view text) { return named_band(text).value_or(NamedBand{Band::B10}).band; };
  EXPECT_EQ(band("B04"), Band::B04);
  EXPECT_EQ(band("b4"), Band::B04);
  EXPECT_EQ(band("B8A"), Band::B8A);
  EXPECT_EQ(band("B8"), Band::B08);
  EXPECT_EQ(band("Red"), Band::B04);
  EXPECT_EQ(band("nir08"), Band::B8A);
  EXPECT_EQ(band("swir22"), Band::B12);
  EXPECT_EQ(band("SCL"), Band::SCL);
  EXPECT_EQ(band("MSK_CLDPRB"), Band::CLD);
  EXPECT_EQ(named_band("QA60"), (NamedBand{Band::SCL, PixelCoding::qa60}));
  EXPECT_EQ(named_band("Fmask"), (NamedBand{Band::SCL, PixelCoding::fmask}));
  for (const char* const other : {"", "B", "B13", "B044", "Band 4", "AOT", "gray", "a name that is far too long"}) {
    EXPECT_FALSE(named_band(other)) << other;
  }
}

TEST(GivenFacts, Lists) {
  const std::vector<GivenBand> given = parse_given_bands("B02=1, B04=3 ,B08=rest.tif:2,SCL=masks/scl.tif");
  ASSERT_EQ(given.size(), 4U);
  EXPECT_EQ(given[0], (GivenBand{{Band::B02}, "", 1}));
  EXPECT_EQ(given[1], (GivenBand{{Band::B04}, "", 3}));
  EXPECT_EQ(given[2], (GivenBand{{Band::B08}, "rest.tif", 2}));
  EXPECT_EQ(given[3], (GivenBand{{Band::SCL}, "masks/scl.tif", 1}));
  const std::string exported = "2021-06-10-00:00_2021-06-10-23:59_Sentinel-2_L2A_B04_(Raw).tiff";
  EXPECT_EQ(parse_given_bands("B04=" + exported).front(), (GivenBand{{Band::B04}, exported, 1}));
  EXPECT_EQ(parse_given_bands("B04=" + exported + ":2").front(), (GivenBand{{Band::B04}, exported, 2}));
  const auto message = [](const char* text) {
    return message_of<ConfigError>([&] { static_cast<void>(parse_given_bands(text)); });
  };
  EXPECT_THAT(message("B02"), HasSubstr("not BAND=NUMBER"));
  EXPECT_THAT(message(""), HasSubstr("not BAND=NUMBER"));
  EXPECT_THAT(message("B02=1,"), HasSubstr("not BAND=NUMBER"));
  EXPECT_THAT(message("B99=1"), HasSubstr("no band"));
  EXPECT_THAT(message("B02=0"), HasSubstr("1 to 64"));
  EXPECT_THAT(message("B02=65"), HasSubstr("1 to 64"));
  EXPECT_THAT(message("B02=a.tif:65"), HasSubstr("1 to 64"));
  EXPECT_THAT(message("B2=1,B02=2"), HasSubstr("B02 is named twice"));
  EXPECT_THAT(message("B02=../a.tif"), HasSubstr("leaves its folder"));
  EXPECT_THAT(message("B02=/etc/a.tif"), HasSubstr("absolute"));
  EXPECT_THAT(message("B02="), HasSubstr("no name"));
}

TEST(ImageNames, Bands) {
  const auto found = band_in_name("2021-06-10-00:00_2021-06-10-23:59_Sentinel-2_L2A_B04_(Raw).tiff");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->what.band, Band::B04);
  EXPECT_EQ(found->before, "2021-06-10-00:00_2021-06-10-23:59_Sentinel-2_L2A_");
  EXPECT_EQ(found->behind, "_(Raw).tiff");
  const auto band = [](const char* name) {
    const auto in_name = band_in_name(name);
    return in_name ? std::string(pitwatch::name(in_name->what.band)) : std::string();
  };
  EXPECT_EQ(band("red.tif"), "B04");
  EXPECT_EQ(band("mine_B8A.tif"), "B8A");
  EXPECT_EQ(band("B11_red.tif"), "B11");  // ESA's name is surer than a word
  EXPECT_EQ(band("mine_SCL.tif"), "SCL");
  EXPECT_EQ(band("mineB04.tif"), "");
  EXPECT_EQ(band("True_color.tif"), "");
  EXPECT_EQ(band(".tif"), "");
}

TEST(ImageNames, Times) {
  const auto text = [](const char* name) {
    const ImageNameFacts facts = image_name_facts(name);
    if (!facts.first) return std::string("none");
    return format_instant(*facts.first) + (facts.first == facts.last ? "" : " " + format_instant(*facts.last)) +
           (facts.is_day ? " day" : "") + (facts.is_browser_raw ? " raw" : "") + " " + facts.level + " " + facts.tile;
  };
  const std::string day = "2021-06-10T00:00:00Z day raw L2A ";
  EXPECT_EQ(text("2021-06-10-00:00_2021-06-10-23:59_Sentinel-2_L2A_B04_(Raw).tiff"), day);
  EXPECT_EQ(text("2021-06-10-00_00_2021-06-10-23_59_Sentinel-2_L2A_B04_(Raw).tiff"), day);
  EXPECT_EQ(text("2021-06-10-00_00_2021-06-10-23_59_Sentinel-2_L1C_NDVI.tiff"), "2021-06-10T00:00:00Z day L1C ");
  EXPECT_EQ(text("2021-06-01-00_00_2021-06-10-23_59_Sentinel-2_L2A_B04_(Raw).tiff"),
            "2021-06-01T00:00:00Z 2021-06-10T23:59:00Z raw L2A ");
  EXPECT_EQ(text("openEO_2021-06-10Z.tif"), "2021-06-10T00:00:00Z day  ");
  EXPECT_EQ(text("20210610T074611_20210610T074824_T38TPK.tif"), "2021-06-10T07:46:11Z  T38TPK");
  // Periods that end before they begin, days that are none, forms that come close.
  for (const char* const other :
       {"2021-06-11-00_00_2021-06-10-23_59_Sentinel-2_L2A_B04_(Raw).tiff", "openEO_2021-02-30Z.tif",
        "openEO_2021-06-10", "2021-13-10-00_00_2021-13-10-23_59_x.tif", "20210610T074611_20210610T074824_XXXXXX.tif",
        "2021-06-10.tif", ""}) {
    EXPECT_EQ(text(other), "none") << other;
  }
}

TEST(Hls, Names) {
  const auto image = hls_image("HLS.S30.T38TPK.2021161T074613.v2.0.B04.tif");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->granule, "HLS.S30.T38TPK.2021161T074613.v2.0");
  EXPECT_FALSE(image->is_landsat);
  EXPECT_EQ(image->tile, "T38TPK");
  EXPECT_EQ(format_instant(image->acquired), "2021-06-10T07:46:13Z");
  EXPECT_EQ(image->layer, "B04");
  EXPECT_EQ(format_instant(hls_image("HLS.L30.T38TPK.2020366T235959.v2.0.Fmask.tif")->acquired),
            "2020-12-31T23:59:59Z");
  for (const char* const other :
       {"HLS.S30.T38TPK.2021366T074613.v2.0.B04.tif", "HLS.S30.T38TPK.2021000T074613.v2.0.B04.tif",
        "HLS.S30.T38TPK.2021161T244613.v2.0.B04.tif", "HLS.S30.38TPK.2021161T074613.v2.0.B04.tif",
        "HLS.S30.T38TPK.2021161T074613.v1.5.B04.tif", "HLS.X30.T38TPK.2021161T074613.v2.0.B04.tif",
        "HLS.S30.T38TPK.2021161T074613.v2.0.B04.tif.xml", "HLS.S30.T38TPK.2021161T074613.v2.0.tif", "HLS."}) {
    EXPECT_FALSE(hls_image(other)) << other;
  }
}

TEST(Hls, BandsOfBothSensors) {
  EXPECT_EQ(hls_band(false, "B8A"), Band::B8A);
  EXPECT_EQ(hls_band(false, "B11"), Band::B11);
  EXPECT_EQ(hls_band(true, "B02"), Band::B02);
  EXPECT_EQ(hls_band(true, "B05"), Band::B8A);  // near infrared, not a red edge
  EXPECT_EQ(hls_band(true, "B06"), Band::B11);
  EXPECT_EQ(hls_band(true, "B07"), Band::B12);
  EXPECT_EQ(hls_band(true, "Fmask"), Band::SCL);
  for (const char* const other : {"B09", "B10", "B11", "SZA"}) EXPECT_FALSE(hls_band(true, other)) << other;
  for (const char* const other : {"B10", "SZA", "VAA", "B4", "SCL"}) EXPECT_FALSE(hls_band(false, other)) << other;
}

TEST(Maja, Names) {
  const auto name = maja_name("SENTINEL2A_20210610-074458-012_L2A_T38TPK_C_V2-2_FRE_B4.tif");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->product, "SENTINEL2A_20210610-074458-012_L2A_T38TPK_C_V2-2");
  EXPECT_EQ(name->platform, "sentinel-2a");
  EXPECT_EQ(name->tile, "T38TPK");
  EXPECT_EQ(format_instant(name->acquired), "2021-06-10T07:44:58.012Z");
  EXPECT_EQ(maja_name("SENTINEL2B_20210610-074458-000_L2A_T38TPK_C_V3-1.zip")->product,
            "SENTINEL2B_20210610-074458-000_L2A_T38TPK_C_V3-1");
  for (const char* const other :
       {"SENTINEL2A_20210610-074458-000_L3A_T38TPK_C_V2-2", "SENTINEL2A_20211310-074458-000_L2A_T38TPK_C_V2-2",
        "SENTINEL2A_20210610-084460-000_L2A_T38TPK_C_V2-2", "SENTINEL2A_20210610-074458_L2A_T38TPK_C_V2-2",
        "SENTINEL2Z_20210610-074458-000_L2A_T38TPK_C_V2-2", "SENTINEL2A_20210610-074458-000_L2A_38TPK_C_V2-2",
        "SENTINEL2A_20210610-074458-000_L2A_T38TPK_C", "S2A_MSIL2A_20210610T074611", ""}) {
    EXPECT_FALSE(maja_name(other)) << other;
  }
}

TEST(Maja, Metadata) {
  const std::string begin = "<Muscate_Metadata_Document>";
  const std::string end = "</Muscate_Metadata_Document>";
  const MajaFacts facts = parse_maja_metadata(
      begin +
      "<ACQUISITION_DATE>2021-06-10T07:44:58.012Z</ACQUISITION_DATE><ORBIT_NUMBER type='Track'>35</ORBIT_NUMBER>"
      "<Sun_Angles><ZENITH_ANGLE unit='deg'>24.5</ZENITH_ANGLE><AZIMUTH_ANGLE "
      "unit='deg'>140</AZIMUTH_ANGLE></Sun_Angles>"
      "<REFLECTANCE_QUANTIFICATION_VALUE>1000</REFLECTANCE_QUANTIFICATION_VALUE>"
      "<SPECIAL_VALUE name='cloud_mask'>0</SPECIAL_VALUE><SPECIAL_VALUE name='nodata'>-10000.0</SPECIAL_VALUE>"
      "<QUALITY_INDEX name='CloudPercent'>12</QUALITY_INDEX>" +
      end);
  EXPECT_EQ(facts.quantification, 1000);
  EXPECT_EQ(facts.nodata, -10000);
  EXPECT_EQ(format_instant(facts.acquired.value()), "2021-06-10T07:44:58.012Z");
  EXPECT_EQ(facts.sun, (ViewAngles{24.5, 140}));
  EXPECT_EQ(facts.relative_orbit, 35);
  EXPECT_EQ(facts.cloud_cover, 12);
  const MajaFacts none = parse_maja_metadata(begin + "<ORBIT_NUMBER>999</ORBIT_NUMBER>" + end);
  EXPECT_FALSE(none.quantification || none.nodata || none.acquired || none.sun || none.relative_orbit);
  const auto message = [](const std::string& xml) {
    return message_of<DataError>([&] { static_cast<void>(parse_maja_metadata(xml)); });
  };
  EXPECT_THAT(message("<Other/>"), HasSubstr("not the root"));
  EXPECT_THAT(message("<!DOCTYPE a [<!ENTITY b 'c'>]>" + begin + end), HasSubstr("document type"));
  for (const std::string value : {"0", "1e9", "nan", "ten"}) {
    EXPECT_THAT(
        message(begin + "<REFLECTANCE_QUANTIFICATION_VALUE>" + value + "</REFLECTANCE_QUANTIFICATION_VALUE>" + end),
        HasSubstr("1 to 1e6"));
  }
}

}  // namespace
}  // namespace pitwatch
