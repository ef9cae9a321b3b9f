// The files of a product in folders and archives, and what no product has: names that lead out, bombs, links.

#include "pipeline/io/products/product_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "tests/unit/io/products/zip_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TemporaryFolder;
using test::write_text;
using test::zip_of;
using test::ZipMember;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(InnerPath, OnlyNamesOfFilesBelowAreTaken) {
  for (const char* name : {"a", "a/b.jp2", "GRANULE/L2A_T38TPK/IMG_DATA/R10m/x_B02_10m", "..a", "a..b", ".hidden"}) {
    EXPECT_NO_THROW(check_inner_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("/etc/passwd"), std::string("../a"), std::string("a/../../b"), std::string("a/.."),
        std::string("."), std::string("a//b"), std::string("a/"), std::string("a\\b"), std::string("c:/a"),
        std::string("/vsicurl/http://x"), std::string("vsimem/x"), std::string("a\0b", 3), std::string("a\nb"),
        std::string("a\x1b[2J")}) {
    EXPECT_THROW(check_inner_name(name), DataError) << name;
    const bool is_for_colon = name == "c:/a";
    if (!is_for_colon) {
      EXPECT_THROW(check_name_in_folder(name), DataError) << name;
    }
  }
  EXPECT_NO_THROW(check_name_in_folder("2021-06-10-00:00_B04.tiff"));
}

TEST(ProductFiles, OfAFolderAndBelowIt) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "G/one");
  write_text(folder / "top.xml", "<a/>");
  write_text(folder / "G/one/in.xml", "<b/>");
  write_text(folder / "G-", "");
  const ProductFiles files = ProductFiles::of_folder(folder.path());
  EXPECT_THAT(files.names(), ElementsAre("G-", "G/one/in.xml", "top.xml"));
  EXPECT_EQ(files.read("top.xml"), "<a/>");
  EXPECT_EQ(files.gdal_path("top.xml"), folder / "top.xml");
  const ProductFiles below = files.below("G");
  EXPECT_THAT(below.names(), ElementsAre("one/in.xml"));
  EXPECT_EQ(below.read("one/in.xml"), "<b/>");
}

TEST(ProductFiles, LinksOutOfAFolderAreRefused) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "product/sub");
  write_text(folder / "outside", "secret");
  write_text(folder / "product/a", "a");
  fs::create_symlink("../a", folder / "product/sub/inside");
  EXPECT_EQ(ProductFiles::of_folder(folder / "product").read("sub/inside"), "a");
  fs::create_symlink("../../outside", folder / "product/sub/link");
  EXPECT_THAT(message_of<DataError>([&] { ProductFiles::of_folder(folder / "product"); }), HasSubstr("sub/link"));
  fs::remove(folder / "product/sub/link");
  fs::create_symlink("/", folder / "product/root");
  EXPECT_THAT(message_of<DataError>([&] { ProductFiles::of_folder(folder / "product"); }), HasSubstr("'root'"));
}

class Archives : public ::testing::Test {
 protected:
  ProductFiles open(const std::string& bytes) const {
    write_text(folder_ / "a.zip", bytes);
    return ProductFiles::of_zip(folder_ / "a.zip");
  }
  std::string refusal(const std::vector<ZipMember>& members) const {
    return message_of<DataError>([&] { open(zip_of(members)); });
  }
  TemporaryFolder folder_;
};

TEST_F(Archives, AreReadInPlace) {
  const ProductFiles files =
      open(zip_of({{"P.SAFE/", "", {}}, {"P.SAFE/m.xml", "<a/>", {}}, {"P.SAFE/b/x", "123", {}}}));
  EXPECT_THAT(files.names(), ElementsAre("P.SAFE/b/x", "P.SAFE/m.xml"));
  EXPECT_EQ(files.read("P.SAFE/m.xml"), "<a/>");
  EXPECT_EQ(sha256_file(files.below("P.SAFE").gdal_path("b/x")), sha256_text("123"));
  EXPECT_THAT(message_of<DataError>([&] { sha256_file(files.gdal_path("none")); }), HasSubstr("cannot open"));
}

