#pragma once
// Features of ground that somebody asks for beside those that it is judged by anyway: indices of the catalogue and
// formulas over bands, with the errors that errors of reflectance make of them.

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/indices/plan.hpp"

namespace pitwatch {

inline constexpr std::size_t most_extra_features = 8;

struct ExtraFeature {
  std::string name;     // letters, digits and _
  std::string formula;  // over bands, as parse_expression() reads it
  /// It is measured as `scale` times the formula, a power of two: so its error on common ground is about that of NDVI,
  /// and what history and state round it to is as fine.
  float scale = 1;
  /// What it changes by, scaled, as NDVI rises by 1 from soil to grass.
  float per_ndvi = 0;
};

/// A list of them, compiled. Immutable; for any number of threads.
class ExtraFeatures {
 public:
  /// Memory for measure(), to be kept from row to row; of one thread.
  struct Scratch {
    PixelVector<double> steps;
    PixelVector<float> bands;
    std::vector<kernels::InputRow> inputs;
  };

  ExtraFeatures() = default;

  /// "NAME=FORMULA", or the name of an index alone. Throws ConfigError, naming the text and in a formula the character:
  /// for what cannot be parsed (parser.hpp), for a name that is none, is there twice (whatever its case) or is among
  /// those that are `taken`, for more than most_extra_features, and for a formula that has no
  /// value on common ground or that small errors of reflectance do not change (a condition alone).
  explicit ExtraFeatures(std::span<const std::string> texts, std::span<const std::string_view> taken = {});

  std::size_t size() const { return features_.size(); }
  const ExtraFeature& operator[](std::size_t k) const { return features_[k]; }
  /// Bands that any of them needs.
  std::span<const Band> bands() const { return plan_.bands; }
  /// Those as "NAME=FORMULA; NAME=FORMULA".
  std::string text() const;

  /// values[k] and errors[k] (n elements each): of feature k, scaled and held to +-largest_value, and its standard
  /// deviation where the reflectance of each of its bands has the error `reflectance_error`, independent by band.
  /// rows[i]: reflectance of bands()[i], NaN where there is no measurement, null where the band is not there; what is
  /// below kernels::darkest_reflectance counts as that. NaN, with an error of 0, where a band is missing, or formula or
  /// error have no value.
  void measure(std::span<const float* const> rows, std::size_t n, float reflectance_error, Scratch& scratch,
               std::span<float* const> values, std::span<float* const> errors) const;

  static constexpr float largest_value = 7.9F;  // a history holds 8

 private:
  void measure_common_ground();

  std::vector<ExtraFeature> features_;
  IndexPlan plan_;                          // values, then unit errors of those that have no constant one
  std::vector<std::optional<float>> same_;  // unit error of a feature where it is the same everywhere
};

}  // namespace pitwatch
