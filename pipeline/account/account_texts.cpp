#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "pipeline/account/account.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"

namespace pitwatch {
namespace {

using nlohmann::ordered_json;

constexpr int area_decimals = 4;  // of a hectare: a square metre
constexpr int share_decimals = 3;
constexpr double m2_per_ha = 1e4;

std::string ha_text(std::int64_t m2) { return fixed_text(static_cast<double>(m2) / m2_per_ha, area_decimals); }
std::string ha_text(double ha) { return fixed_text(ha, area_decimals); }

/// A number of so many decimals; null for what is none.
ordered_json number(double value, int decimals) {
  if (!std::isfinite(value)) return nullptr;
  const double scale = std::pow(10, decimals);
  const double rounded = std::round(value * scale) / scale;
  return rounded == 0 ? 0.0 : rounded;
}
ordered_json ha(std::int64_t m2) { return number(static_cast<double>(m2) / m2_per_ha, area_decimals); }
ordered_json ha(double value) { return number(value, area_decimals); }

std::string class_text(const LedgerRow& row) { return row.change_class ? std::string(name(*row.change_class)) : "all"; }

std::string basis_of(const AccountSite& site) { return site.sample ? "reference_sample" : "alerts"; }

ordered_json json_of(const EstimatedArea& area) {
  return {{"estimate", ha(area.value_ha)}, {"lower95", ha(area.lower_ha)}, {"upper95", ha(area.upper_ha)}};
}

ordered_json json_of(const std::optional<BoundedFigure>& figure) {
  if (!figure) return nullptr;
  return {{"value", number(figure->value, share_decimals)},
          {"lower95", number(figure->lower, share_decimals)},
          {"upper95", number(figure->upper, share_decimals)}};
}

ordered_json json_of(const std::optional<Instant>& instant) {
  return instant ? ordered_json(format_instant(*instant)) : ordered_json(nullptr);
}

ordered_json json_of(const SampledFigure& figure, int decimals) {
  return {{"value", number(figure.value, decimals)}, {"standard_error", number(figure.standard_error, decimals)}};
}

ordered_json json_of(const ReferenceSample& sample) {
  ordered_json classes = ordered_json::array();
  for (const ClassAccuracy& one : sample.accuracy.classes) {
    classes.push_back(
        {{"class", one.name},
         {"mapped_ha", ha(one.mapped_ha)},
         {"points", one.samples},
         {"adjusted_ha", json_of(one.area_ha, area_decimals)},
         {"users_accuracy", json_of(one.users, area_decimals)},
         {"producers_accuracy", one.producers ? json_of(*one.producers, area_decimals) : ordered_json(nullptr)}});
  }
  return {{"classes", std::move(classes)},
          {"mapped_disturbed_ha", ha(sample.mapped_ha)},
          {"adjusted_disturbed_ha", json_of(sample.disturbed_ha, area_decimals)},
          {"overall_accuracy", json_of(sample.accuracy.overall, area_decimals)}};
}

ordered_json json_of(const LedgerRow& row) {
  return {{"date", format_instant(row.at)},
          {"class", class_text(row)},
          {"objects", row.objects},
          {"disturbed_ha", ha(row.disturbed_m2)},
          {"disturbed", json_of(row.disturbed)},
          {"recovered_ha", ha(row.recovered_m2)},
          {"recovering_ha", ha(row.recovering_m2)},
          {"provisional_ha", ha(row.provisional_m2)},
          {"net_ha", ha(row.net_m2)},
          {"net", json_of(row.net)}};
}

/// What every alert has, whether it counts or not.
ordered_json alert_json(const Alert& alert, bool is_counted) {
  ordered_json object{{"id", alert.id},
                      {"site", alert.site ? ordered_json(*alert.site) : ordered_json(nullptr)},
                      {"counted", is_counted},
                      {"class", name(alert.change_class)},
                      {"status", name(alert.status)},
                      {"confidence", number(alert.confidence, share_decimals)},
                      {"review", alert.review ? ordered_json(name(alert.review->verdict)) : ordered_json(nullptr)},
                      {"first_detected", format_instant(alert.first_detected)},
                      {"onset_after", format_instant(alert.onset_after)},
                      {"onset_before", format_instant(alert.onset_before)},
                      {"last_observed", format_instant(alert.last_observed)},
                      {"area_ha", ha(alert.area_ha)},
                      {"area_uncertainty_ha", ha(alert.area_uncertainty_ha)}};
  return object;
}

ordered_json json_of(const LeftOutAlert& left_out) {
  ordered_json object = alert_json(left_out.alert.alert, false);
  object["left_out"] = name(left_out.why);
  object["lineage"] = left_out.lineage;
  return object;
}

ordered_json json_of(const Remediation& remediation) {
  return {{"state", name(remediation.state)},
          {"share", json_of(remediation.share)},
          {"rate_per_year", json_of(remediation.rate_per_year)},
          {"outlook", name(remediation.outlook)},
          {"years_to_80_percent", json_of(remediation.years_to_80)},
          {"observations", remediation.observations},
          {"span_days", number(remediation.span_days, 0)},
          {"newest", json_of(remediation.newest)}};
}

ordered_json json_of(const AccountObject& object) {
  ordered_json result = alert_json(object.counted.alert.alert, true);
  result["lineage"] = object.counted.lineage;
  result["disturbed_ha"] = ha(object.disturbed_m2);
  result["kind"] = name(object.kind.kind);
  result["kind_rule"] = name(object.kind.rule);
  result["kind_probability"] = object.kind.probability > 0 ? number(object.kind.probability, 2) : ordered_json(nullptr);
  result["width_m"] = number(object.shape.width_m, 0);
  result["elongation"] = number(object.shape.elongation, 1);
  result["recovery"] = object.remediation ? json_of(*object.remediation) : ordered_json(nullptr);
  return result;
}

/// The box of all positions.
class Bounds {
 public:
  void include(const LonLatMultiPolygon& shape) {
    for (const LonLatPolygon& polygon : shape) {
      for (const LonLat& place : polygon.outer) include(place);
    }
  }
  void include(const LonLat& place) {
    west_ = std::min(west_, place.lon);
    east_ = std::max(east_, place.lon);
    south_ = std::min(south_, place.lat);
    north_ = std::max(north_, place.lat);
  }
  bool is_empty() const { return west_ > east_; }
  std::string text() const {
    constexpr int decimals = 7;
    return "[" + fixed_text(west_, decimals) + "," + fixed_text(south_, decimals) + "," + fixed_text(east_, decimals) +
           "," + fixed_text(north_, decimals) + "]";
  }

