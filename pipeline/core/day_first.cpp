#include "pipeline/core/day_first.hpp"

#include <algorithm>

namespace pitwatch {
namespace {

/// Whether a text has the form: '0' is a digit, other characters are themselves.
bool has_form(std::string_view text, std::string_view form) {
  return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char c, char expected) {
           return expected == '0' ? c >= '0' && c <= '9' : c == expected;
         });
}

/// "5" as "05".
std::string two_digits(std::string_view text) { return text.size() == 1 ? "0" + std::string(text) : std::string(text); }

}  // namespace

std::string iso_of_day_first(std::string_view text) {
  const std::size_t blank = std::min(text.find(' '), text.size());
  const std::string_view day = text.substr(0, blank);
  const std::size_t first = day.find('.');
  const std::size_t second = first == std::string_view::npos ? first : day.find('.', first + 1);
  if (second == std::string_view::npos) return {};
  const std::string padded = two_digits(day.substr(0, first)) + "." +
                             two_digits(day.substr(first + 1, second - first - 1)) + "." +
                             std::string(day.substr(second + 1));
  if (!has_form(padded, "00.00.0000")) return {};
  const std::string iso = padded.substr(6) + "-" + padded.substr(3, 2) + "-" + padded.substr(0, 2);
  if (blank == text.size()) return iso;
  std::string time(text.substr(blank + 1));
  if (time.size() == 4 || time.size() == 7) time.insert(0, "0");
  if (!has_form(time, "00:00") && !has_form(time, "00:00:00")) return {};
  return iso + "T" + time + "Z";
}

}  // namespace pitwatch
