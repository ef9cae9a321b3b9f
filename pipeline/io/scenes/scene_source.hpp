#pragma once
// Many scenes at once: what a folder or a static STAC catalog holds.

#include <chrono>
#include <string>
#include <vector>

#include "pipeline/core/scene.hpp"
#include "pipeline/io/files/file_memory.hpp"
#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

struct ListedScene {
  Scene scene;
  /// SHA-256 of the item's bytes; in an ItemCollection, of the item as compact JSON; of a product as in ProductScene.
  std::string fingerprint;
};

/// An item that is none that can be used, or a link that cannot be followed.
struct RejectedItem {
  std::string path;
  std::string reason;
};

struct SourceListing {
  std::vector<ListedScene> scenes;     // by acquisition, then tile, baseline, time of processing, id, path
  std::vector<RejectedItem> rejected;  // by path
};

/// The order of a listing.
bool is_listed_before(const ListedScene& a, const ListedScene& b);

struct ListingOptions {
  /// Products of which a file is younger are left for the next time: a copy or a download may not have ended. A folder
  /// is taken at once where it has all that its manifest lists.
  std::chrono::seconds settled_after{60};
  /// JSON files of a folder are read by it.
  ParallelFor parallel = serial_for;
  /// What items of a folder said before: one whose file has not changed is not read again. It gets what those said that
  /// are read; nothing: all are read.
  FileMemory* memory = nullptr;
};

/// Lists the scenes of a source. Metadata only: no raster is opened.
///
/// A folder is searched with all its subfolders, and those that links lead to, each once, for STAC items: files *.json
/// and *.geojson whose type is Feature, or FeatureCollection with such features, and that have a stac_version; for SAFE
/// products: folders that end in .SAFE or hold ESA's metadata, and .zip archives, by their names or by what they hold;
/// for tiles as AWS has them: folders with metadata.xml and tileInfo.json; for THEIA's products of MAJA, by their
/// names; for granules of HLS: files of such names, of any number of granules in one folder. What lies in a product is
/// not searched; one of several granules gives as many scenes. Other JSON is passed over, as are names that begin with
/// a dot (files that are being written) and folders of the system (lost+found) that may not be read. Zip archives
/// without a product and tar archives are rejected, and so are folders with ESA's images of bands that nothing here
/// describes. A JSON file is a STAC item, an ItemCollection (its items' relative
/// paths start from its folder) with the pages that follow it, or a Catalog or Collection whose links `item`, `items`,
/// `child` and `next` are followed: relative ones from the file they stand in, read as hrefs of assets are
/// (paths_of_href()), each file once, none beyond the folder of the first, at most 16 levels deep. An ItemCollection
/// whose next page is not here is rejected as such, beside its items. A broken
/// item, product or link is rejected with its reason and does not stop the others, nor does a product that has not
/// settled, a subfolder that cannot be listed, or a link in a folder that leads nowhere or round in circles. Throws
/// DataError, starting with the source, for what cannot be listed at all: a URL, nothing there, a folder that may not
/// be read, a file of another kind, more than 100 000 JSON files and products. Thread-safe.
SourceListing list_scenes(const std::string& source, const ListingOptions& options = {});

}  // namespace pitwatch
