#pragma once
// Alerts as GeoJSON (RFC 7946): the program's main product.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/parallel_for.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// Members of the collection itself.
struct AlertCollectionInfo {
  std::string name;                             // layer name in GIS programs; left out where empty
  std::optional<Instant> from;                  // acquisition of the earliest scene used
  std::optional<Instant> until;                 // acquisition of the latest scene used
  std::optional<Instant> as_of = std::nullopt;  // the alerts are as they were at that acquisition
};

/// Alerts whose shapes lie on one grid.
struct AlertLayer {
  std::span<const Alert> alerts;
  Grid grid;
};

/// An alert apart from any grid: of many, of all sites, or from a file. Its `shape` is not looked at.
struct OutlinedAlert {
  Alert alert;
  LonLatMultiPolygon outline;  // as it is written: positions of at most 7 decimals, exterior rings counter-clockwise
};

/// The alerts with their outlines, in the order given. Throws as alerts_geojson() does.
std::vector<OutlinedAlert> outlined_alerts(std::span<const AlertLayer> layers,
                                           const ParallelFor& parallel_for = serial_for);

/// The FeatureCollection as text, in the order given: WGS 84, at most 7 decimals, exterior rings counter-clockwise,
/// `bbox` on the collection (left out where there is no alert) and on each feature, no `crs`; Polygon for a shape of
/// one part and MultiPolygon otherwise; the properties of the contract, null where absent, and last the columns of the
/// context, each where it is known. Instants are ISO 8601, UTC. Same alerts, same bytes, whatever `parallel_for`.
/// Throws DataError when the grid's CRS is unknown to PROJ or a shape is empty. Described by alert.schema.json beside
/// this header.
std::string alerts_geojson(std::span<const AlertLayer> layers, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for = serial_for);
std::string alerts_geojson(std::span<const OutlinedAlert> alerts, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for = serial_for);
std::string alerts_geojson(std::span<const Alert> alerts, const Grid& grid, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for = serial_for);

/// The value of "properties" of an alert, and of "geometry", as in the collection.
std::string alert_properties_json(const Alert& alert);
std::string outline_json(const LonLatMultiPolygon& outline);

/// One alert as a Feature of the collection.
std::string alert_feature_json(const OutlinedAlert& outlined);

/// Writes it to a file that appears when committed, whole. Throws IoError in addition.
std::unique_ptr<AtomicFile> prepare_alerts_geojson(const std::string& path, std::span<const Alert> alerts,
                                                   const Grid& grid, const AlertCollectionInfo& info,
                                                   const ParallelFor& parallel_for = serial_for);

/// Writes it to a file, whole or not at all.
void write_alerts_geojson(const std::string& path, std::span<const Alert> alerts, const Grid& grid,
                          const AlertCollectionInfo& info, const ParallelFor& parallel_for = serial_for);

}  // namespace pitwatch
