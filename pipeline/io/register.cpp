#include "pipeline/io/register.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alert_columns.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/folder_lock.hpp"
#include "pipeline/io/tables.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_reviewer = 200;
constexpr std::size_t longest_reason = std::size_t{2} << 20;
constexpr double least_overlap = 0.5;  // of the smaller of two areas

Table alerts_layout() {
  Table table{"alerts", true, {}, {}};
  for (const AlertColumn& column : alert_columns()) table.columns.push_back({column.name, column.type});
  return table;
}

Table history_layout() {
  return {"alert_history",
          false,
          {{"alert_id", ColumnType::text},
           {"at", ColumnType::instant},
           {"event", ColumnType::text},
           {"area_ha", ColumnType::real},
           {"class", ColumnType::text}},
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
           {"reason", ColumnType::text}},
          {}};
}

/// Alerts, history and scenes.
std::vector<Table> tables_of(std::span<const OutlinedAlert> alerts) {
  Table rows = alerts_layout();
  Table history = history_layout();
  Table scenes = scenes_layout();
  for (const OutlinedAlert& outlined : alerts) {
    const Alert& alert = outlined.alert;
    TableRow& row = rows.rows.emplace_back();
    for (const AlertColumn& column : alert_columns()) row.cells.push_back(column.get(alert));
    row.shape = outlined.outline;
    for (const AlertEvent& event : alert.history) {
      history.rows.push_back({{alert.id, event.at, std::string(name(event.kind)),
                               rounded_number(event.area_ha, area_decimals), std::string(name(event.change_class))},
                              {}});
    }
    for (const std::string& scene : alert.scenes_before) scenes.rows.push_back({{alert.id, scene, "before"}, {}});
    for (const std::string& scene : alert.scenes_after) scenes.rows.push_back({{alert.id, scene, "after"}, {}});
  }
  return {std::move(rows), std::move(history), std::move(scenes)};
}

Table table_of(std::span<const RegisteredReview> reviews) {
  Table table = reviews_layout();
  for (const RegisteredReview& each : reviews) {
    const Review& review = each.review;
    table.rows.push_back(
        {{each.alert_id, std::string(name(review.verdict)), review.reviewer, review.reviewed_at, review.reason},
         each.outline});
  }
  return table;
}

template <typename T>
const T& cell(const TableRow& row, std::size_t column, const Table& table) {
  const T* const value = std::get_if<T>(&row.cells[column]);
  if (value == nullptr) throw DataError("column '" + table.columns[column].name + "' has no value");
  return *value;
}

/// Calls read(row) for each row and says which one it is in what it throws.
template <typename Read>
void for_each_row(const Table& table, const Read& read) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    try {
      read(table.rows[i]);
    } catch (const DataError& error) {
      throw DataError("table '" + table.name + "': row " + std::to_string(i + 1) + ": " + error.what());
    }
  }
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
    review.outline = row.shape;
  });
  // Those of one moment stay as they were added.
  std::stable_sort(reviews.begin(), reviews.end(), [](const RegisteredReview& a, const RegisteredReview& b) {
    return std::tie(a.review.reviewed_at, a.alert_id) < std::tie(b.review.reviewed_at, b.alert_id);
  });
  return reviews;
}

std::vector<OutlinedAlert> alerts_of(const Table& table, const Table& history) {
  std::vector<OutlinedAlert> alerts;
  std::map<std::string, std::size_t> places;
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
    places[outlined.alert.id] = alerts.size() - 1;
  });
  for_each_row(history, [&](const TableRow& row) {
    const auto found = places.find(cell<std::string>(row, 0, history));
    if (found == places.end()) throw DataError("is of no alert");
    alerts[found->second].alert.history.push_back(
        {cell<Instant>(row, 1, history), alert_event_kind(cell<std::string>(row, 2, history)),
         cell<double>(row, 3, history), change_class(cell<std::string>(row, 4, history))});
  });
  return alerts;
}

/// Runs `action` and puts the target before what it throws of a content that is no register's.
template <typename Action>
auto naming(const std::string& target, const Action& action) {
  try {
    return action();
  } catch (const DataError& error) {
    throw DataError(without_password(target) + ": " + error.what());
  }
}

bool is_missing_file(const std::string& target) {
  std::error_code error;
  return !is_database(target) && !fs::exists(fs::symlink_status(target, error));
}

