#pragma once
// Every threshold of the monitor, with unit and default.

namespace pitwatch {

/// "Log odds" are natural logarithms of the odds that the ground of a pixel is disturbed: 0 is as likely as not.
struct MonitorOptions {
  double pixel_size_m = 10;

  // What is seen.
  double cloud_margin_m = 40;      // around cloud, its shadow and cirrus, that is not believed either; 0: none
  float white_blue_to_red = 0.82F;  // blue / red above which a brightened pixel is missed cloud: rock is redder
  float brightened_log = 0.18F;     // rise of log visible against the model from which that is asked
  float dark_log = 0.30F;           // fall of all log brightnesses against the model that is missed shadow
  int screened_in_row = 2;          // so many looks in a row may be screened; what lasts longer is the ground
  float snow_mndwi = 0.25F;         // MNDWI (NDSI) above which ground with snow_visible is snow
  float snow_visible = 0.18F;       // mean reflectance of the visible bands, 0..1

  // The model of undisturbed ground.
  int min_looks = 4;                     // clear looks without which a pixel is not judged
  int looks_for_first_harmonic = 9;      // clear looks that support a yearly wave
  int looks_for_second_harmonic = 16;    // and a half-yearly one
  float first_harmonic_ridge = 0.02F;    // in looks: how firmly the yearly wave is held to 0
  float second_harmonic_ridge = 0.10F;   // and the half-yearly one
  float tukey_sigma = 3.0F;              // looks this far from the model, in noise, have no say in the fit
  float noise_prior_looks = 6;           // the site's typical noise counts like so many looks
  float season_shift_days = 7;           // standard deviation of how early or late a season comes
  // The model's own variance counts so many times: what waves of a year cannot follow is no chance.
  float leverage_weight = 3;
  float adaptation = 0.2F;               // weight of a new look in the model, where one of history has 1
  double memory_days = 1500;             // after which a look's weight in the model has fallen to 1 / e

  // Weather that similar ground shares.
  double surroundings_m = 600;        // width of the window; 0: not subtracted
  float surroundings_clip_sigma = 2.5F;
  float surroundings_prior_pixels = 60;  // the whole site's mean counts like so many pixels

  // Evidence.
  float look_limit_sigma = 7.5F;   // longest whitened residual of a look: looks have to agree, one alone decides nothing
  float persistent_error = 0.7F;   // variance, in that of a look, of the model's error that lasts over looks
  float shift_sigma = 5;          // typical whitened shift by a disturbance, per direction
  float greener_sigma = 1.0F;     // mean rise of NDVI over the looks from which it is no disturbance
  float fall_sigma = 1.5F;        // fall of NDVI that green ground must show to count in full
  float green_ndvi = 0.35F;       // expected NDVI of ground that is green
  float bare_ndvi = 0.18F;        // and of ground that has nothing to lose
  float water_mndwi = 0.0F;       // MNDWI of water; what was and is water does not count
  float single_look_share = 0.4F;  // of the evidence, where one look is all there is
  float prior_log_odds = -8;      // before any look: one pixel in 3000
  bool neighbours = true;         // neighbouring pixels count

  // Decisions.
  float provisional_log_odds = 2.5F;
  float confirm_log_odds = 5;
  int confirm_looks = 3;       // clear looks from the first disturbed one on
  float clean_sigma = 2.2F;    // whitened length per direction below which a look is clean
  int close_provisional_looks = 2;  // clean looks in a row
  int close_confirmed_looks = 4;
  float recovered_share = 0.5F;   // of the lost vegetation that is back
};

}  // namespace pitwatch
