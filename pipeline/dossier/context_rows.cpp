#include "pipeline/dossier/context_rows.hpp"

#include <nlohmann/json.hpp>

#include "pipeline/dossier/reason_texts.hpp"

namespace pitwatch {
namespace {

using nlohmann::ordered_json;

std::string joined(const std::vector<std::string>& items) {
  std::string all;
  for (const std::string& item : items) all += (all.empty() ? "" : ", ") + item;
  return all;
}

ordered_json or_null(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

void add_part(std::string& text, const std::string& part) {
  if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
}

class Facts {
 public:
  explicit Facts(const Texts& texts) : texts_(texts) {}

  void add(const char* key, const std::string& value, const std::string& note = {}) {
    rows_.push_back({{"name", texts_(key)}, {"value", value}, {"note", or_null(note)}});
  }

  void add_licence(const LicenceFacts& licence) {
    std::string note;
    if (licence.area_ha > 0) {
      add_part(note, texts_("context_in_licence",
                            {{"area", texts_.number(licence.area_ha, 2)}, {"share", texts_.percent(licence.share)}}));
    }
    add_part(note, joined(licence.ids));
    add_part(note, joined(licence.holders));
    if (licence.validity) add_part(note, texts_("validity_" + std::string(name(*licence.validity))));
    if (licence.crossed_on) add_part(note, texts_("context_crossed", {{"date", texts_.day(*licence.crossed_on)}}));
    add("context_licences", texts_("boundary_" + std::string(name(licence.verdict))), note);
  }

  void add_protected(const ProtectedFacts& area) {
    std::string note = area.area_ha > 0 ? texts_.hectares(area.area_ha) : "";
    add_part(note, joined(area.ids));
    add_part(note, joined(area.names));
    if (area.crossed_on) add_part(note, texts_("context_crossed", {{"date", texts_.day(*area.crossed_on)}}));
    add("context_protected", texts_("boundary_" + std::string(name(area.verdict))), note);
  }

  void add_water(const char* key, const std::optional<NearWater>& water) {
    if (!water) return;
    std::string text = water->name;
    add_part(text, water->distance_m > 0
                       ? texts_("context_distance", {{"distance", texts_.distance(water->distance_m)}})
                       : texts_("context_on_alert"));
    if (water->side) add_part(text, texts_("side_" + std::string(name(*water->side))));
    add(key, text);
  }

  void add_flow(const WaterFlow& flow) {
    if (flow.to.empty()) {
      add("context_water_flow", texts_("context_flow_none"));
      return;
    }
    const std::string share = texts_.percent(flow.share);
    const std::string text = flow.length_m && flow.drop_m
                                 ? texts_("context_flow_text", {{"to", flow.to},
                                                                {"length", texts_.distance(*flow.length_m)},
                                                                {"drop", texts_.number(*flow.drop_m, 0)},
                                                                {"share", share}})
                                 : texts_("context_flow_no_way", {{"to", flow.to}, {"share", share}});
    add("context_water_flow", text, joined(flow.passed));
  }

  void add_risk(const char* key, const std::optional<RiskLevel>& risk) {
    if (risk) add(key, texts_("risk_" + std::string(name(*risk))));
  }

  ordered_json rows() { return std::move(rows_); }

 private:
  const Texts& texts_;
  ordered_json rows_ = ordered_json::array();
};

std::string feature_text(const ContextDetail& detail, const Texts& texts) {
  if (!detail.overlapping.empty()) return joined(detail.overlapping);
  if (detail.feature_id.empty()) return detail.area_ha ? texts("context_in_none") : "";
  std::string text = detail.feature_id;
  if (!detail.feature_name.empty() && detail.feature_name != detail.feature_id) text += ", " + detail.feature_name;
  return text;
}

std::string valid_text(const ContextDetail& detail, const Texts& texts) {
  if (!detail.valid_from && !detail.valid_to) return "";
  const auto day = [&](const std::optional<Instant>& at) { return at ? texts.short_day(*at) : texts("unknown"); };
  return texts("coverage_period_text", {{"from", day(detail.valid_from)}, {"to", day(detail.valid_to)}});
}

std::string finding_text(const ContextDetail& detail, const Texts& texts) {
  std::string text;
  if (detail.verdict) add_part(text, texts("boundary_" + std::string(name(*detail.verdict))));
  if (detail.validity) add_part(text, texts("validity_" + std::string(name(*detail.validity))));
  const std::string figures = figures_text(detail, texts);
  return text + (text.empty() || figures.empty() ? "" : "; ") + figures;
}

std::string ground_text(const ContextDetail& detail, const Texts& texts) {
  if (detail.area_ha) {
    return texts.hectares(*detail.area_ha) + (detail.share ? " (" + texts.percent(*detail.share) + ")" : "");
  }
  if (!detail.distance_m) return "";
  return *detail.distance_m > 0 ? texts("context_distance", {{"distance", texts.distance(*detail.distance_m)}})
                                : texts("context_on_alert");
}

}  // namespace

ordered_json context_facts(const AlertDossier& dossier, const Texts& texts) {
  const AlertContext& context = dossier.outlined.alert.context;
  Facts facts(texts);
  if (context.licence) facts.add_licence(*context.licence);
  if (context.parcel) {
    facts.add("context_parcels", context.parcel->ids.empty() ? texts("context_in_none") : joined(context.parcel->ids));
  }
  if (context.protected_area) facts.add_protected(*context.protected_area);
  if (const std::optional<WaterFacts>& water = context.water) {
    facts.add_water("context_water_surface", water->surface);
    facts.add_water("context_water_spring", water->spring);
    facts.add_water("context_water_well", water->well);
    if (water->flow) facts.add_flow(*water->flow);
    facts.add_risk("context_risk_surface", water->surface_risk);
    facts.add_risk("context_risk_ground", water->ground_risk);
  }
  if (context.site_share) facts.add("context_site_share", texts.percent(*context.site_share));
  return facts.rows();
}

ordered_json context_rows(const AlertDossier& dossier, const Texts& texts) {
  ordered_json rows = ordered_json::array();
  for (const RegisteredFact& fact : dossier.facts) {
    if (!fact.columns.empty()) continue;
    const ContextDetail& detail = fact.detail;
    rows.push_back({{"subject", subject_text(detail.subject, texts)},
                    {"feature", or_null(feature_text(detail, texts))},
                    {"holder", or_null(detail.holder)},
                    {"valid", valid_text(detail, texts)},
                    {"ground", ground_text(detail, texts)},
                    {"finding", finding_text(detail, texts)},
                    {"worked_out", texts.short_day(fact.worked_out)}});
  }
  return rows;
}

}  // namespace pitwatch
