#include "pipeline/acquisition/open_bands.hpp"

#include "pipeline/core/error.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {

const BandFile& OpenBands::at(const BandAsset& asset) {
  // What the file itself calls no data is read as 0 where the scene has no other number for it, and what a mask takes
  // out as the number of the scene.
  RasterLayer layer = asset.layer;
  if (layer.coding == PixelCoding::as_stored && asset.calibration.nodata) layer.nodata = *asset.calibration.nodata;
  Entry* entry = nullptr;
  {
    const std::lock_guard lock(mutex_);
    entry = &entries_[asset.path + text_of(layer)];
  }
  const std::lock_guard lock(entry->mutex);  // others go on opening other files meanwhile
  if (!entry->file) entry->file = std::make_unique<BandFile>(asset.path, layer);
  const bool is_code = asset.calibration.scale == 1;
  if (entry->file->has_mask() && layer.coding == PixelCoding::as_stored && !asset.calibration.nodata && !is_code) {
    throw DataError(redacted(asset.path) +
                    ": has a mask, and nothing gives a number for no data, which its pixels get");
  }
  return *entry->file;
}

}  // namespace pitwatch