 private:
  double west_ = std::numeric_limits<double>::infinity();
  double south_ = west_;
  double east_ = -west_;
  double north_ = -west_;
};

std::string dumped(const ordered_json& value, int indent = -1) {
  return value.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string account_csv(const Account& account) {
  std::string text =
      "site,date,class,objects,disturbed_ha,disturbed_estimate_ha,disturbed_lower95_ha,disturbed_upper95_ha,"
      "recovered_ha,recovering_ha,provisional_ha,net_ha,net_estimate_ha,net_lower95_ha,net_upper95_ha,basis\r\n";
  for (const AccountSite& site : account.sites) {
    for (const LedgerRow& row : site.rows) {
      text += csv_cell(site.site) + "," + format_instant(row.at) + "," + class_text(row) + "," +
              std::to_string(row.objects);
      for (const std::string& cell :
           {ha_text(row.disturbed_m2), ha_text(row.disturbed.value_ha), ha_text(row.disturbed.lower_ha),
            ha_text(row.disturbed.upper_ha), ha_text(row.recovered_m2), ha_text(row.recovering_m2),
            ha_text(row.provisional_m2), ha_text(row.net_m2), ha_text(row.net.value_ha), ha_text(row.net.lower_ha),
            ha_text(row.net.upper_ha)}) {
        text += "," + cell;
      }
      text += "," + basis_of(site) + "\r\n";
    }
  }
  return text;
}

std::string account_json(const Account& account) {
  ordered_json sites = ordered_json::array();
  for (const AccountSite& site : account.sites) {
    ordered_json rows = ordered_json::array();
    for (const LedgerRow& row : site.rows) rows.push_back(json_of(row));
    ordered_json objects = ordered_json::array();
    for (const AccountObject& object : site.objects) objects.push_back(json_of(object));
    ordered_json left_out = ordered_json::array();
    for (const LeftOutAlert& alert : site.left_out) left_out.push_back(json_of(alert));
    sites.push_back({{"site", site.site},
                     {"basis", basis_of(site)},
                     {"reference_sample", site.sample ? json_of(*site.sample) : ordered_json(nullptr)},
                     {"rows", std::move(rows)},
                     {"objects", std::move(objects)},
                     {"left_out", std::move(left_out)}});
  }
  return dumped({{"until", json_of(account.until)}, {"remarks", account.remarks}, {"sites", std::move(sites)}}, 2) +
         "\n";
}

std::string account_geojson(const Account& account) {
  Bounds all;
  std::string features;
  const auto add = [&](const OutlinedAlert& alert, const ordered_json& properties) {
    Bounds box;
    box.include(alert.outline);
    all.include(alert.outline);
    features += std::string(features.empty() ? "\n" : ",\n") + R"({"type":"Feature","id":)" + dumped(alert.alert.id) +
                R"(,"bbox":)" + box.text() + R"(,"properties":)" + dumped(properties) + R"(,"geometry":)" +
                outline_json(alert.outline) + "}";
  };
  for (const AccountSite& site : account.sites) {
    for (const AccountObject& object : site.objects) add(object.counted.alert, json_of(object));
    for (const LeftOutAlert& alert : site.left_out) add(alert.alert, json_of(alert));
  }
  return R"({"type":"FeatureCollection","name":"account")" + (all.is_empty() ? "" : R"(,"bbox":)" + all.text()) +
         R"(,"features":[)" + features + "\n]}\n";
}

}  // namespace pitwatch
