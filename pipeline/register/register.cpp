#include "pipeline/register/register.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/alerts/register_rows.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/process_user.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/io/vector/table_store.hpp"
#include "pipeline/register/register_context.hpp"
#include "pipeline/register/register_coverage.hpp"
#include "pipeline/register/register_record.hpp"
#include "pipeline/register/review_assignment.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_reviewer = 200;
constexpr std::size_t longest_reason = std::size_t{2} << 20;

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

void check_is_there(const std::string& target) {
  if (is_missing_file(target)) throw DataError(target + ": there is no register");
}

[[noreturn]] void fail_without(const std::string& table) {
  throw DataError("is no register: there is no table '" + table + "'");
}

/// Throws DataError for a table that a register has always had and that is not there.
const Table& required(const std::optional<Table>& table, const Table& layout) {
  if (!table) fail_without(layout.name);
  return *table;
}

/// Throws DataError for tables that are no register's.
void check_is_register(const std::string& target, const std::vector<std::string>& names) {
  const auto has = [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  const std::array<const char*, 4> always{"alerts", "alert_history", "alert_scenes", "reviews"};
  if (is_database(target)) {
    // One of its names alone may be anybody's; none of them is a register to be.
    if (std::none_of(always.begin(), always.end(), has)) return;
    if (!has("reviews")) {
      throw DataError("has a table '" + std::string(*std::find_if(always.begin(), always.end(), has)) +
                      "' of something else");
    }
  } else {
    if (!has("reviews")) fail_without("reviews");
    // The last: how QGIS draws them.
    const std::array<const char*, 5> others{"runs", "context_facts", "context_layers", "coverage", "layer_styles"};
    for (const std::string& name : names) {
      if (std::count(always.begin(), always.end(), name) + std::count(others.begin(), others.end(), name) == 0) {
        throw DataError("holds a table '" + name + "' that is no part of a register; it is left as it is");
      }
    }
  }
  for (const char* name : always) {
    if (!has(name)) fail_without(name);
  }
}

void check_text(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) throw ConfigError(std::string(what) + ": holds a NUL");
  try {
    static_cast<void>(nlohmann::json(text).dump());
  } catch (const nlohmann::json::exception&) {
    throw ConfigError(std::string(what) + ": is not UTF-8");
  }
}

void check(const Review& review, Instant now) {
  check_text(review.reviewer, "reviewer");
  check_text(review.reason, "reason");
  const bool blank = std::all_of(review.reviewer.begin(), review.reviewer.end(), [](char c) { return c == ' '; });
  const bool one_line = review.reviewer.find_first_of("\r\n") == std::string::npos;
  if (blank || !one_line || review.reviewer.size() > longest_reviewer) {
    throw ConfigError("reviewer: must be one line of 1 to 200 bytes");
  }
  if (review.reason.size() > longest_reason) throw ConfigError("reason: is longer than 2 MiB");
  if (review.reviewed_at > now + review_ahead) {
    throw ConfigError("reviewed at: " + format_instant(review.reviewed_at) + " is in the future");
  }
}

Table filled(Table layout, std::vector<TableRow> rows) {
  layout.rows = std::move(rows);
  return layout;
}

/// Rows with the numbers that follow `last`.
Table numbered(Table layout, std::vector<TableRow> rows, std::int64_t last) {
  Table table = filled(std::move(layout), std::move(rows));
  for (std::size_t i = 0; i < table.rows.size(); ++i) table.numbers.push_back(++last);
  return table;
}

std::int64_t last_number(const Table& table) { return table.numbers.empty() ? 0 : table.numbers.back(); }

/// The register's tables without what a review changes in rows that are there: the reviews themselves tell it.
std::array<Table, 8> layouts_of_record() {
  std::array<Table, 8> layouts = register_layouts();
  std::erase_if(layouts[0].columns, [](const TableColumn& column) { return column.name.starts_with("review"); });
  return layouts;
}

