#include "pipeline/io/alerts/register_rows.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/vector/geojson_text.hpp"

namespace pitwatch {
namespace {

template <typename T>
const T& cell(const TableRow& row, std::size_t column, const Table& table) {
  const T* const value = std::get_if<T>(&row.cells[column]);
  if (value == nullptr) throw DataError("column '" + table.columns[column].name + "' has no value");
  return *value;
}

template <typename T>
std::optional<T> optional_cell(const TableRow& row, std::size_t column, const Table& table) {
  if (std::holds_alternative<std::monostate>(row.cells[column])) return std::nullopt;
  return cell<T>(row, column, table);
}

template <typename T>
Cell cell_of(const std::optional<T>& value) {
  return value ? Cell(*value) : Cell();
}

constexpr int share_decimals = 4;
constexpr int metre_decimals = 1;
constexpr int figure_decimals = 6;

Cell rounded(const std::optional<double>& number, int decimals = confidence_decimals) {
  return number ? Cell(rounded_number(*number, decimals)) : Cell();
}

Cell text_or_nothing(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

/// As a database takes it: UTF-8 without NUL. What is reported of a run may name files that are neither.
Cell clean_text_or_nothing(const std::string& text) {
  auto clean = nlohmann::json::parse(json_text(text)).get<std::string>();
  for (char& c : clean) c = c == '\0' ? ' ' : c;
  return text_or_nothing(clean);
}

template <typename Enum>
Cell name_of(const std::optional<Enum>& value) {
  return value ? Cell(std::string(name(*value))) : Cell();
}

/// The value of a name among those of a type; nothing for nothing.
template <typename Enum, typename Names>
std::optional<Enum> named_value(const Cell& cell, const Names& names) {
  const std::string text = cell_text(cell);
  if (text.empty()) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) throw DataError("no value '" + text + "'");
  return static_cast<Enum>(found - names.begin());
}

/// The same of a column that always has one.
template <typename Enum, typename Names>
Enum required_value(const TableRow& row, std::size_t column, const Table& table, const Names& names) {
  static_cast<void>(cell<std::string>(row, column, table));
  const std::optional<Enum> value = named_value<Enum>(row.cells[column], names);
  if (!value) throw DataError("column '" + table.columns[column].name + "' has no value");
  return *value;
}

std::vector<std::string> texts_of(const Cell& cell) {
  std::vector<std::string> texts;
  const std::string text = cell_text(cell);
  if (text.empty()) return texts;
  const auto list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) throw DataError("is no list");
  for (const auto& one : list) {
    if (!one.is_string()) throw DataError("is no list of texts");
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

Cell figures_cell(const std::map<std::string, double>& figures) {
  std::string text;
  for (const auto& [name, value] : figures) {
    text += (text.empty() ? "" : ", ") + json_text(name) + ": " + json_number(value, figure_decimals);
  }
  return text.empty() ? Cell() : Cell("{" + text + "}");
}

std::map<std::string, double> figures_of(const Cell& cell) {
  std::map<std::string, double> figures;
  const std::string text = cell_text(cell);
  if (text.empty()) return figures;
  const auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) throw DataError("is no object");
  for (const auto& [name, value] : object.items()) {
    if (value.is_number()) figures[name] = value.get<double>();
  }
  return figures;
}

/// Calls read(row) for each row and says which one it is in what it throws.
template <typename Read>
void for_each_row(const Table& table, const Read& read) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    try {
      read(table.rows[i]);
    } catch (const DataError& error) {
      const std::string number = std::to_string(i < table.numbers.size() ? table.numbers[i] : 0);
      throw DataError("table '" + table.name + "': row " + number + ": " + error.what());
    }
  }
}

}  // namespace

Table alerts_layout() {
  Table table{"alerts", true, {}, {}};
  for (const AlertColumn& column : alert_columns()) {
    table.columns.push_back({column.name, column.type, column.since_later});
  }
  return table;
}

Table history_layout(bool with_shapes) {
  return {"alert_history",
          with_shapes,
          {{"alert_id", ColumnType::text},
           {"revision", ColumnType::integer, true},
           {"at", ColumnType::instant},
           {"event", ColumnType::text},
           {"status", ColumnType::text, true},
           {"class", ColumnType::text},
           {"area_ha", ColumnType::real},
           {"confidence", ColumnType::real, true},
           {"recorded_at", ColumnType::instant, true},
           {"class_probability", ColumnType::real, true},
           {"natural_probability", ColumnType::real, true}},
          {}};
}

