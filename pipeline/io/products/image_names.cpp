#include "pipeline/io/products/image_names.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/esa_names.hpp"

namespace pitwatch {
namespace {

bool is_of_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Word {
  std::size_t begin = 0;
  std::string_view text;
};

std::vector<Word> words_of(std::string_view name) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < name.size();) {
    std::size_t end = at;
    while (end < name.size() && is_of_word(name[end])) ++end;
    if (end > at) words.push_back({at, name.substr(at, end - at)});
    at = end + 1;
  }
  return words;
}

/// Without the ending, where it is that of an image.
std::string_view stem_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(0, dot);
}

std::optional<Instant> instant_of(const std::string& text) {
  try {
    return parse_instant(text);
  } catch (const DataError&) {
    return std::nullopt;
  }
}

/// Whether a text has the form: '0' is a digit, '?' anything, other characters are themselves.
bool has_form(std::string_view text, std::string_view form) {
  return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char c, char expected) {
           return expected == '?' || (expected == '0' ? c >= '0' && c <= '9' : c == expected);
         });
}

/// Of "2021-06-10-23:59".
std::optional<Instant> minute_of(std::string_view text) {
  constexpr std::size_t day = 10;
  std::string iso(text.substr(0, day));
  iso += 'T';
  iso += text.substr(day + 1, 2);
  iso += ':';
  iso += text.substr(day + 4, 2);
  return instant_of(iso + "Z");
}

void add_browser_period(std::string_view name, ImageNameFacts& facts) {
  constexpr std::string_view form = "0000-00-00-00?00_0000-00-00-00?00_";
  constexpr std::size_t length = 16;
  if (!has_form(name.substr(0, form.size()), form)) return;
  const std::optional<Instant> first = minute_of(name.substr(0, length));
  const std::optional<Instant> last = minute_of(name.substr(length + 1, length));
  if (!first || !last || *last < *first) return;
  using std::chrono::days;
  const auto day_of = [](Instant instant) { return std::chrono::floor<days>(instant); };
  if (day_of(*first) == day_of(*last)) {
    facts.first = facts.last = Instant(day_of(*first));
    facts.is_day = true;
  } else {
    facts.first = first;
    facts.last = last;
  }
  facts.is_browser_raw = name.find("_(Raw)") != std::string_view::npos;
}

void add_openeo_day(std::string_view name, ImageNameFacts& facts) {
  constexpr std::string_view form = "openEO_0000-00-00Z";
  constexpr std::size_t begin = 7;
  constexpr std::size_t day = 10;
  if (!has_form(name.substr(0, form.size()), form)) return;
  facts.first = facts.last = instant_of(std::string(name.substr(begin, day)));
  facts.is_day = true;
}

void add_index_time(std::string_view name, ImageNameFacts& facts) {
  constexpr std::string_view form = "00000000T000000_00000000T000000_T00???";
  constexpr std::size_t length = 15;
  constexpr std::size_t tile_length = 6;
  const std::string_view start = name.substr(0, form.size());
  if (!has_form(start, form) || !is_tile_name(start.substr(form.size() - tile_length))) return;
  facts.first = facts.last = instant_of_name(start.substr(0, length));
}

}  // namespace

std::optional<BandInName> band_in_name(std::string_view name) {
  const std::string_view stem = stem_of(name);
  std::optional<BandInName> found;
  bool is_esa = false;
  for (const Word& word : words_of(stem)) {
    const std::optional<NamedBand> what = named_band(word.text);
    if (!what) continue;
    const bool is_common = word.text.find_first_of("0123456789") == std::string_view::npos && what->band < Band::SCL;
    if (is_esa && is_common) continue;
    is_esa = is_esa || !is_common;
    found = {*what, std::string(name.substr(0, word.begin)), std::string(name.substr(word.begin + word.text.size()))};
  }
  return found;
}

ImageNameFacts image_name_facts(std::string_view name) {
  ImageNameFacts facts;
  add_browser_period(name, facts);
  if (!facts.first) add_openeo_day(name, facts);
  if (!facts.first) add_index_time(name, facts);
  for (const Word& word : words_of(stem_of(name))) {
    if (word.text == "L1C" || word.text == "L2A") facts.level = word.text;
    if (is_tile_name(word.text)) facts.tile = word.text;
  }
  return facts;
}

}  // namespace pitwatch