class Write final : public RegisterWrite {
 public:
  /// Takes the lock and reads what is there.
  Write(const std::string& target, Instant now) : now_(now) {
    if (!is_database(target)) lock_.emplace(target);
    const bool is_new = is_missing_file(target);
    const auto layouts = register_layouts();
    store_.emplace(target, layouts, now);
    naming(target, [&] {
      const std::vector<std::string> names = store_->names();
      if (!is_new) check_is_register(target, names);
      has_tables_ = !is_new && !names.empty() && std::count(names.begin(), names.end(), "reviews") != 0;
    });
    if (has_tables_) read(target);
  }

  RegisterRecord& record() { return record_; }

  /// Has `context` work out what the record's alerts touch, and takes in what is new of it.
  void take_context(const ContextWork& context) {
    RegisterContent standing = record_.content(now_);
    for (OutlinedAlert& one : standing.alerts) as_written(one.alert);
    const ContextUpdate update =
        context({standing.alerts, [&](const std::set<std::string>& ids) { return history_of(ids); }});
    facts_ = apply_context(record_, known_rows(facts_layout(), facts_of), update.facts, now_);
    layers_ = new_layers(known_rows(layers_layout(), layers_of), update.layers, now_);
  }

  /// Takes in what is new of it.
  void take_coverage(const CoverageUpdate& coverage) {
    coverage_ = new_coverage(known_rows(coverage_layout(), coverage_rows_of), coverage, now_);
  }

  /// Writes what the record has become, and what comes with it.
  void write(std::vector<TableRow> reviews, std::vector<TableRow> runs) {
    content_ = record_.content(now_);
    changed_ = make_tables();
    write_alerts();
    changed_ = changed_ || !record_.added_events().empty() || !facts_.empty();
    store_->add(numbered(history_layout(), rows_of(record_.added_events()), last_event_));
    store_->add(filled(reviews_layout(), std::move(reviews)));
    store_->add(filled(runs_layout(), std::move(runs)));
    store_->add(filled(facts_layout(), rows_of(facts_)));
    store_->add(filled(layers_layout(), rows_of(layers_)));
    store_->add(filled(coverage_layout(), rows_of(coverage_)));
    digests_ = store_->digests(layouts_of_record());
  }

  const RegisterContent& content() const override { return content_; }
  bool changed() const override { return changed_; }
  std::size_t new_facts() const override { return facts_.size(); }
  const std::map<std::string, RowsDigest>& digests() const override { return digests_; }
  std::string sha256() override { return store_->sha256(register_layouts()); }
  std::size_t size() override { return store_->size(); }
  void commit() override { store_->commit(); }

 private:
  void read(const std::string& target) {
    const std::optional<Table> alerts = store_->read(alerts_layout());
    const std::optional<Table> history = store_->read(history_layout(false));
    const std::optional<Table> reviews = store_->read(reviews_layout());
    naming(target, [&] {
      record_ = RegisterRecord(required(alerts, alerts_layout()), required(history, history_layout()),
                               required(reviews, reviews_layout()));
    });
    last_alert_ = last_number(*alerts);
    last_event_ = last_number(*history);
  }

  /// What a run tells has more digits than the register keeps: facts must not depend on who asks for them.
  static void as_written(Alert& alert) {
    alert.area_ha = rounded_number(alert.area_ha, area_decimals);
    alert.area_uncertainty_ha = rounded_number(alert.area_uncertainty_ha, area_decimals);
  }

  template <typename Value>
  static std::vector<TableRow> rows_of(const std::vector<Value>& values) {
    std::vector<TableRow> rows;
    rows.reserve(values.size());
    for (const Value& value : values) rows.push_back(row_of(value));
    return rows;
  }

  /// The rows of a table as values; none where it is not there.
  template <typename Value>
  std::vector<Value> known_rows(const Table& layout, std::vector<Value> (&values_of)(const Table&)) const {
    const std::optional<Table> table = store_->read(layout);
    return table ? values_of(*table) : std::vector<Value>();
  }

  std::vector<RegisteredEvent> history_of(const std::set<std::string>& ids) const {
    std::vector<RegisteredEvent> events = known_rows(history_layout(), events_of);
    for (RegisteredEvent event : record_.added_events()) {
      event.area_ha = rounded_number(event.area_ha, area_decimals);
      events.push_back(std::move(event));
    }
    std::erase_if(events, [&](const RegisteredEvent& event) {
      return ids.count(event.alert_id) == 0 || event.revision < record_.find(event.alert_id)->revision;
    });
    return events;
  }

