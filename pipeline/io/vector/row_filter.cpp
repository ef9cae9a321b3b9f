// rows_where() of tables.hpp, by SQLite: what is null in it is neither equal nor unequal to anything, as SQL has it.

#include <ogrsf_frmts.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <regex>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/vector/tables.hpp"

namespace pitwatch {
namespace {

constexpr const char* row_column = "pitwatch_row";

enum class TokenKind : std::uint8_t { word, name, text, number, sign };

struct Token {
  TokenKind kind = TokenKind::sign;
  std::string text;  // of a name or a text what stands between its quotes, in single ones
  const TableColumn* column = nullptr;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_word(const Token& token, std::string_view word) {
  return token.kind == TokenKind::word && lower_ascii(token.text) == word;
}

bool is_sign(const Token& token, char sign) { return token.kind == TokenKind::sign && token.text.front() == sign; }

bool compares(const Token& token) {
  return token.kind == TokenKind::sign && std::string_view("=<>!").find(token.text.front()) != std::string_view::npos;
}

/// A literal of SQL.
std::string quoted(std::string text, char quote) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  std::string result(1, quote);
  for (const char c : text) result.append(c == quote ? 2 : 1, c);
  return result + quote;
}

/// As long as any other, so that texts sort as times do.
std::string sortable(Instant instant) {
  std::string text = format_instant(instant);
  if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000");
  return text;
}

/// The time that a text of a filter names, sortable: "2023-01-31", "2023/01/31 07:46:01.5+04", "2023-01-31T07:46Z".
std::string sortable_date(const std::string& text) {
  static const std::regex form(
      R"((\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(:\d{2}(?:\.\d+)?)?(Z|[-+]\d{2}(?::?\d{2})?)?)?)");
  std::smatch parts;
  const auto two = [](const std::string& digits) { return digits.size() == 1 ? "0" + digits : digits; };
  constexpr std::size_t longest = 64;
  if (text.size() <= longest && std::regex_match(text, parts, form)) {
    std::string iso = parts[1].str() + "-" + two(parts[2]) + "-" + two(parts[3]);
    if (parts[4].matched) iso += "T" + two(parts[4]) + ":" + parts[5].str() + parts[6].str() + parts[7].str();
    try {
      return sortable(parse_instant(iso));
    } catch (const DataError&) {
      // told below
    }
  }
  throw ConfigError("'" + text + "' is no date, such as '2023-01-31' or '2023-01-31T07:46:00Z'");
}

/// A filter over a table's columns in parts, checked and then written as SQLite has it.
class RowFilter {
 public:
  RowFilter(const Table& table, const std::string& where) : table_(table), where_(where) {
    divide();
    check_words();
    for (std::size_t i = 0; i < tokens_.size(); ++i) take_operands(i);
  }

  /// Whether it asks for that column.
  bool has(const TableColumn& column) const {
    return std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& one) { return one.column == &column; });
  }

  std::string sql() const {
    std::string text;
    for (const Token& token : tokens_) {
      const bool is_text = token.kind == TokenKind::text;
      const bool is_column = token.column != nullptr;
      text += is_text ? quoted(token.text, '\'') : is_column ? quoted(token.column->name, '"') : token.text;
      if (token.kind != TokenKind::sign) text += ' ';
    }
    return text;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw ConfigError("not a filter: '" + where_ + "': " + why);
  }

  const TableColumn* column_of(const std::string& name) const {
    const auto found = std::find_if(table_.columns.begin(), table_.columns.end(), [&](const TableColumn& column) {
      return lower_ascii(column.name) == lower_ascii(name);
    });
    return found == table_.columns.end() ? nullptr : &*found;
  }

