// What an InputLog notes: that it is enough for the pixels that were read, and that a change of any of it is found.

#include <fcntl.h>
#include <gdal/gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/block_cache.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "pipeline/io/raster/input_log.hpp"
#include "pipeline/io/raster/jp2_writer.hpp"
#include "tests/unit/io/products/zip_support.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::read_text;
using test::TemporaryFolder;
using test::write_text;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

const Grid grid{"EPSG:32638", {600000, 4700000}, 10, 1300, 1100};

Plane<std::uint16_t> some_pixels() {
  Plane<std::uint16_t> plane(grid.width, grid.height);
  std::mt19937 random(3);
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      plane.at(x, y) = static_cast<std::uint16_t>(1000 + x + 2 * y + static_cast<int>(random() % 50));
    }
  }
  return plane;
}

void write_striped(const std::string& path) {
  initialise_gdal(16 << 20);
  Plane<std::uint16_t> pixels = some_pixels();
  const char* options[] = {"COMPRESS=LZW", "BLOCKYSIZE=8", nullptr};
  const GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), grid.width, grid.height, 1,
                                          GDT_UInt16, const_cast<char**>(options));
  double transform[] = {grid.origin.x, 10, 0, grid.origin.y, 0, -10};
  GDALSetGeoTransform(dataset, transform);
  GDALSetProjection(dataset, "EPSG:32638");
  ASSERT_EQ(GDALRasterIO(GDALGetRasterBand(dataset, 1), GF_Write, 0, 0, grid.width, grid.height, pixels.row(0),
                         grid.width, grid.height, GDT_UInt16, 0, 0),
            CE_None);
  GDALClose(dataset);
}

/// A kind of file: how it is written, and how its bytes are changed.
struct Kind {
  std::string name;
  std::string file;                                    // in the folder
  std::function<void(const std::string& path)> write;  // the raster
  bool in_zip = false;
  friend std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }
};

void write_cog(const std::string& path) { write_cog_u16(path, grid, some_pixels().view(), 0, {"", {}}); }
void write_tiled(const std::string& path) { write_geotiff_u16(path, grid, some_pixels().view(), 0); }
void write_jpeg2000(const std::string& path) {
  const Plane<std::uint16_t> pixels = some_pixels();
  write_jp2(path, grid, pixels.view());
}

class Example {
 public:
  explicit Example(const Kind& kind) : kind_(kind) {
    const std::string raster = folder_ / kind.file;
    kind.write(raster);
    bytes_ = read_text(raster);
    if (kind.in_zip) {
      fs::remove(raster);
      put(bytes_);
    }
  }
  std::string path() const {
    return kind_.in_zip ? "/vsizip/{" + (folder_ / "a.zip") + "}/in/" + kind_.file : folder_ / kind_.file;
  }
  const std::string& bytes() const { return bytes_; }
  std::string folder() const { return folder_.path(); }

  /// Other bytes of the raster; written at another second than any before, which GDAL tells archives apart by.
  void put(const std::string& bytes) {
    const std::string file = kind_.in_zip ? folder_ / "a.zip" : folder_ / kind_.file;
    write_text(file, kind_.in_zip ? test::zip_of({{"in/other", "other", {}}, {"in/" + kind_.file, bytes, {}}}) : bytes);
    const timespec times[] = {{0, UTIME_OMIT}, {second_++, 0}};
    ::utimensat(AT_FDCWD, file.c_str(), times, 0);
  }

 private:
  const Kind& kind_;
  TemporaryFolder folder_;
  std::string bytes_;
  time_t second_ = 1'600'000'000;
};

/// A block and two windows, the second by way of many blocks.
std::vector<std::uint16_t> read_some(const BandFile& file) {
  std::vector<std::uint16_t> all;
  const auto take = [&](const Window& window) {
    Plane<std::uint16_t> pixels(window.width, window.height);
    file.read_window(window, pixels.view());
    for (int y = 0; y < window.height; ++y) all.insert(all.end(), pixels.row(y), pixels.row(y) + window.width);
  };
  Plane<std::uint16_t> block(file.block_width(), file.block_height());
  const BlockSize size = file.read_block(0, file.blocks_down() / 2, block.view());
  for (int y = 0; y < size.height; ++y) all.insert(all.end(), block.row(y), block.row(y) + size.width);
  take({700, 130, 40, 30});
  take({1150, 20, 100, 60});
  return all;
}

