#pragma once
// The assets of a STAC item: which band each is, and how its pixels become reflectance.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch::stac {

/// eo:bands of STAC 1.0, bands of STAC 1.1; null where there is neither.
const nlohmann::json* band_list(const nlohmann::json& asset);

struct RasterNumber {
  double value = 0;
  std::string member;  // where it stands
};

/// Where calibration may stand, in the order of precedence: raster extension 1.x, STAC 1.1 bands, the asset itself.
/// Throws DataError for a member of another type.
std::optional<RasterNumber> raster_member(const nlohmann::json& asset, const std::string& name);

/// Whether members say the number of the asset; an odd one does, and is refused where it is read.
bool says(const nlohmann::json& asset, const std::string& name);

/// Assets with what STAC 1.1 lets an item say once for all of them.
nlohmann::json with_common(nlohmann::json assets, const nlohmann::json& properties);

struct ChosenAsset {
  std::string key;
  const nlohmann::json* asset = nullptr;
  double pixel_size_m = 0;
};

/// The finest asset of each band; the first by key among equals. They live as long as `assets`. Throws DataError,
/// naming the asset.
std::map<Band, ChosenAsset> choose_assets(const nlohmann::json& assets);

/// The href to take: an alternate one of the preferred scheme, if there is one, or the asset's own. Throws DataError
/// where there is none.
std::string chosen_href(const nlohmann::json& asset, const std::string& preferred_scheme);

/// Of `file:checksum` as multihash; empty where it is another hash.
std::string sha256_of(const nlohmann::json& asset);

/// What an item says about the offsets of all its bands.
struct ItemOffsets {
  std::string baseline;         // empty where it is not known
  std::optional<bool> applied;  // whether the pixels of Earth Search's COGs had the offset added already
  std::string applied_member;   // the member that says so
  Instant acquired{};

  bool since_04() const { return !baseline.empty() && baseline >= "04.00"; }
};

ItemOffsets offsets_of_item(const nlohmann::json& properties, const Scene& scene);

struct OffsetChoice {
  double offset = 0;
  std::string rule;
  std::vector<std::string> contradictions;
  bool is_declared = true;  // OffsetBasis
};

/// The offset of one band of reflectance, by what is surest: that the pixels were changed, what is given for the
/// file, what ESA writes since baseline 04.00. Throws DataError for one that is none.
OffsetChoice offset_of_asset(const nlohmann::json& asset, const ItemOffsets& item, std::optional<double> of_collection);

/// Scale, offset and nodata of a band. Throws DataError for a scale that is none.
Calibration calibration_of(const nlohmann::json& asset, Band band, double offset);

}  // namespace pitwatch::stac
