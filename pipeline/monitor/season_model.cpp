#include "pipeline/monitor/season_model.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <type_traits>

namespace pitwatch {
namespace {

// Lower triangles, row by row.
constexpr std::size_t triangle_count = term_count * (term_count + 1) / 2;
using Triangle = std::array<float, triangle_count>;
constexpr std::size_t packed(std::size_t row, std::size_t column) { return row * (row + 1) / 2 + column; }

// What a feature's noise never falls below: sampling, calibration and geometry of the instrument.
constexpr std::array<float, feature_count> least_noise{0.012F, 0.012F, 0.012F, 0.03F, 0.025F, 0.03F};
constexpr float least_extra_noise = 0.012F;  // extra features are scaled to be as NDVI is
constexpr double days_of_year = 365.25;

Terms terms_at(double angle) {
  return {1, static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)),
          static_cast<float>(std::cos(2 * angle)), static_cast<float>(std::sin(2 * angle))};
}

/// The mean outer product of the terms over each part of the year.
std::array<Triangle, year_parts> mean_products() {
  constexpr int steps = 64;
  std::array<Triangle, year_parts> result{};
  for (std::size_t part = 0; part < year_parts; ++part) {
    for (int step = 0; step < steps; ++step) {
      const double year = (static_cast<double>(part) + (step + 0.5) / steps) / static_cast<double>(year_parts);
      const Terms terms = terms_at(2 * std::numbers::pi * year);
      for (std::size_t i = 0; i < term_count; ++i) {
        for (std::size_t j = 0; j <= i; ++j) result[part][packed(i, j)] += terms[i] * terms[j] / steps;
      }
    }
  }
  return result;
}

Terms ridge(const MonitorOptions& options) {
  const float first = options.first_harmonic_ridge;
  const float second = options.second_harmonic_ridge;
  return {0, first, first, second, second};
}

const std::array<Triangle, year_parts>& products_of_parts() {
  static const std::array<Triangle, year_parts> products = mean_products();
  return products;
}

/// The ridge of models that are not being fitted.
Terms held_terms(const MonitorOptions& options) {
  constexpr float least_observations = 1.0F / 16;  // so that a model without observations is uncertain, not singular
  Terms held = ridge(options);
  held[0] = least_observations;
  return held;
}

/// Numbers of a single pixel as a row for kernels; refers to them.
template <typename Number, std::size_t count>
std::array<Number*, count> row_of(std::array<std::remove_const_t<Number>, count>& numbers) {
  std::array<Number*, count> row{};
  for (std::size_t k = 0; k < count; ++k) row[k] = &numbers[k];
  return row;
}

/// A single model likewise.
class ModelRow {
 public:
  explicit ModelRow(const SeasonModel& model) : harmonics_(static_cast<std::uint8_t>(model.harmonics)) {
    for (std::size_t k = 0; k < model.features * term_count; ++k)
      coefficients_[k] = &model.coefficients[k / term_count][k % term_count];
    for (std::size_t f = 0; f < model.features; ++f) noise_[f] = &model.noise[f];
    for (std::size_t part = 0; part < year_parts; ++part) observations_[part] = &model.observations[part];
  }

  kernels::SeasonRows rows() const { return {coefficients_.data(), noise_.data(), observations_.data(), &harmonics_}; }

 private:
  std::array<const float*, most_features * term_count> coefficients_{};
  std::array<const float*, most_features> noise_{};
  std::array<const float*, year_parts> observations_{};
  std::uint8_t harmonics_;
};

}  // namespace

SeasonDate season_date(Instant when) {
  SeasonDate date;
  date.when = when;
  const double day = std::chrono::duration<double, std::ratio<86400>>(when.time_since_epoch()).count();
  date.day = static_cast<float>(day);
  constexpr double frequency = 2 * std::numbers::pi / days_of_year;
  date.terms = terms_at(frequency * day);
  for (std::size_t order = 1; order <= 2; ++order) {
    const auto per_day = static_cast<float>(static_cast<double>(order) * frequency);
    date.slopes[2 * order - 1] = -date.terms[2 * order] * per_day;
    date.slopes[2 * order] = date.terms[2 * order - 1] * per_day;
  }
  const double parts = day / days_of_year * static_cast<double>(year_parts);
  date.part = static_cast<int>(std::floor(parts));
  date.part_elapsed = static_cast<float>(parts - std::floor(parts));
  return date;
}

SeasonYear season_year(Instant first) {
  SeasonYear year;
  for (std::size_t k = 0; k < year.size(); ++k) year[k] = season_date(first + std::chrono::days(15 * k));
  return year;
}

SeasonModels::SeasonModels(std::size_t pixels, std::size_t features) : features_(features) {
  // Rows begin a line of the cache apart: walked side by side they do not crowd a few sets of it.
  constexpr std::size_t per_line = 16;
  stride_ = (pixels + per_line - 1) / per_line * per_line + per_line;
  values_.resize((lasting_error_row() + 1) * stride_);
  std::fill_n(row(lasting_error_row()), stride_, 0.0F);  // as long as it is not measured
  harmonics_.resize(pixels);
  is_fitted_.resize(pixels);
}

