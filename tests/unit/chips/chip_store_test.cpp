// Chips in files: what was written comes back, and what may lie there instead is refused by name.

#include "pipeline/chips/chip_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/raster/raster_stack.hpp"
#include "tests/unit/chips/chip_examples.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::even_chip;
using test::message_of;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* alert = "PW-0123456789ab";

TEST(ChipStore, AChipComesBackAsItWas) {
  const test::TemporaryFolder state;
  Chip chip = even_chip(ChipRole::detected, "2021-06-10T07:44:58.024Z");
  chip.bands[0].at(3, 4) = 0;
  chip.bands[5].at(47, 49) = 65535;
  chip.mask.at(3, 4) = mask_nodata | mask_terrain_shadow;
  write_chip(state.path(), "north-pit", chip);
  const std::string path = state / "chips/north-pit/PW-0123456789ab/detected.tif";
  const Chip read = read_chip(path);
  EXPECT_EQ(read.alert_id, chip.alert_id);
  EXPECT_EQ(read.role, ChipRole::detected);
  EXPECT_EQ(read.acquisition, "S2A_2021-06-10");
  EXPECT_EQ(read.acquired, chip.acquired);
  EXPECT_EQ(read.grid, chip.grid);
  for (int y = 0; y < 50; ++y) {
    for (int x = 0; x < 48; ++x) {
      for (std::size_t band = 0; band < 6; ++band) ASSERT_EQ(read.bands[band].at(x, y), chip.bands[band].at(x, y));
      ASSERT_EQ(read.mask.at(x, y), chip.mask.at(x, y));
    }
  }
}

TEST(ChipStore, FilesTellReflectanceToGisPrograms) {
  const test::TemporaryFolder state;
  write_chip(state.path(), "s", even_chip(ChipRole::before, "2021-06-10"));
  const StackHead head = read_stack_head(state / "chips/s/PW-0123456789ab/before.tif", {1 << 20, 256, 7});
  EXPECT_EQ(head.scales[3], std::pair(1e-4, -0.3001));
  EXPECT_EQ(head.scales[6], std::pair(1.0, 0.0));
  EXPECT_THAT(head.items.at("PITWATCH_MASK_BITS"), StartsWith("1 nodata, 2 saturated, 4 cloud"));
  EXPECT_FLOAT_EQ(chip_reflectance(4001), 0.1F);
  EXPECT_TRUE(chip_reflectance(0) != chip_reflectance(0));
}

TEST(ChipStore, ListsInOrderOfTime) {
  const test::TemporaryFolder state;
  const auto write = [&](ChipRole role, const std::string& acquired) {
    write_chip(state.path(), "s", even_chip(role, acquired));
  };
  write(ChipRole::seen, "2021-07-01T07:00:00Z");
  write(ChipRole::confirmed, "2021-06-20T07:00:00Z");
  write(ChipRole::seen, "2021-06-20T07:00:00Z");
  write(ChipRole::seen, "2021-06-15T07:00:00.5Z");
  write(ChipRole::detected, "2021-06-10T07:00:00Z");
  write(ChipRole::before, "2021-06-05T07:00:00Z");
  test::write_text(state / "chips/s/PW-0123456789ab/observations.csv", "");
  test::write_text(state / "chips/s/PW-0123456789ab/seen_yesterday.tif", "");
  test::write_text(state / "chips/s/PW-0123456789ab/seen_20210601.tif", "");
  test::write_text(state / "chips/s/PW-0123456789ab/.seen_20210601T000000Z.tif", "");
  std::vector<std::string> names;
  for (const KeptChip& chip : kept_chips(state.path(), "s", alert)) {
    names.push_back(std::filesystem::path(chip.path).filename().string() + " " + format_instant(chip.acquired) + " " +
                    chip.acquisition);
  }
  EXPECT_THAT(names, ElementsAre("before.tif 2021-06-05T07:00:00Z ",                                       //
                                 "detected.tif 2021-06-10T07:00:00Z S2A_2021-06-10",                       //
                                 "seen_20210615T070000.500Z.tif 2021-06-15T07:00:00.500Z S2A_2021-06-15",  //
                                 "confirmed.tif 2021-06-20T07:00:00Z S2A_2021-06-20",                      //
                                 "seen_20210620T070000Z.tif 2021-06-20T07:00:00Z S2A_2021-06-20",          //
                                 "seen_20210701T070000Z.tif 2021-07-01T07:00:00Z S2A_2021-07-01"));
}