/// Throws DataError for a file that would lose something if it were written anew.
void check_nothing_else_in(const std::string& path) {
  const std::array<std::string, 5> known{"alerts", "alert_history", "alert_scenes", "reviews",
                                         "layer_styles"};  // how QGIS draws them
  for (const std::string& name : table_names(path)) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw DataError(path + ": holds a table '" + name + "' that is no part of a register; it is left as it is");
    }
  }
}

/// Throws IoError while another program may be writing to the file, or has left a write half done.
void check_not_in_use(const std::string& path) {
  for (const char* const suffix : {"-wal", "-journal"}) {
    std::error_code missing;
    const auto size = fs::file_size(path + suffix, missing);
    if (!missing && size > 0) {
      throw IoError(path + ": is being written to by another program (" + path + suffix + "); it is left as it is");
    }
  }
}

struct Box {
  LonLat low{1000, 1000};
  LonLat high{-1000, -1000};
};

Box box_of(const LonLatMultiPolygon& shape) {
  Box box;
  for (const LonLatPolygon& part : shape) {
    for (const LonLat& place : part.outer) {
      box.low = {std::min(box.low.lon, place.lon), std::min(box.low.lat, place.lat)};
      box.high = {std::max(box.high.lon, place.lon), std::max(box.high.lat, place.lat)};
    }
  }
  return box;
}

bool touch(const Box& a, const Box& b) {
  return a.low.lon <= b.high.lon && b.low.lon <= a.high.lon && a.low.lat <= b.high.lat && b.low.lat <= a.high.lat;
}

/// Whether the two have least_overlap of the smaller one's area in common.
bool same_ground(const LonLatMultiPolygon& a, const LonLatMultiPolygon& b) {
  const std::array shapes{&a, &b};
  const LonLat centre = middle_of(shapes);
  PolygonLayer first(centre);
  PolygonLayer second(centre);
  first.add("review", a);
  second.add("alert", b);
  const auto common = overlaps(first, second);
  return !common.empty() &&
         common.front().intersection_m2 >= least_overlap * std::min(first.area_m2(0), second.area_m2(0));
}

/// The latest time that the register names: when its content became what it is.
Instant time_of(const AlertRegister& content) {
  Instant latest{};
  for (const OutlinedAlert& outlined : content.alerts) latest = std::max(latest, outlined.alert.last_observed);
  for (const RegisteredReview& review : content.reviews) latest = std::max(latest, review.review.reviewed_at);
  return latest;
}

bool has_content(const std::string& path, const std::string& content) {
  std::error_code missing;
  if (fs::file_size(path, missing) != content.size() || missing) return false;
  std::ifstream in(path, std::ios::binary);
  std::string piece(std::size_t{1} << 20, '\0');
  for (std::size_t at = 0; at < content.size(); at += piece.size()) {
    const std::size_t size = std::min(piece.size(), content.size() - at);
    if (!in.read(piece.data(), static_cast<std::streamsize>(size)) || content.compare(at, size, piece, 0, size) != 0) {
      return false;
    }
  }
  return true;
}

bool write_geopackage(const std::string& path, const AlertRegister& content) {
  const std::string bytes = register_geopackage(content);
  if (has_content(path, bytes)) return false;
  check_not_in_use(path);
  write_file_atomically(path, bytes);
  return true;
}

void check_text(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) throw ConfigError(std::string(what) + ": holds a NUL");
  try {
    static_cast<void>(nlohmann::json(text).dump());
  } catch (const nlohmann::json::exception&) {
    throw ConfigError(std::string(what) + ": is not UTF-8");
  }
}

void check(const Review& review) {
  check_text(review.reviewer, "reviewer");
  check_text(review.reason, "reason");
  const bool blank = std::all_of(review.reviewer.begin(), review.reviewer.end(), [](char c) { return c == ' '; });
  const bool one_line = review.reviewer.find_first_of("\r\n") == std::string::npos;
  if (blank || !one_line || review.reviewer.size() > longest_reviewer) {
    throw ConfigError("reviewer: must be one line of 1 to 200 bytes");
  }
  if (review.reason.size() > longest_reason) throw ConfigError("reason: is longer than 2 MiB");
}

}  // namespace

