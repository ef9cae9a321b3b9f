#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "pipeline/core/text.hpp"
#include "pipeline/dossier/alert_page.hpp"
#include "pipeline/dossier/page.hpp"
#include "pipeline/dossier/pictures.hpp"
#include "pipeline/dossier/site_dossier.hpp"

namespace pitwatch {
namespace {

using nlohmann::ordered_json;

constexpr double map_width = 960;
constexpr double map_margin = 24;
constexpr double tallest_map = 900;
constexpr std::size_t labels_drawn = 12;  // of the largest alerts
constexpr std::size_t months_listed = 24;

std::string key(std::string_view prefix, std::string_view name) { return std::string(prefix) + std::string(name); }

// ---- map

/// Longitude and latitude on a plane that is true to scale at the middle.
class MapPlane {
 public:
  explicit MapPlane(const SiteDossier& dossier) {
    include(dossier.outline);
    for (const OutlinedAlert& each : dossier.alerts) include(each.outline);
    if (is_empty()) return;
    const double middle = (south_ + north_) / 2 * std::numbers::pi / 180;
    shrink_ = std::cos(middle);
    const double wide = std::max((east_ - west_) * shrink_, 1e-6);
    const double high = std::max(north_ - south_, 1e-6);
    scale_ = std::min((map_width - 2 * map_margin) / wide, (tallest_map - 2 * map_margin) / high);
    height_ = high * scale_ + 2 * map_margin;
  }

  bool is_empty() const { return west_ > east_; }
  double height() const { return height_; }
  double x(LonLat place) const { return map_margin + (place.lon - west_) * shrink_ * scale_; }
  double y(LonLat place) const { return map_margin + (north_ - place.lat) * scale_; }
  /// Metres of the whole width.
  double width_m() const {
    const double lat = (south_ + north_) / 2;
    return geodesic_distance_m({west_, lat}, {west_ + map_width / scale_ / shrink_, lat});
  }

  std::string path_of(const LonLatMultiPolygon& shape) const {
    std::string path;
    const auto add = [&](const LonLatRing& ring) {
      for (std::size_t i = 0; i < ring.size(); ++i) {
        path += (i == 0 ? "M" : "L") + fixed_text(x(ring[i]), 1) + " " + fixed_text(y(ring[i]), 1);
      }
      path += "Z";
    };
    for (const LonLatPolygon& polygon : shape) {
      add(polygon.outer);
      for (const LonLatRing& hole : polygon.holes) add(hole);
    }
    return path;
  }

 private:
  void include(const LonLatMultiPolygon& shape) {
    for (const LonLatPolygon& polygon : shape) {
      for (const LonLat& place : polygon.outer) {
        west_ = std::min(west_, place.lon);
        east_ = std::max(east_, place.lon);
        south_ = std::min(south_, place.lat);
        north_ = std::max(north_, place.lat);
      }
    }
  }

