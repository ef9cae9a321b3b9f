#pragma once
// Which layers tell whose ground it is and what water lies there: context.json, described by context.schema.json beside
// this header.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/io/vector/layer_features.hpp"

namespace pitwatch {

/// What the features of a layer are.
enum class LayerRole : std::uint8_t {
  licence,
  parcel,
  protected_area,
  restricted_zone,
  settlement,
  surface_water,
  spring,
  well,
  dam,
};

inline constexpr std::array<std::string_view, 9> layer_role_names{
    "licence", "parcel", "protected_area", "restricted_zone", "settlement", "surface_water", "spring", "well", "dam"};
inline std::string_view name(LayerRole role) { return layer_role_names[static_cast<std::size_t>(role)]; }

/// Whether an alert's ground is attributed to the features of a role; of the others the nearest counts.
inline bool is_ground(LayerRole role) { return role <= LayerRole::restricted_zone; }

struct ContextLayer {
  std::string name;  // for messages and tables; unique
  LayerRole role = LayerRole::licence;
  LayerSource source;
  double accuracy_m = 5;  // of its features, where they do not say; one standard deviation
};

struct ContextConfig {
  std::vector<ContextLayer> layers;
  double registration_error_m = 5;  // of the images, one standard deviation
};

/// Paths are as from `folder`. Throws ConfigError naming the member that is missing, unknown, or of another type, and
/// for text that is no JSON.
ContextConfig parse_context_config(std::string_view text, const std::string& folder);

/// The same of a file of at most 1 MiB. Throws ConfigError, starting with the path, also where it cannot be read.
ContextConfig read_context_config(const std::string& path);

}  // namespace pitwatch
