#include "pipeline/io/alerts/register_rows.hpp"

#include <algorithm>
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

Cell rounded(const std::optional<double>& probability) {
  return probability ? Cell(rounded_number(*probability, confidence_decimals)) : Cell();
}

Cell text_or_nothing(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

/// As a database takes it: UTF-8 without NUL. What is reported of a run may name files that are neither.
Cell clean_text_or_nothing(const std::string& text) {
  auto clean = nlohmann::json::parse(json_text(text)).get<std::string>();
  for (char& c : clean) c = c == '\0' ? ' ' : c;
  return text_or_nothing(clean);
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

std::array<Table, 5> register_layouts() {
  return {alerts_layout(), history_layout(), scenes_layout(), reviews_layout(), runs_layout()};
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

void sort_reviews(std::vector<RegisteredReview>& reviews) {
  std::stable_sort(reviews.begin(), reviews.end(), [](const RegisteredReview& a, const RegisteredReview& b) {
    return std::tie(a.review.reviewed_at, a.recorded_at) < std::tie(b.review.reviewed_at, b.recorded_at);
  });
}

}  // namespace pitwatch
