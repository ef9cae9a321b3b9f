#pragma once
// What the user says of images that say too little of themselves: which band is which, when, in which unit.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// A band, or a mask that tells a scene's classes.
struct NamedBand {
  Band band{};
  PixelCoding coding = PixelCoding::as_stored;  // of masks; of reflectances it follows from the file
  friend bool operator==(const NamedBand&, const NamedBand&) = default;
};

/// The band of a name: ESA's ("B04", "B4"), a common one ("red"), "SCL", Earth Engine's masks ("QA60", "MSK_CLDPRB",
/// "MSK_SNWPRB"), "Fmask"; upper and lower case alike. Nothing for another text.
std::optional<NamedBand> named_band(std::string_view text);

struct GivenBand {
  NamedBand what;
  std::string file;  // below the folder; empty: the image itself
  int number = 1;    // of the file's bands, from 1
  friend bool operator==(const GivenBand&, const GivenBand&) = default;
};

struct GivenFacts {
  std::vector<GivenBand> bands;
  std::optional<Instant> date;
  bool is_day = false;  // the date was given without a time of day
  std::optional<double> scale;
  std::optional<double> offset;
  std::optional<double> nodata;

  bool any() const { return !bands.empty() || date || scale || offset || nodata; }
};

/// Of "B02=1,B04=3" or "B04=red.tif,B08=rest.tif:2", in their order. Throws ConfigError for another text, a band that
/// is no band's name or named twice, a number that is not 1 to 64, a name that leads out of the folder.
std::vector<GivenBand> parse_given_bands(std::string_view text);

}  // namespace pitwatch
