// Two of each kind of changed scenes, beside the scenes as they were made; mutants_slow_test.cpp has many.

#include "tests/integration/mutants.hpp"

namespace pitwatch {
namespace {

TEST(Mutants, TwoOfEachKindAreReadOrRefused) {
  const test::MutantMaker maker;
  std::uint32_t seed = 1000;
  for (const test::MutantKind& kind : test::mutant_kinds()) {
    test::MutantCount count;
    for (int i = 0; i < 2; ++i) test::expect_safe(maker, kind, seed++, count);
  }
}

TEST(Mutants, TheScenesAreReadWhereNothingIsChanged) {
  const test::MutantMaker maker;
  using Form = test::MutantKind::Form;
  for (const Form form : {Form::stac, Form::safe, Form::zip}) {
    const test::TemporaryFolder folder;
    const std::string reference = maker.intact(form, folder.path());
    const test::Outcome outcome =
        test::run_bounded({PITWATCH_PROGRAM, "compare", maker.before(), reference, "--out", folder / "out", "--quiet"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_GT(nlohmann::json::parse(test::read_text(folder / "out/alerts.geojson")).at("features").size(), 0U);
  }
}

}  // namespace
}  // namespace pitwatch