  bool make_tables() {
    bool made = false;
    for (const Table& layout : register_layouts()) {
      const bool made_this = store_->make(layout);
      made = made || made_this;
      if (made_this && has_tables_ && layout.name == "alert_history") {
        store_->execute("UPDATE alert_history SET revision = 1 WHERE revision IS NULL");
      }
    }
    return made;
  }

  void write_alerts() {
    std::vector<TableRow> added;
    Table replaced = alerts_layout();
    std::vector<const Alert*> with_scenes;
    for (const OutlinedAlert& outlined : content_.alerts) {
      const RecordedAlert& known = *record_.find(outlined.alert.id);
      TableRow row = row_of(outlined);
      if (known.number != 0 && row == known.row) continue;
      if (known.number == 0 || has_other_scenes(row, known.row)) with_scenes.push_back(&outlined.alert);
      if (known.number == 0) {
        added.push_back(std::move(row));
      } else {
        replaced.rows.push_back(std::move(row));
        replaced.numbers.push_back(known.number);
      }
    }
    changed_ = changed_ || !added.empty() || !replaced.rows.empty();
    store_->add(numbered(alerts_layout(), std::move(added), last_alert_));
    store_->replace(replaced);
    if (!with_scenes.empty()) write_scenes(with_scenes);
  }

  static bool has_other_scenes(const TableRow& a, const TableRow& b) {
    static const std::size_t column = [] {
      const Table layout = alerts_layout();
      const auto found = std::find_if(layout.columns.begin(), layout.columns.end(),
                                      [](const TableColumn& each) { return each.name == "scenes"; });
      return static_cast<std::size_t>(found - layout.columns.begin());
    }();
    return a.cells[column] != b.cells[column];
  }

  void write_scenes(const std::vector<const Alert*>& alerts) {
    using Key = std::tuple<std::string, std::string, std::string>;
    const auto key = [](const TableRow& row) {
      return Key{cell_text(row.cells[0]), cell_text(row.cells[1]), cell_text(row.cells[2])};
    };
    const std::optional<Table> present = store_->read(scenes_layout());
    std::set<Key> known;
    if (present) std::transform(present->rows.begin(), present->rows.end(), std::inserter(known, known.end()), key);
    std::vector<TableRow> added;
    for (const Alert* alert : alerts) {
      for (TableRow& row : scene_rows_of(*alert)) {
        if (known.insert(key(row)).second) added.push_back(std::move(row));
      }
    }
    store_->add(numbered(scenes_layout(), std::move(added), present ? last_number(*present) : 0));
  }

  Instant now_;
  std::optional<FileLock> lock_;
  std::optional<TableStore> store_;
  bool has_tables_ = false;
  RegisterRecord record_;
  std::int64_t last_alert_ = 0;
  std::int64_t last_event_ = 0;
  std::vector<RegisteredFact> facts_;         // that are new
  std::vector<RegisteredLayer> layers_;       // likewise
  std::vector<RegisteredCoverage> coverage_;  // likewise
  RegisterContent content_;
  std::map<std::string, RowsDigest> digests_;
  bool changed_ = false;
};

/// The rows of a table that registers of former versions lack; none there.
template <typename Value>
std::vector<Value> read_rows(const std::string& target, const Table& layout,
                             std::vector<Value> (&values_of)(const Table&)) {
  check_is_there(target);
  const auto tables = read_tables(target, std::span(&layout, 1));
  return naming(target, [&] { return tables[0] ? values_of(*tables[0]) : std::vector<Value>(); });
}

/// Of a table of alerts or reviews; others have none.
void withhold_reviewers(Table& table) {
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    const std::string& name = table.columns[column].name;
    if (name != "reviewer" && name != "os_user") continue;
    for (TableRow& row : table.rows) {
      Cell& cell = row.cells[column];
      if (std::holds_alternative<std::monostate>(cell)) continue;
      cell = name == "reviewer" ? Cell(std::string(unnamed_reviewer)) : Cell();
    }
  }
}

/// Paths and servers are this machine's: of a file its name is left, of what could not be read that it could not.
void withhold_place(ContextLayerState& layer) {
  layer.source = is_database(layer.source) || layer.source.find("://") != std::string::npos
                     ? "not named"
                     : std::filesystem::path(layer.source).filename().string();
  if (!layer.problem.empty()) layer.problem = "could not be read";
}