  double west_ = 360, east_ = -360, south_ = 90, north_ = -90;
  double shrink_ = 1;
  double scale_ = 1;
  double height_ = 0;
};

/// Colours that differ in lightness, too.
std::string colour_of(AlertStatus status) {
  constexpr std::array<std::string_view, 6> colours{"#e08a00", "#a01010", "#7a7a7a", "#1f7a3d", "#7a7a7a", "#4a4a8a"};
  return std::string(colours[static_cast<std::size_t>(status)]);
}

std::string text_svg(double x, double y, double size, std::string_view anchor, const std::string& text) {
  return "<text x=\"" + fixed_text(x, 1) + "\" y=\"" + fixed_text(y, 1) + "\" font-size=\"" + fixed_text(size, 0) +
         "\" text-anchor=\"" + std::string(anchor) +
         "\" fill=\"#000000\" stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\">" + page_text(text) +
         "</text>\n";
}

std::string legend_svg(double top, const Texts& texts) {
  std::string svg;
  double x = map_margin;
  for (const AlertStatus status : {AlertStatus::provisional, AlertStatus::confirmed, AlertStatus::recovering,
                                   AlertStatus::closed, AlertStatus::not_watched}) {
    const std::string label = texts(key("status_", name(status)));
    svg += "<rect x=\"" + fixed_text(x, 1) + "\" y=\"" + fixed_text(top, 1) + "\" width=\"18\" height=\"14\" fill=\"" +
           colour_of(status) + "\"/>\n" + text_svg(x + 24, top + 13, 15, "start", label);
    const auto letters = std::count_if(label.begin(), label.end(), [](char c) { return (c & '\xC0') != '\x80'; });
    x += 44 + 9.2 * static_cast<double>(letters);
  }
  return svg;
}

/// Ids of the largest alerts beside their outlines, none over another.
std::string labels_svg(const SiteDossier& dossier, const MapPlane& plane) {
  constexpr double line = 15;
  constexpr double length = 140;
  std::vector<std::pair<double, double>> taken;
  std::string svg;
  for (std::size_t i = 0; i < std::min(labels_drawn, dossier.alerts.size()); ++i) {
    const OutlinedAlert& each = dossier.alerts[i];
    if (each.outline.empty()) continue;
    double right = 0, sum = 0;
    for (const LonLat& place : each.outline.front().outer) {
      right = std::max(right, plane.x(place));
      sum += plane.y(place);
    }
    double x = right + 5;
    const double y = sum / static_cast<double>(each.outline.front().outer.size()) + 5;
    const bool is_at_edge = x + length > map_width;
    if (is_at_edge) x = map_width - 6 - length;
    const auto is_near = [&](const auto& other) {
      return std::abs(other.second - y) < line && std::abs(other.first - x) < length;
    };
    if (std::any_of(taken.begin(), taken.end(), is_near)) continue;
    taken.emplace_back(x, y);
    svg += text_svg(is_at_edge ? map_width - 6 : x, y, 14, is_at_edge ? "end" : "start", each.alert.id);
  }
  return svg;
}

// ---- tables

ordered_json alert_rows(const SiteDossier& dossier, const Texts& texts,
                        const std::map<std::string, std::string>& pages) {
  ordered_json rows = ordered_json::array();
  for (const OutlinedAlert& each : dossier.alerts) {
    const Alert& alert = each.alert;
    const auto page = pages.find(alert.id);
    const auto& licence = alert.context.licence;
    rows.push_back({{"id", alert.id},
                    {"href", page == pages.end() ? ordered_json() : ordered_json(page->second)},
                    {"status", texts(key("status_", name(alert.status)))},
                    {"class", texts(key("class_", name(alert.change_class)))},
                    {"area", texts.number(alert.area_ha, 2)},
                    {"confidence", texts.number(alert.confidence, 2)},
                    {"natural", alert.natural_probability ? texts.number(*alert.natural_probability, 2) : ""},
                    {"onset", texts("coverage_period_text", {{"from", texts.short_day(alert.onset_after)},
                                                             {"to", texts.short_day(alert.onset_before)}})},
                    {"first_detected", texts.short_day(alert.first_detected)},
                    {"licence", licence ? texts(key("boundary_", name(licence->verdict))) : ""},
                    {"review", alert.review ? texts(key("verdict_", name(alert.review->verdict))) : ""}});
  }
  return rows;
}

constexpr std::array standing{AlertStatus::provisional, AlertStatus::confirmed, AlertStatus::recovering,
                              AlertStatus::closed, AlertStatus::not_watched};

ordered_json hectare_row(const std::string& what, const std::array<double, standing.size()>& sums, bool is_total,
                         const Texts& texts) {
  ordered_json cells = ordered_json::array();
  double total = 0;
  for (const double sum : sums) {
    cells.push_back(sum > 0 ? texts.number(sum, 2) : "–");
    total += sum;
  }
  return {{"key", is_total}, {"class", what}, {"cells", cells}, {"total", texts.number(total, 2)}};
}

ordered_json hectare_rows(const SiteDossier& dossier, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  std::array<double, standing.size()> all{};
  for (const ChangeClassName& one : change_class_names) {
    std::array<double, standing.size()> sums{};
    for (const OutlinedAlert& each : dossier.alerts) {
      if (each.alert.change_class != one.change_class) continue;
      const auto status = std::find(standing.begin(), standing.end(), each.alert.status);
      if (status == standing.end()) continue;
      sums[static_cast<std::size_t>(status - standing.begin())] += each.alert.area_ha;
      all[static_cast<std::size_t>(status - standing.begin())] += each.alert.area_ha;
    }
    if (std::any_of(sums.begin(), sums.end(), [](double sum) { return sum > 0; })) {
      rows.push_back(hectare_row(texts(key("class_", one.name)), sums, false, texts));
    }
  }
  rows.push_back(hectare_row(texts("column_total"), all, true, texts));
  return rows;
}

ordered_json inventory_rows(const SiteDossier& dossier, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const InventoryLine& line : dossier.inventory) {
    rows.push_back({{"object", texts(key("object_", name(line.kind)))},
                    {"count", std::to_string(line.objects)},
                    {"area", texts.number(line.area_ha, 2)}});
  }
  return rows;
}

ordered_json coverage_facts(const SiteDossier& dossier, const Texts& texts) {
  const Feed& feed = dossier.coverage->feed;
  ordered_json rows = ordered_json::array();
  const auto add = [&](const std::string& title, const std::string& value) {
    rows.push_back({{"name", title}, {"value", value}});
  };
  const auto day = [&](const std::optional<Instant>& at) { return at ? texts.day(*at) : texts("unknown"); };
  add(texts("coverage_period"),
      texts("coverage_period_text", {{"from", day(feed.begin)}, {"to", day(feed.last_received)}}));
  add(texts("coverage_expected"), std::to_string(feed.counts.expected));
  add(texts("coverage_received"), std::to_string(feed.counts.received));
  add(texts("coverage_usable"), std::to_string(feed.counts.usable));
  add(texts("coverage_masked"), std::to_string(feed.counts.masked));
  add(texts("coverage_skipped"), std::to_string(feed.counts.skipped));
  add(texts("coverage_blind", {{"n", std::to_string(dossier.coverage_options.gap_days)}}),
      std::to_string(feed.blind_days));
  const FeedGap* longest = longest_gap(feed);
  add(texts("coverage_longest"), longest == nullptr
                                     ? texts("none")
                                     : texts("coverage_longest_text", {{"days", std::to_string(longest->days)},
                                                                       {"from", texts.day(longest->first_day)},
                                                                       {"to", texts.day(longest->last_day)}}));
  const std::optional<SiteSight>& sight = dossier.coverage->sight;
  const auto share = [&](std::size_t part) {
    return texts.percent(static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(1, sight->pixels)), 1);
  };
  add(texts("coverage_unseen", {{"n", std::to_string(dossier.blind_days)}}),
      sight ? texts("coverage_unseen_text", {{"share", share(sight->blind)}, {"never", share(sight->never)}})
            : texts("unknown"));
  return rows;
}

