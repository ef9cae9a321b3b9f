#pragma once
// Every threshold of the monitor, with unit and default.

#include <concepts>
#include <type_traits>

#include "pipeline/core/named_options.hpp"
#include "pipeline/indices/extra_features.hpp"

namespace pitwatch {

/// "Log odds" are natural logarithms of the odds that the ground of a pixel is disturbed: 0 is as likely as not.
struct MonitorOptions {
  double pixel_size_m = 10;
  ExtraFeatures extra;  // monitored beside the six

  // What is seen.
  double cloud_margin_m = 40;        // around cloud, its shadow and cirrus, that is not believed either; 0: none
  float ground_blue_to_red = 0.75F;  // blue / red below which bare ground is seen though the mask says cloud; 0: never
  float white_blue_to_red = 0.82F;   // blue / red above which a brightened pixel is missed cloud: rock is redder
  float brightened_log = 0.18F;      // rise of log visible against the model from which that is asked
  float dark_log = 0.30F;            // fall of all log brightnesses against the model that is missed shadow
  float screen_sigma = 3;            // distance from the model, in noise, from which cloud, haze and snow are missed
  float shadow_sigma = 2;            // and from which shadow is
  int screened_in_row =
      2;  // so many observations in a row may be screened; what lasts is the ground, or snow that lies
  float called_cloud_excess =
      0.25F;                 // share of observations, above the site's, called cloud from which ground is bright
  float snow_mndwi = 0.25F;  // MNDWI (NDSI) above which ground with snow_visible is snow
  float reflectance_error = 0.008F;  // standard deviation by atmosphere and slopes, in each band, 0..1
  float snow_share = 0.02F;    // share of an observation that is snow from which brighter and wetter ground is, too
  float snow_visible = 0.18F;  // mean reflectance of the visible bands, 0..1

  // The model of undisturbed ground.
  int min_observations = 4;                   // clear observations without which a pixel is not judged
  int observations_for_first_harmonic = 9;    // clear observations that support an annual harmonic
  int observations_for_second_harmonic = 16;  // and a semi-annual one
  float first_harmonic_ridge = 0.02F;         // in observations: how firmly the annual harmonic is held to 0
  float second_harmonic_ridge = 0.10F;        // and the semi-annual one
  float tukey_sigma = 3.0F;                   // observations this far from the model, in noise, have no say in the fit
  float noise_prior_observations = 6;         // the site's typical noise counts like so many observations
  float season_shift_days = 7;                // standard deviation of how early or late a season comes
  // The model's own variance counts so many times: what harmonics of a year cannot follow is no chance.
  float leverage_weight = 3;
  // Clear observations in the two months around a day of the year without which the model does not know the season: the
  // observation is then learnt from and not judged.
  float season_observations = 0.75F;
  // As long as some two months of the year have fewer clear observations the history is short: what looks as the pixel
  // does at another season, to within so many sigma (whitened, per direction), then counts as undisturbed.
  float whole_year_observations = 2;
  float short_history_sigma = 1.5F;
  float adaptation = 1.0F;    // weight of a new observation in the model, where one of history has 1
  double memory_days = 1500;  // after which an observation's weight in the model has fallen to 1 / e

  // Weather that similar ground shares.
  double surroundings_m = 600;  // width of the window; 0: not subtracted
  float surroundings_clip_sigma = 2.5F;
  float surroundings_contrast = 0;       // share of that change that counts against ground that did not change with it
  float surroundings_prior_pixels = 60;  // the whole site's mean counts like so many pixels

