// Sources of scenes: folders, catalogs and ItemCollections on disk, hostile ones too.

#include "pipeline/io/scenes/scene_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::message_of;
using test::read_text;
using test::TemporaryFolder;
using test::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

json item(const std::string& id, const std::string& acquired) {
  json object = json::parse(R"({"type": "Feature", "stac_version": "1.0.0", "geometry": null, "links": [],
    "properties": {}, "assets": {"red": {"href": "./B04.tif"}}})");
  object["id"] = id;
  object["properties"]["datetime"] = acquired;
  return object;
}

json catalog(const std::vector<std::pair<std::string, std::string>>& links) {
  json object{{"type", "Catalog"}, {"stac_version", "1.0.0"}, {"id", "c"}, {"description", "d"}};
  object["links"] = json::array();
  for (const auto& [relation, href] : links) object["links"].push_back({{"rel", relation}, {"href", href}});
  return object;
}

std::vector<std::string> ids(const SourceListing& listing) {
  std::vector<std::string> result;
  for (const ListedScene& listed : listing.scenes) result.push_back(listed.scene.id);
  return result;
}

class SceneSource : public ::testing::Test {
 protected:
  void write(const std::string& name, const json& content) { write_raw(name, content.dump()); }
  void write_raw(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(folder_ / name).parent_path());
    write_text(folder_ / name, text);
  }
  SourceListing list(const std::string& name = "") {
    return list_scenes(name.empty() ? folder_.path() : folder_ / name);
  }
  TemporaryFolder folder_;
};

