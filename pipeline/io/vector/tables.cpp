#include "pipeline/io/vector/tables.hpp"

#include <ogrsf_frmts.h>

#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/memory_file.hpp"
#include "pipeline/io/vector/table_access.hpp"
#include "pipeline/io/vector/table_layer.hpp"

namespace pitwatch {

std::string cell_text(const Cell& cell) {
  struct Text {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(Instant instant) const { return format_instant(instant); }
    std::string operator()(int number) const { return std::to_string(number); }
    std::string operator()(double number) const { return shortest_text(number); }
  };
  return std::visit(Text{}, cell);
}

std::string geopackage(std::span<const Table> tables, Instant as_of) {
  ensure_gdal();
  const GdalErrorCapture errors;
  const std::string changed = format_instant(as_of);
  const ThreadOption date("OGR_CURRENT_DATE", changed.c_str());
  const MemoryFile file("tables.gpkg");
  OpenTables dataset(geopackage_driver().Create(file.path().c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  if (!dataset) throw IoError(errors.explain("a GeoPackage cannot be made"));
  for (const Table& table : tables) {
    if (dataset->StartTransaction() != OGRERR_NONE) throw IoError(errors.explain("a GeoPackage cannot be written"));
    add_rows(create_layer(*dataset, table, errors), table, errors);
    if (dataset->CommitTransaction() != OGRERR_NONE) throw IoError(errors.explain("a GeoPackage cannot be written"));
  }
  dataset.reset();
  if (errors.failed()) throw IoError(errors.explain("a GeoPackage cannot be written"));
  return file.content();
}

std::vector<std::optional<Table>> read_tables(const std::string& target, std::span<const Table> layouts) {
  ensure_gdal();
  return naming(target, [&] {
    const GdalErrorCapture errors;
    const OpenTables dataset = open_target(target, GDAL_OF_READONLY, errors);
    return read_connected(*dataset, [&] {
      std::vector<std::optional<Table>> tables;
      for (const Table& layout : layouts) {
        tables.emplace_back();
        if (has_layer(*dataset, layout.name)) {
          tables.back() = read_layer(*dataset->GetLayerByName(layout.name.c_str()), layout, errors);
        }
      }
      return tables;
    });
  });
}

std::vector<std::string> table_names(const std::string& path) {
  ensure_gdal();
  return naming(path, [&] {
    const GdalErrorCapture errors;
    return names_in(*open_target(path, GDAL_OF_READONLY, errors));
  });
}

std::string sha256_of_tables(const std::string& target, std::span<const Table> layouts) {
  ensure_gdal();
  return naming(target, [&] {
    const GdalErrorCapture errors;
    const OpenTables dataset = open_target(target, GDAL_OF_READONLY, errors);
    return read_connected(*dataset, [&] { return sha256_of(*dataset, layouts, errors); });
  });
}

std::map<std::string, RowsDigest> digests_of_rows(const std::string& target, std::span<const Table> layouts,
                                                  const std::map<std::string, std::size_t>& first) {
  ensure_gdal();
  return naming(target, [&] {
    const GdalErrorCapture errors;
    const OpenTables dataset = open_target(target, GDAL_OF_READONLY, errors);
    return read_connected(*dataset, [&] { return digests_in(*dataset, layouts, first, errors); });
  });
}

void expect_not_in_use(const std::string& path) {
  naming(path, [&] { check_not_in_use(path); });
}

}  // namespace pitwatch
