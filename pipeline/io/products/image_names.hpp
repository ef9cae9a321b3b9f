#pragma once
// What the names of images say that other programs exported.

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/core/date.hpp"
#include "pipeline/io/products/given_facts.hpp"

namespace pitwatch {

/// The part of a file's name that is a band, and what stands before and behind it: alike in all images of one scene.
struct BandInName {
  NamedBand what;
  std::string before;
  std::string behind;
};

/// Of "2021-06-10-00:00_2021-06-10-23:59_Sentinel-2_L2A_B04_(Raw).tiff", "mine_red.tif": the last part, between
/// characters that are no letters and digits, that is ESA's name of a band or a mask, else the last common name.
std::optional<BandInName> band_in_name(std::string_view name);

struct ImageNameFacts {
  /// When it was acquired: one time where both are the same; the ends of a period otherwise.
  std::optional<Instant> first;
  std::optional<Instant> last;
  bool is_day = false;          // the name says no time of day
  bool is_browser_raw = false;  // a band as EO Browser and the Copernicus Browser export it: "..._B04_(Raw).tiff"
  std::string level;            // "L1C", "L2A"; empty: not said
  std::string tile;             // "T38TPK"; empty: not said
};

/// Of names without their folder, by form:
///   - browsers of Sentinel Hub: "2021-06-10-00:00_2021-06-10-23:59_Sentinel-2_L2A_..." ('_' or another character where
///     systems allow no colon): that day, or the period;
///   - openEO: "openEO_2021-06-10Z.tif";
///   - Earth Engine's system:index: "20210610T074611_20210610T074824_T38TPK": acquired first.
/// Other names say nothing of a time.
ImageNameFacts image_name_facts(std::string_view name);

}  // namespace pitwatch
