#pragma once
// Rows of seasonal models and histories for tests and benchmarks of the kernels that fit and use them.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "kernels/season.hpp"
#include "kernels/season_fit.hpp"

namespace pitwatch::kernels::test {

/// Rows of one length and their addresses, which stay where they are.
class Rows {
 public:
  Rows(std::size_t count, std::size_t n) : values_(count, std::vector<float>(n, 7.0F)) {
    for (std::vector<float>& row : values_) pointers_.push_back(row.data());
  }
  Rows(Rows&&) = default;
  float* const* pointers() const { return pointers_.data(); }
  friend bool operator==(const Rows& a, const Rows& b) {
    for (std::size_t k = 0; k < a.values_.size(); ++k) {
      const std::vector<float>& row = a.values_[k];
      if (!row.empty() && std::memcmp(row.data(), b.values_[k].data(), row.size() * sizeof(float)) != 0) return false;
    }
    return true;
  }

 private:
  std::vector<std::vector<float>> values_;
  std::vector<float*> pointers_;
};

inline SeasonDay season_day(int day) {
  const double frequency = 2 * std::numbers::pi / 365.25;
  const double angle = frequency * day;
  SeasonDay result;
  result.terms = {1, static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)),
                  static_cast<float>(std::cos(2 * angle)), static_cast<float>(std::sin(2 * angle))};
  const auto per_day = static_cast<float>(frequency);
  result.slopes = {0, -result.terms[2] * per_day, result.terms[1] * per_day, -result.terms[4] * 2 * per_day,
                   result.terms[3] * 2 * per_day};
  return result;
}

inline SeasonInformation season_information() {
  SeasonInformation result;
  for (int day = 0; day < 360; ++day) {
    const SeasonDay at = season_day(day);
    for (std::size_t i = 0; i < season_terms; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        result.products[static_cast<std::size_t>(day) / 60][in_triangle(i, j)] += at.terms[i] * at.terms[j] / 60;
      }
    }
  }
  result.ridge = {0.06F, 0.02F, 0.02F, 0.1F, 0.1F};
  return result;
}

class ModelRows {
 public:
  ModelRows(std::size_t features, std::size_t n, std::mt19937& generator)
      : coefficients_(features * season_terms, n), noise_(features, n), observations_(season_parts, n), harmonics_(n) {
    std::uniform_real_distribution<float> coefficient(-1, 1);
    std::uniform_real_distribution<float> count(0, 30);
    for (std::size_t x = 0; x < n; ++x) {
      for (std::size_t k = 0; k < features * season_terms; ++k) coefficients_.pointers()[k][x] = coefficient(generator);
      for (std::size_t f = 0; f < features; ++f) noise_.pointers()[f][x] = 0.01F + 0.1F * count(generator);
      for (std::size_t part = 0; part < season_parts; ++part) {
        observations_.pointers()[part][x] = generator() % 5 == 0 ? 0 : count(generator);
      }
      harmonics_[x] = static_cast<std::uint8_t>(generator() % 3);
    }
  }
  SeasonRows rows() const {
    return {coefficients_.pointers(), noise_.pointers(), observations_.pointers(), harmonics_.data()};
  }

 private:
  Rows coefficients_;
  Rows noise_;
  Rows observations_;
  std::vector<std::uint8_t> harmonics_;
};

/// Years of observations with clouds, outliers, features that are missing now and then, and pixels that are hardly
/// seen.
class RandomHistory {
 public:
  RandomHistory(std::size_t pixels, std::size_t observations, std::size_t features, std::mt19937& generator)
      : values_(pixels * observations * features), counts_(pixels * observations) {
    std::normal_distribution<float> noise(0, 150);
    for (std::size_t l = 0; l < observations; ++l) {
      const int day = static_cast<int>(5 * l + generator() % 3);
      days_.push_back(season_day(day));
      parts_.push_back(static_cast<std::uint8_t>(day % 365 * 6 / 365));
      const bool is_cloudy = generator() % 4 == 0;
      for (std::size_t x = 0; x < pixels; ++x) {
        const bool is_hidden = is_cloudy || generator() % 8 == 0 || (x % 7 == 3 && l % 9 != 0);
        counts_[l * pixels + x] = is_hidden ? 0 : 1;
        const bool is_outlier = generator() % 11 == 0;
        for (std::size_t f = 0; f < features; ++f) {
          const bool is_missing = (x % 5 == 2 && f == 1 && generator() % 3 != 0) || generator() % 97 == 0;
          const float value =
              900 * days_[l].terms[1] + 300 * days_[l].terms[4] + noise(generator) + (is_outlier ? 4000.0F : 0.0F);
          values_[(l * features + f) * pixels + x] = is_missing ? no_season_value : static_cast<std::int16_t>(value);
        }
      }
    }
    for (std::size_t l = 0; l < observations; ++l) rows_.push_back(values_.data() + l * features * pixels);
    history_ = {days_, parts_.data(), features, rows_.data(), pixels, counts_.data(), pixels, 1.0F / 4000};
  }
  RandomHistory(const RandomHistory&) = delete;
  RandomHistory& operator=(const RandomHistory&) = delete;
  const SeasonHistory& history() const { return history_; }

 private:
  std::vector<SeasonDay> days_;
  std::vector<std::uint8_t> parts_;
  std::vector<std::int16_t> values_;
  std::vector<std::uint8_t> counts_;
  std::vector<const std::int16_t*> rows_;
  SeasonHistory history_;
};

inline SeasonFitOptions fit_options() {
  SeasonFitOptions options;
  options.ridge = {0, 0.02F, 0.02F, 0.1F, 0.1F};
  options.least_noise.fill(0.012F);
  return options;
}

class FittedRows {
 public:
  FittedRows(std::size_t features, std::size_t n)
      : coefficients_(features * season_terms, n),
        noise_(features, n),
        observations_(season_parts, n),
        harmonics_(n, 9),
        is_fitted_(n, 9) {}
  SeasonFitRows rows() {
    return {coefficients_.pointers(), noise_.pointers(), observations_.pointers(), harmonics_.data(),
            is_fitted_.data()};
  }
  friend bool operator==(const FittedRows& a, const FittedRows& b) {
    return a.coefficients_ == b.coefficients_ && a.noise_ == b.noise_ && a.observations_ == b.observations_ &&
           a.harmonics_ == b.harmonics_ && a.is_fitted_ == b.is_fitted_;
  }

 private:
  Rows coefficients_;
  Rows noise_;
  Rows observations_;
  std::vector<std::uint8_t> harmonics_;
  std::vector<std::uint8_t> is_fitted_;
};

}  // namespace pitwatch::kernels::test
