#include "pipeline/io/files/csv_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/misspelling.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/regular_file.hpp"

namespace pitwatch {
namespace {

constexpr std::uintmax_t largest_bytes = 256 << 20;
constexpr std::size_t piece_bytes = 1 << 20;

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

/// Of the bytes that follow, as many as are at hand; none at the end of the table.
using More = std::function<std::string()>;

class Reader {
 public:
  /// A text that is all there.
  explicit Reader(std::string_view text) : text_(text) { pass_mark(); }

  /// A text that comes in pieces.
  explicit Reader(More more) : more_(std::move(more)) {
    read_on();
    pass_mark();
  }

  /// By the line that is next.
  void find_separator() {
    std::array<std::size_t, 3> counts{};
    bool is_quoted = false;
    for (std::size_t i = std::min(text_.find_first_not_of("\r\n", place_), text_.size()); i < text_.size(); ++i) {
      if (text_[i] == '\n') break;
      if (text_[i] == '"') is_quoted = !is_quoted;
      const std::size_t which = known_separators.find(text_[i]);
      if (which != std::string_view::npos && !is_quoted) ++counts[which];
    }
    const auto most = std::max_element(counts.begin(), counts.end());  // the first of several
    separator_ = *most == 0 ? ',' : known_separators[static_cast<std::size_t>(most - counts.begin())];
    ends_of_cell_[0] = separator_;
  }
  char separator() const { return separator_; }

  /// False at the end. Empty lines are passed over.
  bool next(Record& record) {
    while (place_ < text_.size() || more_) {
      const std::size_t place = place_;
      const std::size_t line = line_;
      if (place_ < text_.size()) read(record);
      if (more_ && place_ >= text_.size()) {  // it may go on in the next piece
        place_ = place;
        line_ = line;
        read_on();
      } else if (record.cells.size() > 1 || !record.cells[0].empty()) {
        return true;
      }
    }
    return false;
  }

 private:
  void pass_mark() {
    if (text_.starts_with("\xEF\xBB\xBF")) place_ = 3;
  }

  /// Fetches more of the text; what is before place_ is dropped.
  void read_on() {
    if (buffer_.size() - place_ > piece_bytes) {
      throw DataError("line " + std::to_string(line_) + ": a row of more than a megabyte");
    }
    buffer_.erase(0, place_);
    place_ = 0;
    const std::string piece = more_();
    if (piece.empty()) more_ = nullptr;
    buffer_ += piece;
    text_ = buffer_;
  }

  void read(Record& record) {
    record.line = line_;
    record.cells.clear();
    record.cells.push_back(cell());
    while (place_ < text_.size() && text_[place_] == separator_) {
      ++place_;
      record.cells.push_back(cell());
    }
    end_line();
  }

  std::string cell() {
    const std::size_t start = text_.find_first_not_of(separator_ == '\t' ? " " : " \t", place_);
    if (start != std::string::npos && text_[start] == '"') return quoted(start);
    const std::size_t end = std::min(text_.find_first_of(ends(), place_), text_.size());
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
    if (place_ >= text_.size()) {
      if (more_) return {};
      throw DataError("line " + std::to_string(first_line) + ": a quote is not closed");
    }
    ++place_;
    const std::size_t end = std::min(text_.find_first_of(ends(), place_), text_.size());
    if (!trimmed(text_.substr(place_, end - place_)).empty()) {
      throw DataError("line " + std::to_string(line_) + ": text after a closing quote");
    }
    place_ = end;
    return value;
  }

  std::string_view ends() const { return {ends_of_cell_.data(), ends_of_cell_.size()}; }

  void end_line() {
    if (place_ >= text_.size()) return;
    ++place_;
    ++line_;
  }

  static constexpr std::string_view known_separators = ";\t,";

