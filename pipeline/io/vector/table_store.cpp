#include "pipeline/io/vector/table_store.hpp"

#include <cpl_vsi.h>
#include <ogrsf_frmts.h>

#include <cstdint>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/memory_file.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/geo/ogr_values.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/io/vector/table_access.hpp"
#include "pipeline/io/vector/table_layer.hpp"

namespace pitwatch {
namespace {

/// By which a file is known to be the one that it was.
struct FileMark {
  bool exists = false;
  std::uintmax_t size = 0;
  std::filesystem::file_time_type written{};
  friend bool operator==(const FileMark&, const FileMark&) = default;
};

FileMark mark_of(const std::string& path) {
  std::error_code error;
  FileMark mark;
  mark.exists = std::filesystem::exists(std::filesystem::symlink_status(path, error));
  if (!mark.exists) return mark;
  mark.size = std::filesystem::file_size(path, error);
  mark.written = std::filesystem::last_write_time(path, error);
  return mark;
}

/// A copy of a GeoPackage as a file in memory. Once no log stands beside it, one that was written to by way of a log
/// (two bytes of its header say so) is whole without; in memory there are no logs.
void copy_to_memory(const std::string& path, const std::string& copy) {
  constexpr std::size_t mode_at = 18;
  constexpr char by_log = 2;
  constexpr char by_journal = 1;
  constexpr std::uint64_t most_bytes = std::uint64_t{8} << 30;
  std::string bytes = read_whole_file(path, most_bytes);
  for (std::size_t at = mode_at; at < mode_at + 2 && at < bytes.size(); ++at) {
    if (bytes[at] == by_log) bytes[at] = by_journal;
  }
  VSILFILE* const out = VSIFOpenL(copy.c_str(), "wb");
  const bool written = out != nullptr && VSIFWriteL(bytes.data(), 1, bytes.size(), out) == bytes.size();
  if (out != nullptr) VSIFCloseL(out);
  if (!written) throw IoError("cannot be copied into memory");
}

}  // namespace

struct TableStore::State {
  std::string target;
  std::string as_of;
  std::optional<MemoryFile> copy;  // of a GeoPackage
  FileMark mark;
  std::string bytes;  // of the GeoPackage, once it is whole
  OpenTables dataset;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  /// What is not committed is undone; a server that is gone needs no word more.
  ~State() {
    if (!dataset) return;
    const GdalErrorCapture quiet;
    dataset->RollbackTransaction();
    dataset.reset();
  }

  /// Runs action(errors), with the settings that all work on tables needs.
  template <typename Action>
  auto work(const Action& action) const {
    return naming(
        target,
        [&] {
          const GdalErrorCapture errors;
          const ThreadOption date("OGR_CURRENT_DATE", as_of.c_str());
          const ThreadOption rows("PG_USE_COPY", "NO");  // so that the row at fault is known
          try {
            return action(errors);
          } catch (const IoError&) {
            undo_and_expect_connected();
            throw;
          }
        },
        copy ? copy->path() : std::string());
  }

  /// Whether what failed did so because the server is gone. Within a failed transaction it would answer nothing.
  void undo_and_expect_connected() const {
    if (!dataset || !is_postgresql(*dataset)) return;
    {
      const GdalErrorCapture quiet;
      dataset->RollbackTransaction();
    }
    expect_connected(*dataset);
  }

  OGRLayer& layer(const std::string& name) const {
    OGRLayer* const found = dataset->GetLayerByName(name.c_str());
    if (found == nullptr) throw DataError("there is no table '" + name + "'");
    return *found;
  }

  void open_file(const GdalErrorCapture& errors) {
    copy.emplace("tables.gpkg");
    check_not_in_use(target);
    mark = mark_of(target);
    if (mark.exists) {
      copy_to_memory(target, copy->path());
      dataset = open_target(copy->path(), GDAL_OF_UPDATE, errors);
    } else {
      dataset.reset(geopackage_driver().Create(copy->path().c_str(), 0, 0, 0, GDT_Unknown, nullptr));
      if (!dataset) throw IoError(errors.explain("a GeoPackage cannot be made"));
    }
  }

