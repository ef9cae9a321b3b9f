// Exact against the oracle on every target; cases by hand, whose numbers are powers of two and therefore exact as well.

#include "kernels/feature_evidence.hpp"

#include <array>

#include "kernels/reference/feature_evidence.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using FeatureEvidence = TargetTest;
PITWATCH_FOR_ALL_TARGETS(FeatureEvidence);

constexpr GroundEdges ground_edges{0.15F, 0.3F, 0.5F};

/// Values from low to high and, one in eight, one that is easy to get wrong.
Row<float> random_row(std::size_t n, std::mt19937& generator, float low, float high,
                      const std::vector<float>& special) {
  std::uniform_real_distribution<float> usual(low, high);
  std::uniform_int_distribution<std::size_t> pick(0, 8 * special.size() - 1);
  Row<float> row(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t k = pick(generator);
    row[i] = k < special.size() ? special[k] : usual(generator);
  }
  return row;
}

Row<float> random_value(std::size_t n, std::mt19937& generator) {
  return random_row(n, generator, -1.0F, 1.0F, {nan, 0.0F, -0.0F, 7.9F, -7.9F});
}

Row<float> random_error(std::size_t n, std::mt19937& generator) {
  return random_row(n, generator, 0.0F, 5.0F, {0.0F, infinity, 1e-20F, 1e15F});
}

Row<float> random_ground(std::size_t n, std::mt19937& generator) {
  return random_row(n, generator, 0.0F, 0.6F, {0.0F, -0.0F, 0.15F, -0.05F});
}

TEST_P(FeatureEvidence, DifferenceRowEqualsReference) {
  std::mt19937 generator(51);
  constexpr RelativeGain gain{0.75F, 0.1F};
  for (const std::size_t n : widths()) {
    const std::array values{random_value(n, generator), random_value(n, generator)};
    const std::array errors{random_error(n, generator), random_error(n, generator)};
    std::array actual{Row<float>(n, 9), Row<float>(n, 9), Row<float>(n, 9)};
    std::array expected{Row<float>(n, 8), Row<float>(n, 8), Row<float>(n, 8)};
    const FeatureRow before{values[0].data(), errors[0].data()};
    const FeatureRow after{values[1].data(), errors[1].data()};
    feature_difference_row(before, after, gain, n, actual[0].data(), actual[1].data(), actual[2].data());
    reference::feature_difference_row(before, after, gain, n, expected[0].data(), expected[1].data(),
                                      expected[2].data());
    for (std::size_t k = 0; k < actual.size(); ++k) ASSERT_TRUE(same(actual[k], expected[k])) << k;
  }
}

TEST_P(FeatureEvidence, DifferenceRowByHand) {
  const auto before = row_of<float>({0.25F, nan, 0.25F});
  const auto after = row_of<float>({0.5F, 0.5F, nan});
  const auto error_before = row_of<float>({3.0F, 0.0F, 3.0F});
  const auto error_after = row_of<float>({2.0F, 2.0F, 0.0F});
  Row<float> difference(3), mean(3), variance(3);
  feature_difference_row({before.data(), error_before.data()}, {after.data(), error_after.data()}, {2.0F, -0.25F}, 3,
                         difference.data(), mean.data(), variance.data());
  EXPECT_EQ(difference[0], 0.5F);
  EXPECT_EQ(mean[0], 0.5F);
  EXPECT_EQ(variance[0], 25.0F);  // 3^2 + (2 * 2)^2
  for (const std::size_t i : {1, 2}) {
    EXPECT_TRUE(std::isnan(difference[i])) << i;
    EXPECT_TRUE(std::isnan(mean[i])) << i;
    EXPECT_FALSE(std::isnan(variance[i])) << i;
  }
}

TEST_P(FeatureEvidence, EdgeRowEqualsReference) {
  std::mt19937 generator(52);
  for (const std::size_t n : widths()) {
    const Row<float> above = random_value(n, generator);
    const Row<float> padded = random_value(n + 2, generator);
    const Row<float> below = random_value(n, generator);
    Row<float> actual(n, 9), expected(n, 8);
    feature_edge_row({above.data(), padded.data(), below.data()}, n, actual.data());
    reference::feature_edge_row({above.data(), padded.data(), below.data()}, n, expected.data());
    ASSERT_TRUE(same(actual, expected));
  }
}

