// Sources on the network, against a server of our own: searches page by page, servers that fail in every way, blocks
// brought here and nothing else, and the same alerts from them.

#include <cpl_vsi.h>
#include <gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "pipeline/core/error.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/remote/remote_files.hpp"
#include "pipeline/io/scenes/stac_api.hpp"
#include "tests/integration/http_server.hpp"
#include "tests/integration/series.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::HttpServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const std::string sites = PITWATCH_SOURCE_DIR "/sample_data/sites.geojson";

class Network : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::has_python()) GTEST_SKIP() << "python3 is needed";
  }

  /// A year of small scenes of the first sample site, made once per process.
  static const std::string& scenes() {
    static const test::TemporaryFolder folder;
    static const std::string path = [] {
      const test::Outcome made = test::run_process(
          {PITWATCH_PROGRAM, "simulate", "--sites", sites, "--from", "2021-06-01", "--until", "2022-05-01",
           "--every-days", "35", "--size-km", "1.2", "--bands", "B02,B03,B04,B08,B11,B12", "--out", folder / "series"});
      if (made.exit_code != 0) throw std::runtime_error("simulate: " + made.err);
      return folder / "series/gizilbulag";
    }();
    return path;
  }

  /// The path of a raster on the server.
  static std::string first_raster() {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scenes())) {
      if (entry.path().filename() == "B04.tif") found.insert(entry.path().lexically_relative(scenes()));
    }
    return "/files/" + *found.begin();
  }

  static std::vector<std::string> command(const HttpServer& server, const std::string& name, const std::string& path,
                                          const std::vector<std::string>& more = {}) {
    std::vector<std::string> all{PITWATCH_PROGRAM, name,   "--source",     server.url(path),
                                 "--collection",   "test", "--allow-host", "http://" + server.host()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  static std::vector<std::string> ids_of(const std::string& scenes_json) {
    std::vector<std::string> ids;
    const json document = json::parse(scenes_json);
    for (const json& scene : document.at("scenes")) ids.push_back(scene.at("id"));
    return ids;
  }

  static std::string everything_in(const std::string& folder) {
    std::string text;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) text += test::read_text(entry.path().string());
    }
    return text;
  }

  test::TemporaryFolder folder_;
};

// ---- search ----------------------------------------------------------------------------------------------------

TEST_F(Network, SearchesPageByPageInEveryWayOfPaging) {
  const HttpServer server(scenes(), {"--page-size", "3"});
  const test::Outcome local = test::run_process({PITWATCH_PROGRAM, "scenes", scenes(), "--json"});
  const std::vector<std::string> expected = ids_of(local.out);
  ASSERT_GT(expected.size(), 7U);
  for (const char* path : {"/stac", "/stac/", "/stac/search", "/~whole/stac", "/~nopost/stac", "/~hollow/stac",
                           "/~case/stac", "/~query/stac", "/~hostless/stac"}) {
    const test::Outcome found = test::run_process(command(server, "scenes", path, {"--json"}));
    EXPECT_EQ(found.exit_code, 0) << path << found.err;
    EXPECT_EQ(ids_of(found.out), expected) << path;
  }
}

TEST_F(Network, ParametersMayStandInTheUrl) {
  const HttpServer server(scenes());
  const test::Outcome found =
      test::run_process({PITWATCH_PROGRAM, "scenes",
                         server.url("/stac/search?collections=test&datetime=2021-06-01T00:00:00Z/2021-08-01T00:00:00Z"),
                         "--allow-host", "http://" + server.host(), "--json"});
  EXPECT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(ids_of(found.out), SizeIs(3));
  // What a URL was asked with may be a secret.
  EXPECT_THAT(found.out + found.err, Not(HasSubstr("datetime=")));
}

TEST_F(Network, TheUrlOfACollectionIsAnEndpoint) {
  const HttpServer server(scenes());
  const std::vector<std::string> expected =
      ids_of(test::run_process({PITWATCH_PROGRAM, "scenes", scenes(), "--json"}).out);
  for (const char* path : {"/stac/collections/test", "/stac/collections/test/", "/stac/collections/test/items",
                           "/stac/collections/test/items?limit=5"}) {
    const test::Outcome found = test::run_process(
        {PITWATCH_PROGRAM, "scenes", server.url(path), "--allow-host", "http://" + server.host(), "--json"});
    EXPECT_EQ(found.exit_code, 0) << path << found.err;
    EXPECT_EQ(ids_of(found.out), expected) << path;
  }
}

TEST_F(Network, AServerThatCannotBeReachedIsToldApart) {
  const test::Outcome away = test::run_process({PITWATCH_PROGRAM, "scenes", "http://127.0.0.1:1/stac", "--collection",
                                                "test", "--allow-host", "http://127.0.0.1:1"});
  EXPECT_EQ(away.exit_code, 69) << away.err;
  EXPECT_THAT(test::lines_of(away.err), SizeIs(1)) << away.err;
}

TEST_F(Network, AsksForPlaceTimeAndCloud) {
  const HttpServer server(scenes());
  HttpClient client({}, server.policy());
  SearchRequest request;
  request.url = server.url("/stac");
  request.collections = {"test"};
  request.places = {{46.60, 40.14, 46.62, 40.15}, {46.61, 40.14, 46.63, 40.16}, {10, 10, 11, 11}};
  request.from = parse_instant("2021-09-01");
  request.until = parse_instant("2022-03-01");
  request.most_cloud_percent = 60;
  std::size_t found = 0;
  search_items(request, client, [&](const FoundItem& item) {
    const json properties = json::parse(item.text).at("properties");
    EXPECT_GE(properties.at("datetime"), "2021-09-01");
    EXPECT_LE(properties.at("datetime"), "2022-03-01");
    EXPECT_LE(properties.at("eo:cloud_cover"), 60.0);
    ++found;
  });
  EXPECT_GT(found, 0U);
  const json body = server.stats().at("bodies").at(0);
  EXPECT_EQ(body.at("collections"), json({"test"}));
  EXPECT_EQ(body.at("datetime"), "2021-09-01T00:00:00Z/2022-03-01T00:00:00Z");
  EXPECT_EQ(body.at("query"), json::parse(R"({"eo:cloud_cover": {"lte": 60.0}})"));
  EXPECT_EQ(body.at("intersects").at("type"), "MultiPolygon");
  // Boxes that meet are one: polygons of a MultiPolygon must not.
  EXPECT_THAT(body.at("intersects").at("coordinates"), SizeIs(2));

  // An API that knows no such bound is held to it all the same.
  request.url = server.url("/~whole/stac");
  std::size_t again = 0;
  search_items(request, client, [&](const FoundItem&) { ++again; });
  EXPECT_EQ(again, found);
  EXPECT_FALSE(server.stats().at("bodies").at(1).contains("query"));
}

