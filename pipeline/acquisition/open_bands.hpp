#pragma once
// The files of one overflight.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "pipeline/core/scene.hpp"
#include "pipeline/io/raster/band_file.hpp"

namespace pitwatch {

/// Opens each file once for all that is asked of it: checks, shift, masks, the pixels themselves. Thread-safe; what it
/// returns lives as long as it does.
class OpenBands {
 public:
  OpenBands() = default;
  OpenBands(const OpenBands&) = delete;
  OpenBands& operator=(const OpenBands&) = delete;

  /// Throws DataError as BandFile does, each time that a file that cannot be opened is asked for.
  const BandFile& at(const BandAsset& asset);

 private:
  struct Entry {
    std::mutex mutex;
    std::unique_ptr<BandFile> file;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // by path and layer; nodes stay where they are
};

}  // namespace pitwatch
