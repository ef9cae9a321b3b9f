#pragma once
// Scenes brought near: of each only the ground that is watched, as a STAC item over GeoTIFFs that is read like the
// original.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/remote/remote_files.hpp"
#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

/// A scene to be mirrored.
struct OriginalScene {
  Scene scene;
  std::string item;         // its STAC item, JSON
  std::string fingerprint;  // of the item, as in a listing
};

/// The item of a scene that a local source lists. Throws DataError, starting with the scene's source, where it has gone
/// or changed since. Thread-safe.
std::string local_item_text(const ListedScene& listed);

/// What mirror_scene() came to.
enum class Mirrored {
  fetched,
  was_there,   // with the same item, bands and at least the same ground, whole: nothing of the original was read
  shows_none,  // of the ground: nothing was written
};

/// The name of a scene's folder in a mirror, and of the item in it without ".json": its id, with '_' for what is not a
/// letter, digit, '.', '_' or '-', and then with a hash of the id behind it.
std::string mirror_name(const std::string& scene_id);

/// Brings bands of a scene, those that it has, to folder/NAME/BAND.tif with an item folder/NAME/NAME.json.
///
/// Rasters have the grid of the original's, and DN, CRS and georeference of it; those of the blocks that `ground`
/// touches hold its pixels (as BandFile reads them), the others are no data and take no place (sparse GeoTIFF, DEFLATE,
/// tiles of the original's size, or of 512 pixels where it has none or too large ones). Of ground in another CRS, of a
/// neighbouring UTM zone, they are those that it is resampled from.
///
/// The item has the properties, id, geometry and bbox of the original; its assets are the bands, with calibration as
/// the original's was understood, SHA-256 (`file:checksum`), size, `view:` members, and the original's URL
/// (`alternate`), without its query. Where the original's item says that offsets were applied to the pixels although
/// some of its bands have one, that member is left out: the item is read back, and must give the same calibration.
/// `pitwatch:mirror` says what ground is there. Originals of up to a megabyte that come with a checksum (SHA-1, SHA-2,
/// SHA-3 or MD5) are read whole and checked.
///
/// The scene's folder appears whole or not at all. A mirror of an older item, or of less ground, is replaced; what
/// ground it had is kept. Throws DataError starting with the band: one that cannot be read, a checksum that does not
/// fit; IoError, naming the file, for what cannot be written. Thread-safe for distinct scenes.
Mirrored mirror_scene(const OriginalScene& original, std::span<const Grid> ground, std::span<const Band> bands,
                      const std::string& folder, RemoteFiles& files);

}  // namespace pitwatch
