// Names by ESA's convention.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/product_name.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

Granule example() {
  Granule granule;
  granule.acquired = parse_instant("2022-02-14T07:00:51.024Z");
  granule.processed = parse_instant("2022-02-14T08:54:03Z");
  granule.relative_orbit = 120;
  granule.absolute_orbit = 34723;
  granule.tile = "T38KQA";
  granule.processing_baseline = "04.00";
  return granule;
}

TEST(ProductName, AsARealProductIsCalled) {
  const Granule granule = example();
  const std::string name = "S2A_MSIL2A_20220214T070051_N0400_R120_T38KQA_20220214T085403";
  EXPECT_EQ(product_name(granule), name);
  // The tile's and the datastrip's own times and centres are not a granule's: the rest of the names is.
  EXPECT_EQ(granule_folder_name(granule), "L2A_T38KQA_A034723_20220214T070051");
  EXPECT_EQ(datastrip_folder_name(granule), "DS_SYNT_20220214T085403_S20220214T070051");
  EXPECT_EQ(tile_id(granule), "S2A_OPER_MSI_L2A_TL_SYNT_20220214T085403_A034723_T38KQA_N04.00");
  EXPECT_EQ(datastrip_id(granule), "S2A_OPER_MSI_L2A_DS_SYNT_20220214T085403_S20220214T070051_N04.00");
  EXPECT_EQ(datatake_id(granule), "GS2A_20220214T070051_034723_N04.00");
  EXPECT_EQ(image_name(granule, "B8A", 20), "T38KQA_20220214T070051_B8A_20m");
  EXPECT_EQ(compact_time(granule.processed), "20220214T085403");

  const std::filesystem::path real = test::shared_data() / "safe_metadata" / (name + ".SAFE");
  if (!std::filesystem::exists(real)) GTEST_SKIP() << "no reference data";
  const std::string metadata = test::read_text((real / "MTD_MSIL2A.xml").string());
  EXPECT_THAT(metadata, ::testing::HasSubstr(datatake_id(granule)));
  EXPECT_THAT(metadata, ::testing::HasSubstr(image_name(granule, "SCL", 20) + "<"));
  const auto pattern_of = [](std::string id) {
    id = std::regex_replace(id, std::regex("\\."), "\\.");
    id = std::regex_replace(id, std::regex("SYNT"), "[A-Z0-9_]{4}");
    return std::regex(std::regex_replace(id, std::regex("S20220214T070051"), "S20220214T[0-9]{6}"));
  };
  EXPECT_TRUE(std::regex_search(metadata, pattern_of(tile_id(granule))));
  EXPECT_TRUE(std::regex_search(metadata, pattern_of(datastrip_id(granule))));
}

TEST(ProductName, EarthSearchIds) {
  Granule granule = example();
  EXPECT_EQ(stac_item_id(granule), "S2A_38KQA_20220214_0_L2A");
  granule.spacecraft = 'B';
  granule.site = "pit-7_north";
  EXPECT_EQ(stac_item_id(granule), "S2B_38KQA_20220214_0_L2A_pit-7_north");
}

TEST(ProductName, WhatCannotBeNamed) {
  const auto rejects = [](const std::function<void(Granule&)>& spoil, const std::string& reason) {
    Granule granule = example();
    spoil(granule);
    EXPECT_THAT(test::message_of<DataError>([&] { product_name(granule); }), ::testing::HasSubstr(reason));
    EXPECT_THAT(test::message_of<DataError>([&] { stac_item_id(granule); }), ::testing::HasSubstr(reason));
  };
  rejects([](Granule& g) { g.spacecraft = 'a'; }, "spacecraft");
  rejects([](Granule& g) { g.tile = "38KQA"; }, "tile: '38KQA'");
  rejects([](Granule& g) { g.tile = "T38KQA/.."; }, "tile");
  rejects([](Granule& g) { g.processing_baseline = "4.00"; }, "baseline");
  rejects([](Granule& g) { g.relative_orbit = 144; }, "relative orbit: 144");
  rejects([](Granule& g) { g.absolute_orbit = 0; }, "absolute orbit: 0");
  rejects([](Granule& g) { g.site = "../x"; }, "site");
}

}  // namespace
}  // namespace pitwatch
