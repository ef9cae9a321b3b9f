#pragma once
// What the names and identifiers of ESA's products say (Sentinel-2 Products Specification Document,
// S2-PDGS-TAS-DI-PSD): "S2A_MSIL2A_20220214T070051_N0400_R120_T38KQA_20220214T085403",
// "S2A_OPER_MSI_L2A_TL_VGS1_20220214T085403_A034723_T38KQA_N04.00". Used inside this folder only. product_name.hpp
// makes such names.
//
// All of them give nothing, or an empty text, where the name does not say.

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// Whether the text is "T38KQA" or of that form.
bool is_tile_name(std::string_view text);

/// Of "20220214T070051", UTC.
std::optional<Instant> instant_of_name(std::string_view text);

/// "T38KQA": the first part of the name that is a tile.
std::string tile_of_name(std::string_view name);

/// "04.00" of a part "N0400" or "N04.00".
std::string baseline_of_name(std::string_view name);

/// "04.00" of a text that is nothing but a baseline, as people and programs write it: "04.00", "4.00", "4.0", "4",
/// "N04.00", "N0400", "0400", "400", with blanks around it or not. Empty for any other.
std::string baseline_of_text(std::string_view text);

/// "sentinel-2a" of a name that begins with "S2A_".
std::string platform_of_name(std::string_view name);

/// "L1C" or "L2A", of "MSIL1C" or "L2A".
std::string level_of_name(std::string_view name);

/// 120 of a part "R120"; 34723 of a part "A034723", or "034723" as datatakes have it.
std::optional<int> relative_orbit_of_name(std::string_view name);
std::optional<int> absolute_orbit_of_name(std::string_view name);

/// The first instant in the name: of a product the start of its datatake, of a tile when it was made.
std::optional<Instant> instant_in_name(std::string_view name);

/// "20220214T070332" of a datastrip: the part that is an instant with an S before it.
std::string datastrip_start_of_name(std::string_view name);

}  // namespace pitwatch
