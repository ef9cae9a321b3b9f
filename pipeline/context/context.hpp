#pragma once
// From layers and alerts to facts: whose ground an alert lies on, and what water is near.

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/context/context_config.hpp"
#include "pipeline/context/remote_layer.hpp"
#include "pipeline/core/alert_context.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/files/parallel_for.hpp"
#include "pipeline/io/vector/layer_features.hpp"

namespace pitwatch {

struct LoadedLayer {
  ContextLayer layer;
  LayerContent content;
  std::string sha256;   // of a file, or of what a URL gave; else empty
  std::string problem;  // why it cannot be used, one line; empty: it can
};

/// Reads all layers, those at URLs by `fetch`. One that cannot be used has its reason; nothing is thrown for it.
std::vector<LoadedLayer> load_layers(const ContextConfig& config, const LayerFetch& fetch = {});

inline constexpr double near_sites_km = 50;
inline constexpr double at_site_km = 5;

/// Remarks all features of a layer none of which is within near_sites_km of any site, by boxes: its axes may be
/// swapped. Of other layers those that are farther than that and would lie within at_site_km of one if theirs were
/// swapped. Nothing where no outline of a site is known.
void remark_far_layers(std::vector<LoadedLayer>& layers, const std::map<std::string, LonLatMultiPolygon>& sites);

ContextLayerState state_of(const LoadedLayer& loaded);

/// The facts of each alert, in their order. A subject of which a layer cannot be used is not worked out, for what is
/// missing would be told as absent; likewise an alert is not `outside` but `cannot_tell` where a feature of a licence
/// or protected area that was left out may lie. `now` is when they are worked out. Throws DataError naming an alert
/// whose outline is of no use. The same whatever `parallel_for`.
std::vector<ContextFacts> work_out_context(const std::vector<LoadedLayer>& layers, double registration_error_m,
                                           std::span<const OutlinedAlert> alerts, Instant now,
                                           const ParallelFor& parallel_for = serial_for);

/// Layers of licences and protected areas of which features were left out where alerts lie whose verdict is
/// `cannot_tell`: "layer NAME", and of how many. `facts` are those of `alerts`, in their order, as work_out_context()
/// gave them with the same layers.
std::vector<std::pair<std::string, std::string>> left_open(const std::vector<LoadedLayer>& layers,
                                                           double registration_error_m,
                                                           std::span<const OutlinedAlert> alerts,
                                                           std::span<const ContextFacts> facts);

}  // namespace pitwatch
