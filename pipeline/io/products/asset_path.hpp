#pragma once
// Where the files of a STAC item or catalog lie: hrefs come from outside.

#include <string>
#include <vector>

namespace pitwatch {

/// "https" of "https://x", "" of a path. A scheme has two letters or more.
std::string scheme_of(const std::string& href);

/// The paths that an href of a document on this machine may mean, the likelier first: of a URL ("file:///a%20b",
/// "FILE://localhost/a") its path; of a reference the text as it is, since many a writer puts a path there, then
/// percent-decoded. Relative ones are the document's folder's. Throws DataError for what is empty or broken, another
/// scheme or machine, and a path that GDAL takes for something else.
std::vector<std::string> paths_of_href(const std::string& href);

/// What BandAsset::path holds for an href of the item at `source`: a local path, or a URL that is well formed. Whether
/// it may be read is for the caller's RemotePolicy to say. Throws DataError for an href that is broken or leads out of
/// the item's folder.
std::string asset_path(const std::string& href, const std::string& source);

}  // namespace pitwatch
