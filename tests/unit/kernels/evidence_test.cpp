// Exact against the oracle on every target; cases by hand, whose numbers are powers of two and therefore exact as well.

#include "kernels/evidence.hpp"

#include <array>

#include "kernels/reference/evidence.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Evidence = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Evidence);

/// Values from low to high and, one in eight, one that is easy to get wrong. All finite: the contract of the kernels
/// that clip, and of all that the pipeline passes.
Row<float> random_row(std::size_t n, std::mt19937& generator, float low, float high, std::vector<float> special) {
  std::uniform_real_distribution<float> usual(low, high);
  std::uniform_int_distribution<std::size_t> pick(0, 8 * special.size() - 1);
  Row<float> row(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t k = pick(generator);
    row[i] = k < special.size() ? special[k] : usual(generator);
  }
  return row;
}

Row<float> finite_reflectance(std::size_t n, std::mt19937& generator) {
  return random_row(n, generator, -0.1F, 1.2F,
                    {0.0F, -0.0F, std::numeric_limits<float>::denorm_min(), 0.15F, 0.25F, 1e6F, -1e6F});
}

constexpr GroundEdges ground_edges{0.15F, 0.3F, 0.5F};
constexpr PerBand<RelativeGain> gains{{{1.1F, -0.01F}, {0.9F, 0.02F}}};

TEST_P(Evidence, DifferenceRowsEqualReference) {
  std::mt19937 generator(41);
  for (const std::size_t n : widths()) {
    const PerBand<Row<float>> before{random_reflectance(n, generator), random_reflectance(n, generator)};
    const PerBand<Row<float>> after{random_reflectance(n, generator), random_reflectance(n, generator)};
    std::array<Row<float>, 4> actual{Row<float>(n, 9), Row<float>(n, 9), Row<float>(n, 9), Row<float>(n, 9)};
    std::array<Row<float>, 4> expected{Row<float>(n, 8), Row<float>(n, 8), Row<float>(n, 8), Row<float>(n, 8)};
    difference_rows({before[0].data(), before[1].data()}, {after[0].data(), after[1].data()}, gains, n,
                    {actual[0].data(), actual[1].data()}, {actual[2].data(), actual[3].data()});
    reference::difference_rows({before[0].data(), before[1].data()}, {after[0].data(), after[1].data()}, gains, n,
                               {expected[0].data(), expected[1].data()}, {expected[2].data(), expected[3].data()});
    for (std::size_t k = 0; k < actual.size(); ++k) ASSERT_TRUE(same(actual[k], expected[k])) << k;
  }
}

TEST_P(Evidence, DifferenceRowsByHand) {
  const auto blue = row_of<float>({0.25F});
  const auto red = row_of<float>({0.5F});
  const auto blue_after = row_of<float>({0.5F});
  const auto red_after = row_of<float>({0.25F});
  Row<float> blue_difference(1), red_difference(1), blue_mean(1), red_mean(1);
  difference_rows({blue.data(), red.data()}, {blue_after.data(), red_after.data()}, {{{2.0F, -0.25F}, {1.0F, 0.0F}}}, 1,
                  {blue_difference.data(), red_difference.data()}, {blue_mean.data(), red_mean.data()});
  EXPECT_EQ(blue_difference[0], 0.5F);
  EXPECT_EQ(blue_mean[0], 0.5F);
  EXPECT_EQ(red_difference[0], -0.25F);
  EXPECT_EQ(red_mean[0], 0.375F);
}

TEST_P(Evidence, EdgeEnergyEqualsReference) {
  std::mt19937 generator(42);
  for (const std::size_t n : widths()) {
    std::vector<Row<float>> rows;
    for (int k = 0; k < 4; ++k) rows.push_back(random_reflectance(n, generator));
    for (int k = 0; k < 2; ++k) rows.push_back(random_reflectance(n + 2, generator));
    const PerBand<Stencil> mean{
        {{rows[0].data(), rows[4].data(), rows[1].data()}, {rows[2].data(), rows[5].data(), rows[3].data()}}};
    PerChannel<Row<float>> actual{Row<float>(n, 9), Row<float>(n, 9), Row<float>(n, 9)};
    PerChannel<Row<float>> expected{Row<float>(n, 8), Row<float>(n, 8), Row<float>(n, 8)};
    edge_energy_rows(mean, n, {actual[0].data(), actual[1].data(), actual[2].data()});
    reference::edge_energy_rows(mean, n, {expected[0].data(), expected[1].data(), expected[2].data()});
    for (std::size_t c = 0; c < channel_count; ++c) ASSERT_TRUE(same(actual[c], expected[c])) << c;
  }
}

