#include "tools/alert_texts.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>

#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "tools/context_texts.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {

using nlohmann::ordered_json;

namespace {

ordered_json json_of(const RegisteredEvent& event) {
  const auto or_null = [](const auto& value, const auto& as_json) {
    return value ? ordered_json(as_json(*value)) : ordered_json();
  };
  return {{"revision", event.revision},
          {"at", format_instant(event.at)},
          {"event", name(event.kind)},
          {"status", or_null(event.status, [](AlertStatus status) { return name(status); })},
          {"class", name(event.change_class)},
          {"class_probability", or_null(event.class_probability, [](double value) { return value; })},
          {"natural_probability", or_null(event.natural_probability, [](double value) { return value; })},
          {"area_ha", event.area_ha},
          {"confidence", or_null(event.confidence, [](double value) { return value; })},
          {"recorded_at", or_null(event.recorded_at, format_instant)},
          {"geometry", event.outline.empty() ? ordered_json() : ordered_json::parse(outline_json(event.outline))}};
}

ordered_json json_of(const RegisteredReview& each) {
  return {{"alert_id", each.alert_id},
          {"verdict", name(each.review.verdict)},
          {"reviewer", each.review.reviewer},
          {"reviewed_at", format_instant(each.review.reviewed_at)},
          {"reason", each.review.reason},
          {"recorded_at", each.recorded_at ? ordered_json(format_instant(*each.recorded_at)) : ordered_json()},
          {"os_user", each.os_user.empty() ? ordered_json() : ordered_json(each.os_user)}};
}

/// With two decimals; what is neither 0 nor 1 is not said to be.
std::string probability_text(double probability) {
  const std::string text = fmt::format("{:.2f}", probability);
  if (probability > 0 && text == "0.00") return "<0.01";
  return probability < 1 && text == "1.00" ? ">0.99" : text;
}

std::string history_text(const std::vector<RegisteredEvent>& events) {
  TextTable table;
  for (const RegisteredEvent& event : events) {
    table.push_back(
        {"  " + format_instant(event.at), std::string(name(event.kind)),
         event.status ? std::string(name(*event.status)) : "-", std::string(name(event.change_class)),
         event.natural_probability ? "natural " + probability_text(*event.natural_probability) : "natural -",
         hectares(event.area_ha) + " ha",
         event.confidence ? "confidence " + probability_text(*event.confidence) : "confidence -",
         "revision " + std::to_string(event.revision),
         event.recorded_at ? "recorded " + format_instant(*event.recorded_at) : "recorded -"});
  }
  return aligned(table);
}

bool is_of_context(const AlertColumn& column) {
  const auto all = context_columns();
  return std::any_of(all.begin(), all.end(),
                     [&](const AlertColumn& one) { return std::string_view(one.name) == column.name; });
}

std::string reviews_text(const std::vector<RegisteredReview>& reviews, const std::string& id) {
  TextTable table;
  for (const RegisteredReview& each : reviews) {
    std::string recorded = each.recorded_at ? "recorded " + format_instant(*each.recorded_at) : "recorded -";
    if (!each.os_user.empty()) recorded += " by " + each.os_user;
    table.push_back({"  " + format_instant(each.review.reviewed_at), std::string(name(each.review.verdict)),
                     each.review.reviewer, each.alert_id == id ? "" : "of " + each.alert_id, recorded,
                     each.review.reason});
  }
  return table.empty() ? "  none\n" : aligned(table);
}

}  // namespace

std::string hectares(double area_ha) { return fmt::format("{:.2f}", area_ha); }

std::string table_text(const std::vector<OutlinedAlert>& alerts) {
  TextTable table{{"id", "site", "status", "class", "natural", "area ha", "confidence", "first detected",
                   "last detected", "review"}};
  for (const OutlinedAlert& outlined : alerts) {
    const Alert& alert = outlined.alert;
    table.push_back({alert.id, alert.site.value_or("-"), std::string(name(alert.status)),
                     std::string(name(alert.change_class)),
                     alert.natural_probability ? probability_text(*alert.natural_probability) : "-",
                     hectares(alert.area_ha), probability_text(alert.confidence), format_day(alert.first_detected),
                     format_day(alert.last_detected), alert.review ? std::string(name(alert.review->verdict)) : "-"});
  }
  return aligned(table);
}

ordered_json json_of(const Alert& alert) {
  ordered_json object{{"id", alert.id}};
  object.update(ordered_json::parse(alert_properties_json(alert)));
  return object;
}

std::string text_of(const ordered_json& document) {
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json json_of(const Dossier& dossier) {
  ordered_json object = json_of(dossier.outlined.alert);
  object["geometry"] = ordered_json::parse(outline_json(dossier.outlined.outline));
  object["history"] = ordered_json::array();
  for (const RegisteredEvent& event : dossier.events) object["history"].push_back(json_of(event));
  object["reviews"] = ordered_json::array();
  for (const RegisteredReview& review : dossier.reviews) object["reviews"].push_back(json_of(review));
  object["facts"] = ordered_json::array();
  for (const RegisteredFact& fact : dossier.facts) object["facts"].push_back(json_of(fact));
  return object;
}

std::string text_of(const Dossier& dossier) {
  const Alert& alert = dossier.outlined.alert;
  TextTable properties;
  for (const AlertColumn& column : alert_columns()) {
    const std::string text = cell_text(column.get(alert));
    if (text.empty() && is_of_context(column)) continue;
    properties.push_back({column.name, text.empty() ? "-" : text});
  }
  TextTable scenes;
  for (const std::string& scene : alert.scenes_before) scenes.push_back({"  before", scene});
  for (const std::string& scene : alert.scenes_after) scenes.push_back({"  after", scene});
  return aligned(properties) + "\nhistory\n" + history_text(dossier.events) + "\nscenes\n" + aligned(scenes) +
         "\nreviews\n" + reviews_text(dossier.reviews, alert.id) + "\nlicences, ground and water\n" +
         facts_text(dossier.facts);
}

}  // namespace pitwatch::tools