TEST(ChipStore, WhatIsNotThereIsNoError) {
  const test::TemporaryFolder state;
  EXPECT_TRUE(kept_chips(state.path(), "s", alert).empty());
  EXPECT_TRUE(kept_chips(state / "none", "s", alert).empty());
  std::filesystem::create_directories(state / "chips/s");
  test::write_text(state / "chips/s/PW-0123456789ab", "a file");
  EXPECT_TRUE(kept_chips(state.path(), "s", alert).empty());
}

TEST(ChipStore, WhatIsMissingByTheRecordIsNamed) {
  const test::TemporaryFolder state;
  const std::string folder = "chips/s/PW-0123456789ab/";
  const auto due = [&](const std::vector<std::string>& names) {
    std::map<std::string, std::string> files{{"chips/s/PW-0123456789a/before.tif", "b"},
                                             {"chips/s/PW-0123456789abc/before.tif", "b"}};
    for (const std::string& name : names) files[folder + name] = "b";
    return files;
  };
  const auto missing = [&](const std::vector<std::string>& names) {
    return missing_text(state / "chips/s/PW-0123456789ab", alert_chips(state.path(), "s", alert, due(names)));
  };
  EXPECT_EQ(missing({}), "");
  EXPECT_EQ(missing({"before.tif", "observations.csv"}),
            state / "chips/s/PW-0123456789ab: missing, and named by the record: before.tif, observations.csv");
  write_chip(state.path(), "s", even_chip(ChipRole::before, "2021-06-10"));
  EXPECT_EQ(missing({"before.tif"}), "");
  EXPECT_THAT(missing({"1.tif", "2.tif", "3.tif", "4.tif", "5.tif", "before.tif"}),
              EndsWith("record: 1.tif, 2.tif, 3.tif and 2 more"));
  EXPECT_EQ(alert_chips(state.path(), "s", alert, due({"1.tif"})).chips.size(), 1U);
  std::filesystem::remove_all(state / folder);
  test::write_text(state / "chips/s/PW-0123456789ab", "a file");
  EXPECT_THAT(missing({"before.tif"}), HasSubstr("PW-0123456789ab: cannot be read: "));
}

TEST(ChipStore, ADamagedChipIsListedAndRefusedByName) {
  const test::TemporaryFolder state;
  write_chip(state.path(), "s", even_chip(ChipRole::seen, "2021-06-10"));
  const std::string path = state / "chips/s/PW-0123456789ab/seen_20210610T000000Z.tif";
  test::write_text(path, "II*");
  const std::vector<KeptChip> chips = kept_chips(state.path(), "s", alert);
  ASSERT_EQ(chips.size(), 1U);
  EXPECT_EQ(chips[0].path, path);
  EXPECT_EQ(chips[0].acquired, parse_instant("2021-06-10"));
  EXPECT_EQ(chips[0].acquisition, "");
  EXPECT_THAT(message_of<DataError>([&] { read_chip(path); }), StartsWith(path + ": is no GeoTIFF"));
  EXPECT_THAT(message_of<DataError>([&] { read_chip(state / "chips/none.tif"); }),
              StartsWith(state / "chips/none.tif: "));
}

