#pragma once
// What a map shows, read from a state: its record, its register, and the files of sites and layers that the record
// names. Used inside this folder only.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/coverage/coverage.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/alerts/register_rows.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"
#include "pipeline/io/vector/layer_features.hpp"
#include "pipeline/webmap/webmap.hpp"

namespace pitwatch {

struct MapSite {
  std::string id;
  std::string name;  // the id where the file of the sites has none
  bool is_watched = true;
  LonLatMultiPolygon outline;           // empty: not known
  std::optional<std::size_t> coverage;  // of MapContent::coverage; nothing: not known
  std::string dossier = {};             // URL, relative; empty: none
};

/// Features near the sites and alerts, of a layer that is as it was when facts were worked out of it.
struct MapLayer {
  std::string name;
  std::string role;
  std::vector<LayerFeature> features;
};

struct MapAlert {
  OutlinedAlert outlined;
  std::size_t site = 0;                 // of MapContent::sites
  std::vector<RegisteredEvent> events;  // of the newest revision; status and confidence are there
  std::vector<RegisteredReview> reviews;
};

/// What a map lacks, as anybody may read it: without paths, servers and words of other programs.
struct MapLack {
  enum class What : std::uint8_t { sites, layers, layer, coverage };
  What what = What::layers;
  std::string name;  // of the layer
  friend bool operator==(const MapLack&, const MapLack&) = default;
};

struct MapContent {
  std::optional<Instant> as_of;              // newest acquisition
  double max_natural = default_max_natural;  // alerts that are likelier to be natural are hidden while they are
  Coverage coverage;
  std::vector<MapSite> sites;  // in the order of the record, then those of alerts that it does not have
  std::vector<MapLayer> layers;
  std::vector<MapAlert> alerts;                  // in the order of the register
  std::map<std::string, std::string> due_chips;  // files of chips that the state is to have: their SHA-256
  std::vector<MapLack> lacks;
  std::vector<std::pair<std::string, std::string>> skipped;  // the same and why, for whoever makes the map
};

/// Whether an alert is hidden from its event on, for being likely natural by what was known then.
bool is_hidden(const RegisteredEvent& event, double max_natural);

/// Throws as write_map() does.
MapContent read_map_content(const MapOptions& options);

}  // namespace pitwatch
