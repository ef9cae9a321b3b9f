#include "pipeline/evidence/feature_survey.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "kernels/feature_evidence.hpp"
#include "pipeline/evidence/feature_rows.hpp"
#include "pipeline/evidence/feature_surroundings.hpp"
#include "pipeline/normalise/robust.hpp"

namespace pitwatch {

using kernels::ground_count;

namespace {

constexpr int cell = static_cast<int>(kernels::cell_px);
constexpr float smallest_error = 1e-4F;  // reflectance: one digital number
// Where a formula is flat its first-order error vanishes, but not what the ground differs by: no error is believed
// smaller than this share of the scene's median where it is not.
constexpr float least_error_share = 0.1F;
constexpr float largest_gain = 4.0F;    // beyond, the contrast of the dates tells nothing of the feature's
constexpr float largest_error = 1e6F;   // for an error of 1 in each band: a value of which nothing is known
constexpr float doubtful_error = 1.5F;  // times what unchanged ground differs by

/// One feature on both dates, by sampled pixel; NaN where there is no value.
struct FeatureSamples {
  std::vector<float> before;
  std::vector<float> after;
  std::vector<float> error_before;
  std::vector<float> error_after;
};

std::vector<FeatureSamples> collect(std::span<const SampleWindow> windows, std::span<const SamplePlace> places,
                                    const PairGeometry& geometry, const ExtraFeatures& features) {
  std::vector<FeatureSamples> samples(features.size());
  for (FeatureSamples& of : samples) {
    for (auto* numbers : {&of.before, &of.after, &of.error_before, &of.error_after}) numbers->reserve(places.size());
  }
  FeatureRows<CubicSampler> before;
  FeatureRows<CubicSampler> after;
  FeatureBuffer before_row;
  FeatureBuffer after_row;
  std::size_t i = 0;
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const Window& window = windows[w].window;
    before.begin(*windows[w].pixels, geometry, features, Date::before, window.x, window.width);
    after.begin(*windows[w].pixels, geometry, features, Date::after, window.x, window.width);
    for (FeatureBuffer* row : {&before_row, &after_row}) {
      row->reshape(features.size(), static_cast<std::size_t>(window.width));
    }
    int y = window.y - 1;
    for (; i < places.size() && places[i].window == w; ++i) {
      if (places[i].y != y) {
        y = places[i].y;
        before.row(y, before_row.values(), before_row.errors());
        after.row(y, after_row.values(), after_row.errors());
      }
      const int x = places[i].x - window.x;
      for (std::size_t k = 0; k < samples.size(); ++k) {
        samples[k].before.push_back(before_row.values()[k][x]);
        samples[k].after.push_back(after_row.values()[k][x]);
        samples[k].error_before.push_back(before_row.errors()[k][x]);
        samples[k].error_after.push_back(after_row.errors()[k][x]);
      }
    }
  }
  return samples;
}

/// The sampled pixels that count: believed unchanged, with a value on both dates that is known to something.
std::vector<std::size_t> counted(const FeatureSamples& samples, const UnchangedGround& unchanged) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < samples.before.size(); ++i) {
    const bool counts = unchanged.own_weight == 0 || unchanged.counts[i] != 0;
    const bool has_values = !std::isnan(samples.before[i]) && !std::isnan(samples.after[i]);
    const bool is_known = samples.error_before[i] < largest_error && samples.error_after[i] < largest_error;
    if (counts && has_values && is_known) result.push_back(i);
  }
  return result;
}

std::vector<float> chosen(const std::vector<float>& values, const std::vector<std::size_t>& which) {
  std::vector<float> result;
  result.reserve(which.size());
  for (const std::size_t i : which) result.push_back(values[i]);
  return result;
}

/// Differences that the model's gain leaves, and their variances for an error of 1 in each band.
struct Differences {
  std::vector<float> value;
  std::vector<float> variance;
};

