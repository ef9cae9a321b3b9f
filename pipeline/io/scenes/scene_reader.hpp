#pragma once
// From what the user names (a path or URL) to a Scene, whatever the packaging.

#include <string>

#include "pipeline/core/scene.hpp"
#include "pipeline/io/products/given_facts.hpp"
#include "pipeline/io/products/product_scene.hpp"

namespace pitwatch {

/// Reads the metadata of a scene; no pixel is read and no band file is opened.
/// `reference` is what the user wrote: the path of a STAC item (stac_item.hpp), of a SAFE product or a granule of one
/// (safe_product.hpp), of a tile as AWS has it (aws_tile.hpp), of band images without metadata (band_images.hpp), of
/// images that somebody made or exported, with what is given of them (plain_images.hpp); see the table of readers in
/// scene_reader.cpp. Throws DataError, with the reference in the message, when no reader takes it or its reader finds
/// it broken, and where facts are given that are not those of the scene, or of one that tells them itself. Thread-safe.
ProductScene read_product(const std::string& reference, const GivenFacts& given = {});

/// Its scene alone.
Scene read_scene(const std::string& reference);

/// Whether the reader of a reference needs to be given facts: plain images do. Thread-safe.
bool takes_given_facts(const std::string& reference);

/// What changes when the description of a scene does: SHA-256 of the item's bytes, of a product's metadata
/// (ProductScene), of the names of images without metadata. Throws as read_scene does. Thread-safe.
std::string scene_fingerprint(const std::string& reference);

}  // namespace pitwatch
