#include "pipeline/acquisition/open_bands.hpp"

namespace pitwatch {

const BandFile& OpenBands::at(const BandAsset& asset) {
  // What the file itself calls no data is read as 0 where the scene has no other number for it.
  RasterLayer layer = asset.layer;
  if (layer.coding == PixelCoding::as_stored && asset.calibration.nodata == 0) layer.nodata = 0;
  Entry* entry = nullptr;
  {
    const std::lock_guard lock(mutex_);
    entry = &entries_[asset.path + text_of(layer)];
  }
  const std::lock_guard lock(entry->mutex);  // others go on opening other files meanwhile
  if (!entry->file) entry->file = std::make_unique<BandFile>(asset.path, layer);
  return *entry->file;
}

}  // namespace pitwatch
