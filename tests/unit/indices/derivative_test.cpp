#include "pipeline/indices/derivative.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "pipeline/indices/catalogue.hpp"
#include "pipeline/indices/parser.hpp"
#include "tests/unit/indices/evaluation.hpp"

namespace pitwatch {
namespace {

using test::bands_of_tests;
using test::value_of;

double moved(const ExpressionGraph& graph, NodeId root, Band band, float by) {
  std::map<Band, float> bands = bands_of_tests();
  bands[band] += by;
  return value_of(graph, root, bands);
}

/// Central differences, extrapolated to a step of 0 (Richardson 1911). Values are floats: of steps of 0.002 that is
/// good to some 1e-5 of the value.
double numeric(const ExpressionGraph& graph, NodeId root, Band band) {
  constexpr float step = 0.004F;
  const auto central = [&](float h) {
    return (moved(graph, root, band, h) - moved(graph, root, band, -h)) / (2 * static_cast<double>(h));
  };
  return (4 * central(step / 2) - central(step)) / 3;
}

double analytic(ExpressionGraph& graph, NodeId root, Band band) {
  const NodeId slope = derivative(graph, root, band);
  if (slope == no_node) return 0;
  if (graph.at(slope).kind == ExpressionNode::Kind::number) return graph.at(slope).value;
  return value_of(graph, slope, bands_of_tests());
}

void expect_right(const std::string& formula) {
  ExpressionGraph graph;
  const NodeId root = parse_expression(formula, {{"PAR", 1}}, graph);
  const double size = std::abs(value_of(graph, root, bands_of_tests()));
  for (const auto& [band, value] : bands_of_tests()) {
    const double expected = numeric(graph, root, band);
    if (!std::isfinite(expected)) continue;
    EXPECT_NEAR(analytic(graph, root, band), expected, 2e-3 * std::abs(expected) + 1e-4 * size + 1e-6)
        << formula << " by " << name(band);
  }
}

TEST(Derivative, OfEachOperationIsThatOfSmallSteps) {
  for (const char* formula : {"B08 + 2 * B04",
                              "B08 - 3 * B04",
                              "B08 * B04",
                              "B08 / B04",
                              "(B08 - B04) / (B08 + B04)",
                              "nd(B11 + B04, B08)",
                              "B08 ** 3",
                              "B08 ** 2.5",
                              "B04 ** B08",
                              "2 ** B08",
                              "(B08 + B04) ** -1",
                              "min(B08, B04)",
                              "max(B08, 2 * B04)",
                              "max(B04, B08)",
                              "abs(B04 - B08)",
                              "abs(B08 - B04)",
                              "sqrt(B08)",
                              "exp(B04 * B08)",
                              "log(B08 / B04)",
                              "log10(B08)",
                              "tanh(B08)",
                              "if(B08 > B04, B08 * B11, B04)",
                              "if(B08 < B04, B08 * B11, B04 * B12)",
                              "clamp(B08, 0, 0.2)",
                              "clamp(B08, 0, 1)",
                              "-B08"}) {
    expect_right(formula);
  }
}

TEST(Derivative, OfEveryIndexOfTheCatalogueIsThatOfSmallSteps) {
  for (const std::string& index : index_names()) expect_right(index);
}

TEST(Derivative, IsNothingWhereTheBandDoesNotCount) {
  ExpressionGraph graph;
  EXPECT_EQ(derivative(graph, parse_expression("B08 - B04", {}, graph), Band::B11), no_node);
  EXPECT_EQ(derivative(graph, parse_expression("B08 > B04", {}, graph), Band::B08), no_node);
  EXPECT_EQ(derivative(graph, parse_expression("B08 - B08 * 1", {}, graph), Band::B04), no_node);
}

TEST(Derivative, ErrorsOfBandsAddUpInSquares) {
  ExpressionGraph graph;
  const NodeId sum = unit_error(graph, parse_expression("3 * B08 - 4 * B04", {}, graph));
  ASSERT_EQ(graph.at(sum).kind, ExpressionNode::Kind::number);
  EXPECT_DOUBLE_EQ(graph.at(sum).value, 5);
  EXPECT_EQ(unit_error(graph, parse_expression("B08 > B04 and B11 < 0.5", {}, graph)), no_node);

  const NodeId ndvi = unit_error(graph, parse_expression("NDVI", {}, graph));
  const double nir = 0.4;
  const double red = 0.1;
  EXPECT_NEAR(value_of(graph, ndvi, bands_of_tests()), 2 * std::hypot(nir, red) / std::pow(nir + red, 2), 1e-6);
}

TEST(Derivative, HasNoValueWhereTheFormulaHasNone) {
  ExpressionGraph graph;
  const NodeId slope = derivative(graph, parse_expression("log(B04 - 0.2)", {}, graph), Band::B04);
  EXPECT_GT(value_of(graph, slope, {{Band::B04, 0.3F}}), 9);
  const NodeId root = derivative(graph, parse_expression("sqrt(B04 - 0.2)", {}, graph), Band::B04);
  EXPECT_TRUE(std::isnan(value_of(graph, root, {{Band::B04, 0.1F}})));
}

}  // namespace
}  // namespace pitwatch
