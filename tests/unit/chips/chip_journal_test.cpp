// Changes of chips on their way into a state.

#include "pipeline/chips/chip_journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::read_text;
using test::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::vector<std::string> place{"pit"};

class ChipJournalTest : public ::testing::Test {
 protected:
  ChipJournal journal(std::size_t acquisitions) { return {folder_.path(), "pit", acquisitions, damaged_}; }
  void note(std::size_t acquisitions, const std::vector<ChipChange>& changes) {
    journal(acquisitions).note(changes, acquisitions);
  }
  /// What is published, as "path size" or "path gone".
  std::vector<std::string> publish() {
    const ChipPublication publication(folder_.path(), place);
    std::vector<std::string> lines;
    for (const PublishedChip& file : publication.files()) {
      lines.push_back(file.path + " " + (file.sha256.empty() ? "gone" : std::to_string(file.size)));
    }
    publication.apply();
    for (const PublishedChip& file : publication.files()) {
      EXPECT_EQ(file.sha256, fs::exists(at(file.path)) ? sha256_file(at(file.path)) : "") << file.path;
    }
    publication.apply();  // as a run that was killed before it had forgotten them
    publication.forget();
    return lines;
  }
  std::string at(const std::string& path) const { return folder_ / path; }
  std::string file_of(const char* number) const {
    return at(std::string("chips/.unpublished/pit/") + number + ".chips");
  }

  test::TemporaryFolder folder_;
  std::vector<std::string> damaged_;
};

TEST_F(ChipJournalTest, WhatIsNotedIsThereOnceItIsPublished) {
  note(24, {{"pit/PW-1/before.tif", 0, "before"}, {"pit/PW-1/observations.csv", 0, "a\nb\n"}});
  note(48, {{"pit/PW-1/observations.csv", 4, "c\n"}, {"pit/PW-2/before.tif", 0, "other"}});
  EXPECT_FALSE(fs::exists(at("chips/pit")));
  EXPECT_EQ(journal(48).pending().content("pit/PW-1/observations.csv"), "a\nb\nc\n");
  EXPECT_THAT(publish(), ElementsAre("chips/pit/PW-1/before.tif 6", "chips/pit/PW-1/observations.csv 6",
                                     "chips/pit/PW-2/before.tif 5"));
  EXPECT_EQ(read_text(at("chips/pit/PW-1/observations.csv")), "a\nb\nc\n");
  EXPECT_THAT(publish(), IsEmpty());
  EXPECT_EQ(test::read_text(at("chips/pit/PW-1/before.tif")), "before");
  EXPECT_THAT(damaged_, IsEmpty());
}

TEST_F(ChipJournalTest, LaterNightsGoOnFromWhatIsPublished) {
  note(24,
       {{"pit/PW-1/observations.csv", 0, "a\nb\n"}, {"pit/PW-1/seen_1.tif", 0, "1"}, {"pit/PW-1/seen_2.tif", 0, "2"}});
  publish();
  ChipJournal next = journal(24);
  EXPECT_EQ(next.pending().content("pit/PW-1/observations.csv"), "a\nb\n");
  next.note(std::vector<ChipChange>{{"pit/PW-1/observations.csv", 2, "B\n"}, {"pit/PW-1/seen_1.tif", 0, {}}}, 25);
  EXPECT_EQ(next.pending().content("pit/PW-1/observations.csv"), "a\nB\n");
  EXPECT_EQ(next.pending().content("pit/PW-1/seen_1.tif"), std::nullopt);
  EXPECT_EQ(next.pending().content("pit/PW-1/seen_2.tif"), "2");
  EXPECT_THAT(next.pending().names_in("pit/PW-1"), ElementsAre("observations.csv", "seen_2.tif"));
  EXPECT_TRUE(fs::exists(at("chips/pit/PW-1/seen_1.tif")));
  EXPECT_THAT(publish(), ElementsAre("chips/pit/PW-1/observations.csv 4", "chips/pit/PW-1/seen_1.tif gone"));
  EXPECT_FALSE(fs::exists(at("chips/pit/PW-1/seen_1.tif")));
}

TEST_F(ChipJournalTest, WhatWasNotedOfAcquisitionsThatNoCheckpointHoldsIsForgotten) {
  note(24, {{"pit/PW-1/observations.csv", 0, "a\n"}});
  note(48, {{"pit/PW-1/observations.csv", 2, "b\n"}});
  EXPECT_EQ(journal(47).pending().content("pit/PW-1/observations.csv"), "a\n");
  EXPECT_FALSE(fs::exists(file_of("000048")));
  EXPECT_TRUE(fs::exists(file_of("000024")));
  EXPECT_EQ(journal(23).pending().content("pit/PW-1/observations.csv"), std::nullopt);
  EXPECT_THAT(damaged_, IsEmpty());
}

