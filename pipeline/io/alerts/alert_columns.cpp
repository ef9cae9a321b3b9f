#include "pipeline/io/alerts/alert_columns.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/vector/geojson_text.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr int change_decimals = 4;

template <typename T>
T required(const Cell& cell) {
  const T* value = std::get_if<T>(&cell);
  if (value == nullptr) throw DataError("has no value, or one of another type");
  return *value;
}

template <typename T>
std::optional<T> optional(const Cell& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return std::nullopt;
  return required<T>(cell);
}

template <typename T>
Cell cell_of(const std::optional<T>& value) {
  return value ? Cell(*value) : Cell();
}

Cell rounded(const std::optional<double>& probability) {
  return probability ? Cell(rounded_number(*probability, confidence_decimals)) : Cell();
}

Cell text_or_nothing(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

json parsed(const Cell& cell) {
  const json value = json::parse(required<std::string>(cell), nullptr, false);
  if (value.is_discarded()) throw DataError("is no JSON");
  return value;
}

std::vector<std::string> texts_of(const json& list) {
  if (!list.is_array()) throw DataError("is no list");
  std::vector<std::string> texts;
  for (const json& element : list) {
    if (!element.is_string()) throw DataError("is no list of texts");
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

void set_change(Alert& alert, const Cell& cell) {
  alert.change.clear();
  const json object = parsed(cell);
  if (!object.is_object()) throw DataError("is no object");
  for (const auto& [index, value] : object.items()) {
    if (!value.is_number() && !value.is_null()) throw DataError("holds something else than numbers");
    alert.change[index] = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  }
}

void set_class_probabilities(Alert& alert, const Cell& cell) {
  alert.class_probabilities.reset();
  if (std::holds_alternative<std::monostate>(cell)) return;
  const json object = parsed(cell);
  if (!object.is_object()) throw DataError("is no object");
  ClassProbabilities& all = alert.class_probabilities.emplace();
  for (const auto& [class_name, value] : object.items()) {
    const double probability = value.is_number() ? value.get<double>() : -1;
    if (!(probability >= 0 && probability <= 1)) throw DataError("holds something else than probabilities");
    all[static_cast<std::size_t>(change_class(class_name)) - 1] = probability;
  }
}

void set_scenes(Alert& alert, const Cell& cell) {
  const json object = parsed(cell);
  if (!object.is_object() || !object.contains("before") || !object.contains("after")) {
    throw DataError("has no lists 'before' and 'after'");
  }
  alert.scenes_before = texts_of(object["before"]);
  alert.scenes_after = texts_of(object["after"]);
}

Superseded& superseded_of(Alert& alert) {
  if (!alert.superseded) alert.superseded.emplace();
  return *alert.superseded;
}

template <typename Names>
std::size_t index_of(const Names& names, const std::string& text, const char* what) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) throw DataError(std::string("no ") + what + " '" + text + "'");
  return static_cast<std::size_t>(found - names.begin());
}

constexpr std::array columns{
    AlertColumn{"id", ColumnType::text, [](const Alert& a) { return Cell(a.id); },
                [](Alert& a, const Cell& c) { a.id = required<std::string>(c); }},
    AlertColumn{"site", ColumnType::text, [](const Alert& a) { return cell_of(a.site); },
                [](Alert& a, const Cell& c) { a.site = optional<std::string>(c); }},
    AlertColumn{"status", ColumnType::text, [](const Alert& a) { return Cell(std::string(name(a.status))); },
                [](Alert& a, const Cell& c) { a.status = alert_status(required<std::string>(c)); }},
    AlertColumn{"class", ColumnType::text, [](const Alert& a) { return Cell(std::string(name(a.change_class))); },
                [](Alert& a, const Cell& c) { a.change_class = change_class(required<std::string>(c)); }},
    AlertColumn{"class_probability", ColumnType::real, [](const Alert& a) { return rounded(a.class_probability); },
                [](Alert& a, const Cell& c) { a.class_probability = optional<double>(c); }, true},
    AlertColumn{"natural_probability", ColumnType::real, [](const Alert& a) { return rounded(a.natural_probability); },
                [](Alert& a, const Cell& c) { a.natural_probability = optional<double>(c); }, true},
    AlertColumn{"class_probabilities", ColumnType::json,
                [](const Alert& a) { return a.class_probabilities ? Cell(class_probabilities_json(a)) : Cell(); },
                set_class_probabilities, true},
    AlertColumn{"first_detected", ColumnType::instant, [](const Alert& a) { return Cell(a.first_detected); },
                [](Alert& a, const Cell& c) { a.first_detected = required<Instant>(c); }},
    AlertColumn{"onset_after", ColumnType::instant, [](const Alert& a) { return Cell(a.onset_after); },
                [](Alert& a, const Cell& c) { a.onset_after = required<Instant>(c); }},
    AlertColumn{"onset_before", ColumnType::instant, [](const Alert& a) { return Cell(a.onset_before); },
                [](Alert& a, const Cell& c) { a.onset_before = required<Instant>(c); }},
    AlertColumn{"confirmed_on", ColumnType::instant, [](const Alert& a) { return cell_of(a.confirmed_on); },
                [](Alert& a, const Cell& c) { a.confirmed_on = optional<Instant>(c); }},
    AlertColumn{"last_detected", ColumnType::instant, [](const Alert& a) { return Cell(a.last_detected); },
                [](Alert& a, const Cell& c) { a.last_detected = required<Instant>(c); }},
    AlertColumn{"last_observed", ColumnType::instant, [](const Alert& a) { return Cell(a.last_observed); },
                [](Alert& a, const Cell& c) { a.last_observed = required<Instant>(c); }},
    AlertColumn{"observations", ColumnType::integer, [](const Alert& a) { return Cell(a.observations); },
                [](Alert& a, const Cell& c) { a.observations = required<int>(c); }},
    AlertColumn{"confidence", ColumnType::real,
                [](const Alert& a) { return Cell(rounded_number(a.confidence, confidence_decimals)); },
                [](Alert& a, const Cell& c) { a.confidence = required<double>(c); }},
    AlertColumn{"area_ha", ColumnType::real,
                [](const Alert& a) { return Cell(rounded_number(a.area_ha, area_decimals)); },
                [](Alert& a, const Cell& c) { a.area_ha = required<double>(c); }},
    AlertColumn{"area_uncertainty_ha", ColumnType::real,
                [](const Alert& a) {
                  // As of a date it may not be known.
                  if (!std::isfinite(a.area_uncertainty_ha)) return Cell();
                  return Cell(rounded_number(a.area_uncertainty_ha, area_decimals));
                },
                [](Alert& a, const Cell& c) { a.area_uncertainty_ha = required<double>(c); }},
    AlertColumn{"change", ColumnType::json, [](const Alert& a) { return Cell(change_json(a)); }, set_change},
    AlertColumn{"scenes", ColumnType::json, [](const Alert& a) { return Cell(scenes_json(a)); }, set_scenes},
    AlertColumn{"parents", ColumnType::json, [](const Alert& a) { return Cell(json_list(a.parents)); },
                [](Alert& a, const Cell& c) { a.parents = texts_of(parsed(c)); }},
    AlertColumn{"tile", ColumnType::text, [](const Alert& a) { return text_or_nothing(a.tile); },
                [](Alert& a, const Cell& c) { a.tile = optional<std::string>(c).value_or(""); }},
    AlertColumn{"algorithm", ColumnType::text, [](const Alert& a) { return Cell(a.algorithm); },
                [](Alert& a, const Cell& c) { a.algorithm = required<std::string>(c); }},
    AlertColumn{"superseded_by", ColumnType::json,
                [](const Alert& a) { return a.superseded ? Cell(json_list(a.superseded->by)) : Cell(); },
                [](Alert& a, const Cell& c) {
                  if (const auto text = optional<std::string>(c)) superseded_of(a).by = texts_of(parsed(c));
                },
                true},
    AlertColumn{"superseded_why", ColumnType::text,
                [](const Alert& a) { return a.superseded ? Cell(std::string(name(a.superseded->why))) : Cell(); },
                [](Alert& a, const Cell& c) {
                  if (const auto text = optional<std::string>(c)) superseded_of(a).why = superseded_why(*text);
                },
                true},
    AlertColumn{"review", ColumnType::text,
                [](const Alert& a) { return a.review ? Cell(std::string(name(a.review->verdict))) : Cell(); },
                [](Alert& a, const Cell& c) {
                  a.review.reset();
                  if (const auto text = optional<std::string>(c)) a.review.emplace().verdict = verdict(*text);
                }},
    AlertColumn{"reviewer", ColumnType::text,
                [](const Alert& a) { return a.review ? Cell(a.review->reviewer) : Cell(); },
                [](Alert& a, const Cell& c) {
                  if (a.review) a.review->reviewer = required<std::string>(c);
                }},
    AlertColumn{"reviewed_at", ColumnType::instant,
                [](const Alert& a) { return a.review ? Cell(a.review->reviewed_at) : Cell(); },
                [](Alert& a, const Cell& c) {
                  if (a.review) a.review->reviewed_at = required<Instant>(c);
                }},
    AlertColumn{"review_reason", ColumnType::text,
                [](const Alert& a) { return a.review ? text_or_nothing(a.review->reason) : Cell(); },
                [](Alert& a, const Cell& c) {
                  if (a.review) a.review->reason = optional<std::string>(c).value_or("");
                }},
    AlertColumn{
        "review_by", ColumnType::text,
        [](const Alert& a) { return a.review ? Cell(std::string(a.review->by_overlap ? "overlap" : "id")) : Cell(); },
        [](Alert& a, const Cell& c) {
          if (a.review) a.review->by_overlap = required<std::string>(c) == "overlap";
        }},
};

}  // namespace

