// Every index of the catalogue on every target: against the published oracle (spectral, David Montero 2021) in double
// precision, to 1e-5 of the value; the few that it lacks against their formulas by hand.

#include "pipeline/indices/catalogue.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "kernels/dispatch.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/indices/parser.hpp"
#include "tests/unit/indices/evaluation.hpp"

namespace pitwatch {
namespace {

class Catalogue : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(kernels::pin_target(GetParam())); }
  void TearDown() override { kernels::pin_target(""); }
};
INSTANTIATE_TEST_SUITE_P(Targets, Catalogue, testing::ValuesIn(kernels::available_targets()),
                         [](const auto& instance) { return instance.param; });

struct Oracle {
  std::vector<std::string> header;
  std::map<std::string, std::vector<double>> columns;  // NaN where a cell is empty
  std::size_t rows = 0;
};

std::vector<std::string> split(std::string line) {
  if (line.ends_with('\r')) line.pop_back();
  std::vector<std::string> fields;
  std::istringstream stream(line + ",");
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

Oracle read_oracle() {
  const char* shared = std::getenv("PITWATCH_SHARED");
  const std::string root = shared != nullptr ? shared : PITWATCH_SOURCE_DIR "/../shared";
  std::ifstream file(root + "/data/spectral_indices/oracle_s2.csv");
  Oracle oracle;
  std::string line;
  if (!std::getline(file, line)) return oracle;
  oracle.header = split(line);
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = split(line);
    for (std::size_t c = 0; c < oracle.header.size(); ++c) {
      oracle.columns[oracle.header[c]].push_back(fields.at(c).empty() ? std::nan("") : std::stod(fields[c]));
    }
    ++oracle.rows;
  }
  return oracle;
}

std::map<Band, std::vector<float>> bands_of(const Oracle& oracle) {
  std::map<Band, std::vector<float>> bands;
  for (const BandInfo& info : band_infos) {
    const auto found = oracle.columns.find(std::string(info.name));
    if (found == oracle.columns.end()) continue;
    bands[info.band].assign(found->second.begin(), found->second.end());
  }
  return bands;
}

TEST_P(Catalogue, AgreesWithThePublishedOracle) {
  const Oracle oracle = read_oracle();
  if (oracle.rows == 0) GTEST_SKIP() << "no oracle_s2.csv in ../shared";
  ASSERT_GE(oracle.rows, 60U);
  ExpressionGraph graph;
  std::vector<std::string> names;
  std::vector<NodeId> roots;
  for (std::size_t c = 12; c < oracle.header.size(); ++c) {
    names.push_back(oracle.header[c]);
    roots.push_back(parse_index(oracle.header[c], {}, graph));
  }
  ASSERT_GE(names.size(), 233U);
  const auto values = test::values_of(compile(graph, roots), bands_of(oracle), oracle.rows);
  for (std::size_t k = 0; k < names.size(); ++k) {
    for (std::size_t i = 0; i < oracle.rows; ++i) {
      const double expected = oracle.columns.at(names[k])[i];
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(values[k][i])) << names[k] << " of row " << i << ": " << values[k][i];
      } else {
        ASSERT_NEAR(values[k][i], expected, 1e-5 * std::abs(expected)) << names[k] << " of row " << i;
      }
    }
  }
}

TEST_P(Catalogue, WhatTheOracleLacksIsAsByHand) {
  // B02 0.05, B03 0.08, B04 0.1, B06 0.3, B08 0.4, B8A 0.42, B11 0.25, B12 0.2: evaluation.hpp
  const double n = 0.4, n2 = 0.42, r = 0.1, re2 = 0.3, g = 0.08, s1 = 0.25, s2 = 0.2;
  const auto kernel = [](double apart) { return std::exp(-apart * apart / 0.5); };
  const double k_nr = kernel(0.3), k_nb = kernel(0.35), k_nl = kernel(0.6), k_gr = kernel(0.02), k_gb = kernel(0.03);
  const double to_red = (832.8 - 664.6) / (832.8 - 559.8);
  const double mixed = to_red * g + (1 - to_red) * n;
  const std::map<std::string, double> by_hand{
      {"CRSWIR", s1 / (n2 + (s2 - n2) / (2202.4 - 864.7) * (1613.7 - 864.7))},
      {"DVIplus", mixed - r},
      {"FAI", n - (r + (s1 - r) * (832.8 - 664.6) / (1613.7 - 664.6))},
      {"FDI", n - (re2 + 10 * (s1 - re2) * (832.8 - 664.6) / (1613.7 - 664.6))},
      {"NDGI", (mixed - r) / (mixed + r)},
      {"NIRvH2", n - r},
      {"NIRvP", 0.6 * n * 2},
      {"kEVI", 2.5 * (1 - k_nr) / (1 + 6 * k_nr - 7.5 * k_nb + k_nl)},
      {"kIPVI", 1 / (1 + k_nr)},
      {"kNDVI", (1 - k_nr) / (1 + k_nr)},
      {"kRVI", 1 / k_nr},
      {"kVARI", (1 - k_gr) / (1 + k_gr - k_gb)},
      {"ALTERATION", s1 / s2},
      {"AMWI", 0.05 / 0.15},
      {"BSI", -0.1 / 0.8},
      {"CARBONATE", s1 / s2},
      {"CLAY", s1 / s2},
      {"DUST", 0.15 / 0.25},
      {"FERRIC_IRON", r / g},
      {"FERRIC_OXIDES", s1 / n},
      {"FERROUS", s1 / n},
      {"FERROUS_IRON", s2 / n + g / r},
      {"FERROUS_SILICATES", s2 / s1},
      {"GOSSAN", s1 / r},
      {"IFD", (r + (s1 - r) * (864.7 - 664.6) / (1613.7 - 664.6)) / n2},
      {"IRON_OXIDE", 2},
      {"LATERITE", s1 / s2},
  };
  for (const auto& [name, expected] : by_hand) {
    ExpressionGraph graph;
    const NodeId root = parse_index(name, {{"PAR", 2}}, graph);
    EXPECT_NEAR(test::value_of(graph, root, test::bands_of_tests()), expected, 1e-6 * std::abs(expected)) << name;
  }
  const Oracle oracle = read_oracle();
  if (oracle.rows == 0) return;
  for (const std::string& name : index_names()) {
    EXPECT_NE(by_hand.contains(name), oracle.columns.contains(name)) << name << " is checked once";
  }
}