TEST_F(Network, ReadsTheRecordedPagesOfPublicCatalogues) {
  const fs::path recorded = test::shared_data() / "stac";
  if (!fs::exists(recorded)) GTEST_SKIP() << recorded << " is not there";
  for (const auto& [name, least] : std::vector<std::pair<std::string, std::size_t>>{
           {"earth-search-v1", 20}, {"cdse", 6}, {"planetary-computer", 40}}) {
    const HttpServer server(folder_.path(), {"--recorded", (recorded / name).string()});
    HttpClient client({}, server.policy());
    SearchRequest request;
    request.url = server.url("/recorded");
    request.collections = {"any"};
    const SourceListing listing = search_scenes(request, client);
    EXPECT_GE(listing.scenes.size(), least) << name;
    for (const ListedScene& listed : listing.scenes) {
      EXPECT_THAT(listed.scene.source, ::testing::StartsWith("https://")) << name;
      EXPECT_FALSE(listed.scene.bands.empty()) << name;
    }
    for (const RejectedItem& item : listing.rejected) EXPECT_FALSE(item.reason.empty());
  }
}

/// Nothing that an API gives, or says that it has, is passed over without a word.
TEST_F(Network, NamesWhatASearchPassesOver) {
  const HttpServer server(scenes(), {"--page-size", "3"});
  HttpClient client({}, server.policy());
  const auto listed = [&](const std::string& mode) {
    SearchRequest request;
    request.collections = {"test"};
    request.url = server.url(mode + "/stac");
    return search_scenes(request, client);
  };
  const std::size_t all = listed("").scenes.size();
  ASSERT_GT(all, 6U);
  for (const char* mode : {"/~fewer", "/~overlap"}) {
    const SourceListing listing = listed(mode);
    EXPECT_THAT(listing.scenes, SizeIs(all)) << mode;
    EXPECT_THAT(listing.rejected, SizeIs(0)) << mode;
  }
  for (const char* mode : {"/~capped", "/~capped0"}) {
    const SourceListing listing = listed(mode);
    EXPECT_THAT(listing.scenes, SizeIs(3)) << mode;
    ASSERT_THAT(listing.rejected, SizeIs(1)) << mode;
    EXPECT_EQ(listing.rejected[0].path, server.url(std::string(mode) + "/stac"));
    EXPECT_EQ(listing.rejected[0].reason, "finds " + std::to_string(all) + " items and gave 3, without a next page");
  }
  const SourceListing same = listed("/~sameid");
  EXPECT_THAT(same.scenes, SizeIs(1));
  ASSERT_THAT(same.rejected, SizeIs(all - 1));
  EXPECT_THAT(same.rejected[0].path, HasSubstr("/items/same"));
  EXPECT_THAT(same.rejected[0].reason, HasSubstr("another item of an id that was there"));
  const SourceListing odd = listed("/~odd");
  EXPECT_THAT(odd.scenes, SizeIs(all));
  ASSERT_THAT(odd.rejected, SizeIs(3 * ((all + 2) / 3)));
  EXPECT_EQ(odd.rejected[1].path, server.url("/~odd/stac") + ", page 1, feature 2");
  EXPECT_EQ(odd.rejected[1].reason, "is no item");
  EXPECT_EQ(odd.rejected[2].reason, "has no id that is a text");

  const test::Outcome outcome = test::run_process(command(server, "scenes", "/~capped/stac", {"--json"}));
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err + outcome.out, HasSubstr("items and gave 3, without a next page"));
}

/// What the items of an API leave open is of their collection, which is asked for once.
TEST_F(Network, AsksOnceForTheCollection) {
  json item = json::parse(R"({"type": "Feature", "stac_version": "1.1.0", "geometry": null, "bbox": [45, 40, 46, 41],
    "links": [], "properties": {}, "assets": {"x": {"href": "./x.tif"}}})");
  for (const char* day : {"2023-01-01", "2023-01-02", "2023-01-03"}) {
    item["id"] = day;
    item["properties"]["datetime"] = std::string(day) + "T08:00:00Z";
    test::write_text(folder_ / (std::string(day) + ".json"), item.dump());
  }
  const HttpServer server(folder_.path(), {"--page-size", "1"});
  HttpClient client({}, server.policy());
  SearchRequest request;
  request.collections = {"test"};
  request.url = server.url("/stac");
  const auto asked = [&] { return server.stats().at("collections").get<int>(); };
  EXPECT_THAT(search_scenes(request, client).rejected, SizeIs(3));  // there is none
  EXPECT_EQ(asked(), 1);
  test::write_text(folder_ / "collection.json", R"({"type": "Collection", "id": "test",
    "summaries": {"product:type": ["S2MSI2A"]}, "item_assets": {"x": {"bands": [{"name": "B04"}], "raster:scale": 0.0002}}})");
  const SourceListing listing = search_scenes(request, client);
  EXPECT_EQ(asked(), 2);
  ASSERT_THAT(listing.scenes, SizeIs(3));
  for (const ListedScene& listed : listing.scenes) {
    EXPECT_EQ(listed.scene.level, "L2A");
    EXPECT_FLOAT_EQ(listed.scene.bands.at(Band::B04).calibration.scale, 2e-4F);
  }
}

/// Whether there is a collection must be known: items would be read by what is taken for granted without one.
TEST_F(Network, ACollectionThatCannotBeHadIsNotNone) {
  const HttpServer server(scenes());
  HttpOptions options;
  options.attempts = 1;
  HttpClient client(options, server.policy());
  SearchRequest request;
  request.collections = {"test"};
  const auto asked = [&](const std::string& mode) {
    return fetch_collection(server.url(mode + "/stac/collections/test"), client);
  };
  for (const char* mode : {"/~c404", "/~c410"}) EXPECT_EQ(asked(mode), nullptr) << mode;
  EXPECT_THROW(asked("/~c503"), UnavailableError);
  EXPECT_THAT(test::message_of<DataError>([&] { asked("/~c403"); }), HasSubstr("/test: status 403 (Forbidden)"));
  EXPECT_THAT(test::message_of<DataError>([&] { fetch_collection(server.url("/stats"), client); }),
              HasSubstr("/stats: is no collection"));

  test::write_text(folder_ / "item.json", R"({"type": "Feature", "stac_version": "1.1.0", "id": "a", "geometry": null,
    "bbox": [45, 40, 46, 41], "links": [], "properties": {"datetime": "2023-01-01T08:00:00Z"},
    "assets": {"x": {"href": "./x.tif"}}})");
  std::string second = test::read_text(folder_ / "item.json");
  second.replace(second.find("\"a\""), 3, "\"b\"");
  test::write_text(folder_ / "second.json", second);
  const HttpServer open(folder_.path());
  HttpClient other(options, open.policy());
  request.url = open.url("/~c503/stac");
  EXPECT_THROW(search_scenes(request, other), UnavailableError);
  request.url = open.url("/~c403/stac");
  const SourceListing listing = search_scenes(request, other);
  ASSERT_THAT(listing.rejected, SizeIs(2));
  for (const RejectedItem& item : listing.rejected) EXPECT_THAT(item.reason, HasSubstr("/test: status 403"));
}

