#include "pipeline/evidence/survey.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/evidence/feature_survey.hpp"
#include "pipeline/evidence/samplers.hpp"
#include "pipeline/evidence/surroundings.hpp"
#include "pipeline/evidence/tile_evidence.hpp"
#include "pipeline/normalise/robust.hpp"
#include "pipeline/normalise/unchanged.hpp"

namespace pitwatch {

using kernels::cell_px;
using kernels::channel_count;
using kernels::evidence_band_count;
using kernels::ground_count;

namespace {

constexpr int cell = static_cast<int>(cell_px);
constexpr double samples_wanted = 250000;
constexpr float smallest_noise = 1e-4F;  // reflectance: one digital number
constexpr float doubtful_noise = 1.5F;   // times what unchanged ground differs by

/// Sampled pixels that are clear on both dates.
struct Samples {
  kernels::PerCloudBand<std::vector<float>> before;  // as EvidenceBands has them: blue, red, B11
  kernels::PerCloudBand<std::vector<float>> after;
  std::vector<std::uint8_t> ground;
  std::vector<SamplePlace> places;
  int step = 1;  // one pixel of step x step is sampled

  std::size_t size() const { return places.size(); }
};

std::uint8_t ground_of(float red, float nir, const kernels::GroundEdges& edges) {
  return static_cast<std::uint8_t>(
      std::count_if(edges.begin(), edges.end(), [&](float edge) { return nir - red > edge * (nir + red); }));
}

Samples collect(std::span<const SampleWindow> windows, const PairGeometry& geometry, const EvidenceOptions& options) {
  const double pixels = std::accumulate(windows.begin(), windows.end(), 0.0, [](double sum, const SampleWindow& w) {
    return sum + static_cast<double>(w.window.width) * w.window.height;
  });
  const int step = std::max(1, static_cast<int>(std::sqrt(pixels / samples_wanted)));

  const EvidenceBands bands(geometry);
  Samples samples;
  samples.step = step;
  NearestSampler blue_before_rows, red_before_rows, nir_before_rows, swir_before_rows, swir_after_rows;
  CubicSampler blue_after_rows, red_after_rows;
  std::vector<float> blue_before, red_before, nir, blue_after, red_after, swir_before, swir_after;
  std::vector<std::uint8_t> mask;
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const auto& [window, reader] = windows[w];
    blue_before_rows.begin(*reader, geometry, Date::before, bands.blue, window.x, window.width);
    red_before_rows.begin(*reader, geometry, Date::before, bands.red, window.x, window.width);
    nir_before_rows.begin(*reader, geometry, Date::before, bands.nir, window.x, window.width);
    swir_before_rows.begin(*reader, geometry, Date::before, bands.swir, window.x, window.width);
    swir_after_rows.begin(*reader, geometry, Date::after, bands.swir, window.x, window.width);
    blue_after_rows.begin(*reader, geometry, Date::after, bands.blue, window.x, window.width);
    red_after_rows.begin(*reader, geometry, Date::after, bands.red, window.x, window.width);
    for (auto* row : {&blue_before, &red_before, &nir, &blue_after, &red_after, &swir_before, &swir_after}) {
      row->resize(static_cast<std::size_t>(window.width));
    }
    for (int y = window.y; y < window.bottom(); y += step) {
      mask.assign(static_cast<std::size_t>(window.width), 0);
      blue_before_rows.row(y, blue_before.data(), mask.data());
      red_before_rows.row(y, red_before.data(), mask.data());
      nir_before_rows.row(y, nir.data(), mask.data());
      swir_before_rows.row(y, swir_before.data(), mask.data());
      swir_after_rows.row(y, swir_after.data(), mask.data());
      blue_after_rows.row(y, blue_after.data(), mask.data());
      red_after_rows.row(y, red_after.data(), mask.data());
      for (std::size_t i = 0; i < mask.size(); i += static_cast<std::size_t>(step)) {
        if (mask[i] != 0) continue;
        samples.before[kernels::cloud_blue].push_back(blue_before[i]);
        samples.before[kernels::cloud_red].push_back(red_before[i]);
        samples.before[kernels::cloud_swir].push_back(swir_before[i]);
        samples.after[kernels::cloud_blue].push_back(blue_after[i]);
        samples.after[kernels::cloud_red].push_back(red_after[i]);
        samples.after[kernels::cloud_swir].push_back(swir_after[i]);
        samples.ground.push_back(ground_of(red_before[i], nir[i], options.ground_edges));
        samples.places.push_back({w, window.x + static_cast<int>(i), y});
      }
    }
  }
  return samples;
}

UnchangedGround unchanged_ground(const Samples& samples, bool has_blue, const EvidenceOptions& options) {
  const DatedBand blue{samples.before[kernels::cloud_blue], samples.after[kernels::cloud_blue]};
  const DatedBand red{samples.before[kernels::cloud_red], samples.after[kernels::cloud_red]};
  const double pixels_per_cell = static_cast<double>(cell_px * cell_px) / (samples.step * samples.step);
  if (has_blue) {
    return find_unchanged(std::array{blue, red}, samples.ground, ground_count, pixels_per_cell, options.unchanged);
  }
  UnchangedGround ground = find_unchanged({&red, 1}, samples.ground, ground_count, pixels_per_cell, options.unchanged);
  ground.gains.push_back(ground.gains.front());  // red has blue's part
  ground.typical.push_back(ground.typical.front());
  ground.absolute_noise.push_back(ground.absolute_noise.front());
  return ground;
}

/// The values of the samples that are believed unchanged; all where none of them tells.
std::vector<float> of_unchanged(const std::vector<float>& values, const UnchangedGround& unchanged) {
  if (unchanged.own_weight == 0) return values;
  std::vector<float> result;
  result.reserve(unchanged.pixels);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (unchanged.counts[i] != 0) result.push_back(values[i]);
  }
  return result;
}

