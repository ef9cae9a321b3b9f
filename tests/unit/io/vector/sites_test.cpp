// Options that a site sets for itself, and the period in which its ground counts as undisturbed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::AllOf;
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
  const std::vector<Site> sites =
      read_sites(file(R"({"min-area-ha": 0.2, "confirm-observations": 4, "prior-log-odds": -9})"));
  ASSERT_EQ(sites.size(), 2U);
  EXPECT_TRUE(sites[0].overrides.empty());
  EXPECT_THAT(sites[1].overrides,
              ::testing::UnorderedElementsAre(std::pair("min-area-ha", 0.2), std::pair("confirm-observations", 4.0),
                                              std::pair("prior-log-odds", -9.0)));
  EXPECT_TRUE(read_sites(file("{}"))[1].overrides.empty());
  EXPECT_TRUE(read_sites(file("null"))[1].overrides.empty());
}

TEST_F(SiteOverrides, RefusesWhatIsNoObjectOfNumbers) {
  for (const char* monitor :
       {"5", "[1, 2]", R"("loose")", R"({"confirm-observations": "4"})", R"({"neighbours": false})",
        R"({"confirm-observations": null})", R"({"confirm-observations": [4]})"}) {
    const std::string message = test::message_of<ConfigError>([&] { read_sites(file(monitor)); });
    EXPECT_THAT(message, HasSubstr("sites.geojson")) << monitor;
    EXPECT_THAT(message, HasSubstr("'own'")) << monitor;
    EXPECT_THAT(message, HasSubstr("monitor")) << monitor;
  }
  EXPECT_THAT(test::message_of<ConfigError>([&] { read_sites(file(R"({"confirm-observations": "4"})")); }),
              HasSubstr("confirm-observations"));
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

// ---- features one by one ----

class SiteFeatures : public ::testing::Test {
 protected:
  struct Found {
    std::vector<Site> sites;
    std::vector<RejectedSite> rejected;
  };
  Found read(const std::vector<std::string>& features, const std::vector<std::string>& options = {}) const {
    std::string text;
    for (const std::string& feature : features) text += (text.empty() ? "" : ",") + feature;
    test::write_text(path(), R"({"type": "FeatureCollection", "features": [)" + text + "]}");
    Found found;
    found.sites = read_sites(path(), found.rejected, options);
    return found;
  }
  std::string path() const { return folder_ / "sites.geojson"; }

  static std::string feature(const std::string& properties, const std::string& geometry = polygon) {
    return R"({"type": "Feature", "properties": {)" + properties + R"(}, "geometry": )" + geometry + "}";
  }
  static std::string ring(const std::string& points) {
    return R"({"type": "Polygon", "coordinates": [[)" + points + "]]}";
  }

  static constexpr const char* polygon =
      R"({"type": "Polygon", "coordinates": [[[46.61, 40.14], [46.62, 40.14], [46.62, 40.15], [46.61, 40.14]]]})";
  test::TemporaryFolder folder_;
};

TEST_F(SiteFeatures, OneThatIsNoneDoesNotStopTheOthers) {
  const Found found = read(
      {feature(R"("id": "a")"), feature(R"("id": "gate")", R"({"type": "Point", "coordinates": [46.6, 40.1]})"),
       feature(R"("id": "nothing")", "null"), feature(R"("id": "../etc")"), feature(R"("id": "a", "name": "twice")"),
       feature(R"("id": "swapped")", ring("[40.14, 146.61], [40.14, 146.62], [40.15, 146.62], [40.14, 146.61]")),
       feature(R"("id": "flat", "baseline_from": "2022-01-01", "baseline_to": "2021-01-01")"),
       feature(R"("id": "when", "baseline_to": "last/summer")"), feature(R"("id": "b")")});
  ASSERT_EQ(found.sites.size(), 2U);
  EXPECT_EQ(found.sites[1].id, "b");
  std::vector<std::string> told;
  for (const RejectedSite& site : found.rejected) told.push_back(site.what + ": " + site.reason);
  ASSERT_EQ(told.size(), 7U);
  EXPECT_EQ(told[0], path() + ": site 'gate': is a POINT, and no polygon");
  EXPECT_EQ(found.rejected[0].id, "gate");
  EXPECT_EQ(told[1], path() + ": site 'nothing': has no outline");
  EXPECT_THAT(told[2], HasSubstr("feature 3: its id must be"));
  EXPECT_THAT(told[3], HasSubstr("site 'a': another site has this id, too"));
  EXPECT_THAT(told[4], HasSubstr("are longitude and latitude swapped?"));
  EXPECT_THAT(told[5], HasSubstr("baseline_to is before baseline_from"));
  EXPECT_THAT(told[6], HasSubstr("not an ISO 8601 date or time: 'last/summer'"));  // as it stands in the file
  EXPECT_THAT(test::message_of<DataError>([&] { read({feature(R"("id": "x")", "null")}); }),
              HasSubstr("holds no site: site 'x': has no outline"));
}

TEST_F(SiteFeatures, AnIdIsThatOfTheFileOrNone) {
  const Found whole = read({feature(R"("id": 7)"), feature(R"("id": 8.0)")});
  ASSERT_EQ(whole.sites.size(), 2U);
  EXPECT_EQ(whole.sites[1].id, "8");
  const Found large = read({feature(R"("id": 7)"), feature(R"("id": 12345678901234567890)")});
  EXPECT_EQ(large.sites.size(), 1U);
  ASSERT_EQ(large.rejected.size(), 1U);
  EXPECT_THAT(large.rejected[0].what, HasSubstr(": feature "));
  EXPECT_THAT(large.rejected[0].reason, HasSubstr("give ids as text"));
}

TEST_F(SiteFeatures, AnIdIsThatOfTheColumnOfExactlyThatName) {
  EXPECT_EQ(read({feature(R"("ID": "upper", "id": "lower")")}).sites.at(0).id, "lower");
  EXPECT_EQ(read({feature(R"("ID": "only")")}).sites.at(0).id, "only");
  EXPECT_THAT(test::message_of<DataError>([&] { read({feature(R"("id": "a", "NAME": "x", "Name": "y")")}); }),
              HasSubstr("has several columns for 'name': 'NAME', 'Name'"));
}

TEST_F(SiteFeatures, AnIdIsMadeOfTheName) {
  const Found found = read({feature(R"("name": "North pit [2]")"), feature(R"("name": "K\u00fcr \u00e7ay")"),
                            feature(R"("name": "\u0413\u044f\u043d")"), feature(R"("other": 1)")});
  ASSERT_EQ(found.sites.size(), 2U);
  EXPECT_EQ(found.sites[0].id, "North-pit-2");
  EXPECT_EQ(found.sites[0].name, "North pit [2]");
  EXPECT_EQ(found.sites[1].id, "K-r-ay");
  ASSERT_EQ(found.rejected.size(), 2U);
  EXPECT_THAT(found.rejected[1].reason, HasSubstr("has no id, and no name"));
}

TEST_F(SiteFeatures, AcrossTheAntimeridian) {
  // As RFC 7946 has it; with longitudes beyond 180; as a ring that jumps.
  const std::string split =
      R"({"type": "MultiPolygon", "coordinates": [[[[179.98, 66], [180, 66], [180, 66.01], [179.98, 66.01], [179.98, 66]]],
          [[[-180, 66], [-179.99, 66], [-179.99, 66.01], [-180, 66.01], [-180, 66]]]]})";
  const std::string beyond = ring("[179.98, 66], [180.01, 66], [180.01, 66.01], [179.98, 66.01], [179.98, 66]");
  const std::string jump = ring("[179.98, 66], [-179.99, 66], [-179.99, 66.01], [179.98, 66.01], [179.98, 66]");
  const Found found =
      read({feature(R"("id": "a")", split), feature(R"("id": "b")", beyond), feature(R"("id": "c")", jump)});
  ASSERT_EQ(found.sites.size(), 3U) << (found.rejected.empty() ? "" : found.rejected[0].reason);
  for (const Site& site : found.sites) {
    EXPECT_NEAR(site.longitude, 179.995, 1e-6) << site.id;
    EXPECT_EQ(site.crs, "EPSG:32660");
    EXPECT_NEAR(site.upper_right.x - site.lower_left.x, 1390, 60) << site.id;
    EXPECT_NEAR(site.upper_right.y - site.lower_left.y, 1150, 60) << site.id;
  }
}

