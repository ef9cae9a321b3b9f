#include "pipeline/indices/extra_features.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "kernels/features.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/indices/derivative.hpp"
#include "pipeline/indices/parser.hpp"

namespace pitwatch {
namespace {

constexpr float no_value = std::numeric_limits<float>::quiet_NaN();

/// Typical reflectances of common ground, in the order of Band up to B12: by them a formula is scaled.
struct Ground {
  std::array<float, 13> reflectance;
};
constexpr std::size_t soil = 0;
constexpr std::size_t grass = 1;
constexpr std::array<Ground, 4> common_ground{{
    {{.06F, .09F, .12F, .16F, .19F, .21F, .23F, .25F, .27F, .28F, .002F, .34F, .30F}},  // bare soil
    {{.02F, .03F, .06F, .04F, .10F, .28F, .36F, .38F, .40F, .40F, .002F, .20F, .10F}},  // grass
    {{.04F, .06F, .09F, .11F, .15F, .20F, .22F, .24F, .26F, .28F, .002F, .32F, .22F}},  // dry grass
    {{.15F, .18F, .22F, .26F, .28F, .29F, .30F, .31F, .32F, .33F, .002F, .36F, .34F}},  // rock
}};
constexpr float typical_reflectance_error = 0.008F;
constexpr float ndvi_error = 0.025F;  // of NDVI there, by that

struct NamedFormula {
  std::string name;
  std::string formula;
  std::size_t begin = 0;  // of the formula in the text
};

NamedFormula split(const std::string& text) {
  constexpr std::size_t longest_name = 32;
  const auto is_part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  std::size_t end = 0;
  while (end < text.size() && is_part(static_cast<unsigned char>(text[end]))) ++end;
  const std::string name = text.substr(0, end);
  if (name.empty() || std::isalpha(static_cast<unsigned char>(name[0])) == 0) {
    throw ConfigError("character 1: must begin with NAME=, the name a letter first, then letters, digits and _");
  }
  if (name.size() > longest_name) throw ConfigError("character 33: a name of more than 32 characters");
  while (end < text.size() && text[end] == ' ') ++end;
  if (end == text.size()) return {name, name, 0};
  if (text[end] != '=') {
    throw ConfigError("character " + std::to_string(end + 1) + ": must be '=' behind the name, then a formula");
  }
  const std::size_t begin = std::min(text.find_first_not_of(' ', end + 1), text.size());
  std::string formula = text.substr(begin);
  formula.erase(formula.find_last_not_of(' ') + 1);
  return {name, std::move(formula), begin};
}

void check_name(const std::string& name, std::span<const ExtraFeature> before,
                std::span<const std::string_view> taken) {
  if (std::find(taken.begin(), taken.end(), name) != taken.end()) throw ConfigError(name + " is monitored anyway");
  if (std::any_of(before.begin(), before.end(),
                  [&](const ExtraFeature& other) { return lower_ascii(other.name) == lower_ascii(name); })) {
    throw ConfigError("the name " + name + " is given twice");
  }
}

}  // namespace

ExtraFeatures::ExtraFeatures(std::span<const std::string> texts, std::span<const std::string_view> taken) {
  if (texts.size() > most_extra_features) {
    throw ConfigError("--feature: more than " + std::to_string(most_extra_features) + " are asked for");
  }
  ExpressionGraph graph;
  std::vector<NodeId> roots;
  std::vector<NodeId> errors;
  for (const std::string& text : texts) {
    try {
      const NamedFormula named = split(text);
      check_name(named.name, features_, taken);
      NodeId root = no_node;
      try {
        root = parse_expression(named.formula, {}, graph);
      } catch (const ExpressionError& error) {
        const std::string what = error.what();
        throw ConfigError("character " + std::to_string(error.position + named.begin) + what.substr(what.find(':')));
      }
      const NodeId error = unit_error(graph, root);
      if (error == no_node) {
        throw ConfigError("small errors of reflectance do not change it: a condition alone is no feature");
      }
      const bool is_same = graph.at(error).kind == ExpressionNode::Kind::number;
      same_.push_back(is_same ? std::optional(static_cast<float>(graph.at(error).value)) : std::nullopt);
      roots.push_back(root);
      if (!is_same) errors.push_back(error);
      features_.push_back({named.name, named.formula});
    } catch (const ConfigError& error) {
      throw ConfigError("--feature " + text + ": " + error.what());
    }
  }
  if (features_.empty()) return;
  roots.insert(roots.end(), errors.begin(), errors.end());
  plan_ = compile(graph, roots);
  measure_common_ground();
}

/// Finds scale and change with NDVI.
void ExtraFeatures::measure_common_ground() {
  constexpr std::size_t n = common_ground.size();
  std::vector<std::array<float, n>> rows;
  std::vector<const float*> of_bands;
  for (const Band band : plan_.bands) {
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < n; ++i) row[i] = common_ground[i].reflectance[static_cast<std::size_t>(band)];
  }
  for (const auto& row : rows) of_bands.push_back(row.data());
  std::vector<std::array<float, n>> results(2 * size());
  std::vector<float*> out;
  for (auto& row : results) out.push_back(row.data());
  Scratch scratch;
  for (std::size_t k = 0; k < size(); ++k) {
    ExtraFeature& feature = features_[k];
    feature.scale = 0x1p-40F;  // so that nothing is held to a range
    const auto [values, errors] = std::pair(std::span(out).first(size()), std::span(out).subspan(size()));
    measure(of_bands, n, typical_reflectance_error, scratch, values, errors);
    std::vector<float> known;
    for (std::size_t i = 0; i < n; ++i) {
      if (values[k][i] == values[k][i] && errors[k][i] > 0) known.push_back(errors[k][i]);
    }
    if (known.empty()) {
      throw ConfigError("--feature " + feature.name + "=" + feature.formula +
                        ": has no value, or no error, on soil, grass and rock");
    }
    std::sort(known.begin(), known.end());
    float error = known[known.size() / 2];
    float factor = 1;
    constexpr float root_of_two = 1.41421356F;
    for (int i = 0; i < 120 && error * factor > ndvi_error * root_of_two; ++i) factor /= 2;
    for (int i = 0; i < 120 && error * factor < ndvi_error / root_of_two; ++i) factor *= 2;
    const float before = values[k][soil];
    const float change = (values[k][grass] - before) * factor;
    feature.scale *= factor;
    const auto ndvi = [](const Ground& ground) {
      const float nir = ground.reflectance[static_cast<std::size_t>(Band::B08)];
      const float red = ground.reflectance[static_cast<std::size_t>(Band::B04)];
      return (nir - red) / (nir + red);
    };
    feature.per_ndvi = change == change ? change / (ndvi(common_ground[grass]) - ndvi(common_ground[soil])) : 0.0F;
  }
}