TEST(ChipStore, IdsDoNotLeadElsewhereAndNoTwoHaveOneFolder) {
  EXPECT_EQ(chip_folder_name("PW-54_b"), "PW-54_b");
  EXPECT_EQ(chips_folder("S", "north-pit", "PW-5"), "S/chips/north-pit/PW-5");
  const std::string longest(100, 'a');
  EXPECT_EQ(chip_folder_name(longest), longest);
  std::set<std::string> names;
  for (const std::string& id : {std::string("../x"), std::string(".."), std::string("__"), std::string("a/b"),
                                std::string("a\\b"), std::string("a_b"), std::string(), std::string(".hidden"),
                                std::string("a\0b", 3), longest + "a", longest + "b", std::string("Грунт")}) {
    const std::string name = chip_folder_name(id);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_of("/\\"), std::string::npos) << name;
    EXPECT_NE(name, "..");
    EXPECT_FALSE(name.empty());
    EXPECT_LE(name.size(), 120U);
  }
}

/// What of a file is another than it should be, to what, and how it is refused.
struct Oddity {
  std::string what;
  std::string value;
  std::string reason;
};

TEST(ChipStore, FilesOfTheRightFormAndOtherWordsAreRefusedByName) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "chip.tif";
  const auto write = [&](const Oddity& odd) {
    std::vector<std::pair<std::string, std::string>> items{{"PITWATCH_ALERT", "PW-5"},
                                                           {"PITWATCH_ROLE", "seen"},
                                                           {"PITWATCH_ACQUISITION", "S2A"},
                                                           {"PITWATCH_ACQUIRED", "2021-06-10T00:00:00Z"}};
    for (auto& [key, value] : items) {
      if (key == odd.what) value = odd.value;
    }
    Plane<std::uint16_t> plane(4, 4);
    for (int y = 0; y < 4; ++y)
      std::fill_n(plane.row(y), 4, odd.what == "mask" ? std::uint16_t{128} : std::uint16_t{127});
    const double scale = odd.what == "scale" ? 1e-3 : chip_scale;
    const double offset = odd.what == "offset" ? -0.3 : chip_offset;
    const std::vector<StackBand> bands(7, {"B", scale, offset, std::as_const(plane).view()});
    test::write_text(path, geotiff_of_stack({"EPSG:32638", {0, 0}, 10, 4, 4}, bands, 0, items));
  };
  write({});
  EXPECT_EQ(read_chip(path).alert_id, "PW-5");
  for (const Oddity& odd :
       std::vector<Oddity>{{"PITWATCH_ALERT", "", "PITWATCH_ALERT is not there"},
                           {"PITWATCH_ALERT", std::string(1001, 'x'), "PITWATCH_ALERT is not there"},
                           {"PITWATCH_ROLE", "after\u202e", "its role is 'after\\u202e'"},
                           {"PITWATCH_ACQUIRED", "yesterday", "yesterday"},
                           {"PITWATCH_ACQUIRED", "", "PITWATCH_ACQUIRED is not there"},
                           {"scale", "", "its scales are others"},
                           {"offset", "", "its scales are others"},
                           {"mask", "", "its mask has bits that are not known"}}) {
    write(odd);
    const std::string message = message_of<DataError>([&] { read_chip(path); });
    EXPECT_THAT(message, StartsWith(path + ": "));
    EXPECT_THAT(message, HasSubstr(odd.reason)) << odd.what;
  }
}

TEST(ChipStore, RefusesToWriteWhatIsNoChip) {
  EXPECT_NO_THROW(chip_file(even_chip(ChipRole::seen, "2021-06-10", 256, 256)));
  EXPECT_THROW(chip_file(even_chip(ChipRole::seen, "2021-06-10", 257, 256)), DataError);
  EXPECT_THROW(chip_file(even_chip(ChipRole::seen, "2021-06-10", 256, 257)), DataError);
  Chip chip = even_chip(ChipRole::seen, "2021-06-10");
  chip.mask.reshape(48, 49);
  EXPECT_THROW(chip_file(chip), DataError);
  chip = even_chip(ChipRole::seen, "2021-06-10");
  chip.bands[4].reshape(47, 50);
  const test::TemporaryFolder state;
  EXPECT_THAT(message_of<DataError>([&] { write_chip(state.path(), "s", chip); }), StartsWith(state.path()));
}

}  // namespace
}  // namespace pitwatch
