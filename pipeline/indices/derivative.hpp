#pragma once
// How formulas change with the bands that they read: nodes of the same graph, so that what value and derivative have in
// common is worked out once.

#include "pipeline/core/scene.hpp"
#include "pipeline/indices/expression_graph.hpp"

namespace pitwatch {

/// The derivative of a node by the reflectance of a band, by forward differentiation of its operations (Griewank &
/// Walther 2008, Evaluating Derivatives, table 2.3); no_node where it is 0 everywhere. Conditions count as constant,
/// and minimum and maximum as the operand that they take, the second of two equal ones. It has no value where the
/// formula or the derivative has none. Throws ConfigError as ExpressionGraph::apply().
NodeId derivative(ExpressionGraph& graph, NodeId root, Band band);

/// The standard deviation of a node where the reflectances of its bands have errors of standard deviation 1 that are
/// independent of each other, to first order: the root of the sum of its squared derivatives (JCGM 100:2008, GUM,
/// equation 10). no_node where no band changes it. Throws as derivative().
NodeId unit_error(ExpressionGraph& graph, NodeId root);

}  // namespace pitwatch