std::string ExtraFeatures::text() const {
  std::string text;
  for (const ExtraFeature& feature : features_) {
    text += (text.empty() ? "" : "; ") + feature.name + "=" + feature.formula;
  }
  return text;
}

void ExtraFeatures::measure(std::span<const float* const> rows, std::size_t n, float reflectance_error,
                            Scratch& scratch, std::span<float* const> values, std::span<float* const> errors) const {
  scratch.steps.resize(plan_.scratch_size());
  scratch.bands.resize(plan_.bands.size() * n);
  scratch.inputs.clear();
  for (std::size_t i = 0; i < plan_.bands.size(); ++i) {
    float* const held = scratch.bands.data() + i * n;
    const float* const row = rows[i];
    for (std::size_t x = 0; x < n; ++x) {
      const float value = row == nullptr ? no_value : row[x];
      held[x] = value < kernels::darkest_reflectance ? kernels::darkest_reflectance : value;
    }
    scratch.inputs.push_back({.values = held});
  }
  std::vector<float*> outputs(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(size()));
  for (std::size_t k = 0; k < size(); ++k) {
    if (!same_[k]) outputs.push_back(errors[k]);
  }
  evaluate(plan_, scratch.inputs, nullptr, n, scratch.steps.data(), outputs);
  for (std::size_t k = 0; k < size(); ++k) {
    const float scale = features_[k].scale;
    const float per_unit = scale * reflectance_error;
    for (std::size_t x = 0; x < n; ++x) {
      const float value = scale * values[k][x];
      const float error = per_unit * (same_[k] ? *same_[k] : errors[k][x]);
      const bool is_known = value == value && error == error;
      values[k][x] = is_known ? std::clamp(value, -largest_value, largest_value) : no_value;
      errors[k][x] = is_known ? error : 0;
    }
  }
}

}  // namespace pitwatch