Table scenes_layout() {
  return {"alert_scenes",
          false,
          {{"alert_id", ColumnType::text}, {"scene", ColumnType::text}, {"role", ColumnType::text}},
          {}};
}

Table reviews_layout() {
  return {"reviews",
          true,
          {{"alert_id", ColumnType::text},
           {"verdict", ColumnType::text},
           {"reviewer", ColumnType::text},
           {"reviewed_at", ColumnType::instant},
           {"reason", ColumnType::text},
           {"recorded_at", ColumnType::instant, true},
           {"os_user", ColumnType::text, true}},
          {}};
}

Table runs_layout() {
  return {"runs",
          false,
          {{"started_at", ColumnType::instant},
           {"ended_at", ColumnType::instant},
           {"command", ColumnType::text},
           {"version", ColumnType::text},
           {"options", ColumnType::json},
           {"new_looks", ColumnType::integer},
           {"skipped", ColumnType::integer},
           {"missing", ColumnType::integer},
           {"alerts", ColumnType::integer},
           {"exit_code", ColumnType::integer},
           {"message", ColumnType::text}},
          {}};
}

Table facts_layout() {
  return {"context_facts",
          false,
          {{"alert_id", ColumnType::text},
           {"subject", ColumnType::text},
           {"layer", ColumnType::text},
           {"feature_id", ColumnType::text},
           {"feature_name", ColumnType::text},
           {"holder", ColumnType::text},
           {"overlapping", ColumnType::json},
           {"valid_from", ColumnType::instant},
           {"valid_to", ColumnType::instant},
           {"accuracy_m", ColumnType::real},
           {"area_ha", ColumnType::real},
           {"share", ColumnType::real},
           {"verdict", ColumnType::text},
           {"validity", ColumnType::text},
           {"distance_m", ColumnType::real},
           {"figures", ColumnType::json},
           {"columns", ColumnType::json},
           {"worked_out", ColumnType::instant},
           {"recorded_at", ColumnType::instant}},
          {}};
}

Table layers_layout() {
  return {"context_layers",
          false,
          {{"name", ColumnType::text},
           {"role", ColumnType::text},
           {"source", ColumnType::text},
           {"sha256", ColumnType::text},
           {"features", ColumnType::integer},
           {"used", ColumnType::integer},
           {"remarks", ColumnType::json},
           {"problem", ColumnType::text},
           {"recorded_at", ColumnType::instant}},
          {}};
}

Table coverage_layout() {
  return {"coverage",
          false,
          {{"site", ColumnType::text},
           {"kind", ColumnType::text},
           {"satellite", ColumnType::text},
           {"orbit", ColumnType::text},
           {"begins", ColumnType::instant},
           {"standing", ColumnType::text},
           {"ends", ColumnType::instant},
           {"days", ColumnType::integer},
           {"expected", ColumnType::integer},
           {"received", ColumnType::integer},
           {"masked", ColumnType::integer},
           {"blind_share", ColumnType::real},
           {"recorded_at", ColumnType::instant}},
          {}};
}

std::array<Table, 8> register_layouts() {
  return {alerts_layout(), history_layout(), scenes_layout(), reviews_layout(),
          runs_layout(),   facts_layout(),   layers_layout(), coverage_layout()};
}

TableRow row_of(const OutlinedAlert& outlined) {
  TableRow row;
  for (const AlertColumn& column : alert_columns()) row.cells.push_back(column.get(outlined.alert));
  row.shape = outlined.outline;
  return row;
}

TableRow row_of(const RegisteredEvent& event) {
  Cell status;
  if (event.status) status = std::string(name(*event.status));
  return {
      {event.alert_id, event.revision, event.at, std::string(name(event.kind)), std::move(status),
       std::string(name(event.change_class)), rounded_number(event.area_ha, area_decimals), rounded(event.confidence),
       cell_of(event.recorded_at), rounded(event.class_probability), rounded(event.natural_probability)},
      event.outline};
}

TableRow row_of(const RegisteredReview& each) {
  const Review& review = each.review;
  return {{each.alert_id, std::string(name(review.verdict)), review.reviewer, review.reviewed_at, review.reason,
           cell_of(each.recorded_at), clean_text_or_nothing(each.os_user)},
          each.outline};
}

