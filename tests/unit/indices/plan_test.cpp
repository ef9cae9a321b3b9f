#include "pipeline/indices/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "pipeline/core/error.hpp"
#include "pipeline/indices/catalogue.hpp"
#include "pipeline/indices/parser.hpp"
#include "tests/unit/indices/evaluation.hpp"

namespace pitwatch {
namespace {

using kernels::RowOp;

std::size_t count(const IndexPlan& plan, RowOp op) {
  return static_cast<std::size_t>(
      std::count_if(plan.steps.begin(), plan.steps.end(), [&](const kernels::RowStep& step) { return step.op == op; }));
}

IndexPlan plan_of(const std::vector<std::string>& expressions) {
  ExpressionGraph graph;
  std::vector<NodeId> roots;
  for (const std::string& text : expressions) roots.push_back(parse_expression(text, {}, graph));
  return compile(graph, roots);
}

TEST(IndexPlan, LoadsEachBandOnce) {
  const IndexPlan plan = plan_of({"NDVI", "EVI", "B08/B04", "NDMI"});
  EXPECT_EQ(plan.bands, (std::vector{Band::B08, Band::B04, Band::B02, Band::B11}));
  EXPECT_EQ(count(plan, RowOp::load), 4U);
  EXPECT_EQ(count(plan, RowOp::store), 4U);
}

TEST(IndexPlan, WorksOutOnceWhatIsCommon) {
  EXPECT_EQ(plan_of({"NDVI", "(nir - red)/(red + nir)", "nd(N, R)"}).steps.size(), 1U + 3U);
  EXPECT_EQ(plan_of({"NDVI", "NDVI * B08"}).steps.size(), 2U + 2U + 2U) << "loaded once, since read twice";
  EXPECT_EQ(count(plan_of({"(B08 + B04) * 2", "(B04 + B08) * 3"}), RowOp::add), 1U);
  EXPECT_EQ(count(plan_of({"B08 - B04", "B04 - B08"}), RowOp::subtract), 2U);
}

TEST(IndexPlan, FoldsConstants) {
  const IndexPlan plan = plan_of({"B08 * (2 * 3 + sqrt(4))"});
  ASSERT_EQ(plan.steps.size(), 3U);
  const kernels::RowStep& step = plan.steps[1];
  EXPECT_EQ(std::max(step.a.value, step.b.value), 8);
  EXPECT_EQ(plan_of({"B08 ** (3 - 2)"}).steps.size(), 2U);
  EXPECT_EQ(count(plan_of({"B08 ** 2 + B04 ** 0.5 + B02 ** 4"}), RowOp::power), 0U);
  EXPECT_EQ(plan_of({"if(1 < 2, B08, B04)"}).bands, std::vector{Band::B08});
}

TEST(IndexPlan, UsesScratchRowsAgain) {
  std::string sum = "B08";
  for (int i = 1; i < 100; ++i) sum += " + B04 * " + std::to_string(i);
  EXPECT_LE(plan_of({sum}).scratch_rows, 4);
  ExpressionGraph graph;
  std::vector<NodeId> roots;
  for (const std::string& name : index_names()) roots.push_back(parse_index(name, {{"PAR", 1}}, graph));
  const IndexPlan plan = compile(graph, roots);
  EXPECT_LE(plan.scratch_rows, 150);
  EXPECT_EQ(plan.bands.size(), 11U) << "no index reads B09 or B10";
}

TEST(IndexPlan, ResultsDoNotDependOnWhatElseIsAskedFor) {
  std::map<Band, std::vector<float>> bands;
  constexpr std::size_t n = 1000;
  for (const auto& [band, value] : test::bands_of_tests()) {
    for (std::size_t i = 0; i < n; ++i) bands[band].push_back(value * (1 + 0.001F * static_cast<float>(i)));
  }
  ExpressionGraph graph;
  std::vector<NodeId> roots;
  const std::vector<std::string> names = index_names();
  for (const std::string& name : names) roots.push_back(parse_index(name, {{"PAR", 1}}, graph));
  const auto together = test::values_of(compile(graph, roots), bands, n);
  for (std::size_t k = 0; k < names.size(); ++k) {
    ExpressionGraph own;
    const NodeId root = parse_index(names[k], {{"PAR", 1}}, own);
    const auto alone = test::values_of(compile(own, std::span(&root, 1)), bands, n)[0];
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_TRUE(alone[i] == together[k][i] || (std::isnan(alone[i]) && std::isnan(together[k][i]))) << names[k];
    }
  }
}

TEST(IndexPlan, NodataAndMasksAreCarried) {
  const std::map<Band, std::vector<float>> bands{{Band::B08, {0.4F, std::nanf(""), 0.4F, 0.4F}},
                                                 {Band::B04, {0.1F, 0.1F, 0.1F, -0.4F}}};
  const std::vector<std::uint8_t> mask{0, 0, 4, 0};
  const auto values = test::values_of(plan_of({"NDVI", "B08 > 0.2 or B04 > 0.2"}), bands, 4, mask.data());
  EXPECT_FLOAT_EQ(values[0][0], 0.6F);
  EXPECT_TRUE(std::isnan(values[0][1])) << "no measurement";
  EXPECT_TRUE(std::isnan(values[1][1])) << "no measurement";
  EXPECT_TRUE(std::isnan(values[0][2])) << "masked";
  EXPECT_TRUE(std::isnan(values[0][3])) << "a denominator of 0";
  EXPECT_EQ(values[1][3], 1);
}

TEST(IndexPlan, ARootMayBeABandOrAskedForTwice) {
  const auto values = test::values_of(plan_of({"B08", "B08 + 1", "B08"}), {{Band::B08, {0.25F}}}, 1);
  EXPECT_EQ(values, (std::vector<std::vector<float>>{{0.25F}, {1.25F}, {0.25F}}));
}

}  // namespace
}  // namespace pitwatch