TEST_F(Archives, FingerprintFollowsTheirContents) {
  const std::string first = open(zip_of({{"a", "1", {}}})).archive_fingerprint();
  EXPECT_EQ(open(zip_of({{"a", "1", {}}})).archive_fingerprint(), first);
  EXPECT_NE(open(zip_of({{"a", "2", {}}})).archive_fingerprint(), first);
  EXPECT_NE(open(zip_of({{"b", "1", {}}})).archive_fingerprint(), first);
}

TEST_F(Archives, WhatNoProductHasIsRefused) {
  EXPECT_THAT(refusal({{"../a", "", {}}}), HasSubstr("leaves its folder"));
  EXPECT_THAT(refusal({{"/etc/a", "", {}}}), HasSubstr("absolute"));
  EXPECT_THAT(refusal({{"a\\..\\b", "", {}}}), HasSubstr("character"));
  EXPECT_THAT(refusal({{std::string("a\0b", 3), "", {}}}), HasSubstr("character"));
  EXPECT_THAT(refusal({{std::string(2000, 'a'), "", {}}}), HasSubstr("too long"));
  EXPECT_THAT(refusal({{"a", "1", {}}, {"a", "2", {}}}), HasSubstr("'a' twice"));
  EXPECT_THAT(refusal({{"a", std::string(3 << 20, 'x'), 0x80000001U}}), HasSubstr("2 GiB"));
  EXPECT_THAT(refusal({{"a", std::string(1000, 'x'), 1'001'001}}), HasSubstr("1000 times"));
  EXPECT_THAT(refusal({{"a", "", 1'000'000}}), HasSubstr("1000 times"));
  std::vector<ZipMember> crowd;
  for (int i = 0; i < 10'001; ++i) crowd.push_back({"f" + std::to_string(i), "", {}});
  EXPECT_THAT(refusal(crowd), HasSubstr("more than 10000 files"));
  std::vector<ZipMember> large;
  for (int i = 0; i < 9; ++i) large.push_back({"f" + std::to_string(i), std::string(2'200'000, 'x'), 0x7FFFFFFFU});
  EXPECT_THAT(refusal(large), HasSubstr("16 GiB"));
}

TEST_F(Archives, WhatIsNoWholeArchiveIsRefused) {
  const std::string whole = zip_of({{"a", std::string(1000, 'x'), {}}});
  for (const std::string& bytes : {std::string(), std::string("PK"), whole.substr(0, 900), whole.substr(0, 1050)}) {
    EXPECT_THAT(message_of<DataError>([&] { open(bytes); }), HasSubstr("zip archive")) << bytes.size();
  }
  // Its directory claims more than its data hold.
  const ProductFiles files = open(zip_of({{"a", "12", 2000}}));
  EXPECT_THAT(message_of<DataError>([&] { files.read("a"); }), HasSubstr("a: is not as the directory"));
}

TEST_F(Archives, OneThatIsNotAsItsDirectorySaysIsNotLeftOpen) {
  const std::string whole = zip_of({{"b/a", "12", {}}, {"b/c", "34", {}}});
  constexpr std::size_t name_length = 26;                    // in the header before the member
  const std::size_t method = whole.find("PK\x01\x02") + 10;  // in the directory
  for (const auto& [at, why] :
       {std::pair<std::size_t, const char*>{0, "b/a: is not as the directory"},
        {name_length, "b/a: is not as the directory"},
        {method, "b/a: is packed in the zip archive by method 9, neither stored nor deflated"}}) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 9);
    const ProductFiles files = open(bytes);
    const auto open_files = [] {
      return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
    };
    const auto before = open_files();
    EXPECT_THAT(message_of<DataError>([&] { files.read("b/a"); }), HasSubstr(why)) << at;
    EXPECT_THROW(static_cast<void>(files.below("b").gdal_path("a")), DataError);
    EXPECT_EQ(files.read("b/c"), "34");
    EXPECT_EQ(open_files(), before);
  }
}

}  // namespace
}  // namespace pitwatch
