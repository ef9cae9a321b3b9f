#pragma once
// ESA's names of band images, and folders that hold such images without any metadata.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// What the name of an image says.
struct BandImage {
  Band band{};
  int pixel_size_m = 0;       // of the name ("_B04_10m"), of its folder ("R10m/"), else the band's own
  bool size_in_name = false;  // as Level-2A names images, and Level-1C does not
  std::string tile;           // "T32TMT"; empty where the name does not say
  std::string taken;          // "20200807T102559"; empty where the name does not say
  std::string level;          // "L2A"; empty where the name does not say
  std::string platform;       // "sentinel-2a"; likewise
};

/// Of "R10m/T38KQA_20220214T070051_B02_10m.jp2", "T32TNM_20170226T102021_B02.jp2",
/// "S2A_MSIL2A_20210610T074458_R092_T38TPK_20230330T212711_B04.tif" (taken in 2021, made in 2023),
/// "S2A_OPER_MSI_L1C_TL_SGS__20160905T073438_A006291_T53HLA_B02.jp2", "R10m/B02.jp2", "MSK_CLDPRB_20m.jp2"; nothing for
/// another file: true colour, masks of single bands, other formats than .jp2 and .tif.
std::optional<BandImage> band_image(std::string_view path);

/// Of each band the image with the smallest pixels, the first by name among equals; one whose pixels are not of 10, 20
/// or 60 m, as those of products are, only where there is no other. Names of other files are passed over.
std::map<Band, std::string> finest_images(const std::vector<std::string>& names);

/// Whether the reference is a band image with tile and time in its name, or a folder with such images in it.
bool is_band_images(const std::string& reference);

/// A scene of nothing but images: those of one tile and time, beside the one that is named, or in the folder that is
/// named. Tile, time and level (names of Level-2A end in the resolution) come from the names; the offsets of the bands
/// are not known: they are 0 and the rule is "unknown". Throws DataError, starting with the reference: no such image, a
/// folder with images of several times or tiles. Thread-safe.
Scene read_band_images(const std::string& reference);

}  // namespace pitwatch
