#include "pipeline/io/alerts/alert_exports.hpp"

#include <ogrsf_frmts.h>

#include <algorithm>
#include <array>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/memory_file.hpp"
#include "pipeline/io/geo/ogr_values.hpp"
#include "pipeline/io/vector/geojson_text.hpp"

namespace pitwatch {
namespace {

constexpr int point_decimals = 7;

std::string cell_of(const Cell& cell) {
  const std::string text = cell_text(cell);
  return std::holds_alternative<std::string>(cell) ? csv_cell(text) : text;
}

LonLat point_inside(const LonLatMultiPolygon& outline) {
  const GdalErrorCapture errors;
  OGRPoint point;
  const auto shape = ogr_shape(outline);
  if (OGR_G_Centroid(OGRGeometry::ToHandle(shape.get()), OGRGeometry::ToHandle(&point)) != OGRERR_NONE ||
      shape->Contains(&point) == 0) {
    const std::unique_ptr<OGRGeometry> inside(
        OGRGeometry::FromHandle(OGR_G_PointOnSurface(OGRGeometry::ToHandle(shape.get()))));
    if (inside) point = *inside->toPoint();
  }
  return {point.getX(), point.getY()};
}

/// Without what XML cannot hold: control characters, and bytes that are not UTF-8; and without what would end the CDATA
/// section that the driver puts texts into.
std::string xml_text(const std::string& text) {
  std::string result = CPLIsUTF8(text.c_str(), static_cast<int>(text.size())) != 0 ? text : std::string();
  if (result.empty()) {
    for (const char c : text) result += static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t') c = ' ';
  }
  for (std::size_t at = result.find("]]>"); at != std::string::npos; at = result.find("]]>", at)) {
    result.insert(at + 2, 1, ' ');
  }
  return result;
}

/// Outline and filling by status.
constexpr std::array<std::pair<AlertStatus, const char*>, 6> styles{{
    {AlertStatus::provisional, "PEN(c:#ffa500ff,w:2px);BRUSH(fc:#ffa50055)"},
    {AlertStatus::confirmed, "PEN(c:#ff0000ff,w:2px);BRUSH(fc:#ff000055)"},
    {AlertStatus::closed, "PEN(c:#808080ff,w:2px);BRUSH(fc:#80808055)"},
    {AlertStatus::recovering, "PEN(c:#00a000ff,w:2px);BRUSH(fc:#00a00055)"},
    {AlertStatus::superseded, "PEN(c:#a0a0a0ff,w:1px);BRUSH(fc:#a0a0a022)"},
    {AlertStatus::not_watched, "PEN(c:#606060ff,w:1px);BRUSH(fc:#60606022)"},
}};

void check(bool done, const GdalErrorCapture& errors) {
  if (!done || errors.failed()) throw IoError(errors.explain("KML cannot be written"));
}

}  // namespace

std::vector<std::size_t> alerts_where(std::span<const OutlinedAlert> alerts, const std::string& where) {
  Table table{"alerts", false, {}, {}};
  for (const AlertColumn& column : alert_columns()) table.columns.push_back({column.name, column.type});
  for (const OutlinedAlert& outlined : alerts) {
    TableRow& row = table.rows.emplace_back();
    for (const AlertColumn& column : alert_columns()) row.cells.push_back(column.get(outlined.alert));
  }
  return rows_where(table, where);
}

std::string alerts_csv(std::span<const OutlinedAlert> alerts) {
  ensure_gdal();
  std::string text;
  for (const AlertColumn& column : alert_columns()) text += std::string(column.name) + ",";
  text += "longitude,latitude\r\n";
  for (const OutlinedAlert& outlined : alerts) {
    for (const AlertColumn& column : alert_columns()) text += cell_of(column.get(outlined.alert)) + ",";
    const LonLat point = point_inside(outlined.outline);
    text += json_number(point.lon, point_decimals) + "," + json_number(point.lat, point_decimals) + "\r\n";
  }
  return text;
}

std::string alerts_kml(std::span<const OutlinedAlert> alerts) {
  ensure_gdal();
  const GdalErrorCapture errors;
  GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("LIBKML");
  if (driver == nullptr) throw IoError("this GDAL cannot write KML: it has no driver LIBKML");
  const MemoryFile file("alerts.kml");
  GDALDatasetUniquePtr dataset(driver->Create(file.path().c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  check(dataset != nullptr, errors);
  OGRStyleTable table;
  for (const auto& [status, style] : styles) table.AddStyle(std::string(name(status)).c_str(), style);
  dataset->SetStyleTable(&table);
  OGRLayer* const layer = dataset->CreateLayer("alerts", nullptr, wkbMultiPolygon, nullptr);
  check(layer != nullptr, errors);
  OGRFieldDefn title("Name", OFTString);  // by this name the driver knows it
  check(layer->CreateField(&title) == OGRERR_NONE, errors);
  for (const AlertColumn& column : alert_columns()) {
    OGRFieldDefn field(column.name, column.type == ColumnType::real      ? OFTReal
                                    : column.type == ColumnType::integer ? OFTInteger
                                                                         : OFTString);
    check(layer->CreateField(&field) == OGRERR_NONE, errors);
  }
  for (const OutlinedAlert& outlined : alerts) {
    OGRFeature feature(layer->GetLayerDefn());
    feature.SetField(0, xml_text(outlined.alert.id).c_str());
    int field = 1;
    for (const AlertColumn& column : alert_columns()) {
      const Cell cell = column.get(outlined.alert);
      if (!std::holds_alternative<std::monostate>(cell)) feature.SetField(field, xml_text(cell_text(cell)).c_str());
      ++field;
    }
    feature.SetStyleString(("@" + std::string(name(outlined.alert.status))).c_str());
    feature.SetGeometryDirectly(ogr_shape(outlined.outline).release());
    check(layer->CreateFeature(&feature) == OGRERR_NONE, errors);
  }
  dataset.reset();
  check(true, errors);
  return file.content();
}

}  // namespace pitwatch
