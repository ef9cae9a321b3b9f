#include "pipeline/io/files/csv_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/regular_file.hpp"

namespace pitwatch {
namespace {

constexpr std::uintmax_t largest_bytes = 256 << 20;

std::string content_of(const std::string& path) { return read_whole_file(path, largest_bytes); }

std::string trimmed(std::string_view text) {
  constexpr const char* white = " \t\r";
  const std::size_t first = text.find_first_not_of(white);
  if (first == std::string::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(white) - first + 1));
}

struct Record {
  std::size_t line = 0;
  std::vector<std::string> cells;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  /// False at the end. Empty lines are passed over.
  bool next(Record& record) {
    while (place_ < text_.size()) {
      record = {line_, {}};
      record.cells.push_back(cell());
      while (place_ < text_.size() && text_[place_] == ',') {
        ++place_;
        record.cells.push_back(cell());
      }
      end_line();
      if (record.cells.size() > 1 || !record.cells[0].empty()) return true;
    }
    return false;
  }

 private:
  std::string cell() {
    const std::size_t start = text_.find_first_not_of(" \t", place_);
    if (start != std::string::npos && text_[start] == '"') return quoted(start);
    const std::size_t end = std::min(text_.find_first_of(",\n", place_), text_.size());
    const std::string plain = trimmed(text_.substr(place_, end - place_));
    place_ = end;
    return plain;
  }

  std::string quoted(std::size_t start) {
    const std::size_t first_line = line_;
    std::string value;
    for (place_ = start + 1; place_ < text_.size(); ++place_) {
      if (text_[place_] == '"') {
        if (place_ + 1 >= text_.size() || text_[place_ + 1] != '"') break;
        ++place_;
      }
      if (text_[place_] == '\n') ++line_;
      value += text_[place_];
    }
    if (place_ >= text_.size()) throw DataError("line " + std::to_string(first_line) + ": a quote is not closed");
    ++place_;
    const std::size_t end = std::min(text_.find_first_of(",\n", place_), text_.size());
    if (!trimmed(text_.substr(place_, end - place_)).empty()) {
      throw DataError("line " + std::to_string(line_) + ": text after a closing quote");
    }
    place_ = end;
    return value;
  }

  void end_line() {
    if (place_ >= text_.size()) return;
    ++place_;
    ++line_;
  }

  std::string_view text_;
  std::size_t place_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text, const std::vector<std::string>& columns) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Reader reader(text);
  Record header;
  if (!reader.next(header)) throw DataError("holds no header line");
  for (const std::string& column : columns) {
    const auto count = std::count(header.cells.begin(), header.cells.end(), column);
    if (count == 0) throw DataError("has no column '" + column + "'");
    if (count > 1) throw DataError("has the column '" + column + "' twice");
  }
  std::vector<CsvRow> rows;
  for (Record record; reader.next(record);) {
    if (record.cells.size() != header.cells.size()) {
      throw DataError("line " + std::to_string(record.line) + ": " + std::to_string(record.cells.size()) +
                      " cells, but " + std::to_string(header.cells.size()) + " columns");
    }
    CsvRow& row = rows.emplace_back();
    row.line = record.line;
    for (std::size_t i = 0; i < header.cells.size(); ++i) row.cells[header.cells[i]] = record.cells[i];
  }
  return rows;
}

std::vector<CsvRow> read_csv(const std::string& path, const std::vector<std::string>& columns) {
  try {
    return parse_csv(content_of(path), columns);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

double csv_amount(const CsvRow& row, const std::string& column) {
  const auto found = row.cells.find(column);
  const std::string text = found == row.cells.end() ? "" : found->second;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) || value < 0) {
    throw DataError("line " + std::to_string(row.line) + ": '" + column + "' is not an amount: '" + text + "'");
  }
  return value;
}

}  // namespace pitwatch