TEST_F(SiteFeatures, ColumnsThatAreNearlyOursAreTold) {
  for (const char* const column : {"baselin_to", "baseline_from_", "Baseline-to", "comodity", "monitr"}) {
    const std::string message =
        test::message_of<ConfigError>([&] { read({feature(R"("id": "a", ")" + std::string(column) + R"(": "x")")}); });
    EXPECT_THAT(message, HasSubstr("the column '" + std::string(column) + "'"));
    EXPECT_THAT(message, HasSubstr("is it '"));
  }
  const Found found = read({feature(R"("id": "a", "owner": "x", "nome": "y", "base": 1, "title": "z")")});
  EXPECT_EQ(found.sites.size(), 1U);
}

TEST_F(SiteFeatures, OptionsThatAreNoColumnsAreTold) {
  const std::vector<std::string> options{"min-area-ha", "shore-m", "neighbours"};
  for (const char* const column : {"min_area_ha", "min-area-ha", "Shore_M"}) {
    const std::string text = feature(R"("id": "a", ")" + std::string(column) + R"(": 1)");
    EXPECT_THAT(test::message_of<ConfigError>([&] { read({text}, options); }),
                AllOf(HasSubstr("the column '" + std::string(column) + "'"), HasSubstr("'monitor'")));
    EXPECT_EQ(read({text}).sites.size(), 1U) << "where nothing is monitored";
  }
  EXPECT_EQ(read({feature(R"("id": "a", "neighbours": 3, "area_ha": 1)")}, options).sites.size(), 1U);
}