void model_levels(const Samples& samples, const UnchangedGround& unchanged, PairModel& model) {
  for (std::size_t b = 0; b < evidence_band_count; ++b) {
    model.gains[b] = {unchanged.gains[b].gain, unchanged.gains[b].offset};
  }
  for (std::size_t b = 0; b < kernels::cloud_band_count; ++b) {
    if (unchanged.own_weight == 0) continue;  // as before
    std::vector<float> rise(samples.size());
    for (std::size_t i = 0; i < rise.size(); ++i) rise[i] = samples.after[b][i] - samples.before[b][i];
    model.typical_rise[b] = median(of_unchanged(rise, unchanged));
  }
}

/// The differences that the model's gains leave, by band.
kernels::PerBand<std::vector<float>> differences(const Samples& samples, const PairModel& model) {
  kernels::PerBand<std::vector<float>> result;
  for (std::size_t b = 0; b < evidence_band_count; ++b) {
    result[b].resize(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      result[b][i] = samples.after[b][i] * model.gains[b].gain + model.gains[b].offset - samples.before[b][i];
    }
  }
  return result;
}

void model_grounds(const Samples& samples, const kernels::PerBand<std::vector<float>>& difference,
                   const UnchangedGround& unchanged, const EvidenceOptions& options, PairModel& model) {
  for (std::size_t b = 0; b < evidence_band_count; ++b) {
    for (std::size_t ground = 0; ground < ground_count; ++ground) {
      std::vector<float> values;
      std::vector<float> all;
      for (std::size_t i = 0; i < samples.size(); ++i) {
        if (unchanged.counts[i] == 0) continue;
        all.push_back(difference[b][i]);
        if (samples.ground[i] == ground) values.push_back(difference[b][i]);
      }
      // A stratum that hardly occurs takes the scene's spread.
      const float spread = robust_spread(values.size() >= min_unchanged_pixels ? values : all).sigma;
      const float sigma = believed_noise(spread, unchanged.absolute_noise[b], unchanged);
      const float reach = options.clip_sigma * std::max(sigma, smallest_noise);
      const float typical = unchanged.typical[b][ground];
      model.grounds[ground].typical[b] = typical;
      model.grounds[ground].lowest[b] = typical - reach;
      model.grounds[ground].highest[b] = typical + reach;
    }
  }
}