TableRow row_of(const RunRow& run) {
  return {{run.started_at, run.ended_at, clean_text_or_nothing(run.command), clean_text_or_nothing(run.version),
           clean_text_or_nothing(run.options), run.new_acquisitions, run.skipped, run.missing, run.alerts,
           run.exit_code, clean_text_or_nothing(run.message)},
          {}};
}

TableRow row_of(const RegisteredFact& fact) {
  const ContextDetail& detail = fact.detail;
  return {{fact.alert_id, detail.subject, clean_text_or_nothing(detail.layer), clean_text_or_nothing(detail.feature_id),
           clean_text_or_nothing(detail.feature_name), clean_text_or_nothing(detail.holder),
           detail.overlapping.empty() ? Cell() : Cell(json_list(detail.overlapping)), cell_of(detail.valid_from),
           cell_of(detail.valid_to), rounded(detail.accuracy_m, metre_decimals), rounded(detail.area_ha, area_decimals),
           rounded(detail.share, share_decimals), name_of(detail.verdict), name_of(detail.validity),
           rounded(detail.distance_m, metre_decimals), figures_cell(detail.figures), text_or_nothing(fact.columns),
           fact.worked_out, fact.recorded_at},
          {}};
}

TableRow row_of(const RegisteredLayer& each) {
  const ContextLayerState& layer = each.layer;
  return {{layer.name, layer.role, clean_text_or_nothing(layer.source), text_or_nothing(layer.sha256), layer.features,
           layer.used, text_or_nothing(layer.remarks), clean_text_or_nothing(layer.problem), each.recorded_at},
          {}};
}

TableRow row_of(const RegisteredCoverage& each) {
  return {
      {each.site, std::string(name(each.kind)), text_or_nothing(each.satellite), text_or_nothing(each.orbit),
       each.begins, std::string(name(each.standing)), cell_of(each.ends), cell_of(each.days), cell_of(each.expected),
       cell_of(each.received), cell_of(each.masked), rounded(each.blind_share, share_decimals), each.recorded_at},
      {}};
}

std::vector<TableRow> scene_rows_of(const Alert& alert) {
  std::vector<TableRow> rows;
  for (const std::string& scene : alert.scenes_before) rows.push_back({{alert.id, scene, "before"}, {}});
  for (const std::string& scene : alert.scenes_after) rows.push_back({{alert.id, scene, "after"}, {}});
  return rows;
}

std::vector<OutlinedAlert> alerts_of(const Table& table) {
  std::vector<OutlinedAlert> alerts;
  for_each_row(table, [&](const TableRow& row) {
    OutlinedAlert& outlined = alerts.emplace_back();
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      try {
        alert_columns()[i].set(outlined.alert, row.cells[i]);
      } catch (const DataError& error) {
        throw DataError("'" + table.columns[i].name + "': " + error.what());
      }
    }
    if (row.shape.empty()) throw DataError("has no geometry");
    outlined.outline = row.shape;
  });
  return alerts;
}

std::vector<RegisteredEvent> events_of(const Table& table) {
  std::vector<RegisteredEvent> events;
  events.reserve(table.rows.size());
  for_each_row(table, [&](const TableRow& row) {
    RegisteredEvent& event = events.emplace_back();
    event.alert_id = cell<std::string>(row, 0, table);
    event.revision = optional_cell<int>(row, 1, table).value_or(1);
    event.at = cell<Instant>(row, 2, table);
    event.kind = alert_event_kind(cell<std::string>(row, 3, table));
    if (const auto status = optional_cell<std::string>(row, 4, table)) event.status = alert_status(*status);
    event.change_class = change_class(cell<std::string>(row, 5, table));
    event.area_ha = cell<double>(row, 6, table);
    event.confidence = optional_cell<double>(row, 7, table);
    event.recorded_at = optional_cell<Instant>(row, 8, table);
    event.class_probability = optional_cell<double>(row, 9, table);
    event.natural_probability = optional_cell<double>(row, 10, table);
    event.outline = row.shape;
  });
  return events;
}

std::vector<RegisteredReview> reviews_of(const Table& table) {
  std::vector<RegisteredReview> reviews;
  for_each_row(table, [&](const TableRow& row) {
    RegisteredReview& review = reviews.emplace_back();
    review.alert_id = cell<std::string>(row, 0, table);
    review.review.verdict = verdict(cell<std::string>(row, 1, table));
    review.review.reviewer = cell<std::string>(row, 2, table);
    review.review.reviewed_at = cell<Instant>(row, 3, table);
    review.review.reason = cell_text(row.cells[4]);
    review.recorded_at = optional_cell<Instant>(row, 5, table);
    review.os_user = cell_text(row.cells[6]);
    review.outline = row.shape;
  });
  sort_reviews(reviews);
  return reviews;
}

