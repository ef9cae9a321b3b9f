// pitwatch publish as a process: what it writes is read by other programs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "tests/integration/process.hpp"
#include "tests/unit/chips/chip_examples.hpp"
#include "tests/unit/register/register_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Night;
using test::Outcome;
using test::run_process;
using test::told_alert;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* evil_site = "<Pit> & \"co\" ]]>\r\n../../x\x01";
constexpr const char* mapserv = "/usr/lib/cgi-bin/mapserv";

bool has(const std::string& program) { return run_process({"/bin/sh", "-c", "command -v " + program}).exit_code == 0; }

class PublishCli : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(state());
    Alert closed = told_alert("PW-c", 200);
    closed.status = AlertStatus::closed;
    Alert burnt = told_alert("PW-burnt", 300);
    burnt.natural_probability = 0.95;
    Night told{{told_alert("PW-a", 0), told_alert("PW-<b>/../&\"", 100, evil_site), closed, burnt}};
    told.watched[evil_site] = SupersededWhy::replayed;
    told.listed.insert(evil_site);
    told.into(state() + "/register.gpkg");
    chip(ChipRole::before);
    chip(ChipRole::detected);
  }

  std::string state() const { return folder_ / "state"; }
  std::string out(const std::string& name = "") const { return folder_ / "web" + (name.empty() ? "" : "/" + name); }

  void chip(ChipRole role) const {
    Chip example = test::even_chip(role, "2022-01-25T08:06:01Z");
    example.alert_id = "PW-a";
    write_chip(state(), "Sakdrisi", example);
  }

  /// A folder as compare writes it.
  std::string comparison() const {
    const std::string folder = folder_ / "pair";
    fs::create_directories(folder);
    Grid grid = test::register_grid();
    grid.width = grid.height = 600;
    Plane<std::uint8_t> codes(600, 600);
    for (int y = 0; y < 600; ++y) {
      for (int x = 0; x < 600; ++x) codes.at(x, y) = static_cast<std::uint8_t>(x / 60 == y / 60 ? x / 60 + 1 : 0);
    }
    write_cog_byte(folder + "/mask.tif", grid, codes.view(), {});
    std::array<float, 256> scores{};
    for (std::size_t code = 0; code <= 10; ++code) scores[code] = static_cast<float>(code) / 10;
    write_cog_float(folder + "/score.tif", grid, codes.view(), scores, {});
    test::write_text(folder + "/run.json", R"({"before": {"id": "S2A_1", "acquired": "2021-06-10T07:44:58Z"},
                                               "after": {"id": "S2B_2", "acquired": "2023-06-10T07:44:58Z"}})");
    return folder;
  }

  Outcome publish(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{PITWATCH_PROGRAM, "publish", "--state", state(), "--out", out()};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words);
  }

  json read(const std::string& name) const { return json::parse(test::read_text(out(name))); }

  test::TemporaryFolder folder_;
};

/// What the specification of items (1.0.0) asks for, and what can be checked of files and links.
void expect_item(const std::string& folder, const json& item) {
  EXPECT_EQ(item.at("type"), "Feature");
  EXPECT_EQ(item.at("stac_version"), "1.0.0");
  EXPECT_FALSE(item.at("id").get<std::string>().empty());
  EXPECT_EQ(item.at("collection"), "pitwatch-alerts");
  EXPECT_EQ(item.at("bbox").size(), 4U);
  EXPECT_LT(item.at("bbox")[0], item.at("bbox")[2]);
  EXPECT_LT(item.at("bbox")[1], item.at("bbox")[3]);
  const json& properties = item.at("properties");
  const std::string start = properties.at("start_datetime");
  const std::string moment = properties.at("datetime");
  const std::string end = properties.at("end_datetime");
  EXPECT_LE(start, moment);
  EXPECT_LE(moment, end);
  EXPECT_TRUE(properties.at("processing:software").contains("pitwatch"));
  std::set<std::string> relations;
  for (const json& link : item.at("links")) {
    relations.insert(link.at("rel").get<std::string>());
    const std::string href = link.at("href");
    if (href.find("://") == std::string::npos) {
      EXPECT_TRUE(fs::exists(fs::path(folder) / href)) << href;
    }
  }
  EXPECT_THAT(relations, AllOf(Contains("root"), Contains("parent"), Contains("collection")));
  for (const auto& [key, asset] : item.at("assets").items()) {
    const std::string file = (fs::path(folder) / asset.at("href").get<std::string>()).string();
    ASSERT_TRUE(fs::exists(file)) << file;
    EXPECT_TRUE(asset.at("roles").is_array());
    EXPECT_FALSE(asset.at("type").get<std::string>().empty());
    if (key == "alerts") continue;
    EXPECT_EQ(asset.at("file:size"), fs::file_size(file));
    EXPECT_EQ(asset.at("file:checksum"), "1220" + sha256_file(file));
    EXPECT_TRUE(asset.at("proj:epsg").is_number_integer());
    EXPECT_EQ(asset.at("proj:shape").size(), 2U);
    EXPECT_EQ(asset.at("proj:transform").size(), 6U);
  }
}

