#pragma once
// Metadata files of the products that a run read.

#include "pipeline/record/manifest.hpp"

namespace pitwatch {

/// Adds the metadata of the products whose pixels were read to the inputs, whole, and to the products' files: a STAC
/// item, or ESA's and AWS's in a folder. One that cannot be read has an `error` in place of its hash.
void add_metadata(Manifest& manifest);

}  // namespace pitwatch
