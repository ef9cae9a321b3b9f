#pragma once
// What the properties of a STAC item say of its scene, in the words of the catalogues that are met.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/scene.hpp"

namespace pitwatch::stac {

/// What ESA's names of products and granules say; empty, or nothing, where they do not.
struct NameFacts {
  std::string level;     // "L2A"
  std::string baseline;  // "05.09"
  std::string tile;      // "T38TPK"
  std::optional<int> relative_orbit;
  std::optional<int> absolute_orbit;
};

/// Reads "S2A_MSIL2A_20200302T102021_N0214_R065_T32TMT_20200302T140838.SAFE", the Planetary Computer's ids, which are
/// the same without the baseline, and "S2A_OPER_MSI_L2A_TL_MPS__20200302T140838_A024515_T32TMT_N02.14".
NameFacts facts_of_names(const nlohmann::json& item, const nlohmann::json& properties);

/// "05.09", or empty. Throws DataError where a member that is for the baseline alone holds none: `processing:version`
/// may hold the version of another program, which is passed over.
std::string stated_baseline(const nlohmann::json& properties);

/// "L1C", "L2A", or empty where it is not known. Throws DataError for another product.
std::string processing_level(const nlohmann::json& item, const nlohmann::json& properties, const NameFacts& names);

/// Of an item's properties or of one asset. Catalogues copy ESA's Mean_Viewing_Incidence_Angle.
std::optional<ViewAngles> view_angles(const nlohmann::json& object);

/// Of an asset, which has from the item's properties what it does not say itself, as a band has from its asset; nothing
/// where neither band nor asset says anything.
std::optional<ViewAngles> view_angles_of_asset(const nlohmann::json& asset, const nlohmann::json& properties);

/// Of at least one.
ViewAngles mean_of(const std::vector<ViewAngles>& angles);

/// All of a scene but its bands, and what follows from them; `stated` is the baseline that the item states. Throws
/// DataError where the item is of another satellite or product, or lacks what each must have.
Scene scene_of_properties(const nlohmann::json& item, const nlohmann::json& properties, const NameFacts& names,
                          const std::string& stated);

}  // namespace pitwatch::stac