bool is_in(const std::vector<ByteRange>& ranges, std::size_t place) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const ByteRange& range) { return place >= range.offset && place < range.end(); });
}

/// The bytes with all that was not read turned round.
std::string spoilt(std::string bytes, const std::vector<ByteRange>& ranges) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!is_in(ranges, i)) bytes[i] = static_cast<char>(~bytes[i]);
  }
  return bytes;
}

class InputLogOf : public ::testing::TestWithParam<Kind> {};

TEST_P(InputLogOf, WhatIsNotedIsEnoughForThePixels) {
  Example example(GetParam());
  const std::vector<std::uint16_t> unnoted = read_some(BandFile(example.path()));
  const BandFile opened_before(example.path());
  for (const bool is_new : {true, false}) {
    const InputLog log;
    const std::vector<std::uint16_t> pixels = is_new ? read_some(BandFile(example.path())) : read_some(opened_before);
    EXPECT_EQ(pixels, unnoted);
    const std::vector<InputFile> files = log.files();
    ASSERT_THAT(files, SizeIs(1)) << is_new;
    EXPECT_EQ(files[0].path, example.path());
    EXPECT_EQ(files[0].size, example.bytes().size());
    EXPECT_EQ(files[0].error, "");
    std::string was_read;
    for (const ByteRange& range : files[0].ranges) was_read += example.bytes().substr(range.offset, range.bytes);
    EXPECT_EQ(files[0].sha256, sha256_text(was_read));
    example.put(spoilt(example.bytes(), files[0].ranges));
    EXPECT_EQ(recheck(files[0]), std::nullopt);
    EXPECT_EQ(read_some(BandFile(example.path())), unnoted) << is_new;
    example.put(example.bytes());
  }
}

TEST_P(InputLogOf, AChangeOfAnyByteThatWasReadIsFoundAndOfNoOther) {
  Example example(GetParam());
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<InputFile> files = [&] {
    const InputLog log;
    read_some(BandFile(example.path()));
    return log.files();
  }();
  ASSERT_THAT(files, SizeIs(1));
  const InputFile again = parse_input_file(input_file_json(files[0]));
  EXPECT_EQ(again, files[0]);
  std::vector<std::size_t> places{0, example.bytes().size() - 1};
  for (const ByteRange& range : files[0].ranges) {
    for (const std::size_t place : {range.offset - 1, range.offset, range.end() - 1, range.end()}) {
      if (place < example.bytes().size()) places.push_back(place);
    }
  }
  std::shuffle(places.begin(), places.end(), random);
  places.resize(std::min<std::size_t>(places.size(), 20));
  for (int i = 0; i < 20; ++i) places.push_back(random() % example.bytes().size());
  for (const std::size_t place : places) {
    std::string bytes = example.bytes();
    bytes[place] = static_cast<char>(bytes[place] ^ (1 << random() % 8));
    example.put(bytes);
    EXPECT_EQ(recheck(again).has_value(), is_in(again.ranges, place)) << "byte " << place;
  }
  example.put(example.bytes());
  EXPECT_EQ(recheck(again), std::nullopt);
  example.put(example.bytes() + "x");
  EXPECT_THAT(recheck(again).value_or(""), StartsWith("has another size: "));
  fs::remove_all(example.folder());
  EXPECT_EQ(recheck(again), "is gone");
}

TEST_P(InputLogOf, ThreadsNoteWhatOneDoes) {
  const Example example(GetParam());
  const auto noted = [&](int threads) {
    const InputLog log;
    const BandFile file(example.path());
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i) all.emplace_back([&] { read_some(file); });
    for (std::thread& thread : all) thread.join();
    return log.files();
  };
  EXPECT_EQ(noted(1), noted(4));
}

