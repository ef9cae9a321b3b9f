#include "pipeline/io/products/esa_names.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

/// In `form`, 0 is any digit and A any capital letter; others are themselves.
bool has_form(std::string_view text, std::string_view form) {
  return std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char c, char as) {
    if (as == '0') return c >= '0' && c <= '9';
    return as == 'A' ? c >= 'A' && c <= 'Z' : c == as;
  });
}

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('_', start), name.size());
    parts.push_back(name.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

/// The first part of that form, without its first letter; empty where there is none.
std::string_view number_after_letter(std::string_view name, std::string_view form) {
  for (const std::string_view part : parts_of(name)) {
    if (has_form(part, form)) return part.substr(1);
  }
  return {};
}

std::optional<int> number_of(std::string_view digits) {
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && !digits.empty() ? std::optional(number) : std::nullopt;
}

}  // namespace

bool is_tile_name(std::string_view text) { return has_form(text, "T00AAA"); }

std::optional<Instant> instant_of_name(std::string_view text) {
  if (!has_form(text, "00000000T000000")) return std::nullopt;
  std::string iso(text);
  for (const std::size_t place : {std::size_t{13}, std::size_t{11}}) iso.insert(place, ":");
  for (const std::size_t place : {std::size_t{6}, std::size_t{4}}) iso.insert(place, "-");
  try {
    return parse_instant(iso + "Z");
  } catch (const DataError&) {
    return std::nullopt;
  }
}

std::string tile_of_name(std::string_view name) {
  for (const std::string_view part : parts_of(name)) {
    if (is_tile_name(part)) return std::string(part);
  }
  return {};
}

std::string baseline_of_name(std::string_view name) {
  for (const std::string_view part : parts_of(name)) {
    if (has_form(part, "N0000")) return std::string(part.substr(1, 2)) + "." + std::string(part.substr(3));
    if (has_form(part, "N00.00")) return std::string(part.substr(1));
  }
  return {};
}

std::string baseline_of_text(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  const bool is_marked = text.starts_with('N');
  if (is_marked) text.remove_prefix(1);
  if (is_marked && text.size() < 4) return {};
  if (has_form(text, "00.00")) return std::string(text);
  if (has_form(text, "0000")) return std::string(text.substr(0, 2)) + "." + std::string(text.substr(2));
  if (has_form(text, "000") && text[0] != '0') return "0" + std::string(1, text[0]) + "." + std::string(text.substr(1));
  if (has_form(text, "0.00")) return "0" + std::string(text);
  // As a number 05.10 is 5.1.
  if (has_form(text, "0.0")) return "0" + std::string(text) + "0";
  if (has_form(text, "0")) return "0" + std::string(text) + ".00";
  return {};
}

std::string platform_of_name(std::string_view name) {
  const std::string_view mission = parts_of(name).front();
  if (mission.size() != 3 || !mission.starts_with("S2") || mission[2] < 'A' || mission[2] > 'D') return {};
  return std::string("sentinel-2") + static_cast<char>(mission[2] - 'A' + 'a');
}

std::string level_of_name(std::string_view name) {
  for (const std::string_view part : parts_of(name)) {
    if (part == "L1C" || part == "MSIL1C") return "L1C";
    if (part == "L2A" || part == "MSIL2A") return "L2A";
  }
  return {};
}

std::optional<int> relative_orbit_of_name(std::string_view name) {
  return number_of(number_after_letter(name, "R000"));
}

std::optional<int> absolute_orbit_of_name(std::string_view name) {
  for (std::string_view part : parts_of(name)) {
    if (part.starts_with('A')) part.remove_prefix(1);
    if (has_form(part, "000000")) return number_of(part);
  }
  return std::nullopt;
}

std::optional<Instant> instant_in_name(std::string_view name) {
  for (const std::string_view part : parts_of(name)) {
    if (const auto instant = instant_of_name(part)) return instant;
  }
  return std::nullopt;
}

std::string datastrip_start_of_name(std::string_view name) {
  return std::string(number_after_letter(name, "S00000000T000000"));
}

}  // namespace pitwatch