TEST_P(Evidence, EdgeEnergyByHand) {
  const auto across = row_of<float>({0.0F, 9.0F, 1.0F});  // the pixel itself does not count
  const auto flat = row_of<float>({1.0F, 1.0F, 1.0F});
  const auto zero = row_of<float>({0.0F});
  const auto two = row_of<float>({2.0F});
  PerChannel<Row<float>> out{Row<float>(1), Row<float>(1), Row<float>(1)};
  // Blue: gx = 0.5, gy = 1. Red: gx = 0, gy = 1. Red - blue: gx = -0.5, gy = 0.
  edge_energy_rows({{{zero.data(), across.data(), two.data()}, {zero.data(), flat.data(), two.data()}}}, 1,
                   {out[0].data(), out[1].data(), out[2].data()});
  EXPECT_EQ(out[channel_blue][0], 1.25F);
  EXPECT_EQ(out[channel_red][0], 1.0F);
  EXPECT_EQ(out[channel_contrast][0], 0.25F);
}

/// Rows for add_to_cells, and what they own.
struct SampledRows {
  std::vector<Row<float>> planes;
  std::vector<Row<std::uint8_t>> masks;
  std::vector<SurroundingsRow> rows;

  SampledRows(std::size_t row_count, std::size_t cells, std::size_t shift, std::mt19937& generator) {
    const std::size_t n = cells * cell_px + shift;
    for (std::size_t k = 0; k < 7 * row_count; ++k) planes.push_back(finite_reflectance(n, generator));
    for (std::size_t k = 0; k < row_count; ++k) masks.push_back(random_mask(n, generator));
    for (std::size_t k = 0; k < row_count; ++k) {
      const auto plane = [&](std::size_t p) { return planes[7 * k + p].data() + shift; };
      rows.push_back(
          {{plane(0), plane(1), plane(2)}, {plane(3), plane(4), plane(5)}, plane(6), masks[k].data() + shift});
    }
  }
};

void expect_same_sums(const std::vector<CellSums>& actual, const std::vector<CellSums>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_EQ(actual[i].difference, expected[i].difference) << "cell " << i;
    EXPECT_EQ(actual[i].count, expected[i].count) << "cell " << i;
    EXPECT_EQ(actual[i].rise, expected[i].rise) << "cell " << i;
  }
}

TEST_P(Evidence, AddToCellsEqualsReference) {
  std::mt19937 generator(43);
  SurroundingsParameters parameters;
  parameters.gains = gains;
  parameters.ground_edges = ground_edges;
  for (std::size_t ground = 0; ground < ground_count; ++ground) {
    parameters.lowest[ground] = {-0.1F * static_cast<float>(ground + 1), -1.0F};
    parameters.highest[ground] = {0.05F * static_cast<float>(ground), 1.0F};
  }
  for (std::size_t cells = 0; cells <= 5; ++cells) {
    for (const std::size_t row_count : {0, 1, 4, 5}) {
      for (std::size_t shift = 0; shift < cell_px; ++shift) {
        const SampledRows sampled(row_count, cells, shift, generator);
        std::vector<CellSums> actual(cells);
        for (CellSums& cell : actual) cell.rise[0] = 7;  // it adds
        std::vector<CellSums> expected = actual;
        add_to_cells(sampled.rows.data(), row_count, parameters, cells, actual.data());
        reference::add_to_cells(sampled.rows.data(), row_count, parameters, cells, expected.data());
        expect_same_sums(actual, expected);
        ASSERT_FALSE(HasFailure()) << cells << " cells, " << row_count << " rows, shift " << shift;
      }
    }
  }
}

