#pragma once
// What an alert touches: licences, parcels, protected areas, water. Facts with the day on which they were worked out;
// none of them says what is legal.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// Which side of a boundary an alert lies on, for all that is known of boundary and images.
enum class BoundaryVerdict : std::uint8_t { inside, outside, straddles, cannot_tell };

inline constexpr std::array<std::string_view, 4> boundary_verdict_names{"inside", "outside", "straddles",
                                                                        "cannot_tell"};
inline std::string_view name(BoundaryVerdict verdict) {
  return boundary_verdict_names[static_cast<std::size_t>(verdict)];
}

/// Whether a licence was valid when the disturbance began.
enum class Validity : std::uint8_t { valid, expired, not_yet, unknown };

inline constexpr std::array<std::string_view, 4> validity_names{"valid", "expired", "not_yet", "unknown"};
inline std::string_view name(Validity validity) { return validity_names[static_cast<std::size_t>(validity)]; }

struct LicenceFacts {
  BoundaryVerdict verdict = BoundaryVerdict::outside;  // against all licences as one
  std::optional<Validity> validity;   // of those that hold ground of it: what all agree on, else unknown; nothing: none
  std::vector<std::string> ids;       // most ground first
  std::vector<std::string> holders;   // likewise, each once
  double area_ha = 0;                 // in any licence
  double share = 0;                   // of the alert
  std::optional<Instant> crossed_on;  // of an alert that straddles: acquisition at which it first did
  Instant worked_out{};
  friend bool operator==(const LicenceFacts&, const LicenceFacts&) = default;
};

struct ParcelFacts {
  std::vector<std::string> ids;  // most ground first
  double area_ha = 0;            // in any parcel
  Instant worked_out{};
  friend bool operator==(const ParcelFacts&, const ParcelFacts&) = default;
};

struct ProtectedFacts {
  BoundaryVerdict verdict = BoundaryVerdict::outside;
  std::vector<std::string> ids;    // most ground first
  std::vector<std::string> names;  // likewise, those that have one
  double area_ha = 0;
  std::optional<Instant> crossed_on;  // acquisition at which it first had ground in one
  Instant worked_out{};
  friend bool operator==(const ProtectedFacts&, const ProtectedFacts&) = default;
};

/// Where a water or a place lies, by the flow of water.
enum class FlowSide : std::uint8_t {
  downstream,  // water from the alert comes to it
  upstream,    // its water comes to the alert
  neither,
  cannot_tell,  // the elevations' error leaves it open
};

inline constexpr std::array<std::string_view, 4> flow_side_names{"downstream", "upstream", "neither", "cannot_tell"};
inline std::string_view name(FlowSide side) { return flow_side_names[static_cast<std::size_t>(side)]; }

enum class RiskLevel : std::uint8_t { low, medium, high, cannot_tell };

inline constexpr std::array<std::string_view, 4> risk_level_names{"low", "medium", "high", "cannot_tell"};
inline std::string_view name(RiskLevel level) { return risk_level_names[static_cast<std::size_t>(level)]; }

struct NearWater {
  std::string name;              // or the id, where it has no name
  double distance_m = 0;         // geodesic; 0: on the alert
  std::optional<FlowSide> side;  // nothing: no elevations
  friend bool operator==(const NearWater&, const NearWater&) = default;
};

/// Where water from the alert flows, by elevations.
struct WaterFlow {
  std::string to;                  // the water that most draws of the elevations' error come to; empty: none is reached
  std::optional<double> length_m;  // along the flow path of the elevations as they are; nothing: no such path
  std::optional<double> drop_m;    // along it
  double share = 0;                // of the draws that come to it
  std::optional<double> height_above_drainage_m;  // of the alert, mean; nothing: it drains to no stream
  std::optional<double> connectivity;             // index of connectivity (Borselli 2008), mean over the alert
  std::optional<double> catchment_disturbed;      // share of that water's catchment that alerts cover
  std::vector<std::string> passed;  // settlements, wells, springs, protected areas passed, those on the way first
  friend bool operator==(const WaterFlow&, const WaterFlow&) = default;
};

struct WaterFacts {
  std::optional<NearWater> surface;  // nothing: no layer says
  std::optional<NearWater> spring;
  std::optional<NearWater> well;
  std::optional<WaterFlow> flow;  // nothing: no elevations
  std::optional<RiskLevel> surface_risk;
  std::optional<RiskLevel> ground_risk;
  Instant worked_out{};
  friend bool operator==(const WaterFacts&, const WaterFacts&) = default;
};

/// Nothing where no layer of the kind was there.
struct AlertContext {
  std::optional<LicenceFacts> licence;
  std::optional<ParcelFacts> parcel;
  std::optional<ProtectedFacts> protected_area;
  std::optional<WaterFacts> water;
  std::optional<double> site_share;  // of the alert, inside its own site
  friend bool operator==(const AlertContext&, const AlertContext&) = default;
};

/// A fact of an alert in full. Of ground: what belongs to one feature and no other, what several share, or what belongs
/// to none; they add up to the alert's area. Of waters and places: the nearest.
struct ContextDetail {
  std::string subject;                   // role of the layers: "licence", "spring", ...
  std::string layer;                     // empty where it is about none or several
  std::string feature_id;                // likewise
  std::string feature_name;              // empty where it has none
  std::string holder;                    // likewise
  std::vector<std::string> overlapping;  // ids of the features that share the ground, where there are several
  std::optional<Instant> valid_from;
  std::optional<Instant> valid_to;
  std::optional<double> accuracy_m;
  std::optional<double> area_ha;
  std::optional<double> share;  // of the alert
  std::optional<BoundaryVerdict> verdict;
  std::optional<Validity> validity;
  std::optional<double> distance_m;
  std::map<std::string, double> figures;  // parts of a risk or a flow by name, units in the names
  friend bool operator==(const ContextDetail&, const ContextDetail&) = default;
};

/// What was worked out of an alert.
struct ContextFacts {
  std::string alert_id;
  AlertContext context;
  std::vector<ContextDetail> details;  // by subject, in the order of their names
};

/// What became of a layer.
struct ContextLayerState {
  std::string name;
  std::string role;
  std::string source;   // without a password
  std::string sha256;   // of a file; else empty
  int features = 0;     // of the layer
  int used = 0;         // of them
  std::string remarks;  // JSON: how many of each, and ids of some
  std::string problem;  // why it cannot be used; empty: it can
  friend bool operator==(const ContextLayerState&, const ContextLayerState&) = default;
};

}  // namespace pitwatch
