#pragma once
// Formulas as text, into the graph.

#include <cstddef>
#include <string>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/indices/expression_graph.hpp"
#include "pipeline/indices/names.hpp"

namespace pitwatch {

/// What is wrong with a formula: one line that names the character, counted from 1, and what stands there.
struct ExpressionError : ConfigError {
  ExpressionError(std::size_t character, const std::string& message)
      : ConfigError("character " + std::to_string(character) + ": " + message), position(character) {}
  std::size_t position;
};

inline constexpr std::size_t longest_expression = 4096;  // bytes

/// The formula's root in the graph.
///
/// Numbers: 12, 0.5, .5, 1e-4. Names: bands (band_in_formula()), `given` constants, indices of the catalogue, and in
/// the catalogue's own formulas its constants, too, and kernels of two bands such as kNR, radial with the length scale
/// sigma (Camps-Valls et al. 2021): exp(-(N - R)^2 / (2 sigma^2)). Elsewhere a constant of the catalogue goes by its
/// name where that has more than one letter or is a capital: g, k, n, c and p are too easily taken for bands.
/// From the loosest to the tightest: or; and; not; < <= > >= == !=; + -; * /; unary -; ** or ^, from the right.
/// || && ! are the same as or, and, not. True is 1, false 0, and any number but 0 is true.
/// Functions: abs(x) sqrt(x) exp(x) log(x) (natural) ln(x) log10(x) tanh(x), min(x, ...) max(x, ...),
/// pow(x, y) nd(x, y) = (x - y) / (x + y), clamp(x, low, high), if(condition, x, y), where(condition, x, y).
/// A division by 0 has no value, nor has what is made of it.
///
/// Throws ExpressionError for anything else; for a text longer than longest_expression, one nested deeper than 64
/// levels, and one that reads no band; ConfigError as ExpressionGraph::apply(). Constants that the formula has, those
/// of formulas in it, too, go to `used` with their values, unless that is null.
NodeId parse_expression(std::string_view text, const GivenConstants& given, ExpressionGraph& graph,
                        GivenConstants* used = nullptr);

/// The root of an index of the catalogue by its name. Throws ConfigError for a name that is not in it (with similar
/// ones), for an index whose bands Sentinel-2 lacks, and for a constant that has to be given and is not.
NodeId parse_index(std::string_view name, const GivenConstants& given, ExpressionGraph& graph,
                   GivenConstants* used = nullptr);

}  // namespace pitwatch
