#pragma once
// Alerts as a folder that any web server can serve, and other programs read: STAC, Atom, QGIS, MapServer.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace pitwatch {

struct PublishOptions {
  std::string state;                     // whose chips are published
  std::string register_target;           // see register.hpp
  std::string out;                       // folder
  std::string url;                       // where it will be served, for absolute links; empty: none are written
  std::vector<std::string> comparisons;  // folders that compare wrote
  double max_natural = 0.8;              // alerts that are likelier to be natural are left out
  bool with_reviewers = false;           // whether reviewers are named
  std::string version;                   // of the program
};

struct PublishReport {
  std::size_t alerts = 0;
  std::size_t chips = 0;
  std::size_t comparisons = 0;
  std::vector<std::pair<std::string, std::string>> skipped;  // file, and why
};

/// Writes, whole or not at all, into a folder that is not there, is empty, or was written by this:
///
///   collection.json      STAC Collection (1.0.0); items/ID.json, an Item for each alert with its chips, and for each
///                        comparison with its rasters
///   chips/ALERT/         copies of the chips; comparisons/NAME/: of score.tif and mask.tif
///   alerts.geojson       the alerts; alerts.gpkg: a register of them
///   feeds/all.atom, feeds/site-SITE.atom   Atom (RFC 4287): the newest 200 alerts by when they changed
///   qgis/pitwatch.qgs    a QGIS project over these files, and its styles as .qml
///   mapserver/           pitwatch.map and pitwatch.conf: OGC API - Features, WFS and WMS over alerts.gpkg
///
/// The same register, chips and comparisons give the same bytes. Superseded alerts are left out. Chips that are damaged
/// or missing are skipped. Throws ConfigError (a folder of something else, a URL that is none), DataError (register,
/// comparison), IoError.
PublishReport publish(const PublishOptions& options);

}  // namespace pitwatch