  char separator_ = ',';
  std::array<char, 2> ends_of_cell_{',', '\n'};
  More more_;           // none: text_ is all that is left
  std::string buffer_;  // where it comes in pieces
  std::string_view text_;
  std::size_t place_ = 0;
  std::size_t line_ = 1;
};

void refuse_misspelt(const Record& header, const std::vector<std::string>& columns,
                     const std::vector<std::string>& optional) {
  std::vector<std::string> known = columns;
  known.insert(known.end(), optional.begin(), optional.end());
  for (const std::string& name : header.cells) {
    if (const auto meant = meant_by(name, known)) {
      throw DataError("the column '" + printable(name) + "' is none that is known: is it '" + *meant + "'?");
    }
  }
  for (const std::string& name : optional) {
    if (std::count(header.cells.begin(), header.cells.end(), name) > 1) {
      throw DataError("has the column '" + name + "' twice");
    }
  }
}

Record header_of(Reader& reader, const std::vector<std::string>& columns,
                 const std::vector<std::string>& optional = {}) {
  Record header;
  if (!reader.next(header)) throw DataError("holds no header line");
  if (!optional.empty()) refuse_misspelt(header, columns, optional);
  for (const std::string& column : columns) {
    const auto count = std::count(header.cells.begin(), header.cells.end(), column);
    if (count == 0) throw DataError("has no column '" + column + "'");
    if (count > 1) throw DataError("has the column '" + column + "' twice");
  }
  return header;
}

bool next_row(Reader& reader, const Record& header, Record& row) {
  if (!reader.next(row)) return false;
  if (row.cells.size() == header.cells.size()) return true;
  throw DataError("line " + std::to_string(row.line) + ": " + std::to_string(row.cells.size()) + " cells, but " +
                  std::to_string(header.cells.size()) + " columns");
}

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text, const std::vector<std::string>& columns,
                              const std::vector<std::string>& optional) {
  Reader reader(text);
  const Record header = header_of(reader, columns, optional);
  std::vector<CsvRow> rows;
  for (Record record; next_row(reader, header, record);) {
    CsvRow& row = rows.emplace_back();
    row.line = record.line;
    for (std::size_t i = 0; i < header.cells.size(); ++i) row.cells[header.cells[i]] = record.cells[i];
  }
  return rows;
}

struct CsvFile::State {
  State(const std::string& file_path, std::uint64_t most_bytes)
      : path(file_path), file(file_path, most_bytes), reader([this] {
          std::string piece(piece_bytes, '\0');
          piece.resize(file.read(piece.data(), piece.size()));
          return piece;
        }) {}

  std::string path;
  RegularFileReader file;
  Reader reader;
  Record header;
  Record row;
};

CsvFile::CsvFile(const std::string& path, const std::vector<std::string>& columns, std::uint64_t most_bytes,
                 Separators separators) try
    : state_(std::make_unique<State>(path, most_bytes)) {
  if (separators == Separators::by_header) state_->reader.find_separator();
  state_->header = header_of(state_->reader, columns);
} catch (const DataError& error) {
  throw DataError(path + ": " + error.what());
}

CsvFile::~CsvFile() = default;

std::optional<std::size_t> CsvFile::column(const std::string& name) const {
  const std::vector<std::string>& names = state_->header.cells;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return {};
  return static_cast<std::size_t>(found - names.begin());
}

const std::vector<std::string>& CsvFile::columns() const { return state_->header.cells; }
char CsvFile::separator() const { return state_->reader.separator(); }

bool CsvFile::next() {
  try {
    return next_row(state_->reader, state_->header, state_->row);
  } catch (const DataError& error) {
    throw DataError(state_->path + ": " + error.what());
  }
}

std::size_t CsvFile::line() const { return state_->row.line; }
const std::string& CsvFile::cell(std::size_t column) const { return state_->row.cells[column]; }

std::vector<CsvRow> read_csv(const std::string& path, const std::vector<std::string>& columns,
                             const std::vector<std::string>& optional) {
  try {
    return parse_csv(content_of(path), columns, optional);
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
