// What the monitor does with an observation: six features, as it is run, by the row.

#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/cell_sums.hpp"
#include "kernels/kept_season.hpp"
#include "kernels/reference/kept_season.hpp"
#include "kernels/reference/shift.hpp"
#include "kernels/reference/sight.hpp"
#include "kernels/shift.hpp"
#include "kernels/sight.hpp"

namespace pitwatch::kernels::bench {
namespace {

constexpr std::size_t features = 6;
constexpr std::size_t coefficients = features * season_terms;
constexpr std::size_t window = 6;

/// Planes of numbers, and their rows.
template <typename T>
struct Planes {
  Planes(std::size_t count, std::size_t n) : planes(count, std::vector<T>(n)) {}
  Planes(std::size_t count, std::size_t n, std::uint32_t seed) {
    for (std::uint32_t k = 0; k < count; ++k) {
      const std::vector<float> values = reflectance(n, seed + k);
      std::vector<T>& plane = planes.emplace_back(n);
      constexpr float scale = std::is_same_v<T, float> ? 1.0F : std::is_same_v<T, std::int8_t> ? 20.0F : 200.0F;
      for (std::size_t i = 0; i < n; ++i) plane[i] = static_cast<T>(values[i] * scale);
    }
  }
  std::vector<T*> rows() {
    std::vector<T*> result;
    for (std::vector<T>& plane : planes) result.push_back(plane.data());
    return result;
  }
  std::vector<const T*> rows() const {
    std::vector<const T*> result;
    for (const std::vector<T>& plane : planes) result.push_back(plane.data());
    return result;
  }
  bool same(const Planes& other) const {
    for (std::size_t k = 0; k < planes.size(); ++k) {
      if (!same_bytes(planes[k], other.planes[k])) return false;
    }
    return true;
  }
  std::vector<std::vector<T>> planes;
};

class Unpack {
 public:
  static constexpr std::size_t bytes_per_pixel =
      2 * coefficients + features + season_parts + 4 * (coefficients + features + season_parts);
  explicit Unpack(std::size_t n)
      : n_(n),
        coefficients_(coefficients, n, 1),
        bytes_(features + season_parts, n, 50),
        step_(coefficients, 0.01F),
        noise_(256, 0.02F),
        numbers_(coefficients + features + season_parts, n) {}
  void run() { run_with(kernels::unpack_models_row); }
  void run_reference() { run_with(reference::unpack_models_row); }
  bool same_result(const Unpack& other) const { return numbers_.same(other.numbers_); }

 private:
  template <typename Kernel>
  void run_with(const Kernel& kernel) {
    const auto kept = coefficients_.rows();
    const auto bytes = bytes_.rows();
    const std::vector<const std::uint8_t*> noise(bytes.begin(), bytes.begin() + features);
    KeptModelRows models{kept, {}, noise};
    for (std::size_t part = 0; part < season_parts; ++part) models.observations[part] = bytes[features + part];
    const auto numbers = numbers_.rows();
    kernel(models, ModelUnits{step_, step_, noise_.data()}, n_,
           ModelNumberRows{numbers.data(), numbers.data() + coefficients, numbers.data() + coefficients + features});
  }
  std::size_t n_;
  Planes<std::int16_t> coefficients_;
  Planes<std::uint8_t> bytes_;
  std::vector<float> step_, noise_;
  Planes<float> numbers_;
};
PITWATCH_KERNEL_BENCHMARK("unpack_models", Unpack);

class Deviate {
 public:
  static constexpr std::size_t bytes_per_pixel = 4 * features * 6 + 2;
  explicit Deviate(std::size_t n) : n_(n), in_(4 * features, n, 1), out_(2 * features, n), wanted_(n, 1), known_(n) {}
  void run() { run_with(kernels::deviate_row); }
  void run_reference() { run_with(reference::deviate_row); }
  bool same_result(const Deviate& other) const { return out_.same(other.out_) && same_bytes(known_, other.known_); }