TEST_P(Evidence, AddToCellsHoldsItsLargestSum) {
  std::mt19937 generator(44);
  SampledRows sampled(64, 1, 0, generator);
  for (std::size_t r = 0; r < 64; ++r) {
    for (std::size_t i = 0; i < cell_px; ++i) {
      sampled.masks[r][i] = 0;
      sampled.planes[7 * r][i] = 0.0F;
      sampled.planes[7 * r + 3][i] = 1e6F;  // clipped to 1
    }
  }
  SurroundingsParameters parameters;
  for (auto& bounds : parameters.lowest) bounds = {-1.0F, -1.0F};
  for (auto& bounds : parameters.highest) bounds = {1.0F, 1.0F};
  std::vector<CellSums> cell(1);
  add_to_cells(sampled.rows.data(), 64, parameters, 1, cell.data());
  EXPECT_EQ(cell[0].rise[cloud_blue], 64 * 16 << 20);
}

TEST_P(Evidence, AddToCellsByHand) {
  // Two cells. NDVI 0.5 exactly is not above the edge 0.5: third stratum. In the second cell one pixel is
  // masked, and the others lie above all edges.
  Row<float> blue(32, 0.125F), red(32, 0.25F), swir(32, 0.5F), nir(32, 0.75F);
  Row<float> blue_after(32, 0.25F), red_after(32, 0.0F), swir_after(32, 0.5F);
  Row<std::uint8_t> mask(32);
  for (std::size_t i = 16; i < 32; ++i) nir[i] = 0.875F;
  mask[20] = 4;
  const SurroundingsRow row{{blue.data(), red.data(), swir.data()},
                            {blue_after.data(), red_after.data(), swir_after.data()},
                            nir.data(),
                            mask.data()};
  SurroundingsParameters parameters;
  parameters.ground_edges = {0.125F, 0.25F, 0.5F};
  for (auto& bounds : parameters.lowest) bounds = {-1.0F, -0.0625F};
  for (auto& bounds : parameters.highest) bounds = {1.0F, 0.0625F};
  std::vector<CellSums> cells(2);
  add_to_cells(&row, 1, parameters, 2, cells.data());
  EXPECT_EQ(cells[0].count, (std::array<std::int32_t, 4>{0, 0, 16, 0}));
  EXPECT_EQ(cells[0].difference[2][band_is_blue], 16 * (1 << 17));  // + 1/8
  EXPECT_EQ(cells[0].difference[2][band_is_red], -16 * (1 << 16));  // - 1/4, clipped to - 1/16
  EXPECT_EQ(cells[0].rise, (PerCloudBand<std::int32_t>{16 * (1 << 17), -16 * (1 << 18), 0}));
  EXPECT_EQ(cells[1].count, (std::array<std::int32_t, 4>{0, 0, 0, 15}));
  EXPECT_EQ(cells[1].difference[3][band_is_blue], 15 * (1 << 17));
}

/// The inputs of evidence_row, `shift` elements past the start of their rows.
struct EvidenceInputs {
  std::vector<Row<float>> rows;
  std::vector<Row<float>> centres;
  Row<std::uint8_t> mask;
  EvidenceRow row;

  EvidenceInputs(std::size_t cells, std::size_t shift, std::mt19937& generator)
      : mask(random_mask(cells * cell_px + shift, generator)) {
    const std::size_t n = cells * cell_px + shift;
    for (int k = 0; k < 2; ++k) {
      rows.push_back(random_row(n, generator, -0.05F, 0.05F, {0.0F, -0.0F, 1e-30F, 1e15F, -1e15F}));
    }
    for (int k = 0; k < 3; ++k) rows.push_back(random_row(n, generator, 0.0F, 1e-3F, {0.0F, 1e-40F, 1e15F}));
    for (int k = 0; k < 2; ++k) rows.push_back(finite_reflectance(n, generator));
    for (int k = 0; k < 2; ++k) {
      rows.push_back(random_row(n, generator, 0.0F, 0.1F, {0.04F, 0.08F, 0.0F, -0.0F, -0.1F, 1e15F}));
    }
    for (std::size_t k = 0; k < evidence_band_count * ground_count; ++k) {
      centres.push_back(random_row(cells + 1, generator, -0.02F, 0.02F, {0.0F, -0.0F}));
    }
    bind(shift);
  }

