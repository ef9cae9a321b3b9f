// Hashes of vector files of one and of several members.

#include "pipeline/io/vector/vector_hash.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

/// What `sha256sum` of these files writes, hashed.
std::string sum_of(const test::TemporaryFolder& folder, const std::vector<std::string>& names) {
  std::string lines;
  for (const std::string& name : names) lines += sha256_file(folder / name) + "  " + name + "\n";
  return sha256_text(lines);
}

TEST(VectorHash, OfAShapefileIsOfAllItsMembers) {
  const test::TemporaryFolder folder;
  for (const char* const ending : {"shp", "shx", "dbf", "prj", "cpg", "qix"}) {
    test::write_text(folder / ("a." + std::string(ending)), ending);
  }
  const std::string whole = sha256_of_vector_file(folder / "a.shp");
  EXPECT_EQ(whole, sum_of(folder, {"a.shp", "a.shx", "a.dbf", "a.prj", "a.cpg"}));
  EXPECT_EQ(sha256_of_vector_file(folder / "a.dbf"), whole) << "opened by its table it is the same";
  for (const char* const ending : {"shp", "shx", "dbf", "prj", "cpg"}) {
    const std::string path = folder / ("a." + std::string(ending));
    test::write_text(path, "changed");
    EXPECT_NE(sha256_of_vector_file(folder / "a.shp"), whole) << ending;
    test::write_text(path, ending);
  }
  test::write_text(folder / "a.qix", "changed");
  EXPECT_EQ(sha256_of_vector_file(folder / "a.shp"), whole) << "an index is not read";
  std::filesystem::remove(folder / "a.cpg");
  EXPECT_EQ(sha256_of_vector_file(folder / "a.shp"), sum_of(folder, {"a.shp", "a.shx", "a.dbf", "a.prj"}));
}

TEST(VectorHash, EndingsMayBeInCapitals) {
  const test::TemporaryFolder folder;
  for (const char* const ending : {"SHP", "SHX", "DBF"}) {
    test::write_text(folder / ("A." + std::string(ending)), ending);
  }
  EXPECT_EQ(sha256_of_vector_file(folder / "A.SHP"), sum_of(folder, {"A.SHP", "A.SHX", "A.DBF"}));
}

TEST(VectorHash, OfAFileThatIsWholeInItselfIsThatOfItsBytes) {
  const test::TemporaryFolder folder;
  for (const char* const name : {"a.geojson", "a.gpkg", "a.fgb", "a.kml", "b.shp"}) {
    test::write_text(folder / name, name);
    EXPECT_EQ(sha256_of_vector_file(folder / name), sha256_text(name));
  }
  EXPECT_THROW(sha256_of_vector_file(folder / "nothing.shp"), DataError);
  EXPECT_THROW(sha256_of_vector_file(folder / "nothing.gpkg"), DataError);
}

TEST(VectorHash, OfAGeoPackageInUseIsOfItsLogToo) {
  const test::TemporaryFolder folder;
  test::write_text(folder / "a.gpkg", "base");
  test::write_text(folder / "a.gpkg-wal", "");
  EXPECT_EQ(sha256_of_vector_file(folder / "a.gpkg"), sha256_text("base")) << "nothing in it";
  test::write_text(folder / "a.gpkg-wal", "log");
  EXPECT_EQ(sha256_of_vector_file(folder / "a.gpkg"), sum_of(folder, {"a.gpkg", "a.gpkg-wal"}));
}

}  // namespace
}  // namespace pitwatch