 private:
  template <typename Kernel>
  void run_with(const Kernel& kernel) {
    const auto in = std::as_const(in_).rows();
    const auto out = out_.rows();
    const float* const* const first = in.data();
    kernel(SeenRow{first, first + features, first + 2 * features, first + 3 * features, wanted_.data()}, features, 3,
           n_, out.data(), out.data() + features, known_.data());
  }
  std::size_t n_;
  Planes<float> in_, out_;
  std::vector<std::uint8_t> wanted_, known_;
};
PITWATCH_KERNEL_BENCHMARK("deviate", Deviate);

/// All pixels are as ever: the models take in what they show.
class Adapt {
 public:
  static constexpr std::size_t bytes_per_pixel = 4 * coefficients + 2 + features + 4 * (features + season_terms) + 1;
  explicit Adapt(std::size_t n)
      : n_(n),
        before_(coefficients, n, 1),
        adapted_(coefficients, n),
        observations_(n),
        noise_(features, n, 40),
        shown_(features, n, 60),
        direction_(season_terms, n, 70),
        wanted_(n, 1),
        step_(coefficients, 0.01F),
        per_unit_(coefficients, 100) {}
  void run() { run_with(kernels::adapt_row); }
  void run_reference() { run_with(reference::adapt_row); }
  bool same_result(const Adapt& other) const {
    return adapted_.same(other.adapted_) && same_bytes(observations_, other.observations_);
  }

 private:
  template <typename Kernel>
  void run_with(const Kernel& kernel) {
    if (!is_filled_) adapted_ = before_;
    is_filled_ = true;
    std::fill(observations_.begin(), observations_.end(), std::uint8_t{40});
    const auto kept = adapted_.rows();
    const auto noise = std::as_const(noise_).rows();
    const auto shown = std::as_const(shown_).rows();
    const auto direction = std::as_const(direction_).rows();
    KeptModelRows models{kept, {}, noise};
    models.observations[2] = observations_.data();
    kernel(models, ModelUnits{step_, per_unit_, nullptr},
           Adaptation{.terms = {1, 0.6F, 0.8F, -0.28F, 0.96F}, .weight = 1, .part = 2, .first = 0, .chance = 7},
           AdaptedRow{shown.data(), direction.data(), wanted_.data()}, n_);
  }
  std::size_t n_;
  Planes<std::int16_t> before_, adapted_;
  std::vector<std::uint8_t> observations_;
  Planes<std::uint8_t> noise_;
  Planes<float> shown_, direction_;
  std::vector<std::uint8_t> wanted_;
  std::vector<float> step_, per_unit_;
  bool is_filled_ = false;
};
PITWATCH_KERNEL_BENCHMARK("adapt", Adapt);

class Sight {
 public:
  static constexpr std::size_t bytes_per_pixel = 4 * 16 + 1;
  explicit Sight(std::size_t n) : n_(n), in_(16, n, 1), bits_(n) {}
  void run() { run_with(kernels::sight_row); }
  void run_reference() { run_with(reference::sight_row); }
  bool same_result(const Sight& other) const { return same_bytes(bits_, other.bits_); }

 private:
  template <typename Kernel>
  void run_with(const Kernel& kernel) {
    const auto in = std::as_const(in_).rows();
    const auto of = [&](std::size_t f) { return SightFeature{in[3 * f], in[3 * f + 1], in[3 * f + 2]}; };
    kernel(SightRow{of(0), of(1), of(2), of(3), of(4), in[15]},
           SightParameters{.screen_sigma = 3, .soil_sigma = 2, .green_ndvi = 0.4F}, n_, bits_.data());
  }
  std::size_t n_;
  Planes<float> in_;
  std::vector<std::uint8_t> bits_;
};
PITWATCH_KERNEL_BENCHMARK("sight", Sight);

class Whiten {
 public:
  static constexpr std::size_t bytes_per_pixel = 4 * (3 * features + 1) + 2;
  explicit Whiten(std::size_t n)
      : n_(n), in_(2 * features, n, 1), out_(features + 1, n), flags_(n, 1), whitening_(features * features, 0.3F) {}
  void run() { run_with(kernels::whiten_row); }
  void run_reference() { run_with(reference::whiten_row); }
  bool same_result(const Whiten& other) const { return out_.same(other.out_); }

