#include "tools/context_texts.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "pipeline/context/context.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/vector/layer_features.hpp"
#include "tools/alert_texts.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {

using nlohmann::ordered_json;

namespace {

constexpr std::size_t most_named = 3;  // ids of features with one remark

std::string joined(const std::vector<std::string>& texts, const char* none) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all.empty() ? none : all;
}

/// "stream below the pit, 240 m, downstream"
std::string water_text(const std::optional<NearWater>& water) {
  if (!water) return "-";
  std::string text = fmt::format("{}, {:.0f} m", water->name, water->distance_m);
  if (water->side) text += ", " + std::string(name(*water->side));
  return text;
}

/// Of surface water, springs and wells the one that is nearest.
std::string nearest_text(const std::optional<WaterFacts>& water) {
  if (!water) return "-";
  const std::optional<NearWater>* nearest = &water->surface;
  for (const auto* other : {&water->spring, &water->well}) {
    if (*other && (!*nearest || (*other)->distance_m < (*nearest)->distance_m)) nearest = other;
  }
  return water_text(*nearest);
}

/// "Small River, 840 m, 97 % of draws"
std::string flow_text(const std::optional<WaterFacts>& water) {
  if (!water || !water->flow) return "-";
  if (water->flow->to.empty()) return "no water";
  std::string text = water->flow->to;
  if (water->flow->length_m) text += fmt::format(", {:.0f} m", *water->flow->length_m);
  return text + fmt::format(", {:.0f} % of draws", 100 * water->flow->share);
}

std::string risk_text(const std::optional<WaterFacts>& water) {
  const auto level = [](const std::optional<RiskLevel>& risk) { return risk ? std::string(name(*risk)) : "-"; };
  return water ? level(water->surface_risk) + ", " + level(water->ground_risk) : "-";
}

std::string text_or(const std::string& text, const char* none) { return text.empty() ? none : text; }

/// Whose ground, or which water, a row is about.
std::string whose(const ContextDetail& detail) {
  if (!detail.overlapping.empty()) return "shared by " + joined(detail.overlapping, "");
  if (!detail.figures.empty() && detail.feature_id.empty()) return "-";  // parts of a risk, which stands above
  if (detail.feature_id.empty()) return detail.distance_m || !detail.area_ha ? "none" : "of none";
  std::string text = detail.feature_id;
  if (!detail.feature_name.empty() && detail.feature_name != detail.feature_id) text += " " + detail.feature_name;
  return text;
}

ordered_json parsed(const std::string& text) {
  if (text.empty()) return {};
  ordered_json value = ordered_json::parse(text, nullptr, false);
  return value.is_discarded() ? ordered_json() : value;
}

/// Of the features of a layer.
struct Remark {
  std::string name;
  int count = 0;
  std::string ids;  // of the first
};

std::vector<Remark> remarks_of(const ContextLayerState& layer) {
  std::vector<Remark> result;
  const ordered_json remarks = parsed(layer.remarks);
  if (!remarks.is_object()) return result;
  for (const auto& [name, entry] : remarks.items()) {
    const auto count =
        entry.is_object() && entry.contains("count") ? whole_number_in<int>(entry["count"]) : std::nullopt;
    if (!count) continue;
    std::vector<std::string> ids;
    for (const ordered_json& id : entry.value("ids", ordered_json::array())) {
      if (id.is_string() && ids.size() < most_named) ids.push_back(id.get<std::string>());
    }
    result.push_back({name, *count, joined(ids, "")});
    if (!ids.empty() && entry["ids"].size() > most_named) result.back().ids += ", ...";
  }
  return result;
}

std::string validity_text(const ContextDetail& detail) {
  if (!detail.validity) return "";
  std::string text(name(*detail.validity));
  if (detail.valid_from || detail.valid_to) {
    text += " (" + (detail.valid_from ? format_day(*detail.valid_from) : "?") + " to " +
            (detail.valid_to ? format_day(*detail.valid_to) : "?") + ")";
  }
  return text;
}

std::string figures_text(const std::map<std::string, double>& figures) {
  std::string text;
  constexpr double most_whole = 1e9;
  for (const auto& [name, value] : figures) {
    const bool is_whole = std::abs(value) < most_whole && value == std::round(value);  // days, counts
    text += is_whole ? fmt::format(", {} {:.0f}", name, value) : fmt::format(", {} {:.4g}", name, value);
  }
  return text;
}

/// Rows of one feature, of shared ground or of none; what the alert's own columns say stands above.
void add_row(const RegisteredFact& fact, TextTable& table) {
  const ContextDetail& detail = fact.detail;
  if (!fact.columns.empty()) return;
  table.push_back({"  " + detail.subject, whose(detail), text_or(detail.holder, "-"),
                   detail.area_ha ? hectares(*detail.area_ha) + " ha" : "-",
                   detail.verdict ? std::string(name(*detail.verdict)) : "-", text_or(validity_text(detail), "-"),
                   detail.distance_m ? fmt::format("{:.0f} m", *detail.distance_m) : "-",
                   "worked out " + format_instant(fact.worked_out) + figures_text(detail.figures)});
}

