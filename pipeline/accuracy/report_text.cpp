#include <algorithm>

#include "pipeline/accuracy/report.hpp"
#include "pipeline/core/safe_text.hpp"

namespace pitwatch {
namespace {

/// Characters that a terminal shows: UTF-8 continuation bytes are none.
std::size_t shown_width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void append_line(std::string& text, const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string cell = printable(cells[i]);
    const std::string padding(widths[i] - shown_width(cell), ' ');
    line += i == 0 ? "  " + cell + padding : "  " + padding + cell;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

void append_table(std::string& text, const ReportTable& table) {
  std::vector<std::size_t> widths;
  for (const std::string& cell : table.head) widths.push_back(shown_width(printable(cell)));
  for (const std::vector<std::string>& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], shown_width(printable(row[i])));
  }
  text += "\n" + table.title + "\n";
  append_line(text, table.head, widths);
  for (const std::vector<std::string>& row : table.rows) append_line(text, row, widths);
}

}  // namespace

std::string report_text(const AccuracyReport& report) {
  std::string text = printable(report_headline(report)) + "\n";
  for (const ReportTable& table : summary_tables(report)) append_table(text, table);
  return text;
}

}  // namespace pitwatch
