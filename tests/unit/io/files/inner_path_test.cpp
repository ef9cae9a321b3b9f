#include "pipeline/io/files/inner_path.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

TEST(PathInside, IsJudgedByWhereItLeads) {
  const test::TemporaryFolder outer;
  const fs::path folder = fs::path(outer.path()) / "product";
  fs::create_directories(folder / "data");
  test::write_text((folder / "data/band").string(), "");
  test::write_text(outer / "secret", "");
  fs::create_symlink("data/band", folder / "near");
  fs::create_symlink("../secret", folder / "far");
  fs::create_symlink("data", folder / "inner");
  fs::create_symlink("..", folder / "out");
  fs::create_symlink("../nothing", folder / "broken");
  const auto inside = [&](const std::string& name) -> std::optional<std::string> {
    const std::optional<std::string> path = path_inside(folder, name);
    if (!path) return std::nullopt;
    EXPECT_EQ(*path, (folder / name).string());
    return name;
  };
  for (const std::string name :
       {"data/band", "data", "near", "inner/band", "data/../data/band", "data/none", "none/at/all"}) {
    EXPECT_EQ(inside(name), name);
  }
  for (const std::string name :
       {"far", "out/secret", "../secret", "..", ".", "out/product/../secret", "data/../../secret", "out"}) {
    EXPECT_EQ(inside(name), std::nullopt) << name;
  }
}

TEST(PathInside, OfAFolderThatIsALinkItself) {
  const test::TemporaryFolder outer;
  fs::create_directories(fs::path(outer.path()) / "real");
  test::write_text(outer / "real/band", "");
  fs::create_symlink("real", outer / "link");
  EXPECT_EQ(path_inside(outer / "link", "band"), outer / "link/band");
}

}  // namespace
}  // namespace pitwatch
