// Five hundred changed scenes; the outcome by kind is printed. PITWATCH_SEED gives others.

#include <cstdlib>
#include <iomanip>
#include <iostream>

#include "tests/integration/mutants.hpp"

namespace pitwatch {
namespace {

TEST(Mutants, FiveHundredAreReadOrRefused) {
  const char* given = std::getenv("PITWATCH_SEED");
  std::uint32_t seed = given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : 1;
  const test::MutantMaker maker;
  const std::vector<test::MutantKind>& kinds = test::mutant_kinds();
  std::vector<test::MutantCount> counts(kinds.size());
  for (std::size_t i = 0; i < 500; ++i) {
    test::expect_safe(maker, kinds[i % kinds.size()], seed++, counts[i % kinds.size()]);
  }
  std::cout << std::left << std::setw(36) << "kind"
            << "compared refused listed rejected\n";
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const test::MutantCount& count = counts[i];
    std::cout << std::setw(36) << kinds[i].name << std::setw(9) << count.compared << std::setw(8) << count.refused
              << std::setw(7) << count.listed << count.rejected << '\n';
  }
}

}  // namespace
}  // namespace pitwatch
