#pragma once
// What a piece of changed ground turns out to be, from the whole series of observations since it was found: how likely
// each class is, a class that does not flutter, and how likely it is that no people did it.

#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "pipeline/classify/classify.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/named_options.hpp"

namespace pitwatch {

/// From when on a course tells what its latest observation does not, and when its class changes.
struct CourseOptions {
  double class_probability = 0.5;  // that a class must have to be told
  double class_margin = 0.2;       // by which another class must be likelier than the one that is told,
  int class_observations = 2;      // for so many clear observations in a row
  double flood_days = 60;          // rivers and lakes fall again within
  double regrown_days = 120;       // what is as it was so soon was mown, tilled or flooded: dug ground takes years
  double regrown_share = 0.5;      // of the NDVI lost
  double regrown_ndvi = 0.35;      // that it has again
  double own_year_share =
      0.45;  // of observations like the ground's own in other seasons that fields show as often as others
  double late_own_year_share = 0.7;  // the same after regrown_days, when a field is green again
  double field_ndvi = 0.45;  // that ground has at some time of the year which may be a field, though bare before
};

/// See core/named_options.hpp.
template <typename Options, typename Visit>
requires std::same_as<std::remove_const_t<Options>, CourseOptions>
void for_each_option(Options& options, const Visit& visit) {
  constexpr OptionRange index_range{-1, 1};
  constexpr OptionRange days_range{0, 36500};
  visit("class-probability", "probability that a class must have to be told, 0..1; else it is unknown",
        options.class_probability, share_of_one);
  visit("class-margin", "by how much another class must be likelier than the one told to take its place, 0..1",
        options.class_margin, share_of_one);
  visit("class-observations", "clear observations in a row in which it must be", options.class_observations,
        any_amount);
  visit("flood-days", "days within which water beside other water is a flood", options.flood_days, days_range);
  visit("regrown-days", "days within which ground that is as before was mown, tilled or flooded", options.regrown_days,
        days_range);
  visit("regrown-share", "share of the lost NDVI that is back on such ground, 0..1", options.regrown_share,
        share_of_one);
  visit("regrown-ndvi", "NDVI of such ground", options.regrown_ndvi, index_range);
  visit("own-year-share",
        "share of observations like the ground's own in other seasons that a field shows as often as dug ground, 0..1",
        options.own_year_share, share_of_one);
  visit("late-own-year-share", "the same after regrown-days, when a field is green again, 0..1",
        options.late_own_year_share, share_of_one);
  visit("field-ndvi", "NDVI that ground has at some time of the year which may be a field, though bare before",
        options.field_ndvi, index_range);
}

/// What one observation shows of a piece of ground, pixel by pixel.
class GroundShown {
 public:
  /// A pixel when last seen undisturbed and now. Snow is counted and tells nothing, nor does a pixel that lacks red or
  /// near infrared on either date. Pixels weigh the more the more they changed. `weight` is a further one.
  void add(const Spectrum& before, const Spectrum& now, double greenest_ndvi, double weight = 1);

  /// Whether at least half of the weight of the pixels tells something.
  bool tells() const { return seen_ > 0 && 2 * hidden_ <= seen_ + hidden_; }

  // Means over the pixels that tell, where any do.
  ClassProbabilities classes() const;
  double ndvi_before() const { return sum_.ndvi_before / sum_.weight; }
  double ndvi() const { return sum_.ndvi / sum_.weight; }
  double red_rise() const { return sum_.red_rise / sum_.weight; }

 private:
  struct Sum {
    double weight = 0;
    double ndvi_before = 0;
    double ndvi = 0;
    double red_rise = 0;
    ClassProbabilities classes{};
  };
  Sum sum_;
  double seen_ = 0;
  double hidden_ = 0;
};

/// One clear observation of the ground.
struct CourseObservation {
  GroundShown shown;
  double days = 0;            // since the first observation
  double greenest_ndvi = -1;  // that undisturbed ground was expected to have at some time of the year; -1: not known
  double own_year_share = 0;  // of the observations so far that look like the same ground in another season, 0..1
  bool by_water = false;      // beside ground that was water in the history
  bool is_over = false;       // clean observations have shown the ground as it was
};

/// What is told of a course.
struct ToldClass {
  ChangeClass change_class = ChangeClass::unknown;
  float class_probability = 0;                  // of the class; of `unknown`, that of the likeliest
  float natural_probability = 0;                // that no people disturbed the ground
  std::array<float, class_count> of_classes{};  // each class's; all 0: not known, as of former versions
  friend bool operator==(const ToldClass&, const ToldClass&) = default;
};

/// What is known of a course: small, to be kept from night to night. As made, that of ground that was not observed yet.
struct ClassCourse {
  /// Likelihood of what the observations showed, older ones counting less, by class; sums to 1.
  std::array<float, class_count> seen{};
  float burnt_odds = 1;      // that it burnt, by all observations
  float wettest = 0;         // highest probability of water so far
  float wet_from_days = 0;   // first and
  float wet_until_days = 0;  // last observation that showed water, if wet_observations > 0
  int wet_observations = 0;
  float lowest_ndvi = 1;  // of the observations
  bool is_back = false;   // it was soon as before
  int observations = 0;
  ToldClass told;
  // Another class that has been likelier by the margin in so many observations in a row.
  ChangeClass challenger = ChangeClass::unknown;
  int challenges = 0;
  friend bool operator==(const ClassCourse&, const ClassCourse&) = default;
};

/// How likely each class is by what is known of a course up to an observation that it has taken in.
ClassProbabilities course_probabilities(const ClassCourse& course, const CourseObservation& observation,
                                        const CourseOptions& options = {});

/// That no people disturbed the ground; `red_rise` is by how much it is brighter in red than before.
double natural_probability(const ClassProbabilities& probabilities, double red_rise);

/// Takes in one observation; `course.told` is what is to be told from then on. One that tells nothing changes nothing.
/// Rules: README.md of this folder. The same bits on every processor.
void take_in(ClassCourse& course, const CourseObservation& observation, const CourseOptions& options = {});

}  // namespace pitwatch
