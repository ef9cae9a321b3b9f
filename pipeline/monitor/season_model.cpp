#include "pipeline/monitor/season_model.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <vector>

namespace pitwatch {
namespace {

constexpr std::size_t lanes = 8;  // features, rounded up to whole registers
using Row = Eigen::Array<float, lanes, 1>;
using Matrix = Eigen::Matrix<double, term_count, term_count>;
using Column = Eigen::Matrix<double, term_count, 1>;
using Columns = Eigen::Matrix<double, term_count, lanes>;

// Lower triangles, row by row.
constexpr std::size_t triangle_count = term_count * (term_count + 1) / 2;
using Triangle = std::array<float, triangle_count>;
constexpr std::size_t packed(std::size_t row, std::size_t column) { return row * (row + 1) / 2 + column; }

// What a feature's noise never falls below: sampling, calibration and geometry of the instrument.
constexpr FeatureVector least_noise{0.012F, 0.012F, 0.012F, 0.03F, 0.025F, 0.03F};
constexpr float normal_mad = 1.4826F;
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

std::size_t used_terms(int harmonics) { return 1 + 2 * static_cast<std::size_t>(harmonics); }

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

/// Solves a z = x by Cholesky's factors without roots; `Number` is one number, or those of several models at once.
template <typename Number>
std::array<Number, term_count> solve(std::array<Number, triangle_count> a, const std::array<Number, term_count>& x) {
  std::array<Number, term_count> per_diagonal;  // one division a row: divisions wait for each other
  std::array<Number, term_count> z;
  for (std::size_t i = 0; i < term_count; ++i) {
    // Before its row is done an entry lacks the division by the diagonal.
    for (std::size_t j = 0; j < i; ++j) {
      for (std::size_t k = 0; k < j; ++k) a[packed(i, j)] -= a[packed(i, k)] * a[packed(j, k)];
    }
    z[i] = x[i];
    for (std::size_t j = 0; j < i; ++j) {
      const Number undivided = a[packed(i, j)];
      a[packed(i, j)] = undivided * per_diagonal[j];
      a[packed(i, i)] -= a[packed(i, j)] * undivided;
      z[i] -= a[packed(i, j)] * z[j];
    }
    per_diagonal[i] = 1.0F / a[packed(i, i)];
  }
  for (std::size_t i = term_count; i-- > 0;) {
    z[i] *= per_diagonal[i];
    for (std::size_t j = i + 1; j < term_count; ++j) z[i] -= a[packed(j, i)] * z[j];
  }
  return z;
}

/// The covariance of coefficients times the terms of a date, from the observations by part of the year. `is_used` is 1
/// for the terms that a model has, and 0 for the others, whose result is 0.
template <typename Number>
std::array<Number, term_count> direction_of(const std::array<Number, year_parts>& observations,
                                            const std::array<Number, term_count>& is_used, const SeasonDate& date,
                                            const MonitorOptions& options) {
  const std::array<Triangle, year_parts>& products = products_of_parts();
  const Terms held = held_terms(options);
  std::array<Number, triangle_count> information;
  std::array<Number, term_count> terms;
  for (std::size_t i = 0; i < term_count; ++i) {
    terms[i] = is_used[i] * date.terms[i];
    for (std::size_t j = 0; j <= i; ++j) {
      Number sum = observations[0] * products[0][packed(i, j)];
      for (std::size_t part = 1; part < year_parts; ++part) sum += observations[part] * products[part][packed(i, j)];
      if (i == j) sum += held[i];
      information[packed(i, j)] = is_used[i] * sum;
    }
    information[packed(i, i)] += 1.0F - is_used[i];
  }
  return solve(std::move(information), terms);
}

float product(const Terms& a, const Terms& b) {
  float sum = 0;
  for (std::size_t i = 0; i < term_count; ++i) sum += a[i] * b[i];
  return sum;
}

float tukey(float distance, float limit) {
  if (distance >= limit) return 0;
  const float u = 1 - (distance / limit) * (distance / limit);
  return u * u;
}

/// Medians of the rows' absolute values by feature, to within a sixty-fourth of the least noise (a hundredth of what
/// noise makes of them), by counting: a bit a round, all features at once.
class Medians {
 public:
  explicit Medians(std::size_t rows) : sizes_(rows) {
    for (std::size_t f = 0; f < feature_count; ++f) per_step_[static_cast<int>(f)] = steps / least_noise[f];
  }