  // Evidence.
  float observation_limit_sigma =
      8;  // longest whitened residual of an observation: observations have to agree, one alone decides nothing
  // Variance, in that of an observation, of the model's error that lasts over observations, as long as nothing is known
  // of the pixel's; it counts like so many observations of its history. What is known counts so many times.
  float persistent_error = 0.6F;
  float persistent_error_observations = 24;
  float persistent_error_weight = 1;
  float passing_error =
      0.8F;  // the same of what passes from one observation to the next and is not in the noise: haze, shade, edges
  float shift_sigma = 5;       // typical whitened shift by a disturbance, per direction
  float greener_sigma = 1.0F;  // mean rise of NDVI over the observations from which it is no disturbance
  float fall_sigma = 1.5F;     // fall of NDVI that green ground must show to count in full
  float green_ndvi = 0.35F;    // expected NDVI of ground that is green
  float bare_ndvi = 0.18F;     // and of ground that has nothing to lose
  float water_mndwi = 0.0F;    // MNDWI of water; what was and is water does not count
  float water_share = 0.2F;    // of its evidence that such water keeps
  double shore_m = 30;         // around ground that was water in the history, which high water may reach
  float level_sigma = 2;       // change of MNDWI there, in noise, that may be a change of level
  // Log odds of high water to nothing at all on land by water, and days in which they fall by 1 while it lasts; and of
  // a change of level where water was, or beside it.
  float high_water_log_odds = -2;
  float high_water_days = 5;
  float level_log_odds = 0;
  float level_days = 30;
  double excuse_days = 120;  // that snow, or a season that the history lacks, may explain what is seen without a break
  float soil_sigma = 2.5F;   // loss of green and rise of brightness from which an observation shows new bare ground
  float soil_limit_sigma = 10;            // longest whitened residual of such an observation: it may decide alone
  float single_observation_share = 0.7F;  // of the evidence, where one observation is all there is
  float prior_log_odds = -7;              // before any observation: one pixel in 1100
  float neighbours = 0.5F;                // share that the eight around a pixel, and it once more, have in its evidence
  int window_observations = 6;            // clear observations that are added up, at most