  void bind(std::size_t shift) {
    const auto at = [&](std::size_t k) { return rows[k].data() + shift; };
    row = {{at(0), at(1)}, {at(2), at(3), at(4)}, at(5), at(6), at(7), at(8), mask.data() + shift, {}};
    for (std::size_t b = 0; b < evidence_band_count; ++b) {
      for (std::size_t g = 0; g < ground_count; ++g) row.surroundings[b][g] = centres[b * ground_count + g].data();
    }
  }
};

EvidenceParameters usual_parameters() {
  EvidenceParameters parameters;
  parameters.ground_edges = ground_edges;
  parameters.noise_variance = {1e-4F, 4e-4F, 5e-5F};
  parameters.edge_weight = 0.18F;
  parameters.cap = 200.0F;
  parameters.water_swir = 0.04F;
  parameters.land_swir = 0.08F;
  parameters.water_floor = 0.1F;
  return parameters;
}

TEST_P(Evidence, EvidenceRowEqualsReference) {
  std::mt19937 generator(45);
  const EvidenceParameters parameters = usual_parameters();
  for (const std::size_t cells : {0, 1, 2, 3, 4, 5, 40}) {
    for (std::size_t shift = 0; shift < cell_px; ++shift) {
      const EvidenceInputs inputs(cells, shift, generator);
      Row<float> actual(cells * cell_px + shift, 9.0F);
      Row<float> expected(cells * cell_px + shift, 9.0F);
      evidence_row(inputs.row, parameters, cells, actual.data() + shift);
      reference::evidence_row(inputs.row, parameters, cells, expected.data() + shift);
      ASSERT_TRUE(same(actual, expected)) << cells << " cells, shift " << shift;
    }
  }
}

/// A cell without difference, edges and surroundings, over land, of the first stratum.
class EvidenceByHand : public TargetTest {
 protected:
  void SetUp() override {
    TargetTest::SetUp();
    std::mt19937 generator(46);
    inputs_.emplace_back(1, 0, generator);
    for (Row<float>& row : inputs().rows) row = Row<float>(cell_px, 0.0F);
    for (Row<float>& row : inputs().centres) row = Row<float>(2, 0.0F);
    inputs().mask = Row<std::uint8_t>(cell_px, 0);
    plane(red_before) = plane(nir_before) = plane(swir_before) = Row<float>(cell_px, 0.25F);
    parameters_.ground_edges = {0.125F, 0.25F, 0.5F};
    parameters_.noise_variance = {1.0F / 64, 1.0F / 64, 1.0F / 64};
    parameters_.cap = 200.0F;
    parameters_.water_swir = 0.0F;
    parameters_.land_swir = 0.25F;
    parameters_.water_floor = 0.5F;
  }
  enum Plane : std::size_t { blue, red, blue_edge, red_edge, contrast_edge, red_before, nir_before, swir_before };
  EvidenceInputs& inputs() { return inputs_.front(); }
  Row<float>& plane(Plane which) { return inputs().rows[which]; }
  Row<float> evidence() {
    inputs().bind(0);
    Row<float> out(cell_px);
    evidence_row(inputs().row, parameters_, 1, out.data());
    return out;
  }
  EvidenceParameters parameters_;

 private:
  std::vector<EvidenceInputs> inputs_;
};
PITWATCH_FOR_ALL_TARGETS(EvidenceByHand);

TEST_P(EvidenceByHand, NothingIsZero) { EXPECT_TRUE(same(evidence(), Row<float>(cell_px, 0.0F))); }

TEST_P(EvidenceByHand, TheStrongestChannelCounts) {
  plane(blue)[0] = 0.125F;                           // blue 1, contrast 1
  plane(blue)[1] = plane(red)[1] = 0.25F;            // blue and red 4, contrast 0
  plane(blue)[2] = -0.125F, plane(red)[2] = 0.125F;  // contrast 0.25: 4
  plane(blue)[3] = 2.0F;                             // 256: capped
  const auto out = evidence();
  EXPECT_EQ(out[0], 3.0F);
  EXPECT_EQ(out[1], 12.0F);
  EXPECT_EQ(out[2], 12.0F);
  EXPECT_EQ(out[3], 200.0F);
  EXPECT_EQ(out[4], 0.0F);
}