/// An item by itself links to its collection.
TEST_F(Network, AsksForTheCollectionOfASingleItem) {
  json item = json::parse(R"({"type": "Feature", "stac_version": "1.1.0", "id": "one", "geometry": null,
    "bbox": [45, 40, 46, 41], "links": [{"rel": "collection", "href": "../above/collection.json"}],
    "properties": {"datetime": "2023-01-01T08:00:00Z"}, "assets": {"x": {"href": "./x.tif"}}})");
  std::filesystem::create_directories(folder_ / "items");
  std::filesystem::create_directories(folder_ / "above");
  test::write_text(folder_ / "items/one.json", item.dump());
  const HttpServer server(folder_.path());
  const auto listed = [&] {
    return test::run_process({PITWATCH_PROGRAM, "scenes", server.url("/files/items/one.json"), "--json", "--allow-host",
                              "http://" + server.host()});
  };
  const test::Outcome without = listed();
  EXPECT_EQ(without.exit_code, 3) << without.out;
  EXPECT_THAT(without.err, HasSubstr("no asset is a Sentinel-2 band"));
  test::write_text(folder_ / "above/collection.json", R"({"type": "Collection", "id": "test",
    "summaries": {"product:type": ["S2MSI2A"]}, "item_assets": {"x": {"bands": [{"name": "B04"}]}}})");
  const test::Outcome with = listed();
  EXPECT_EQ(with.exit_code, 3);  // one band is not enough to be used
  const json scenes = json::parse(with.out).at("scenes");
  ASSERT_EQ(scenes.size(), 1U) << with.err;
  EXPECT_EQ(scenes[0].at("level"), "L2A");
}

TEST_F(Network, EndsWherePagesRepeatOrAreTooMany) {
  const HttpServer server(scenes(), {"--page-size", "2"});
  HttpClient client({}, server.policy());
  SearchRequest request;
  request.collections = {"test"};
  const auto message = [&](const std::string& path) {
    request.url = server.url(path);
    return test::message_of<DataError>([&] { search_items(request, client, [](const FoundItem&) {}); });
  };
  EXPECT_EQ(message("/~again/stac"), server.url("/~again/stac") + ": the next page is one that was there before");
  EXPECT_EQ(message("/~deep/stac"), server.url("/~deep/stac") + ": nested deeper than 64 levels");
  request.most_empty_pages = 7;
  EXPECT_EQ(message("/~forever/stac"), server.url("/~forever/stac") + ": more than 7 pages in a row without an item");
  request.most_empty_pages = 1'000'000;
  request.most_time = std::chrono::seconds(1);
  EXPECT_EQ(message("/~forever/stac"), server.url("/~forever/stac") + ": has more pages after 1 s");
  request.most_pages = 2;
  EXPECT_EQ(message("/stac"), server.url("/stac") + ": more than 2 pages");
  request.most_items = 3;
  EXPECT_EQ(message("/stac"), server.url("/stac") + ": more than 3 items");
  EXPECT_THAT(message("/nothing"), HasSubstr("/nothing/search?...: status 404 (Not Found)"));
}

// ---- servers that fail -----------------------------------------------------------------------------------------

/// A client that does not sleep, and how long it would have.
struct ImpatientClient {
  explicit ImpatientClient(const HttpServer& server, HttpOptions options = {})
      : client(options, server.policy(), [this](std::chrono::milliseconds wait) { waits.push_back(wait.count()); }) {}
  std::vector<std::int64_t> waits;
  HttpClient client;
};

TEST_F(Network, TriesAgainWhatPasses) {
  const HttpServer server(folder_.path());
  const std::string whole = ImpatientClient(server).client.get(server.url("/stac/search"));
  for (const char* mode : {"429x2", "500x2", "cutx2"}) {
    ImpatientClient impatient(server);
    // Its links name the mode.
    EXPECT_THAT(impatient.client.get(server.url(std::string("/~") + mode + "/stac/search")),
                HasSubstr("FeatureCollection"))
        << mode;
    ASSERT_THAT(impatient.waits, SizeIs(2)) << mode;
    const bool asked = std::string(mode) == "429x2";  // Retry-After: 1
    EXPECT_GE(impatient.waits[0], asked ? 1000 : 250) << mode;
    EXPECT_LE(impatient.waits[0], asked ? 1000 : 500) << mode;
    EXPECT_GE(impatient.waits[1], asked ? 1000 : 500) << mode;
    EXPECT_LE(impatient.waits[1], 1000) << mode;
  }
}

TEST_F(Network, WaitsAreTheSameForTheSameSeed) {
  const HttpServer server(folder_.path());
  const auto waits = [&](std::uint64_t seed, const std::string& path) {
    HttpOptions options;
    options.jitter_seed = seed;
    ImpatientClient impatient(server, options);
    EXPECT_THROW(impatient.client.get_any(server.url(path)), UnavailableError);
    return impatient.waits;
  };
  const auto first = waits(1, "/~500x1000/stac/search");
  EXPECT_THAT(first, SizeIs(4));
  EXPECT_EQ(waits(1, "/~500x1000/stac/search"), first);
  EXPECT_NE(waits(2, "/~500x1000/stac/search"), first);
}

/// An answer that a server gives while it is busy is no answer to what was asked.
TEST_F(Network, AStatusThatPassesIsNoAnswer) {
  const HttpServer server(folder_.path());
  HttpOptions options;
  options.attempts = 2;
  ImpatientClient impatient(server, options);
  for (const std::string mode : {"/~500x1000", "/~429x1000"}) {
    const std::string url = server.url(mode + "/stac/search");
    SearchRequest request;
    request.collections = {"test"};
    request.url = server.url(mode + "/stac");
    const std::vector<std::function<void()>> questions{
        [&] { impatient.client.get(url); },
        [&] { impatient.client.get_any(url); },
        [&] { impatient.client.post_json(url, "{}"); },
        [&] { impatient.client.get_part(url, 0, 10); },
        [&] { search_scenes(request, impatient.client); },
    };
    for (const auto& ask : questions) {
      EXPECT_THAT(test::message_of<UnavailableError>(ask), HasSubstr("/stac/search: status " + mode.substr(2, 3)));
    }
  }
  EXPECT_EQ(impatient.client.get_any(server.url("/nothing")).status, 404);
}