  Row of(const std::vector<Row>& rows) {
    constexpr float largest = 32767;
    for (std::size_t l = 0; l < rows.size(); ++l) {
      const Row scaled = (rows[l].abs() * per_step_).min(largest);
      for (std::size_t f = 0; f < lanes; ++f) sizes_[l][f] = static_cast<std::int16_t>(scaled[static_cast<int>(f)]);
    }
    const auto half = static_cast<std::int16_t>(rows.size() / 2);
    Sizes found{};
    for (int bit = 14; bit >= 0; --bit) {
      Sizes candidate;
      for (std::size_t f = 0; f < lanes; ++f) candidate[f] = static_cast<std::int16_t>(found[f] | (1 << bit));
      Sizes below{};
      for (const Sizes& size : sizes_) {
        for (std::size_t f = 0; f < lanes; ++f) {
          below[f] = static_cast<std::int16_t>(below[f] + (size[f] < candidate[f] ? 1 : 0));
        }
      }
      for (std::size_t f = 0; f < lanes; ++f) found[f] = below[f] <= half ? candidate[f] : found[f];
    }
    Row result = Row::Zero();
    for (std::size_t f = 0; f < feature_count; ++f) {
      result[static_cast<int>(f)] = (static_cast<float>(found[f]) + 0.5F) * least_noise[f] / steps;
    }
    return result;
  }

 private:
  static constexpr float steps = 64;  // in the least noise
  using Sizes = std::array<std::int16_t, lanes>;
  std::vector<Sizes> sizes_;
  Row per_step_ = Row::Zero();
};

/// Of distances in robust noise; what lies far off has next to no say from the first.
float huber(float distance) {
  constexpr float far = 10;
  return std::min(1.0F, 1.0F / (distance + 1e-6F)) * (distance < far ? 1.0F : 0.1F);
}

using UsedFeatures = std::array<bool, feature_count>;

/// Features that more than half of the observations have.
UsedFeatures features_of_most(std::span<const PixelObservation> observations) {
  UsedFeatures used{};
  for (std::size_t f = 0; f < feature_count; ++f) {
    const auto there = std::count_if(
        observations.begin(), observations.end(),
        [f](const PixelObservation& observation) { return observation.values[f] == observation.values[f]; });
    used[f] = 2 * static_cast<std::size_t>(there) > observations.size();
  }
  return used;
}

/// Moves observations that have all used features to the front, and gives these; the others get weight 0.
std::span<PixelObservation> complete_first(std::span<PixelObservation> observations, const UsedFeatures& used) {
  const auto complete =
      std::partition(observations.begin(), observations.end(), [&used](const PixelObservation& observation) {
        for (std::size_t f = 0; f < feature_count; ++f) {
          if (used[f] && observation.values[f] != observation.values[f]) return false;
        }
        return true;
      });
  for (auto observation = complete; observation != observations.end(); ++observation) observation->weight = 0;
  return observations.first(static_cast<std::size_t>(complete - observations.begin()));
}

/// Iteratively reweighted least squares of one pixel, all features at once: steps from the residuals of the last, and
/// weights between them.
class SeasonFit {
 public:
  SeasonFit(std::span<PixelObservation> observations, const UsedFeatures& used, int harmonics,
            const MonitorOptions& options)
      : observations_(observations),
        used_(used),
        used_count_(static_cast<float>(std::count(used.begin(), used.end(), true))),
        terms_(used_terms(harmonics)),
        options_(options),
        residuals_(observations.size(), Row::Zero()),
        medians_(observations.size()) {
    constexpr double held = 1e6;  // keeps a harmonic that the observations do not support at 0
    for (std::size_t i = 0; i < term_count; ++i) {
      penalty_[static_cast<int>(i)] = i < terms_ ? static_cast<double>(ridge(options)[i]) : held;
    }
    for (std::size_t l = 0; l < observations.size(); ++l) {
      for (std::size_t f = 0; f < feature_count; ++f) {
        if (used[f]) residuals_[l][static_cast<int>(f)] = observations[l].values[f];
      }
      observations[l].weight = 1;
    }
    for (std::size_t f = 0; f < feature_count; ++f) least_spread_[static_cast<int>(f)] = least_noise[f];
  }

