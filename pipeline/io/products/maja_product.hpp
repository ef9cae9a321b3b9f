#pragma once
// Level-2A products of MAJA in the format in which THEIA distributes them: a folder or .zip archive with surface
// reflectances as GeoTIFFs, MASKS/ and one XML file.

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/products/product_scene.hpp"

namespace pitwatch {

/// Of "SENTINEL2A_20210610-074458-000_L2A_T38TPK_C_V2-2", and of names that begin so.
struct MajaName {
  std::string product;  // that name
  std::string platform;
  std::string tile;
  Instant acquired{};
};

/// Nothing for a name of another form.
std::optional<MajaName> maja_name(std::string_view name);

/// What the XML says, as far as it does.
struct MajaFacts {
  std::optional<double> quantification;  // numbers per reflectance
  std::optional<double> nodata;
  std::optional<Instant> acquired;
  std::optional<ViewAngles> sun;
  std::optional<int> relative_orbit;
  std::optional<double> cloud_cover;  // percent
};

/// Of a document whose root is Muscate_Metadata_Document. Throws DataError for another one, for what is no XML
/// (parse_xml()), and for a quantification that is not 1 to 1e6.
MajaFacts parse_maja_metadata(std::string_view xml);

/// Whether read_maja_product() is the one to read a reference: a folder or archive of such a name, or a file in one.
bool is_maja_product(const std::string& reference);

/// Reads names and XML; no image is opened. Bands are those of flat reflectance (FRE, corrected for slopes), where
/// there are none, of SRE. No data and scale are what the XML says, without one -10000 and 0.0001, which the scene's
/// assumptions tell. Classes are those of CLM and MG2 (class_of_maja()) at 10 m, else at 20 m. EDG is not read: beyond
/// the edge reflectances are no data. Throws DataError that starts with the reference: no band, a broken XML, one of
/// another day.
ProductScene read_maja_product(const std::string& reference);

}  // namespace pitwatch