TEST_F(Network, GivesUpWithOneReason) {
  const HttpServer server(folder_.path());
  HttpOptions options;
  options.attempts = 2;
  options.total_timeout = std::chrono::seconds(2);
  options.stall_timeout = std::chrono::seconds(1);
  options.most_bytes = 1 << 20;
  const auto message = [&](const std::string& path) {
    ImpatientClient impatient(server, options);
    return test::message_of<DataError>([&] { impatient.client.get(server.url(path)); });
  };
  const std::string shown = "/stac/search?...: ";
  EXPECT_EQ(message("/~500x9/stac/search?token=secret"),
            server.url("/~500x9" + shown) + "status 500 (Internal Server Error)");
  EXPECT_THAT(message("/~cutx9/stac/search?token=secret"),
              AllOf(HasSubstr("/~cutx9" + shown), HasSubstr("after 2 attempts"), Not(HasSubstr("secret"))));
  EXPECT_THAT(message("/~drip/stac/search"), AllOf(HasSubstr("after 2 attempts"), Not(HasSubstr("\n"))));
  EXPECT_THAT(message("/~lie/stac/search"), HasSubstr("larger than 1048576 bytes"));
  EXPECT_THAT(message("/~endless/stac/search"), HasSubstr("larger than 1048576 bytes"));
  EXPECT_THAT(message("/~loop/stac/search"), HasSubstr("more than 5 redirects"));
  EXPECT_THAT(message("/~elsewhere/stac/search"), AllOf(HasSubstr("redirects to what is not allowed: "),
                                                        HasSubstr("elsewhere.invalid"), Not(HasSubstr("secret"))));
  const std::string host = server.host();
  RemotePolicy policy = server.policy();
  policy.hosts.emplace_back("127.0.0.1:1");
  options.attempts = 3;
  int waits = 0;
  HttpClient client(options, policy, [&](std::chrono::milliseconds) { ++waits; });
  EXPECT_THAT(test::message_of<DataError>([&] { client.get("http://127.0.0.1:1/"); }), HasSubstr("after 3 attempts"));
  EXPECT_EQ(waits, 2);
}

/// How long it took, seconds.
double seconds_of(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Whatever a server does, a request with all of its attempts ends in time.
TEST_F(Network, EndsByTheDeadlineWithOneReason) {
  const HttpServer server(folder_.path());
  HttpOptions options;
  options.attempts = 1000;
  options.deadline = std::chrono::seconds(2);
  std::string message;
  const auto ends = [&](const std::string& mode) {
    HttpClient client(options, server.policy());
    const double took = seconds_of([&] {
      message =
          test::message_of<UnavailableError>([&] { client.get(server.url("/~" + mode + "/stac/search?k=secret")); });
    });
    EXPECT_LT(took, 4) << mode;
    EXPECT_THAT(message, AllOf(HasSubstr("/~" + mode + "/stac/search?...: not there within 2 s, "),
                               Not(HasSubstr("secret")), Not(HasSubstr("\n"))));
    return took;
  };
  EXPECT_GT(ends("drip"), 1.5);  // slowly, but never so long without a byte that the attempt stalls
  EXPECT_THAT(message, HasSubstr("1 attempt: "));
  options.total_timeout = std::chrono::seconds(1);
  options.first_wait = std::chrono::milliseconds(10);
  ends("drip");
  EXPECT_THAT(message, HasSubstr("2 attempts: "));
  ends("500x100000");
  EXPECT_THAT(message, HasSubstr("status 500"));
  ends("cutx100000");
  ends("429x100000");
  options.deadline = std::chrono::seconds(1);  // the server asks for a second's wait: it is not begun
  HttpClient client(options, server.policy());
  EXPECT_LT(seconds_of([&] { EXPECT_THROW(client.get(server.url("/~429x9/stac/search?again")), UnavailableError); }),
            0.9);
}

TEST_F(Network, AFileIsReadByTheDeadlineOrNotAtAll) {
  const std::string content(std::size_t{8} << 20, 'x');
  test::write_text(folder_ / "large.bin", content);
  const HttpServer server(folder_.path());
  const auto reads = [&](const std::string& mode, int deadline_s = 1) {
    HttpOptions options;
    options.deadline = std::chrono::seconds(deadline_s);
    RemoteFiles files(std::make_shared<HttpClient>(options, server.policy()));
    const std::string name = files.gdal_name(server.url(mode + "/files/large.bin"));
    const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenL(name.c_str(), "rb"), &VSIFCloseL);
    int done = 0;
    for (vsi_l_offset at = 60'000; file && at < content.size(); at += 60'000) {
      char byte = 0;
      if (VSIFSeekL(file.get(), at, SEEK_SET) != 0 || VSIFReadL(&byte, 1, 1, file.get()) != 1) break;
      ++done;
    }
    return done;
  };
  const GdalErrorCapture errors;
  EXPECT_EQ(reads("", 120), 139);
  EXPECT_FALSE(errors.failed());
  // Each part comes within a fiftieth of a second, all of them do not come within one.
  const double took = seconds_of([&] { EXPECT_LT(reads("/~slow"), 60); });
  EXPECT_LT(took, 3);
  EXPECT_THAT(errors.explain("read"), HasSubstr("/files/large.bin: not read within 1 s"));
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(reads("/~drip"), 0); }), 3);
}

TEST_F(Network, AFileThatIsReplacedWhileItIsReadIsRefused) {
  const std::string content(300'000, 'x');
  test::write_text(folder_ / "file.bin", content);
  const HttpServer server(folder_.path());
  RemoteFiles files(std::make_shared<HttpClient>(HttpOptions{}, server.policy()));
  const auto reads = [&](const std::string& mode) {
    const std::string name = files.gdal_name(server.url(mode + "/files/file.bin"));
    const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenL(name.c_str(), "rb"), &VSIFCloseL);
    std::string whole(content.size(), ' ');
    return file && VSIFReadL(whole.data(), 1, whole.size(), file.get()) == whole.size() && whole == content;
  };
  for (const char* mode : {"", "/~touched"}) EXPECT_TRUE(reads(mode)) << mode;
  for (const char* mode : {"/~resized", "/~retagged", "/~retimed"}) {
    const GdalErrorCapture errors;
    EXPECT_FALSE(reads(mode)) << mode;
    EXPECT_THAT(errors.explain("read"), HasSubstr("/files/file.bin: has changed while it was read")) << mode;
  }
}