TEST_F(PublishCli, StacItemsLeadToAllThatTheyName) {
  const Outcome outcome = publish({"--compare", comparison()});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json collection = read("collection.json");
  EXPECT_EQ(collection.at("type"), "Collection");
  EXPECT_EQ(collection.at("license"), "proprietary");
  EXPECT_EQ(collection.at("extent").at("temporal").at("interval")[0],
            json({"2021-06-10T07:44:58Z", "2023-06-10T07:44:58Z"}));
  EXPECT_EQ(collection.at("extent").at("spatial").at("bbox")[0].size(), 4U);
  std::set<std::string> ids;
  for (const json& link : collection.at("links")) {
    if (link.at("rel") != "item") continue;
    const json item = read(link.at("href"));
    expect_item(out("items"), item);
    EXPECT_TRUE(ids.insert(item.at("id")).second);
  }
  EXPECT_THAT(ids, ElementsAre("PW-<b>/../&\"", "PW-a", "PW-c", "S2A_1-S2B_2")) << "what is natural is left out";
  const json item = read("items/PW-a.json");
  EXPECT_EQ(item.at("assets").size(), 3U);
  EXPECT_EQ(item.at("assets").at("before").at("datetime"), "2022-01-25T08:06:01Z");
  EXPECT_EQ(item.at("properties").at("pitwatch:status"), "confirmed");
  const json mask = read("items/comparison-S2A_1-S2B_2.json").at("assets").at("mask");
  EXPECT_EQ(mask.at("classification:classes").size(), 12U);
  EXPECT_EQ(mask.at("classification:classes")[1].at("name"), "vegetation_to_bare");
  for (const std::string& name : test::names_in(out("items"))) EXPECT_EQ(name.find(".."), std::string::npos);
}

TEST_F(PublishCli, TheSameAgainIsTheSameByteByByte) {
  ASSERT_EQ(publish({"--compare", comparison()}).exit_code, 0);
  const auto contents = [&] {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(out())) {
      if (entry.is_regular_file())
        files[fs::relative(entry.path(), out()).string()] = sha256_file(entry.path().string());
    }
    return files;
  };
  const auto first = contents();
  EXPECT_GT(first.size(), 15U);
  ASSERT_EQ(publish({"--compare", comparison()}).exit_code, 0);
  EXPECT_EQ(contents(), first);
  EXPECT_THAT(test::names_in(folder_.path()), ElementsAre("pair", "state", "web")) << "nothing is left beside it";
}

TEST_F(PublishCli, ReviewersAndAccountsAreNamedWhereThatIsAskedFor) {
  const std::string target = state() + "/register.gpkg";
  prepare_review(target, "PW-a", {Verdict::licensed, "Rana Private", parse_instant("2024-01-01"), "permit 7", false})
      ->commit();
  const auto with_text = [&](const std::string& text) {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(out())) {
      if (!entry.is_regular_file()) continue;
      files += test::read_text(entry.path().string()).find(text) == std::string::npos ? 0 : 1;
    }
    return files;
  };
  ASSERT_EQ(publish().exit_code, 0);
  EXPECT_EQ(with_text("Rana"), 0U);
  EXPECT_GE(with_text("permit 7"), 2U);
  const RegisterContent withheld = read_register(out("alerts.gpkg"));
  ASSERT_EQ(withheld.reviews.size(), 1U);
  EXPECT_EQ(withheld.reviews[0].review.reviewer, unnamed_reviewer);
  EXPECT_EQ(withheld.reviews[0].os_user, "");
  EXPECT_EQ(test::alert_of(withheld, "PW-a").alert.review.value().reviewer, unnamed_reviewer);
  ASSERT_EQ(publish({"--with-reviewers"}).exit_code, 0);
  EXPECT_GE(with_text("Rana Private"), 2U);
  EXPECT_EQ(read_register(out("alerts.gpkg")).reviews[0].os_user, read_register(target).reviews[0].os_user);
}

TEST_F(PublishCli, AFolderOfSomethingElseStays) {
  fs::create_directories(out());
  test::write_text(out("index.html"), "mine");
  const Outcome outcome = publish();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("holds index.html"));
  EXPECT_EQ(test::read_text(out("index.html")), "mine");
  EXPECT_EQ(publish({"--url", "javascript:alert(1)"}).exit_code, 2);
}

