#pragma once
// What happened to a piece of ground, from its mean spectra before and after.

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/named_options.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// Weighted sums of digital numbers over the valid pixels of a region, by band: whole numbers, so that regions add up
/// to the same whatever the order. `count` is the sum of the weights.
struct BandSums {
  std::array<std::int64_t, band_infos.size()> sum{};
  std::array<std::int64_t, band_infos.size()> count{};

  void add(Band band, std::uint16_t dn, int weight = 1) {
    sum[static_cast<std::size_t>(band)] += std::int64_t{dn} * weight;
    count[static_cast<std::size_t>(band)] += weight;
  }
  BandSums& operator+=(const BandSums& other);
};

/// Mean reflectance by band; nothing for bands that were not read or had no valid pixel.
using Spectrum = std::array<std::optional<float>, band_infos.size()>;

/// Mean reflectance of a region: calibration is linear, so that the mean of the digital numbers suffices.
Spectrum mean_spectrum(const BandSums& sums, const std::map<Band, Calibration>& calibrations);

/// The spectral indices of a spectrum by name (kernels/indices.hpp), those whose bands are there and whose denominator
/// is not zero.
std::map<std::string, double> spectral_indices(const Spectrum& spectrum);

/// after - before for each index that both spectra have.
std::map<std::string, double> index_change(const Spectrum& before, const Spectrum& after);

/// The class of the change. Needs red and NIR; SWIR refines: without it, burn and water are told less surely, and bare
/// ground is what is not green. Without blue, red alone is the brightness. Rules and thresholds: README.md of this
/// folder.
ChangeClass classify_change(const Spectrum& before, const Spectrum& after);

/// What a series tells of a piece of changed ground.
struct ChangeCourse {
  Spectrum before;            // when last seen undisturbed
  Spectrum first;             // in the look in which it was first detected
  Spectrum latest;            // in the latest look that showed the change
  bool by_water = false;      // beside ground that was water before
  double days = 0;            // from the first to the latest of these looks
  double own_year_share = 0;  // of its looks that look like the same ground in another season, 0..1
  double greenest_ndvi = -1;  // that it was expected to have at some time of the year
  bool is_over = false;       // clean looks have shown the ground as it was
};

/// From when on a course tells what the latest look does not.
struct CourseOptions {
  double flood_days = 60;            // rivers and lakes fall again within
  double regrown_days = 120;         // what is as it was so soon was mown, tilled or flooded: dug ground takes years
  double regrown_share = 0.5;        // of the NDVI lost
  double regrown_ndvi = 0.35;        // that it has again
  double own_year_share = 0.45;      // of looks like the ground's own in other seasons, which fields show
  double late_own_year_share = 0.7;  // the same after regrown_days, when a field is green again
  double field_ndvi = 0.45;  // that ground has at some time of the year which may be a field, though bare before
};

/// See core/named_options.hpp.
template <typename Options, typename Visit>
requires std::same_as<std::remove_const_t<Options>, CourseOptions>
void for_each_option(Options& options, const Visit& visit) {
  constexpr OptionRange index_range{-1, 1};
  constexpr OptionRange days_range{0, 36500};
  visit("flood-days", "days within which water beside other water is a flood", options.flood_days, days_range);
  visit("regrown-days", "days within which ground that is green or as ever again was a harvest or a flood",
        options.regrown_days, days_range);
  visit("regrown-share", "share of the lost NDVI that is back then, 0..1", options.regrown_share, share_of_one);
  visit("regrown-ndvi", "NDVI that it has then", options.regrown_ndvi, index_range);
  visit("own-year-share",
        "share of its looks like the ground in another season that green ground is a field from, 0..1",
        options.own_year_share, share_of_one);
  visit("late-own-year-share", "the same after the days within which a field is green again, 0..1",
        options.late_own_year_share, share_of_one);
  visit("field-ndvi", "NDVI at some time of the year from which ground that was bare before may be a field",
        options.field_ndvi, index_range);
}

/// The class by the whole course: what classify_change() says of the latest look, unless the first one showed a fire,
/// water that stands beside other water is young, green ground is soon as it was, or looks as it does in other seasons.
ChangeClass classify_course(const ChangeCourse& course, const CourseOptions& options = {});

}  // namespace pitwatch