/// The tables of those layouts; none may be missing.
template <std::size_t count>
std::vector<Table> read_required(const std::string& target, const std::array<Table, count>& layouts) {
  check_is_there(target);
  std::vector<std::optional<Table>> tables = read_tables(target, layouts);
  return naming(target, [&] {
    std::vector<Table> result;
    for (std::size_t i = 0; i < count; ++i) {
      if (!tables[i]) fail_without(layouts[i].name);
      result.push_back(*std::move(tables[i]));
    }
    return result;
  });
}

}  // namespace

std::unique_ptr<RegisterWrite> prepare_register(const std::string& target, const RegisterUpdate& update,
                                                const RunRow& run, const ParallelFor& parallel_for,
                                                const ContextWork& context, const CoverageUpdate& coverage) {
  auto write = std::make_unique<Write>(target, update.now);
  apply_update(write->record(), update, parallel_for);
  if (context) write->take_context(context);
  write->take_coverage(coverage);
  write->write({}, {row_of(run)});
  return write;
}

std::unique_ptr<RegisterWrite> prepare_context(const std::string& target, const ContextWork& context, const RunRow& run,
                                               Instant now) {
  check_is_there(target);
  auto write = std::make_unique<Write>(target, now);
  write->take_context(context);
  write->write({}, {row_of(run)});
  return write;
}

std::unique_ptr<RegisterWrite> prepare_review(const std::string& target, const std::string& alert_id,
                                              const Review& review, std::optional<Instant> now) {
  const Instant recorded_at = now.value_or(clock_now());
  check(review, recorded_at);
  check_is_there(target);
  auto write = std::make_unique<Write>(target, recorded_at);
  const RecordedAlert* const known = write->record().find(alert_id);
  if (known == nullptr) throw ConfigError(without_password(target) + ": no alert '" + alert_id + "'");
  RegisteredReview added{alert_id, review, known->outlined.outline, recorded_at, process_user()};
  added.review.by_overlap = false;
  std::vector<TableRow> rows{row_of(added)};
  write->record().reviews().push_back(std::move(added));
  write->write(std::move(rows), {});
  return write;
}

RegisterContent read_register(const std::string& target) {
  const std::array layouts{alerts_layout(), history_layout(false), reviews_layout()};
  const std::vector<Table> tables = read_required(target, layouts);
  return naming(target, [&] { return RegisterRecord(tables[0], tables[1], tables[2]).content(clock_now()); });
}

std::vector<RegisteredEvent> read_history(const std::string& target, const std::string& alert_id) {
  const std::array layouts{history_layout()};
  const std::vector<Table> tables = read_required(target, layouts);
  std::vector<RegisteredEvent> events = naming(target, [&] { return events_of(tables[0]); });
  if (!alert_id.empty()) {
    std::erase_if(events, [&](const RegisteredEvent& event) { return event.alert_id != alert_id; });
  }
  return events;
}

std::vector<RunRow> read_runs(const std::string& target) { return read_rows(target, runs_layout(), runs_of); }

std::vector<RegisteredFact> read_facts(const std::string& target, const std::string& alert_id) {
  std::vector<RegisteredFact> facts = read_rows(target, facts_layout(), facts_of);
  if (!alert_id.empty()) {
    std::erase_if(facts, [&](const RegisteredFact& fact) { return fact.alert_id != alert_id; });
  }
  return facts;
}

std::vector<RegisteredLayer> read_context_layers(const std::string& target) {
  return read_rows(target, layers_layout(), layers_of);
}

std::vector<RegisteredCoverage> read_coverage(const std::string& target) {
  return read_rows(target, coverage_layout(), coverage_rows_of);
}

std::vector<RegisteredReview> read_reviews(const std::string& target, std::optional<std::size_t> first) {
  if (is_missing_file(target)) return {};
  const std::array layouts{reviews_layout()};
  auto tables = read_tables(target, layouts);
  if (tables[0] && first && *first < tables[0]->rows.size()) {
    tables[0]->rows.resize(*first);
    tables[0]->numbers.resize(*first);
  }
  return naming(target, [&]() -> std::vector<RegisteredReview> {
    if (tables[0]) return reviews_of(*tables[0]);
    if (is_database(target)) return {};
    fail_without("reviews");
  });
}

