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

/// Rows of about a hundred bytes, some with quotes and line ends within, far more than is read at once.
std::string long_table(std::size_t rows) {
  std::string text = "\xEF\xBB\xBFmap,reference,note\n";
  for (std::size_t row = 0; row < rows; ++row) {
    text += "m" + std::to_string(row) + ", \"r \"\"" + std::to_string(row) + "\"\",\nand more\" ," +
            std::string(row % 61, 'x') + "\r\n" + (row % 7 == 0 ? "\n" : "");
  }
  return text;
}

TEST_F(CsvTable, RowByRowIsAsAllAtOnce) {
  const std::string text = long_table(60'000);
  ASSERT_GT(text.size(), 3U << 20);
  const std::vector<CsvRow> rows = read(text);
  CsvFile file(path_, {"map", "reference"}, 1 << 30);
  ASSERT_EQ(file.column("note"), 2U);
  EXPECT_FALSE(file.column("other"));
  for (const CsvRow& row : rows) {
    ASSERT_TRUE(file.next());
    ASSERT_EQ(file.line(), row.line);
    ASSERT_EQ(file.cell(0), row.cells.at("map"));
    ASSERT_EQ(file.cell(1), row.cells.at("reference"));
    ASSERT_EQ(file.cell(2), row.cells.at("note"));
  }
  EXPECT_FALSE(file.next());
  EXPECT_FALSE(file.next());
}

TEST_F(CsvTable, TheHeaderTellsWhatDividesCells) {
  const auto cells_of = [&](const std::string& text, Separators separators) {
    test::write_text(path_, text);
    CsvFile file(path_, {}, 1 << 20, separators);
    std::string found(1, file.separator());
    for (const std::string& column : file.columns()) found += "[" + column + "]";
    while (file.next()) {
      for (std::size_t i = 0; i < file.columns().size(); ++i) found += "(" + file.cell(i) + ")";
    }
    return found;
  };
  constexpr Separators by_header = Separators::by_header;
  EXPECT_EQ(cells_of("a;b\n0,1; \"x;y\" \n", by_header), ";[a][b](0,1)(x;y)");
  EXPECT_EQ(cells_of("\xEF\xBB\xBF"
                     "a;b\r\n1;2\r\n",
                     by_header),
            ";[a][b](1)(2)");
  EXPECT_EQ(cells_of("a\tb\tc\n\t\"2\"\t 3\n", by_header), "\t[a][b][c]()(2)(3)");
  EXPECT_EQ(cells_of("\"a;b;c\",d\n1,2\n", by_header), ",[a;b;c][d](1)(2)");
  EXPECT_EQ(cells_of("a\n1\n", by_header), ",[a](1)");
  EXPECT_EQ(cells_of("a;b\n1;2\n", Separators::comma), ",[a;b](1;2)");
}

TEST_F(CsvTable, RowByRowSaysWhatIsWrong) {
  const auto refusal_of = [&](const std::string& text) {
    test::write_text(path_, text);
    return message_of<DataError>([&] {
      CsvFile file(path_, {"map", "reference"}, 4 << 20);
      while (file.next()) {
      }
    });
  };
  EXPECT_THAT(refusal_of(""), HasSubstr("no header"));
  EXPECT_THAT(refusal_of("map\na\n"), HasSubstr("no column 'reference'"));
  EXPECT_THAT(refusal_of("map,reference\na,b\na\n"), HasSubstr(path_ + ": line 3: 1 cells, but 2 columns"));
  EXPECT_THAT(refusal_of("map,reference\na,\"b\n"), HasSubstr("line 2: a quote is not closed"));
  EXPECT_THAT(refusal_of("map,reference\na,\"" + std::string(3 << 20, 'b')), HasSubstr("line 2: a row of more than"));
  EXPECT_THAT(refusal_of("map,reference\n" + std::string(5 << 20, '\n')), HasSubstr("is larger than"));
  EXPECT_THAT(message_of<DataError>([&] { CsvFile(folder_ / "nowhere.csv", {}, 1 << 20); }), HasSubstr("nowhere.csv"));
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
