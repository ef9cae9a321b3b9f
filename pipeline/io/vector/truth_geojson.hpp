#pragma once
// Known events as GeoJSON (RFC 7946): what alerts are scored against.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/truth.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// The period and the area in which alerts could appear: what false alerts are counted per.
struct ObservedGround {
  Instant from{};
  Instant until{};
  double area_km2 = 0;
};

/// Events whose outlines lie on one grid.
struct TruthLayer {
  std::vector<TruthEvent> events;
  Grid grid;
};

/// Members of the collection itself.
struct TruthCollectionInfo {
  std::string made_by;                     // the program that made up the scenes and what happened in them
  std::optional<ObservedGround> observed;  // null where absent
};

/// The FeatureCollection as text, in the order given: WGS 84, at most 7 decimals, exterior rings counter-clockwise,
/// `bbox` on the collection (left out where there is no event) and on each feature, no `crs`. Members of the
/// collection: "synthetic": true, "made_by", "observed": {"from", "until", "area_km2"} or null. Of a feature: id,
/// geometry (the footprint when complete), and the properties site (null where empty), kind, type, onset, complete, end
/// (null where there is none), area_ha, clear_observations. Instants are ISO 8601, UTC. Same events, same bytes.
/// Throws DataError naming the event when its shape is empty, and when the grid's CRS is unknown to PROJ.
std::string truth_geojson(std::span<const TruthLayer> layers, const TruthCollectionInfo& info);

/// Writes it to a file, whole or not at all. Throws IoError in addition.
void write_truth_geojson(const std::string& path, std::span<const TruthLayer> layers, const TruthCollectionInfo& info);

/// An event as read: from this program's files or from somebody else's, which may know less and have other types.
struct TruthFeature {
  std::string id;
  std::string site;  // empty where unknown
  TruthKind kind = TruthKind::disturbance;
  std::string type;  // "unknown" where the file does not say
  Instant onset{};
  Instant complete{};
  std::optional<Instant> end;
  std::optional<std::vector<Instant>> clear_observations;  // ascending; nothing where the file does not say
  LonLatMultiPolygon shape;
};

struct TruthCollection {
  std::vector<TruthFeature> events;  // in the order of the file
  bool synthetic = false;
  std::string made_by;  // empty where unknown
  std::optional<ObservedGround> observed;
};

/// Reads a truth file: GeoJSON, or any other vector file with these attributes. Needed are a polygon, `onset`, and
/// `kind` or a `type` of truth_type_infos, from which the kind follows. Missing `complete` is taken as `onset`.
/// Throws DataError, starting with the path and naming the feature and the member: cannot be opened, a member missing,
/// of another type or contradictory (complete or end before onset).
TruthCollection read_truth_geojson(const std::string& path);

}  // namespace pitwatch