std::vector<RunRow> runs_of(const Table& table) {
  std::vector<RunRow> runs;
  for_each_row(table, [&](const TableRow& row) {
    runs.push_back({cell<Instant>(row, 0, table), cell<Instant>(row, 1, table), cell_text(row.cells[2]),
                    cell_text(row.cells[3]), cell_text(row.cells[4]), cell<int>(row, 5, table),
                    cell<int>(row, 6, table), cell<int>(row, 7, table), cell<int>(row, 8, table),
                    cell<int>(row, 9, table), cell_text(row.cells[10])});
  });
  return runs;
}

std::vector<RegisteredFact> facts_of(const Table& table) {
  std::vector<RegisteredFact> facts;
  facts.reserve(table.rows.size());
  for_each_row(table, [&](const TableRow& row) {
    RegisteredFact& fact = facts.emplace_back();
    ContextDetail& detail = fact.detail;
    fact.alert_id = cell<std::string>(row, 0, table);
    detail.subject = cell<std::string>(row, 1, table);
    detail.layer = cell_text(row.cells[2]);
    detail.feature_id = cell_text(row.cells[3]);
    detail.feature_name = cell_text(row.cells[4]);
    detail.holder = cell_text(row.cells[5]);
    detail.overlapping = texts_of(row.cells[6]);
    detail.valid_from = optional_cell<Instant>(row, 7, table);
    detail.valid_to = optional_cell<Instant>(row, 8, table);
    detail.accuracy_m = optional_cell<double>(row, 9, table);
    detail.area_ha = optional_cell<double>(row, 10, table);
    detail.share = optional_cell<double>(row, 11, table);
    detail.verdict = named_value<BoundaryVerdict>(row.cells[12], boundary_verdict_names);
    detail.validity = named_value<Validity>(row.cells[13], validity_names);
    detail.distance_m = optional_cell<double>(row, 14, table);
    detail.figures = figures_of(row.cells[15]);
    fact.columns = cell_text(row.cells[16]);
    fact.worked_out = cell<Instant>(row, 17, table);
    fact.recorded_at = cell<Instant>(row, 18, table);
  });
  return facts;
}

std::vector<RegisteredLayer> layers_of(const Table& table) {
  std::vector<RegisteredLayer> layers;
  for_each_row(table, [&](const TableRow& row) {
    layers.push_back({{cell<std::string>(row, 0, table), cell<std::string>(row, 1, table), cell_text(row.cells[2]),
                       cell_text(row.cells[3]), cell<int>(row, 4, table), cell<int>(row, 5, table),
                       cell_text(row.cells[6]), cell_text(row.cells[7])},
                      cell<Instant>(row, 8, table)});
  });
  return layers;
}

std::vector<RegisteredCoverage> coverage_rows_of(const Table& table) {
  std::vector<RegisteredCoverage> coverage;
  for_each_row(table, [&](const TableRow& row) {
    RegisteredCoverage& each = coverage.emplace_back();
    each.site = cell<std::string>(row, 0, table);
    each.kind = required_value<CoverageKind>(row, 1, table, coverage_kind_names);
    each.satellite = cell_text(row.cells[2]);
    each.orbit = cell_text(row.cells[3]);
    each.begins = cell<Instant>(row, 4, table);
    each.standing = required_value<CoverageStanding>(row, 5, table, coverage_standing_names);
    each.ends = optional_cell<Instant>(row, 6, table);
    each.days = optional_cell<int>(row, 7, table);
    each.expected = optional_cell<int>(row, 8, table);
    each.received = optional_cell<int>(row, 9, table);
    each.masked = optional_cell<int>(row, 10, table);
    each.blind_share = optional_cell<double>(row, 11, table);
    each.recorded_at = cell<Instant>(row, 12, table);
  });
  return coverage;
}

void sort_reviews(std::vector<RegisteredReview>& reviews) {
  std::stable_sort(reviews.begin(), reviews.end(), [](const RegisteredReview& a, const RegisteredReview& b) {
    return std::tie(a.review.reviewed_at, a.recorded_at) < std::tie(b.review.reviewed_at, b.recorded_at);
  });
}

}  // namespace pitwatch