 private:
  template <typename Kernel>
  void run_with(const Kernel& kernel) {
    const auto in = std::as_const(in_).rows();
    const auto out = out_.rows();
    kernel(StandardRow{std::span(in).first(features), std::span(in).subspan(features), flags_.data(), flags_.data()},
           whitening_.data(), 0.4F, n_, std::span(out).first(features), out[features]);
  }
  std::size_t n_;
  Planes<float> in_, out_;
  std::vector<std::uint8_t> flags_;
  std::vector<float> whitening_;
};
PITWATCH_KERNEL_BENCHMARK("whiten", Whiten);

class Remember {
 public:
  static constexpr std::size_t bytes_per_pixel = 4 * features + 2 * (window * features + 2 * window) + 3;
  explicit Remember(std::size_t n)
      : n_(n),
        whitened_(features, n, 1),
        residuals_(window * features, n, 30),
        numbers_(window, n, 80),
        flags_(n, 1),
        clean_(n) {}
  void run() { run_with(kernels::remember_row); }
  void run_reference() { run_with(reference::remember_row); }
  bool same_result(const Remember& other) const {
    return residuals_.same(other.residuals_) && numbers_.same(other.numbers_) && same_bytes(clean_, other.clean_);
  }

 private:
  template <typename Kernel>
  void run_with(const Kernel& kernel) {
    const auto whitened = std::as_const(whitened_).rows();
    const auto residuals = residuals_.rows();
    const auto numbers = numbers_.rows();
    kernel(RememberedRow{whitened, flags_.data(), flags_.data(), 9}, 8, 20, 30, n_, RecentRows{residuals, numbers},
           clean_.data());
  }
  std::size_t n_;
  Planes<float> whitened_;
  Planes<std::int8_t> residuals_;
  Planes<std::int16_t> numbers_;
  std::vector<std::uint8_t> flags_, clean_;
};
PITWATCH_KERNEL_BENCHMARK("remember", Remember);

class ShiftFactor {
 public:
  static constexpr std::size_t bytes_per_pixel = window * features + 2 * window + 3 + 5;
  explicit ShiftFactor(std::size_t n)
      : n_(n),
        residuals_(window * features, n, 30),
        numbers_(window, n, 80),
        flags_(n, 1),
        above_(n),
        factor_(n),
        per_square_(reflectance(256 * window)),
        cost_(256 * window, 2.0F) {}
  void run() { run_with(kernels::shift_factor_row); }
  void run_reference() { run_with(reference::shift_factor_row); }
  bool same_result(const ShiftFactor& other) const {
    return same_bytes(factor_, other.factor_) && same_bytes(above_, other.above_);
  }

 private:
  template <typename Kernel>
  void run_with(const Kernel& kernel) {
    const auto residuals = residuals_.rows();
    const auto numbers = numbers_.rows();
    kernel(RecentRows{residuals, numbers},
           ShiftFactors{per_square_.data(), cost_.data(), per_square_.data(), cost_.data(), 0.5F, window},
           flags_.data(), flags_.data(), flags_.data(), n_, factor_.data(), above_.data());
  }
  std::size_t n_;
  Planes<std::int8_t> residuals_;
  Planes<std::int16_t> numbers_;
  std::vector<std::uint8_t> flags_, above_;
  std::vector<float> factor_, per_square_, cost_;
};
PITWATCH_KERNEL_BENCHMARK("shift_factor", ShiftFactor);

class Neighbours {
 public:
  static constexpr std::size_t bytes_per_pixel = 6 + 8;
  explicit Neighbours(std::size_t n) : n_(n), bytes_(6, n, 1), evidence_(n), probability_(n) {}
  void run() { run_with(kernels::join_neighbours_row); }
  void run_reference() { run_with(reference::join_neighbours_row); }
  bool same_result(const Neighbours& other) const {
    return same_bytes(evidence_, other.evidence_) && same_bytes(probability_, other.probability_);
  }

 private:
  template <typename Kernel>
  void run_with(const Kernel& kernel) {
    const auto rows = std::as_const(bytes_).rows();
    kernel(NeighbourRows{{rows[0], rows[1], rows[2]}, {rows[3], rows[4], rows[5]}}, 0.5F, n_, evidence_.data(),
           probability_.data());
  }
  std::size_t n_;
  Planes<std::uint8_t> bytes_;
  std::vector<float> evidence_, probability_;
};
PITWATCH_KERNEL_BENCHMARK("join_neighbours", Neighbours);

}  // namespace
}  // namespace pitwatch::kernels::bench
