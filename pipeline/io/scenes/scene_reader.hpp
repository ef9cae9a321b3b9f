#pragma once
// From what the user names (a path or URL) to a Scene, whatever the packaging.

#include <string>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// Reads the metadata of a scene; no pixel is read and no band file is opened.
/// `reference` is what the user wrote: the path of a STAC item (stac_item.hpp), of a SAFE product or a granule of one
/// (safe_product.hpp), of a tile as AWS has it (aws_tile.hpp), of band images without metadata (band_images.hpp); see
/// the table of readers in scene_reader.cpp. Throws DataError, with the reference in the message, when no reader takes
/// it or its reader finds it broken. Thread-safe.
Scene read_scene(const std::string& reference);

/// What changes when the description of a scene does: SHA-256 of the item's bytes, of a product's metadata
/// (ProductScene), of the names of images without metadata. Throws as read_scene does. Thread-safe.
std::string scene_fingerprint(const std::string& reference);

}  // namespace pitwatch
