#include "pipeline/delivery/gis_styles.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/alert_colours.hpp"
#include "pipeline/core/text.hpp"

namespace pitwatch {
namespace {

constexpr int degree_decimals = 7;
constexpr int fill_opacity = 85;  // of 255
constexpr const char* qgis_head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n";
constexpr const char* qgis_version = "3.22.0";

struct Category {
  std::string value;
  std::string label;
  Colour colour;
};

std::string words_of(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::vector<Category> statuses() {
  std::vector<Category> categories;
  for (std::size_t i = 0; i < alert_status_names.size(); ++i) {
    categories.push_back(
        {std::string(alert_status_names[i]), words_of(alert_status_names[i]), alert_status_colours[i]});
  }
  return categories;
}

std::vector<Category> classes() {
  std::vector<Category> categories;
  for (const auto& [change_class, class_name] : change_class_names) {
    categories.push_back({std::string(class_name), words_of(class_name), colour_of(change_class)});
  }
  return categories;
}

std::string rgb(const Colour& colour, char separator = ',') {
  return std::to_string(colour.red) + separator + std::to_string(colour.green) + separator +
         std::to_string(colour.blue);
}

std::string hex(const Colour& colour) {
  const std::array<unsigned char, 3> bytes{colour.red, colour.green, colour.blue};
  return "#" + hex_text(bytes.data(), bytes.size());
}

std::string option(const char* name, const std::string& value) {
  return "<Option type=\"QString\" name=\"" + std::string(name) + "\" value=\"" + value + "\"/>";
}

std::string alerts_renderer(const std::string& column) {
  const std::vector<Category> categories = column == "status" ? statuses() : classes();
  std::string text = "<renderer-v2 type=\"categorizedSymbol\" attr=\"" + column +
                     "\" forceraster=\"0\" symbollevels=\"0\" enableorderby=\"0\">\n<categories>\n";
  for (std::size_t i = 0; i < categories.size(); ++i) {
    text += "<category render=\"true\" type=\"string\" symbol=\"" + std::to_string(i) + "\" value=\"" +
            categories[i].value + "\" label=\"" + categories[i].label + "\"/>\n";
  }
  text += "</categories>\n<symbols>\n";
  for (std::size_t i = 0; i < categories.size(); ++i) {
    const std::string colour = rgb(categories[i].colour);
    text += "<symbol type=\"fill\" name=\"" + std::to_string(i) +
            "\" alpha=\"1\" clip_to_extent=\"1\" force_rhr=\"0\"><layer class=\"SimpleFill\" enabled=\"1\" pass=\"0\" "
            "locked=\"0\"><Option type=\"Map\">" +
            option("color", colour + "," + std::to_string(fill_opacity)) + option("style", "solid") +
            option("outline_color", colour + ",255") + option("outline_style", "solid") +
            option("outline_width", "0.46") + option("outline_width_unit", "MM") + "</Option></layer></symbol>\n";
  }
  return text + "</symbols>\n</renderer-v2>\n";
}

std::string mask_renderer() {
  std::string text =
      "<rasterrenderer type=\"paletted\" band=\"1\" opacity=\"0.7\" alphaBand=\"-1\" "
      "nodataColor=\"\">\n<rasterTransparency/>\n"
      "<colorPalette>\n";
  const auto add = [&](int code, const Colour& colour, int alpha, const std::string& label) {
    text += "<paletteEntry value=\"" + std::to_string(code) + "\" color=\"" + hex(colour) + "\" alpha=\"" +
            std::to_string(alpha) + "\" label=\"" + label + "\"/>\n";
  };
  add(mask_stable, stable_colour, 0, "stable");
  for (const auto& [change_class, class_name] : change_class_names) {
    add(static_cast<int>(change_class), colour_of(change_class), 255, words_of(class_name));
  }
  return text + "</colorPalette>\n</rasterrenderer>\n";
}

std::string score_renderer() {
  // Five steps of YlOrRd (ColorBrewer), the lowest transparent.
  constexpr std::array<std::pair<const char*, Colour>, 5> steps{{
      {"0", {255, 255, 178}},
      {"0.25", {254, 204, 92}},
      {"0.5", {253, 141, 60}},
      {"0.75", {240, 59, 32}},
      {"1", {189, 0, 38}},
  }};
  std::string text =
      "<rasterrenderer type=\"singlebandpseudocolor\" band=\"1\" opacity=\"0.8\" alphaBand=\"-1\" "
      "classificationMin=\"0\" classificationMax=\"1\" nodataColor=\"\">\n<rasterTransparency/>\n<rastershader>\n"
      "<colorrampshader colorRampType=\"INTERPOLATED\" clip=\"0\" minimumValue=\"0\" maximumValue=\"1\" "
      "classificationMode=\"1\">\n";
  for (const auto& [value, colour] : steps) {
    text += "<item value=\"" + std::string(value) + "\" label=\"" + value + "\" color=\"" + hex(colour) +
            "\" alpha=\"" + (std::string_view(value) == "0" ? "0" : "255") + "\"/>\n";
  }
  return text + "</colorrampshader>\n</rastershader>\n</rasterrenderer>\n";
}

std::string raster_pipe(const std::string& renderer) { return "<pipe>\n" + renderer + "</pipe>\n"; }

std::string qml(const std::string& content) {
  return qgis_head + ("<qgis version=\"" + std::string(qgis_version) + "\" styleCategories=\"Symbology\">\n") +
         content + "</qgis>\n";
}

struct Layer {
  std::string id;
  std::string name;
  std::string source;  // as from the project
  std::string crs;
  bool is_vector = true;
  bool is_shown = true;
  std::string symbology;
};

constexpr const char* longitude_latitude = "EPSG:4326";

std::string crs_text(const std::string& crs) {
  const std::string named = crs.starts_with("EPSG:") ? "authid" : "wkt";
  return "<spatialrefsys nativeFormat=\"Wkt\"><" + named + ">" + markup_text(crs) + "</" + named + "></spatialrefsys>";
}

std::string map_layer(const Layer& layer) {
  const std::string type = layer.is_vector ? "vector\" geometry=\"Polygon" : "raster";
  std::string text = "<maplayer type=\"" + type + "\" hasScaleBasedVisibilityFlag=\"0\">\n<id>" +
                     markup_text(layer.id) + "</id>\n<datasource>" + markup_text(layer.source) +
                     "</datasource>\n<layername>" + markup_text(layer.name) + "</layername>\n";
  text += "<srs>" + crs_text(layer.crs) + "</srs>\n";
  text += layer.is_vector ? "<provider encoding=\"UTF-8\">ogr</provider>\n" : "<provider>gdal</provider>\n";
  return text + layer.symbology + "</maplayer>\n";
}

std::vector<Layer> layers_of(const std::vector<PublishedRasters>& rasters) {
  const std::string alerts = "../alerts.gpkg|layername=alerts";
  std::vector<Layer> layers{
      {"alerts_by_status", "Alerts by status", alerts, longitude_latitude, true, true, alerts_renderer("status")},
      {"alerts_by_class", "Alerts by class", alerts, longitude_latitude, true, false, alerts_renderer("class")}};
  for (const PublishedRasters& each : rasters) {
    layers.push_back({"mask_" + each.name, each.name + ": classes", "../" + each.folder + "/mask.tif", each.crs, false,
                      true, raster_pipe(mask_renderer())});
    layers.push_back({"score_" + each.name, each.name + ": score", "../" + each.folder + "/score.tif", each.crs, false,
                      false, raster_pipe(score_renderer())});
  }
  return layers;
}

std::string degrees(double value) { return fixed_text(value, degree_decimals); }

}  // namespace

std::string alerts_qml(const std::string& column) { return qml(alerts_renderer(column)); }
std::string mask_qml() { return qml(raster_pipe(mask_renderer())); }
std::string score_qml() { return qml(raster_pipe(score_renderer())); }

std::string qgis_project(const std::vector<PublishedRasters>& rasters, const std::array<double, 4>& extent,
                         const std::string& version) {
  const std::vector<Layer> layers = layers_of(rasters);
  std::string tree;
  std::string content;
  std::string order;
  for (const Layer& layer : layers) {
    const std::string id = markup_text(layer.id);
    tree += "<layer-tree-layer id=\"" + id + "\" name=\"" + markup_text(layer.name) + "\" source=\"" +
            markup_text(layer.source) + "\" providerKey=\"" + (layer.is_vector ? "ogr" : "gdal") + "\" checked=\"" +
            (layer.is_shown ? "Qt::Checked" : "Qt::Unchecked") + "\" expanded=\"1\"/>\n";
    content += map_layer(layer);
    order += "<layer id=\"" + id + "\"/>\n";
  }
  return qgis_head + ("<qgis version=\"" + std::string(qgis_version) + "\" projectname=\"Pitwatch\">\n") +
         "<title>Pitwatch " + markup_text(version) + "</title>\n<projectCrs>" + crs_text(longitude_latitude) +
         "</projectCrs>\n<layer-tree-group>\n" + tree + "</layer-tree-group>\n<mapcanvas name=\"theMapCanvas\">\n" +
         "<units>degrees</units>\n<extent><xmin>" + degrees(extent[0]) + "</xmin><ymin>" + degrees(extent[1]) +
         "</ymin><xmax>" + degrees(extent[2]) + "</xmax><ymax>" + degrees(extent[3]) + "</ymax></extent>\n" +
         "<destinationsrs>" + crs_text(longitude_latitude) + "</destinationsrs>\n</mapcanvas>\n<projectlayers>\n" +
         content + "</projectlayers>\n<layerorder>\n" + order +
         "</layerorder>\n<properties><Paths><Absolute type=\"bool\">false</Absolute></Paths></properties>\n</qgis>\n";
}

std::string mapserver_map(const std::array<double, 4>& extent) {
  std::string text =
      "# MapServer 8.0 and later: OGC API - Features, WFS and WMS of the alerts.\nMAP\n  NAME \"pitwatch\"\n";
  text += "  EXTENT " + degrees(extent[0]) + " " + degrees(extent[1]) + " " + degrees(extent[2]) + " " +
          degrees(extent[3]) + "\n";
  text +=
      "  SIZE 800 600\n  MAXSIZE 4096\n  PROJECTION\n    \"init=epsg:4326\"\n  END\n"
      "  WEB\n    METADATA\n      \"ows_title\" \"Pitwatch alerts\"\n      \"ows_abstract\" \"Newly disturbed ground "
      "in Sentinel-2 scenes\"\n"
      "      \"ows_srs\" \"EPSG:4326 EPSG:3857\"\n      \"ows_enable_request\" \"*\"\n      \"oga_enable_request\" "
      "\"*\"\n    END\n  END\n"
      "  LAYER\n    NAME \"alerts\"\n    TYPE POLYGON\n    STATUS ON\n    CONNECTIONTYPE OGR\n    CONNECTION "
      "\"../alerts.gpkg\"\n"
      "    DATA \"alerts\"\n    PROJECTION\n      \"init=epsg:4326\"\n    END\n    METADATA\n      \"ows_title\" "
      "\"Alerts\"\n"
      "      \"ows_abstract\" \"Alerts with their evidence; the properties are those of alerts.geojson\"\n"
      "      \"gml_include_items\" \"all\"\n      \"gml_featureid\" \"id\"\n      \"gml_types\" \"auto\"\n    END\n    "
      "TEMPLATE \"none\"\n"
      "    CLASSITEM \"status\"\n";
  for (const Category& category : statuses()) {
    text += "    CLASS\n      NAME \"" + category.label + "\"\n      EXPRESSION \"" + category.value +
            "\"\n      STYLE\n        COLOR " + rgb(category.colour, ' ') +
            "\n        OPACITY 33\n      END\n      STYLE\n        OUTLINECOLOR " + rgb(category.colour, ' ') +
            "\n        WIDTH 2\n      END\n    END\n";
  }
  return text + "  END\nEND\n";
}

std::string mapserver_config(const std::string& map_path) {
  std::string pattern = "^";
  for (const char c : map_path) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                          c == '_' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
    // In brackets a character is itself, but for the caret.
    pattern += is_plain ? std::string(1, c) : c == '^' ? std::string(".") : "[" + std::string(1, c) + "]";
  }
  return "# Set MAPSERVER_CONFIG_FILE to this file; then .../mapserv/pitwatch/ogcapi answers.\nCONFIG\n  ENV\n    "
         "MS_MAP_PATTERN \"" +
         pattern +
         "$\"\n    OGCAPI_HTML_TEMPLATE_DIRECTORY \"/usr/share/mapserver/ogcapi/templates/html-plain/\"\n  END\n  "
         "MAPS\n "
         "   pitwatch \"" +
         map_path + "\"\n  END\nEND\n";
}

std::string mask_categories_xml() {
  std::string text = "<PAMDataset>\n<PAMRasterBand band=\"1\">\n<CategoryNames>\n<Category>stable</Category>\n";
  for (const auto& [change_class, class_name] : change_class_names) {
    text += "<Category>" + words_of(class_name) + "</Category>\n";
  }
  return text + "</CategoryNames>\n</PAMRasterBand>\n</PAMDataset>\n";
}

}  // namespace pitwatch
