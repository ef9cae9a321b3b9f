#include "pipeline/delivery/atom.hpp"

#include <algorithm>

#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/vector/geojson_text.hpp"

namespace pitwatch {
namespace {

constexpr int degree_decimals = 7;
constexpr int shown_decimals = 2;

std::string words_of(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

/// For people: on one line, nothing in it that turns the text around.
std::string shown(std::string_view text) { return markup_text(printable(text)); }

std::string box_text(const LonLatMultiPolygon& outline) {
  LonLat low{180, 90};
  LonLat high{-180, -90};
  for (const LonLatPolygon& polygon : outline) {
    for (const LonLat& place : polygon.outer) {
      low = {std::min(low.lon, place.lon), std::min(low.lat, place.lat)};
      high = {std::max(high.lon, place.lon), std::max(high.lat, place.lat)};
    }
  }
  const auto degrees = [](double value) { return json_number(value, degree_decimals); };
  return degrees(low.lat) + " " + degrees(low.lon) + " " + degrees(high.lat) + " " + degrees(high.lon);
}

std::string entry_text(const FeedEntry& entry) {
  const Alert& alert = entry.alert->alert;
  const std::string area = fixed_text(alert.area_ha, shown_decimals) + " ha";
  std::string text = "<entry>\n<id>" + urn_of("pitwatch alert " + alert.id) + "</id>\n";
  text += "<title>" + shown(alert.id + ": " + words_of(name(alert.change_class))) + ", " + area + ", " +
          words_of(name(alert.status)) + "</title>\n";
  text += "<published>" + format_instant(alert.first_detected) + "</published>\n";
  text += "<updated>" + format_instant(entry.updated) + "</updated>\n";
  text += "<category term=\"" + std::string(name(alert.status)) + "\"/>\n<category term=\"" +
          std::string(name(alert.change_class)) + "\"/>\n";
  text += "<link rel=\"alternate\" type=\"application/geo+json\" href=\"" + markup_text(entry.item) + "\"/>\n";
  text += "<summary>Site " + shown(alert.site.value_or("-")) + "; began between " + format_day(alert.onset_after) +
          " and " + format_day(alert.onset_before) + "; last seen " + format_day(alert.last_detected) +
          "; confidence " + fixed_text(alert.confidence, shown_decimals) + "</summary>\n";
  return text + "<georss:box>" + box_text(entry.alert->outline) + "</georss:box>\n</entry>\n";
}

}  // namespace

std::string urn_of(const std::string& name) {
  std::string hex = sha256_text(name).substr(0, 32);
  hex[12] = '8';  // version 8 (RFC 9562): made by a rule of our own
  hex[16] = "89ab"[(hex[16] >= 'a' ? hex[16] - 'a' + 10 : hex[16] - '0') & 3];
  for (const std::size_t place : {20U, 16U, 12U, 8U}) hex.insert(place, "-");
  return "urn:uuid:" + hex;
}

std::string atom_feed(const std::string& title, const std::string& file, const std::vector<FeedEntry>& entries,
                      const std::string& base, const std::string& version) {
  Instant updated{};
  for (const FeedEntry& entry : entries) updated = std::max(updated, entry.updated);
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" "
      "xmlns:georss=\"http://www.georss.org/georss\"";
  if (!base.empty()) text += " xml:base=\"" + markup_text(base + "feeds/") + "\"";
  text += ">\n<id>" + urn_of("pitwatch feed " + title) + "</id>\n<title>" + shown(title) + "</title>\n<updated>" +
          format_instant(updated) + "</updated>\n<author><name>Pitwatch</name></author>\n<generator version=\"" +
          markup_text(version) + "\">Pitwatch</generator>\n";
  if (!base.empty()) {
    text += "<link rel=\"self\" type=\"application/atom+xml\" href=\"" + markup_text(base + "feeds/" + file) + "\"/>\n";
  }
  for (const FeedEntry& entry : entries) text += entry_text(entry);
  return text + "</feed>\n";
}

}  // namespace pitwatch