TEST_F(ChipJournalTest, NothingToNoteLeavesNoFile) {
  note(24, {});
  EXPECT_FALSE(fs::exists(at("chips")));
  EXPECT_THAT(publish(), IsEmpty());
  EXPECT_FALSE(fs::exists(at("chips")));
}

TEST_F(ChipJournalTest, PlacesDoNotMeet) {
  ChipJournal({folder_.path(), "pit/pane-0-1", 24, damaged_})
      .note(std::vector<ChipChange>{{"pit/PW-9/before.tif", 0, "pane"}}, 24);
  note(24, {{"pit/PW-1/before.tif", 0, "whole"}});
  EXPECT_EQ(ChipPublication(folder_.path(), place).files().size(), 1U);
  const std::vector<std::string> both{"pit", "pit/pane-0-1"};
  EXPECT_EQ(ChipPublication(folder_.path(), both).files().size(), 2U);
  EXPECT_EQ(ChipPublication(folder_.path(), {}).files().size(), 0U);
}

TEST_F(ChipJournalTest, ADamagedOneIsNamedAndGoesWithWhatCameAfter) {
  note(24, {{"pit/PW-1/observations.csv", 0, "a\n"}});
  note(48, {{"pit/PW-1/observations.csv", 2, "b\n"}});
  note(72, {{"pit/PW-1/observations.csv", 4, "c\n"}});
  const std::string path = file_of("000048");
  std::string bytes = read_text(path);
  bytes[30] = static_cast<char>(bytes[30] ^ 1);
  write_text(path, bytes);
  EXPECT_THAT(message_of<DataError>([&] { ChipPublication(folder_.path(), place); }),
              StartsWith(path + ": is damaged"));
  EXPECT_EQ(journal(72).pending().content("pit/PW-1/observations.csv"), "a\n");
  EXPECT_THAT(damaged_, ElementsAre(StartsWith(path + ": is damaged")));
  EXPECT_THAT(publish(), ElementsAre("chips/pit/PW-1/observations.csv 2"));
}

/// Journals with the right hash that say what no run says.
TEST_F(ChipJournalTest, WhatNoRunWritesIsRefused) {
  const auto refusal = [&](const std::string& text) {
    fs::create_directories(at("chips/.unpublished/pit"));
    write_text(file_of("000001"), text + sha256_text(text));
    return message_of<DataError>([&] { ChipPublication(folder_.path(), place); });
  };
  const std::string head = "pitwatch chips 1\n";
  EXPECT_THAT(refusal("pitwatch chips 2\n\n"), HasSubstr("is no journal"));
  EXPECT_THAT(refusal(head), HasSubstr("a line has no end"));
  for (const char* const bad :
       {"../../x", "a/b", "a/b/c/d", "/a/b/c", "a//c", "a/b/.c", "a/../c", "a/b/", "a/b/c\\d", ""}) {
    EXPECT_THAT(refusal(head + "0 1 " + bad + "\n\nX"), HasSubstr("a line is no change of a chip")) << bad;
  }
  EXPECT_THAT(refusal(head + "0 x a/b/c\n\nX"), HasSubstr("a number is none"));
  EXPECT_THAT(refusal(head + "-1 1 a/b/c\n\nX"), HasSubstr("a number is none"));
  EXPECT_THAT(refusal(head + "0 1\n\nX"), HasSubstr("a line is no change of a chip"));
  EXPECT_THAT(refusal(head + "0 2 a/b/c\n\nX"), HasSubstr("longer or shorter"));
  EXPECT_THAT(refusal(head + "0 0 a/b/c\n\nX"), HasSubstr("longer or shorter"));
  EXPECT_THAT(refusal(head + "0 18446744073709551615 a/b/c\n0 2 a/b/d\n\nX"), HasSubstr("is longer than all of it"));
  write_text(file_of("000001"), "short");
  EXPECT_THROW(ChipPublication(folder_.path(), place), DataError);
}

TEST_F(ChipJournalTest, AFileThatCannotBeWrittenIsNamed) {
  note(24, {{"pit/PW-1/before.tif", 0, "before"}});
  fs::create_directories(at("chips/pit/PW-1/before.tif/in-the-way"));
  EXPECT_THAT(message_of<IoError>([&] { ChipPublication(folder_.path(), place).apply(); }),
              StartsWith(at("chips/pit/PW-1/before.tif") + ": "));
  EXPECT_TRUE(fs::exists(file_of("000024")));
}

}  // namespace
}  // namespace pitwatch
