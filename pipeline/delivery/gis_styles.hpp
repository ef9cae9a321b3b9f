#pragma once
// Projects and styles of GIS programs over a published folder.

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace pitwatch {

/// QGIS styles of the alerts, by "status" or "class".
std::string alerts_qml(const std::string& column);
std::string mask_qml();
std::string score_qml();

/// A comparison's folder in the published one.
struct PublishedRasters {
  std::string name;
  std::string folder;  // "comparisons/NAME"
  std::string crs;     // as a grid has it: QGIS does not take it from the files of a project
};

/// A QGIS project (3.22 and later) in a folder of its own beside the files that it shows, by relative paths. `extent`
/// is west, south, east, north.
std::string qgis_project(const std::vector<PublishedRasters>& rasters, const std::array<double, 4>& extent,
                         const std::string& version);

/// A MapServer (8.0 and later) configuration: OGC API - Features, WFS and WMS of the alerts, coloured by status.
/// `extent` as above. Paths are as from its own folder.
std::string mapserver_map(const std::array<double, 4>& extent);

/// What names that file to MapServer, which wants it absolute.
std::string mapserver_config(const std::string& map_path);

/// GDAL's names of the categories of mask.tif, for a file beside it.
std::string mask_categories_xml();

}  // namespace pitwatch
