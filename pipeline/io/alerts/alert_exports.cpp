#include "pipeline/io/alerts/alert_exports.hpp"

#include <ogrsf_frmts.h>

#include <algorithm>
#include <array>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
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

/// Outline and filling by status, as KML has colours: opacity, blue, green, red.
struct KmlStyle {
  AlertStatus status;
  const char* line;
  const char* fill;
  int width_px;
};
constexpr std::array<KmlStyle, 6> styles{{
    {AlertStatus::provisional, "ff00a5ff", "5500a5ff", 2},
    {AlertStatus::confirmed, "ff0000ff", "550000ff", 2},
    {AlertStatus::closed, "ff808080", "55808080", 2},
    {AlertStatus::recovering, "ff00a000", "5500a000", 2},
    {AlertStatus::superseded, "ffa0a0a0", "22a0a0a0", 1},
    {AlertStatus::not_watched, "ff606060", "22606060", 1},
}};

void add_kml_ring(const char* boundary, const LonLatRing& ring, std::string& text) {
  text.append("<").append(boundary).append("><LinearRing><coordinates>");
  const auto add = [&](const LonLat& place) {
    text += json_number(place.lon, point_decimals) + "," + json_number(place.lat, point_decimals) + " ";
  };
  for (const LonLat& place : ring) add(place);
  if (!ring.empty() && !(ring.front() == ring.back())) add(ring.front());
  text.append("</coordinates></LinearRing></").append(boundary).append(">");
}

/// From the first clear observation of the disturbance, for as long as it is not over.
std::string time_span(const Alert& alert) {
  std::string text = "<TimeSpan><begin>" + format_instant(alert.onset_before) + "</begin>";
  const bool is_over = alert.status == AlertStatus::closed || alert.status == AlertStatus::superseded;
  if (is_over) text += "<end>" + format_instant(alert.last_detected) + "</end>";
  return text + "</TimeSpan>";
}

void add_placemark(const OutlinedAlert& outlined, std::string& text) {
  text += "<Placemark><name>" + markup_text(outlined.alert.id) + "</name>" + time_span(outlined.alert) + "<styleUrl>#" +
          std::string(name(outlined.alert.status)) + "</styleUrl>\n<ExtendedData><SchemaData schemaUrl=\"#alert\">\n";
  for (const AlertColumn& column : alert_columns()) {
    const Cell cell = column.get(outlined.alert);
    if (std::holds_alternative<std::monostate>(cell)) continue;
    text += "<SimpleData name=\"" + std::string(column.name) + "\">" + markup_text(cell_text(cell)) + "</SimpleData>\n";
  }
  text += "</SchemaData></ExtendedData>\n<MultiGeometry>";
  for (const LonLatPolygon& polygon : outlined.outline) {
    text += "<Polygon>";
    add_kml_ring("outerBoundaryIs", polygon.outer, text);
    for (const LonLatRing& hole : polygon.holes) add_kml_ring("innerBoundaryIs", hole, text);
    text += "</Polygon>";
  }
  text += "</MultiGeometry></Placemark>\n";
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

// Written as text: GDAL's driver LIBKML takes time with the square of the features, 43 s for 5000 alerts, and its
// driver KML fills no polygon.
std::string alerts_kml(std::span<const OutlinedAlert> alerts) {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\">\n"
      "<Document><name>alerts</name>\n";
  for (const KmlStyle& style : styles) {
    text += "<Style id=\"" + std::string(name(style.status)) + "\"><LineStyle><color>" + style.line +
            "</color><width>" + std::to_string(style.width_px) + "</width></LineStyle><PolyStyle><color>" + style.fill +
            "</color></PolyStyle></Style>\n";
  }
  text += "<Schema name=\"alert\" id=\"alert\">\n";
  for (const AlertColumn& column : alert_columns()) {
    const char* const type = column.type == ColumnType::real      ? "double"
                             : column.type == ColumnType::integer ? "int"
                                                                  : "string";
    text += "<SimpleField name=\"" + std::string(column.name) + "\" type=\"" + type + "\"/>\n";
  }
  text += "</Schema>\n<Folder><name>alerts</name>\n";
  for (const OutlinedAlert& outlined : alerts) add_placemark(outlined, text);
  return text + "</Folder></Document></kml>\n";
}

}  // namespace pitwatch