TEST_P(EvidenceByHand, EdgesAreForgiven) {
  parameters_.edge_weight = 0.5F;
  plane(blue) = plane(red) = Row<float>(cell_px, 0.125F);
  plane(blue_edge) = plane(red_edge) = Row<float>(cell_px, 6.0F / 64);
  plane(red_edge)[1] = 2.0F / 64;
  const auto out = evidence();
  EXPECT_EQ(out[0], 0.75F);  // variance (1 + 3) / 64
  EXPECT_EQ(out[1], 1.5F);   // red: (1 + 1) / 64
}

TEST_P(EvidenceByHand, SurroundingsOfTheKindOfGroundAreTakenOff) {
  plane(blue) = plane(red) = Row<float>(cell_px, 1.0F);
  // NDVI 0, 1/3, exactly 0.5 (not above), 0.6 for the first four pixels.
  plane(nir_before)[1] = 0.5F;
  plane(nir_before)[2] = 0.75F;
  plane(nir_before)[3] = 1.0F;
  for (const std::size_t band : {0, 1}) {
    for (std::size_t g = 0; g < ground_count; ++g) {
      inputs().centres[band * ground_count + g] = Row<float>(2, 1.0F - 0.125F * static_cast<float>(g));
    }
  }
  const auto out = evidence();
  EXPECT_EQ(out[0], 0.0F);   // first kind
  EXPECT_EQ(out[1], 12.0F);  // third: 2/8 left
  EXPECT_EQ(out[2], 12.0F);
  EXPECT_EQ(out[3], 27.0F);  // fourth
}

TEST_P(EvidenceByHand, SurroundingsAreInterpolated) {
  parameters_.noise_variance = {1.0F, 1.0F, 1.0F};
  for (const std::size_t band : {0, 1}) inputs().centres[band * ground_count] = row_of<float>({0.0F, 1.0F});
  const auto out = evidence();
  for (std::size_t i = 0; i < cell_px; ++i) {
    const float t = (static_cast<float>(i) + 0.5F) / 16;
    EXPECT_EQ(out[i], 3.0F * (t * t)) << i;
  }
}

TEST_P(EvidenceByHand, WaterWeighsLessAndMaskedPixelsNothing) {
  plane(blue) = plane(red) = Row<float>(cell_px, 0.125F);
  plane(swir_before)[1] = 0.125F;
  plane(swir_before)[2] = -0.5F;
  plane(swir_before)[3] = 0.0F;
  inputs().rows[8][3] = 0.25F;  // dry after
  for (std::size_t bit = 0; bit < 8; ++bit) inputs().mask[8 + bit] = static_cast<std::uint8_t>(1U << bit);
  const auto out = evidence();
  EXPECT_EQ(out[0], 3.0F);
  EXPECT_EQ(out[1], 2.25F);
  EXPECT_EQ(out[2], 1.5F);
  EXPECT_EQ(out[3], 3.0F);
  for (std::size_t i = 8; i < cell_px; ++i) EXPECT_EQ(out[i], 0.0F) << i;
}

TEST_P(Evidence, ScoreRowEqualsReference) {
  std::mt19937 generator(47);
  const std::vector<float> special{0.0F, -0.0F, 1e-40F, 1e-30F, 24.0F, 200.0F, 1e8F};
  for (std::size_t cells = 0; cells <= 5; ++cells) {
    for (std::size_t shift = 0; shift < cell_px; ++shift) {
      for (const float fraction : {0.0F, 0.125F, 0.5F, 1.0F}) {
        const std::size_t n = cells * cell_px;
        const auto fine = random_row(n + shift, generator, 0.0F, 60.0F, special);
        const auto above = random_row(n / 4 + 1 + shift, generator, 0.0F, 60.0F, special);
        const auto below = random_row(n / 4 + 1 + shift, generator, 0.0F, 60.0F, special);
        const auto mask = random_mask(n + shift, generator);
        Row<std::uint8_t> actual(n + shift, 9);
        Row<std::uint8_t> expected(n + shift, 9);
        score_row(fine.data() + shift, above.data() + shift, below.data() + shift, fraction, mask.data() + shift, 24.0F,
                  n, actual.data() + shift);
        reference::score_row(fine.data() + shift, above.data() + shift, below.data() + shift, fraction,
                             mask.data() + shift, 24.0F, n, expected.data() + shift);
        ASSERT_TRUE(same(actual, expected)) << cells << " cells, shift " << shift << ", fraction " << fraction;
      }
    }
  }
}