SeasonModels::Rows SeasonModels::from(std::size_t pixel) {
  Rows rows;
  for (std::size_t k = 0; k < noise_row(); ++k) rows.coefficients[k] = row(k) + pixel;
  for (std::size_t f = 0; f < features_; ++f) rows.noise[f] = row(noise_row() + f) + pixel;
  for (std::size_t part = 0; part < year_parts; ++part)
    rows.observations[part] = row(observations_row() + part) + pixel;
  rows.harmonics = harmonics_.data() + pixel;
  rows.is_fitted = is_fitted_.data() + pixel;
  rows.lasting_error = row(lasting_error_row()) + pixel;
  return rows;
}

SeasonModel SeasonModels::at(std::size_t pixel) const {
  SeasonModel model;
  model.features = features_;
  for (std::size_t f = 0; f < features_; ++f) {
    for (std::size_t i = 0; i < term_count; ++i) model.coefficients[f][i] = row(f * term_count + i)[pixel];
    model.noise[f] = noise(pixel, f);
  }
  for (std::size_t part = 0; part < year_parts; ++part)
    model.observations[part] = row(observations_row() + part)[pixel];
  model.harmonics = harmonics_[pixel];
  model.lasting_error = row(lasting_error_row())[pixel];
  return model;
}

void SeasonModels::set(std::size_t pixel, const SeasonModel& model) {
  const Rows rows = from(pixel);
  for (std::size_t f = 0; f < features_; ++f) {
    for (std::size_t i = 0; i < term_count; ++i) *rows.coefficients[f * term_count + i] = model.coefficients[f][i];
    *rows.noise[f] = model.noise[f];
  }
  for (std::size_t part = 0; part < year_parts; ++part) *rows.observations[part] = model.observations[part];
  *rows.harmonics = static_cast<std::uint8_t>(model.harmonics);
  *rows.lasting_error = model.lasting_error;
  *rows.is_fitted = 1;
}

kernels::SeasonDay season_day(const SeasonDate& date) { return {date.terms, date.slopes}; }

kernels::SeasonInformation season_information(const MonitorOptions& options) {
  return {products_of_parts(), held_terms(options)};
}

kernels::SeasonFitOptions season_fit_options(const MonitorOptions& options, const FeatureVector& typical_noise) {
  kernels::SeasonFitOptions result;
  result.ridge = ridge(options);
  result.tukey_sigma = options.tukey_sigma;
  result.min_observations = options.min_observations;
  result.observations_for_first_harmonic = options.observations_for_first_harmonic;
  result.observations_for_second_harmonic = options.observations_for_second_harmonic;
  result.noise_prior_observations = options.noise_prior_observations;
  std::copy(typical_noise.begin(), typical_noise.end(), result.typical_noise.begin());
  result.least_noise.fill(least_extra_noise);
  std::copy(least_noise.begin(), least_noise.end(), result.least_noise.begin());
  return result;
}

Terms uncertain_direction(const SeasonModel& model, const SeasonDate& date, const MonitorOptions& options) {
  Terms direction{};
  kernels::season_direction(ModelRow(model).rows(), 1, season_day(date), season_information(options),
                            row_of<float>(direction).data());
  return direction;
}

Expectation expect(const SeasonModel& model, const SeasonDate& date, const MonitorOptions& options) {
  Terms direction = uncertain_direction(model, date, options);
  Expectation result;
  kernels::season_expectation(ModelRow(model).rows(), model.features, 1, season_day(date),
                              row_of<const float>(direction).data(), options.leverage_weight, options.season_shift_days,
                              row_of<float>(result.value).data(), row_of<float>(result.deviation).data());
  return result;
}

float observations_of_season(const PartObservations& observations, const SeasonDate& date) {
  const std::size_t part = date.year_part();
  const bool is_early = date.part_elapsed < 0.5F;
  const std::size_t beside = (part + (is_early ? year_parts - 1 : 1)) % year_parts;
  const float inside = is_early ? 0.5F + date.part_elapsed : 1.5F - date.part_elapsed;
  return inside * observations[part] + (1 - inside) * observations[beside];
}

bool knows_season(const PartObservations& observations, const SeasonDate& date, const MonitorOptions& options) {
  return observations_of_season(observations, date) >= options.season_observations;
}

bool knows_whole_year(const PartObservations& observations, const MonitorOptions& options) {
  return *std::min_element(observations.begin(), observations.end()) >= options.whole_year_observations;
}

std::optional<float> highest_of_year(const SeasonModel& model, Feature feature, const SeasonYear& year,
                                     const MonitorOptions& options) {
  std::optional<float> highest;
  for (const SeasonDate& date : year) {
    if (!knows_season(model, date, options)) continue;
    const float value = product(model.coefficients[index(feature)], date.terms);
    highest = highest ? std::max(*highest, value) : value;
  }
  return highest;
}

float kept_after_a_year(const MonitorOptions& options) {
  return static_cast<float>(std::exp(-days_of_year / options.memory_days));
}

}  // namespace pitwatch
