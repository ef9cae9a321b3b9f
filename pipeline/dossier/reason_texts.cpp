#include "pipeline/dossier/reason_texts.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "pipeline/core/scene.hpp"

namespace pitwatch {
namespace {

/// What a sentence of the program holds, and the text of that kind of reason.
struct ReasonKind {
  std::string_view words;
  std::string_view key;
};

constexpr std::array<ReasonKind, 26> reason_kinds{{{" are saturated or above", "reason_saturated"},
                                                   {" at the floor of the numbers", "reason_floor"},
                                                   {" are constant", "reason_constant"},
                                                   {" of the pixels are above ", "reason_bright"},
                                                   {" are lost", "reason_lost_lines"},
                                                   {"striped ", "reason_striped"},
                                                   {" pixels elsewhere (east ", "reason_misplaced"},
                                                   {": shows the ground ", "reason_band_displaced"},
                                                   {" of it contradict the reflectances", "reason_classification"},
                                                   {"is not of this scene: ", "reason_classification"},
                                                   {"no scene classification", "reason_classification"},
                                                   {" contradict the pixels", "reason_offsets"},
                                                   {"the metadata do not tell the offsets", "reason_offsets_unknown"},
                                                   {"is not as it was fetched", "reason_changed_file"},
                                                   {"SHA-256 is another", "reason_changed_file"},
                                                   {"no asset for band", "reason_no_band"},
                                                   {"without which cloud and snow cannot be told", "reason_no_masks"},
                                                   {"a picture, and no reflectance", "reason_picture"},
                                                   {" scatters the site", "reason_projection"},
                                                   {"damaged", "reason_damaged"},
                                                   {"is no chip", "reason_damaged"},
                                                   {"TIFF", "reason_damaged"},
                                                   {"cannot be read", "reason_unreadable"},
                                                   {"cannot be opened", "reason_unreadable"},
                                                   {"No such file", "reason_unreadable"},
                                                   {"is not there", "reason_unreadable"}}};

/// "12.3 % of the pixels are 1000": one value too often, which no words alone tell.
bool tells_one_value(const std::string& why) {
  constexpr std::string_view words = " of the pixels are ";
  const std::size_t at = why.find(words);
  return at != std::string::npos && at + words.size() < why.size() && why[at + words.size()] >= '0' &&
         why[at + words.size()] <= '9';
}

std::vector<std::string> kinds_in(const std::string& why, const Texts& texts) {
  std::vector<std::string> kinds;
  const auto add = [&](std::string_view key) {
    const std::string& text = texts(key);
    if (std::find(kinds.begin(), kinds.end(), text) == kinds.end()) kinds.push_back(text);
  };
  for (const ReasonKind& kind : reason_kinds) {
    if (why.find(kind.words) != std::string::npos) add(kind.key);
  }
  if (tells_one_value(why)) add("reason_one_value");
  return kinds;
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/// Whether a sentence names a band: as "B04: " or "band B04", not in a name of a file.
bool names(const std::string& why, std::string_view band) {
  for (std::size_t at = why.find(band); at != std::string::npos; at = why.find(band, at + 1)) {
    const std::size_t end = at + band.size();
    const bool begins = at == 0 || why[at - 1] == ' ';
    const bool ends = end == why.size() || (!is_letter_or_digit(why[end]) && why[end] != '.' && why[end] != '/');
    if (begins && ends) return true;
  }
  return false;
}

/// Bands that it names, and the first share in it.
std::string detail_of(const std::string& why, const Texts& texts) {
  std::string detail;
  for (int i = 0; i <= static_cast<int>(Band::SNW); ++i) {
    const std::string_view band = name(static_cast<Band>(i));
    if (names(why, band)) detail += (detail.empty() ? "" : ", ") + std::string(band);
  }
  const std::size_t percent = why.find(" % of ");
  if (percent == std::string::npos) return detail;
  std::size_t from = percent;
  while (from > 0 && ((why[from - 1] >= '0' && why[from - 1] <= '9') || why[from - 1] == '.')) --from;
  if (from == percent) return detail;
  const double share = std::strtod(why.substr(from, percent - from).c_str(), nullptr) / 100;
  if (!(share <= 1)) return detail;
  return detail + (detail.empty() ? "" : "; ") + texts.percent(share, 1);
}

bool ends_with(std::string& name, std::string_view end) {
  if (!name.ends_with(end)) return false;
  name.resize(name.size() - end.size());
  return true;
}

std::string day_of(double yyyymmdd, const Texts& texts) {
  using namespace std::chrono;
  if (!(yyyymmdd >= 10000101 && yyyymmdd <= 99991231)) return texts("unknown");
  const int number = static_cast<int>(yyyymmdd);
  const year_month_day date{year(number / 10000), month(static_cast<unsigned>(number / 100 % 100)),
                            day(static_cast<unsigned>(number % 100))};
  return date.ok() ? texts.short_day(sys_days(date)) : texts("unknown");
}

std::string figure_text(std::string name, double value, const Texts& texts) {
  const bool is_day = ends_with(name, "_yyyymmdd");
  const auto known = texts.all().find("figure_" + name);
  const std::string& label = known == texts.all().end() ? name : known->second;
  if (is_day) return label + ": " + day_of(value, texts);
  if (name == "catchment_is_cut" || name == "against_upstream") return label + ": " + texts(value != 0 ? "yes" : "no");
  const bool is_whole = std::abs(value) < 1e9 && value == std::round(value);
  return label + ": " + texts.number(value, is_whole ? 0 : std::abs(value) < 10 ? 3 : 1);
}

}  // namespace

std::string reason_text(const std::string& why, const Texts& texts) {
  const auto word = texts.all().find("why_" + why);
  if (word != texts.all().end()) return word->second;
  if (why.empty() || texts.language() == "en") return why;
  std::string text;
  for (const std::string& kind : kinds_in(why, texts)) text += (text.empty() ? "" : "; ") + kind;
  if (text.empty()) return texts("reason_other");
  const std::string detail = detail_of(why, texts);
  return detail.empty() ? text : text + " (" + detail + ")";
}

std::string subject_text(const std::string& subject, const Texts& texts) {
  const auto known = texts.all().find("subject_" + subject);
  if (known != texts.all().end() && subject != "other") return known->second;
  return texts("subject_other", {{"name", subject}});
}

std::string figures_text(const ContextDetail& detail, const Texts& texts) {
  std::string text;
  for (const auto& [name, value] : detail.figures) {
    text += (text.empty() ? "" : "; ") + figure_text(name, value, texts);
  }
  return text;
}

}  // namespace pitwatch