TEST_P(Evidence, ScoreCodesByHand) {
  // e = fine / 2, half = 2: x = fine / 4, p = x^2.5 / (1 + x^2.5).
  auto fine = Row<float>(16, 0.0F);
  fine[1] = 4.0F;   // x = 1: p = 1/2
  fine[2] = 16.0F;  // x = 4: p = 32/33, 242.4
  fine[3] = 1.44F;  // x = 0.6^2: p = 0.6^5 / (1 + 0.6^5), 18.04
  fine[4] = 0.25F;  // x = 1/16: p = 1/1025, 0.24
  fine[5] = 1.0F;   // x = 1/4: p = 1/33, 7.6: below the smallest code
  fine[6] = 4e6F;   // 250 is as far as it goes
  fine[7] = 4.0F;
  Row<std::uint8_t> mask(16, 0);
  mask[7] = 128;
  mask[8] = 1;
  const Row<float> coarse(5, 0.0F);
  Row<std::uint8_t> score(16, 9);
  score_row(fine.data(), coarse.data(), coarse.data(), 0.5F, mask.data(), 2.0F, 16, score.data());
  EXPECT_TRUE(same(score, row_of<std::uint8_t>({0, 125, 242, 18, 0, 0, 250, 255, 255, 0, 0, 0, 0, 0, 0, 0})));
}

TEST_P(Evidence, CoarseEvidenceIsInterpolatedBothWays) {
  // Down: 3/4 of the way from 0 to 64/3 is 16. Across: up to 16 at the second centre and down again.
  const Row<float> fine(16, 0.0F);
  const Row<float> above(5, 0.0F);
  auto below = Row<float>(5, 0.0F);
  below[1] = 21.333334F;
  const Row<std::uint8_t> mask(16, 0);
  Row<std::uint8_t> score(16);
  score_row(fine.data(), above.data(), below.data(), 0.75F, mask.data(), 8.0F, 16, score.data());
  // x at pixels 0..3: 1/8, 3/8, 5/8, 7/8 of 1.
  const auto code = [](double x) {
    const double y = std::pow(x, 2.5);
    return static_cast<int>(std::lround(250 * y / (1 + y)));
  };
  EXPECT_EQ(score[0], 0);  // 1.4
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(score[i], code((static_cast<double>(i) + 0.5) / 4)) << i;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(score[4 + i], score[3 - i]) << i;
  for (std::size_t i = 8; i < 16; ++i) EXPECT_EQ(score[i], 0) << i;
}

TEST_P(Evidence, ScoresRiseWithTheEvidenceAndSkipTheSmallestCodes) {
  constexpr std::size_t n = 4096;
  Row<float> fine(n);
  for (std::size_t i = 0; i < n; ++i) fine[i] = static_cast<float>(i) * 0.05F;
  const Row<float> coarse(n / 4 + 1, 0.0F);
  const Row<std::uint8_t> mask(n, 0);
  Row<std::uint8_t> score(n);
  score_row(fine.data(), coarse.data(), coarse.data(), 0.0F, mask.data(), 24.0F, n, score.data());
  for (std::size_t i = 1; i < n; ++i) {
    ASSERT_GE(score[i], score[i - 1]) << i;
    ASSERT_TRUE(score[i] == 0 || score[i] >= smallest_score_code) << i;
  }
  EXPECT_GE(score[n - 1], 230);
}

}  // namespace
}  // namespace pitwatch::kernels::test