TEST_F(Network, TheProgramEndsByTheDeadline) {
  const HttpServer server(folder_.path());
  const auto start = std::chrono::steady_clock::now();
  const test::Outcome outcome =
      test::run_process(command(server, "scenes", "/~drip/stac?k=secret", {"--http-deadline", "2"}));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
  EXPECT_EQ(outcome.exit_code, 69);
  EXPECT_THAT(test::lines_of(outcome.err), ElementsAre(HasSubstr("not there within 2 s, 1 attempt")));
  EXPECT_THAT(outcome.err, Not(HasSubstr("secret")));
}

TEST_F(Network, TheProgramTellsInOneLine) {
  const HttpServer server(folder_.path());
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    std::string reason;
  };
  const std::string here = server.url("/stac?key=secret");
  const std::vector<Case> cases{
      {command(server, "scenes", "/nothing"), 3, "status 404"},
      {command(server, "scenes", "/~elsewhere/stac?key=secret"), 3, "redirects to what is not allowed"},
      {{PITWATCH_PROGRAM, "scenes", here, "--collection", "test"}, 2, "--allow-host"},
      {{PITWATCH_PROGRAM, "scenes", here, "--allow-host", "http://" + server.host()}, 2, "--collection"},
      {{PITWATCH_PROGRAM, "scenes", "ftp://127.0.0.1/x"}, 2, "STAC API"},
      {command(server, "scenes", "/stac", {"--ca-file", "/nowhere"}), 2, "/nowhere"},
      {command(server, "scenes", "/stac", {"--max-cloud", "101"}), 2, "--max-cloud"},
      {command(server, "scenes", "/stac", {"--http-timeout", "0"}), 2, "--http-timeout"},
      {command(server, "scenes", "/stac", {"--http-deadline", "0"}), 2, "--http-deadline"},
      {command(server, "scenes", "/stac", {"--allow-host", "a/b"}), 2, "--allow-host"},
      {command(server, "scenes", "/stac", {"--allow-bucket", "a@"}), 2, "--allow-bucket"},
      {command(server, "scenes", "/stac", {"--sign", "a.org"}), 2, "--sign"},
      {command(server, "scenes", "/stac", {"--sign", "a.org=https://b.org/sign"}), 2, "--sign"},
      {command(server, "scenes", "/stac", {"--sign", "a.org={href}?secret"}), 2, "--sign"},
      {command(server, "fetch", "/stac", {"--sites", sites}), 2, "--out"},
      {command(server, "fetch", "/stac", {"--sites", sites, "--out", folder_ / "m", "--bands", "B99"}), 2, "B99"},
  };
  for (const Case& one : cases) {
    const test::Outcome outcome = test::run_process(one.arguments);
    EXPECT_EQ(outcome.exit_code, one.exit_code) << one.reason << ": " << outcome.err;
    EXPECT_THAT(test::lines_of(outcome.err), ElementsAre(HasSubstr(one.reason)));
    EXPECT_THAT(outcome.err, Not(HasSubstr("secret")));
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Network, TrustsNoCertificateButThoseItIsTold) {
  const std::string pem = folder_ / "both.pem";
  const test::Outcome made =
      test::run_process({"/usr/bin/env", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1", "-addext",
                         "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", pem, "-out", folder_ / "ca.pem"});
  if (made.exit_code != 0) GTEST_SKIP() << "openssl is needed";
  test::write_text(pem, test::read_text(pem) + test::read_text(folder_ / "ca.pem"));
  const HttpServer server(scenes(), {"--tls", pem, "--files", "signed"}, "https");

  HttpOptions options;
  options.attempts = 1;
  HttpClient stranger(options, server.policy());
  EXPECT_THAT(test::message_of<DataError>([&] { stranger.get(server.url("/stac")); }), HasSubstr("certificate"));

  options.ca_file = folder_ / "ca.pem";
  RemotePolicy policy = server.policy();
  policy.signing.push_back({server.host(), "", "", server.url("/sign?href={href}")});
  const auto client = std::make_shared<HttpClient>(options, policy);
  SearchRequest request;
  request.url = server.url("/stac");
  request.collections = {"test"};
  const SourceListing listing = search_scenes(request, *client);
  ASSERT_GT(listing.scenes.size(), 1U);

  // One signature does for all files of a container, and stands in no name.
  RemoteFiles files(client);
  for (const ListedScene& listed : listing.scenes) {
    for (const auto& [band, asset] : listed.scene.bands) {
      const std::string name = files.gdal_name(asset.path);
      EXPECT_THAT(name, AllOf(HasSubstr(server.url("/signed/")), Not(HasSubstr("sig="))));
      if (band == Band::B11) {
        EXPECT_EQ(BandFile(name).grid().pixel_size_m, 20);
      }
    }
  }
  EXPECT_EQ(json::parse(client->get(server.url("/stats"))).at("signed"), 1);
  // One that does for a few requests is asked for anew when it is refused, and no sooner.
  RemotePolicy by_file = server.policy();
  by_file.signing.push_back({server.host(), "", "", server.url("/sign/file?href={href}")});
  RemoteFiles signed_by_file(std::make_shared<HttpClient>(options, by_file));
  const auto signed_so_far = [&] { return json::parse(client->get(server.url("/stats"))).at("signed").get<int>(); };
  const int before = signed_so_far();
  int files_read = 0;
  for (const auto& [band, asset] : listing.scenes.front().scene.bands) {
    EXPECT_GT(BandFile(signed_by_file.gdal_name(asset.path)).grid().width, 0);
    ++files_read;
  }
  EXPECT_EQ(signed_so_far() - before, files_read);
  const BandFile large(signed_by_file.gdal_name(listing.scenes.front().scene.bands.at(Band::B04).path));
  Plane<std::uint16_t> pixels(large.grid().width, large.grid().height);
  for (int i = 0; i < 5; ++i) large.read_window(large.grid().extent(), pixels.view());
  EXPECT_GT(signed_so_far() - before, files_read);
  EXPECT_LE(signed_so_far() - before, files_read + 3);
  // Nor is it asked for over a line that anybody reads.
  policy.schemes.emplace_back("http");
  RemoteFiles careless(std::make_shared<HttpClient>(options, policy));
  EXPECT_THAT(test::message_of<DataError>([&] { careless.gdal_name("http://" + server.host() + "/signed/x.tif"); }),
              HasSubstr("without TLS"));

  // The same from the command line: by a service, and with a token.
  const auto fetched = [&](const std::string& sign, const std::string& token) {
    const std::string mirror = folder_ / "signed";
    fs::remove_all(mirror);
    std::vector<std::string> fetch =
        command(server, "fetch", "/stac", {"--sites", test::series().sites(), "--out", mirror});
    fetch.insert(fetch.end(), {"--ca-file", folder_ / "ca.pem", "--sign", server.host() + "=" + sign});
    test::Outcome outcome =
        test::run_process(test::Invocation{std::move(fetch), {{"PITWATCH_TEST_TOKEN", token}}, {}, {}});
    fs::create_directories(mirror);  // where the run did not
    EXPECT_THAT(outcome.out + outcome.err + everything_in(mirror), Not(HasSubstr("c2VjcmV0")));
    return outcome;
  };
  const std::string token = "{href}?{$PITWATCH_TEST_TOKEN}";
  for (const test::Outcome& outcome :
       {fetched(server.url("/sign?href={href}"), ""), fetched(token, "st=2020&sr=c&sig=c2VjcmV0")}) {
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("scenes fetched"));
  }
  EXPECT_NE(fetched(token, "st=2020&sig=c2VjcmV0").exit_code, 0);

  // And without a mirror.
  std::vector<std::string> rerun =
      command(server, "rerun", "/stac", {"--sites", sites, "--out", folder_ / "rerun", "--to", "2021-12-31"});
  rerun.insert(rerun.end(), {"--ca-file", folder_ / "ca.pem", "--sign", server.host() + "=" + token});
  const test::Outcome watched = test::run_process(
      test::Invocation{std::move(rerun), {{"PITWATCH_TEST_TOKEN", "st=2020&sr=c&sig=c2VjcmV0"}}, {}, {}});
  EXPECT_EQ(watched.exit_code, 4) << watched.err;  // of the other site there is no scene
  EXPECT_THAT(watched.out + watched.err + everything_in(folder_ / "rerun"), Not(HasSubstr("c2VjcmV0")));
}

