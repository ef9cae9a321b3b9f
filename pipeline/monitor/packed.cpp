#include "pipeline/monitor/packed.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>

namespace pitwatch {
namespace {

// Files hold the bytes as they are.
static_assert(std::has_unique_object_representations_v<PackedModel>);

constexpr float steps_of_mean = 16;  // in the typical noise
constexpr float steps_of_wave = 8;
constexpr float half = 0.5F;
constexpr float steps_of_lasting_error = 32;

/// Powers of `base` from `first` at 1 on; 0 at 0.
constexpr std::array<float, 256> geometric(double first, double base) {
  std::array<float, 256> values{};
  double value = first;
  for (std::size_t i = 1; i < values.size(); ++i, value *= base) values[i] = static_cast<float>(value);
  return values;
}

constexpr double noise_step = 1.0905077326652577;  // 2^(1/8)
constexpr double noise_half_step = 1.0442737824274138;
constexpr std::array<float, 256> noises = geometric(0.001, noise_step);
constexpr double reflectance_step = 1.025;
constexpr double reflectance_half_step = 1.0124228365658292;
constexpr std::array<float, 256> reflectances = geometric(0.005, reflectance_step);

/// The largest whole number that is not above x, for |x| < 2^31.
int floor_of(float x) {
  const int whole = static_cast<int>(x);
  return whole - (x < static_cast<float>(whole) ? 1 : 0);
}

/// Finds the nearest places in a table of geometric() without a logarithm: the leading bits of a number name a cell of
/// an octave's 64, in which there is one border between places at most.
template <std::size_t octaves>
class Places {
 public:
  constexpr Places(const std::array<float, 256>& table, double half_step) {
    for (std::size_t place = 2; place < borders_.size(); ++place) {
      borders_[place] = static_cast<float>(static_cast<double>(table[place - 1]) * half_step);
    }
    first_ = table[1];
    first_cell_ = std::bit_cast<std::uint32_t>(first_) >> shift;
    std::uint8_t place = 1;
    for (std::size_t cell = 0; cell < lowest_.size(); ++cell) {
      const auto begin = std::bit_cast<float>((first_cell_ + static_cast<std::uint32_t>(cell)) << shift);
      while (place < 255 && borders_[place + 1U] <= begin) ++place;
      lowest_[cell] = place;
    }
  }

  std::uint8_t of(float value) const {
    if (!(value > first_)) return 1;
    if (value >= borders_.back()) return 255;
    const std::uint8_t place = lowest_[(std::bit_cast<std::uint32_t>(value) >> shift) - first_cell_];
    return static_cast<std::uint8_t>(place + (place < 255 && value >= borders_[place + 1U] ? 1 : 0));
  }