TEST_P(FeatureEvidence, WhereANeighbourHasNoValueThePixelStandsForIt) {
  const auto padded = row_of<float>({0.0F, 4.0F, 1.0F, nan, 1.0F});
  const auto above = row_of<float>({0.0F, nan, 3.0F});
  const auto below = row_of<float>({2.0F, 5.0F, 5.0F});
  Row<float> out(3, 9.0F);
  feature_edge_row({above.data(), padded.data(), below.data()}, 3, out.data());
  EXPECT_EQ(out[0], 1.25F);  // gx (1 - 0) / 2, gy (2 - 0) / 2
  EXPECT_EQ(out[1], 6.25F);  // gx (1 - 4) / 2, gy (5 - 1) / 2: without value right and above
  EXPECT_EQ(out[2], 0.0F);   // itself without
}

/// Rows for add_feature_to_cells, and what they own.
struct SampledRows {
  std::vector<Row<float>> planes;
  std::vector<Row<std::uint8_t>> masks;
  std::vector<FeatureSurroundingsRow> rows;

  SampledRows(std::size_t row_count, std::size_t cells, std::size_t shift, std::mt19937& generator) {
    const std::size_t n = cells * cell_px + shift;
    for (std::size_t k = 0; k < row_count; ++k) {
      for (int p = 0; p < 2; ++p) planes.push_back(random_value(n, generator));
      for (int p = 0; p < 2; ++p) planes.push_back(random_ground(n, generator));
      masks.push_back(random_mask(n, generator));
    }
    for (std::size_t k = 0; k < row_count; ++k) {
      const auto plane = [&](std::size_t p) { return planes[4 * k + p].data() + shift; };
      rows.push_back({plane(0), plane(1), plane(2), plane(3), masks[k].data() + shift});
    }
  }
};

TEST_P(FeatureEvidence, AddToCellsEqualsReference) {
  std::mt19937 generator(53);
  const FeatureSurroundingsParameters parameters{
      {0.75F, 0.1F}, ground_edges, {-0.5F, -2.0F, -0.1F, 0.0F}, {0.5F, 2.0F, 0.2F, 0.3F}, 524288.0F};
  for (std::size_t cells = 0; cells <= 5; ++cells) {
    for (const std::size_t row_count : {0, 1, 4, 5}) {
      for (std::size_t shift = 0; shift < cell_px; ++shift) {
        const SampledRows sampled(row_count, cells, shift, generator);
        std::vector<FeatureCellSums> actual(cells);
        for (FeatureCellSums& cell : actual) cell.difference[0] = cell.count[1] = 7;  // it adds
        std::vector<FeatureCellSums> expected = actual;
        add_feature_to_cells(sampled.rows.data(), row_count, parameters, cells, actual.data());
        reference::add_feature_to_cells(sampled.rows.data(), row_count, parameters, cells, expected.data());
        for (std::size_t i = 0; i < cells; ++i) {
          ASSERT_EQ(actual[i].difference, expected[i].difference) << "cell " << i << ", shift " << shift;
          ASSERT_EQ(actual[i].count, expected[i].count) << "cell " << i << ", shift " << shift;
        }
      }
    }
  }
}

TEST_P(FeatureEvidence, AddToCellsByHand) {
  // NDVI 0.5 exactly is not above the edge 0.5: third stratum. One pixel is masked, two have no value.
  Row<float> before(cell_px, 0.25F), after(cell_px, 1.0F), red(cell_px, 0.25F), nir(cell_px, 0.75F);
  Row<std::uint8_t> mask(cell_px);
  mask[3] = 4;
  before[5] = nan;
  after[6] = nan;
  nir[7] = 0.875F;    // fourth
  after[8] = -32.0F;  // clipped
  const FeatureSurroundingsRow row{before.data(), after.data(), red.data(), nir.data(), mask.data()};
  const FeatureSurroundingsParameters parameters{
      {0.5F, 0.0F}, {0.125F, 0.25F, 0.5F}, {-2.0F, -2.0F, -2.0F, -2.0F}, {2.0F, 2.0F, 2.0F, 2.0F}, 8.0F};
  std::vector<FeatureCellSums> cells(1);
  add_feature_to_cells(&row, 1, parameters, 1, cells.data());
  EXPECT_EQ(cells[0].count, (std::array<std::int32_t, 4>{0, 0, 12, 1}));
  EXPECT_EQ(cells[0].difference, (std::array<std::int32_t, 4>{0, 0, 11 * 2 - 16, 2}));  // 1/4 of 8 each, and -2
}