  void divide() {
    std::size_t at = 0;
    const auto take_while = [&](const auto& belongs) {
      const std::size_t from = at++;
      while (at < where_.size() && belongs(where_[at])) ++at;
      return where_.substr(from, at - from);
    };
    const auto in_word = [](char c) { return begins_word(c) || is_digit(c); };
    while (at < where_.size()) {
      const char c = where_[at];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at;
      } else if (c == '\'' || c == '"') {
        tokens_.push_back({c == '"' ? TokenKind::name : TokenKind::text, read_quoted(at)});
      } else if (begins_word(c)) {
        tokens_.push_back({TokenKind::word, take_while(in_word)});
      } else if (is_digit(c)) {
        std::string number = take_while([&](char d) { return in_word(d) || d == '.'; });
        const bool has_sign =
            at + 1 < where_.size() && (where_[at] == '-' || where_[at] == '+') && is_digit(where_[at + 1]);
        if (has_sign && (number.back() == 'e' || number.back() == 'E')) number += take_while(is_digit);  // 1e-04
        tokens_.push_back({TokenKind::number, number});
      } else if (std::string_view("=<>!").find(c) != std::string_view::npos) {
        tokens_.push_back({TokenKind::sign, take_while([](char d) {
                             return std::string_view("=<>").find(d) != std::string_view::npos;
                           })});
      } else if (std::string_view("()+-*/%,.|&~").find(c) != std::string_view::npos) {
        tokens_.push_back({TokenKind::sign, std::string(1, c)});
        ++at;
      } else {
        refuse(std::string("'") + c + "' has no meaning in it");
      }
    }
    check_brackets();
    for (std::size_t i = 0; i + 1 < tokens_.size(); ++i) {
      if ((is_sign(tokens_[i], '-') && is_sign(tokens_[i + 1], '-')) ||
          (is_sign(tokens_[i], '/') && is_sign(tokens_[i + 1], '*'))) {
        refuse("it has a comment");
      }
    }
  }

  /// One that closes more than it opens would end what it stands in.
  void check_brackets() const {
    int open = 0;
    for (const Token& token : tokens_) {
      open += is_sign(token, '(') ? 1 : is_sign(token, ')') ? -1 : 0;
      if (open < 0) break;
    }
    if (open != 0) refuse(open < 0 ? "it closes a bracket that is not open" : "a bracket is not closed");
  }

  /// What stands between quotes, which are doubled within; `at` behind it then.
  std::string read_quoted(std::size_t& at) const {
    const char quote = where_[at++];
    std::string text;
    for (; at < where_.size(); ++at) {
      if (where_[at] == quote && (at + 1 == where_.size() || where_[at + 1] != quote)) {
        ++at;
        return text;
      }
      if (where_[at] == quote) ++at;
      text += where_[at];
    }
    refuse("a quote is not closed");
  }

  /// Functions that take no more than what they are given, tell every time the same and reach no file; and the words of
  /// SQL that may stand before a bracket.
  static bool may_call(const std::string& word) {
    static constexpr std::array functions{"abs", "cast", "coalesce", "ifnull", "instr", "length", "lower", "ltrim",
                                          "max", "min",  "nullif",   "round",  "rtrim", "substr", "trim",  "upper"};
    static constexpr std::array words{"and", "between", "case", "else",    "glob", "ilike", "in",
                                      "is",  "like",    "not",  "notnull", "or",   "then",  "when"};
    return std::find(functions.begin(), functions.end(), word) != functions.end() ||
           std::find(words.begin(), words.end(), word) != words.end();
  }

  void check_words() {
    static constexpr std::array numbers{"fid", "ogc_fid", "rowid", "oid", "_rowid_"};
    static constexpr std::array queries{"select", "values", "with", "pragma", "attach", "regexp", row_column};
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      Token& token = tokens_[i];
      if (token.kind != TokenKind::word && token.kind != TokenKind::name) continue;
      const std::string word = lower_ascii(token.text);
      token.column = column_of(word);
      if (token.column != nullptr) continue;
      if (std::find(numbers.begin(), numbers.end(), word) != numbers.end()) {
        refuse("rows have no number '" + token.text + "' here: use id");
      }
      if (token.kind == TokenKind::name) refuse("there is no column \"" + token.text + "\"");
      const bool calls = at(i + 1) != nullptr && is_sign(*at(i + 1), '(');
      if (std::find(queries.begin(), queries.end(), word) != queries.end() || (calls && !may_call(word))) {
        refuse("'" + token.text + "' is no part of one");
      }
      if (word == "ilike") token.text = "LIKE";  // which knows no case
    }
  }

  const Token* at(std::size_t i) const { return i < tokens_.size() ? &tokens_[i] : nullptr; }

  /// What is compared with the column at `i`, or cast.
  void take_operands(std::size_t i) {
    if (is_word(tokens_[i], "cast")) take_cast(i);
    const TableColumn* const column = tokens_[i].column;
    if (column == nullptr) return;
    if (i >= 2 && compares(tokens_[i - 1])) take_operand(*column, i - 2);
    std::size_t next = i + 1;
    if (at(next) != nullptr && compares(*at(next))) take_operand(*column, next + 1);
    if (at(next) != nullptr && is_word(*at(next), "not")) ++next;
    if (at(next) == nullptr) return;
    if (is_word(*at(next), "between")) {
      take_operand(*column, next + 1);
      if (at(next + 2) != nullptr && is_word(*at(next + 2), "and")) take_operand(*column, next + 3);
    } else if (is_word(*at(next), "in")) {
      for (next += 2; at(next) != nullptr && !is_sign(*at(next), ')'); ++next) take_operand(*column, next);
    }
  }

  /// SQLite would compare a time with what is none as texts, and a number with a text by their types.
  void take_operand(const TableColumn& column, std::size_t i) {
    if (i >= tokens_.size()) return;
    Token& token = tokens_[i];
    const bool is_text = token.kind == TokenKind::text;
    if (column.type == ColumnType::instant) {
      if (is_text) token.text = sortable_date(token.text);
      if (token.kind == TokenKind::number) refuse(column.name + " is a date, compared with a number");
    } else if (is_text && (column.type == ColumnType::real || column.type == ColumnType::integer)) {
      try {
        std::size_t used = 0;
        static_cast<void>(std::stod(token.text, &used));
        if (used == token.text.size()) return;
      } catch (const std::exception&) {
        // told below
      }
      refuse(column.name + " is a number, compared with '" + token.text + "'");
    }
  }

  /// CAST('2023-01-31' AS date) is that date; SQLite has no such type.
  void take_cast(std::size_t i) {
    if (i + 5 >= tokens_.size() || !is_sign(tokens_[i + 1], '(')) return;
    const Token inner = tokens_[i + 2];
    const bool is_date = is_word(tokens_[i + 4], "date") || is_word(tokens_[i + 4], "timestamp");
    if (inner.column != nullptr && inner.column->type == ColumnType::instant) {
      refuse(inner.column->name + " is a date: compare it with one");
    }
    if (!is_date) return;
    if (inner.kind != TokenKind::text || !is_sign(tokens_[i + 5], ')')) refuse("CAST to a date of what is no text");
    const auto first = tokens_.begin() + static_cast<std::ptrdiff_t>(i);
    *first = {TokenKind::text, sortable_date(inner.text)};
    tokens_.erase(first + 1, first + 6);
  }

  const Table& table_;
  const std::string& where_;
  std::vector<Token> tokens_;
};

