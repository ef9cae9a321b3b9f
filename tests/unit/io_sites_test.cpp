// Options that a site sets for itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pitwatch
