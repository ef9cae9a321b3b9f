#include "pipeline/classify/course.hpp"

#include <algorithm>
#include <cmath>

namespace pitwatch {
namespace {

// Only sums, products and square roots: processors round these alike, and libm's powers and exponentials not.

constexpr double least_likelihood = 0.01;  // of a class, by one observation: none rules a class out
constexpr double least_odds = 1e-3;

double probability_of(double odds) { return odds / (1 + odds); }
double odds_of(double probability) { return probability / std::max(1 - probability, least_odds); }

bool has(const Spectrum& spectrum, Band band) { return spectrum[static_cast<std::size_t>(band)].has_value(); }
float band(const Spectrum& spectrum, Band band) { return spectrum[static_cast<std::size_t>(band)].value_or(0.0F); }

/// Whether the ground is green enough, at least at some time of the year.
bool may_be_field(const CourseObservation& observation, const CourseOptions& options) {
  constexpr double green = 0.30;
  return observation.shown.ndvi_before() >= green || observation.greenest_ndvi >= options.field_ndvi;
}

/// Snow, whole or in patches: bright in all bands but the short-wave infrared.
bool is_snow(const Spectrum& now) {
  constexpr float bright = 0.2F;
  constexpr float brighter = 1.2F;  // than in the short-wave infrared
  const float swir = band(now, Band::B11);
  return swir > 0 && band(now, Band::B08) > bright && band(now, Band::B03) > bright &&
         band(now, Band::B03) > brighter * swir && band(now, Band::B08) > brighter * swir;
}

/// From 1 to 0 where a value rises over a bound, 0.5 at it.
double below(double value, double bound, double spread) {
  const double distance = (bound - value) / spread;
  return 0.5 * (1 + distance / std::sqrt(1 + distance * distance));
}

/// Whether dark ground is water with soil in it, or over it: soil and rock, dark ones and coal too, reflect more in the
/// short-wave than in the near infrared. Shade may not, but it does not last.
double muddy_water(const Spectrum& now) {
  const auto red = static_cast<double>(band(now, Band::B04));
  const auto nir = static_cast<double>(band(now, Band::B08));
  const auto swir = static_cast<double>(band(now, Band::B11));
  if (!(nir > 0) || !(swir > 0)) return 0;
  const auto green = static_cast<double>(band(now, Band::B03));
  const double dry = std::min(1 - below(swir / nir, 1.0, 0.06), below((green - swir) / (green + swir), -0.12, 0.04));
  return std::min(
      {1 - dry, below(swir, 0.11, 0.015), below(nir, 0.12, 0.015), below((nir - red) / (nir + red), 0.22, 0.04)});
}

/// p^0.75
double faded(double p) { return std::sqrt(p) * std::sqrt(std::sqrt(p)); }

/// Whether one observation can show it; the others follow from the course.
bool is_shown(std::size_t one) {
  return one != index(ChangeClass::flood) && one != index(ChangeClass::harvest) && one != index(ChangeClass::unknown);
}

void add(ClassCourse& course, const ClassProbabilities& shown) {
  double sum = 0;
  std::array<double, class_count> seen{};
  for (std::size_t i = 0; i < class_count; ++i) {
    const double before = course.observations == 0 ? 1.0 : faded(course.seen[i]);
    seen[i] = before * std::max(shown[i], is_shown(i) ? least_likelihood : 0.0);
    sum += seen[i];
  }
  for (std::size_t i = 0; i < class_count; ++i) course.seen[i] = static_cast<float>(seen[i] / sum);
}

/// Burnt ground is charred at first, and then greens again; what is dug is bare from the first observation on, and
/// brighter than plants, and water is neither. Charred ground that stays as it is for years is no burn.
void weigh_burn(ClassCourse& course, const CourseObservation& observation, const ClassProbabilities& shown) {
  constexpr double prior_odds = 3;  // ground that looks charred at first sight mostly is
  constexpr double most_odds = 200;
  constexpr double fresh_days = 20;
  constexpr double most_factor = 30;
  constexpr double least_factor = 0.02;
  constexpr double still_charred = 1.5;
  constexpr double brightened = 0.3;
  constexpr double red_rise = 0.03;
  constexpr double greening_days = 500;
  constexpr double not_greening = 0.8;
  const double burnt = shown[index(ChangeClass::burn)];
  double odds = course.observations == 0 ? prior_odds : static_cast<double>(course.burnt_odds);
  if (course.observations == 0 || observation.days < fresh_days) {
    odds *= std::clamp(odds_of(burnt) * odds_of(burnt), least_factor, most_factor);
  } else if (observation.shown.red_rise() > red_rise && burnt < 0.2) {
    odds *= brightened;
  } else if (observation.days > greening_days &&
             observation.shown.ndvi() < std::max(observation.shown.ndvi_before(), observation.greenest_ndvi) / 2) {
    odds *= not_greening;
  } else if (burnt > 0.5) {
    odds *= still_charred;
  }
  course.burnt_odds = static_cast<float>(std::clamp(odds, 1 / most_odds, most_odds));
}

void weigh_water(ClassCourse& course, const CourseObservation& observation, const ClassProbabilities& shown) {
  const std::size_t water = index(ChangeClass::to_water);
  course.wettest = std::max(course.wettest, course.seen[water]);
  constexpr double least_share = 0.35;
  if (shown[water] < least_share) return;
  if (course.wet_observations == 0) course.wet_from_days = static_cast<float>(observation.days);
  course.wet_until_days = static_cast<float>(observation.days);
  ++course.wet_observations;
}

/// Whether the ground is soon as it was: green again, or over though it is green at times.
bool is_soon_back(const ClassCourse& course, const CourseObservation& observation, const CourseOptions& options) {
  if (observation.days >= options.regrown_days) return false;
  const double before = observation.shown.ndvi_before();
  const double now = observation.shown.ndvi();
  const double lowest = course.lowest_ndvi;
  const double lost = before - lowest;
  const bool is_green = lost > 0 && now > options.regrown_ndvi && now - lowest > options.regrown_share * lost;
  return is_green || (observation.is_over && may_be_field(observation, options));
}

/// That water came and went, or will go, by itself: the longer it has stayed the likelier it is to stay.
double flood_probability(const ClassCourse& course, const CourseObservation& observation,
                         const CourseOptions& options) {
  constexpr double certain_odds = 20;
  constexpr double by_water_odds = 10;  // at first sight: water beside water mostly goes again
  constexpr double elsewhere_odds = 0.2;
  constexpr double gone_factor = 10;
  constexpr double typical_days = 10;
  constexpr double each_observation = 3;
  if (observation.by_water && (course.is_back || (observation.is_over && observation.days < options.flood_days))) {
    return probability_of(certain_odds);
  }
  if (course.wet_observations == 0) return 0;
  const double wet_days = static_cast<double>(course.wet_until_days - course.wet_from_days);
  double odds = observation.by_water ? by_water_odds : elsewhere_odds;
  constexpr double gone = 0.2;
  if (static_cast<double>(course.seen[index(ChangeClass::to_water)]) >= gone) {
    odds /= 1 + wet_days * wet_days / (typical_days * typical_days);
    for (int i = 1; i < std::min(course.wet_observations, 10); ++i) odds /= each_observation;
  } else {
    odds *= wet_days < options.flood_days ? gone_factor : 1 / gone_factor;
  }
  return static_cast<double>(course.wettest) * probability_of(odds);
}

/// That a field was mown, harvested or tilled.
double harvest_probability(const ClassCourse& course, const CourseObservation& observation,
                           const CourseOptions& options) {
  constexpr double certain_odds = 20;
  if (course.is_back) return probability_of(certain_odds);
  if (!may_be_field(observation, options)) return 0;
  const bool is_young = observation.days < options.regrown_days;
  const double even_share = is_young ? options.own_year_share : options.late_own_year_share;
  const double once = odds_of(observation.own_year_share) / std::max(odds_of(even_share), least_odds);
  return probability_of(once * once * once);
}

/// Tells another class where it has been the likelier one for long enough.
void tell(ClassCourse& course, const CourseObservation& observation, const ClassProbabilities& likely,
          const CourseOptions& options) {
  const auto top = static_cast<std::size_t>(std::max_element(likely.begin(), likely.end()) - likely.begin());
  const auto of = [&](ChangeClass one) {
    return one == ChangeClass::unknown ? options.class_probability : likely[index(one)];
  };
  const ChangeClass likeliest =
      likely[top] >= options.class_probability ? change_class_names[top].change_class : ChangeClass::unknown;
  ToldClass& told = course.told;
  if (told.change_class == ChangeClass::unknown) {
    told.change_class = likeliest;
  } else if (likeliest == told.change_class || of(likeliest) - of(told.change_class) < options.class_margin) {
    course.challenges = 0;
  } else {
    course.challenges = course.challenger == likeliest ? course.challenges + 1 : 1;
    course.challenger = likeliest;
    // What closes an alert are several clean observations in a row. Whether water is a flood depends on its days, which
    // do not flutter.
    const auto is_water = [](ChangeClass one) { return one == ChangeClass::flood || one == ChangeClass::to_water; };
    const bool is_of_days = is_water(likeliest) && is_water(told.change_class);
    if (course.challenges >= options.class_observations || observation.is_over || is_of_days) {
      told.change_class = likeliest;
      course.challenges = 0;
    }
  }
  const bool is_unknown = told.change_class == ChangeClass::unknown;
  told.class_probability = static_cast<float>(is_unknown ? likely[top] : likely[index(told.change_class)]);
  told.natural_probability = static_cast<float>(natural_probability(likely, observation.shown.red_rise()));
  std::transform(likely.begin(), likely.end(), told.of_classes.begin(), [](double p) { return static_cast<float>(p); });
}

}  // namespace

ClassProbabilities course_probabilities(const ClassCourse& course, const CourseObservation& observation,
                                        const CourseOptions& options) {
  const double water = course.seen[index(ChangeClass::to_water)];
  ClassProbabilities result{};
  double rest = 1;
  const auto take = [&](ChangeClass change_class, double share) {
    result[index(change_class)] = rest * share;
    rest *= 1 - share;
  };
  take(ChangeClass::flood, flood_probability(course, observation, options));
  take(ChangeClass::burn, (1 - water) * probability_of(course.burnt_odds));
  take(ChangeClass::harvest, (1 - water) * harvest_probability(course, observation, options));
  const double burnt = course.seen[index(ChangeClass::burn)];
  for (std::size_t i = 0; i < class_count; ++i) {
    if (i != index(ChangeClass::burn)) result[i] += rest * course.seen[i] / std::max(1 - burnt, least_odds);
  }
  return result;
}

double natural_probability(const ClassProbabilities& probabilities, double red_rise) {
  // The bed of falling water is mud and silt; what is filled in is bright.
  constexpr double share_of_beds = 0.75;
  constexpr double share_of_fills = 0.3;
  constexpr double darkest_fill = 0.08;
  constexpr double brightest_bed = 0.16;
  const double bright = std::clamp((red_rise - darkest_fill) / (brightest_bed - darkest_fill), 0.0, 1.0);
  const double share = share_of_beds + bright * (share_of_fills - share_of_beds);
  const auto of = [&](ChangeClass change_class) { return probabilities[index(change_class)]; };
  return std::min(1.0, of(ChangeClass::flood) + of(ChangeClass::burn) + of(ChangeClass::harvest) +
                           share * of(ChangeClass::from_water));
}

void take_in(ClassCourse& course, const CourseObservation& observation, const CourseOptions& options) {
  if (!observation.shown.tells()) return;
  const ClassProbabilities shown = observation.shown.classes();
  add(course, shown);
  weigh_burn(course, observation, shown);
  weigh_water(course, observation, shown);
  course.lowest_ndvi = std::min(course.lowest_ndvi, static_cast<float>(observation.shown.ndvi()));
  course.is_back = course.is_back || is_soon_back(course, observation, options);
  ++course.observations;
  tell(course, observation, course_probabilities(course, observation, options), options);
}

void GroundShown::add(const Spectrum& before, const Spectrum& now, double greenest_ndvi, double weight) {
  constexpr double typical_change = 0.08;
  const auto both_have = [&](Band band) { return has(before, band) && has(now, band); };
  if (!both_have(Band::B04) || !both_have(Band::B08) || is_snow(now)) {
    hidden_ += weight;
    return;
  }
  seen_ += weight;
  double change = 0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (!before[i] || !now[i]) continue;
    const double step = static_cast<double>(*now[i]) - static_cast<double>(*before[i]);
    change += step * step;
  }
  // What did not change tells little of the rest, but all where nothing did.
  constexpr double least = 0.01;
  const double by = weight * (least + change / (change + typical_change * typical_change));
  ClassProbabilities classes = class_probabilities(before, now, greenest_ndvi);
  const double water = classes[index(ChangeClass::to_water)];
  const double muddy = both_have(Band::B11) ? muddy_water(now) * (1 - muddy_water(before)) : 0;
  if (muddy > water && classes[index(ChangeClass::from_water)] < 0.5) {
    for (double& one : classes) one *= (1 - muddy) / (1 - water);
    classes[index(ChangeClass::to_water)] = muddy;
  }
  for (std::size_t i = 0; i < class_count; ++i) sum_.classes[i] += by * classes[i];
  const auto red = [](const Spectrum& spectrum) { return static_cast<double>(band(spectrum, Band::B04)); };
  const auto ndvi = [&](const Spectrum& spectrum) {
    const auto nir = static_cast<double>(band(spectrum, Band::B08));
    return (nir - red(spectrum)) / std::max(nir + red(spectrum), 0.001);
  };
  sum_.weight += by;
  sum_.ndvi_before += by * ndvi(before);
  sum_.ndvi += by * ndvi(now);
  sum_.red_rise += by * (red(now) - red(before));
}

ClassProbabilities GroundShown::classes() const {
  ClassProbabilities result = sum_.classes;
  for (double& one : result) one /= sum_.weight;
  return result;
}

}  // namespace pitwatch
