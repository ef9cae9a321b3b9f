#include "pipeline/dossier/texts.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/dossier/dossier_files.hpp"
#include "pipeline/io/files/json_values.hpp"

namespace pitwatch {
namespace {

constexpr double longest_in_metres = 10000;

std::string two_digits(unsigned value) { return (value < 10 ? "0" : "") + std::to_string(value); }

std::chrono::year_month_day date_of(Instant instant) {
  return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(instant));
}

}  // namespace

Texts::Texts(std::string_view language) : language_(language) {
  if (std::find(dossier_languages.begin(), dossier_languages.end(), language) == dossier_languages.end()) {
    throw ConfigError("'" + language_ + "' is none of en, az, ru");
  }
  texts_ = top_texts(dossier_file(language_ + ".json"));
  std::istringstream months((*this)("months"));
  for (std::string& month : months_) std::getline(months, month, ',');
}

const std::string& Texts::operator()(std::string_view key) const {
  const auto found = texts_.find(std::string(key));
  if (found == texts_.end()) throw std::out_of_range("no text '" + std::string(key) + "' in " + language_);
  return found->second;
}

std::string Texts::operator()(std::string_view key, TextValues values) const {
  const std::string& text = (*this)(key);
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.find('{', at), text.size());
    result.append(text, at, open - at);
    if (open == text.size()) break;
    const std::size_t close = text.find('}', open);
    const std::string_view name = std::string_view(text).substr(open + 1, close - open - 1);
    const auto value = std::find_if(values.begin(), values.end(), [&](const auto& one) { return one.first == name; });
    if (close == std::string::npos || value == values.end()) {
      throw std::invalid_argument("text '" + std::string(key) + "' wants '" + std::string(name) + "'");
    }
    result += value->second;
    at = close + 1;
  }
  return result;
}

std::string Texts::number(double value, int decimals) const {
  std::string text = fixed_text(value, decimals);
  if (const std::size_t point = text.find('.'); point != std::string::npos) {
    text.replace(point, 1, (*this)("decimal_mark"));
  }
  return text;
}

std::string Texts::percent(double share, int decimals) const {
  const std::string text = fixed_text(100 * share, decimals);
  const double step = std::pow(10, -decimals);
  if (share > 0 && text == fixed_text(0, decimals)) return "< " + number(step, decimals) + " %";
  if (share < 1 && text == fixed_text(100, decimals)) return "> " + number(100 - step, decimals) + " %";
  return number(100 * share, decimals) + " %";
}

std::string Texts::hectares(double area_ha) const { return number(area_ha, 2) + " " + (*this)("unit_ha"); }

std::string Texts::distance(double metres) const {
  if (metres < longest_in_metres) return number(metres, 0) + " " + (*this)("unit_m");
  return number(metres / 1000, 1) + " " + (*this)("unit_km");
}

std::string Texts::day(Instant instant) const {
  const auto date = date_of(instant);
  return (*this)("date_long", {{"day", std::to_string(static_cast<unsigned>(date.day()))},
                               {"month", months_.at(static_cast<unsigned>(date.month()) - 1)},
                               {"year", std::to_string(static_cast<int>(date.year()))}});
}

std::string Texts::short_day(Instant instant) const {
  const auto date = date_of(instant);
  return (*this)("date_short", {{"day", two_digits(static_cast<unsigned>(date.day()))},
                                {"month", two_digits(static_cast<unsigned>(date.month()))},
                                {"year", std::to_string(static_cast<int>(date.year()))}});
}

std::string Texts::time(Instant instant) const {
  return short_day(instant) + " " + format_instant(std::chrono::floor<std::chrono::seconds>(instant)).substr(11, 8);
}

}  // namespace pitwatch
