#pragma once
// What layers of other people say of the alerts, put on record: by a run that was told of layers, and by
// `pitwatch context` between runs.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/source.hpp"
#include "pipeline/context/context.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/schedule/progress.hpp"
#include "pipeline/watch/watch.hpp"
#include "pipeline/watch/water_series.hpp"

namespace pitwatch {

/// All layers of a context.json, and the outlines of the sites, read.
struct ContextLayers {
  ContextConfig config;
  std::vector<LoadedLayer> layers;
  std::map<std::string, LonLatMultiPolygon> sites;
  std::vector<std::pair<std::string, std::string>> skipped;  // "layer NAME" and the like, and why
};

/// Reads them; URLs under the policy of policy_for(). What cannot be used is `skipped`; nothing is thrown for it.
ContextLayers load_context(const ContextConfig& config, const std::string& sites, const NetworkOptions& network);

/// What layers and elevations say of the alerts that are not superseded; of one whose outline has no ground nothing is
/// said. Layers that leave alerts open are added to `skipped`, as those that cannot be used are.
ContextUpdate context_of(const ContextLayers& layers, const AlertsInRegister& in_register, Instant now,
                         std::vector<std::pair<std::string, std::string>>& skipped);

struct ContextOptions {
  std::string state;
  std::string layers;  // a context.json
  std::string register_target;
  SigningOptions signing;
  NetworkOptions network;  // for layers at URLs
  int threads = 0;         // 0: all cores
  /// Sites and source of scenes in which the waters of the layers are looked at, as by run; nothing: they are not.
  std::optional<WatchOptions> waters = {};
};

struct ContextReport {
  std::vector<OutlinedAlert> alerts;                         // that are not superseded, as the register has them now
  std::vector<ContextLayerState> layers;                     // in the order of the file
  std::vector<std::pair<std::string, std::string>> skipped;  // layers, and why
  WaterReading waters;                                       // where options ask for it
  std::size_t new_facts = 0;                                 // rows of facts that the register did not have
  bool changed = false;                                      // register or alerts.geojson has other facts than before
  int exit_code = 0;                                         // 4: layers, features that matter or scenes were skipped
  double wall_seconds = 0;
};

/// Works out what the alerts of the state's register touch, and puts that on record: facts that differ from those known
/// as new rows, the alerts' columns, STATE/alerts.geojson, a manifest and a row of `runs`. What was said before stays,
/// and is what holds of subjects of which a layer cannot be used. Works as one run does: holds the state's lock, but
/// not while scenes are read.
/// Throws ConfigError (layers file; another register than the state's), BusyError (lock), DataError (no state, no
/// register, no layer that can be used), UnavailableError (a register's server), IoError.
ContextReport record_context(const ContextOptions& options, const ProgressSink& progress);

}  // namespace pitwatch
