#include "pipeline/webmap/map_scripts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/register/register_as_of.hpp"
#include "pipeline/webmap/script_text.hpp"

namespace pitwatch {
namespace {

using nlohmann::ordered_json;

constexpr double parts_of_degree = 1e6;

// ---- texts and numbers ----

/// What came from outside: on one line, without what turns the direction of writing around.
ordered_json text_json(const std::string& text) { return printable(text); }

/// All texts of a document likewise.
ordered_json printable_texts(const ordered_json& value) {
  if (value.is_string()) return text_json(value.get_ref<const std::string&>());
  if (!value.is_structured()) return value;
  ordered_json result = value.is_array() ? ordered_json::array() : ordered_json::object();
  for (const auto& [key, member] : value.items()) {
    if (value.is_array()) {
      result.push_back(printable_texts(member));
    } else {
      result[printable(key)] = printable_texts(member);
    }
  }
  return result;
}

ordered_json number_json(double value, int decimals) {
  return std::isfinite(value) ? ordered_json(rounded_number(value, decimals)) : ordered_json(nullptr);
}

ordered_json instant_json(const std::optional<Instant>& instant) {
  return instant ? ordered_json(format_instant(*instant)) : ordered_json(nullptr);
}

std::string script_of(const std::string& key, const ordered_json& document) {
  return data_script(key, document.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

// ---- shapes ----

ordered_json line_json(const std::vector<LonLat>& line) {
  ordered_json numbers = ordered_json::array();
  std::int64_t last_lon = 0;
  std::int64_t last_lat = 0;
  for (const LonLat place : line) {
    const std::int64_t lon = std::llround(place.lon * parts_of_degree);
    const std::int64_t lat = std::llround(place.lat * parts_of_degree);
    numbers.push_back(lon - last_lon);
    numbers.push_back(lat - last_lat);
    last_lon = lon;
    last_lat = lat;
  }
  return numbers;
}

ordered_json outline_json_of(const LonLatMultiPolygon& outline) {
  ordered_json polygons = ordered_json::array();
  for (const LonLatPolygon& polygon : outline) {
    ordered_json rings = ordered_json::array({line_json(polygon.outer)});
    for (const LonLatRing& hole : polygon.holes) rings.push_back(line_json(hole));
    polygons.push_back(std::move(rings));
  }
  return polygons;
}

ordered_json feature_json(const LayerFeature& feature) {
  ordered_json lines = ordered_json::array();
  for (const LonLatLine& line : feature.lines) lines.push_back(line_json(line));
  return {{"id", text_json(feature.id)},
          {"name", text_json(feature.name)},
          {"holder", text_json(feature.holder)},
          {"valid_from", feature.valid_from ? ordered_json(format_day(*feature.valid_from)) : ordered_json(nullptr)},
          {"valid_to", feature.valid_to ? ordered_json(format_day(*feature.valid_to)) : ordered_json(nullptr)},
          {"areas", outline_json_of(feature.areas)},
          {"lines", std::move(lines)},
          {"points", line_json(feature.points)}};
}

// ---- parts of the map ----

ordered_json site_json(const MapSite& site, const ordered_json& coverage) {
  ordered_json of_site = nullptr;
  if (site.coverage) {
    of_site = coverage.at("sites").at(*site.coverage);
    for (const char* const apart : {"site", "is_watched", "tracks", "outages"}) of_site.erase(apart);
  }
  return {{"id", text_json(site.id)},
          {"name", text_json(site.name)},
          {"watched", site.is_watched},
          {"outline", outline_json_of(site.outline)},
          {"dossier", site.dossier.empty() ? ordered_json(nullptr) : ordered_json(site.dossier)},
          {"coverage", printable_texts(of_site)}};
}

ordered_json row_json(const MapAlert& one, const std::string& file_name, double max_natural) {
  const Alert& alert = one.outlined.alert;
  ordered_json row{{"id", text_json(alert.id)},
                   {"file", file_name},
                   {"site", one.site},
                   {"status", name(alert.status)},
                   {"class", name(alert.change_class)},
                   {"review", alert.review ? ordered_json(name(alert.review->verdict)) : ordered_json(nullptr)},
                   {"licence", nullptr},
                   {"area_ha", number_json(alert.area_ha, area_decimals)},
                   {"confidence", number_json(alert.confidence, confidence_decimals)},
                   {"first", format_day(alert.first_detected)},
                   {"last", format_day(alert.last_detected)},
                   {"observed", format_day(alert.last_observed)},
                   {"outline", outline_json_of(one.outlined.outline)}};
  if (is_left_out(alert, max_natural)) row["hidden"] = true;
  if (alert.context.licence) row["licence"] = name(alert.context.licence->verdict);
  return row;
}

ordered_json event_json(const RegisteredEvent& event) {
  return {
      {"at", format_instant(event.at)},
      {"event", name(event.kind)},
      {"status", name(event.status.value_or(AlertStatus::provisional))},
      {"class", name(event.change_class)},
      {"area_ha", number_json(event.area_ha, area_decimals)},
      {"confidence", event.confidence ? number_json(*event.confidence, confidence_decimals) : ordered_json(nullptr)}};
}

ordered_json review_json(const RegisteredReview& one) {
  return {{"verdict", name(one.review.verdict)},
          {"reviewer", text_json(one.review.reviewer)},
          {"reviewed_at", format_instant(one.review.reviewed_at)},
          {"reason", text_json(one.review.reason)}};
}

ordered_json picture_json(const MapPicture& picture) {
  ordered_json corners = ordered_json::array();
  for (const LonLat corner : picture.corners) {
    corners.push_back({std::llround(corner.lon * parts_of_degree), std::llround(corner.lat * parts_of_degree)});
  }
  return {{"role", picture.role},
          {"name", picture.name},
          {"acquisition", text_json(picture.acquisition)},
          {"acquired", format_instant(picture.acquired)},
          {"file", picture.file},
          {"width", picture.width},
          {"height", picture.height},
          {"corners", std::move(corners)}};
}

}  // namespace

std::vector<std::string> alert_file_names(const MapContent& content) {
  std::vector<std::string> names;
  for (const MapAlert& alert : content.alerts) names.push_back(chip_folder_name(alert.outlined.alert.id));
  return names;
}

std::string outline_text(const LonLatMultiPolygon& outline) { return outline_json_of(outline).dump(); }

std::string map_script(const MapContent& content, const std::vector<std::string>& names, std::string_view language) {
  const ordered_json coverage = ordered_json::parse(coverage_json(content.coverage));
  ordered_json map{{"format", 1}, {"lang", language}, {"as_of", instant_json(content.as_of)}};
  map["coverage"] = {{"now", content.as_of ? coverage.at("now") : ordered_json(nullptr)},
                     {"gap_days", coverage.at("gap_days")},
                     {"least_clear_share", coverage.at("least_clear_share")},
                     {"blind_pixel_days", coverage.at("blind_pixel_days")}};
  map["sites"] = ordered_json::array();
  for (const MapSite& site : content.sites) map["sites"].push_back(site_json(site, coverage));
  map["layers"] = ordered_json::array();
  for (const MapLayer& layer : content.layers) {
    ordered_json features = ordered_json::array();
    for (const LayerFeature& feature : layer.features) features.push_back(feature_json(feature));
    map["layers"].push_back({{"name", text_json(layer.name)}, {"role", layer.role}, {"features", std::move(features)}});
  }
  map["skipped"] = ordered_json::array();
  for (const MapLack& lack : content.lacks) {
    static constexpr std::array kinds{"sites", "layers", "layer", "coverage"};
    map["skipped"].push_back({{"what", kinds[static_cast<std::size_t>(lack.what)]}, {"name", text_json(lack.name)}});
  }
  map["alerts"] = ordered_json::array();
  for (std::size_t i = 0; i < content.alerts.size(); ++i)
    map["alerts"].push_back(row_json(content.alerts[i], names[i], content.max_natural));
  return script_of("map", map);
}

std::string texts_script(const std::map<std::string, std::string>& texts) {
  return script_of("texts", ordered_json(texts));
}

std::string growth_script(const MapContent& content, std::size_t piece) {
  ordered_json growth = ordered_json::array();
  const std::size_t end = std::min(content.alerts.size(), (piece + 1) * alerts_of_growth);
  for (std::size_t i = piece * alerts_of_growth; i < end; ++i) {
    ordered_json events = ordered_json::array();
    const LonLatMultiPolygon* before = nullptr;
    const bool was_replaced = is_replaced(content.alerts[i].outlined.alert);
    for (const RegisteredEvent& event : content.alerts[i].events) {
      // As alerts_as_of() has it: before that there was none.
      if (was_replaced && event.kind != AlertEventKind::superseded) continue;
      ordered_json row = event_json(event);
      if (is_hidden(event, content.max_natural)) row["hidden"] = true;
      // One that is not told is the one before.
      if (!event.outline.empty() && (before == nullptr || *before != event.outline)) {
        row["outline"] = outline_json_of(event.outline);
        before = &event.outline;
      }
      events.push_back(std::move(row));
    }
    growth.push_back({{"alert", i}, {"events", std::move(events)}});
  }
  return script_of("growth-" + std::to_string(piece), growth);
}

std::string alert_script(const MapAlert& alert, const std::string& file_name, const MapDetails& details) {
  ordered_json document{
      {"properties", printable_texts(ordered_json::parse(alert_properties_json(alert.outlined.alert)))},
      {"events", ordered_json::array()},
      {"reviews", ordered_json::array()},
      {"pictures", ordered_json::array()},
      {"observations", ordered_json::parse(details.observations)},
      {"dossier", details.dossier.empty() ? ordered_json(nullptr) : ordered_json(details.dossier)}};
  for (const RegisteredEvent& event : alert.events) document["events"].push_back(event_json(event));
  for (const RegisteredReview& review : alert.reviews) document["reviews"].push_back(review_json(review));
  for (const MapPicture& picture : details.pictures) document["pictures"].push_back(picture_json(picture));
  return script_of("alert-" + file_name, document);
}

}  // namespace pitwatch
