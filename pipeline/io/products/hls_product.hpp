#pragma once
// Harmonized Landsat Sentinel-2 (NASA, HLS v2.0): surface reflectance of Sentinel-2 (S30) and of Landsat 8 and 9 (L30),
// 30 m pixels of Sentinel-2's tiles, one file per band and nothing beside them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/products/product_scene.hpp"

namespace pitwatch {

/// Of "HLS.S30.T38TPK.2021161T074613.v2.0.B04.tif".
struct HlsImage {
  std::string granule;  // "HLS.S30.T38TPK.2021161T074613.v2.0"
  bool is_landsat = false;
  std::string tile;
  Instant acquired{};
  std::string layer;  // "B04", "Fmask", "SZA"
};

/// Nothing for a name of another form, a day or time that is none, another version than 2.
std::optional<HlsImage> hls_image(std::string_view name);

/// The band of a layer: of S30 those of the same name; of L30 by wavelength, B01 to B04 alike, B05 (near infrared) B8A,
/// B06 and B07 B11 and B12. Fmask is SCL. Nothing for others: angles, thermal bands, cirrus.
std::optional<Band> hls_band(bool is_landsat, std::string_view layer);

/// Whether read_hls_product() is the one to read a reference: one of a granule's files, or a folder that has any.
bool is_hls_product(const std::string& reference);

/// The granules of a folder, each as one of its files, by name. Throws DataError for a folder that cannot be listed.
std::vector<std::string> hls_granules(const std::string& folder);

/// Reads a granule by its names; no image is opened. A reference is one of its files, or a folder that holds files of
/// one granule alone. Reflectance is 0.0001 of the numbers, no data -9999 (HLS Product User Guide v2.0); classes are
/// those of Fmask (class_of_fmask()). The level is called L2A: surface reflectance, with clouds told. Throws DataError
/// that starts with the reference: files of several granules, none with a band.
ProductScene read_hls_product(const std::string& reference);

}  // namespace pitwatch
