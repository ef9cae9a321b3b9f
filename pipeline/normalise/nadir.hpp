#pragma once
// Reflectance as it would be seen from straight above (NBAR): ground is brighter with the sun in one's back than
// against it, and neighbouring orbits see it from both sides. The c-factor of Roy et al. 2016 (Remote Sensing of
// Environment 176, 255-271), for Sentinel-2 Roy et al. 2017 (Remote Sensing of Environment 199, 25-38): one set of
// weights per band for all ground, as NASA's Harmonized Landsat and Sentinel-2 product uses it. For surface reflectance
// (Level-2A). All functions are pure and thread-safe.

#include <optional>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// reflectance = iso + geo * li_sparse() + vol * ross_thick()
struct BrdfWeights {
  double iso = 0;
  double geo = 0;
  double vol = 0;
};

/// Roy et al. 2017, table 1. Nothing for bands that are not in it: B01, B09, B10 and what is no reflectance. B8A has
/// those of B08, near infrared.
std::optional<BrdfWeights> brdf_weights(Band band);

/// The RossThick kernel, scattering within leaves (Roujean et al. 1992; Lucht, Schaaf and Strahler 2000, equation 38).
/// Angles are directions from the ground to sun and satellite, degrees, zeniths below 90. 0 with both straight above.
double ross_thick(const ViewAngles& sun, const ViewAngles& view);

/// The reciprocal LiSparse kernel, shadows between crowns (Wanner, Li and Strahler 1995; Lucht, Schaaf and Strahler
/// 2000, equations 39 to 44), h/b = 2, b/r = 1. Angles and zero as with ross_thick().
double li_sparse(const ViewAngles& sun, const ViewAngles& view);

/// What reflectance is multiplied by: the modelled one from straight above over the modelled one as it was seen. The
/// sun stays where it was, or stands at `sun_zenith_deg` in the result: one for all dates takes the sun's course over
/// the year out as well, as far as the model goes. The c-factor of Roy et al. 2016.
double nadir_factor(const BrdfWeights& weights, const ViewAngles& sun, const ViewAngles& view,
                    std::optional<double> sun_zenith_deg = std::nullopt);

/// The scene with the factors in the calibration of its bands, so that whoever reads it reads reflectance from straight
/// above. One pair of angles for the tile: within it the view turns by up to 10 degrees of zenith, of which this takes
/// out the mean. Unchanged where the scene does not know its sun or view; bands without weights stay.
Scene seen_from_nadir(Scene scene, std::optional<double> sun_zenith_deg = std::nullopt);

}  // namespace pitwatch