  // Decisions.
  float false_alarms = 3;  // accepted per 100 km2 and year: moves the next two together, see needed_log_odds()
  float provisional_log_odds = 3;
  float confirm_log_odds = 6;
  int confirm_observations = 2;  // clear observations from the first disturbed one on
  float own_year_sigma = 2.0F;   // whitened distance per direction from what the model expects at another season
  float turned_soil_log =
      0.5F;                  // fall of all log brightnesses that such an observation may have: moist and turned soil
  float clean_sigma = 2.2F;  // whitened length per direction below which an observation is clean
  int close_provisional_observations = 2;  // clean observations in a row
  int close_confirmed_observations = 4;
  float lost_sigma = 3;          // fall of NDVI, in noise, from which vegetation was lost and can be back
  float recovered_share = 0.5F;  // of the lost vegetation that is back
};

/// Log odds that an alert needs, `usual` at the false alarms of the default: as many less, the more are accepted, that
/// they are about as many on ground without reservoirs whose clouds the classification mostly knows
/// (benchmarks/README.md, "Semi-real series").
float needed_log_odds(float usual, const MonitorOptions& options);

/// For each option but pixel_size_m, which is the grid's: see core/named_options.hpp.
template <typename Options, typename Visit>
requires std::same_as<std::remove_const_t<Options>, MonitorOptions>
void for_each_option(Options& options, const Visit& visit) {
  constexpr OptionRange index_range{-1, 1};
  constexpr OptionRange log_odds_range{-50, 50};
  constexpr OptionRange days_range{0.1, 1e6};
  constexpr OptionRange window_range{1, 6};  // as many as the state keeps
  visit("cloud-margin-m", "metres around cloud, its shadow and cirrus that are not believed either",
        options.cloud_margin_m, any_amount);
  visit("ground-blue-to-red", "blue / red below which bare ground is seen though the mask says cloud; 0: never",
        options.ground_blue_to_red, any_amount);
  visit("white-blue-to-red", "blue / red above which a brightened pixel is missed cloud", options.white_blue_to_red,
        any_amount);
  visit("brightened-log", "rise of log visible reflectance against the model from which that is asked",
        options.brightened_log, any_amount);
  visit("dark-log", "fall of all log brightnesses against the model that is missed shadow", options.dark_log,
        any_amount);
  visit("screen-sigma", "distance from the model, in noise, from which an observation is missed cloud or snow",
        options.screen_sigma, any_amount);
  visit("shadow-sigma", "distance from the model, in noise, from which an observation is missed shadow",
        options.shadow_sigma, any_amount);
  visit("screened-in-row",
        "observations in a row that may be screened; what lasts longer is the ground, but for snow where it lies "
        "elsewhere",
        options.screened_in_row, any_amount);
  visit("called-cloud-excess",
        "share of its observations, above the site's mean, that must be called cloud for ground to be bright",
        options.called_cloud_excess, share_of_one);
  visit("snow-mndwi", "MNDWI above which bright ground is snow", options.snow_mndwi, index_range);
  visit("snow-visible", "mean visible reflectance of snow, 0..1", options.snow_visible, share_of_one);
  visit("snow-share",
        "share of an observation that is snow from which ground that is brighter and wetter is snow, too, 0..1",
        options.snow_share, share_of_one);
  visit("reflectance-error", "standard deviation of a band's reflectance by atmosphere and slopes, 0..1",
        options.reflectance_error, share_of_one);
  visit("min-observations", "clear observations without which a pixel is not judged", options.min_observations,
        any_amount);
  visit("observations-for-first-harmonic", "clear observations that support an annual harmonic",
        options.observations_for_first_harmonic, any_amount);
  visit("observations-for-second-harmonic", "clear observations that support a half-annual harmonic",
        options.observations_for_second_harmonic, any_amount);
  visit("first-harmonic-ridge", "how firmly the annual harmonic is held to 0, in observations",
        options.first_harmonic_ridge, any_amount);
  visit("second-harmonic-ridge", "how firmly the half-annual harmonic is held to 0, in observations",
        options.second_harmonic_ridge, any_amount);
  visit("tukey-sigma", "distance from the model, in noise, from which observations have no say in the fit",
        options.tukey_sigma, any_amount);
  visit("noise-prior-observations", "observations that the site's typical noise counts for",
        options.noise_prior_observations, any_amount);
  visit("season-shift-days", "standard deviation of how early or late a season comes, days", options.season_shift_days,
        any_amount);
  visit("leverage-weight", "times that the model's own variance counts", options.leverage_weight, any_amount);
  visit("season-observations",
        "clear observations in two months around the day of the year without which an observation is learnt from and "
        "not judged",
        options.season_observations, any_amount);
  visit("whole-year-observations",
        "clear observations in each two months of the year without which ground as at another season counts as "
        "undisturbed",
        options.whole_year_observations, any_amount);
  visit("short-history-sigma", "whitened distance per direction within which ground then is as at another season",
        options.short_history_sigma, any_amount);
  visit("adaptation", "weight of a new observation in the model, where one of history has 1", options.adaptation,
        any_amount);
  visit("memory-days", "days after which an observation's weight in the model has fallen to 1 / e", options.memory_days,
        any_amount);
  visit("surroundings-m", "width of the window of similar ground whose shared change is subtracted, metres; 0: none is",
        options.surroundings_m, any_amount);
  visit("surroundings-clip-sigma", "where residuals of similar ground are clipped, in noise",
        options.surroundings_clip_sigma, any_amount);
  visit("surroundings-contrast",
        "share of the shared change that counts against ground that did not change with it, 0..1",
        options.surroundings_contrast, share_of_one);
  visit("surroundings-prior-pixels", "pixels that the whole site's mean counts for", options.surroundings_prior_pixels,
        any_amount);
  visit("observation-limit-sigma", "longest whitened residual that one observation may have",
        options.observation_limit_sigma, any_amount);
  visit("persistent-error", "variance of the model's lasting error, in that of an observation",
        options.persistent_error, any_amount);
  visit("persistent-error-observations", "observations that this counts for against what the pixel's history shows",
        options.persistent_error_observations, any_amount);
  visit("persistent-error-weight", "times that what is known of the lasting error counts",
        options.persistent_error_weight, any_amount);
  visit("passing-error", "variance, in that of an observation, of what passes: haze, shade, edges",
        options.passing_error, any_amount);
  visit("shift-sigma", "typical whitened shift by a disturbance, per direction", options.shift_sigma, any_amount);
  visit("greener-sigma", "mean rise of NDVI from which it is no disturbance, in noise", options.greener_sigma,
        any_amount);
  visit("fall-sigma", "fall of NDVI that green ground must show to count in full, in noise", options.fall_sigma,
        any_amount);
  visit("green-ndvi", "expected NDVI of green ground", options.green_ndvi, index_range);
  visit("bare-ndvi", "expected NDVI of ground that has nothing to lose", options.bare_ndvi, index_range);
  visit("water-mndwi", "MNDWI of water; what was and is water keeps little of its evidence", options.water_mndwi,
        index_range);
  visit("water-share", "share of its evidence that what was and is water keeps, 0..1", options.water_share,
        share_of_one);
  visit("shore-m", "metres around water of the history where wetness tells of its level", options.shore_m, any_amount);
  visit("level-sigma", "change of MNDWI on shores that is the water's level, in noise", options.level_sigma,
        any_amount);
  visit("high-water-log-odds", "log odds of high water to no change at all, on land by water",
        options.high_water_log_odds, log_odds_range);
  visit("high-water-days", "days in which these fall by 1 while it lasts", options.high_water_days, days_range);
  visit("level-log-odds", "log odds of another level to no change at all, where water was or beside it",
        options.level_log_odds, log_odds_range);
  visit("level-days", "days in which these fall by 1 while it lasts", options.level_days, days_range);
  visit("excuse-days", "days that snow, or a season that the history lacks, may explain what is seen without a break",
        options.excuse_days, any_amount);
  visit("soil-sigma", "loss of green and rise of brightness from which an observation shows new bare ground, in noise",
        options.soil_sigma, any_amount);
  visit("soil-limit-sigma", "longest whitened residual that an observation of new bare ground may have",
        options.soil_limit_sigma, any_amount);
  visit("single-observation-share",
        "share of the evidence that counts where one observation is all there is and shows no bare ground, 0..1",
        options.single_observation_share, share_of_one);
  visit("prior-log-odds", "log odds of disturbance before any observation", options.prior_log_odds, log_odds_range);
  visit("neighbours", "share that the surrounding 3 x 3 pixels have in a pixel's evidence, 0..1", options.neighbours,
        share_of_one);
  visit("window-observations", "clear observations that are added up at most, 1..6", options.window_observations,
        window_range);
  visit("false-alarms",
        "false alarms accepted per 100 km2 and year: the more, the sooner and the smaller and fainter what is found",
        options.false_alarms, OptionRange{0.1, 300});
  visit("provisional-log-odds", "log odds from which a pixel is provisional", options.provisional_log_odds,
        log_odds_range);
  visit("confirm-log-odds", "log odds from which it is confirmed", options.confirm_log_odds, log_odds_range);
  visit("confirm-observations", "clear observations since onset that confirmation needs", options.confirm_observations,
        any_amount);
  visit("own-year-sigma",
        "whitened distance per direction within which an observation is like the ground in another season",
        options.own_year_sigma, any_amount);
  visit("turned-soil-log",
        "fall of all log brightnesses at once that such an observation may have, since moist and turned soil is darker",
        options.turned_soil_log, any_amount);
  visit("clean-sigma", "whitened length per direction below which an observation is clean", options.clean_sigma,
        any_amount);
  visit("close-provisional-observations", "clean observations in a row that close a provisional pixel",
        options.close_provisional_observations, any_amount);
  visit("close-confirmed-observations", "clean observations in a row that close a confirmed pixel",
        options.close_confirmed_observations, any_amount);
  visit("lost-sigma", "fall of NDVI from which vegetation was lost, in noise", options.lost_sigma, any_amount);
  visit("recovered-share", "share of the lost vegetation that is back when a pixel recovers, 0..1",
        options.recovered_share, share_of_one);
}

}  // namespace pitwatch
