#pragma once
// A Sentinel-2 scene as metadata: which bands it has, where they lie, how a digital number becomes reflectance.
// Readers of every packaging (pipeline/io) produce this one type.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/raster_layer.hpp"

namespace pitwatch {

/// The bands of the MultiSpectral Instrument, in the order of ESA's band_id, and what Level-2A says of each pixel: its
/// scene classification, and the probabilities of cloud and snow in percent.
enum class Band : std::uint8_t { B01, B02, B03, B04, B05, B06, B07, B08, B8A, B09, B10, B11, B12, SCL, CLD, SNW };

/// Whether the pixels are reflectance, and not codes or percentages.
constexpr bool is_reflectance(Band band) { return band < Band::SCL; }

struct BandInfo {
  Band band;
  std::string_view name;         // ESA's name
  std::string_view common_name;  // STAC eo:common_name or Earth Search asset key, "" where there is none of its own
  int pixel_size_m;              // native
  int wavelength_nm;             // centre, Sentinel-2A; 0 where it is no reflectance
};

inline constexpr std::array<BandInfo, 16> band_infos{{
    {Band::B01, "B01", "coastal", 60, 443},
    {Band::B02, "B02", "blue", 10, 493},
    {Band::B03, "B03", "green", 10, 560},
    {Band::B04, "B04", "red", 10, 665},
    {Band::B05, "B05", "rededge1", 20, 704},
    {Band::B06, "B06", "rededge2", 20, 741},
    {Band::B07, "B07", "rededge3", 20, 783},
    {Band::B08, "B08", "nir", 10, 833},
    {Band::B8A, "B8A", "nir08", 20, 865},
    {Band::B09, "B09", "nir09", 60, 945},
    {Band::B10, "B10", "cirrus", 60, 1374},
    {Band::B11, "B11", "swir16", 20, 1614},
    {Band::B12, "B12", "swir22", 20, 2202},
    {Band::SCL, "SCL", "scl", 20, 0},
    {Band::CLD, "CLDPRB", "cldprb", 20, 0},
    {Band::SNW, "SNWPRB", "snwprb", 20, 0},
}};

inline const BandInfo& info(Band band) { return band_infos[static_cast<std::size_t>(band)]; }
inline std::string_view name(Band band) { return info(band).name; }

/// The band of an ESA name ("B04", "B4", "b04", "SCL"); nothing for another text.
std::optional<Band> band_from_name(std::string_view text);

/// The band of a STAC common name or Earth Search asset key ("red", "swir16", "scl"); nothing for another text.
std::optional<Band> band_from_common_name(std::string_view text);

/// Reflectances that can be measurements. Below the least, numbers were clipped at their floor: of ground and water the
/// correction leaves a few hundredths below 0, not more. Above the most no ground, cloud or snow is, and what glints is
/// saturated: such numbers have wrapped around, or are of another unit.
inline constexpr double least_reflectance = -0.09;
inline constexpr double most_reflectance = 2.0;

/// Digital numbers from which to which.
struct DnRange {
  int lowest = 0;
  int highest = 65535;
};

/// reflectance = dn * scale + offset; a DN equal to `nodata` or `saturated`, or outside of physical_range(), is no
/// measurement.
struct Calibration {
  float scale = 1e-4F;
  float offset = 0.0F;
  std::optional<std::uint16_t> nodata = std::uint16_t{0};
  std::optional<std::uint16_t> saturated = std::uint16_t{65535};
  friend bool operator==(const Calibration&, const Calibration&) = default;
};

/// Of the digital numbers that PixelCoding::reflectance becomes: steps of 1e-4 from -0.1 on, as ESA has them since
/// baseline 04.00, so that reflectances below 0 stay what they are.
inline constexpr Calibration reflectance_calibration{1e-4F, -0.1F, std::uint16_t{0}, std::uint16_t{65535}};

/// The numbers of a band of reflectance that can be measurements; all, where `scale` is not above 0.
DnRange physical_range(const Calibration& calibration);

/// Whether a number is a measurement of reflectance.
bool is_measurement(const Calibration& calibration, std::uint16_t dn);

/// One band of a scene: where it is read from and how it is calibrated.
struct BandAsset {
  std::string path;  // a path that GDAL opens
  Calibration calibration;
  std::string sha256 = {};  // that the whole file must have: of a mirror; empty: of others it is not looked at
  RasterLayer layer = {};   // which numbers of the file, and what they are
  friend bool operator==(const BandAsset&, const BandAsset&) = default;
};

/// A box of degrees on WGS 84. One that crosses the antimeridian has its west east of its east.
struct DegreeBox {
  double west = 0;
  double south = 0;
  double east = 0;
  double north = 0;
  friend bool operator==(const DegreeBox&, const DegreeBox&) = default;
};

/// Whether two boxes share a point.
bool overlap(const DegreeBox& a, const DegreeBox& b);

/// Degrees. Azimuth clockwise from north, of the sun or of the satellite as seen from the ground; zenith from straight
/// up.
struct ViewAngles {
  double zenith = 0;
  double azimuth = 0;
  friend bool operator==(const ViewAngles&, const ViewAngles&) = default;
};

/// Why the offsets of a scene's bands are what they are.
struct OffsetBasis {
  std::string rule;                         // what they were taken from: "raster:bands", "BOA_ADD_OFFSET", ...
  std::vector<std::string> contradictions;  // what else in the metadata says otherwise, one sentence each
  /// False where the metadata say nothing of offsets that the product may well have: no list of offsets and no
  /// baseline, or a baseline of 04.00 or later without the list that it comes with.
  bool is_declared = true;
  friend bool operator==(const OffsetBasis&, const OffsetBasis&) = default;
};

struct Scene {
  std::string id;
  std::string source;  // what the user named: the path or URL of the item
  Instant acquired{};
  std::string platform;             // "sentinel-2a"; empty when the metadata does not say
  std::string level;                // "L1C" or "L2A"; empty when the metadata does not say
  std::string processing_baseline;  // "05.09"; empty when the metadata does not say
  std::string tile;                 // "T38TPK"; empty when the metadata does not say
  std::map<Band, BandAsset> bands;

  // What tells several products of one place and day apart; nothing, or empty, where the metadata does not say.
  std::optional<Instant> processed;   // when the product was made
  std::optional<DegreeBox> bbox;      // of its footprint
  std::optional<double> cloud_cover;  // percent of the pixels with data, by the product's own classification
  std::optional<double> nodata;       // percent of the tile that is not covered
  std::string datatake;               // "GS2A_20200302T102021_024515": one continuous acquisition
  std::string datastrip_start;        // "20200302T102554": of the part of the datatake that went down to one station

  OffsetBasis offsets;
  std::optional<ViewAngles> sun;   // mean over the tile
  std::optional<ViewAngles> view;  // mean over the tile and the bands of 10 m
  std::optional<int> relative_orbit;
  std::optional<int> absolute_orbit;
  /// What the producer says against the product: "geometry not refined", "degraded MSI data 1.5 %".
  std::vector<std::string> quality_flags;
  /// What was taken for granted where the data do not say, one sentence each, for the user.
  std::vector<std::string> assumptions;

  bool has(Band band) const { return bands.contains(band); }
  friend bool operator==(const Scene&, const Scene&) = default;
};

}  // namespace pitwatch