/// Takes the surroundings off the differences; what is left on unchanged ground is noise.
void model_noise(std::span<const SampleWindow> windows, const Samples& samples, const PairGeometry& geometry,
                 const EvidenceOptions& options, const UnchangedGround& unchanged,
                 kernels::PerBand<std::vector<float>> rest, PairModel& model) {
  Surroundings surroundings;
  std::array<kernels::PerBand<std::vector<float>>, ground_count> centres;
  std::size_t i = 0;
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const Window& window = windows[w].window;
    const Window cells{window.x / cell - 1, window.y / cell - 1, window.width / cell + 3, window.height / cell + 3};
    surroundings.measure(*windows[w].pixels, geometry, options, model, cells);
    int row = window.y - 1;
    for (; i < samples.size() && samples.places[i].window == w; ++i) {
      if (samples.places[i].y != row) {
        row = samples.places[i].y;
        surroundings.row(row, centres);
      }
      const double position = (samples.places[i].x + 0.5) / cell - 0.5 - cells.x;
      const auto left = static_cast<std::size_t>(position);
      const auto fraction = static_cast<float>(position - static_cast<double>(left));
      for (std::size_t b = 0; b < evidence_band_count; ++b) {
        const std::vector<float>& values = centres[samples.ground[i]][b];
        rest[b][i] -= values[left] + (values[left + 1] - values[left]) * fraction;
      }
    }
  }
  std::vector<float> contrast(samples.size());
  for (std::size_t k = 0; k < contrast.size(); ++k)
    contrast[k] = rest[kernels::band_is_red][k] - rest[kernels::band_is_blue][k];
  const float blue_noise = unchanged.absolute_noise[kernels::band_is_blue];
  const float red_noise = unchanged.absolute_noise[kernels::band_is_red];
  model.basis.absolute_noise = {blue_noise, red_noise, options.contrast_noise * red_noise};
  const kernels::PerChannel<const std::vector<float>*> channels{&rest[kernels::band_is_blue],
                                                                &rest[kernels::band_is_red], &contrast};
  for (std::size_t c = 0; c < channel_count; ++c) {
    const float measured = robust_spread(of_unchanged(*channels[c], unchanged)).sigma;
    model.noise[c] = std::max(believed_noise(measured, model.basis.absolute_noise[c], unchanged), smallest_noise);
  }
}

/// The x of which x^2 * sqrt(x) is y, 0 <= y < 1e5, by bisection: std::pow may differ between CPUs in the last place.
double inverse_power(double y) {
  double low = 0;
  double high = 100;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (middle * middle * std::sqrt(middle) < y ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// The median of the smoothed evidence over land that is believed unchanged, read off the distribution of scores under
/// a provisional scale.
float median_evidence(std::span<const SampleWindow> windows, const Samples& samples, const PairGeometry& geometry,
                      const EvidenceOptions& options, const UnchangedGround& unchanged, PairModel model) {
  constexpr float provisional_half = 5.0F;  // near the medians that occur, where scores resolve finely
  EvidenceOptions provisional = options;
  provisional.half_score = provisional_half;
  model.median_evidence = options.quiet_evidence;  // makes half_evidence() the half_score
  if (unchanged.own_weight == 0) return options.quiet_evidence;
  const float land = (options.water_swir + options.land_swir) / 2;
  TileEvidence evidence;
  Plane<std::uint8_t> score;
  MaskCounts counts{};
  std::array<std::int64_t, 251> histogram{};
  std::size_t i = 0;
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const auto& [window, pixels] = windows[w];
    score.reshape(window.width, window.height);
    evidence.compute(*pixels, geometry, provisional, model, window, score.view(), counts);
    for (; i < samples.size() && samples.places[i].window == w; ++i) {
      const SamplePlace& place = samples.places[i];
      const std::uint8_t code = score.at(place.x - window.x, place.y - window.y);
      const float swir = std::max(samples.before[kernels::cloud_swir][i], samples.after[kernels::cloud_swir][i]);
      if (code < histogram.size() && unchanged.counts[i] != 0 && swir >= land) ++histogram[code];
    }
  }
  const std::int64_t total = std::accumulate(histogram.begin(), histogram.end(), std::int64_t{0});
  if (total < min_clear_samples) return options.quiet_evidence;
  std::int64_t below = 0;
  std::size_t code = 0;
  while (2 * (below + histogram[code]) < total) below += histogram[code++];
  // Codes are rounded: code k holds k - 0.5 .. k + 0.5; what is below the smallest is written as 0.
  const double first = code == 0 ? 0.0 : static_cast<double>(code) - 0.5;
  const double width = code == 0 ? kernels::smallest_score_code - 0.5 : 1.0;
  const double within = (static_cast<double>(total) / 2 - static_cast<double>(below)) /
                        static_cast<double>(std::max<std::int64_t>(histogram[code], 1));
  const double p = std::clamp((first + within * width) / 250, 1e-4, 1 - 1e-4);
  return believed(static_cast<float>(provisional_half * inverse_power(p / (1 - p))), options.quiet_evidence, unchanged);
}

}  // namespace