TEST_F(Network, RastersAreNotFollowedToWhereNothingIsAllowed) {
  const HttpServer server(scenes());
  HttpOptions options;
  options.attempts = 1;
  const auto client = std::make_shared<HttpClient>(options, server.policy());
  RemoteFiles files(client);
  const std::string path = first_raster();
  const auto message = [&](const std::string& mode) {
    return test::message_of<DataError>([&] { BandFile(files.gdal_name(server.url(mode + path))); });
  };
  EXPECT_THAT(message("/~elsewhere"), AllOf(HasSubstr("redirects to what is not allowed: "), Not(HasSubstr("secret"))));
  EXPECT_THAT(message("/~loop"), HasSubstr("more than 5 redirects"));
  EXPECT_THAT(message("/nothing"), HasSubstr("status 404 (Not Found)"));
  EXPECT_THAT(message("/~lie"), HasSubstr("more is sent than the part"));
  // Where a redirect led is remembered, and so is how a file begins.
  const std::string moved = files.gdal_name(server.url("/~moved" + path));
  EXPECT_GT(BandFile(moved).grid().width, 0);
  const auto requests = [&] { return json::parse(client->get(server.url("/stats"))).at("requests").get<int>(); };
  const int before = requests();
  const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> raw(VSIFOpenL(moved.c_str(), "rb"), &VSIFCloseL);
  ASSERT_NE(raw, nullptr);
  EXPECT_NE(VSIFSeekL(raw.get(), ~vsi_l_offset{0} - 5, SEEK_SET), 0);
  char byte = 0;
  EXPECT_EQ(VSIFSeekL(raw.get(), vsi_l_offset{1} << 62, SEEK_SET), 0);
  EXPECT_EQ(VSIFReadL(&byte, 1, 1, raw.get()), 0U);
  const BandFile file(moved);
  EXPECT_EQ(requests() - before, 1);  // that for the numbers
  Plane<std::uint16_t> whole(file.grid().width, file.grid().height);
  file.read_window(file.grid().extent(), whole.view());
  EXPECT_LE(requests() - before, 4);
  const BandFile local(scenes() + path.substr(std::string("/files").size()));
  Plane<std::uint16_t> expected(file.grid().width, file.grid().height);
  local.read_window(file.grid().extent(), expected.view());
  for (int y = 0; y < whole.height(); ++y) {
    ASSERT_TRUE(std::equal(whole.row(y), whole.row(y) + whole.width(), expected.row(y))) << y;
  }
}

TEST_F(Network, PartsOfFilesAreThoseThatWereAskedFor) {
  const HttpServer server(scenes());
  const std::string path = first_raster();
  const std::string content = test::read_text(scenes() + path.substr(std::string("/files").size()));
  const auto size = static_cast<std::int64_t>(content.size());
  ImpatientClient impatient(server);
  for (const auto& [from, count] : {std::pair<std::int64_t, std::int64_t>{0, 100}, {77, 1}, {size - 5, 100}}) {
    const HttpPart part = impatient.client.get_part(server.url(path), from, count);
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.whole_bytes, size);
    EXPECT_EQ(part.body, content.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(count)));
  }
  EXPECT_EQ(impatient.client.get_part(server.url("/files/none"), 0, 10).status, 404);
  for (const char* mode : {"/~500x2", "/~cutx2"}) {
    EXPECT_EQ(impatient.client.get_part(server.url(mode + path), 10, 90).body, content.substr(10, 90)) << mode;
  }
  const auto refused = [&](const std::string& mode) {
    return test::message_of<DataError>([&] { impatient.client.get_part(server.url(mode + path), 10, 90); });
  };
  EXPECT_THAT(refused("/~shifted"), HasSubstr("another part of the file than was asked for"));
  EXPECT_THAT(refused("/~short"), HasSubstr("another part of the file than was asked for"));
  EXPECT_THAT(refused("/~vague"), HasSubstr("does not tell which part"));
}

// ---- fetch -----------------------------------------------------------------------------------------------------

/// A tiled GeoTIFF of noise, as hard to compress as real scenes are.
void make_noise(const std::string& path, int side, double pixel_size_m, GDALDataType type, unsigned most) {
  GDALAllRegister();
  const std::array<const char*, 7> options{"TILED=YES",        "BLOCKXSIZE=512", "BLOCKYSIZE=512",
                                           "COMPRESS=DEFLATE", "ZLEVEL=1",       nullptr};
  const GDALDatasetH dataset =
      GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), side, side, 1, type, const_cast<char**>(options.data()));
  std::array<double, 6> transform{500'000, pixel_size_m, 0, 4'500'000, 0, -pixel_size_m};
  GDALSetGeoTransform(dataset, transform.data());
  const GDALDatasetH crs_holder = dataset;
  GDALSetProjection(
      crs_holder,
      R"(PROJCS["WGS 84 / UTM zone 38N",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",45],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1],AUTHORITY["EPSG","32638"]])");
  std::mt19937 random(1);
  const int rows = 512;
  std::vector<std::uint16_t> pixels(static_cast<std::size_t>(side) * rows);
  for (int y = 0; y < side; y += rows) {
    for (std::uint16_t& pixel : pixels) pixel = static_cast<std::uint16_t>(1 + random() % most);
    const int height = std::min(rows, side - y);
    if (GDALRasterIO(GDALGetRasterBand(dataset, 1), GF_Write, 0, y, side, height, pixels.data(), side, height,
                     GDT_UInt16, 0, 0) != CE_None) {
      throw std::runtime_error("cannot write " + path);
    }
  }
  GDALClose(dataset);
}