TEST_F(SceneSource, ReadSideBySideIsTheSame) {
  write("many/items.json", {{"type", "FeatureCollection"},
                            {"features", {item("x", "2022-01-01T08:00:00Z"), item("y", "2022-01-02T08:00:00Z")}}});
  for (int i = 0; i < 40; ++i) {
    write("many/" + std::to_string(i) + ".json", item(std::to_string(i), "2022-03-01T08:00:00Z"));
    if (i % 10 == 0)
      write_raw("many/broken-" + std::to_string(i) + ".json", R"({"type": "Feature", "stac_version": "1.0.0"})");
  }
  const ParallelFor threads = [](int count, const std::function<void(int)>& body) {
    std::vector<std::thread> all;
    for (int i = count; i-- > 0;) all.emplace_back(body, i);
    for (std::thread& one : all) one.join();
  };
  const SourceListing serial = list();
  const SourceListing parallel = list_scenes(folder_.path(), {.parallel = threads});
  ASSERT_EQ(serial.scenes.size(), 42U);
  ASSERT_EQ(parallel.scenes.size(), 42U);
  for (std::size_t i = 0; i < serial.scenes.size(); ++i) {
    EXPECT_EQ(parallel.scenes[i].scene.source, serial.scenes[i].scene.source);
    EXPECT_EQ(parallel.scenes[i].fingerprint, serial.scenes[i].fingerprint);
  }
  ASSERT_EQ(serial.rejected.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(parallel.rejected.at(i).path, serial.rejected[i].path);
}

TEST_F(SceneSource, FolderIsSearchedForItemsInCanonicalOrder) {
  write("b/late.json", item("late", "2022-03-01T08:00:00Z"));
  write("a/b/c/early.json", item("early", "2022-01-01T08:00:00Z"));
  json same_time = item("other tile", "2022-01-01T08:00:00Z");
  same_time["properties"]["s2:mgrs_tile"] = "38TPK";
  write("0.json", same_time);
  const SourceListing listing = list();
  EXPECT_THAT(ids(listing), ElementsAre("early", "other tile", "late"));
  EXPECT_THAT(listing.rejected, IsEmpty());
  EXPECT_EQ(listing.scenes[0].fingerprint, sha256_file(folder_ / "a/b/c/early.json"));
  EXPECT_EQ(listing.scenes[0].scene.source, folder_ / "a/b/c/early.json");
  EXPECT_EQ(fs::path(listing.scenes[0].scene.bands.at(Band::B04).path).lexically_normal(), folder_ / "a/b/c/B04.tif");
}

TEST_F(SceneSource, OtherJsonAndUnfinishedFilesArePassedOver) {
  write("good.json", item("good", "2022-01-01"));
  write("truth.json", json{{"type", "FeatureCollection"}, {"features", json::array()}});
  write("feature.json", json{{"type", "Feature"}, {"properties", json::object()}});  // GeoJSON, not STAC
  write("list.json", json::array({1, 2}));
  write("collection.json", catalog({{"item", "./good.json"}}));
  write_raw(".good.json.tmp-1/half.json", "{");
  write_raw(".half.json", "{");
  write_raw("notes.txt", "{");
  const SourceListing listing = list();
  EXPECT_THAT(ids(listing), ElementsAre("good"));
  EXPECT_THAT(listing.rejected, IsEmpty());
}

TEST_F(SceneSource, BrokenItemsDoNotStopTheOthers) {
  write("good.json", item("good", "2022-01-01"));
  json no_time = item("no time", "2022-01-01");
  no_time["properties"].erase("datetime");
  write("1.json", no_time);
  write_raw("2.json", item("cut", "2022-01-01").dump().substr(0, 40));
  json away = item("away", "2022-01-01");
  away["assets"]["red"]["href"] = "../../etc/B04.tif";
  write("3.json", away);
  const SourceListing listing = list();
  EXPECT_THAT(ids(listing), ElementsAre("good"));
  ASSERT_THAT(listing.rejected, SizeIs(3));
  EXPECT_EQ(listing.rejected[0].path, folder_ / "1.json");
  EXPECT_THAT(listing.rejected[0].reason, StartsWith("not a STAC item: no 'datetime'"));
  EXPECT_EQ(listing.rejected[1].path, folder_ / "2.json");
  EXPECT_THAT(listing.rejected[1].reason, StartsWith("not JSON"));
  EXPECT_THAT(listing.rejected[2].reason, HasSubstr("leaves the item's folder"));
}

TEST_F(SceneSource, CatalogIsFollowedOnceWhateverItsCycles) {
  write("catalog.json", catalog({{"root", "./catalog.json"}, {"child", "./2022/collection.json"}}));
  write("2022/collection.json", catalog({{"item", "./a/a.json"},
                                         {"item", "../2022/a/../a/a.json"},
                                         {"child", "../catalog.json"},
                                         {"child", "./collection.json"},
                                         {"item", "b.json"},
                                         {"derived_from", "./unlinked.json"}}));
  write("2022/a/a.json", item("a", "2022-01-02"));
  write("2022/b.json", item("b", "2022-01-01"));
  write("2022/unlinked.json", item("unlinked", "2022-01-01"));
  const SourceListing listing = list("catalog.json");
  EXPECT_THAT(ids(listing), ElementsAre("b", "a"));
  EXPECT_THAT(listing.rejected, IsEmpty());
  EXPECT_EQ(listing.scenes[1].scene.source, folder_ / "2022/a/a.json");
}

/// What a collection says of its items holds for those that it leads to, and for none besides.
TEST_F(SceneSource, ItemsOfACatalogKnowTheirCollection) {
  const auto collection = [](const char* level) {
    return json{{"type", "Collection"},
                {"stac_version", "1.1.0"},
                {"id", level},
                {"description", "d"},
                {"license", "other"},
                {"extent", json::object()},
                {"summaries", {{"product:type", {std::string("S2MSI") + level}}}}};
  };
  const auto link = [](const char* relation, const char* href) { return json{{"rel", relation}, {"href", href}}; };
  json root{{"type", "Catalog"}, {"stac_version", "1.1.0"}, {"id", "c"}, {"description", "d"}};
  root["links"] = {link("child", "one/collection.json"), link("child", "two/collection.json"),
                   link("item", "alone/alone.json")};
  json one = collection("1C");
  one["links"] = {link("child", "2022/catalog.json"), link("item", "a/a.json")};
  json two = collection("2A");
  two["links"] = {link("item", "b/b.json")};
  json year{{"type", "Catalog"}, {"stac_version", "1.1.0"}, {"id", "y"}, {"description", "d"}};
  year["links"] = {link("item", "deep/deep.json")};
  for (const char* folder : {"one/2022/deep", "one/a", "two/b", "alone"}) fs::create_directories(folder_ / folder);
  write("catalog.json", root);
  write("one/collection.json", one);
  write("one/2022/catalog.json", year);
  write("two/collection.json", two);
  write("one/2022/deep/deep.json", item("deep", "2022-01-01"));
  write("one/a/a.json", item("a", "2022-01-02"));
  write("two/b/b.json", item("b", "2022-01-03"));
  write("alone/alone.json", item("alone", "2022-01-04"));
  const auto levels = [](const SourceListing& listing) {
    std::map<std::string, std::string> found;
    for (const ListedScene& listed : listing.scenes) found[listed.scene.id] = listed.scene.level;
    return found;
  };
  EXPECT_EQ(levels(list_scenes(folder_ / "catalog.json")),
            (std::map<std::string, std::string>{{"deep", "L1C"}, {"a", "L1C"}, {"b", "L2A"}, {"alone", ""}}));
  // In a folder, items are of the collection that they link to, near by.
  json b = item("b", "2022-01-03");
  b["links"] = {link("collection", "../collection.json")};
  write("two/b/b.json", b);
  EXPECT_EQ(levels(list_scenes(folder_.path())),
            (std::map<std::string, std::string>{{"deep", ""}, {"a", ""}, {"b", "L2A"}, {"alone", ""}}));
}

TEST_F(SceneSource, LinksThatCannotBeFollowedAreNamed) {
  TemporaryFolder elsewhere;
  write_text(elsewhere / "secret.json", item("secret", "2022-01-01").dump());
  write("catalog/good.json", item("good", "2022-01-01"));
  write("outside.json", item("outside", "2022-01-01"));
  fs::create_symlink(elsewhere / "secret.json", folder_ / "catalog/link.json");
  write("catalog/catalog.json", catalog({{"item", "./good.json"},
                                         {"item", "../outside.json"},
                                         {"item", "./link.json"},
                                         {"item", elsewhere / "secret.json"},
                                         {"item", "https://example.com/a.json"},
                                         {"child", "./missing.json"},
                                         {"item", ""},
                                         {"item", "/vsicurl/https://example.com/a.json"}}));
  const SourceListing listing = list("catalog/catalog.json");
  EXPECT_THAT(ids(listing), ElementsAre("good"));
  std::vector<std::string> reasons;
  for (const RejectedItem& rejected : listing.rejected) reasons.push_back(rejected.reason);
  std::sort(reasons.begin(), reasons.end());
  EXPECT_THAT(reasons, ElementsAre("a link without usable 'href'", StartsWith("cannot read"), HasSubstr("remote"),
                                   HasSubstr("remote"), HasSubstr("leaves the catalog's folder"),
                                   HasSubstr("leaves the catalog's folder"), HasSubstr("leaves the catalog's folder")));
}

TEST_F(SceneSource, CatalogsAreFollowedToABoundedDepth) {
  for (int level = 0; level < 20; ++level) {
    const std::string next = "./" + std::to_string(level + 1) + ".json";
    write(std::to_string(level) + ".json", catalog({{"child", next}}));
  }
  write("20.json", item("deep", "2022-01-01"));
  const SourceListing listing = list("0.json");
  EXPECT_THAT(listing.scenes, IsEmpty());
  ASSERT_THAT(listing.rejected, SizeIs(1));
  EXPECT_THAT(listing.rejected[0].reason, HasSubstr("16 levels"));
  EXPECT_THAT(ids(list("10.json")), ElementsAre("deep"));
}

TEST_F(SceneSource, ItemCollectionsAndSingleItemsAreSources) {
  json collection{{"type", "FeatureCollection"}, {"features", json::array()}};
  collection["features"].push_back(item("b", "2022-01-02"));
  collection["features"].push_back(item("a", "2022-01-01"));
  collection["features"].push_back(json{{"type", "Feature"}, {"id", "bad"}});
  write("items.json", collection);
  const SourceListing listing = list("items.json");
  EXPECT_THAT(ids(listing), ElementsAre("a", "b"));
  EXPECT_EQ(listing.scenes[0].fingerprint, sha256_text(item("a", "2022-01-01").dump()));
  EXPECT_EQ(listing.scenes[0].scene.source, folder_ / "items.json#a");
  ASSERT_THAT(listing.rejected, SizeIs(1));
  EXPECT_EQ(listing.rejected[0].path, folder_ / "items.json#bad");
  EXPECT_EQ(listing.rejected[0].reason, "not a STAC item: no 'stac_version'");
  write("one.json", item("one", "2022-01-01"));
  EXPECT_THAT(ids(list("one.json")), ElementsAre("one"));
}

json page(const std::vector<json>& features, const std::string& next = "") {
  json collection{{"type", "FeatureCollection"}, {"features", features}, {"links", json::array()}};
  collection["links"].push_back({{"rel", "self"}, {"href", "./x.json"}});
  if (!next.empty()) collection["links"].push_back({{"rel", "next"}, {"href", next}});
  return collection;
}

TEST_F(SceneSource, PagesOfALargerResultAreFollowedOrNamed) {
  write("1.json", page({item("a", "2022-01-01")}, "./more/2%20of%203.json"));
  write("more/2 of 3.json", page({item("b", "2022-01-02")}, "../3.json"));
  write("3.json", page({item("c", "2022-01-03")}, "1.json"));  // round and round
  EXPECT_THAT(ids(list("1.json")), ElementsAre("a", "b", "c"));
  EXPECT_THAT(list("1.json").rejected, IsEmpty());
  EXPECT_THAT(ids(list()), ElementsAre("a", "b", "c"));
  EXPECT_THAT(list().rejected, IsEmpty());
  write("catalog.json", catalog({{"items", "./1.json"}}));
  EXPECT_THAT(ids(list("catalog.json")), ElementsAre("a", "b", "c"));
  for (const std::string next : {"./missing.json", "https://example.com/search?token=secret", "../outside.json"}) {
    write("3.json", page({item("c", "2022-01-03")}, next));
    const SourceListing listing = list("1.json");
    EXPECT_THAT(ids(listing), ElementsAre("a", "b", "c"));
    ASSERT_THAT(listing.rejected, SizeIs(1)) << next;
    EXPECT_EQ(listing.rejected[0].path, folder_ / "3.json");
    EXPECT_THAT(listing.rejected[0].reason, StartsWith("a page of a larger result: its next page is not here: "));
    EXPECT_THAT(listing.rejected[0].reason, ::testing::Not(HasSubstr("secret")));
    ASSERT_THAT(list().rejected, SizeIs(1)) << "in a folder: " << next;
    EXPECT_EQ(list().rejected[0].path, folder_ / "3.json");
  }
  // Other features come in pages, too, and none of them is missed.
  write("3.json", page({item("c", "2022-01-03")}));
  write("sites.json", page({json{{"type", "Feature"}}}, "https://example.com/2"));
  EXPECT_THAT(list().rejected, IsEmpty());
}

TEST_F(SceneSource, LinksOfCatalogsAreReadAsHrefsOfAssetsAre) {
  write("my item/a.json", item("a", "2022-01-01"));
  write("100%25/b.json", item("b", "2022-01-02"));
  const std::string here = fs::canonical(folder_.path()).string();
  for (const std::string& link : std::vector<std::string>{
           "./my%20item/a.json", "./my item/a.json", "file://" + here + "/my%20item/a.json",
           "FILE://localhost" + here + "/my%20item/a.json", "file:" + here + "/my%20item/a.json"}) {
    write("catalog.json", catalog({{"item", link}, {"item", "100%25/b.json"}}));
    EXPECT_THAT(ids(list("catalog.json")), ElementsAre("a", "b")) << link;
    EXPECT_THAT(list("catalog.json").rejected, IsEmpty()) << link;
  }
  write("catalog.json", catalog({{"items", "https://example.com/items"}, {"item", "file://elsewhere/a.json"}}));
  const SourceListing listing = list("catalog.json");
  ASSERT_THAT(listing.rejected, SizeIs(2));
  EXPECT_THAT(listing.rejected[0].reason, HasSubstr("not a local file"));
  EXPECT_EQ(listing.rejected[1].path, "https://example.com/items");
}

TEST_F(SceneSource, LinksThatLeadNowhereAreNamedAndDoNotStopTheOthers) {
  write("good.json", item("good", "2022-01-01"));
  write("deep/good.json", item("other", "2022-01-02"));
  fs::create_symlink("loop.json", folder_ / "loop.json");
  fs::create_symlink("b", folder_ / "deep/a");
  fs::create_symlink("a", folder_ / "deep/b");
  fs::create_symlink("../nowhere", folder_ / "deep/gone");
  fs::create_symlink("S2A_MSIL2A_20220214T070051_N0400_R120_T38KQA_20220214T085403.SAFE",
                     folder_ / "S2A_MSIL2A_20220214T070051_N0400_R120_T38KQA_20220214T085403.SAFE");
  fs::create_symlink("gone.zip", folder_ / "S2A_MSIL2A_20220214T070051_N0400_R120_T38KQA_20220214T085404.zip");
  fs::create_directory_symlink(".", folder_ / "myself");
  fs::create_symlink(".hidden", folder_ / ".hidden");
  const SourceListing listing = list();
  EXPECT_THAT(ids(listing), ElementsAre("good", "other"));
  ASSERT_THAT(listing.rejected, SizeIs(7));
  for (const RejectedItem& rejected : listing.rejected) {
    if (rejected.path == folder_ / "myself") {
      EXPECT_THAT(rejected.reason, HasSubstr("leads back to a folder that it lies in"));
      continue;
    }
    EXPECT_THAT(rejected.path, StartsWith(folder_.path() + "/"));
    const bool is_loop = fs::path(rejected.path).stem() == "loop" || fs::path(rejected.path).extension() == ".SAFE" ||
                         fs::path(rejected.path).filename().string().size() == 1;
    EXPECT_THAT(rejected.reason, is_loop ? HasSubstr("symbolic links") : HasSubstr("a link to nothing"));
  }
}

TEST_F(SceneSource, WhatLinksLeadToIsTakenOnce) {
  write("archive/2022/a.json", item("a", "2022-01-01"));
  write("archive/2022/deep/b.json", item("b", "2022-01-02"));
  fs::create_directories(folder_ / "inbox");
  write("inbox/c.json", item("c", "2022-01-03"));
  fs::create_directory_symlink("../archive/2022", folder_ / "inbox/all");
  fs::create_directory_symlink("../archive/2022/deep", folder_ / "inbox/again");
  fs::create_symlink("../archive/2022/a.json", folder_ / "inbox/a.json");
  fs::create_directory_symlink("..", folder_ / "archive/2022/up");  // reached by way of the link
  const SourceListing listing = list("inbox");
  EXPECT_THAT(ids(listing), ElementsAre("a", "b", "c"));
}

TEST_F(SceneSource, ItemsInOtherFilesOfAFolderAreFound) {
  write("one.geojson", item("one", "2022-01-01"));
  write("ONE.JSON", item("two", "2022-01-02"));
  write("items.json",
        json{{"type", "FeatureCollection"}, {"features", {item("three", "2022-01-03"), item("four", "2022-01-04")}}});
  write("sites.geojson",
        json{{"type", "FeatureCollection"}, {"features", {{{"type", "Feature"}, {"properties", {{"id", "pit"}}}}}}});
  const SourceListing listing = list();
  EXPECT_THAT(ids(listing), ElementsAre("one", "two", "three", "four"));
  EXPECT_THAT(listing.rejected, IsEmpty());
}

TEST_F(SceneSource, WhatIsNotReadIsNamed) {
  write("good.json", item("good", "2022-01-01"));
  for (const char* const name : {"S2A_MSIL2A_1.SAFE.tar", "b.tar.gz", "c.TGZ", "d.zip"}) write_raw(name, "x");
  write_raw("readme.txt", "x");
  ASSERT_EQ(::mkfifo((folder_ / "pipe.json").c_str(), 0600), 0);
  const SourceListing listing = list();
  EXPECT_THAT(ids(listing), ElementsAre("good"));
  ASSERT_THAT(listing.rejected, SizeIs(5));
  std::map<std::string, std::string> reasons;
  for (const RejectedItem& rejected : listing.rejected) {
    reasons[fs::path(rejected.path).filename().string()] = rejected.reason;
  }
  for (const char* const name : {"S2A_MSIL2A_1.SAFE.tar", "b.tar.gz", "c.TGZ"}) {
    EXPECT_THAT(reasons[name], HasSubstr("unpack it"));
  }
  EXPECT_THAT(reasons["d.zip"], HasSubstr("zip"));
  EXPECT_EQ(reasons["pipe.json"], "is no regular file");
}

TEST_F(SceneSource, ImagesThatNothingDescribesAreNamedOnceAFolder) {
  const std::string red = "T38TPK_20210610T074458_B04_10m.jp2";
  for (const char* const folder : {"loose", "named", "linked", "broken"}) {
    for (const std::string& image : {red, std::string("T38TPK_20210610T074458_B08_10m.jp2")}) {
      write_raw(std::string(folder) + "/" + image, "x");
    }
  }
  write_raw("pictures/T38TPK_20210610T074458_TCI_10m.jp2", "x");
  json named = item("named", "2022-01-01");
  named["assets"]["red"]["href"] = "./" + red;
  write("named/item.json", named);
  // By way of a link, and named although its item cannot be used.
  fs::create_directory_symlink(folder_ / "linked", folder_ / "link");
  json linked = item("linked", "2022-01-02");
  linked["assets"]["red"]["href"] = "./link/" + red;
  write("item.json", linked);
  write_raw("broken/item.json", R"({"type": "Feature", "stac_version": "1.0.0"})");
  const SourceListing listing = list();
  EXPECT_THAT(ids(listing), ElementsAre("named", "linked"));
  ASSERT_THAT(listing.rejected, SizeIs(2));
  EXPECT_EQ(listing.rejected[0].path, folder_ / "broken/item.json");
  EXPECT_EQ(listing.rejected[1].path, folder_ / "loose");
  EXPECT_THAT(listing.rejected[1].reason, HasSubstr("T38TPK_20210610T074458_B0"));
  EXPECT_THAT(listing.rejected[1].reason, HasSubstr("that no item or product here describes"));
}

TEST_F(SceneSource, ASourceThatIsALinkToItselfIsRefused) {
  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_THAT(message_of<DataError>([&] { list("loop"); }), StartsWith((folder_ / "loop") + ": cannot "));
}

/// Runs `action` as a user who has no rights here: for root, in a child that is nobody. What it gives must be 0.
void as_a_stranger(const std::function<int()>& action) {
  if (::geteuid() != 0) {
    EXPECT_EQ(action(), 0);
    return;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr unsigned nobody = 65534;
    int result = 100;
    if (::setresgid(nobody, nobody, nobody) == 0 && ::setresuid(nobody, nobody, nobody) == 0) {
      try {
        result = action();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        result = 101;
      }
    }
    ::_exit(result);
  }
  ASSERT_GT(child, 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(SceneSource, WhatMayNotBeReadIsNamedAndDoesNotStopTheOthers) {
  const std::string product = "S2A_MSIL2A_20220214T070051_N0400_R120_T38KQA_20220214T085403.SAFE";
  write("good.json", item("good", "2022-01-01"));
  write("deep/good.json", item("other", "2022-01-02"));
  write("secret.json", item("secret", "2022-01-01"));
  write("private/lost.json", item("lost", "2022-01-01"));
  write("lost+found/lost.json", item("lost", "2022-01-01"));  // of the system: nobody expects to read it
  write("list_only/a.json", item("a", "2022-01-01"));
  write_raw(product + "/manifest.safe", "<a/>");
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(folder_ / "secret.json", fs::perms::none);
  fs::permissions(folder_ / "private", fs::perms::none);
  fs::permissions(folder_ / "lost+found", fs::perms::none);
  fs::permissions(folder_ / "list_only", fs::perms(0444));
  fs::permissions(folder_ / product, fs::perms::none);
  as_a_stranger([&] {
    const SourceListing listing = list();
    if (ids(listing) != std::vector<std::string>{"good", "other"}) return 1;
    const std::vector<std::string> expected{product, "list_only/a.json", "private", "secret.json"};
    if (listing.rejected.size() != expected.size()) return 2;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (listing.rejected[i].path != folder_ / expected[i]) return 3;
      if (listing.rejected[i].reason.find("cannot") == std::string::npos) return 4;
    }
    return 0;
  });
  as_a_stranger([&] {
    try {
      list("lost+found");
    } catch (const DataError& error) {
      return std::string(error.what()) == (folder_ / "lost+found") + ": cannot list: Permission denied" ? 0 : 1;
    }
    return 2;
  });
  for (const char* name : {"lost+found", "private", "list_only"}) fs::permissions(folder_ / name, fs::perms(0755));
  fs::permissions(folder_ / product, fs::perms(0755));
}

TEST_F(SceneSource, WhatIsNoSourceIsRefused) {
  EXPECT_THAT(message_of<DataError>([&] { list("nothing"); }), StartsWith((folder_ / "nothing") + ": cannot open"));
  EXPECT_THAT(message_of<DataError>([] { list_scenes("https://example.com/stac"); }),
              StartsWith("https://example.com/stac: remote"));
  write("other.json", json{{"type", "Topology"}});
  EXPECT_THAT(message_of<DataError>([&] { list("other.json"); }), HasSubstr("neither a STAC item"));
  write_raw("broken.json", "[");
  EXPECT_THAT(message_of<DataError>([&] { list("broken.json"); }), HasSubstr("not JSON"));
  write_raw("deep.json", std::string(100, '[') + std::string(100, ']'));
  EXPECT_THAT(message_of<DataError>([&] { list("deep.json"); }), HasSubstr("nested deeper"));
}

TEST_F(SceneSource, ItemsSayWhatTellsEditionsApart) {
  json full = item("full", "2020-03-02T10:27:29.771000Z");
  full["bbox"] = {8.09, 47.76, 120.0, 9.13, 48.75, 900.0};
  full["properties"].update(json::parse(R"({"created": "2022-11-06T07:28:48.946Z",
    "s2:generation_time": "2020-03-02T14:08:38.000000Z", "eo:cloud_cover": 12.5, "s2:nodata_pixel_percentage": 41.98,
    "s2:datatake_id": "GS2A_20200302T102021_024515_N02.14",
    "s2:datastrip_id": "S2A_OPER_MSI_L2A_DS_MPS__20200302T140838_S20200302T102554_N02.14"})"));
  write("full.json", full);
  const Scene scene = list().scenes.at(0).scene;
  EXPECT_EQ(scene.processed, parse_instant("2020-03-02T14:08:38Z"));
  EXPECT_EQ(scene.bbox, (DegreeBox{8.09, 47.76, 9.13, 48.75}));
  EXPECT_EQ(scene.cloud_cover, 12.5);
  EXPECT_EQ(scene.nodata, 41.98);
  EXPECT_EQ(scene.datatake, "GS2A_20200302T102021_024515");
  EXPECT_EQ(scene.datastrip_start, "20200302T102554");

  full["bbox"] = {8.09, 47.76, 9.13};
  full["properties"].update(json::parse(R"({"created": "2022-11-06", "s2:generation_time": "soon",
    "eo:cloud_cover": 101, "s2:nodata_pixel_percentage": null, "statistics": {"nodata": 3}, "s2:datatake_id": 7,
    "s2:datastrip_id": "_S2"})"));
  write("full.json", full);
  const Scene malformed = list().scenes.at(0).scene;
  EXPECT_EQ(malformed.processed, parse_instant("2022-11-06"));
  EXPECT_EQ(malformed.bbox, std::nullopt);
  EXPECT_EQ(malformed.cloud_cover, std::nullopt);
  EXPECT_EQ(malformed.nodata, 3);
  EXPECT_EQ(malformed.datatake, "");
  EXPECT_EQ(malformed.datastrip_start, "");
}

TEST(DegreeBoxes, OverlapAcrossTheAntimeridianToo) {
  EXPECT_TRUE(overlap({0, 0, 2, 2}, {1, 1, 3, 3}));
  EXPECT_FALSE(overlap({0, 0, 2, 2}, {3, 0, 4, 2}));
  EXPECT_FALSE(overlap({0, 0, 2, 2}, {0, 3, 2, 4}));
  const DegreeBox astride{179, -20, -179, -19};
  EXPECT_TRUE(overlap(astride, {-179.5, -20, -178, -19}));
  EXPECT_TRUE(overlap({178, -20, 179.5, -19}, astride));
  EXPECT_FALSE(overlap(astride, {0, -20, 1, -19}));
}

}  // namespace
}  // namespace pitwatch