TEST_P(FeatureEvidence, AddToCellsHoldsItsLargestSum) {
  std::mt19937 generator(54);
  SampledRows sampled(64, 1, 0, generator);
  for (std::size_t r = 0; r < 64; ++r) {
    sampled.masks[r] = Row<std::uint8_t>(cell_px, 0);
    sampled.planes[4 * r] = Row<float>(cell_px, 0.0F);
    sampled.planes[4 * r + 1] = Row<float>(cell_px, 100.0F);
    sampled.planes[4 * r + 2] = sampled.planes[4 * r + 3] = Row<float>(cell_px, 0.25F);
    sampled.rows[r] = {sampled.planes[4 * r].data(), sampled.planes[4 * r + 1].data(), sampled.planes[4 * r + 2].data(),
                       sampled.planes[4 * r + 3].data(), sampled.masks[r].data()};
  }
  const FeatureSurroundingsParameters parameters{
      {}, ground_edges, {-16.0F, -16.0F, -16.0F, -16.0F}, {16.0F, 16.0F, 16.0F, 16.0F}, 65536.0F};
  std::vector<FeatureCellSums> cell(1);
  add_feature_to_cells(sampled.rows.data(), 64, parameters, 1, cell.data());
  EXPECT_EQ(cell[0].difference[0], 64 * 16 << 20);
}

EvidenceParameters usual_parameters() {
  EvidenceParameters parameters;
  parameters.ground_edges = ground_edges;
  parameters.noise_variance = {-1.0F, -1.0F, -1.0F};  // not read
  parameters.edge_weight = 0.18F;
  parameters.cap = 200.0F;
  parameters.water_swir = 0.04F;
  parameters.land_swir = 0.08F;
  parameters.water_floor = 0.1F;
  return parameters;
}

/// The inputs of raise_evidence_row, `shift` elements past the start of their rows.
struct RaisedRow {
  std::vector<Row<float>> rows;
  std::vector<Row<float>> centres;
  Row<std::uint8_t> mask;
  Row<float> evidence;

  RaisedRow(std::size_t cells, std::size_t shift, std::mt19937& generator)
      : mask(random_mask(cells * cell_px + shift, generator)),
        evidence(random_row(cells * cell_px + shift, generator, 0.0F, 50.0F, {0.0F, 200.0F})) {
    const std::size_t n = cells * cell_px + shift;
    rows.push_back(random_value(n, generator));
    rows.push_back(random_error(n, generator));
    rows.push_back(random_row(n, generator, 0.0F, 0.1F, {0.0F, 1e-30F}));
    for (int k = 0; k < 2; ++k) rows.push_back(random_ground(n, generator));
    for (int k = 0; k < 2; ++k) rows.push_back(random_row(n, generator, 0.0F, 0.1F, {0.04F, 0.08F, 0.0F, -0.1F, 2.0F}));
    for (std::size_t k = 0; k < ground_count; ++k) {
      centres.push_back(random_row(cells + 1, generator, -0.2F, 0.2F, {0.0F, -0.0F}));
    }
  }

  FeatureEvidenceRow row(std::size_t shift) const {
    const auto at = [&](std::size_t k) { return rows[k].data() + shift; };
    FeatureEvidenceRow row{at(0), at(1), at(2), at(3), at(4), at(5), at(6), mask.data() + shift, {}};
    for (std::size_t g = 0; g < ground_count; ++g) row.surroundings[g] = centres[g].data();
    return row;
  }
};