  /// Solves the weighted normal equations for the residuals, and takes what the solution explains off them.
  void step() {
    Matrix normal = penalty_.asDiagonal();
    Columns target;
    add_observations(normal, target);
    factor_.compute(normal);
    const Columns change = factor_.solve(target);
    coefficients_ += change;
    std::array<Row, term_count> of_terms;
    for (std::size_t i = 0; i < term_count; ++i) {
      of_terms[i] = change.row(static_cast<int>(i)).cast<float>().transpose().array();
    }
    for (std::size_t l = 0; l < observations_.size(); ++l) {
      const Terms& at = observations_[l].date->terms;
      Row rest = residuals_[l];
      for (std::size_t i = 0; i < term_count; ++i) rest -= at[i] * of_terms[i];
      residuals_[l] = rest;
    }
  }

  /// Weighs observations by their distance from the fit in robust noise, root mean square of the features.
  template <typename WeightOf>
  void weigh(const WeightOf& weight_of) {
    const Row per_spread = 1 / (normal_mad * medians_.of(residuals_)).max(least_spread_);
    for (std::size_t l = 0; l < observations_.size(); ++l) {
      const float distance = std::sqrt((residuals_[l] * per_spread).square().sum() / used_count_);
      observations_[l].weight = weight_of(distance);
    }
  }

  void put_into(SeasonModel& model, const FeatureVector& typical_noise) const {
    model.observations = {};
    float total = 0;
    for (const PixelObservation& observation : observations_) {
      model.observations[observation.date->year_part()] += observation.weight;
      total += observation.weight;
    }
    Row squares = Row::Zero();
    for (std::size_t l = 0; l < observations_.size(); ++l) squares += observations_[l].weight * residuals_[l].square();
    const float freedom = std::max(1.0F, total - parameters());
    for (std::size_t f = 0; f < feature_count; ++f) {
      model.coefficients[f] = {};
      model.noise[f] = 0;
      if (!used_[f]) continue;
      for (std::size_t i = 0; i < terms_; ++i) {
        model.coefficients[f][i] = static_cast<float>(coefficients_(static_cast<int>(i), static_cast<int>(f)));
      }
      const float prior = typical_noise[f] > 0 ? options_.noise_prior_observations : 0.0F;
      const float variance =
          (squares[static_cast<int>(f)] + prior * typical_noise[f] * typical_noise[f]) / (freedom + prior);
      model.noise[f] = std::max(least_noise[f], std::sqrt(variance));
    }
  }

 private:
  /// Sums in single precision: residuals are small numbers.
  void add_observations(Matrix& normal, Columns& target) const {
    Triangle products{};
    std::array<Row, term_count> right;
    right.fill(Row::Zero());
    for (std::size_t l = 0; l < observations_.size(); ++l) {
      if (observations_[l].weight == 0) continue;
      const Terms& at = observations_[l].date->terms;
      for (std::size_t i = 0; i < term_count; ++i) {
        const float weighted = observations_[l].weight * at[i];
        for (std::size_t j = 0; j <= i; ++j) products[packed(i, j)] += weighted * at[j];
        right[i] += weighted * residuals_[l];
      }
    }
    for (std::size_t i = 0; i < term_count; ++i) {
      const auto row = static_cast<int>(i);
      for (std::size_t j = 0; j <= i; ++j)
        normal(row, static_cast<int>(j)) += static_cast<double>(products[packed(i, j)]);
      target.row(row) = right[i].cast<double>().matrix().transpose() - penalty_[row] * coefficients_.row(row);
    }
  }

  /// How many parameters the observations have determined, and the ridge has not.
  float parameters() const {
    const Matrix inverse = factor_.solve(Matrix::Identity());
    float sum = 0;
    for (std::size_t i = 0; i < terms_; ++i) {
      const auto row = static_cast<int>(i);
      sum += static_cast<float>(1 - penalty_[row] * inverse(row, row));
    }
    return sum;
  }