const std::vector<Kind> kinds{{"Cog", "a.tif", write_cog},
                              {"Tiled", "a.tif", write_tiled},
                              {"Striped", "a.tif", write_striped},
                              {"Jpeg2000", "a.jp2", write_jpeg2000},
                              {"ZippedJpeg2000", "a.jp2", write_jpeg2000, true},
                              {"ZippedCog", "a.tif", write_cog, true}};
INSTANTIATE_TEST_SUITE_P(Kinds, InputLogOf, ::testing::ValuesIn(kinds),
                         [](const auto& kind) { return kind.param.name; });

TEST(InputLog, NotesNoMoreThanIsRead) {
  const Example example(kinds[1]);
  const InputLog log;
  const BandFile file(example.path());
  Plane<std::uint16_t> block(256, 256);
  file.read_block(2, 2, block.view());
  const std::vector<InputFile> files = log.files();
  ASSERT_THAT(files, SizeIs(1));
  std::uint64_t bytes = 0;
  for (const ByteRange& range : files[0].ranges) bytes += range.bytes;
  EXPECT_LT(bytes, example.bytes().size() / 10);
  EXPECT_FALSE(files[0].is_whole());
}

TEST(InputLog, ThereIsOneAtATime) {
  {
    const InputLog log;
    EXPECT_THROW(InputLog(), std::logic_error);
    EXPECT_THAT(log.files(), IsEmpty());
  }
  const InputLog another;
}

TEST(InputLog, NotesAgainForAnother) {
  const Example example(kinds[0]);
  const BandFile file(example.path());
  std::vector<std::vector<InputFile>> noted;
  for (int i = 0; i < 2; ++i) {
    const InputLog log;
    read_some(file);
    noted.push_back(log.files());
    read_some(file);
    EXPECT_EQ(log.files(), noted.back());
  }
  EXPECT_EQ(noted[0], noted[1]);
  read_some(file);  // the log is gone
}

TEST(InputLog, BlocksThatACacheKeepsAreNotReadAgain) {
  const Example example(kinds[1]);
  BlockCache cache(64 << 20);
  const BandFile file(example.path());
  Plane<std::uint16_t> pixels(200, 200);
  const InputLog log;
  cache.read_window(file, {100, 100, 200, 200}, pixels.view());
  const std::vector<InputFile> once = log.files();
  ASSERT_THAT(once, SizeIs(1));
  EXPECT_EQ(once[0].path, example.path());
  const std::int64_t bytes = cache.bytes();
  cache.read_window(BandFile(example.path()), {100, 100, 200, 200}, pixels.view());
  EXPECT_EQ(cache.bytes(), bytes);
}

TEST(InputLog, FilesBesideARasterAreNotedWhereTheyAreRead) {
  const Example example(kinds[1]);
  const std::string overview = example.path() + ".ovr";
  fs::copy_file(example.path(), overview);
  write_text(example.path() + ".aux.xml", "<PAMDataset><Metadata><MDI key=\"a\">b</MDI></Metadata></PAMDataset>");
  const InputLog log;
  const std::vector<std::uint16_t> noted = [&] {
    const BandFile file(example.path());
    return read_some(file);
  }();
  std::vector<std::string> paths;
  for (const InputFile& file : log.files()) {
    EXPECT_EQ(file.error, "") << file.path;
    paths.push_back(file.path);
  }
  // GDAL is told that nothing lies beside a file: see register_drivers().
  EXPECT_EQ(paths, std::vector{example.path()});
}

TEST(InputLog, ErrorsNameTheFileItself) {
  Example example(kinds[3]);
  const InputLog log;
  const auto failure = [&] { return message_of<DataError>([&] { read_some(BandFile(example.path())); }); };
  const std::string whole = example.bytes();
  example.put(whole.substr(0, whole.size() / 3));
  EXPECT_THAT(failure(), StartsWith(example.path() + ": "));
  EXPECT_THAT(failure(), Not(HasSubstr("noted")));
  example.put("nothing of the kind");
  EXPECT_THAT(failure(), Not(HasSubstr("noted")));
  fs::remove_all(example.folder());
  EXPECT_THAT(failure(), HasSubstr("No such file"));
  EXPECT_THAT(failure(), Not(HasSubstr("noted")));
}

