#include "pipeline/indices/parser.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <new>

#include "pipeline/indices/catalogue.hpp"
#include "tests/unit/indices/evaluation.hpp"

namespace pitwatch {
namespace {

/// In double precision but for the result's rounding to float.
double value(std::string_view text, const GivenConstants& given = {}) {
  ExpressionGraph graph;
  const NodeId root = parse_expression(text, given, graph);
  return test::value_of(graph, root, test::bands_of_tests());
}

/// "character: message" of the error; empty where there is none.
std::string error(std::string_view text, const GivenConstants& given = {}) {
  ExpressionGraph graph;
  try {
    parse_expression(text, given, graph);
  } catch (const ExpressionError& failure) {
    EXPECT_TRUE(std::string(failure.what()).starts_with("character " + std::to_string(failure.position) + ": "));
    return failure.what();
  }
  return "";
}

void expect_value(std::string_view text, double expected, const GivenConstants& given = {}) {
  EXPECT_NEAR(value(text, given), expected, 1e-7 * std::abs(expected)) << text;
}

// B02 0.05, B03 0.08, B04 0.1, B05 0.15, B08 0.4, B8A 0.42, B11 0.25, B12 0.2: evaluation.hpp

TEST(ExpressionParser, BandsByAllTheirNames) {
  for (const char* const name : {"B08", "B8", "b08", "nir", "NIR", "N"}) expect_value(name, 0.4);
  for (const char* const name : {"B8A", "b8a", "nir08", "N2"}) expect_value(name, 0.42);
  for (const char* const name : {"B11", "swir16", "S1"}) expect_value(name, 0.25);
  for (const char* const name : {"B05", "rededge1", "RE1"}) expect_value(name, 0.15);
  expect_value("(B11-B08)/(B11+B08)", (0.25 - 0.4) / (0.25 + 0.4));
}

TEST(ExpressionParser, PrecedenceIsThatOfPython) {
  expect_value("B08 + 2 * 3", 6.4);
  expect_value("(B08 + 2) * 3", 7.2);
  expect_value("B08 - 1 - 1", -1.6);
  expect_value("B08 / 2 / 2", 0.1);
  expect_value("-B08 ** 2", -0.16);
  expect_value("B08 ** -1", 2.5);
  expect_value("B08 * 0 + 2 ** 3 ** 2", 512);
  expect_value("2 ^ 3 * B08", 3.2);
  expect_value("- -B08", 0.4);
  expect_value("1e1*B08 + .5 + 5.", 9.5);
  expect_value("B08 > 0.1 and B04 > 0.2 or B11 > 0.1", 1);
  expect_value("B11 > 0.1 or B08 > 0.1 and B04 > 0.2", 1);
  expect_value("not B08 > 1 and B08 < 1", 1);
}

TEST(ExpressionParser, ComparisonsAndLogic) {
  for (const char* const held : {"B08 > B04", "B08 >= B08", "B04 < B08", "B04 <= B04", "B04 == 0.1", "B04 != B08",
                                 "B04 && B08", "0 || B08", "!(B04 > 1)", "not (B08 and 0 * B08)"}) {
    expect_value(held, 1);
  }
  for (const char* const failed : {"B04 > B08", "B04 >= B08", "B08 < B04", "B08 <= B04", "B04 == B08", "B04 != 0.1",
                                   "B04 and 0", "0 * B08 or 0", "not B04"}) {
    EXPECT_EQ(value(failed), 0) << failed;
  }
}

TEST(ExpressionParser, Functions) {
  expect_value("abs(B04 - B08)", 0.3);
  expect_value("sqrt(B08)", std::sqrt(0.4));
  expect_value("exp(B08)", std::exp(0.4));
  expect_value("log(B08)", std::log(0.4));
  expect_value("ln(B08)", std::log(0.4));
  expect_value("log10(B08)", std::log10(0.4));
  expect_value("tanh(B08)", std::tanh(0.4));
  expect_value("min(B08, B04, B11)", 0.1);
  expect_value("max(B04, B08, B11)", 0.4);
  expect_value("pow(B08, 1.5)", std::pow(0.4, 1.5));
  expect_value("nd(B08, B04)", 0.6);
  expect_value("clamp(B08, 0.1, 0.3)", 0.3);
  expect_value("clamp(B04, 0.2, 0.3)", 0.2);
  expect_value("clamp(B11, 0.2, 0.3)", 0.25);
  expect_value("if(B08 > B04, B11, B12)", 0.25);
  expect_value("where(B08 < B04, B11, B12)", 0.2);
}

TEST(ExpressionParser, IndicesAndConstants) {
  expect_value("NDVI", 0.6);
  expect_value("ndvi + 1", 1.6);
  expect_value("SAVI", 2 * 0.3 / (0.5 + 1));
  expect_value("SAVI", 1.5 * 0.3 / (0.5 + 0.5), {{"L", 0.5}});
  expect_value("B08 * gain", 1.2, {{"gain", 3}});
  expect_value("g * B08", 0.8, {{"g", 2}});
  expect_value("GOSSAN", 2.5);
  expect_value("kNDVI", (1 - std::exp(-0.09 / 0.5)) / (1 + std::exp(-0.09 / 0.5)));
}

TEST(ExpressionParser, ErrorsPointAtTheCharacter) {
  EXPECT_EQ(error("(B11-B88)/(B11+B08)").substr(0, 54), "character 6: no band, constant or index 'B88'; did you");
  EXPECT_NE(error("(B11-B88)/(B11+B08)").find("B08"), std::string::npos);
  EXPECT_NE(error("NDVX").find("NDVI"), std::string::npos);
  EXPECT_EQ(error("B08 B04"), "character 5: an operator is missing before 'B04'");
  EXPECT_EQ(error("(B08 - B04"), "character 11: the ')' of the '(' at character 1 is missing");
  EXPECT_EQ(error("B08)"), "character 4: ')' without '('");
  EXPECT_EQ(error("B08 +"), "character 6: the formula ends where a value is expected");
  EXPECT_EQ(error(""), "character 1: the formula ends where a value is expected");
  EXPECT_EQ(error("B08 * / B04"), "character 7: a value is expected, not '/'");
  EXPECT_EQ(error("B08 = 1"), "character 5: a comparison is written ==");
  EXPECT_EQ(error("0 < B08 < 1"), "character 9: comparisons are not chained: write a < b and b < c");
  EXPECT_EQ(error("B08 & B04").substr(0, 13), "character 5: ");
  EXPECT_EQ(error("B08 ? 1").substr(0, 13), "character 5: ");
  EXPECT_EQ(error("sqr(B08)"), "character 1: no function 'sqr'; did you mean sqrt?");
  EXPECT_EQ(error("sqrt + B08"), "character 1: sqrt is a function: its operands are missing");
  EXPECT_EQ(error("pow(B08)"), "character 1: pow takes 2 operands, not 1");
  EXPECT_EQ(error("B08 @ 1"), "character 5: '@' has no meaning here");
  EXPECT_EQ(error("B08 \xc3\x97 2").substr(0, 13), "character 5: ");
  EXPECT_EQ(error("1e999 * B08").substr(0, 13), "character 1: ");
  EXPECT_EQ(error("1 + 2"), "character 1: the formula reads no band");
  EXPECT_EQ(error("g - B04").substr(0, 16), "character 1: 'g'");
  EXPECT_NE(error("B08 * NIRvP").find("--set PAR=VALUE"), std::string::npos);
  EXPECT_NE(error("EBBI").find("needs T"), std::string::npos);
  EXPECT_NE(error("SCL == 4"), "");
}

TEST(ExpressionParser, IsBounded) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '(') + "B08" +
           std::string(static_cast<std::size_t>(depth), ')');
  };
  EXPECT_EQ(error(nested(63)), "");
  EXPECT_NE(error(nested(64)).find("nested too deeply"), std::string::npos);
  EXPECT_NE(error(std::string(3000, '-') + "B08").find("nested too deeply"), std::string::npos);
  std::string powers = "B08";
  for (int i = 0; i < 1000; ++i) powers += "^2";
  EXPECT_NE(error(powers).find("nested too deeply"), std::string::npos);
  std::string nots;
  for (int i = 0; i < 1000; ++i) nots += "not ";
  EXPECT_NE(error(nots + "B08").find("nested too deeply"), std::string::npos);
  EXPECT_NE(error(std::string(4097, ' ')).find("longer than 4096"), std::string::npos);
  std::string many = "min(B08";
  for (int i = 0; i < 32; ++i) many += ",B04";
  EXPECT_NE(error(many + ")").find("more than 32 operands"), std::string::npos);
}

TEST(ExpressionParser, GraphIsBounded) {
  ExpressionGraph graph;
  EXPECT_THROW(
      {
        for (int i = 0;; ++i) parse_expression("B08 + " + std::to_string(i), {}, graph);
      },
      ConfigError);
  EXPECT_LE(graph.size(), ExpressionGraph::most_nodes);
}

TEST(ExpressionParser, ConstantsAreGivenByName) {
  GivenConstants given;
  add_constant("L=0.5", given);
  add_constant("my_gain=-2e3", given);
  EXPECT_EQ(given, (GivenConstants{{"L", 0.5}, {"my_gain", -2000}}));
  for (const char* const wrong :
       {"L=0.7", "L", "=1", "1x=2", "B08=1", "a b=1", "x=", "x=1 ", "x=inf", "x=nan", "x=1e999"}) {
    EXPECT_THROW(add_constant(wrong, given), ConfigError) << wrong;
  }
}

}  // namespace
}  // namespace pitwatch
