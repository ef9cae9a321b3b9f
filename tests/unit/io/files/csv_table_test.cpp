#include "pipeline/io/files/csv_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::HasSubstr;

class CsvTable : public ::testing::Test {
 protected:
  std::vector<CsvRow> read(const std::string& text) const {
    test::write_text(path_, text);
    return read_csv(path_, {"map", "reference"});
  }
  std::string refusal(const std::string& text) const {
    return message_of<DataError>([&] { read(text); });
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "table.csv";
};

TEST_F(CsvTable, ReadsWhatSpreadsheetsWrite) {
  const auto rows = read(
      "\xEF\xBB\xBFreference, note ,map\r\npit,\"a, \"\"b\"\"\nand more\",forest\r\n\r\n dump ,,  \"x y\" "
      "\r\nlast,1,2");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].cells.at("map"), "forest");
  EXPECT_EQ(rows[0].cells.at("note"), "a, \"b\"\nand more");
  EXPECT_EQ(rows[0].line, 2U);
  EXPECT_EQ(rows[1].cells.at("reference"), "dump");
  EXPECT_EQ(rows[1].cells.at("note"), "");
  EXPECT_EQ(rows[1].cells.at("map"), "x y");
  EXPECT_EQ(rows[1].line, 5U);
  EXPECT_EQ(rows[2].cells.at("map"), "2");
  EXPECT_TRUE(read("map,reference\n").empty());
}

TEST_F(CsvTable, SaysWhatIsWrong) {
  EXPECT_THAT(refusal(""), HasSubstr("no header"));
  EXPECT_THAT(refusal("map;reference\na;b\n"), HasSubstr("no column 'map'"));
  EXPECT_THAT(refusal("map,reference,map\n"), HasSubstr("'map' twice"));
  EXPECT_THAT(refusal("map,reference\na,b\na\n"), HasSubstr("line 3: 1 cells, but 2 columns"));
  EXPECT_THAT(refusal("map,reference\na,b,c\n"), HasSubstr("line 2: 3 cells"));
  EXPECT_THAT(refusal("map,reference\na,\"b\n"), HasSubstr("line 2: a quote is not closed"));
  EXPECT_THAT(refusal("map,reference\na,\"b\" c\n"), HasSubstr("line 2: text after"));
  EXPECT_THAT(refusal(std::string("\0\0\0\0", 4)), HasSubstr("no column"));
  const std::string missing = folder_ / "nowhere.csv";
  EXPECT_THAT(message_of<DataError>([&] { read_csv(missing, {}); }), HasSubstr(missing));
}

TEST_F(CsvTable, Amounts) {
  const auto amount = [&](const std::string& text) { return csv_amount({7, {{"area_ha", text}}}, "area_ha"); };
  EXPECT_EQ(amount("12.5"), 12.5);
  EXPECT_EQ(amount("1e3"), 1000);
  for (const char* bad : {"", "-1", "nan", "inf", "1e999", "12x", "1,5", "0x10"}) {
    EXPECT_THAT(message_of<DataError>([&] { amount(bad); }), HasSubstr("line 7: 'area_ha'")) << bad;
  }
  EXPECT_THROW(csv_amount({1, {}}, "count"), DataError);
}

}  // namespace
}  // namespace pitwatch
