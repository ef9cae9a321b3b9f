#pragma once
// What is known of each pixel after an acquisition, as rasters.

#include <string>

#include "pipeline/core/grid.hpp"
#include "pipeline/watch/acquisition_taken.hpp"

namespace pitwatch {

/// Writes into the folder, which is made, of an acquisition that was judged:
///   TIME_score.tif   how probable it is that the ground is disturbed, 0..1 in steps of 1 / 250, Float32; NaN where the
///                    pixel is not judged
///   TIME_status.tif  a code with a name and a colour for each status (PixelStatus), 250 where the acquisition did not
///                    show the pixel, 255 where it is not judged
/// Both are Cloud Optimized GeoTIFFs. The score rests on all observations so far: it is there where this one was
/// masked, too. The same bytes whatever the number of threads. Throws ConfigError where the folder cannot be made,
/// IoError.
void write_scores(const std::string& folder, const Grid& grid, const AcquisitionTaken& taken,
                  const std::string& algorithm);

}  // namespace pitwatch
