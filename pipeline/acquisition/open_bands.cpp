#include "pipeline/acquisition/open_bands.hpp"

namespace pitwatch {

const BandFile& OpenBands::at(const BandAsset& asset) {
  Entry* entry = nullptr;
  {
    const std::lock_guard lock(mutex_);
    entry = &entries_[asset.path + text_of(asset.layer)];
  }
  const std::lock_guard lock(entry->mutex);  // others go on opening other files meanwhile
  if (!entry->file) entry->file = std::make_unique<BandFile>(asset.path, asset.layer);
  return *entry->file;
}

}  // namespace pitwatch