ordered_json text_json(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

template <typename T, typename ToJson>
ordered_json or_null(const std::optional<T>& value, const ToJson& to_json) {
  return value ? ordered_json(to_json(*value)) : ordered_json();
}

}  // namespace

std::string context_table(const std::vector<OutlinedAlert>& alerts) {
  TextTable table{{"id", "site", "area ha", "licence", "ha in", "validity", "holder", "crossed", "protected",
                   "nearest water", "flows to", "risk of surface, ground water"}};
  for (const OutlinedAlert& outlined : alerts) {
    const Alert& alert = outlined.alert;
    const auto& licence = alert.context.licence;
    const auto& area = alert.context.protected_area;
    table.push_back(
        {alert.id, alert.site.value_or("-"), hectares(alert.area_ha),
         licence ? std::string(name(licence->verdict)) : "-", licence ? hectares(licence->area_ha) : "-",
         licence && licence->validity ? std::string(name(*licence->validity)) : "-",
         licence ? joined(licence->holders, "-") : "-",
         licence && licence->crossed_on ? format_day(*licence->crossed_on) : "-",
         area ? std::string(name(area->verdict)) + (area->names.empty() ? "" : ", " + joined(area->names, "")) : "-",
         nearest_text(alert.context.water), flow_text(alert.context.water), risk_text(alert.context.water)});
  }
  return aligned(table);
}

std::string remarks_text(const ContextLayerState& layer) {
  std::string text;
  for (const Remark& remark : remarks_of(layer)) {
    text += (text.empty() ? "" : ", ") + std::to_string(remark.count) + " " + remark.name;
    if (!remark.ids.empty()) text += " (" + remark.ids + ")";
  }
  return text;
}

std::vector<std::string> layer_warnings(const ContextLayerState& layer) {
  std::vector<std::string> lines;
  for (const Remark& remark : remarks_of(layer)) {
    const auto* const known = std::find(layer_remark_names.begin(), layer_remark_names.end(), remark.name);
    if (known == layer_remark_names.end()) continue;
    const auto kind = static_cast<LayerRemark>(known - layer_remark_names.begin());
    if (is_left_out(kind)) {
      lines.push_back("layer " + layer.name + ": " + std::to_string(remark.count) +
                      (remark.count == 1 ? " feature is" : " features are") + " left out, " + remark.name + ": " +
                      remark.ids);
    } else if (kind == LayerRemark::far_from_sites) {
      lines.push_back("layer " + layer.name + ": no feature within " + fmt::format("{:g}", near_sites_km) +
                      " km of any site: are longitude and latitude swapped?");
    } else if (kind == LayerRemark::perhaps_swapped) {
      lines.push_back("layer " + layer.name +
                      ": far from all sites, but at one if longitude and latitude were swapped: " + remark.ids);
    }
  }
  return lines;
}

std::string layers_table(const std::vector<ContextLayerState>& layers) {
  TextTable table{{"layer", "role", "features", "used", "remarks"}};
  for (const ContextLayerState& layer : layers) {
    table.push_back({layer.name, layer.role, std::to_string(layer.features), std::to_string(layer.used),
                     layer.problem.empty() ? text_or(remarks_text(layer), "-") : "cannot be used: " + layer.problem});
  }
  return aligned(table);
}

ordered_json json_of(const ContextLayerState& layer) {
  return {{"name", layer.name},
          {"role", layer.role},
          {"source", layer.source},
          {"sha256", text_json(layer.sha256)},
          {"features", layer.features},
          {"used", layer.used},
          {"remarks", parsed(layer.remarks)},
          {"problem", text_json(layer.problem)}};
}

ordered_json json_of(const RegisteredFact& fact) {
  const ContextDetail& detail = fact.detail;
  const auto as_it_is = [](double number) { return number; };
  const auto by_name = [](auto value) { return name(value); };
  return {{"subject", detail.subject},
          {"layer", text_json(detail.layer)},
          {"feature_id", text_json(detail.feature_id)},
          {"feature_name", text_json(detail.feature_name)},
          {"holder", text_json(detail.holder)},
          {"overlapping", detail.overlapping},
          {"valid_from", or_null(detail.valid_from, format_instant)},
          {"valid_to", or_null(detail.valid_to, format_instant)},
          {"accuracy_m", or_null(detail.accuracy_m, as_it_is)},
          {"area_ha", or_null(detail.area_ha, as_it_is)},
          {"share", or_null(detail.share, as_it_is)},
          {"verdict", or_null(detail.verdict, by_name)},
          {"validity", or_null(detail.validity, by_name)},
          {"distance_m", or_null(detail.distance_m, as_it_is)},
          {"figures", detail.figures},
          {"columns", parsed(fact.columns)},
          {"worked_out", format_instant(fact.worked_out)},
          {"recorded_at", format_instant(fact.recorded_at)}};
}

std::string facts_text(const std::vector<RegisteredFact>& facts) {
  std::map<std::string, Instant> newest;  // by subject
  for (const RegisteredFact& fact : facts) newest[fact.detail.subject] = fact.recorded_at;
  TextTable table;
  for (const RegisteredFact& fact : facts) {
    if (fact.recorded_at == newest[fact.detail.subject]) add_row(fact, table);
  }
  return table.empty() ? "  nothing is known\n" : aligned(table);
}

}  // namespace pitwatch::tools
