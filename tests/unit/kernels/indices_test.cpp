// Exact against the scalar oracle on every target; against the published oracle (spectral, David Montero 2021) within
// |difference| <= 1e-5 * max(|value|, 0.1), which is what the cancellation of nearly equal bands in float can cost.

#include "kernels/indices.hpp"

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "kernels/reference/indices.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Indices = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Indices);

struct Bands {
  Row<float> blue, green, red, nir, swir16, swir22;
  BandRows rows() const { return {blue.data(), green.data(), red.data(), nir.data(), swir16.data(), swir22.data()}; }
};

Bands random_bands(std::size_t n, std::mt19937& generator) {
  const auto band = [&] { return random_reflectance(n, generator); };
  Bands bands{band(), band(), band(), band(), band(), band()};
  // Denominators that are exactly zero though their terms are not.
  for (std::size_t i = 0; i < n; i += 7) bands.red[i] = bands.swir16[i] = bands.swir22[i] = -bands.nir[i];
  for (std::size_t i = 3; i < n; i += 7) bands.green[i] = -bands.swir16[i];
  return bands;
}

TEST_P(Indices, EqualsReference) {
  std::mt19937 generator(2);
  for (const SpectralIndexInfo& index : spectral_indices) {
    for (const std::size_t n : widths()) {
      const Bands bands = random_bands(n, generator);
      Row<float> actual(n, 9.0F);
      Row<float> expected(n, 8.0F);
      spectral_index(index.index, bands.rows(), n, actual.data());
      reference::spectral_index(index.index, bands.rows(), n, expected.data());
      ASSERT_TRUE(same(actual, expected)) << index.name;
      for (std::size_t i = 0; i < n; ++i) {  // NaNs too have the same bits
        ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[i]), std::bit_cast<std::uint32_t>(expected[i])) << index.name;
      }
    }
  }
}

TEST_P(Indices, ZeroDenominatorIsNan) {
  const Row<float> one(5, 1.0F);
  const auto zero = row_of<float>({0.0F, -0.0F, 0.0F, -0.0F, 0.0F});
  Row<float> out(5);
  for (const SpectralIndex index : {SpectralIndex::iron_oxide, SpectralIndex::ferrous, SpectralIndex::clay}) {
    spectral_index(index, {zero.data(), zero.data(), one.data(), zero.data(), one.data(), zero.data()}, 5, out.data());
    for (std::size_t i = 0; i < 5; ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(nan)) << info(index).name;
    }
  }
}

TEST_P(Indices, MayWriteOverAnInput) {
  std::mt19937 generator(3);
  const Bands bands = random_bands(37, generator);
  Bands changed = bands;
  Row<float> expected(37);
  reference::spectral_index(SpectralIndex::bsi, bands.rows(), 37, expected.data());
  spectral_index(SpectralIndex::bsi, changed.rows(), 37, changed.red.data());
  EXPECT_TRUE(same(changed.red, expected));
}

TEST_P(Indices, ReadsOnlyTheBandsItNames) {
  std::mt19937 generator(4);
  const Bands all = random_bands(20, generator);
  for (const SpectralIndexInfo& index : spectral_indices) {
    BandRows rows = all.rows();
    if ((index.bands & band_blue) == 0) rows.blue = nullptr;
    if ((index.bands & band_green) == 0) rows.green = nullptr;
    if ((index.bands & band_red) == 0) rows.red = nullptr;
    if ((index.bands & band_nir) == 0) rows.nir = nullptr;
    if ((index.bands & band_swir16) == 0) rows.swir16 = nullptr;
    if ((index.bands & band_swir22) == 0) rows.swir22 = nullptr;
    Row<float> out(20);
    spectral_index(index.index, rows, 20, out.data());
    EXPECT_EQ(index.index, info(index.index).index) << "the table is in the order of the enumeration";
  }
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

TEST_P(Indices, AgreeWithThePublishedOracle) {
  const char* shared = std::getenv("PITWATCH_SHARED");
  const std::string root = shared != nullptr ? shared : PITWATCH_SOURCE_DIR "/../shared";
  std::ifstream file(root + "/data/spectral_indices/oracle_s2.csv");
  if (!file) GTEST_SKIP() << "no " << root << "/data/spectral_indices/oracle_s2.csv";

  std::string line;
  std::getline(file, line);
  const std::vector<std::string> header = split(line);
  std::map<std::string, std::vector<double>> columns;
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = split(line);
    ASSERT_EQ(fields.size(), header.size());
    for (std::size_t c = 0; c < fields.size(); ++c) columns[header[c]].push_back(std::stod(fields[c]));
  }
  const std::size_t n = columns["B02"].size();
  ASSERT_GE(n, 60U);

  const auto band = [&](const char* name) {
    Row<float> row(n);
    for (std::size_t i = 0; i < n; ++i) row[i] = static_cast<float>(columns[name].at(i));
    return row;
  };
  const Bands bands{band("B02"), band("B03"), band("B04"), band("B08"), band("B11"), band("B12")};
  const std::pair<SpectralIndex, const char*> published[] = {
      {SpectralIndex::ndvi, "NDVI"}, {SpectralIndex::evi2, "EVI2"}, {SpectralIndex::nbr, "NBR"},
      {SpectralIndex::nbr2, "NBR2"}, {SpectralIndex::ndmi, "NDMI"}, {SpectralIndex::mndwi, "MNDWI"},
      {SpectralIndex::ndwi, "NDWI"}, {SpectralIndex::bsi, "BI"},  // "Bare Soil Index" by Rikimaru et al. there
  };
  for (const auto& [index, column] : published) {
    Row<float> out(n);
    spectral_index(index, bands.rows(), n, out.data());
    for (std::size_t i = 0; i < n; ++i) {
      const double expected = columns[column].at(i);
      ASSERT_NEAR(out[i], expected, 1e-5 * std::max(std::abs(expected), 0.1)) << info(index).name << " of row " << i;
    }
  }
  // The mineral ratios are not in the file.
  const std::tuple<SpectralIndex, const char*, const char*> ratios[] = {
      {SpectralIndex::iron_oxide, "B04", "B02"},
      {SpectralIndex::ferrous, "B11", "B08"},
      {SpectralIndex::clay, "B11", "B12"},
  };
  for (const auto& [index, numerator, denominator] : ratios) {
    Row<float> out(n);
    spectral_index(index, bands.rows(), n, out.data());
    for (std::size_t i = 0; i < n; ++i) {
      const double expected = columns[numerator].at(i) / columns[denominator].at(i);
      ASSERT_NEAR(out[i], expected, 1e-5 * expected) << info(index).name << " of row " << i;
    }
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
