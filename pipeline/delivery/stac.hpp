#pragma once
// STAC (1.0.0) of alerts and comparisons, with the extensions file, projection and processing.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"

namespace pitwatch {

inline constexpr const char* stac_collection_id = "pitwatch-alerts";

/// A file that belongs to an item.
struct StacAsset {
  std::string key;
  std::string href;  // as from the folder of the item
  std::string title;
  std::string type;
  std::vector<std::string> roles;
  std::optional<Instant> acquired;
  std::optional<Grid> grid;  // of a raster
  std::uint64_t bytes = 0;
  std::string sha256;
  bool has_classes = false;  // its codes are those of mask.tif
};

struct StacItemSummary {
  std::string file;              // in items/
  std::array<double, 4> bbox{};  // west, south, east, north
  Instant start{};
  Instant end{};
};

struct StacText {
  StacItemSummary summary;
  std::string json;
};

/// How a page of the folder is addressed absolutely; nothing where no URL is known.
using SelfLink = std::optional<std::string>;

StacText stac_item_of(const OutlinedAlert& outlined, const std::string& file, const std::vector<StacAsset>& assets,
                      const std::string& version, const SelfLink& self);

struct ComparisonFacts {
  std::string id;
  Instant before{};
  Instant after{};
  Grid grid;
};

StacText stac_item_of(const ComparisonFacts& comparison, const std::string& file, const std::vector<StacAsset>& assets,
                      const std::string& version, const SelfLink& self);

std::string stac_collection(const std::vector<StacItemSummary>& items, const std::string& version,
                            const SelfLink& self);

}  // namespace pitwatch
