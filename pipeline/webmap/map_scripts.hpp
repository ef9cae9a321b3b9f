#pragma once
// The data of a map as scripts. What each member means is described in README.md. Pure: content in, texts out. Used
// inside this folder only.

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"
#include "pipeline/webmap/map_content.hpp"

namespace pitwatch {

/// A picture of an alert's ground.
struct MapPicture {
  std::string role;
  std::string name;         // of all of the alert's one
  std::string acquisition;  // empty: of many
  Instant acquired{};
  std::string file;  // its path in the folder up to "-true_colour.png" and "-short_wave.png"
  int width = 0;
  int height = 0;
  std::array<LonLat, 3> corners;  // upper left, upper right, lower left
};

/// What only one alert's panel shows.
struct MapDetails {
  std::vector<MapPicture> pictures;  // in order of time
  std::string observations = "[]";   // JSON: a list of what acquisitions showed
  std::string dossier;               // URL, relative; empty: none
};

/// A name of files for each alert, by its place.
std::vector<std::string> alert_file_names(const MapContent& content);

/// data/map.js: what is shown first.
std::string map_script(const MapContent& content, const std::vector<std::string>& names, std::string_view language);

/// data/texts.js
std::string texts_script(const std::map<std::string, std::string>& texts);

/// data/growth-N.js: the course of the alerts in the N-th piece of the list.
inline constexpr std::size_t alerts_of_growth = 500;
std::string growth_script(const MapContent& content, std::size_t piece);

/// data/alert-NAME.js
std::string alert_script(const MapAlert& alert, const std::string& name, const MapDetails& details);

/// Positions as whole millionths of a degree: of each ring longitude and latitude of its first vertex, then what is to
/// be added for each further one.
std::string outline_text(const LonLatMultiPolygon& outline);

}  // namespace pitwatch