TEST(CatalogueTable, IsWhole) {
  EXPECT_EQ(index_names().size(), 245U + 15U);
  std::set<std::string> names;
  for (const CatalogueIndex& index : index_catalogue()) {
    EXPECT_TRUE(names.insert(index.name).second) << index.name;
    EXPECT_FALSE(index.domain.empty() || index.formula.empty() || index.meaning.empty() || index.source.empty())
        << index.name;
    ExpressionGraph graph;
    if (index.lacking.empty()) {
      EXPECT_NO_THROW(parse_index(index.name, {{"PAR", 1}}, graph)) << index.name;
    } else {
      EXPECT_THROW(parse_index(index.name, {}, graph), ConfigError) << index.name;
    }
  }
  EXPECT_EQ(names.size(), 280U + 15U);
}

TEST(CatalogueTable, NamesAreFoundInAnyCaseWhereThatIsUnique) {
  ASSERT_NE(find_index("ndvi"), nullptr);
  EXPECT_EQ(find_index("ndvi")->name, "NDVI");
  EXPECT_EQ(find_index("BaI")->name, "BaI");
  EXPECT_EQ(find_index("BAI")->name, "BAI");
  EXPECT_EQ(find_index("bai"), nullptr) << "BAI and BaI are two";
  EXPECT_EQ(find_index("NDVX"), nullptr);
  EXPECT_EQ(find_index("NDVI")->range, (ValueRange{-1, 1}));
  EXPECT_EQ(find_index("SR")->range, std::nullopt);
}

TEST(CatalogueTable, ValuesStayInTheirRange) {
  std::vector<float> levels{0.0F, 0.0123F, 0.1F, 0.35F, 0.9F, 1.0F};
  std::map<Band, std::vector<float>> bands;
  constexpr std::size_t n = 6000;
  unsigned seed = 1;
  for (const BandInfo& info : band_infos) {
    for (std::size_t i = 0; i < n; ++i) {
      seed = seed * 1664525U + 1013904223U;
      bands[info.band].push_back(levels[(seed >> 16) % levels.size()]);
    }
  }
  for (const CatalogueIndex& index : index_catalogue()) {
    if (!index.lacking.empty() || !index.range) continue;
    ExpressionGraph graph;
    const NodeId root = parse_index(index.name, {{"PAR", 1}}, graph);
    const double room = 1e-3 * (index.range->high - index.range->low);
    const auto values = test::values_of(compile(graph, std::span(&root, 1)), bands, n);
    for (const float value : values[0]) {
      if (std::isnan(value)) continue;
      ASSERT_GE(value, index.range->low - room) << index.name;
      ASSERT_LE(value, index.range->high + room) << index.name;
    }
  }
}

TEST(CatalogueTable, OtherFormsAreRefused) {
  EXPECT_THROW(parse_catalogue("NDVI\tvegetation\t-1 1\n", "x.tsv"), DataError);
  EXPECT_THROW(parse_catalogue("a\tb\t1 -1\t\tB08\td\te\n", "x.tsv"), DataError);
  EXPECT_THROW(parse_catalogue("a\tb\t1\t\tB08\td\te\n", "x.tsv"), DataError);
  EXPECT_EQ(parse_catalogue("# a\n\na\tb\t-1 1\t\tB08\td\te\n", "x.tsv").size(), 1U);
}

}  // namespace
}  // namespace pitwatch
