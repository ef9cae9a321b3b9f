#include "pipeline/account/reference_sample.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"

namespace pitwatch {
namespace {

std::string file_of(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + "/" + name;
  write_file_atomically(path, text);
  return path;
}

std::string refusal_of(const std::string& name, const std::string& text) {
  try {
    read_reference(file_of(name, text));
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

// The example of Olofsson et al. (2014), section 5: tables 8 and 9, pixels of 0.09 ha. Deforestation stands for
// vegetation_to_bare, forest gain for vegetation_change; the two stable classes for flood and undisturbed.
const std::string published = R"(map,reference,stratum_area_ha,count
vegetation_to_bare,vegetation_to_bare,18000,66
vegetation_to_bare,flood,18000,5
vegetation_to_bare,undisturbed,18000,4
vegetation_change,vegetation_change,13500,55
vegetation_change,flood,13500,8
vegetation_change,undisturbed,13500,12
flood,vegetation_to_bare,288000,1
flood,flood,288000,153
flood,undisturbed,288000,11
undisturbed,vegetation_to_bare,580500,2
undisturbed,vegetation_change,580500,1
undisturbed,flood,580500,9
undisturbed,undisturbed,580500,313
)";

TEST(ReferenceSample, GivesThePublishedAreas) {
  const auto samples = read_reference(file_of("published.csv", published));
  ASSERT_EQ(samples.size(), 1U);
  LedgerRow row;
  row.change_class = ChangeClass::vegetation_to_bare;
  row.disturbed_m2 = 180'000'000;  // as mapped
  row.net_m2 = 90'000'000;
  adjust(row, samples[0]);
  EXPECT_NEAR(row.disturbed.value_ha, 21158, 0.5);
  EXPECT_NEAR(row.disturbed.upper_ha - row.disturbed.value_ha, 6158, 0.5);
  EXPECT_NEAR(row.net.value_ha, 21158 / 2.0, 0.5);
  EXPECT_NEAR(row.net.value_ha - row.net.lower_ha, 6158 / 2.0, 0.5);
  // Not undisturbed: 900 000 - 581 386 ha, with its standard error.
  EXPECT_NEAR(samples[0].disturbed_ha.value, 318614, 0.5);
  EXPECT_NEAR(1.96 * samples[0].disturbed_ha.standard_error, 16282, 0.5);
  EXPECT_DOUBLE_EQ(samples[0].mapped_ha, 319500);
}

TEST(ReferenceSample, AClassWithoutAStratumGoesByAll) {
  const auto samples = read_reference(file_of("published.csv", published));
  const AreaRatio ratio = area_ratio(samples[0], ChangeClass::to_water);
  EXPECT_NEAR(ratio.value, 318614.0 / 319500, 1e-6);
  EXPECT_DOUBLE_EQ(ratio.value, area_ratio(samples[0], std::nullopt).value);
}

TEST(ReferenceSample, OfPointsIsThatOfTheirCounts) {
  std::string csv = "map,reference,stratum_area_ha\n";
  std::string features;
  const auto add = [&](const std::string& map, const std::string& reference, int area, int count) {
    for (int i = 0; i < count; ++i) {
      csv += map + "," + reference + "," + std::to_string(area) + "\n";
      features += std::string(features.empty() ? "" : ",") +
                  R"({"type":"Feature","geometry":null,"properties":{"map":")" + map + R"(","reference":")" +
                  reference + R"(","stratum_area_ha":)" + std::to_string(area) + "}}";
    }
  };
  add("disturbed", "disturbed", 10, 8);
  add("disturbed", "undisturbed", 10, 2);
  add("undisturbed", "disturbed", 90, 1);
  add("undisturbed", "undisturbed", 90, 49);
  // 10 x 0.8 + 90 x 0.02 = 9.8 ha; sqrt(10^2 x 0.16 / 9 + 90^2 x 0.0196 / 49).
  const auto by_table = read_reference(file_of("points.csv", csv));
  EXPECT_NEAR(by_table[0].disturbed_ha.value, 9.8, 1e-9);
  EXPECT_NEAR(by_table[0].disturbed_ha.standard_error, std::sqrt(16.0 / 9 + 8100 * 0.0196 / 49), 1e-9);
  const auto by_features =
      read_reference(file_of("points.geojson", R"({"type":"FeatureCollection","features":[)" + features + "]}"));
  EXPECT_EQ(by_features[0].disturbed_ha.value, by_table[0].disturbed_ha.value);
  EXPECT_EQ(by_features[0].disturbed_ha.standard_error, by_table[0].disturbed_ha.standard_error);
}