 private:
  static constexpr int shift = 23 - 6;
  float first_ = 0;
  std::uint32_t first_cell_ = 0;
  std::array<float, 256> borders_{};  // where a place begins
  std::array<std::uint8_t, octaves * 64 + 1> lowest_{};
};

constexpr Places<32> noise_places(noises, noise_half_step);
constexpr Places<10> reflectance_places(reflectances, reflectance_half_step);

std::uint8_t pack_observations(float observations, float threshold) {
  return static_cast<std::uint8_t>(
      std::min(255, floor_of(kernels::steps_of_observations * std::sqrt(observations) + threshold)));
}

/// The finaliser of SplitMix64 (Steele et al. 2014).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

}  // namespace

Dither::Dither(std::size_t pixel, std::size_t occasion)
    : state_(mixed(static_cast<std::uint64_t>(pixel) * golden + static_cast<std::uint64_t>(occasion))) {}

float Dither::next() {
  // Knuth's linear congruential generator; its high bits are good enough for rounding.
  state_ = state_ * 6364136223846793005U + 1442695040888963407U;
  constexpr float per_bit = 1.0F / (1 << 23);
  return static_cast<float>(state_ >> 41) * per_bit;
}

ModelSteps::ModelSteps(const FeatureVector& typical_noise) {
  for (std::size_t f = feature_count; f < most_features; ++f) {
    if (typical_noise[f] > 0) features = f + 1;
  }
  for (std::size_t k = 0; k < count; ++k) {
    const float noise = typical_noise[k / term_count];
    const float steps = k % term_count == 0 ? steps_of_mean : steps_of_wave;
    if (!(noise > 0)) continue;
    size[k] = noise * (1 / steps);
    per_unit[k] = 1 / noise * steps;
  }
}

kernels::ModelUnits ModelSteps::units() const { return {size, per_unit, noises.data()}; }

PackedModel pack(const SeasonModel& model, const ModelSteps& steps) {
  constexpr float largest = 32767;
  PackedModel packed;
  for (std::size_t f = 0; f < steps.features; ++f) {
    if (!(steps.size[f * term_count] > 0) || !(model.noise[f] > 0)) continue;
    for (std::size_t i = 0; i < term_count; ++i) {
      const float held = std::clamp(model.coefficients[f][i] * steps.per_unit[f * term_count + i], -largest, largest);
      packed.coefficients[f][i] = static_cast<std::int16_t>(std::lrint(held));
    }
    packed.noise[f] = noise_places.of(model.noise[f]);
  }
  for (std::size_t part = 0; part < year_parts; ++part)
    packed.observations[part] = pack_observations(model.observations[part], half);
  packed.harmonics = static_cast<std::uint8_t>(model.harmonics);
  packed.lasting_error =
      static_cast<std::uint8_t>(std::clamp(floor_of(model.lasting_error * steps_of_lasting_error + half), 0, 255));
  return packed;
}

SeasonModel unpack(const PackedModel& packed, const ModelSteps& steps) {
  static_assert(sizeof(packed.coefficients) == ModelSteps::count * sizeof(std::int16_t));
  SeasonModel model;
  model.features = steps.features;
  const std::int16_t* const coefficients = packed.coefficients.front().data();
  float* const values = model.coefficients.front().data();
  for (std::size_t k = 0; k < steps.features * term_count; ++k)
    values[k] = static_cast<float>(coefficients[k]) * steps.size[k];
  for (std::size_t f = 0; f < steps.features; ++f) model.noise[f] = noises[packed.noise[f]];
  for (std::size_t part = 0; part < year_parts; ++part)
    model.observations[part] = unpack_observations(packed.observations[part]);
  model.harmonics = packed.harmonics;
  model.lasting_error = unpack_lasting_error(packed.lasting_error);
  return model;
}

PackedModel ModelPlanes::operator[](std::size_t i) const {
  PackedModel model;
  for (std::size_t f = 0; f < features_; ++f) {
    for (std::size_t term = 0; term < term_count; ++term)
      model.coefficients[f][term] = *short_row(f * term_count + term, i);
    model.noise[f] = *byte_row(first_noise_byte + f, i);
  }
  for (std::size_t part = 0; part < year_parts; ++part)
    model.observations[part] = *byte_row(first_observations_byte + part, i);
  model.harmonics = *byte_row(harmonics_byte(), i);
  model.lasting_error = *byte_row(lasting_error_byte(), i);
  return model;
}

void ModelPlanes::set(std::size_t i, const PackedModel& model) {
  for (std::size_t f = 0; f < features_; ++f) {
    for (std::size_t term = 0; term < term_count; ++term)
      *short_row(f * term_count + term, i) = model.coefficients[f][term];
    *byte_row(first_noise_byte + f, i) = model.noise[f];
  }
  for (std::size_t part = 0; part < year_parts; ++part)
    *byte_row(first_observations_byte + part, i) = model.observations[part];
  *byte_row(harmonics_byte(), i) = model.harmonics;
  *byte_row(lasting_error_byte(), i) = model.lasting_error;
}

PackedResiduals ResidualPlanes::operator[](std::size_t i) const {
  PackedResiduals residuals{};
  for (std::size_t k = 0; k < window_observations; ++k) {
    for (std::size_t f = 0; f < features_; ++f)
      residuals[k][f] = static_cast<std::int8_t>(*byte_row(k * features_ + f, i));
  }
  return residuals;
}

void ResidualPlanes::set(std::size_t i, const PackedResiduals& residuals) {
  for (std::size_t k = 0; k < window_observations; ++k) {
    for (std::size_t f = 0; f < features_; ++f)
      *byte_row(k * features_ + f, i) = static_cast<std::uint8_t>(residuals[k][f]);
  }
}

ModelRows rows_from(ModelPlanes& models, std::size_t pixel) {
  ModelRows rows;
  rows.features = models.features();
  for (std::size_t k = 0; k < rows.features * term_count; ++k) rows.coefficients[k] = models.short_row(k, pixel);
  for (std::size_t part = 0; part < year_parts; ++part)
    rows.observations[part] = models.byte_row(ModelPlanes::first_observations_byte + part, pixel);
  for (std::size_t f = 0; f < rows.features; ++f)
    rows.noise[f] = models.byte_row(ModelPlanes::first_noise_byte + f, pixel);
  rows.harmonics = models.byte_row(models.harmonics_byte(), pixel);
  rows.lasting_error = models.byte_row(models.lasting_error_byte(), pixel);
  return rows;
}

std::uint8_t aged_observations(std::uint8_t packed, float kept, Dither dither) {
  return pack_observations(unpack_observations(packed) * kept, dither.next());
}

RecentObservations unpack(const PackedResiduals& residuals, const RecentNumbers& observations) {
  RecentObservations recent;
  recent.observation = observations;
  for (std::size_t k = 0; k < window_observations; ++k) {
    recent.count += observations[k] != no_observation ? 1 : 0;
    for (std::size_t f = 0; f < most_features; ++f) recent.whitened[k][f] = half * static_cast<float>(residuals[k][f]);
  }
  return recent;
}

PackedLogOdds pack_log_odds(float value) {
  constexpr float per_step = 1 / 0.3F;
  const float held = std::clamp(value, lowest_log_odds, highest_log_odds);
  return {static_cast<std::uint8_t>(steps_to_even_odds + floor_of(held * per_step + half))};
}

PackedReflectance pack_reflectance(float reflectance) { return reflectance_places.of(reflectance); }

float unpack_reflectance(PackedReflectance packed) { return reflectances[packed]; }

}  // namespace pitwatch