TEST(InputLog, AFileThatVanishesAfterAHandleWasOpenedIsNamed) {
  const Example example(kinds[2]);
  const BandFile file(example.path());
  fs::remove_all(example.folder());
  const InputLog log;
  const std::string message = message_of<DataError>([&] { read_some(file); });
  EXPECT_THAT(message, StartsWith(example.path() + ": "));
  EXPECT_THAT(message, Not(HasSubstr("noted")));
}

TEST(InputLog, AFileThatIsAnotherBeforeItIsHashedHasAnErrorInPlaceOfAHash) {
  for (const Kind& kind : kinds) {
    Example example(kind);
    const InputLog log;
    read_some(BandFile(example.path()));
    example.put(example.bytes());
    std::vector<InputFile> files = log.files();
    ASSERT_THAT(files, SizeIs(1));
    EXPECT_EQ(files[0].sha256, "");
    EXPECT_EQ(files[0].error, "has changed since it was read");
    EXPECT_THAT(recheck(files[0]).value_or(""), HasSubstr("has no hash"));
    EXPECT_EQ(parse_input_file(input_file_json(files[0])), files[0]);
    read_some(BandFile(example.path()));
    EXPECT_EQ(log.files().at(0).error, "has changed while it was read");
  }
  const Example example(kinds[0]);
  const InputLog log;
  read_some(BandFile(example.path()));
  fs::remove_all(example.folder());
  EXPECT_EQ(log.files().at(0).error, "is gone");
}

TEST(InputFileJson, IsCompactAndShowsNoSecrets) {
  InputFile file{"a/b.tif", 40, {{0, 8}, {12, 4}}, std::string(64, 'a'), false, ""};
  EXPECT_EQ(input_file_json(file),
            R"({"path":"a/b.tif","size":40,"read":[[0,8],[12,4]],"sha256":")" + std::string(64, 'a') + "\"}");
  file.ranges = {{0, 40}};
  EXPECT_EQ(input_file_json(file),
            R"({"path":"a/b.tif","size":40,"read":"all","sha256":")" + std::string(64, 'a') + "\"}");
  EXPECT_EQ(parse_input_file(input_file_json(file)), file);
  const InputFile remote{"/vsipitwatch/https://example.org/a.tif?sig=secret", 40, {{0, 8}}, "", true, ""};
  EXPECT_THAT(input_file_json(remote), Not(HasSubstr("secret")));
  EXPECT_THAT(input_file_json(remote), HasSubstr(R"("remote":true)"));
  file.path = "not UTF-8: \xFF %";
  EXPECT_EQ(parse_input_file(input_file_json(file)), file);
}

TEST(InputFileJson, RefusesWhatIsNone) {
  const std::string hash = R"("sha256":")" + std::string(64, 'a') + "\"";
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), R"({"size":4,"read":"all",)" + hash + "}",
        R"({"path":"a","size":-4,"read":"all",)" + hash + "}", R"({"path":"a","size":4,"read":"some",)" + hash + "}",
        R"({"path":"a","size":4,"read":[[0,5]],)" + hash + "}",
        R"({"path":"a","size":4,"read":[[0,2],[2,2]],)" + hash + "}",
        R"({"path":"a","size":4,"read":[[2,1],[0,1]],)" + hash + "}",
        R"({"path":"a","size":4,"read":[[0,0]],)" + hash + "}", R"({"path":"a","size":4,"read":[[0,-1]],)" + hash + "}",
        R"({"path":"a","size":4,"read":[[0]],)" + hash + "}",
        R"({"path":"a","size":4,"read":[[1,18446744073709551615]],)" + hash + "}",
        std::string(R"({"path":"a","size":4,"read":"all","sha256":"abc"})"),
        R"({"path":1,"size":4,"read":"all",)" + hash + "}"}) {
    EXPECT_THROW(parse_input_file(text), DataError) << text;
  }
}

}  // namespace
}  // namespace pitwatch