RegisterCounts check_register(const std::string& target) {
  check_is_there(target);
  if (!is_database(target)) {  // which may hold tables of others, and lists none without shapes
    expect_not_in_use(target);
    const std::vector<std::string> names = table_names(target);
    naming(target, [&] { check_is_register(target, names); });
  }
  auto layouts = register_layouts();
  layouts[1] = history_layout(false);
  const std::vector<std::optional<Table>> tables = read_tables(target, layouts);
  RegisterCounts counts;
  naming(target, [&] {
    const RegisterContent content = RegisterRecord(required(tables[0], layouts[0]), required(tables[1], layouts[1]),
                                                   required(tables[3], layouts[3]))
                                        .content(clock_now());
    static_cast<void>(required(tables[2], layouts[2]));
    for (const OutlinedAlert& one : content.alerts) ++counts.alerts[one.alert.status];
    counts.reviews = content.reviews.size();
    if (tables[4]) counts.runs = runs_of(*tables[4]).size();
    if (tables[5]) static_cast<void>(facts_of(*tables[5]));
    if (tables[6]) static_cast<void>(layers_of(*tables[6]));
    if (tables[7]) static_cast<void>(coverage_rows_of(*tables[7]));
  });
  return counts;
}

std::map<std::string, RowsDigest> register_digests(const std::string& target,
                                                   const std::map<std::string, std::size_t>& first) {
  check_is_there(target);
  return digests_of_rows(target, layouts_of_record(), first);
}

std::string register_sha256(const std::string& target) {
  check_is_there(target);
  return is_database(target) ? sha256_of_tables(target, register_layouts()) : sha256_file(target);
}

void withhold_reviewers(RegisterContent& content) {
  for (OutlinedAlert& outlined : content.alerts) {
    if (outlined.alert.review) outlined.alert.review->reviewer = unnamed_reviewer;
  }
  for (RegisteredReview& review : content.reviews) {
    review.review.reviewer = unnamed_reviewer;
    review.os_user.clear();
  }
}

std::string register_geopackage(const std::string& target, std::span<const OutlinedAlert> alerts, bool with_reviewers) {
  std::set<std::string> ids;
  Table rows = alerts_layout();
  Instant latest{};
  for (const OutlinedAlert& outlined : alerts) {
    ids.insert(outlined.alert.id);
    rows.rows.push_back(row_of(outlined));
    latest = std::max(latest, outlined.alert.last_observed);
    if (outlined.alert.review) latest = std::max(latest, outlined.alert.review->reviewed_at);
  }
  const std::array layouts{history_layout(), scenes_layout(), reviews_layout()};
  std::vector<Table> tables = read_required(target, layouts);
  // A review that came from another alert goes along.
  std::set<std::pair<Instant, std::string>> from_others;
  for (const OutlinedAlert& outlined : alerts) {
    const std::optional<Review>& review = outlined.alert.review;
    if (review && review->by_overlap) from_others.emplace(review->reviewed_at, review->reviewer);
  }
  tables.push_back(facts_layout());
  for (const RegisteredFact& fact : read_facts(target)) tables.back().rows.push_back(row_of(fact));
  for (Table& table : tables) {
    table.numbers.clear();
    std::erase_if(table.rows, [&](const TableRow& row) {
      if (ids.count(cell_text(row.cells[0])) != 0) return false;
      const Instant* const at = table.name == "reviews" ? std::get_if<Instant>(&row.cells[3]) : nullptr;
      return at == nullptr || from_others.count({*at, cell_text(row.cells[2])}) == 0;
    });
  }
  tables.insert(tables.begin(), std::move(rows));
  if (!with_reviewers) {
    for (Table& table : tables) withhold_reviewers(table);
  }
  tables.push_back(runs_layout());
  tables.push_back(layers_layout());
  for (RegisteredLayer layer : read_context_layers(target)) {
    withhold_place(layer.layer);
    tables.back().rows.push_back(row_of(layer));
  }
  return geopackage(tables, latest);
}

}  // namespace pitwatch