std::span<const AlertColumn> alert_columns() {
  static const std::vector<AlertColumn> all = [] {
    std::vector<AlertColumn> both(columns.begin(), columns.end());
    both.insert(both.end(), context_columns().begin(), context_columns().end());
    return both;
  }();
  return all;
}

double rounded_number(double value, int decimals) {
  const std::string text = json_number(value, decimals);
  double result = std::numeric_limits<double>::quiet_NaN();
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

std::string change_json(const Alert& alert) {
  std::string text;
  for (const auto& [index, value] : alert.change) {
    text += (text.empty() ? "" : ", ") + json_text(index) + ": " + json_number(value, change_decimals);
  }
  return "{" + text + "}";
}

std::string class_probabilities_json(const Alert& alert) {
  if (!alert.class_probabilities) return "null";
  std::string text;
  for (const ChangeClassName& one : change_class_names) {
    const double probability = rounded_number(
        (*alert.class_probabilities)[static_cast<std::size_t>(one.change_class) - 1], confidence_decimals);
    if (probability == 0) continue;
    text += (text.empty() ? "" : ", ") + json_text(one.name) + ": " + json_number(probability, confidence_decimals);
  }
  return "{" + text + "}";
}

std::string scenes_json(const Alert& alert) {
  return R"({"before": )" + json_list(alert.scenes_before) + R"(, "after": )" + json_list(alert.scenes_after) + "}";
}

AlertStatus alert_status(const std::string& text) {
  return static_cast<AlertStatus>(index_of(alert_status_names, text, "status"));
}

ChangeClass change_class(const std::string& text) {
  const auto found = std::find_if(change_class_names.begin(), change_class_names.end(),
                                  [&](const ChangeClassName& entry) { return entry.name == text; });
  if (found == change_class_names.end()) throw DataError("no class '" + text + "'");
  return found->change_class;
}

SupersededWhy superseded_why(const std::string& text) {
  return static_cast<SupersededWhy>(index_of(superseded_why_names, text, "reason of being superseded"));
}

AlertEventKind alert_event_kind(const std::string& text) {
  return static_cast<AlertEventKind>(index_of(alert_event_names, text, "event"));
}

Verdict verdict(const std::string& text) { return static_cast<Verdict>(index_of(verdict_names, text, "verdict")); }

}  // namespace pitwatch