ordered_json month_rows(const Feed& feed) {
  ordered_json rows = ordered_json::array();
  const std::size_t first = feed.months.size() > months_listed ? feed.months.size() - months_listed : 0;
  for (std::size_t i = first; i < feed.months.size(); ++i) {
    const FeedMonth& month = feed.months[i];
    rows.push_back({{"month", month.month},
                    {"expected", std::to_string(month.counts.expected)},
                    {"received", std::to_string(month.counts.received)},
                    {"usable", std::to_string(month.counts.usable)},
                    {"masked", std::to_string(month.counts.masked)},
                    {"skipped", std::to_string(month.counts.skipped)},
                    {"blind", std::to_string(month.blind_days)}});
  }
  return rows;
}

std::string summary_text(const SiteDossier& dossier, const Texts& texts) {
  double area_ha = 0;
  int open = 0;
  for (const OutlinedAlert& each : dossier.alerts) {
    area_ha += each.alert.area_ha;
    const AlertStatus status = each.alert.status;
    open += status == AlertStatus::provisional || status == AlertStatus::confirmed ? 1 : 0;
  }
  return texts("site_summary",
               {{"site", dossier.site},
                {"alerts", std::to_string(dossier.alerts.size())},
                {"area", texts.hectares(area_ha)},
                {"open", std::to_string(open)},
                {"acquisitions", std::to_string(dossier.acquisitions)},
                {"newest", dossier.newest_acquisition ? texts.day(*dossier.newest_acquisition) : texts("unknown")}});
}

}  // namespace