TEST(ReferenceSample, SitesHaveSamplesOfTheirOwn) {
  std::string csv = "site,map,reference,stratum_area_ha,count\n";
  for (const std::string site : {"b", "a"}) {
    csv += site + ",disturbed,disturbed," + (site == "a" ? "10" : "20") + ",5\n";
    csv += site + ",undisturbed,undisturbed,90,5\n";
  }
  const auto samples = read_reference(file_of("sites.csv", csv));
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].site, "a");
  EXPECT_DOUBLE_EQ(samples[1].mapped_ha, 20);
}

// Passed over, they would change areas without a word.
TEST(ReferenceSample, ColumnsThatAreNearlyOursAreRefused) {
  const auto with = [](const std::string& more) {
    return "map,reference,stratum_area_ha" + more + "\ndisturbed,disturbed,10,5,1\nundisturbed,undisturbed,90,5,1\n";
  };
  EXPECT_EQ(refusal_of("ours.csv", with(",count,notes")), "");
  EXPECT_EQ(refusal_of("ours.csv", with(",count,n")), "");  // a running number, perhaps
  for (const std::string name : {"Count", "counts", "coutn", "Site", "sites", "n", "N", "points"}) {
    EXPECT_NE(refusal_of("near.csv", with(",notes," + name)).find("'" + name + "'"), std::string::npos) << name;
    const std::string feature =
        R"({"properties": {"map": "disturbed", "reference": "disturbed", "stratum_area_ha": 10, ")" + name +
        R"(": 5}})";
    EXPECT_NE(refusal_of("near.geojson", R"({"features": [)" + feature + "]}").find("'" + name + "'"),
              std::string::npos)
        << name;
  }
  EXPECT_NE(refusal_of("near.csv", with(",count,count")).find("has the column 'count' twice"), std::string::npos);
  EXPECT_NE(refusal_of("near.csv", with(",site,site")).find("has the column 'site' twice"), std::string::npos);
}

TEST(ReferenceSample, WhatIsNoneIsRefusedInOneLine) {
  const std::string head = "map,reference,stratum_area_ha\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {head, "no points"},
      {"map,reference\n", "stratum_area_ha"},
      {head + "pit,undisturbed,10\n", "line 2: 'pit' is neither"},
      {head + "disturbed,\x1b[31mred,10\n", "\\x1b[31mred"},
      {head + "disturbed,disturbed,nan\n", "stratum_area_ha is no number"},
      {head + "disturbed,disturbed,1e999\n", "stratum_area_ha is no number"},
      {head + "disturbed,disturbed,0\n", "not above 0"},
      {head + "disturbed,disturbed,-3\n", "not above 0"},
      {head + "disturbed,disturbed,1e-308\n", "line 2: stratum_area_ha is not between"},
      {head + "disturbed,disturbed,1.1e9\n", "line 2: stratum_area_ha is not between"},
      {head + "disturbed,disturbed,10\ndisturbed,disturbed,11\n", "line 3: stratum 'disturbed' has another area"},
      {head + "disturbed,disturbed,10\ndisturbed,disturbed,10\n", "no stratum 'undisturbed'"},
      {head + "undisturbed,undisturbed,10\nundisturbed,undisturbed,10\n", "no stratum of disturbed ground"},
      {head + "disturbed,disturbed,10\nundisturbed,undisturbed,10\n", "fewer than two samples"},
      {head + "disturbed,burn,10\ndisturbed,burn,10\nundisturbed,undisturbed,9\nundisturbed,undisturbed,9\n",
       "which is no stratum"},
  };
  for (const auto& [text, reason] : cases) {
    const std::string refusal = refusal_of("bad.csv", text);
    EXPECT_NE(refusal.find(reason), std::string::npos) << refusal;
    EXPECT_NE(refusal.find("bad.csv: "), std::string::npos) << refusal;
    EXPECT_EQ(refusal.find('\n'), std::string::npos) << refusal;
    EXPECT_LT(refusal.size(), 400U);
  }
  for (const std::string text : {"", "[]", "{}", R"({"features": 3})", R"({"features": [1]})",
                                 R"({"features": [{"properties": {"map": 1}}]})", "{\"features\": [", "\xff\xfe"}) {
    const std::string refusal = refusal_of("bad.geojson", text);
    EXPECT_NE(refusal.find("bad.geojson: "), std::string::npos) << text;
    EXPECT_EQ(refusal.find('\n'), std::string::npos) << refusal;
  }
  EXPECT_THROW(read_reference("/dev/zero"), DataError);
  EXPECT_THROW(read_reference(testing::TempDir()), DataError);
  EXPECT_THROW(read_reference(testing::TempDir() + "/is_not_there.csv"), DataError);
}

}  // namespace
}  // namespace pitwatch