TEST_F(PublishCli, ADamagedChipIsNamedAndLeftOut) {
  test::write_text(chips_folder(state(), "Sakdrisi", "PW-a") + "/detected.tif", "no chip");
  const Outcome outcome = publish();
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("detected.tif"));
  EXPECT_EQ(read("items/PW-a.json").at("assets").size(), 2U);
}

TEST_F(PublishCli, FeedsAreAtom) {
  if (!has("xmllint")) GTEST_SKIP() << "xmllint (libxml2-utils) is needed";
  ASSERT_EQ(publish({"--url", "https://example.org/pits?no"}).exit_code, 2);
  ASSERT_EQ(publish({"--url", "https://example.org/pits"}).exit_code, 0);
  const auto count = [&](const std::string& file, const std::string& path) {
    const Outcome found =
        run_process({"/usr/bin/env", "xmllint", "--xpath", "string(" + path + ")", out("feeds/" + file)});
    EXPECT_EQ(found.exit_code, 0) << found.err;
    return found.out.substr(0, found.out.find('\n'));
  };
  const std::string entry = "/*[local-name()='feed']/*[local-name()='entry']";
  EXPECT_EQ(count("all.atom", "count(" + entry + ")"), "3");
  for (const char* const element : {"id", "title", "updated", "link", "summary", "published"}) {
    EXPECT_EQ(count("all.atom", "count(" + entry + "/*[local-name()='" + element + "'])"), "3") << element;
  }
  for (const char* const element : {"id", "title", "updated", "author", "link"}) {
    EXPECT_EQ(count("all.atom", "count(/*/*[local-name()='" + std::string(element) + "'])"), "1") << element;
  }
  EXPECT_EQ(count("all.atom", "/*/*[local-name()='updated']"), "2024-05-01T02:00:00Z");
  EXPECT_EQ(count("all.atom", "/*/*[local-name()='link']/@href"), "https://example.org/pits/feeds/all.atom");
  EXPECT_EQ(count("site-Sakdrisi.atom", "count(" + entry + ")"), "2");
  const std::vector<std::string> feeds = test::names_in(out("feeds"));
  EXPECT_EQ(feeds.size(), 3U);
  for (const std::string& name : feeds) {
    EXPECT_EQ(run_process({"/usr/bin/env", "xmllint", "--noout", out("feeds/" + name)}).exit_code, 0) << name;
    EXPECT_THAT(test::read_text(out("feeds/" + name)), Not(HasSubstr("<Pit>")));
  }
}

TEST_F(PublishCli, TheQgisProjectShowsWhatIsThere) {
  if (!has("xmllint")) GTEST_SKIP() << "xmllint (libxml2-utils) is needed";
  ASSERT_EQ(publish({"--compare", comparison()}).exit_code, 0);
  for (const char* const name : {"pitwatch.qgs", "alerts-status.qml", "alerts-class.qml", "mask.qml", "score.qml"}) {
    EXPECT_EQ(
        run_process({"/usr/bin/env", "xmllint", "--noout", "--nonet", out("qgis/" + std::string(name))}).exit_code, 0)
        << name;
  }
  const std::string project = test::read_text(out("qgis/pitwatch.qgs"));
  std::set<std::string> sources;
  for (std::size_t at = project.find("<datasource>"); at != std::string::npos;
       at = project.find("<datasource>", at + 1)) {
    const std::size_t begin = at + std::string("<datasource>").size();
    sources.insert(project.substr(begin, project.find('<', begin) - begin));
  }
  EXPECT_THAT(sources, ElementsAre("../alerts.gpkg|layername=alerts", "../comparisons/S2A_1-S2B_2/mask.tif",
                                   "../comparisons/S2A_1-S2B_2/score.tif"));
  for (const std::string& source : sources) {
    EXPECT_TRUE(fs::exists(fs::path(out("qgis")) / source.substr(0, source.find('|')))) << source;
  }
  EXPECT_EQ(read_register(out("alerts.gpkg")).alerts.size(), 3U);
  const Outcome info = run_process({"/usr/bin/env", "gdalinfo", out("comparisons/S2A_1-S2B_2/mask.tif")});
  if (info.exit_code == 0) {
    EXPECT_THAT(info.out, AllOf(HasSubstr("1: vegetation to bare"), HasSubstr("10: unknown")));
  }
}