  std::span<PixelObservation> observations_;
  const UsedFeatures& used_;
  float used_count_;
  std::size_t terms_;
  const MonitorOptions& options_;
  Column penalty_;
  std::vector<Row> residuals_;
  Medians medians_;
  Row least_spread_ = Row::Ones();
  Columns coefficients_ = Columns::Zero();
  Eigen::LLT<Matrix> factor_;
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

kernels::SeasonDay season_day(const SeasonDate& date) { return {date.terms, date.slopes}; }

kernels::SeasonInformation season_information(const MonitorOptions& options) {
  return {products_of_parts(), held_terms(options)};
}

Terms uncertain_direction(const SeasonModel& model, const SeasonDate& date, const MonitorOptions& options) {
  Terms is_used{};
  std::fill_n(is_used.begin(), used_terms(model.harmonics), 1.0F);
  return direction_of(model.observations, is_used, date, options);
}

void uncertain_directions(std::span<const SeasonModel> models, const SeasonDate& date, const MonitorOptions& options,
                          std::span<Terms> directions) {
  using Lanes = Eigen::Array<float, static_cast<int>(most_directions), 1>;
  std::array<Lanes, year_parts> observations;
  std::array<Lanes, term_count> is_used;
  observations.fill(Lanes::Zero());
  is_used.fill(Lanes::Zero());
  for (std::size_t m = 0; m < models.size(); ++m) {
    const auto lane = static_cast<int>(m);
    for (std::size_t part = 0; part < year_parts; ++part) observations[part][lane] = models[m].observations[part];
    for (std::size_t i = 0; i < used_terms(models[m].harmonics); ++i) is_used[i][lane] = 1;
  }
  const std::array<Lanes, term_count> result = direction_of(observations, is_used, date, options);
  for (std::size_t m = 0; m < models.size(); ++m) {
    for (std::size_t i = 0; i < term_count; ++i) directions[m][i] = result[i][static_cast<int>(m)];
  }
}

Expectation expect(const SeasonModel& model, const SeasonDate& date, const MonitorOptions& options) {
  return expect(model, date, uncertain_direction(model, date, options), options);
}

Expectation expect(const SeasonModel& model, const SeasonDate& date, const Terms& direction,
                   const MonitorOptions& options) {
  const float leverage = product(date.terms, direction);
  Expectation result;
  for (std::size_t f = 0; f < feature_count; ++f) {
    const Terms& coefficients = model.coefficients[f];
    result.value[f] = product(coefficients, date.terms);
    const float drift = product(coefficients, date.slopes) * options.season_shift_days;
    result.deviation[f] =
        std::sqrt(model.noise[f] * model.noise[f] * (1 + options.leverage_weight * leverage) + drift * drift);
  }
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

bool fit_season(std::span<PixelObservation> observations, const FeatureVector& typical_noise,
                const MonitorOptions& options, SeasonModel& model) {
  const UsedFeatures used = features_of_most(observations);
  observations = complete_first(observations, used);
  const auto n = static_cast<int>(observations.size());
  if (std::count(used.begin(), used.end(), true) == 0 || n < options.min_observations) return false;
  model.harmonics = n >= options.observations_for_second_harmonic  ? 2
                    : n >= options.observations_for_first_harmonic ? 1
                                                                   : 0;
  SeasonFit fit(observations, used, model.harmonics, options);
  constexpr int huber_rounds = 3;
  constexpr int tukey_rounds = 2;
  for (int round = 0; round <= huber_rounds + tukey_rounds; ++round) {
    if (round > 0) {
      fit.weigh([&](float distance) {
        return round <= huber_rounds ? huber(distance) : tukey(distance, options.tukey_sigma);
      });
    }
    fit.step();
  }
  fit.put_into(model, typical_noise);
  return true;
}

void adapt(SeasonModel& model, const SeasonDate& date, const FeatureVector& values, float weight,
           const MonitorOptions& options) {
  adapt(model, date, uncertain_direction(model, date, options), values, weight);
}

void adapt(SeasonModel& model, const SeasonDate& date, const Terms& direction, const FeatureVector& values,
           float weight) {
  const float scale = 1 / (1 / weight + product(date.terms, direction));
  for (std::size_t f = 0; f < feature_count; ++f) {
    if (model.noise[f] <= 0 || values[f] != values[f]) continue;
    Terms& coefficients = model.coefficients[f];
    const float innovation = values[f] - product(coefficients, date.terms);
    for (std::size_t i = 0; i < term_count; ++i) coefficients[i] += direction[i] * scale * innovation;
  }
  model.observations[date.year_part()] += weight;
}

float kept_after_a_year(const MonitorOptions& options) {
  return static_cast<float>(std::exp(-days_of_year / options.memory_days));
}

}  // namespace pitwatch
