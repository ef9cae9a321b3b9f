#include "pipeline/webmap/map_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/webmap/site_files.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::read_text;
using test::TemporaryFolder;
using test::write_text;

TEST(MapFolder, IsMadeWhereItIsNotThere) {
  const TemporaryFolder folder;
  EXPECT_EQ(map_folder(folder / "a/b/map/", ""), fs::canonical(folder.path()).string() + "/a/b/map");
  EXPECT_TRUE(fs::is_directory(folder / "a/b"));
  EXPECT_FALSE(fs::exists(folder / "a/b/map"));
}

TEST(MapFolder, OtherThingsAreNotLost) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "map");
  EXPECT_NO_THROW(map_folder(folder / "map", "dossiers"));
  fs::create_directories(folder / "map/dossiers");
  EXPECT_NO_THROW(map_folder(folder / "map", "dossiers"));
  EXPECT_THROW(map_folder(folder / "map", ""), ConfigError);
  write_text(folder / "map/index.html", "<title>Somebody's page</title>");
  EXPECT_THROW(map_folder(folder / "map", "dossiers"), ConfigError);
  write_text(folder / "map/index.html", std::string(map_mark));
  EXPECT_NO_THROW(map_folder(folder / "map", "dossiers"));
  write_text(folder / "map/notes.txt", "mine");
  EXPECT_THROW(map_folder(folder / "map", "dossiers"), ConfigError);
  EXPECT_THROW(map_folder(folder / "map/notes.txt", ""), ConfigError);
  EXPECT_THROW(map_folder("/", ""), ConfigError);
}

TEST(MapFolder, ALinkLeadsToTheFolderThatIsReplaced) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "real");
  fs::create_directory_symlink(folder / "real", folder / "link");
  EXPECT_EQ(map_folder(folder / "link", ""), fs::canonical(folder / "real").string());
}

TEST(MapFolder, DossiersAreRelativeAndNoPartOfTheMap) {
  EXPECT_EQ(kept_part("dossiers"), "dossiers");
  EXPECT_EQ(kept_part("./dossiers/2023"), "dossiers");
  EXPECT_EQ(kept_part("../dossiers"), "");
  for (const char* const bad : {"/var/dossiers", ".", "", "data", "app/x", "a/.."})
    EXPECT_THROW(kept_part(bad), ConfigError);
}

TEST(MapFolder, WhatIsKeptComesAlong) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "map/dossiers/deep");
  write_text(folder / "map/dossiers/a.html", "a");
  write_text(folder / "map/dossiers/deep/b.html", "b");
  write_text(folder / "map/index.html", std::string(map_mark));
  AtomicFolder made(folder / "map");
  made.write("index.html", "new");
  keep(folder / "map", "dossiers", made);
  keep(folder / "map", "", made);
  keep(folder / "map", "none", made);
  made.commit();
  EXPECT_EQ(read_text(folder / "map/index.html"), "new");
  EXPECT_EQ(read_text(folder / "map/dossiers/a.html"), "a");
  EXPECT_EQ(read_text(folder / "map/dossiers/deep/b.html"), "b");
}

}  // namespace
}  // namespace pitwatch