std::string literal(const Cell& cell) {
  struct Literal {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(const std::string& text) const { return quoted(text, '\''); }
    std::string operator()(Instant instant) const { return quoted(sortable(instant), '\''); }
    std::string operator()(int number) const { return std::to_string(number); }
    std::string operator()(double number) const { return std::isfinite(number) ? shortest_text(number) : "NULL"; }
  };
  return std::visit(Literal{}, cell);
}

const char* type_of(ColumnType type) {
  switch (type) {
    case ColumnType::text:
    case ColumnType::json:
      return "TEXT COLLATE NOCASE";
    case ColumnType::instant:
      return "TEXT";
    case ColumnType::integer:
      return "INTEGER";
    case ColumnType::real:
      return "REAL";
  }
  return "TEXT";
}

/// Those columns of the rows that the filter asks for, as a table of their numbers from 0 on.
void fill(GDALDataset& dataset, const Table& table, const RowFilter& filter, const GdalErrorCapture& errors) {
  constexpr std::size_t rows_at_once = 256;
  const auto execute = [&](const std::string& sql) {
    dataset.ReleaseResultSet(dataset.ExecuteSQL(sql.c_str(), nullptr, nullptr));
    if (errors.failed()) throw IoError(errors.explain("a table cannot be made in memory"));
  };
  std::string columns = std::string(row_column) + " INTEGER PRIMARY KEY";
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (!filter.has(table.columns[i])) continue;
    columns += ", " + quoted(table.columns[i].name, '"') + " " + type_of(table.columns[i].type);
    asked.push_back(i);
  }
  execute("CREATE TABLE pitwatch_rows (" + columns + ")");
  for (std::size_t first = 0; first < table.rows.size(); first += rows_at_once) {
    std::string rows;
    for (std::size_t i = first; i < std::min(first + rows_at_once, table.rows.size()); ++i) {
      rows += (rows.empty() ? "(" : ", (") + std::to_string(i);
      for (const std::size_t column : asked) rows += ", " + literal(table.rows[i].cells[column]);
      rows += ")";
    }
    execute("INSERT INTO pitwatch_rows VALUES " + rows);
  }
}

}  // namespace

std::vector<std::size_t> rows_where(const Table& table, const std::string& where) {
  // A pattern of many % takes time that grows with their number as a power.
  constexpr std::size_t longest = 4096;
  constexpr std::ptrdiff_t most_wildcards = 16;
  if (where.size() > longest) throw ConfigError("a filter of more than " + std::to_string(longest) + " bytes");
  if (std::count(where.begin(), where.end(), '%') > most_wildcards) {
    throw ConfigError("a filter with more than " + std::to_string(most_wildcards) + " '%'");
  }
  const RowFilter filter(table, where);
  ensure_gdal();
  const GdalErrorCapture errors;
  GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("SQLite");
  if (driver == nullptr) throw IoError("this GDAL has no SQLite");
  std::array<char*, 2> options{const_cast<char*>("METADATA=NO"), nullptr};
  const GDALDatasetUniquePtr dataset(driver->Create(":memory:", 0, 0, 0, GDT_Unknown, options.data()));
  if (!dataset) throw IoError(errors.explain("a table cannot be made in memory"));
  fill(*dataset, table, filter, errors);
  const std::string sql = "SELECT " + std::string(row_column) + " + 0 AS position FROM pitwatch_rows WHERE (" +
                          filter.sql() + ") ORDER BY 1";
  OGRLayer* const answer = dataset->ExecuteSQL(sql.c_str(), nullptr, nullptr);
  std::vector<std::size_t> found;
  if (answer != nullptr) {
    for (const OGRFeatureUniquePtr& row : *answer) {
      found.push_back(static_cast<std::size_t>(row->GetFieldAsInteger64(0)));
    }
    dataset->ReleaseResultSet(answer);
  }
  if (errors.failed()) throw ConfigError(errors.explain("not a filter: '" + where + "'"));
  return found;
}

}  // namespace pitwatch
