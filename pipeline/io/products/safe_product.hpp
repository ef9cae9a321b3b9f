#pragma once
// ESA's products in SAFE: folders and zip archives, Level-1C and Level-2A, compact and old names, and single granules
// of them.

#include <string>
#include <vector>

#include "pipeline/io/products/product_scene.hpp"

namespace pitwatch {

/// Whether read_safe_product() is the one to read a reference: by what lies there, without reading it.
bool is_safe_product(const std::string& reference);

/// The granules of a product, each as a reference for read_safe_product(): the product itself where it has no more than
/// one. Throws DataError as that does. Thread-safe.
std::vector<std::string> safe_granules(const std::string& reference);

/// Reads the metadata of one granule; no image is opened.
///
/// References: the product's folder (with or without .SAFE at its end), or its metadata file; a .zip archive that holds
/// one product, at its top or in a folder, which is read in place; the folder of one granule, in its product or by
/// itself, or GRANULE/NAME within an archive ("a.zip/X.SAFE/GRANULE/NAME"). A product of several granules, as before
/// December 2016, is refused with their number: one has to be named.
///
/// Images: those that the product's metadata list and those below the granule's IMG_DATA, the finest of each band that
/// is there; where no image is there at all, those that are listed. Cloud and snow probabilities are those in QI_DATA.
/// Calibration: what the product's metadata say (QUANTIFICATION_VALUE, BOA_ADD_OFFSET or RADIO_ADD_OFFSET by band_id,
/// Special_Values); of a granule by itself, the offset of its processing baseline; where that is not known, no offset
/// is guessed and the rule of the scene's offsets is "unknown". Acquired is the start of the product's datatake, of a
/// granule by itself its own sensing time.
///
/// Throws DataError, starting with the reference: no product or granule, a datastrip by itself, metadata that is broken
/// or names files beyond the product, a zip that no product would be (product_files.hpp). A product whose images or
/// other files are missing is read for what is there. Thread-safe.
ProductScene read_safe_product(const std::string& reference);

/// Whether all files that the product's manifest.safe lists are there and have their sizes; false where there is none.
bool is_complete_by_manifest(const std::string& folder);

}  // namespace pitwatch
