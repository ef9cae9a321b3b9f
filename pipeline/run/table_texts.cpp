#include "pipeline/run/table_texts.hpp"

#include <algorithm>
#include <charconv>

#include "pipeline/core/day_first.hpp"
#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

bool is_none(std::string_view text) { return text.empty() || text == "NA" || text == "NaN" || text == "nan"; }

/// "1,234": one to three digits, a comma, three more.
bool may_be_thousands(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t comma = text.find(',');
  const bool is_long = comma < 1 || comma > 3 || text.size() != comma + 4;
  return !is_long && text.front() != '0';
}

}  // namespace

Instant parse_table_date(std::string_view text, bool& day_first) {
  if (const std::string iso = iso_of_day_first(text); !iso.empty()) {
    try {
      const Instant instant = parse_instant(iso);
      day_first = true;
      return instant;
    } catch (const DataError&) {
      throw DataError("not a day, month and year: '" + std::string(text) + "'");
    }
  }
  if (std::count(text.begin(), text.end(), '/') == 2) {
    throw DataError("'" + std::string(text) +
                    "' may have the day or the month first: write it as 2021-12-31 or 31.12.2021");
  }
  return parse_instant(text);
}

std::optional<float> TableNumbers::read(std::string_view text) {
  if (is_none(text)) return std::nullopt;
  std::string plain(text);
  const auto commas = std::count(plain.begin(), plain.end(), ',');
  const bool has_point = plain.find('.') != std::string::npos;
  if (commas == 1 && !has_point && may_have_commas_) {
    plain[plain.find(',')] = '.';
  } else if (commas > 0) {
    throw DataError("is not a number: '" + std::string(text) + "'");
  }
  float value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error != std::errc() || end != plain.data() + plain.size()) {
    throw DataError("is not a number: '" + std::string(text) + "'");
  }
  const char mark = commas == 1 ? ',' : has_point ? '.' : char{0};
  if (mark == 0) return value;
  if (mark_ != 0 && mark != mark_) {
    throw DataError("has a decimal " + std::string(mark == ',' ? "comma" : "point") + " where others have a " +
                    (mark == ',' ? "point" : "comma") + ": '" + std::string(text) + "'");
  }
  mark_ = mark;
  if (mark == ',' && !may_be_thousands(text)) is_sure_ = true;
  if (mark == ',' && like_thousands_.empty()) like_thousands_ = text;
  return value;
}

void TableNumbers::check() const {
  if (mark_ != ',' || is_sure_) return;
  throw DataError("'" + like_thousands_ +
                  "' may have a decimal comma or one between thousands: write numbers with a decimal point");
}

}  // namespace pitwatch