AlertRegister read_register(const std::string& target) {
  if (is_missing_file(target)) throw DataError(target + ": there is no register");
  const std::array layouts{alerts_layout(), history_layout(), reviews_layout()};
  const auto tables = read_tables(target, layouts);
  return naming(target, [&] {
    for (std::size_t i = 0; i < layouts.size(); ++i) {
      if (!tables[i]) throw DataError("is no register: there is no table '" + layouts[i].name + "'");
    }
    AlertRegister result{alerts_of(*tables[0], *tables[1]), reviews_of(*tables[2])};
    assign_reviews(result.alerts, result.reviews);
    return result;
  });
}

std::vector<RegisteredReview> read_reviews(const std::string& target) {
  if (is_missing_file(target)) return {};
  const std::array layouts{reviews_layout()};
  const auto tables = read_tables(target, layouts);
  return naming(target, [&]() -> std::vector<RegisteredReview> {
    if (tables[0]) return reviews_of(*tables[0]);
    if (is_database(target)) return {};
    throw DataError("is no register: there is no table 'reviews'");
  });
}

void assign_reviews(std::span<OutlinedAlert> alerts, std::span<const RegisteredReview> reviews) {
  std::map<std::string, const RegisteredReview*> newest;  // reviews are in order of time
  for (const RegisteredReview& review : reviews) newest[review.alert_id] = &review;
  std::set<std::string> ids;
  std::vector<OutlinedAlert*> without;
  for (OutlinedAlert& outlined : alerts) {
    outlined.alert.review.reset();
    ids.insert(outlined.alert.id);
    const auto found = newest.find(outlined.alert.id);
    if (found != newest.end()) {
      outlined.alert.review = found->second->review;
    } else {
      without.push_back(&outlined);
    }
  }
  std::vector<const RegisteredReview*> of_gone_alerts;
  for (const auto& [id, review] : newest) {
    if (ids.count(id) == 0 && !review->outline.empty()) of_gone_alerts.push_back(review);
  }
  if (of_gone_alerts.empty()) return;
  std::stable_sort(of_gone_alerts.begin(), of_gone_alerts.end(),
                   [](const auto* a, const auto* b) { return a->review.reviewed_at > b->review.reviewed_at; });
  std::vector<Box> boxes;
  for (const RegisteredReview* review : of_gone_alerts) boxes.push_back(box_of(review->outline));
  for (OutlinedAlert* outlined : without) {
    const Box box = box_of(outlined->outline);
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      if (!touch(box, boxes[i]) || !same_ground(of_gone_alerts[i]->outline, outlined->outline)) continue;
      outlined->alert.review = of_gone_alerts[i]->review;
      outlined->alert.review->by_overlap = true;
      break;
    }
  }
}

bool update_register(const std::string& target, std::span<OutlinedAlert> alerts) {
  if (is_database(target)) {
    assign_reviews(alerts, read_reviews(target));
    return update_database(target, tables_of(alerts), reviews_layout());
  }
  const FileLock lock(target);
  AlertRegister content{{}, read_reviews(target)};
  if (!is_missing_file(target)) check_nothing_else_in(target);
  assign_reviews(alerts, content.reviews);
  content.alerts.assign(alerts.begin(), alerts.end());
  return write_geopackage(target, content);
}

void add_review(const std::string& target, const std::string& alert_id, const Review& review) {
  check(review);
  std::optional<FileLock> lock;
  if (!is_database(target)) {
    if (is_missing_file(target)) throw DataError(target + ": there is no register");
    lock.emplace(target);
  }
  AlertRegister content = read_register(target);
  const auto found = std::find_if(content.alerts.begin(), content.alerts.end(),
                                  [&](const OutlinedAlert& outlined) { return outlined.alert.id == alert_id; });
  if (found == content.alerts.end()) throw ConfigError(without_password(target) + ": no alert '" + alert_id + "'");
  const RegisteredReview added{alert_id, review, found->outline};
  const auto later = std::find_if(content.reviews.begin(), content.reviews.end(), [&](const RegisteredReview& other) {
    return std::tie(other.review.reviewed_at, other.alert_id) > std::tie(review.reviewed_at, alert_id);
  });
  content.reviews.insert(later, added);
  assign_reviews(content.alerts, content.reviews);
  if (is_database(target)) {
    update_database(target, tables_of(content.alerts), table_of({&added, 1}));
    return;
  }
  check_nothing_else_in(target);
  write_geopackage(target, content);
}

std::string register_geopackage(const AlertRegister& content) {
  std::vector<Table> tables = tables_of(content.alerts);
  tables.push_back(table_of(content.reviews));
  return geopackage(tables, time_of(content));
}

}  // namespace pitwatch