TEST_F(PublishCli, QgisOpensTheProjectAndItsStyles) {
  if (run_process({"/usr/bin/python3", "-c", "import qgis.core"}).exit_code != 0) {
    GTEST_SKIP() << "QGIS (tools/setup.sh --qgis) is not installed";
  }
  ASSERT_EQ(publish({"--compare", comparison()}).exit_code, 0);
  std::vector<std::string> call{"/usr/bin/python3", PITWATCH_SOURCE_DIR "/tests/integration/qgis_project.py",
                                out("qgis/pitwatch.qgs")};
  for (const char* const style : {"alerts-status.qml", "alerts-class.qml", "mask.qml", "score.qml"}) {
    call.push_back(out("qgis/" + std::string(style)));
  }
  const Outcome opened = run_process(call);
  ASSERT_EQ(opened.exit_code, 0) << opened.err;
  const json said = json::parse(opened.out);
  EXPECT_TRUE(said.at("is_read").get<bool>());
  ASSERT_EQ(said.at("layers").size(), 4U) << said;
  for (const auto& [name, layer] : said.at("layers").items()) {
    EXPECT_TRUE(layer.at("is_valid").get<bool>()) << name;
    EXPECT_THAT(layer.at("crs").get<std::string>(), StartsWith("EPSG:")) << name;
    EXPECT_GT(layer.at("drawn_pixels"), 0) << name;
    const bool is_score = layer.at("renderer") == "singlebandpseudocolor";
    if (!is_score) {
      EXPECT_GT(layer.at("entries"), 3) << name;
    }
  }
  ASSERT_EQ(said.at("styles").size(), 4U);
  for (const auto& [name, is_loaded] : said.at("styles").items()) EXPECT_TRUE(is_loaded.get<bool>()) << name;
}

TEST_F(PublishCli, CsvForSpreadsheetsHasAMarkAndNoFormulas) {
  test::add_review(state() + "/register.gpkg", "PW-a",
                   test::review_of(Verdict::natural, "2022-06-01", "=HYPERLINK(\"http://example.org\")"));
  const auto csv = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {PITWATCH_PROGRAM, "alerts", "export", "--state", state()});
    return run_process(more);
  };
  const std::string plain = csv({"--format", "csv"}).out;
  EXPECT_TRUE(plain.starts_with("id,"));
  EXPECT_THAT(plain, HasSubstr("\"'=HYPERLINK(\"\"http"));
  EXPECT_EQ(csv({"--format", "csv", "--bom"}).out, "\xEF\xBB\xBF" + plain);
  EXPECT_EQ(csv({"--format", "kml", "--bom"}).exit_code, 2);
}

TEST_F(PublishCli, MapServerAnswersOgcApiFeatures) {
  if (!fs::exists(mapserv)) GTEST_SKIP() << "MapServer (cgi-mapserver) is not installed";
  ASSERT_EQ(publish().exit_code, 0);
  const auto ask = [&](const std::string& path, const std::string& query = "f=json") {
    test::Invocation request{{mapserv}, {}, {}, {}};
    request.environment = {{"MAPSERVER_CONFIG_FILE", out("mapserver/pitwatch.conf")},
                           {"REQUEST_METHOD", "GET"},
                           {"SCRIPT_NAME", "/mapserv"},
                           {"SERVER_NAME", "localhost"},
                           {"SERVER_PORT", "80"},
                           {"PATH_INFO", path},
                           {"QUERY_STRING", query}};
    const Outcome answer = run_process(request);
    const std::size_t body = answer.out.find("\r\n\r\n");
    EXPECT_NE(body, std::string::npos) << answer.out << answer.err;
    return answer.out.substr(std::min(body, answer.out.size()));
  };
  const json collections = json::parse(ask("/pitwatch/ogcapi/collections"));
  EXPECT_EQ(collections.at("collections")[0].at("id"), "alerts");
  const json items = json::parse(ask("/pitwatch/ogcapi/collections/alerts/items"));
  EXPECT_EQ(items.at("numberMatched"), 3);
  const json item = json::parse(ask("/pitwatch/ogcapi/collections/alerts/items/PW-a"));
  EXPECT_EQ(item.at("properties").at("status"), "confirmed");
  EXPECT_EQ(item.at("properties").at("area_ha"), 1.0008);
  const json none = json::parse(ask("/pitwatch/ogcapi/collections/alerts/items", "f=json&bbox=0,0,1,1"));
  EXPECT_EQ(none.at("features").size(), 0U);
  EXPECT_THAT(ask("", "map=pitwatch&service=WFS&request=GetCapabilities"), HasSubstr("alerts"));
  EXPECT_THAT(ask("", "map=/etc/passwd&service=WFS&request=GetCapabilities"), Not(HasSubstr("root:")));
}

}  // namespace
}  // namespace pitwatch