std::string site_map_svg(const SiteDossier& dossier, const Texts& texts) {
  const MapPlane plane(dossier);
  if (plane.is_empty()) return {};
  const double height = plane.height() + 70;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + fixed_text(map_width, 0) + " " +
                    fixed_text(height, 0) + "\" role=\"img\" aria-label=\"" +
                    page_text(texts("site_map_alt", {{"site", dossier.site}})) +
                    "\" style=\"font-family:'DejaVu Sans',Arial,sans-serif\">\n";
  if (!dossier.outline.empty()) {
    svg += "<path d=\"" + plane.path_of(dossier.outline) +
           "\" fill=\"#f3f5f7\" stroke=\"#1b1f24\" stroke-width=\"2\" fill-rule=\"evenodd\"/>\n";
  }
  for (const OutlinedAlert& each : dossier.alerts) {
    const std::string colour = colour_of(each.alert.status);
    svg += "<path d=\"" + plane.path_of(each.outline) + "\" fill=\"" + colour + "\" fill-opacity=\"0.45\" stroke=\"" +
           colour + "\" stroke-width=\"1.5\" fill-rule=\"evenodd\"/>\n";
  }
  svg += labels_svg(dossier, plane);
  const double metres = scale_bar_m(plane.width_m() / 2);
  const double y = plane.height() + 18;
  svg += "<path d=\"M" + fixed_text(map_margin, 0) + " " + fixed_text(y - 7, 1) + "V" + fixed_text(y, 1) + "H" +
         fixed_text(map_margin + metres / plane.width_m() * map_width, 1) + "V" + fixed_text(y - 7, 1) +
         "\" fill=\"none\" stroke=\"#000000\" stroke-width=\"2\"/>\n" +
         text_svg(map_margin + metres / plane.width_m() * map_width + 8, y + 1, 15, "start", texts.distance(metres)) +
         "<path d=\"M" + fixed_text(map_width - 52, 0) + " " + fixed_text(y - 20, 1) + "l9 26l-9 -7l-9 7z\"/>\n" +
         text_svg(map_width - 38, y + 4, 15, "start", texts("north")) + legend_svg(y + 24, texts);
  return svg + "</svg>";
}

ordered_json site_page(const SiteDossier& dossier, const DossierRecord& record, const Texts& texts,
                       const std::map<std::string, std::string>& pages) {
  ordered_json page;
  page["title"] = texts("title_site", {{"site", dossier.site}});
  page["as_of"] = as_of_text(record, dossier.newest_acquisition, texts);
  page["summary"] = summary_text(dossier, texts);
  page["objective"] = texts("objective_site_text", {{"site", dossier.site}});
  const std::string map = site_map_svg(dossier, texts);
  page["has_map"] = !map.empty();
  page["map"] = map;
  page["map_note"] = dossier.outline.empty() ? ordered_json(texts("site_map_no_outline")) : ordered_json();
  page["has_alerts"] = !dossier.alerts.empty();
  page["alerts"] = alert_rows(dossier, texts, pages);
  ordered_json statuses = ordered_json::array();
  for (const AlertStatus status : standing) statuses.push_back(texts(key("status_", name(status))));
  page["statuses"] = statuses;
  page["hectares"] = hectare_rows(dossier, texts);
  page["has_inventory"] = !dossier.inventory.empty();
  page["inventory"] = inventory_rows(dossier, texts);
  page["has_coverage"] = dossier.coverage.has_value();
  page["coverage"] = dossier.coverage ? coverage_facts(dossier, texts) : ordered_json::array();
  page["months"] = dossier.coverage ? month_rows(dossier.coverage->feed) : ordered_json::array();
  page["custody"] = custody_facts(record, texts);
  return page;
}

}  // namespace pitwatch