TEST_F(Network, BringsOnlyTheBlocksOfTheSites) {
  const std::string archive = folder_ / "archive";
  fs::create_directories(archive);
  make_noise(archive + "/B02.tif", 5490, 10, GDT_UInt16, 4000);
  make_noise(archive + "/B11.tif", 2745, 20, GDT_UInt16, 4000);
  make_noise(archive + "/SCL.tif", 2745, 20, GDT_Byte, 11);
  for (const char* other : {"B03", "B04", "B08"})
    fs::create_hard_link(archive + "/B02.tif", archive + "/" + other + ".tif");
  fs::create_hard_link(archive + "/B11.tif", archive + "/B12.tif");
  json item = json::parse(R"({"type": "Feature", "stac_version": "1.0.0", "id": "S2A_38TPK_20220710_0_L2A",
    "geometry": null, "bbox": [45, 40.1, 45.7, 40.7], "links": [], "assets": {}, "properties": {
    "datetime": "2022-07-10T07:46:00Z", "platform": "sentinel-2a", "s2:mgrs_tile": "38TPK",
    "s2:processing_baseline": "04.00", "s2:product_type": "S2MSI2A", "eo:cloud_cover": 1.5}})");
  std::uintmax_t archived = 0;
  for (const char* band : {"B02", "B03", "B04", "B08", "B11", "B12", "SCL"}) {
    const std::string file = std::string(band) + ".tif";
    item["assets"][band] = {{"href", "./" + file}, {"type", "image/tiff"}, {"roles", {"data"}}};
    archived += fs::file_size(archive + "/" + file);
  }
  test::write_text(archive + "/item.json", item.dump());
  // 3 x 3 km, from about 21 to 24 km east and south of the corner.
  test::write_text(folder_ / "site.geojson", R"({"type": "FeatureCollection", "features": [{"type": "Feature",
    "properties": {"id": "pit", "name": "Pit"}, "geometry": {"type": "Polygon", "coordinates":
    [[[45.255, 40.430], [45.290, 40.430], [45.290, 40.457], [45.255, 40.457], [45.255, 40.430]]]}}]})");

  const HttpServer server(archive);
  const std::string mirror = folder_ / "mirror";
  const auto fetch = command(server, "fetch", "/stac", {"--sites", folder_ / "site.geojson", "--out", mirror});
  const test::Outcome first = test::run_process(fetch);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("1 scenes fetched, 0 were there"));
  const json sent = server.stats();
  EXPECT_LE(sent.at("file_bytes").get<double>(), 0.05 * static_cast<double>(archived));
  RecordProperty("share_of_bytes", std::to_string(sent.at("file_bytes").get<double>() / static_cast<double>(archived)));

  const test::Outcome second = test::run_process(fetch);
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("0 scenes fetched, 1 were there"));
  EXPECT_EQ(server.stats().at("file_requests"), sent.at("file_requests"));

  const std::string scene = mirror + "/S2A_38TPK_20220710_0_L2A/";
  const json copy = json::parse(test::read_text(scene + "S2A_38TPK_20220710_0_L2A.json"));
  EXPECT_EQ(copy.at("properties"), item.at("properties"));
  EXPECT_EQ(copy.at("bbox"), item.at("bbox"));
  for (const char* band : {"B04", "B12", "SCL"}) {
    const std::string path = scene + band + ".tif";
    const json& asset = copy.at("assets").at(band);
    EXPECT_EQ(asset.at("file:checksum"), "1220" + sha256_file(path));
    EXPECT_EQ(asset.at("file:size"), fs::file_size(path));
    EXPECT_EQ(asset.at("alternate").at("original").at("href"), server.url("/files/" + std::string(band) + ".tif"));
    EXPECT_EQ(asset.at("raster:bands")[0].value("offset", 0.0), std::string(band) == "SCL" ? 0.0 : -0.1);
    const BandFile original(archive + "/" + band + ".tif");
    const BandFile copied(path);
    EXPECT_EQ(copied.grid(), original.grid());
    const int at = static_cast<int>(21'500 / original.grid().pixel_size_m);
    const int size = static_cast<int>(3000 / original.grid().pixel_size_m);
    Plane<std::uint16_t> then(size, size);
    Plane<std::uint16_t> now(size, size);
    original.read_window({at, at, size, size}, then.view());
    copied.read_window({at, at, size, size}, now.view());
    for (int y = 0; y < size; ++y) {
      ASSERT_TRUE(std::equal(then.row(y), then.row(y) + size, now.row(y))) << band << " row " << y;
    }
    // What is not watched is not there.
    copied.read_window({0, 0, 1, 1}, now.view());
    EXPECT_EQ(now.at(0, 0), 0);
  }
}

TEST_F(Network, WhatWasKilledGoesOnAndGivesTheSameAlerts) {
  const test::Series& series = test::series();
  const HttpServer server(series.scenes(), {"--files", "~slow/files"});
  const std::string mirror = folder_ / "mirror";
  test::Invocation fetch{command(server, "fetch", "/stac", {"--sites", series.sites(), "--out", mirror}), {}, {}, {}};
  const auto whole_scenes = [&] {
    std::size_t whole = 0;
    for (const std::string& name : test::names_in(mirror)) {
      if (!name.starts_with("S2")) continue;
      EXPECT_THAT(test::names_in(mirror + "/" + name), SizeIs(8)) << name;
      ++whole;
    }
    return whole;
  };
  std::size_t whole = 0;
  for (std::chrono::milliseconds patience(700); whole == 0; patience *= 2) {
    fetch.kill_after = patience;
    ASSERT_EQ(test::run_process(fetch).exit_code, -1);
    whole = whole_scenes();
  }

  fetch.kill_after.reset();
  const test::Outcome rest = test::run_process(fetch);
  ASSERT_EQ(rest.exit_code, 0) << rest.err;
  const std::size_t all = whole_scenes();
  EXPECT_GT(all, whole);
  EXPECT_THAT(rest.err,
              HasSubstr(std::to_string(all - whole) + " scenes fetched, " + std::to_string(whole) + " were there"));
  // Nothing of the killed one is left.
  for (const std::string& name : test::names_in(mirror)) EXPECT_THAT(name, Not(HasSubstr(".tmp-"))) << name;

  const auto alerts_from = [&](const std::string& source, const std::string& state) {
    const test::Outcome run = test::run_process(
        {PITWATCH_PROGRAM, "run", "--sites", series.sites(), "--source", source, "--state", folder_ / state});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return test::read_text((folder_ / state) + "/alerts.geojson");
  };
  const std::string expected = alerts_from(series.scenes(), "original");
  EXPECT_GT(json::parse(expected).at("features").size(), 0U);
  EXPECT_EQ(alerts_from(mirror, "mirrored"), expected);
}