std::vector<WindowShift> measure_shifts(const SampleWindow& sample, const PairGeometry& geometry, int step_px) {
  const Window& window = sample.window;
  Plane<float> planes[2];
  Plane<std::uint8_t> mask(window.width, window.height);
  for (int y = 0; y < window.height; ++y) std::fill_n(mask.row(y), window.width, std::uint8_t{0});
  for (const Date date : both_dates) {
    Plane<float>& plane = planes[static_cast<std::size_t>(date)];
    plane.reshape(window.width, window.height);
    NearestSampler red;
    red.begin(*sample.pixels, geometry, date, Band::B04, window.x, window.width);
    for (int y = 0; y < window.height; ++y) red.row(window.y + y, plane.row(y), mask.row(y));
  }
  return measure_shifts(planes[0].view(), planes[1].view(), mask.view(), window.x, window.y, step_px);
}

PairGeometry aligned(const PairGeometry& geometry, const Alignment& alignment) {
  PairGeometry result = geometry;
  // A position p of the grid is found at p + offset + slope * p in AFTER.
  const auto moved = [](const AxisMap& map, const AxisAlignment& axis) {
    return AxisMap{map.offset + map.scale * axis.offset, map.scale * (1 + axis.slope)};
  };
  for (auto& place : result.places[static_cast<std::size_t>(Date::after)]) {
    if (!place) continue;
    place->x = moved(place->x, alignment.x);
    place->y = moved(place->y, alignment.y);
  }
  return result;
}

PairModel survey_pair(std::span<const SampleWindow> windows, const PairGeometry& geometry,
                      const EvidenceOptions& options) {
  const Samples samples = collect(windows, geometry, options);
  if (samples.size() < static_cast<std::size_t>(min_clear_samples)) {
    throw DataError("no ground to compare: of the sampled pixels only " + std::to_string(samples.size()) +
                    " are valid on both dates");
  }
  const UnchangedGround unchanged = unchanged_ground(samples, EvidenceBands(geometry).blue == Band::B02, options);
  PairModel model;
  model.basis.share = unchanged.share;
  model.basis.cells = unchanged.cells;
  model.basis.own_weight = unchanged.own_weight;
  model.basis.moved_as_one = unchanged.moved_as_one;
  model.basis.rounds = unchanged.rounds;
  model_levels(samples, unchanged, model);
  const auto difference = differences(samples, model);
  model_grounds(samples, difference, unchanged, options, model);
  model_noise(windows, samples, geometry, options, unchanged, difference, model);
  model.features = survey_features(windows, samples.places, samples.ground, unchanged,
                                   unchanged.absolute_noise[kernels::band_is_red], geometry, options);
  model.median_evidence = median_evidence(windows, samples, geometry, options, unchanged, model);
  return model;
}

std::vector<std::string> doubts_of(const PairModel& model) {
  const ModelBasis& basis = model.basis;
  std::vector<std::string> warnings;
  char text[200];
  const auto add = [&](const char* format, auto... values) {
    std::snprintf(text, sizeof text, format, values...);
    warnings.emplace_back(text);
  };
  if (basis.own_weight == 0) {
    add("of the ground only %.0f %% is believed unchanged: judged by absolute reflectance and its wider noise",
        100 * basis.share);
  } else if (basis.own_weight < 1) {
    add("only %.0f cells of 160 x 160 m are believed unchanged: levels and noise are drawn to those of all ground",
        basis.cells);
  }
  if (basis.moved_as_one) {
    warnings.emplace_back(
        "all of the ground differs alike, by more than unchanged ground does: taken for haze and light, not for "
        "change");
  }
  for (std::size_t c = 0; c < channel_count; ++c) {
    if (!(model.noise[c] > doubtful_noise * basis.absolute_noise[c])) continue;
    add("what is believed unchanged differs by %.3f, where unchanged ground does by %.3f: small changes are not seen",
        static_cast<double>(model.noise[c]), static_cast<double>(basis.absolute_noise[c]));
    break;
  }
  return warnings;
}

}  // namespace pitwatch