TEST_F(SiteFeatures, WhatEnclosesNoGroundIsNoSite) {
  const std::string line = ring("[46.60, 40.10], [46.61, 40.11], [46.60, 40.10]");
  const std::string folded = ring("[46.60, 40.10], [46.60, 40.1002], [46.60, 40.1001], [46.60, 40.10]");
  const std::string bowtie = ring("[46.60, 40.10], [46.61, 40.11], [46.61, 40.10], [46.60, 40.11], [46.60, 40.10]");
  const Found found =
      read({feature(R"("id": "a")", line), feature(R"("id": "b")", folded), feature(R"("id": "c")", bowtie)});
  ASSERT_EQ(found.sites.size(), 1U);
  EXPECT_EQ(found.sites[0].id, "c");
  ASSERT_EQ(found.rejected.size(), 2U);
  for (const RejectedSite& each : found.rejected) EXPECT_EQ(each.reason, "encloses no ground");
}

/// A socket of this machine that nobody has asked for anything yet.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address_), size) != 0 || ::listen(socket_, 5) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &size) != 0) {
      throw std::runtime_error("no socket");
    }
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + "/crs"; }
  bool was_asked() const { return ::accept(socket_, nullptr, nullptr) >= 0; }

 private:
  int socket_;
  sockaddr_in address_{};
};

TEST_F(SiteFeatures, NoUrlIsAskedForTheirCrs) {
  const SilentServer server;
  for (const bool has_role : {false, true}) {
    if (has_role) let_gdal_ask_for_credentials();
    for (const std::string crs : {R"({"type": "link", "properties": {"href": "URL", "type": "proj4"}})",
                                  R"({"type": "name", "properties": {"name": "URL"}})"}) {
      const std::string text = std::regex_replace(
          R"({"type": "FeatureCollection", "crs": )" + crs + R"(, "features": [)" + feature(R"("id": "a")") + "]}",
          std::regex("URL"), server.url());
      test::write_text(folder_ / "crs.geojson", text);
      EXPECT_THROW(read_sites(folder_ / "crs.geojson"), DataError);
    }
  }
  EXPECT_FALSE(server.was_asked());
}

TEST_F(SiteFeatures, AreInTheCrsThatTheirFileNamesOrRefused) {
  const auto in_crs = [&](const std::string& name) {
    test::write_text(folder_ / "crs.geojson",
                     R"({"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": ")" + name +
                         R"("}}, "features": [)" + feature(R"("id": "a")") + "]}");
    return read_sites(folder_ / "crs.geojson");
  };
  for (const auto& [name, why] : {std::pair{"EPSG:28408x", "unknown CRS 'EPSG:28408x'"},
                                  {"urn:x-local:pulkovo", "unknown CRS"},
                                  {"EPSG:4004", "lies to WGS 84 is not known"}}) {
    const std::string message = test::message_of<DataError>([&, &crs = name] { in_crs(crs); });
    EXPECT_THAT(message, HasSubstr(why));
  }
  for (const char* known : {"EPSG:4284", "EPSG:4258", "urn:ogc:def:crs:OGC:1.3:CRS84"}) {
    EXPECT_EQ(in_crs(known).size(), 1U) << known;
  }
}

TEST_F(SiteFeatures, NamesCutToTenCharacters) {
  const Found found =
      read({feature(R"("ID": "a", "NAME": "A", "baseline_f": "2021-01-01", "baseline_t": "2021-12-31")")});
  ASSERT_EQ(found.sites.size(), 1U);
  EXPECT_EQ(found.sites[0].name, "A");
  EXPECT_EQ(format_instant(*found.sites[0].baseline_from), "2021-01-01T00:00:00Z");
  EXPECT_EQ(format_instant(*found.sites[0].baseline_to), "2021-12-31T23:59:59.999Z");
}

TEST_F(SiteFeatures, WhatIsNoFileIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe.geojson").c_str(), 0600), 0);
  EXPECT_EQ(test::message_of<DataError>([&] { read_sites(folder_ / "pipe.geojson"); }),
            (folder_ / "pipe.geojson") + ": is no regular file");
  EXPECT_THAT(test::message_of<DataError>([] { read_sites("/dev/zero"); }), HasSubstr("is no regular file"));
  // Twenty gigabytes of nothing.
  test::write_text(folder_ / "sparse.geojson", "{");
  std::filesystem::resize_file(folder_ / "sparse.geojson", std::uintmax_t{20} << 30);
  EXPECT_THAT(test::message_of<DataError>([&] { read_sites(folder_ / "sparse.geojson"); }),
              HasSubstr("is larger than 1073741824 bytes"));
}

}  // namespace
}  // namespace pitwatch
