#pragma once
// Images that somebody made or exported: GeoTIFFs of several bands, or of one band each, without metadata beside them.

#include <string>

#include "pipeline/io/products/given_facts.hpp"
#include "pipeline/io/products/product_scene.hpp"

namespace pitwatch {

/// Whether read_plain_images() is the one to read a reference: an image (.tif, .tiff, .jp2), or a folder of images
/// whose names tell a band.
bool is_plain_images(const std::string& reference);

/// Reads the headers of the images; no pixel. A reference is
///   - a file of several bands: which is which say `given`, or the descriptions of its bands ("B4", "red", "SCL");
///   - a file of one band, whose name tells it (band_in_name()): the images beside it whose names differ by the band
///     alone are of its scene;
///   - a folder: the images in it, whose names must differ by the band alone, or the files that `given` names.
/// The date is that of `given` or of the name (image_name_facts()); the scale that of `given`, of the file's own scale,
/// or of the form: exports of browsers have 255 (8 bits), 65535 (16 bits) or 1 (32 bits) where reflectance is 1. No
/// data is what `given` or the file says, otherwise 0, which the scene's assumptions tell. UInt16 stays as it is
/// stored; other numbers become those of reflectance_calibration. Only names that `given` or the folder tell are
/// opened.
///
/// Throws DataError that starts with the reference and names the option that is missing (--bands, --date, --scale), or
/// what is said twice and differs; and what raster_facts() throws.
ProductScene read_plain_images(const std::string& reference, const GivenFacts& given);

}  // namespace pitwatch