  void begin(std::span<const Table> tables, const GdalErrorCapture& errors) const {
    if (dataset->TestCapability(ODsCTransactions) == 0) throw DataError("is no database with transactions");
    if (dataset->StartTransaction() != OGRERR_NONE) throw IoError(errors.explain("no transaction can be begun"));
    if (!is_postgresql(*dataset)) return;
    // Writers come one after the other: all of this program's, and others to the tables that are there.
    constexpr const char* number = "7290413558";
    run_sql(*dataset, std::string("SELECT pg_advisory_xact_lock(") + number + ")", errors);
    for (const Table& table : tables) {
      if (!has_layer(*dataset, table.name)) continue;
      run_sql(*dataset, "LOCK TABLE \"" + table.name + "\" IN SHARE ROW EXCLUSIVE MODE", errors);
    }
  }

  void end(const GdalErrorCapture& errors) {
    if (dataset->CommitTransaction() != OGRERR_NONE) throw IoError(errors.explain("the transaction cannot be ended"));
    dataset.reset();
    if (errors.failed()) throw IoError(errors.explain("cannot be written"));
  }

  void close_file() {
    if (!copy || !dataset) return;
    work([&](const GdalErrorCapture& errors) { end(errors); });
    bytes = copy->content();
  }
};

TableStore::TableStore(const std::string& target, std::span<const Table> tables, Instant as_of)
    : state_(std::make_unique<State>()) {
  ensure_gdal();
  state_->target = target;
  state_->as_of = format_instant(as_of);
  state_->work([&](const GdalErrorCapture& errors) {
    if (is_database(target)) {
      state_->dataset = open_target(target, GDAL_OF_UPDATE, errors);
    } else {
      state_->open_file(errors);
    }
    state_->begin(tables, errors);
  });
}

TableStore::~TableStore() = default;

std::vector<std::string> TableStore::names() const {
  return state_->work([&](const GdalErrorCapture&) { return names_in(*state_->dataset); });
}

std::optional<Table> TableStore::read(const Table& layout) const {
  return state_->work([&](const GdalErrorCapture& errors) -> std::optional<Table> {
    if (!has_layer(*state_->dataset, layout.name)) return std::nullopt;
    return read_layer(state_->layer(layout.name), layout, errors);
  });
}

std::map<std::string, RowsDigest> TableStore::digests(std::span<const Table> layouts) const {
  return state_->work(
      [&](const GdalErrorCapture& errors) { return digests_in(*state_->dataset, layouts, {}, errors); });
}

bool TableStore::make(const Table& layout) {
  return state_->work([&](const GdalErrorCapture& errors) {
    if (!has_layer(*state_->dataset, layout.name)) {
      create_layer(*state_->dataset, layout, errors);
      return true;
    }
    OGRLayer& layer = state_->layer(layout.name);
    bool added = false;
    for (const TableColumn& column : layout.columns) {
      if (!column.since_later || field_index(*layer.GetLayerDefn(), column.name) >= 0) continue;
      create_field(layer, column, errors);
      added = true;
    }
    if (!layout.has_shapes || layer.GetLayerDefn()->GetGeomFieldCount() > 0) return added;
    create_shapes(layer, errors);
    return true;
  });
}

void TableStore::add(const Table& rows) {
  if (rows.rows.empty()) return;
  state_->work([&](const GdalErrorCapture& errors) {
    OGRLayer& layer = state_->layer(rows.name);
    add_rows(layer, rows, errors);
    sync(layer, errors);
  });
}

void TableStore::replace(const Table& rows) {
  if (rows.rows.empty()) return;
  state_->work([&](const GdalErrorCapture& errors) {
    OGRLayer& layer = state_->layer(rows.name);
    replace_rows(layer, rows, errors);
    sync(layer, errors);
  });
}

void TableStore::execute(const std::string& sql) {
  state_->work([&](const GdalErrorCapture& errors) { run_sql(*state_->dataset, sql, errors); });
}

std::string TableStore::sha256(std::span<const Table> layouts) {
  if (state_->copy) {
    state_->close_file();
    return sha256_text(state_->bytes);
  }
  return state_->work([&](const GdalErrorCapture& errors) { return sha256_of(*state_->dataset, layouts, errors); });
}

std::size_t TableStore::size() {
  if (!state_->copy) return 0;
  state_->close_file();
  return state_->bytes.size();
}

void TableStore::commit() {
  if (!state_->copy) {
    state_->work([&](const GdalErrorCapture& errors) { state_->end(errors); });
    return;
  }
  state_->close_file();
  naming(state_->target, [&] {
    check_not_in_use(state_->target);
    if (mark_of(state_->target) == state_->mark) return;
    throw IoError("has been changed by another program meanwhile; it is left as it is");
  });
  write_file_atomically(state_->target, state_->bytes);
}

}  // namespace pitwatch