TEST_P(FeatureEvidence, RaisedRowEqualsReference) {
  std::mt19937 generator(55);
  for (const std::size_t cells : {0, 1, 2, 3, 4, 5, 40}) {
    for (std::size_t shift = 0; shift < cell_px; ++shift) {
      const RaisedRow inputs(cells, shift, generator);
      Row<float> actual = inputs.evidence;
      Row<float> expected = inputs.evidence;
      raise_evidence_row(inputs.row(shift), usual_parameters(), {0.02F, 0.25F}, cells, actual.data() + shift);
      reference::raise_evidence_row(inputs.row(shift), usual_parameters(), {0.02F, 0.25F}, cells,
                                    expected.data() + shift);
      ASSERT_TRUE(same(actual, expected)) << cells << " cells, shift " << shift;
    }
  }
}

TEST_P(FeatureEvidence, RaisedRowByHand) {
  std::mt19937 generator(56);
  RaisedRow inputs(1, 0, generator);
  for (Row<float>& row : inputs.rows) row = Row<float>(cell_px, 0.0F);
  for (Row<float>& row : inputs.centres) row = Row<float>(2, 0.0F);
  inputs.mask = Row<std::uint8_t>(cell_px, 0);
  inputs.evidence = Row<float>(cell_px, 5.0F);
  Row<float>& difference = inputs.rows[0];
  Row<float>& variance = inputs.rows[1];
  Row<float>& edges = inputs.rows[2];
  Row<float>& red = inputs.rows[3];
  Row<float>& nir = inputs.rows[4];
  Row<float>& swir_before = inputs.rows[5];
  Row<float>& swir_after = inputs.rows[6];
  red = nir = swir_before = Row<float>(cell_px, 0.25F);
  variance = Row<float>(cell_px, 4.0F);
  difference = Row<float>(cell_px, 0.5F);
  EvidenceParameters parameters = usual_parameters();
  parameters.ground_edges = {0.125F, 0.25F, 0.5F};
  parameters.edge_weight = 0.5F;
  parameters.water_swir = 0.0F;
  parameters.land_swir = 0.25F;
  parameters.water_floor = 0.5F;
  // 3 * 0.25 / (1/64 * 4) = 12.
  variance[1] = 16.0F;    // 3: less than what is there
  variance[2] = 0.0F;     // no smaller than 1 is believed: 48
  edges[3] = 0.125F;      // 3 * 0.25 / (1/16 + 1/16) = 6
  difference[4] = -0.5F;  // 12
  difference[5] = nan;    // adds nothing
  difference[6] = 64.0F;  // capped
  inputs.mask[7] = 1;     // as it was
  swir_before[8] = 0.0F;  // water: half
  swir_after[9] = 0.25F;  // land on one date
  swir_before[9] = 0.0F;
  nir[10] = 1.0F;  // the fourth stratum: 0.25 of the difference is left
  inputs.centres[3] = Row<float>(2, 0.25F);
  variance[11] = infinity;
  inputs.evidence[11] = 0.0F;
  Row<float> evidence = inputs.evidence;
  raise_evidence_row(inputs.row(0), parameters, {1.0F / 64, 1.0F}, 1, evidence.data());
  const std::array<float, 12> expected{12, 5, 48, 6, 12, 5, 200, 5, 6, 12, 5, 0};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(evidence[i], expected[i]) << i;
}

TEST_P(FeatureEvidence, SurroundingsAreInterpolated) {
  std::mt19937 generator(57);
  RaisedRow inputs(1, 0, generator);
  for (Row<float>& row : inputs.rows) row = Row<float>(cell_px, 0.25F);
  inputs.rows[0] = inputs.rows[2] = Row<float>(cell_px, 0.0F);
  for (Row<float>& row : inputs.centres) row = row_of<float>({0.0F, 16.0F});
  inputs.mask = Row<std::uint8_t>(cell_px, 0);
  Row<float> evidence(cell_px);
  EvidenceParameters parameters = usual_parameters();
  parameters.cap = 1e6F;
  raise_evidence_row(inputs.row(0), parameters, {1.0F, 1.0F}, 1, evidence.data());
  for (std::size_t i = 0; i < cell_px; ++i) {
    const float expected = static_cast<float>(i) + 0.5F;
    EXPECT_FLOAT_EQ(evidence[i], 3 * expected * expected) << i;
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
