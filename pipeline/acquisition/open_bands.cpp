#include "pipeline/acquisition/open_bands.hpp"

namespace pitwatch {

const BandFile& OpenBands::at(const std::string& path) {
  Entry* entry = nullptr;
  {
    const std::lock_guard lock(mutex_);
    entry = &entries_[path];
  }
  const std::lock_guard lock(entry->mutex);  // others go on opening other files meanwhile
  if (!entry->file) entry->file = std::make_unique<BandFile>(path);
  return *entry->file;
}

}  // namespace pitwatch