Differences differences_of(const FeatureSamples& samples, const FeatureModel& model) {
  const std::size_t n = samples.before.size();
  Differences result{std::vector<float>(n), std::vector<float>(n)};
  std::vector<float> mean(n);
  kernels::feature_difference_row({samples.before.data(), samples.error_before.data()},
                                  {samples.after.data(), samples.error_after.data()}, model.gain, n,
                                  result.value.data(), mean.data(), result.variance.data());
  return result;
}

/// Gain and offset, drawn to 1 and 0 as far as the pair's own statistics do not count.
kernels::RelativeGain level(const FeatureSamples& samples, const std::vector<std::size_t>& which,
                            const UnchangedGround& unchanged, const EvidenceOptions& options) {
  const std::vector<float> before = chosen(samples.before, which);
  const std::vector<float> after = chosen(samples.after, which);
  const double pixels_per_cell = static_cast<double>(unchanged.pixels) / unchanged.cells;
  const double gain =
      contrast_gain(before, after, static_cast<double>(which.size()) / pixels_per_cell, options.unchanged);
  kernels::RelativeGain result;
  result.gain = std::clamp(static_cast<float>(gain), 1 / largest_gain, largest_gain);
  std::vector<float> difference(which.size());
  for (std::size_t i = 0; i < which.size(); ++i) difference[i] = before[i] - result.gain * after[i];
  result.offset = believed(median(std::move(difference)), 0.0F, unchanged);
  return result;
}

/// What of the difference is left of each stratum, and how far of it counts in the surroundings.
void model_grounds(const Differences& differences, const std::vector<std::size_t>& which,
                   std::span<const std::uint8_t> ground, const UnchangedGround& unchanged, float known_error,
                   float clip_sigma, FeatureModel& model) {
  const std::vector<float> all = chosen(differences.value, which);
  std::vector<float> variances = chosen(differences.variance, which);
  const float known_sigma = known_error * std::sqrt(std::max(median(std::move(variances)), model.least_variance));
  for (std::size_t kind = 0; kind < ground_count; ++kind) {
    std::vector<float> values;
    for (const std::size_t i : which) {
      if (ground[i] == kind) values.push_back(differences.value[i]);
    }
    const Spread spread = robust_spread(values.size() >= min_unchanged_pixels ? values : all);
    const float smallest = smallest_error / known_error * known_sigma;
    const float sigma = std::max(believed_noise(spread.sigma, known_sigma, unchanged), smallest);
    model.typical[kind] = believed(spread.centre, 0.0F, unchanged);
    model.lowest[kind] = model.typical[kind] - clip_sigma * sigma;
    model.highest[kind] = model.typical[kind] + clip_sigma * sigma;
  }
}

/// Takes the surroundings off differences of sampled pixels.
void subtract_surroundings(std::span<const SampleWindow> windows, std::span<const SamplePlace> places,
                           std::span<const std::uint8_t> ground, const PairGeometry& geometry,
                           const EvidenceOptions& options, std::span<const FeatureModel> models,
                           std::span<Differences> differences) {
  FeatureSurroundings surroundings;
  std::array<std::array<std::vector<float>, ground_count>, most_extra_features> centres;
  std::size_t i = 0;
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const Window& window = windows[w].window;
    const Window cells{window.x / cell - 1, window.y / cell - 1, window.width / cell + 3, window.height / cell + 3};
    surroundings.measure(*windows[w].pixels, geometry, options, models, cells);
    int row = window.y - 1;
    for (; i < places.size() && places[i].window == w; ++i) {
      if (places[i].y != row) {
        row = places[i].y;
        for (std::size_t k = 0; k < models.size(); ++k) surroundings.row(k, row, centres[k]);
      }
      const double position = (places[i].x + 0.5) / cell - 0.5 - cells.x;
      const auto left = static_cast<std::size_t>(position);
      const auto fraction = static_cast<float>(position - static_cast<double>(left));
      for (std::size_t k = 0; k < models.size(); ++k) {
        const std::vector<float>& values = centres[k][ground[i]];
        differences[k].value[i] -= values[left] + (values[left + 1] - values[left]) * fraction;
      }
    }
  }
}