TEST_F(Network, ReadsAnArchiveWithoutAMirror) {
  const HttpServer server(scenes());
  const test::Outcome remote = test::run_process(
      command(server, "rerun", "/stac", {"--sites", sites, "--out", folder_ / "remote", "--to", "2021-12-31"}));
  EXPECT_EQ(remote.exit_code, 4) << remote.err;  // of the other site there is no scene
  const test::Outcome table =
      test::run_process(command(server, "scenes", "/stac", {"--sites", sites, "--json", "--to", "2021-08-01"}));
  ASSERT_EQ(table.exit_code, 0) << table.err;
  const test::Outcome local =
      test::run_process({PITWATCH_PROGRAM, "scenes", scenes(), "--sites", sites, "--json", "--to", "2021-08-01"});
  const json near = json::parse(local.out).at("scenes");
  const json far = json::parse(table.out).at("scenes");
  ASSERT_EQ(near.size(), far.size());
  for (std::size_t i = 0; i < near.size(); ++i) EXPECT_EQ(near[i].at("sites"), far[i].at("sites"));
}

TEST_F(Network, ComparesAndListsItemsByTheirUrls) {
  const HttpServer server(scenes());
  std::vector<std::string> names;
  for (const std::string& name : test::names_in(scenes())) {
    if (name.starts_with("S2")) names.push_back(name);
  }
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return a.substr(10) < b.substr(10); });
  const auto compared = [&](const std::string& before, const std::string& after, const std::string& out) {
    return test::run_process({PITWATCH_PROGRAM, "compare", before, after, "--out", folder_ / out, "--allow-host",
                              "http://" + server.host()});
  };
  const auto item = [](const std::string& name) { return "/" + name + "/" + name + ".json"; };
  const std::string query = "?key=secret";
  const test::Outcome far =
      compared(server.url("/files" + item(names[0])) + query, server.url("/files" + item(names.back())) + query, "far");
  ASSERT_EQ(far.exit_code, 0) << far.err;
  const test::Outcome near = compared(scenes() + item(names[0]), scenes() + item(names.back()), "near");
  ASSERT_EQ(near.exit_code, 0) << near.err;
  EXPECT_EQ(test::read_text(folder_ / "far/alerts.geojson"), test::read_text(folder_ / "near/alerts.geojson"));
  const std::string record = test::read_text(folder_ / "far/run.json");
  EXPECT_THAT(far.err + record, Not(HasSubstr("secret")));
  const json run_record = json::parse(record);  // outlives the loop
  for (const json& input : run_record.at("inputs")) {
    EXPECT_EQ(input.at("sha256").is_null(), !input.at("role").get<std::string>().ends_with("item")) << input;
  }
  const test::Outcome listed = test::run_process({PITWATCH_PROGRAM, "scenes", server.url("/files" + item(names[0])),
                                                  "--allow-host", "http://" + server.host(), "--json"});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_THAT(ids_of(listed.out), ElementsAre(names[0]));
  // Its own host is allowed by the option alone.
  const test::Outcome plain =
      test::run_process({PITWATCH_PROGRAM, "compare", server.url("/files" + item(names[0])),
                         server.url("/files" + item(names.back())), "--out", folder_ / "plain"});
  EXPECT_EQ(plain.exit_code, 2);
  EXPECT_THAT(plain.err, HasSubstr("--allow-host"));
}

TEST_F(Network, FilesThatFailAreTriedAgainOrNamed) {
  const std::string mirror = folder_ / "mirror";
  const std::vector<std::string> where{"--sites", sites, "--out", mirror, "--to", "2021-07-01"};
  // A body that was cut off must not be taken for the whole.
  for (const char* mode : {"~500x1/files", "~cutx1/files"}) {
    const HttpServer server(scenes(), {"--files", mode});
    const test::Outcome survived = test::run_process(command(server, "fetch", "/stac", where));
    EXPECT_EQ(survived.exit_code, 0) << mode << survived.err;
    fs::remove_all(mirror);
  }
  const HttpServer server(scenes(), {"--files", "missing"});
  const test::Outcome failed = test::run_process(command(server, "fetch", "/stac", where));
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("S2"), HasSubstr("404"), HasSubstr("no scene could be fetched")));
  EXPECT_THAT(test::names_in(mirror), ElementsAre("lock"));
}

TEST_F(Network, ReadsFromAnObjectStore) {
  const HttpServer server(scenes());
  test::Invocation fetch{command(server, "fetch", "/s3stac",
                                 {"--sites", sites, "--out", folder_ / "mirror", "--to", "2021-07-10", "--allow-bucket",
                                  "testbucket@" + server.host()}),
                         {{"AWS_HTTPS", "NO"}, {"AWS_VIRTUAL_HOSTING", "FALSE"}, {"AWS_S3_ENDPOINT", server.host()}},
                         {},
                         {}};
  const test::Outcome refused = test::run_process(fetch);
  EXPECT_EQ(refused.exit_code, 3) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("403"));

  fetch.environment["AWS_ACCESS_KEY_ID"] = "OURKEYNAME";
  fetch.environment["AWS_SECRET_ACCESS_KEY"] = "oursecretkey";
  const test::Outcome fetched = test::run_process(fetch);
  EXPECT_EQ(fetched.exit_code, 0) << fetched.err;
  EXPECT_THAT(fetched.err, HasSubstr("2 scenes fetched"));
  const std::string written = fetched.out + fetched.err + everything_in(folder_ / "mirror");
  EXPECT_THAT(written, Not(HasSubstr("OURKEYNAME")));
  EXPECT_THAT(written, Not(HasSubstr("oursecretkey")));
  EXPECT_THAT(written, HasSubstr("s3://testbucket/"));
}

}  // namespace
}  // namespace pitwatch
