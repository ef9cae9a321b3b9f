#pragma once
// Where the files of a STAC item lie: hrefs come from outside. Used inside this folder only.

#include <string>

namespace pitwatch {

/// "https" of "https://x", "" of a path. A scheme has two letters or more.
std::string scheme_of(const std::string& href);

/// What BandAsset::path holds for an href of the item at `source`: a local path, or a URL that is well formed. Whether
/// it may be read is for the caller's RemotePolicy to say. Throws DataError for an href that is broken or leads out of
/// the item's folder.
std::string asset_path(const std::string& href, const std::string& source);

}  // namespace pitwatch
