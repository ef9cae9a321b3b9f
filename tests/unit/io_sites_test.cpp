// Options that a site sets for itself, and the period in which its ground counts as undisturbed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/sites.hpp"
#include "tests/unit/io_test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::HasSubstr;

class SiteOverrides : public ::testing::Test {
 protected:
  /// A site with the value of "monitor" as JSON, and one without.
  std::string file(const std::string& monitor) const {
    const std::string polygon =
        R"("geometry": {"type": "Polygon", "coordinates": [[[46.61, 40.14], [46.62, 40.14], [46.62, 40.15], [46.61, 40.14]]]}})";
    test::write_text(
        folder_ / "sites.geojson",
        R"({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "plain"}, )" + polygon +
            R"(, {"type": "Feature", "properties": {"id": "own", "monitor": )" + monitor + "}, " + polygon + "]}");
    return folder_ / "sites.geojson";
  }

  test::TemporaryFolder folder_;
};

TEST_F(SiteOverrides, NamesAndNumbers) {
  const std::vector<Site> sites = read_sites(file(R"({"min-area-ha": 0.2, "confirm-looks": 4, "prior-log-odds": -9})"));
  ASSERT_EQ(sites.size(), 2U);
  EXPECT_TRUE(sites[0].overrides.empty());
  EXPECT_THAT(sites[1].overrides,
              ::testing::UnorderedElementsAre(std::pair("min-area-ha", 0.2), std::pair("confirm-looks", 4.0),
                                              std::pair("prior-log-odds", -9.0)));
  EXPECT_TRUE(read_sites(file("{}"))[1].overrides.empty());
  EXPECT_TRUE(read_sites(file("null"))[1].overrides.empty());
}

TEST_F(SiteOverrides, RefusesWhatIsNoObjectOfNumbers) {
  for (const char* monitor : {"5", "[1, 2]", R"("loose")", R"({"confirm-looks": "4"})", R"({"neighbours": false})",
                              R"({"confirm-looks": null})", R"({"confirm-looks": [4]})"}) {
    const std::string message = test::message_of<ConfigError>([&] { read_sites(file(monitor)); });
    EXPECT_THAT(message, HasSubstr("sites.geojson")) << monitor;
    EXPECT_THAT(message, HasSubstr("'own'")) << monitor;
    EXPECT_THAT(message, HasSubstr("monitor")) << monitor;
  }
  EXPECT_THAT(test::message_of<ConfigError>([&] { read_sites(file(R"({"confirm-looks": "4"})")); }),
              HasSubstr("confirm-looks"));
}

// A file that only describes where others lie would make OGR read those, or ask servers.
TEST_F(SiteOverrides, RefusesDescriptionsOfOtherFiles) {
  const std::string real = file("{}");
  EXPECT_EQ(read_sites(real).size(), 2U);
  test::write_text(folder_ / "sites.vrt", R"(<OGRVRTDataSource><OGRVRTLayer name="sites"><SrcDataSource>)" + real +
                                              "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>");
  EXPECT_THAT(test::message_of<DataError>([&] { read_sites(folder_ / "sites.vrt"); }), HasSubstr("cannot open"));
}

class SitePeriods : public ::testing::Test {
 protected:
  /// The ends of the periods of sites with these values of baseline_to, as JSON.
  std::vector<std::string> ends(const std::vector<std::string>& values) const {
    std::string features;
    for (const std::string& value : values) {
      features += std::string(features.empty() ? "" : ", ") + R"({"type": "Feature", "properties": {"id": "s)" +
                  std::to_string(features.size()) + R"(", "baseline_from": "2021-12-31", "baseline_to": )" + value +
                  R"(}, "geometry": {"type": "Polygon", "coordinates": [[[46.61, 40.14], [46.62, 40.14],
                  [46.62, 40.15], [46.61, 40.14]]]}})";
    }
    test::write_text(folder_ / "sites.geojson", R"({"type": "FeatureCollection", "features": [)" + features + "]}");
    std::vector<std::string> result;
    for (const Site& site : read_sites(folder_ / "sites.geojson")) {
      EXPECT_EQ(site.baseline_from, parse_instant("2021-12-31"));
      result.push_back(format_instant(site.baseline_to.value_or(Instant{})));
    }
    return result;
  }

  test::TemporaryFolder folder_;
};

TEST_F(SitePeriods, ABareDayIsWholeAndATimeIsItself) {
  using ::testing::ElementsAre;
  const std::string end = "2022-01-31T23:59:59.999Z";
  EXPECT_THAT(ends({R"("2022-01-31")"}), ElementsAre(end));
  EXPECT_THAT(ends({R"("2022/01/31")"}), ElementsAre(end));
  EXPECT_THAT(ends({R"("20220131")"}), ElementsAre(end));
  EXPECT_THAT(ends({"20220131"}), ElementsAre(end));
  EXPECT_THAT(ends({R"("2022-01-31T00:00:00Z")"}), ElementsAre("2022-01-31T00:00:00Z"));
  EXPECT_THAT(ends({R"("2022-01-31T00:00:00+04:00")"}), ElementsAre("2022-01-30T20:00:00Z"));
  EXPECT_THAT(ends({R"("2022/01/31 00:00:00+04")"}), ElementsAre("2022-01-30T20:00:00Z"));
  EXPECT_THAT(ends({R"("2022-01-31T08:06:01.5-05:30")"}), ElementsAre("2022-01-31T13:36:01.500Z"));
  EXPECT_THAT(ends({R"("20220131T080601Z")"}), ElementsAre("2022-01-31T08:06:01Z"));
  EXPECT_THAT(ends({"null"}), ElementsAre("1970-01-01T00:00:00Z"));
}

// OGR gives all of a column as times where one value of it has one.
TEST_F(SitePeriods, ABareDayIsWholeBesideTimesToo) {
  using ::testing::ElementsAre;
  const std::string end = "2022-01-31T23:59:59.999Z";
  EXPECT_THAT(ends({R"("2022-01-31")", R"("2022-01-31T00:00:00Z")"}), ElementsAre(end, "2022-01-31T00:00:00Z"));
  EXPECT_THAT(ends({R"("2022-01-31T00:00:00+04:00")", R"("2022-01-31")", R"("2022-01-31T07:00:00Z")"}),
              ElementsAre("2022-01-30T20:00:00Z", end, "2022-01-31T07:00:00Z"));
}

TEST_F(SitePeriods, RefusesWhatIsNoneNamingIt) {
  for (const char* value : {R"("soon")", R"("2022-13-01")", "2022", R"("31.01.2022")"}) {
    const std::string message = test::message_of<DataError>([&] { ends({value}); });
    EXPECT_THAT(message, HasSubstr("baseline_to")) << value;
  }
  EXPECT_THAT(test::message_of<DataError>([&] { ends({R"("2021-12-30")"}); }), HasSubstr("before baseline_from"));
}

}  // namespace
}  // namespace pitwatch