/// The error of each band that explains what is left of differences on the pixels that count.
float error_of_bands(const Differences& rest, const std::vector<std::size_t>& which, const FeatureModel& model) {
  std::vector<float> ratios;
  ratios.reserve(which.size());
  for (const std::size_t i : which) {
    ratios.push_back(rest.value[i] / std::sqrt(std::max(rest.variance[i], model.least_variance)));
  }
  return robust_spread(ratios).sigma;
}

}  // namespace

std::vector<FeatureModel> survey_features(std::span<const SampleWindow> windows, std::span<const SamplePlace> places,
                                          std::span<const std::uint8_t> ground, const UnchangedGround& unchanged,
                                          float red_noise, const PairGeometry& geometry,
                                          const EvidenceOptions& options) {
  const ExtraFeatures& features = options.features;
  if (features.size() == 0) return {};
  std::vector<FeatureSamples> samples = collect(windows, places, geometry, features);
  std::vector<FeatureModel> models(features.size());
  std::vector<Differences> differences;
  std::vector<std::vector<std::size_t>> which;
  // The noise of a difference is that of two dates.
  const float known_error = red_noise / std::sqrt(2.0F);
  for (std::size_t k = 0; k < models.size(); ++k) {
    FeatureModel& model = models[k];
    which.push_back(counted(samples[k], unchanged));
    model.known_error = known_error;
    if (unchanged.own_weight > 0 && which[k].size() >= min_unchanged_pixels) {
      model.gain = level(samples[k], which[k], unchanged, options);
    }
    differences.push_back(differences_of(samples[k], model));
    samples[k] = {};  // differences take their memory
    std::vector<float> variances = chosen(differences[k].variance, which[k]);
    std::erase(variances, 0.0F);
    model.pixels = variances.size();
    if (!model.judges()) continue;
    model.least_variance = least_error_share * least_error_share * median(std::move(variances));
    model_grounds(differences[k], which[k], ground, unchanged, known_error, options.clip_sigma, model);
  }
  subtract_surroundings(windows, places, ground, geometry, options, models, differences);
  for (std::size_t k = 0; k < models.size(); ++k) {
    const float measured = error_of_bands(differences[k], which[k], models[k]);
    models[k].band_error = std::max(believed_noise(measured, known_error, unchanged), smallest_error);
  }
  return models;
}

std::int64_t feature_survey_bytes(std::int64_t pixels, std::size_t features) {
  if (features == 0) return 0;
  constexpr std::int64_t most_samples = 1'000'000;
  constexpr std::int64_t of_feature = 4 * sizeof(float);  // later: a difference, its variance, and whether it counts
  constexpr std::int64_t at_once = 6 * sizeof(float);     // of the feature that is being looked at
  return std::min(pixels, most_samples) * (static_cast<std::int64_t>(features) * of_feature + at_once);
}

std::vector<std::string> doubts_of_features(const PairModel& model, const ExtraFeatures& features) {
  std::vector<std::string> doubts;
  for (std::size_t k = 0; k < model.features.size(); ++k) {
    const FeatureModel& of = model.features[k];
    if (!of.judges()) {
      doubts.push_back(
          "--feature " + features[k].name +
          ": hardly any ground has a value on both dates that its bands would change: nothing is judged by it");
    } else if (of.band_error > doubtful_error * of.known_error) {
      std::array<char, 160> text{};
      std::snprintf(text.data(), text.size(),
                    ": what is believed unchanged differs as by errors of %.3f in each band, where unchanged ground "
                    "does by %.3f: small changes of it are not seen",
                    static_cast<double>(of.band_error), static_cast<double>(of.known_error));
      doubts.push_back("--feature " + features[k].name + text.data());
    }
  }
  return doubts;
}

}  // namespace pitwatch
